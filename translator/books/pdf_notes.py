"""Footnotes: lines in small print at the foot of a column that begin with a marker."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby

from translator.books.pdf_page import Line, Span
from translator.books.pdf_rows import Item

_SMALL = 0.93  # of the usual font size
_SYMBOLS = "*†‡§¶∗"
MARKER = re.compile(rf"\s*(\d{{1,3}}|[{_SYMBOLS}]{{1,3}}|[a-z](?=\s))[.)]?\s*")
_PLAIN = re.compile(rf"\s*(?:(\d{{1,3}})[.)]?\s+(?=\D)|([{_SYMBOLS}]{{1,3}})\s*(?=\w))")

_END = re.compile(r"[.!?。！？…][\"”’»)\]]*\s*$")

Note = tuple[str, list[Line]]


def take_notes(items: list[Item], body: float) -> tuple[list[Item], list[Note]]:
    """The items without footnotes, and the notes (marker, lines) in order.

    Small print at the foot of a page continues the last note of the page before, if that was not
    at its end.
    """
    rest: list[Item] = []
    notes: list[Note] = []
    for _, page_items in groupby(items, lambda item: item.page):
        column: list[Item] = []
        number = -1
        columns: list[list[Item]] = []
        for item in page_items:
            if isinstance(item, Line) and item.column != number:
                column, number = [], item.column
                columns.append(column)
            elif not columns:
                columns.append(column)
            column.append(item)
        for column in columns:
            foot = _foot(column, body, notes)
            rest += column[: len(column) - len(foot)]
            _add(foot, notes)
    return rest, notes


def _foot(column: list[Item], body: float, notes: list[Note]) -> list[Line]:
    """The trailing small lines of a column that are notes."""
    foot: list[Line] = []
    for item in reversed(column):
        if not isinstance(item, Line) or item.size > _SMALL * body or item.all("mono"):
            break
        foot.insert(0, item)
    above = column[: len(column) - len(foot)]
    if not any(isinstance(item, Line) and item.size >= body - 0.6 for item in above):
        return []  # a column in small print, as a bibliography has
    if not foot or _marker(foot[0]):
        return foot
    last = notes[-1][1][-1] if notes else None
    unfinished = last is not None and not _END.search(last.text)
    return foot if last and unfinished and last.page == foot[0].page - 1 else []


def _marker(line: Line) -> str:
    """The marker that a line of a note begins with."""
    first = line.spans[0]
    if first.raised and (match := MARKER.fullmatch(first.text)):
        return match[1]
    match = _PLAIN.match(line.text)
    return (match[1] or match[2]) if match else ""


def _add(foot: list[Line], notes: list[Note]) -> None:
    for line in foot:
        if marker := _marker(line):
            notes.append((marker, [_unmarked(line, marker)]))
        elif line.y1 - notes[-1][1][-1].y1 > 1.7 * line.size:
            notes.append(("", [line]))  # the imprint below the notes
        else:
            notes[-1][1].append(line)


def _unmarked(line: Line, marker: str) -> Line:
    """The line without its marker."""
    text = line.spans[0].text
    rest = re.sub(rf"^\s*{re.escape(marker)}[.)]?\s*", "", text, count=1)
    spans: list[Span] = [replace(line.spans[0], text=rest, raised=False), *line.spans[1:]]
    while len(spans) > 1 and not spans[0].text.strip():
        spans = spans[1:]
    spans[0] = replace(spans[0], text=spans[0].text.lstrip())
    return replace(line, spans=spans)
