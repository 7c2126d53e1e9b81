"""Tables of a PDF: the quick way to them finds what the library's own way finds."""

from __future__ import annotations

from typing import Any

import pymupdf
import pymupdf.table as library
import pytest

from translator.books.pdf_tables import plain_chars, tables


@pytest.fixture
def page() -> pymupdf.Page:
    page = pymupdf.open().new_page()
    for row in range(4):
        for column in range(3):
            box = pymupdf.Rect(0, 0, 120, 24) + (72 + 120 * column, 100 + 24 * row) * 2
            page.draw_rect(box)
            page.insert_text((box.x0 + 6, box.y0 + 16), f"Row {row}, {column} é")
    page.insert_text((72, 300), "A line below the table, in Times.", fontname="tiro")
    page.insert_text((500, 400), "upwards", rotate=90)
    return page


def _drawings(page: pymupdf.Page) -> list[dict[str, Any]]:
    return [{**each, "rect": pymupdf.Rect(each["rect"])} for each in page.get_cdrawings()]


def _read(fill: Any, page: pymupdf.Page) -> list[dict[str, Any]]:  # the library's or ours
    library._CHARS_VAR.set([])
    fill(page)
    return list(library.CHARS)


def test_characters_are_those_of_the_library(page: pymupdf.Page) -> None:
    ours, theirs = _read(plain_chars, page), _read(library.make_chars, page)
    assert len(ours) == len(theirs) > 100
    for own, their in zip(ours, theirs, strict=True):
        matrix = own.pop("matrix")
        assert matrix[:4] == pytest.approx(their["matrix"][:4])
        assert own == {key: pytest.approx(their[key]) for key in own}


def test_a_table_and_the_library_as_it_was(page: pymupdf.Page) -> None:
    before = library.make_chars, library.Table._get_header
    (found,) = tables(page, _drawings(page))
    assert (library.make_chars, library.Table._get_header) == before
    (theirs,) = page.find_tables(strategy="lines_strict").tables
    assert found[:4] == list(theirs.bbox)
    assert found[4] == theirs.extract()
    assert found[4][2][1] == "Row 2, 1 é"
    assert found[5] == [row.cells for row in theirs.rows]


def test_no_rules_no_table(page: pymupdf.Page) -> None:
    assert tables(page, []) == []
    assert tables(page, _drawings(page)[:2]) == []
