"""What is on a page of a PDF: lines of text, pictures and tables, with their places in points."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

_BOLD = re.compile(r"bold|black|heavy|demi|semibold|-b$|medi", re.I)
_ITALIC = re.compile(r"ital|obli|slant|-i$", re.I)
_MONO = re.compile(r"mono|courier|typewriter|consol|cmtt|menlo|inconsolata|txtt|sourcecode", re.I)
_SANS = re.compile(r"sans|helv|arial|calibri|verdana|frutiger|univers|futura|gothic|cmss", re.I)
# MuPDF's flags of a font
_SUPERSCRIPT, _ITALICS, _SERIFS, _MONOSPACED, _BOLDFACE = 1, 2, 4, 8, 16
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdcf\ufdf0-\ufdff\ufe70-\ufeff]")
_UNREADABLE = re.compile(r"[\ufffd\ue000-\uf8ff]")
# What XML cannot hold, and what MuPDF gives for a glyph without a meaning.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
# Not the raised letter inside a logo or a small capital.
_EXPONENT = re.compile(r"\s*(?:[^A-Za-z]{1,8}|[a-z]{1,2})\s*")


Box = tuple[float, float, float, float]  # left, top, right, bottom in points


@dataclass(frozen=True, slots=True)
class Span:
    """Characters of one font. ``raised``: a superscript. ``note``: number of the note meant.

    ``color`` is 0xRRGGBB.
    """

    text: str
    size: float
    bold: bool = False
    italic: bool = False
    mono: bool = False
    raised: bool = False
    note: int = 0
    sans: bool = False
    color: int = 0


def same_style(a: Span, b: Span) -> bool:
    """Whether two spans look the same in a line of text."""
    return (a.bold, a.italic, a.mono, a.raised) == (b.bold, b.italic, b.mono, b.raised)


@dataclass(slots=True)
class Line:
    """A line of text. ``left`` and ``right`` are the edges of its column, ``page`` counts from 0.

    ``column`` is the running number of the column or band it lies in, over the whole book.
    ``boxes`` are the places of its pieces on the page as the file has it. Other ``spans`` come as
    a new list: what was found out about the old one is kept.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    spans: list[Span]
    page: int
    left: float = 0.0
    right: float = 0.0
    column: int = 0
    boxes: tuple[Box, ...] = ()
    _known: tuple[list[Span], str, float] | None = field(
        default=None, init=False, repr=False, compare=False
    )

    @property
    def text(self) -> str:
        """The characters of all spans."""
        return self._looked()[1]

    @property
    def size(self) -> float:
        """The font size of most of its characters, in half points; names in typewriter type,
        whose sizes differ, count only where nothing else stands."""
        return self._looked()[2]

    def _looked(self) -> tuple[list[Span], str, float]:
        if self._known is None or self._known[0] is not self.spans:
            text = "".join([span.text for span in self.spans])
            self._known = self.spans, text, _usual_size(self.spans)
        return self._known

    def all(self, name: str) -> bool:
        """Whether all of its visible characters are bold, italic or mono."""
        return all(getattr(s, name) for s in self.spans if s.text.strip() and not s.raised)


def _usual_size(spans: list[Span]) -> float:
    prose = [span for span in spans if span.text.strip() and not span.mono] or spans
    sizes: dict[float, int] = {}
    for span in prose:
        if not span.raised:
            size = round(span.size * 2) / 2
            sizes[size] = sizes.get(size, 0) + len(span.text.strip())
    if sizes:
        return max(sizes, key=sizes.__getitem__)
    return spans[0].size if spans else 0.0


@dataclass(slots=True)
class Picture:
    """A picture. ``file`` is its name in the book's folder, ``text`` what is written in it.

    ``formula``: it stands for a line of the text, which is no language.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    file: str
    text: str
    page: int
    formula: bool = False


@dataclass(slots=True)
class Table:
    """A table; a row is a list of cells. ``cells`` has the text of each cell as a line that
    is as large as the room for it."""

    x0: float
    y0: float
    x1: float
    y1: float
    rows: list[list[str]]
    page: int
    cells: list[list[Line | None]] = field(default_factory=list)


@dataclass(slots=True)
class Page:
    """A page, from number 0. ``problem`` says why it could not be read, or is empty.

    Places are those on the page turned and mirrored so that text runs from left to right:
    ``turned`` is the direction of its lines in the file, ``mirrored`` says that left and right are
    changed. ``drawn`` are the places of vector drawings.
    """

    number: int
    width: float = 0.0
    height: float = 0.0
    lines: list[Line] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    problem: str = ""
    turned: tuple[int, int] = (1, 0)
    mirrored: bool = False
    drawn: list[Box] = field(default_factory=list)


def page_from(value: dict[str, Any]) -> Page:
    """A page from a line of the worker's output."""
    number = int(value["page"])
    if problem := value.get("error"):
        return Page(number, problem=str(problem))
    page = Page(number, value["width"], value["height"])
    raw = value["lines"]
    directions = Counter(_direction(line) for line in raw for _ in line[6])
    turned = directions.most_common(1)[0][0] if directions else (1, 0)
    for line in raw:
        if _direction(line) == turned:  # the others are stamps in the margin
            box = _turn(line[:4], turned, page)
            page.lines.append(Line(*box, _spans(line[6]), number, boxes=_boxes(line[6])))
    page.lines = [line for line in page.lines if line.text.strip()]
    for entry in value["pictures"]:
        box = _turn(entry[:4], turned, page)
        page.pictures.append(Picture(*box, entry[4], clean(entry[5]), number, entry[6]))
    for entry in value["tables"]:
        rows = [[clean(cell) for cell in row] for row in entry[4]]
        cells = [[_cell(box, raw, turned, page) for box in row] for row in entry[5]]
        page.tables.append(Table(*_turn(entry[:4], turned, page), rows, number, cells))
    page.turned = turned
    page.drawn = [_turn(box, turned, page) for box in value["drawn"]]
    if turned[0] == 0:
        page.width, page.height = page.height, page.width
    text = "".join(line.text for line in page.lines)
    if 2 * len(_RIGHT_TO_LEFT.findall(text)) > sum(map(str.isalpha, text)):
        _mirror(page)
    strange = len(_UNREADABLE.findall(text))
    if strange > 20 and strange > 0.3 * len(text):
        page.problem = "its font does not say which characters it shows"
    elif not page.lines and not page.pictures and value["warnings"]:
        page.problem = str(value["warnings"]).splitlines()[0]
    return page


def _mirror(page: Page) -> None:
    """Turn left and right around, so that text begins at the left in every script."""
    cells = [cell for t in page.tables for row in t.cells for cell in row if cell is not None]
    everything: list[Line | Picture | Table] = [*page.lines, *page.pictures, *page.tables, *cells]
    for item in everything:
        item.x0, item.x1 = page.width - item.x1, page.width - item.x0
    for table in page.tables:
        table.rows = [row[::-1] for row in table.rows]
        table.cells = [row[::-1] for row in table.cells]
    page.drawn = [(page.width - x1, y0, page.width - x0, y1) for x0, y0, x1, y1 in page.drawn]
    page.mirrored = True


def clean(text: str) -> str:
    """Text that XML can hold, in composed characters, with plain blanks."""
    if text.isascii() and text.isprintable():
        return text
    text = _CONTROL.sub("", text.replace("\t", " "))
    return unicodedata.normalize("NFC", text.replace("\xa0", " "))


def _direction(line: list[Any]) -> tuple[int, int]:
    return round(line[4]), round(line[5])


def _boxes(spans: list[list[Any]]) -> tuple[Box, ...]:
    # Characters that a font does not name are ornaments: they stay.
    return tuple((s[6], s[7], s[8], s[9]) for s in spans if s[0].strip(" \ufffd"))


def _cell(
    box: list[float] | None, raw: list[list[Any]], turned: tuple[int, int], page: Page
) -> Line | None:
    """The text inside the frame of a cell."""
    if box is None:
        return None
    held = [span for line in raw for span in line[6] if _inside(span[6:10], box)]
    boxes = _boxes(held)
    if not boxes:
        return None
    placed = [_turn(list(own), turned, page) for own in boxes]
    left, _, right, bottom = _turn(box, turned, page)
    first = min(x0 for x0, *_ in placed)
    room = max(right - min(first - left, 4.0), *(x1 for *_, x1, _ in placed))
    text_top = min(y0 for _, y0, *_ in placed)
    line = Line(first, text_top, room, bottom - 1, _spans(held), page.number, boxes=boxes)
    line.left, line.right = left, right
    return line


def _inside(box: list[float], frame: list[float]) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return frame[0] <= x <= frame[2] and frame[1] <= y <= frame[3]


def _turn(
    box: list[float], direction: tuple[int, int], page: Page
) -> tuple[float, float, float, float]:
    """A box on the page turned so that its text runs from left to right."""
    x0, y0, x1, y1 = box
    if direction == (0, -1):
        return page.height - y1, x0, page.height - y0, x1
    if direction == (0, 1):
        return y0, page.width - x1, y1, page.width - x0
    return x0, y0, x1, y1


def _spans(raw: list[list[Any]]) -> list[Span]:
    spans = []
    size = max((span[1] for span in raw if span[0].strip()), default=0.0)
    baseline = next((span[4] for span in raw if span[1] == size), 0.0)
    for text, own, flags, font, origin, color, *_ in raw:
        raised = bool(flags & _SUPERSCRIPT) or (
            own < 0.85 * size and baseline - origin > 0.15 * size
        )
        raised = raised and bool(_EXPONENT.fullmatch(text))
        bold, italic, mono, sans = _style(font, flags)
        raised = raised and len(raw) > 1
        spans.append(Span(clean(text), own, bold, italic, mono, raised, sans=sans, color=color))
    return spans


@lru_cache(maxsize=1024)
def _style(font: str, flags: int) -> tuple[bool, bool, bool, bool]:
    """Whether a font is bold, italic, monospaced, without serifs."""
    return (
        bool(flags & _BOLDFACE or _BOLD.search(font)),
        bool(flags & _ITALICS or _ITALIC.search(font)),
        bool(flags & _MONOSPACED or _MONO.search(font)),
        bool(_SANS.search(font)) or not flags & _SERIFS,
    )
