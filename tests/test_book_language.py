"""The language of a book: its text, and what it says of itself."""

from __future__ import annotations

from translator.book_language import language_of
from translator.languages import Language

GERMAN = "Der alte Seemann erzählte den Kindern am Abend von der großen Flut und vom Sturm."
ENGLISH = "The administrator should read the following chapter before the system is installed."
CHINESE = (
    "老水手在晚上给孩子们讲述了大洪水的故事，孩子们都安静地听着，谁也没有说话。"
    "第二天早晨他们又来到了海边。"
)


def tag(found: Language | None) -> str:
    return found.tag if found else ""


def test_most_of_the_text_decides() -> None:
    assert tag(language_of([GERMAN] * 20 + [ENGLISH] * 8)) == "de"


def test_a_wrong_declaration_does_not_count() -> None:
    assert tag(language_of([GERMAN] * 30, "en-US")) == "de"


def test_a_book_that_is_translated_in_part_is_what_it_says() -> None:
    assert tag(language_of([ENGLISH] * 16 + [CHINESE] * 4, "zh-CN")) == "zh-Hans"
    assert tag(language_of([ENGLISH] * 16 + [CHINESE] * 4)) == "en"


def test_a_variety_is_taken_from_the_declaration() -> None:
    text = "O velho marinheiro contou às crianças a história da grande cheia daquela noite."
    assert tag(language_of([text] * 10, "pt-BR")) == "pt-BR"


def test_short_texts_are_read_together() -> None:
    assert tag(language_of(["Die Nacht war kalt", "und der Wind", "kam von der See."] * 4)) == "de"


def test_without_a_telling_text_the_declaration_counts() -> None:
    assert tag(language_of(["1", "2"], "fr")) == "fr"
    assert language_of([], "") is None
    assert language_of(["1", "2"], "x-nowhere") is None
