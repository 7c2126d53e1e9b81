"""The rows of one column: pieces of a line joined, tables without rules, large initials."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from translator.books.pdf_page import Line, Picture, Table

# The dots between a title and its page in a printed table of contents.
_LEADER = re.compile(r"(?:\s*\.){5,}|(?:\s\.){3,}|\s*…{2,}")
_PAGE = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
Item = Line | Picture | Table


def column(items: list[Item], number: int) -> list[Item]:
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
        first.boxes += initial.boxes
        start = replace(start, text=letter + blank + start.text.lstrip())
        first.spans = [start, *first.spans[1:]]
        for line in beside:
            line.x0 = initial.x0
        result.remove(initial)
    return result


def _lead_all(rows: list[list[Line]]) -> None:
    """In a printed table of contents, entries without dots have a page number all the same."""
    for row in rows:
        if len(row) > 1 and _PAGE.fullmatch(row[-1].text.strip()):
            *before, last = row[-2].spans
            row[-2].spans = [*before, replace(last, text=f"{last.text} ......")]


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
    return min(gaps) > 0.8 * row[0].size and (len(row) > 2 or len(row[0].text.strip()) > 2)


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
    for row in rows:
        row[0].left, row[-1].right = row[0].x0, max(line.x1 for line in lines)
        for cell, following in pairwise(row):
            cell.right, following.left = following.x0, cell.x1
    cells = [[" ".join(line.text.split()) for line in row] for row in rows]
    return Table(
        min(line.x0 for line in lines),
        min(line.y0 for line in lines),
        max(line.x1 for line in lines),
        max(line.y1 for line in lines),
        cells,
        lines[0].page,
        [list(row) for row in rows],
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
        boxes = line.boxes + piece.boxes
        line = Line(line.x0, y0, piece.x1, y1, spans, line.page, boxes=boxes)
    if not line.all("mono") and (match := _LEADER.search(line.text)):
        line.spans = [
            replace(line.spans[0], text=line.text[: match.start()].rstrip() + " … "),
            replace(line.spans[-1], text=line.text[match.end() :].strip()),
        ]
    return line


def _width(line: Line) -> float:
    """The width of a character."""
    return max(0.5, (line.x1 - line.x0) / max(1, len(line.text)))
