"""The reading order of a page: columns, and bands across them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import count, pairwise
from statistics import median

from translator.books.pdf_page import Line, Page, Table
from translator.books.pdf_rows import Item, column

_STEP = 2.0  # points between places looked at for a gutter
_GUTTER = 6.0  # least width of a gutter in points
_LEAST = 4  # lines on each side of a gutter
_DEPTH = 3


def reading_order(pages: list[Page]) -> list[Item]:
    """Everything on the pages in the order in which a person reads it.

    Lines get the edges and the number of their column; pieces of one line are joined.
    """
    numbers = count()
    items: list[Item] = []
    for page in pages:
        page.lines = [n for n in page.lines if not any(_inside(n, t) for t in page.tables)]
    usual = _usual_gutter(pages)
    for page in pages:
        everything: list[Item] = [*page.lines, *page.pictures, *page.tables]
        gutter = None if usual is None else _open_at(page.lines, usual)
        if gutter is None:
            items += _arrange(everything, numbers, _DEPTH)
        else:
            items += _divide(everything, gutter, numbers, _DEPTH)
    return items


def _usual_gutter(pages: list[Page]) -> float | None:
    """Where most pages with columns have their gutter: pages with formulas or tables have it at
    the same place, though their columns look less like text."""
    counts: Counter[int] = Counter()
    for page in pages:
        if (gutter := _gutter(page.lines)) is not None:
            counts[round(gutter / 4)] += 1
    if not counts or counts.total() < 0.4 * len(pages):
        return None
    return 4.0 * counts.most_common(1)[0][0]


def _open_at(lines: list[Line], gutter: float) -> float | None:
    """``gutter`` if the page is divided there."""
    for x in (gutter, gutter - 3, gutter + 3):
        crossing = sum(line.x0 < x < line.x1 for line in lines)
        left = sum(line.x1 <= x for line in lines)
        right = len(lines) - crossing - left
        if crossing <= 0.35 * len(lines) and min(left, right) >= _LEAST:
            return x
    return None


def _inside(line: Line, table: Table) -> bool:
    x, y = (line.x0 + line.x1) / 2, (line.y0 + line.y1) / 2
    return table.x0 <= x <= table.x1 and table.y0 <= y <= table.y1


def _arrange(items: list[Item], numbers: Iterator[int], depth: int) -> list[Item]:
    lines = [i for i in items if isinstance(i, Line)]
    if not depth:
        return column(items, next(numbers))
    if (gutter := _gutter(lines)) is not None:
        return _divide(items, gutter, numbers, depth)
    if (band := _band(lines)) is None:
        return column(items, next(numbers))
    gutter, top, bottom = band
    above = [i for i in items if (i.y0 + i.y1) / 2 < top]
    below = [i for i in items if (i.y0 + i.y1) / 2 > bottom]
    inside = [i for i in items if top <= (i.y0 + i.y1) / 2 <= bottom]
    result = _arrange(above, numbers, depth - 1) if above else []
    result += _divide(inside, gutter, numbers, depth - 1)
    return result + (_arrange(below, numbers, depth - 1) if below else [])


def _divide(items: list[Item], gutter: float, numbers: Iterator[int], depth: int) -> list[Item]:
    """The bands of a page with columns: left before right, what lies across between them."""
    result: list[Item] = []
    band: list[Item] = []
    across: list[Item] = []

    def flush_band() -> None:
        left = [i for i in band if i.x1 <= gutter + 1]
        right = [i for i in band if i.x1 > gutter + 1]
        for side in (left, right):
            if side:
                result.extend(_arrange(side, numbers, depth - 1))
        band.clear()

    def flush_across() -> None:
        if across:
            result.extend(column(across, next(numbers)))
            across.clear()

    for item in sorted(items, key=lambda i: (i.y0, i.x0)):
        if item.x0 < gutter - 1 and item.x1 > gutter + 1:
            flush_band()
            across.append(item)
        else:
            flush_across()
            band.append(item)
    flush_band()
    flush_across()
    return result


def _gutter(lines: list[Line]) -> float | None:
    """The middle of the empty strip between two columns of text, if there is one."""
    if len(lines) < 2 * _LEAST:
        return None
    start, end = min(line.x0 for line in lines), max(line.x1 for line in lines)
    width = end - start
    begins, ends = sorted(line.x0 for line in lines), sorted(line.x1 for line in lines)
    places: dict[tuple[int, int], float] = {}  # the first place of each division of the lines
    for step in range(int(0.2 * width / _STEP), int(0.8 * width / _STEP)):
        x = start + step * _STEP
        places.setdefault((bisect_right(ends, x), bisect_left(begins, x)), x)
    ranked: list[tuple[int, float, float]] = []
    for (on_left, begun), x in places.items():
        crossing, on_right = begun - on_left, len(lines) - begun
        if crossing > 0.3 * len(lines) or min(on_left, on_right) < _LEAST:
            continue
        gap = begins[begun] - ends[on_left - 1]
        if gap >= _GUTTER:
            ranked.append((crossing, -gap, x))
    for _, _, x in sorted(ranked):
        left = [line for line in lines if line.x1 <= x]
        right = [line for line in lines if line.x0 >= x]
        if _is_text(left, width) and _is_text(right, width):
            return (min(line.x0 for line in right) + max(line.x1 for line in left)) / 2
    return None


def _band(lines: list[Line]) -> tuple[float, float, float] | None:
    """A part of the page with two columns: the gutter, the top and the bottom of the part."""
    if len(lines) < 4 * _LEAST:
        return None
    ordered = sorted(lines, key=lambda line: (line.y0 + line.y1) / 2)
    start, end = min(line.x0 for line in lines), max(line.x1 for line in lines)
    gutters: dict[tuple[int, int], float | None] = {}  # most places part the page the same way
    best: tuple[int, float, float, float] | None = None
    for step in range(int(0.3 * (end - start) / _STEP), int(0.7 * (end - start) / _STEP), 3):
        x = start + step * _STEP
        crossing = [n for n, line in enumerate(ordered) if line.x0 < x < line.x1]
        for before, after in pairwise([-1, *crossing, len(ordered)]):
            run = ordered[before + 1 : after]
            if len(run) < 4 * _LEAST or (best is not None and len(run) <= best[0]):
                continue
            if (before, after) not in gutters:
                gutters[before, after] = _gutter(run)
            gutter = gutters[before, after]
            if gutter is not None and abs(gutter - x) < 20:
                best = len(run), gutter, run[0].y0, run[-1].y1
    return best[1:] if best else None


def _is_text(lines: list[Line], whole: float) -> bool:
    """Whether lines fill their side, as running text does and the cells of a table do not."""
    side = max(line.x1 for line in lines) - min(line.x0 for line in lines)
    full = sum(line.x1 - line.x0 > 0.6 * side for line in lines)
    return side > 0.18 * whole and full >= 0.5 * len(lines)


def body_size(pages: list[Page]) -> float:
    """The font size of most of the text."""
    sizes: dict[float, int] = {}
    for page in pages:
        for line in page.lines:
            sizes[line.size] = sizes.get(line.size, 0) + len(line.text)
    return max(sizes, key=lambda size: sizes[size]) if sizes else 10.0


def pitches(lines: list[Line]) -> dict[float, float]:
    """The usual distance of lines by font size."""
    found: dict[float, list[float]] = {}
    for a, b in pairwise(lines):
        if a.column == b.column and a.size == b.size and 0 < b.y1 - a.y1 < 3 * a.size:
            found.setdefault(a.size, []).append(b.y1 - a.y1)
    return {size: median(distances) for size, distances in found.items()}
