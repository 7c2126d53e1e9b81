from __future__ import annotations

import pytest

from translator.books.pdf_words import Words

WORDS = Words(
    [
        "An example of a well-known lighthouse, and the long-term view of the term long.",
        "The long road and the term of office; und die Hauptstadt.",
    ]
)


@pytest.mark.parametrize(
    ("before", "after", "joined"),
    [
        ("for exam-", "ple this", "for example this"),
        ("a well-", "known man", "a well-known man"),
        ("a long-", "term plan", "a long-term plan"),
        ("the con-", "tinuation", "the continuation"),
        ("Anglo-", "American", "Anglo-American"),
        ("1990-", "1995", "1990-1995"),
        ("Haupt-", "und Nebensatz", "Haupt- und Nebensatz"),
        ("the soft\u00ad", "ware", "the software"),
        ("one", "two", "one two"),
        ("one ", " two", "one two"),
        ("日本", "語", "日本語"),
        ("see https://example.org/", "page", "see https://example.org/page"),
        ("a dash \u2014", "here", "a dash \u2014 here"),
        ("word\u2014", "word", "word\u2014word"),
        ("- ", "item", "- item"),
    ],
)
def test_joining_lines(before: str, after: str, joined: str) -> None:
    kept, between = WORDS.join(before, after)
    assert kept + between + after.lstrip() == joined


def test_parts_of_divided_words_do_not_count_as_words() -> None:
    words = Words(["a light-", "house", "light", "house"])
    assert words.join("the light-", "house") == ("the light", "")
