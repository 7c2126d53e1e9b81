"""Small pieces of English."""

from __future__ import annotations

from translator.wording import listed, plural


def test_one_and_many() -> None:
    assert plural(1, "book") == "1 book"
    assert plural(0, "book") == "0 books"
    assert plural(1234, "entry", "entries") == "1,234 entries"


def test_a_list_in_a_sentence() -> None:
    assert listed(["A"]) == "A"
    assert listed(["A", "B"]) == "A and B"
    assert listed(["A", "B", "C"]) == "A, B and C"
