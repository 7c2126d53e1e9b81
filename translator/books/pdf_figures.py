"""What on a page is drawn: figures of vector graphics, and displayed formulas.

Runs in the process of :mod:`translator.books.pdf_worker`. Lines of text are those of its output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pymupdf

_MATH_FONT = re.compile(
    r"math|^(?:[A-Z]{6}\+)?(?:cm(?:mi|sy|ex)|ms[ab]m|symbol|mtmi|mtsy|eu[frs]m|tx(?:sys|exs|mia|sya))",
    re.I,
)
_WORDS = re.compile(r"[^\W\d_]{3,}\s+[^\W\d_]{3,}")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_CURVED = 3  # curved or slanted drawings that make a figure


def figures(
    page: pymupdf.Page,
    drawings: list[dict[str, Any]],
    lines: list[list[Any]],
    tables: list[list[Any]],
) -> list[pymupdf.Rect]:
    """Regions that are drawings: many or slanted paths, and hardly any running text."""
    slanted = [drawing for drawing in drawings if any(map(_slanted, drawing["items"]))]
    if len(slanted) < _CURVED:
        return []  # most pages: finding out what belongs together takes time
    figures = []
    for cluster in page.cluster_drawings(drawings=drawings):
        region = pymupdf.Rect(cluster) & page.rect
        if region.width < 50 or region.height < 40:
            continue
        if any(region.intersects(pymupdf.Rect(table[:4])) for table in tables):
            continue
        curved = sum(drawing["rect"] in region for drawing in slanted)
        if curved < _CURVED:
            continue
        held = [line for line in lines if within(line, region)]
        words = max((_words(line) for line in held), default=0)
        covered = sum(pymupdf.Rect(line[:4]).get_area() for line in held)
        if words <= 6 and covered < 0.3 * region.get_area():
            figures.append(region)
    return figures


def formulas(page: pymupdf.Page, lines: list[list[Any]]) -> list[pymupdf.Rect]:
    """Regions of displayed formulas: pieces in mathematical type with no words beside them."""
    certain = [line for line in lines if _is_formula(line)]
    if not certain:
        return []
    known = set(map(id, certain))
    pieces = [line for line in lines if id(line) in known or _is_scrap(line)]
    groups: list[tuple[pymupdf.Rect, bool]] = []
    for line in sorted(pieces, key=lambda line: line[1]):
        box, sure = pymupdf.Rect(line[:4]), id(line) in known
        reach = box.x0 - 10, box.y0 - 3, box.x1 + 10, box.y1 + 3
        for group in [group for group in groups if group[0].intersects(reach)]:
            groups.remove(group)
            box, sure = box | group[0], sure or group[1]
        groups.append((box, sure))
    taken = set(map(id, pieces))
    words = [line for line in lines if id(line) not in taken]
    return [
        pymupdf.Rect(box.x0 - 2, box.y0 - 1, box.x1 + 2, box.y1 + 1) & page.rect
        for box, sure in groups
        if sure
        and box.width > 25
        and box.height > 12
        and not any(_beside(line, box) for line in words)
    ]


def _beside(line: list[Any], box: pymupdf.Rect) -> bool:
    common = min(line[3], box.y1) - max(line[1], box.y0)
    near = line[0] < box.x1 + 80 and line[2] > box.x0 - 80  # a cell of a table otherwise
    return bool(near and common > 0.35 * (line[3] - line[1]))


def _is_scrap(line: list[Any]) -> bool:
    """A limit, an index, a bracket: too short for a word."""
    text = "".join(span[0] for span in line[6]).strip()
    return len(text) <= 6 and not _LONG_WORD.search(text)


def _is_formula(line: list[Any]) -> bool:
    share = sum(len(span[0].strip()) for span in line[6] if _is_mathematical(span[3]))
    if not share:
        return False
    text = "".join(span[0] for span in line[6]).strip()
    return share > 0.35 * len(text) and not _WORDS.search(text)


@lru_cache(maxsize=1024)
def _is_mathematical(font: str) -> bool:
    return bool(_MATH_FONT.search(font))


def _slanted(item: tuple[Any, ...]) -> bool:
    if item[0] == "l":
        (x0, y0), (x1, y1) = item[1], item[2]
        return bool(abs(x0 - x1) > 2 and abs(y0 - y1) > 2)
    return bool(item[0] == "c")


def _words(line: list[Any]) -> int:
    return len("".join(span[0] for span in line[6]).split())


def within(line: list[Any], region: pymupdf.Rect) -> bool:
    middle = pymupdf.Point((line[0] + line[2]) / 2, (line[1] + line[3]) / 2)
    return bool(middle in region)


def texts(lines: Iterable[list[Any]], region: pymupdf.Rect) -> str:
    held = ["".join(span[0] for span in line[6]) for line in lines if within(line, region)]
    return " ".join(" ".join(held).split())
