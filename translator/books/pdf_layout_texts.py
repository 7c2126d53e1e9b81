"""Elements of a PDF -> blocks that know where they stand and how they look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from translator import markup
from translator.books.inline import CODE, NOTHING
from translator.books.pdf_chapters import Chapter
from translator.books.pdf_elements import Element, Kind
from translator.books.pdf_flow import BULLET, LEADERS
from translator.books.pdf_layout_look import Look, look_of
from translator.books.pdf_page import Box, Line, Span, same_style
from translator.books.xmltree import escape
from translator.markup import Mark
from translator.types import Block, BlockKind

FIGURE = "part of a picture"
# Letters of formulas: what MuPDF writes for them cannot be read again.
_MATH = re.compile("[\U0001d400-\U0001d7ff]+")
_EDGES = re.compile(r"(\s*)(.*?)(\s*)", re.S)
_KINDS = {
    Kind.HEADING: BlockKind.HEADING,
    Kind.ITEM: BlockKind.LIST_ITEM,
    Kind.CODE: BlockKind.CODE,
    Kind.CAPTION: BlockKind.CAPTION,
    Kind.NOTE: BlockKind.NOTE,
    Kind.FIGURE: BlockKind.ALT,
    Kind.TABLE: BlockKind.CELL,
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A block of a PDF and its place.

    ``lead`` (a bullet, the marker of a note) and ``tail`` (a page number after dots) belong to its
    lines but not to its text; ``css`` says how the inside of a placeholder differs from the rest,
    ``singles`` what stands in place of one without text. ``page`` counts from 0.
    """

    block: Block
    page: int
    lines: tuple[Line, ...] = ()
    look: Look | None = None
    lead: str = ""
    tail: str = ""
    css: dict[int, str] = field(default_factory=dict)
    singles: dict[int, str] = field(default_factory=dict)

    @property
    def pages(self) -> list[int]:
        """The pages on which it stands, in order."""
        return list(dict.fromkeys(line.page for line in self.lines)) or [self.page]

    @property
    def boxes(self) -> Iterator[tuple[int, Box]]:
        """(page, place in the file) of its pieces."""
        return ((line.page, box) for line in self.lines for box in line.boxes)

    def visible(self, text: str) -> str:
        """What a reader sees of a tagged text in this place."""
        return "".join(
            token
            if isinstance(token, str)
            else self.singles.get(token.number, "")
            if token.mark is Mark.SINGLE
            else ""
            for token in markup.tokenize(text)
        )

    def html(self, text: str, tag: str, direction: str) -> str:
        """A tagged text as a paragraph in the language ``tag``."""
        pieces = [escape(self.lead)]
        for token in markup.tokenize(text):
            if isinstance(token, str):
                pieces.append(_MATH.sub(_letters, escape(token)))
            elif token.mark is Mark.SINGLE:
                pieces.append(f"<sup>{escape(self.singles[token.number])}</sup>")
            elif token.mark is Mark.OPEN:
                pieces.append(f'<span style="{self.css[token.number]}">')
            else:
                pieces.append("</span>")
        return f'<p lang="{escape(tag, chr(34))}" dir="{direction}">{"".join(pieces)}</p>'


def _letters(match: re.Match[str]) -> str:
    return f"<i>{unicodedata.normalize('NFKC', match[0])}</i>"


def placed(chapters: list[Chapter]) -> list[Placed]:
    """All blocks of a book in reading order."""
    found: list[Placed] = []
    for chapter in chapters:
        section = f"p{chapter.page + 1:04}"
        if found and found[-1].block.section.startswith(section):
            section += f"-{len(found)}"  # two chapters begin on one page
        number = 0
        for element in (*chapter.elements, *chapter.notes):
            for each in _of(element):
                number += 1
                block = replace(each.block, id=f"{section}#{number}", section=section)
                found.append(replace(each, block=block))
    return found


def _of(element: Element) -> Iterator[Placed]:
    kind = _KINDS.get(element.kind, BlockKind.PARAGRAPH)
    page = element.page
    if element.kind is Kind.TABLE:
        for texts, cells in zip(element.rows, element.cells, strict=True):
            for text, line in zip(texts, cells, strict=True):
                if line is not None and text.strip():
                    # The reader joined the lines of the cell; its style is that of its beginning.
                    span = replace(_visible(line.spans)[0], text=" ".join(text.split()))
                    yield _text(kind, [span], [line])
    elif element.kind is Kind.FIGURE:
        if element.alt and not element.formula:
            yield Placed(Block("", element.alt, kind, keep=FIGURE), page)
    elif element.kind is Kind.UNREADABLE:
        yield Placed(Block("", element.text, kind, keep=element.text), page)
    elif element.kind is Kind.CODE:
        yield Placed(Block("", element.text, kind, keep=CODE), page, tuple(element.lines))
    elif _visible(element.spans):
        yield _text(kind, element.spans, element.lines, element.marker)


def _visible(spans: list[Span]) -> list[Span]:
    return [span for span in spans if span.text.strip()]


def _text(kind: BlockKind, spans: list[Span], lines: list[Line], marker: str = "") -> Placed:
    whole = "".join(span.text for span in spans)
    lead, tail = f"{unicodedata.normalize('NFKC', marker)} " if marker else "", ""
    if bullet := BULLET.match(whole):
        lead = "• "
        spans = _cut(spans, bullet.end(), len(whole))
    elif kind is BlockKind.LIST_ITEM and (leaders := LEADERS.search(whole)):
        tail = leaders[0].strip(" …")
        spans = _cut(spans, 0, leaders.start())
    look = look_of(lines)
    text, css, singles = _tagged(spans, look)
    keep = None if any(map(str.isalpha, markup.plain(text))) else NOTHING
    block = Block("", text, kind, keep=keep)
    return Placed(block, lines[0].page, tuple(lines), look, lead, tail, css, singles)


def _cut(spans: list[Span], start: int, end: int) -> list[Span]:
    """The characters ``start`` to ``end`` of the text of spans."""
    kept, position = [], 0
    for span in spans:
        text = span.text[max(0, start - position) : max(0, end - position)]
        position += len(span.text)
        if text:
            kept.append(replace(span, text=text))
    return kept


def _tagged(spans: list[Span], look: Look) -> tuple[str, dict[int, str], dict[int, str]]:
    """The text with placeholders, the CSS of pairs, the text of single ones."""
    pieces: list[str] = []
    css: dict[int, str] = {}
    singles: dict[int, str] = {}
    for span in _merged(spans):
        number = len(css) + len(singles) + 1
        match = _EDGES.fullmatch(span.text)
        before, text, after = match.groups() if match else ("", span.text, "")
        if text and span.raised:
            singles[number] = text
            text = markup.single(number)
        elif text and (rules := look.inline(span)):
            css[number] = rules
            text = markup.opening(number) + text + markup.closing(number)
        pieces.append(before + text + after)
    return " ".join("".join(pieces).split()), css, singles


def _merged(spans: list[Span]) -> list[Span]:
    """Neighbours that look the same are one; blanks look like what is before them."""
    merged: list[Span] = []
    for span in spans:
        text = markup.without_reserved(span.text)
        span = replace(span, text=text)
        if merged and (not text.strip() or same_style(merged[-1], span)):
            merged[-1] = replace(merged[-1], text=merged[-1].text + text)
        else:
            merged.append(span)
    return merged
