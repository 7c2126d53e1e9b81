"""How a paragraph of a PDF looks, and the room for its translation on the pages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from translator.books.pdf_page import Box, Line, Page, Picture, Span, Table

# (monospaced, sans serif). Widths are those of the fonts that most PDFs are set in.
_FAMILIES = {(False, False): "Times", (False, True): "Helvetica", (True, False): "Courier"}
_ASCENT = 0.8  # of the font size: MuPDF's baseline below the top of a line without leading
_BASELINE = 0.78  # of the height of a line's box in the source
_GAP = 2.0  # points between a text and what stands beside it
_BELOW = 0.2  # of the font size: lines may reach that far below their box


@dataclass(frozen=True, slots=True)
class Look:
    """The look of most of a paragraph. ``align`` as in CSS, ``pitch`` in font sizes, ``indent``
    of the first line in points (below 0: the others are indented)."""

    size: float
    family: str
    bold: bool
    italic: bool
    color: int
    align: str
    pitch: float
    indent: float

    def css(self, rtl: bool) -> str:
        """The rules for the paragraph in the direction of the target language.

        MuPDF itself takes left for right in text that runs from right to left.
        """
        hanging = max(0.0, -self.indent)
        side = "right" if rtl else "left"
        return (
            "body, p { margin: 0; padding: 0; }\n"
            f"p {{ font-family: {self.family}; font-size: {self.size:.2f}px;"
            f" font-weight: {'bold' if self.bold else 'normal'};"
            f" font-style: {'italic' if self.italic else 'normal'};"
            f" color: #{self.color:06x}; text-align: {self.align}; line-height: {self.pitch:.3f};"
            f" text-indent: {self.indent:.1f}px; padding-{side}: {hanging:.1f}px;"
            " hyphens: auto; overflow-wrap: break-word; }\n"
            f"sup {{ font-size: {0.65 * self.size:.2f}px; vertical-align: super; }}\n"
        )

    def inline(self, span: Span) -> str:
        """The CSS by which a span differs from the paragraph; empty: it does not."""
        rules = []
        if span.bold != self.bold:
            rules.append(f"font-weight: {'bold' if span.bold else 'normal'}")
        if span.italic != self.italic:
            rules.append(f"font-style: {'italic' if span.italic else 'normal'}")
        if span.mono != (self.family == _FAMILIES[True, False]):
            rules.append(f"font-family: {_FAMILIES[span.mono, span.sans and not span.mono]}")
        return "; ".join(rules)


@dataclass(frozen=True, slots=True)
class Room:
    """A place of a paragraph: on ``page`` (from 0) its own box, and the box with the free space
    beside and below it."""

    page: int
    own: Box
    free: Box


def look_of(lines: list[Line]) -> Look:
    """The look of a paragraph that stands in these lines."""
    counts: Counter[tuple[bool, bool, bool, bool, int]] = Counter()
    sizes: Counter[float] = Counter()
    for span in (span for line in lines for span in line.spans):
        if not span.raised:
            weight = len(span.text.strip())
            counts[span.bold, span.italic, span.mono, span.sans, span.color] += weight
            sizes[span.size] += weight
    if not counts:
        return Look(lines[0].size, "Times", False, False, 0, "left", 1.2, 0.0)
    bold, italic, mono, sans, color = counts.most_common(1)[0][0]
    size = sizes.most_common(1)[0][0]
    family = _FAMILIES[mono, sans and not mono]
    steps = [b.y1 - a.y1 for a, b in pairwise(lines) if a.column == b.column and b.y1 > a.y1]
    pitch = min(max(median(steps) / size, 1.0), 1.7) if steps else 1.2
    return Look(size, family, bold, italic, color, _align(lines), pitch, _indent(lines))


def _align(lines: list[Line]) -> str:
    first = lines[0]
    size = first.size
    if len(lines) > 2:
        full = lines[:-1]
        if all(abs(line.x1 - full[0].x1) < 0.4 * size for line in full if _same(line, full[0])):
            return "justify"
    middles = [line.x0 + line.x1 for line in lines]
    uneven = max(n.x0 for n in lines) - min(n.x0 for n in lines) > 2 * size
    if len(lines) > 1 and uneven and max(middles) - min(middles) < size:
        return "center"
    space = [(line.x0 - line.left, line.right - line.x1) for line in lines]
    if all(abs(a - b) < 1.5 * size and a > 1.5 * size for a, b in space):
        return "center"
    if all(a > 3 * size and abs(b) < size for a, b in space) and len(lines) < 3:
        return "right"
    return "left"


def _same(a: Line, b: Line) -> bool:
    return (a.page, a.column) == (b.page, b.column)


def _indent(lines: list[Line]) -> float:
    rest = [line.x0 for line in lines[1:] if _same(line, lines[0])]
    if not rest or _align(lines) == "center":
        return 0.0
    indent = lines[0].x0 - min(rest)
    return indent if 0.5 * lines[0].size < abs(indent) < 6 * lines[0].size else 0.0


class Space:
    """What stands where on the pages, so that translations find free space.

    Make it before the furniture is taken off: headers and footers are in the way too.
    """

    def __init__(self, pages: list[Page]) -> None:
        self._taken = {page.number: _taken(page) for page in pages}
        self._frames = {page.number: page.drawn for page in pages}
        ends = [max(line.y1 for line in page.lines) for page in pages if page.lines]
        self._foot = sorted(ends)[int(0.8 * (len(ends) - 1))] if ends else 0.0

    def rooms(self, lines: list[Line], pitch: float, rtl: bool) -> list[Room]:
        """The places of a paragraph, column by column and page by page."""
        groups = [list(group) for _, group in groupby(lines, lambda n: (n.page, n.column))]
        return [
            self._room(group, pitch, rtl, alone=len(lines) == 1, last=group is groups[-1])
            for group in groups
        ]

    def _room(self, lines: list[Line], pitch: float, rtl: bool, alone: bool, last: bool) -> Room:
        page, size = lines[0].page, lines[0].size
        x0, y0 = min(n.x0 for n in lines), min(n.y0 for n in lines)
        x1, y1 = max(n.x1 for n in lines), max(n.y1 for n in lines)
        left, right = x0, x1
        taken = [box for box in self._taken[page] if not _covered(box, (x0, y0, x1, y1))]
        frames = [box for box in self._frames[page] if _covered((x0, y0, x1, y1), box)]
        if alone:  # the end of a single line says nothing of its column
            beside = [b for b in taken if b[1] < y1 - 1 and b[3] > y0 + 1]
            edges = [b[0] - _GAP for b in beside if b[0] > x1 - 1] + [b[2] - _GAP for b in frames]
            right = max(x1, min([max(lines[0].right, x1), *edges]))
            if rtl or _align(lines) == "center":
                edges = [b[2] + _GAP for b in beside if b[2] < x0 + 1]
                edges += [b[0] + _GAP for b in frames]
                left = min(x0, max([min(lines[0].left, x0), *edges]))
        bottom = y1 + _BELOW * size
        if last:
            below = [b[1] - 1 for b in taken if b[1] > y1 - 2 and b[0] < right and b[2] > left]
            below += [b[3] - 1 for b in frames]
            bottom = max(y1, min([max(self._foot, bottom), *below]))
        first = lines[0]
        top = first.y0 + _BASELINE * (first.y1 - first.y0) - (_ASCENT + (pitch - 1) / 2) * size
        own = left, top, right, min(y1 + _BELOW * size, max(bottom, y1))
        return Room(page, own, (left, top, right, max(bottom, own[3])))


def _taken(page: Page) -> list[Box]:
    things: list[Line | Picture | Table] = [*page.lines, *page.pictures, *page.tables]
    boxes = [(thing.x0, thing.y0, thing.x1, thing.y1) for thing in things]
    whole = page.width * page.height
    return boxes + [b for b in page.drawn if (b[2] - b[0]) * (b[3] - b[1]) < 0.5 * whole]


def _covered(box: Box, frame: Iterable[float]) -> bool:
    """Whether a box lies inside a frame."""
    left, top, right, bottom = frame
    return box[0] >= left - 1 and box[1] >= top - 1 and box[2] <= right + 1 and box[3] <= bottom + 1
