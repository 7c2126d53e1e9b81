"""Inline Markdown <-> runs of tagged text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

from translator import markup
from translator.books.assemble import build_pieces
from translator.books.inline import CODE, MATH, Piece
from translator.books.layout import glue
from translator.books.markdown_inline import SPAN
from translator.books.runs import Run, has_letters
from translator.markup import Mark

_RESERVED = re.compile(f"[{markup.RESERVED}]")
_ESCAPED = re.compile(
    r"[\\`*\[\]$]|<(?=[A-Za-z/!?])|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|~(?=~)|(?<=~)~"
)
_LINE_START = re.compile(
    r"#{1,6}(?=\s|$)|[-+:~](?=\s|$|[-~])|>|=+\s*$|-+\s*$|\||:{3}|!{3}\s|\?{3}|\+{3}|\{%"
)
# Variables and tags of templates; before code, the name of a role.
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_ROLE = re.compile(r"\{[A-Za-z][\w:+-]*\}$")
_NUMBERED = re.compile(r"(\d{1,9})([.)])(?=\s|$)")
_CLOSING_HASHES = re.compile(r"(?<=\s)#+\s*$|^#+\s*$")
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)[^<>]*?(/?)>")
TASK = re.compile(r"\[[ xX]\]\s+")
_ANCHOR = re.compile(r"\s*\{[#.:][^{}]*\}\s*$")
_HTML = {"**": "strong", "__": "strong", "*": "em", "_": "em", "~~": "del"}
_PAIRS = {"strong_open": 1, "em_open": 1, "s_open": 1}


@dataclass(frozen=True, slots=True)
class Context:
    """Where inline text stands: the parser with the document's link definitions, and what must be
    escaped there."""

    parser: MarkdownIt
    env: dict[str, Any]
    cell: bool = False

    def tokens(self, text: str) -> list[Token]:
        """The inline tokens of a text."""
        return self.parser.inline.parse(text, self.parser, dict(self.env), [])


@dataclass(slots=True)
class MarkdownRun(Run):
    """A run whose new text is escaped as Markdown wants it."""

    context: Context | None = None
    begins: bool = False  # at the start of its block

    def problem(self, tagged: str, source: str) -> str:
        """Why ``tagged`` cannot be written here, or an empty string."""
        if found := markup.problems(self.text, tagged):
            return found
        if not markup.plain(tagged).strip():
            return "it has no text"
        forms = (self._written(tagged, lambda a, b: source[a:b], html) for html in (False, True))
        if any(self._reads_back(written, tagged) for written in forms):
            return ""
        return "it would be read as other Markdown"

    def render(self, tagged: str, take: Callable[[int, int], str], quote: str = "") -> str:
        """The Markdown of a tagged text, on one line."""
        written = self._written(tagged, take, as_html=False)
        if self._reads_back(written, tagged):
            return written
        # Emphasis needs blanks or punctuation in the right places; tags do not.
        return self._written(tagged, take, as_html=True)

    def _written(self, tagged: str, take: Callable[[int, int], str], as_html: bool) -> str:
        pieces: list[str] = []
        cell = self.context is not None and self.context.cell
        for token in markup.tokenize(tagged):
            if isinstance(token, str):
                pieces.append(_escape(" ".join(re.split(r"[\r\n\t\v\f\x85\u2028\u2029]+", token))))
                if cell:
                    pieces[-1] = pieces[-1].replace("|", "\\|")
                continue
            fragment = self.fragments[token]
            raw = fragment if isinstance(fragment, str) else take(*fragment)
            if as_html and token.mark is not Mark.SINGLE and raw in _HTML:
                raw = f"<{'/' if token.mark is Mark.CLOSE else ''}{_HTML[raw]}>"
            pieces.append(raw)
        text = "".join(pieces).strip()
        if self.begins:
            text = _NUMBERED.sub(r"\1\\\2", text, count=1) if _NUMBERED.match(text) else text
            text = f"\\{text}" if _LINE_START.match(text) else text
        hashes = _CLOSING_HASHES.search(text)
        return f"{text[: hashes.start()]}\\{text[hashes.start() :]}" if hashes else text

    def _reads_back(self, written: str, tagged: str) -> bool:
        if self.context is None:
            return True
        wanted = "".join(
            token if isinstance(token, str) else self.seen.get(token.number, "")
            for token in markup.tokenize(tagged)
            if isinstance(token, str) or token.mark is Mark.SINGLE
        )
        raw = written.replace("\\|", "|") if self.context.cell else written
        seen = "".join(_shown(token) for token in self.context.tokens(raw))
        if "".join(seen.split()) != "".join(wanted.split()):
            return False
        if not self.begins or self.context.cell:
            return True
        blocks = self.context.parser.parse(written, dict(self.context.env))
        return [token.type for token in blocks] == ["paragraph_open", "inline", "paragraph_close"]


def _shown(token: Token) -> str:
    if token.type in ("html_inline", "image", "footnote_ref"):
        return ""
    return " " if token.type in ("softbreak", "hardbreak") else token.content


def _escape(text: str) -> str:
    return _ESCAPED.sub(lambda match: f"\\{match[0]}", text)


@dataclass(slots=True)
class Inline:
    """The inline content of a block and where each of its characters stands in the source."""

    source: str
    content: str
    index: Sequence[int]
    context: Context
    kept: list[tuple[int, str, str]] = field(default_factory=list)

    def span(self, token: Token) -> tuple[int, int]:
        """Where a token stands in the source."""
        start, end = token.meta[SPAN]
        return self.place(start, end)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The source positions of ``content[start:end]``."""
        first = self.index[start]
        return first, self.index[end - 1] + 1 if end > start else first

    def runs(self, tokens: list[Token], is_item: bool, is_heading: bool) -> list[MarkdownRun]:
        """The runs: one, or one a line where hard breaks divide the text."""
        pieces = self.pieces(tokens)
        _leave_out(pieces, is_item, is_heading)
        built = build_pieces(self.source, pieces, self.kept)
        begin = self.index[0]
        runs = []
        for run in built:
            before = self.source[begin : run.start]
            new = MarkdownRun(
                run.start, run.end, run.text, run.fragments, run.seen, run.head, run.tail,
                run.kept, run.keep, self.context, not before.strip(),
            )  # fmt: skip
            runs.append(new)
        return runs

    def pieces(self, tokens: list[Token]) -> list[Piece]:
        """The pieces of the block's text."""
        pieces: list[Piece] = []
        opened: list[Piece] = []
        tags: list[tuple[str, Piece, int]] = []
        labels: list[int] = []
        autolink = False
        for position, token in enumerate(tokens):
            start, end = self.span(token)
            if token.markup == "autolink" or autolink:
                autolink = token.type != "link_close"
                if token.type == "text":
                    pieces.append(self._atom(token, token.content, ""))
            elif token.type in ("text", "text_special"):
                if _RESERVED.search(token.content):
                    pieces.append(Piece("atom", start, end, token.content))
                elif token.content:
                    following = tokens[position + 1 : position + 2]
                    is_role = bool(following) and following[0].type == "code_inline"
                    pieces += self._text(token, is_role)
            elif token.type == "softbreak":
                pieces.append(Piece("text", start, end, _blank(tokens, position)))
            elif token.type == "hardbreak":
                pieces.append(Piece("atom", start, end, ghost=True, line_break=True))
            elif token.nesting > 0:
                length = len(token.markup) if token.type in _PAIRS else end - start
                opened.append(Piece("open", end - length, end))
                pieces.append(opened[-1])
                if token.type == "link_open":
                    labels.append(token.meta[SPAN][1])
            elif token.nesting < 0 and opened:
                length = len(token.markup) if token.type != "link_close" else end - start
                pieces.append(_paired(opened.pop(), Piece("close", start, start + length)))
                self._name_link(token, pieces[-1], labels)
            elif token.type == "html_inline":
                piece = self._atom(token, "", "")
                pieces.append(piece)
                _match_tags(token.content, piece, tags, len(opened))
            else:
                reasons = {"code_inline": CODE, "math_inline": MATH, "math_inline_double": MATH}
                seen = token.content if token.type in reasons else ""
                piece = self._atom(token, seen, reasons.get(token.type, ""))
                piece.note = token.type == "footnote_ref"
                pieces.append(piece)
        return pieces

    def _text(self, token: Token, before_code: bool) -> Iterator[Piece]:
        """The pieces of a text: what templates replace is none of it."""
        text, first = token.content, token.meta[SPAN][0]
        if len(text) != token.meta[SPAN][1] - first:  # an escaped character
            yield Piece("text", *self.span(token), text)
            return
        found = [match.span() for match in _TEMPLATE.finditer(text)]
        if before_code and (role := _ROLE.search(text)):
            found.append(role.span())
        position = 0
        for start, end in [*found, (len(text), len(text))]:
            if start > position:
                span = self.place(first + position, first + start)
                yield Piece("text", *span, text[position:start])
            if end > start:
                yield Piece("atom", *self.place(first + start, first + end), text[start:end])
            position = end

    def _name_link(self, token: Token, closing: Piece, labels: list[int]) -> None:
        """Where a link's text is the name of its definition, new text needs that name beside it."""
        if token.type != "link_close":
            return
        first, (start, end) = labels.pop(), token.meta[SPAN]
        if closing.partner is None or self.content[start:end] not in ("]", "][]"):
            return
        name = " ".join(self.content[first:start].split())
        closing.partner.fragment = "["
        closing.fragment = f"][{name.replace('|', chr(92) + '|') if self.context.cell else name}]"

    def _atom(self, token: Token, seen: str, reason: str) -> Piece:
        start, end = token.meta[SPAN]
        first, last = self.place(start, end)
        piece = Piece("atom", first, last, seen, ghost=token.type == "html_inline")
        raw = self.content[start:end]
        if self.source[first:last] != raw:  # it goes over lines, or has escapes of a table
            raw = raw.replace("\n", " ")
            piece.fragment = raw.replace("|", "\\|") if self.context.cell else raw
        if reason and has_letters(seen):
            self.kept.append((first, reason, seen))
        return piece


def _blank(tokens: list[Token], position: int) -> str:
    left = tokens[position - 1].content.rstrip() if position else ""
    right = tokens[position + 1].content.lstrip() if position + 1 < len(tokens) else ""
    return glue(left[-1], right[0]) if left and right else " "


def _paired(opening: Piece, closing: Piece) -> Piece:
    opening.partner, closing.partner = closing, opening
    return closing


def _match_tags(raw: str, piece: Piece, tags: list[tuple[str, Piece, int]], depth: int) -> None:
    """Make a pair of an inline tag and the one that began it, when they nest with the rest."""
    match = _TAG.fullmatch(raw.strip())
    if match is None or match[3]:
        return
    name = match[2].lower()
    if not match[1]:
        tags.append((name, piece, depth))
        return
    if tags and tags[-1][0] == name and tags[-1][2] == depth:
        opening = tags.pop()[1]
        opening.kind, piece.kind = "open", "close"
        opening.ghost = piece.ghost = False
        _paired(opening, piece)


def _leave_out(pieces: list[Piece], is_item: bool, is_heading: bool) -> None:
    """Boxes of task lists and anchors of headings are structure."""
    texts = [i for i, p in enumerate(pieces) if p.kind == "text"]
    if not texts:
        return
    first, last = pieces[0], pieces[-1]
    if is_item and first.kind == "text" and (match := TASK.match(first.text)):
        box = Piece("atom", first.start, first.start + match.end(), ghost=True)
        rest = Piece("text", box.end, first.end, first.text[match.end() :])
        pieces[:1] = [box, rest]
    elif is_heading and last.kind == "text" and (match := _ANCHOR.search(last.text)):
        cut = last.end - len(match[0])
        anchor = Piece("atom", cut, last.end, ghost=True)
        pieces[-1:] = [Piece("text", last.start, cut, last.text[: match.start()]), anchor]
