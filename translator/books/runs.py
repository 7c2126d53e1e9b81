"""A run: a stretch of inline markup as tagged text, and the markup of its translation."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from translator import markup
from translator.books.xmltree import SPACE, escape, single_blanks
from translator.markup import Mark, Placeholder

_LINK = re.compile(r"<(/?)(?:\w+:)?a(?=[\s/>])[^>]*?(/?)>")
_ID = re.compile(r"""\s(?:xml:)?id\s*=\s*(?:"[^"]*"|'[^']*')""")
_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']|"[^"]*"|'[^']*')*>""")


@dataclass(slots=True, eq=False)
class Run:
    """A translatable stretch ``source[start:end]`` with its tagged text.

    ``fragments`` says what stands in the place of a placeholder: a span of the source or a text of
    its own. ``head`` and ``tail`` are seen beside the run but are not part of it (a reference to a
    note after the last word). ``kept`` lists (reason, text) of what stays untranslated inside.
    """

    start: int
    end: int
    text: str
    fragments: dict[Placeholder, tuple[int, int] | str]
    seen: dict[int, str]
    head: str = ""
    tail: str = ""
    kept: list[tuple[str, str]] = field(default_factory=list)
    keep: str | None = None

    def visible(self, tagged: str) -> str:
        """What a reader sees when ``tagged`` stands here."""
        body = "".join(
            token
            if isinstance(token, str)
            else self.seen.get(token.number, "")
            if token.mark is Mark.SINGLE
            else ""
            for token in markup.tokenize(tagged)
        )
        return collapse(self.head + body + self.tail)

    def render(self, tagged: str, take: Callable[[int, int], str], quote: str = "") -> str:
        """The markup of a tagged text. ``take`` gives a span of the source (edited)."""
        pieces = []
        for token in markup.tokenize(tagged):
            if isinstance(token, str):
                pieces.append(escape(token, quote))
                continue
            fragment = self.fragments[token]
            pieces.append(fragment if isinstance(fragment, str) else take(*fragment))
        return "".join(pieces)

    def problem(self, tagged: str, source: str) -> str:
        """Why ``tagged`` cannot be written here, or an empty string."""
        if found := markup.problems(self.text, tagged):
            return found
        if not markup.plain(tagged).strip() and markup.plain(self.text).strip():
            return "it has no text"
        return self._nested_links(tagged, source)

    def _nested_links(self, tagged: str, source: str) -> str:
        if not _LINK.search(source, self.start, self.end):
            return ""
        if self._link_depth(tagged, source) > max(1, self._link_depth(self.text, source)):
            return "a link inside a link"
        return ""

    def _link_depth(self, tagged: str, source: str) -> int:
        depth = deepest = 0
        for mark in markup.placeholders(tagged):
            fragment = self.fragments[mark]
            raw = fragment if isinstance(fragment, str) else source[fragment[0] : fragment[1]]
            for closing, empty in _LINK.findall(raw):
                if not empty:
                    depth += -1 if closing else 1
                    deepest = max(deepest, depth)
        return deepest


def collapse(text: str) -> str:
    """Runs of white space become one blank, at the ends none, as HTML shows text."""
    return single_blanks(text).strip(SPACE)


def has_letters(text: str) -> bool:
    """Whether the text has a letter of any script."""
    return any(map(str.isalpha, text))


def strip_ids(source: str) -> str:
    """Markup without ids, for a copy that stands beside the original."""
    return _TAG.sub(lambda tag: _ID.sub("", tag[0]), source)
