"""Tables with rules on a page, and which pages are worth looking at.

Runs in the process of :mod:`translator.books.pdf_worker`.
"""

from __future__ import annotations

import re
from typing import Any

import pymupdf
import pymupdf.table as library

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ufffd]")
_library_chars = library.make_chars


def tables(page: pymupdf.Page, drawings: list[dict[str, Any]] | None) -> list[list[Any]]:
    """[left, top, right, bottom, rows of texts, rows of places] of each table."""
    if not drawings or not _has_grid([drawing["rect"] for drawing in drawings]):
        return []  # looking for tables takes longer than all the rest
    found: list[list[Any]] = []
    for table in _found(page):
        if table.row_count < 2 or table.col_count < 2:
            continue
        rows = [[cell or "" for cell in row] for row in table.extract()]
        places = [row.cells for row in table.rows]  # None: part of the cell before
        cells = [cell for row in rows for cell in row]
        filled = sum(bool(cell.strip()) for cell in cells)
        if filled < 0.4 * len(cells):
            continue
        if max(map(len, cells)) > 1500 or any(map(_CONTROL.search, cells)):
            continue  # a frame around the page, or a drawing with arrows
        if not any(pymupdf.Rect(table.bbox).intersects(other[:4]) for other in found):
            found.append([*table.bbox, rows, places])
    return found


def _has_grid(boxes: list[pymupdf.Rect]) -> bool:
    """Whether there are rules for at least two rows and two columns, or four shaded cells."""
    across = {round(b.y0 / 3) for b in boxes if b.width > 20 > 8 * b.height}
    down = {round(b.x0 / 3) for b in boxes if b.height > 8 > 4 * b.width}
    if len(across) >= 3 and len(down) >= 3:
        return True
    cells = [b for b in boxes if b.height > 8 and b.width > 20]
    lefts, tops = {round(b.x0 / 3) for b in cells}, {round(b.y0 / 3) for b in cells}
    return len(cells) >= 4 and len(lefts) >= 2 and len(tops) >= 2


def _found(page: pymupdf.Page) -> list[Any]:
    """The library's tables, without two things that took three quarters of its time: each
    character as an object of five classes, and headers, for which it draws the page."""
    header = library.Table._get_header
    library.make_chars, library.Table._get_header = plain_chars, lambda table: None
    try:
        return list(page.find_tables(strategy="lines_strict").tables)
    finally:
        library.make_chars, library.Table._get_header = _library_chars, header


def plain_chars(page: pymupdf.Page, clip: pymupdf.Rect | None = None) -> pymupdf.TextPage:
    """Fill the library's list of the characters of a page with what it reads of them."""
    a, b, c, d, _, f = page.transformation_matrix
    if (a, b, c, d) != (1, 0, 0, -1):
        return _library_chars(page, clip=clip)
    chars = library.CHARS._list()
    textpage = page.get_textpage(clip=clip, flags=library.FLAGS)
    above = page.rect.height * page.number
    for block in page.get_text("rawdict", textpage=textpage)["blocks"]:
        for line in block["lines"]:
            across, down = (round(share, 4) for share in line["dir"])
            matrix = across, -down, down, across, 0.0, 0.0  # only its direction is asked for
            upright = down == 0
            for span in sorted(line["spans"], key=lambda span: span["bbox"][0]):
                bold = bool(span["flags"] & pymupdf.TEXT_FONT_BOLD or span["char_flags"] & 8)
                for char in sorted(span["chars"], key=lambda char: char["bbox"][0]):
                    x0, top, x1, bottom = char["bbox"]
                    chars.append(
                        {
                            "text": char["c"],
                            "x0": x0,
                            "x1": x1,
                            "top": top,
                            "bottom": bottom,
                            "y0": f - bottom,
                            "y1": f - top,
                            "doctop": top + above,
                            "width": x1 - x0,
                            "height": bottom - top,
                            "size": span["size"] if upright else bottom - top,
                            "fontname": span["font"],
                            "bold": bold,
                            "upright": upright,
                            "matrix": matrix,
                        }
                    )
    return textpage
