"""The translatable units of a Markdown file."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from translator.books.assemble import build_pieces
from translator.books.inline import CODE, MATH, NOTHING, Piece
from translator.books.markdown_inline import SPAN, markdown
from translator.books.markdown_marks import values, without_marks
from translator.books.markdown_runs import TASK, Context, Inline
from translator.books.runs import Run, has_letters
from translator.books.xhtml import Unit
from translator.types import BlockKind

NAME = "name of a definition elsewhere"
DIRECTIVE = "mark of a directive"
HTML, FRONT_MATTER, LAYOUT = "HTML", "front matter", "layout that Verso does not know"
_KINDS = {
    "heading_open": BlockKind.HEADING,
    "list_item_open": BlockKind.LIST_ITEM,
    "dt_open": BlockKind.LIST_ITEM,
    "dd_open": BlockKind.LIST_ITEM,
    "th_open": BlockKind.CELL,
    "td_open": BlockKind.CELL,
    "footnote_reference_open": BlockKind.NOTE,
}
_REASONS = {
    "fence": CODE,
    "code_block": CODE,
    "html_block": HTML,
    "front_matter": FRONT_MATTER,
    "math_block": MATH,
    "math_block_label": MATH,
}
_LANGUAGE = re.compile(
    r"(?<![^\r\n])((?:lang|language):[ \t]*[\"']?)([A-Za-z]{2,3}(?:-[A-Za-z0-9]+)*)"
)
_TITLE = re.compile(r"(?<![^\r\n])title:[ \t]*[\"']?([^\r\n]*?)[\"']?[ \t]*(?![^\r\n])")
_LINK_TITLE = re.compile(
    r"\s(?:\"((?:[^\"\\]|\\.)+)\"|'((?:[^'\\]|\\.)+)'|\(((?:[^()\\]|\\.)+)\))\s*\)$"
)
_ALT = re.compile(r"!\[((?:[^\[\]\\]|\\.)*)\]")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_NOTE_MARK = re.compile(r"\[\^[^\]]*\]:[ \t]*")


@dataclass(frozen=True, slots=True)
class Twice:
    """A block in ``source[start:end]``: what a copy of it says, and what divides the two."""

    start: int
    end: int
    copy: str
    between: str


class Reader:
    """Finds the units of a file."""

    def __init__(self, source: str) -> None:
        self._source = source
        self.units: list[Unit] = []
        self.twice: dict[str, Twice] = {}  # by unit id
        self.inventory: Counter[str] = Counter()
        self.declared: re.Match[str] | None = None
        self.title = ""
        text, marks = without_marks(re.sub(r"\r\n?", "\n", source))
        self._lines = [match.span() for match in _LINE.finditer(source)]
        parser, env = markdown(), dict[str, Any]()
        tokens = parser.parse(text, env)
        self._context = Context(parser, {"references": env.get("references", {})})
        if "footnotes" in env:
            self._context.env["footnotes"] = env["footnotes"]
        self._number = 0
        self._kinds: list[BlockKind] = []
        self._opened = ""  # type of the latest opening token
        self._level = 0  # of the last heading
        self._cell = (0, 0)  # line and position after the last cell
        for token in tokens:
            self._block(token)
        for number, line in enumerate(marks, 1):
            start, end = self._lines[line]
            shown = source[start:end].strip()
            if has_letters(shown):
                run = Run(start, end, shown, {}, {}, keep=DIRECTIVE)
                self._add(f"mark#{number}", run, BlockKind.CODE)
        self.units.sort(key=lambda unit: unit.run.start)

    def _block(self, token: Token) -> None:
        if token.nesting > 0:
            self._opened = token.type
            outer = self._kinds[-1] if self._kinds else BlockKind.PARAGRAPH
            self._kinds.append(_KINDS.get(token.type, outer))
            if token.type == "heading_open":
                self._level = int(token.tag[1])
        elif token.nesting < 0:
            self._kinds.pop()
        elif token.type == "inline" and token.map and token.content:
            first, last = token.map  # of terms of definitions: an empty range
            self._inline(token, [first, max(last, first + 1)])
        elif token.type in _REASONS and token.map:
            self._verbatim(token, token.map)

    def _add(self, unit_id: str, run: Run, kind: BlockKind, plain: bool = False) -> None:
        level = self._level if kind is BlockKind.HEADING else 0
        self.units.append(Unit(unit_id, run, kind, run.keep, plain=plain, level=level))

    def _verbatim(self, token: Token, lines: list[int]) -> None:
        start, end = self._lines[lines[0]][0], self._lines[lines[1] - 1][1]
        reason = _REASONS[token.type]
        if reason in (CODE, MATH):
            self.inventory[f"<{token.type}> {token.content}"] += 1
        if reason == FRONT_MATTER:
            self.declared = _LANGUAGE.search(self._source, start, end)
            title = _TITLE.search(self._source, start, end)
            self.title = title[1] if title else ""
        shown = (token.content or self._source[start:end]).strip("\r\n")
        if reason == FRONT_MATTER:  # the language will change
            shown = _LANGUAGE.sub(r"\1", shown)
            for number, value in enumerate(values(self._source, start, end), 1):
                raw = self._source[value.start : value.end]
                shown = shown.replace(raw, "", 1)
                quote = raw[0] if raw[0] in "\"'" else ""
                keep = None if has_letters(value.text) else NOTHING
                unit_id = f"front#{number}"
                self.units.append(Unit(unit_id, value, BlockKind.METADATA, keep, quote, True))
        if shown.strip():
            keep = reason if has_letters(shown) else NOTHING
            run = Run(start, end, shown, {}, {}, keep=keep)
            self._number += 1
            self._add(f"text#{self._number}", run, BlockKind.CODE)

    def _inline(self, token: Token, lines: list[int]) -> None:
        kind = self._kinds[-1] if self._kinds else BlockKind.PARAGRAPH
        self._number += 1
        unit_id = f"text#{self._number}"
        cell = kind is BlockKind.CELL
        index = self._row(token, lines[0]) if cell else self._positions(token, lines)
        if index is None:
            start, end = self._lines[lines[0]][0], self._lines[lines[1] - 1][1]
            keep = LAYOUT if has_letters(token.content) else NOTHING
            self._add(unit_id, Run(start, end, token.content, {}, {}, keep=keep), kind)
            return
        context = replace(self._context, cell=cell)
        inline = Inline(self._source, token.content, index, context)
        children = token.children or []
        extras = list(self._extras(inline, children))
        is_item, is_heading = kind is BlockKind.LIST_ITEM, kind is BlockKind.HEADING
        runs = inline.runs(children, is_item, is_heading)
        block = self._copied(inline, children, runs, lines[0]) if runs else None
        for number, run in enumerate(runs, 1):
            part = f".{number}" if len(runs) > 1 else ""
            self._add(f"{unit_id}{part}", run, kind)
            if block is not None:
                self.twice[f"{unit_id}{part}"] = block
        for number, label in enumerate(extras, 1):
            self._add(f"{unit_id}.label{number}", label, BlockKind.ALT, plain=True)
        if not self.title and is_heading:
            self.title = " ".join(run.visible(run.text) for run in runs)

    def _copied(
        self, inline: Inline, tokens: Iterable[Token], runs: Iterable[Run], line: int
    ) -> Twice:
        """What a bilingual edition needs of a block."""
        if self._opened != "paragraph_open":  # it has to stay on its line
            start, end = min(r.start for r in runs), max(r.end for r in runs)
            between = " / "
        else:
            content = inline.content.rstrip()
            start, end = inline.place(0, len(content))
            if box := TASK.match(self._source, start, end):
                start = box.end()
            first, _ = self._lines[line]
            before = _NOTE_MARK.sub("    ", self._source[first : inline.place(0, 1)[0]])
            margin = re.sub(r"[^>\s]", " ", before)
            newline = re.search(r"\r\n|\r|\n", self._source)
            ending = newline[0] if newline else "\n"
            between = f"{ending}{margin.rstrip()}{ending}{margin}"
        left_out = sorted(inline.span(t) for t in tokens if t.type in ("image", "footnote_ref"))
        pieces, position = [], start
        for first, last in left_out:
            if position <= first and last <= end:
                pieces.append(self._source[position:first])
                position = last
        return Twice(start, end, "".join([*pieces, self._source[position:end]]), between)

    def _positions(self, token: Token, lines: list[int]) -> list[int] | None:
        """Where each character of a block's content stands; its lines end as the source's do."""
        index: list[int] = []
        content = token.content.split("\n")
        first = lines[0]
        if token.block and len(content) > lines[1] - lines[0]:
            return None
        for number, line in enumerate(content):
            start, end = self._lines[first + number]
            raw, inked = self._source[start:end], line.strip()
            place = raw.rstrip().rfind(inked)
            if place < 0:
                return None
            before = start + place - (len(line) - len(line.lstrip()))
            index += range(before, before + len(line))
            index.append(end - 1)  # the line's end
        return index

    def _row(self, token: Token, line: int) -> list[int] | None:
        """The same for a cell; ``\\|`` in the source is ``|`` in the content."""
        start, end = self._lines[line]
        position = self._cell[1] if self._cell[0] == line else start
        pattern = re.compile(re.escape(token.content).replace(r"\|", r"\\\|"))
        found = pattern.search(self._source, position, end)
        if found is None:
            return None
        index, place = [], found.start()
        for char in token.content:
            place += char == "|"
            index.append(place)
            place += 1
        self._cell = (line, found.end())
        return [*index, found.end()]

    def _extras(self, inline: Inline, tokens: list[Token]) -> Iterator[Run]:
        """Descriptions of images and titles of links."""
        for token in tokens:
            start, end = token.meta[SPAN]
            raw = inline.content[start:end]
            if token.type in ("image", "code_inline", "footnote_ref", "math_inline"):
                what = token.attrGet("src") or token.content or token.meta.get("label", "")
                self.inventory[f"<{token.type}> {what}"] += 1
            elif token.type == "link_open":
                self.inventory[f"<link> {token.attrGet('href')}"] += 1
            found = []
            # The description is also the name of the definition in ![a] and ![a][].
            named = token.type == "image" and raw.endswith(("]", "[]")) and "][" not in raw[:-2]
            if named and has_letters(token.content):
                inline.kept.append((inline.place(start, end)[0], NAME, token.content))
            if token.type == "image" and not named and (alt := _ALT.match(raw)):
                found.append(alt.span(1))
            if token.type in ("image", "link_close") and (title := _LINK_TITLE.search(raw)):
                found.append(title.span(title.lastindex or 1))
            for first, last in found:
                text = raw[first:last]
                place = inline.place(start + first, start + last)
                if text.strip() and self._source[slice(*place)] == text and text.isprintable():
                    yield self._label(place, unescapeAll(text))

    def _label(self, place: tuple[int, int], text: str) -> Run:
        run = build_pieces(self._source, [Piece("text", *place, text)])[0]
        keep = LAYOUT if "`" in text else run.keep  # it may pair with another one far away
        return _Label(run.start, run.end, run.text, {}, {}, keep=keep)


class _Label(Run):
    """Text in brackets or quotes: nothing in it may end it."""

    def problem(self, tagged: str, source: str) -> str:
        """Why ``tagged`` cannot be written here, or an empty string."""
        return "" if tagged.strip() else "it has no text"

    def render(self, tagged: str, take: Any, quote: str = "") -> str:
        """The text with everything escaped that Markdown could read."""
        return re.sub(r"([\\`*_\[\]<>()\"'&|$])", r"\\\1", " ".join(tagged.split()))
