"""Where the paragraphs of a plain text are.

Blank lines divide paragraphs. The lines of a paragraph are one text when they were wrapped at a
width (the next line's first word would not have fitted), verse or a list when they are short, and
a paragraph each when they are long or many.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)?")
_MAX_WRAP = 120  # cells; longer lines were not wrapped by hand
_MIN_WRAP = 40
_MAX_VERSE = 40  # lines
_JOINING_DASH = re.compile(r"(?:\w[-\u2010]|[\u2013\u2014]|--)$")


class Shape(Enum):
    """How a paragraph's lines belong together."""

    WRAPPED = "wrapped"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Line:
    """A line with ink: its position without indent and trailing white space, and its text."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines that are translated as one text."""

    lines: tuple[Line, ...]
    shape: Shape

    @property
    def start(self) -> int:
        """Position of the first character."""
        return self.lines[0].start

    @property
    def end(self) -> int:
        """Position after the last character."""
        return self.lines[-1].end

    @property
    def text(self) -> str:
        """The text as one line, or as lines where they count."""
        if self.shape is Shape.LINES:
            return "\n".join(line.text for line in self.lines)
        text = self.lines[0].text
        for line in self.lines[1:]:
            text += glue(text, line.text) + line.text
        return text


def glue(left: str, right: str) -> str:
    """What a line break between two pieces of running text stands for."""
    if _cells(left[-1]) == 2 and _cells(right[0]) == 2 and not _hangul(left[-1]):
        return ""
    return "" if _JOINING_DASH.search(left) and right[0].isalnum() else " "


def groups(text: str) -> list[list[Line]]:
    """The lines with ink, grouped by blank lines."""
    found: list[list[Line]] = [[]]
    position = 0
    for match in _LINE.finditer(text):
        raw = match[0]
        inked = raw.strip()
        if inked:
            start = position + len(raw) - len(raw.lstrip())
            found[-1].append(Line(start, start + len(inked), inked))
        elif raw and found[-1]:
            found.append([])
        position = match.end()
    return [group for group in found if group]


def paragraphs(group: list[Line]) -> list[Paragraph]:
    """The paragraphs among lines without a blank line between them."""
    if len(group) == 1 or is_wrapped(group):
        return [Paragraph(tuple(group), Shape.WRAPPED)]
    if len(group) > _MAX_VERSE or max(width(line.text) for line in group) > _MAX_WRAP:
        return [Paragraph((line,), Shape.WRAPPED) for line in group]
    return [Paragraph(tuple(group), Shape.LINES)]


def is_wrapped(group: list[Line]) -> bool:
    """Whether lines were filled greedily up to a common width."""
    widths = [width(line.text) for line in group]
    limit = max(widths)
    if not _MIN_WRAP <= limit <= _MAX_WRAP:
        return False
    full = sum(
        widths[i] + 1 + _first_word(group[i + 1].text) > limit - 4 for i in range(len(group) - 1)
    )
    # Two lines fill by accident if the second is short; then the first must be long.
    enough = full >= 0.8 * (len(group) - 1)
    return enough and (len(group) > 2 or widths[0] >= 55)


def width(text: str) -> int:
    """Cells that a text takes in a fixed-width font."""
    return sum(map(_cells, text)) if not text.isascii() else len(text)


def _first_word(text: str) -> int:
    if _cells(text[0]) == 2 and not _hangul(text[0]):
        return 1
    return width(text.split(None, 1)[0])


def _cells(char: str) -> int:
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _hangul(char: str) -> bool:
    return "\uac00" <= char <= "\ud7a3"
