"""The reading order of a page: columns, bands between them, rows, and tables without rules."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise
from statistics import median

from translator.books.pdf_page import Line, Page, Picture, Span, Table

# The dots between a title and its page in a printed table of contents.
_LEADER = re.compile(r"(?:\s*\.){5,}|(?:\s\.){3,}|\s*…{2,}")
_PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
Item = Line | Picture | Table
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
        everything = [*page.lines, *page.pictures, *page.tables]
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
        return _column(items, next(numbers))
    if (gutter := _gutter(lines)) is not None:
        return _divide(items, gutter, numbers, depth)
    if (band := _band(lines)) is None:
        return _column(items, next(numbers))
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
            result.extend(_column(across, next(numbers)))
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
    best: tuple[int, float, float] | None = None
    for step in range(int(0.2 * width / _STEP), int(0.8 * width / _STEP)):
        x = start + step * _STEP
        on_left, begun = bisect_right(ends, x), bisect_left(begins, x)
        crossing, on_right = begun - on_left, len(lines) - begun
        if crossing > 0.3 * len(lines) or min(on_left, on_right) < _LEAST:
            continue
        left = [line for line in lines if line.x1 <= x]
        right = [line for line in lines if line.x0 >= x]
        gap = min(line.x0 for line in right) - max(line.x1 for line in left)
        if gap < _GUTTER or not (_is_text(left, width) and _is_text(right, width)):
            continue
        rank = crossing, -gap, x
        if best is None or rank < best:
            best = rank
    if best is None:
        return None
    x = best[2]
    right_start = min(line.x0 for line in lines if line.x0 >= x)
    return (right_start + max(line.x1 for line in lines if line.x1 <= x)) / 2


def _band(lines: list[Line]) -> tuple[float, float, float] | None:
    """A part of the page with two columns: the gutter, the top and the bottom of the part."""
    if len(lines) < 4 * _LEAST:
        return None
    ordered = sorted(lines, key=lambda line: (line.y0 + line.y1) / 2)
    start, end = min(line.x0 for line in lines), max(line.x1 for line in lines)
    best: tuple[int, float, float, float] | None = None
    for step in range(int(0.3 * (end - start) / _STEP), int(0.7 * (end - start) / _STEP), 3):
        x = start + step * _STEP
        run: list[Line] = []
        for line in [*ordered, None]:
            if line is not None and not line.x0 < x < line.x1:
                run.append(line)
                continue
            if len(run) >= 4 * _LEAST and (best is None or len(run) > best[0]):
                gutter = _gutter(run)
                if gutter is not None and abs(gutter - x) < 20:
                    best = len(run), gutter, run[0].y0, run[-1].y1
            run = []
    return best[1:] if best else None


def _is_text(lines: list[Line], whole: float) -> bool:
    """Whether lines fill their side, as running text does and the cells of a table do not."""
    side = max(line.x1 for line in lines) - min(line.x0 for line in lines)
    full = sum(line.x1 - line.x0 > 0.6 * side for line in lines)
    return side > 0.18 * whole and full >= 0.5 * len(lines)


def _column(items: list[Item], number: int) -> list[Item]:
    """One column from top to bottom."""
    rows: list[list[Line]] = []
    others: list[Item] = [item for item in items if not isinstance(item, Line)]
    lines = _with_initials([item for item in items if isinstance(item, Line)])
    for line in sorted(lines, key=lambda line: ((line.y0 + line.y1) / 2, line.x0)):
        last = rows[-1] if rows else []
        if last and _same_row(last, line):
            last.append(line)
        else:
            rows.append([line])
    for row in rows:
        row.sort(key=lambda line: line.x0)
    if sum(any(_LEADER.search(line.text) for line in row) for row in rows) >= 4:
        _lead_all(rows)
    result: list[Item] = list(_with_tables(rows))
    left, right = _edges([item for item in result if isinstance(item, Line)])
    for item in result:
        if isinstance(item, Line):
            item.left, item.right, item.column = left, right, number
    for other in sorted(others, key=lambda i: i.y0):
        middle = (other.y0 + other.y1) / 2
        place = next((n for n, i in enumerate(result) if (i.y0 + i.y1) / 2 > middle), len(result))
        result.insert(place, other)
    return result


def _with_initials(lines: list[Line]) -> list[Line]:
    """Large initials (drop caps) joined with the first of the lines beside them."""
    result = list(lines)
    for initial in lines:
        letter = initial.text.strip()
        if not letter.isalpha() or len(letter) > 2:
            continue
        beside = [
            line
            for line in result
            if line is not initial
            and line.size < 0.6 * initial.size
            and 0 <= line.x0 - initial.x1 + 2 < 2 * line.size
            and initial.y0 - 2 < (line.y0 + line.y1) / 2 < initial.y1
        ]
        if not beside:
            continue
        first = min(beside, key=lambda line: line.y0)
        blank = " " if first.text.startswith(" ") else ""
        start = first.spans[0]
        first.spans[0] = replace(start, text=letter + blank + start.text.lstrip())
        for line in beside:
            line.x0 = initial.x0
        result.remove(initial)
    return result


def _lead_all(rows: list[list[Line]]) -> None:
    """In a printed table of contents, entries without dots have a page number all the same."""
    for row in rows:
        if len(row) > 1 and _PAGE.fullmatch(row[-1].text.strip()):
            last = row[-2].spans[-1]
            row[-2].spans[-1] = replace(last, text=f"{last.text} ......")


def _same_row(row: list[Line], line: Line) -> bool:
    last = row[-1]
    middle = (line.y0 + line.y1) / 2
    overlapping = any(line.x0 < other.x1 - 2 and other.x0 < line.x1 - 2 for other in row)
    return last.y0 < middle < last.y1 and not overlapping


def _edges(lines: list[Line]) -> tuple[float, float]:
    if not lines:
        return 0.0, 0.0
    rights = sorted(line.x1 for line in lines)
    return min(line.x0 for line in lines), rights[int(0.95 * (len(rights) - 1))]


def _with_tables(rows: list[list[Line]]) -> Iterator[Line | Table]:
    """Rows with aligned cells, three or more below each other, are a table."""
    position = 0
    while position < len(rows):
        end = position
        while end < len(rows) and _is_row(rows[end]) and _aligned(rows[position], rows[end]):
            end += 1
        if end - position >= 3:
            yield _table(rows[position:end])
            position = end
        else:
            yield _joined(rows[position])
            position += 1


def _is_row(row: list[Line]) -> bool:
    if len(row) < 2 or any(line.all("mono") or _LEADER.search(line.text) for line in row):
        return False
    gaps = [b.x0 - a.x1 for a, b in pairwise(row)]
    # A bullet, a number of a heading or a marker of a note is no cell.
    return min(gaps) > 0.8 * row[0].size and len(row[0].text.strip()) > 2


def _aligned(first: list[Line], row: list[Line]) -> bool:
    if len(first) != len(row):
        return False
    wide = 0.3 * (row[-1].x1 - row[0].x0)
    return all(
        abs(a.x0 - b.x0) < 4
        # The ends of wide pieces are where justified text ends.
        or (b.x1 - b.x0 < wide and abs(a.x1 - b.x1) < 4)
        or (b.x1 - b.x0 < wide and abs(a.x0 + a.x1 - b.x0 - b.x1) < 8)
        for a, b in zip(first, row, strict=True)
    )


def _table(rows: list[list[Line]]) -> Table:
    lines = [line for row in rows for line in row]
    cells = [[" ".join(line.text.split()) for line in row] for row in rows]
    return Table(
        min(line.x0 for line in lines),
        min(line.y0 for line in lines),
        max(line.x1 for line in lines),
        max(line.y1 for line in lines),
        cells,
        lines[0].page,
    )


def _joined(row: list[Line]) -> Line:
    line = row[0]
    for piece in row[1:]:
        gap = piece.x0 - line.x1
        blank = " "
        if line.all("mono") and piece.all("mono"):
            blank = " " * max(1, round(gap / _width(line)))
        elif gap < 0.1 * line.size or line.text.endswith(" ") or piece.text.startswith(" "):
            blank = ""
        last = line.spans[-1]
        spans = [*line.spans[:-1], replace(last, text=last.text + blank), *piece.spans]
        y0, y1 = min(line.y0, piece.y0), max(line.y1, piece.y1)
        line = Line(line.x0, y0, piece.x1, y1, spans, line.page)
    if not line.all("mono") and (match := _LEADER.search(line.text)):
        line.spans = [
            replace(line.spans[0], text=line.text[: match.start()].rstrip() + " … "),
            replace(line.spans[-1], text=line.text[match.end() :].strip()),
        ]
    return line


def _width(line: Line) -> float:
    """The width of a character."""
    return max(0.5, (line.x1 - line.x0) / max(1, len(line.text)))


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


def same_style(a: Span, b: Span) -> bool:
    """Whether two spans look the same in a line of text."""
    return (a.bold, a.italic, a.mono, a.raised) == (b.bold, b.italic, b.mono, b.raised)
