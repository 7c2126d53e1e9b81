"""What a reflowed book is made of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum

from translator.books.pdf_page import Line, Span, same_style
from translator.books.pdf_words import Words


class Kind(Enum):
    """What an element is."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    ITEM = "item"
    CODE = "code"
    TABLE = "table"
    FIGURE = "figure"
    CAPTION = "caption"
    NOTE = "note"
    UNREADABLE = "unreadable"


@dataclass(slots=True)
class Element:
    """A paragraph or the like. ``page`` (from 0) is where it begins.

    ``level`` is that of a heading (1 is the highest), ``marker`` that of a note, ``label`` a
    chapter's name in the outline, ``file`` and ``alt`` belong to a figure; ``text`` is that of code
    and of a page that cannot be read.
    """

    kind: Kind
    page: int
    spans: list[Span] = field(default_factory=list)
    level: int = 0
    rows: list[list[str]] = field(default_factory=list)
    marker: str = ""
    label: str = ""
    file: str = ""
    alt: str = ""
    formula: bool = False  # a figure whose ``alt`` is not to be translated
    text: str = ""
    last_page: int = -1
    lines: list[Line] = field(default_factory=list)  # where its text stands
    cells: list[list[Line | None]] = field(default_factory=list)  # of a table
    number: int = 0  # of a note that the text refers to; of a heading in the navigation

    @property
    def plain(self) -> str:
        """Its text without styles, white space collapsed."""
        return " ".join("".join(span.text for span in self.spans).split())


def join_lines(lines: list[Line], words: Words) -> list[Span]:
    """The spans of lines that are one text: blanks between words, hyphens of divided words gone."""
    spans: list[Span] = []
    for line in lines:
        pieces = [span for span in line.spans if span.text]
        if spans and pieces:
            raised = pieces[0].raised or spans[-1].raised
            before = spans[-1].text
            if raised:
                joined, between = before, "" if before.endswith(" ") else " "
            else:
                joined, between = words.join(before, line.text)
            spans[-1] = _with_text(spans[-1], joined + between)
            pieces[0] = _with_text(pieces[0], pieces[0].text.lstrip())
        for piece in pieces:
            if spans and same_style(spans[-1], piece):
                spans[-1] = _with_text(spans[-1], spans[-1].text + piece.text)
            else:
                spans.append(piece)
    return [span for span in spans if span.text]


def _with_text(span: Span, text: str) -> Span:
    return replace(span, text=text)
