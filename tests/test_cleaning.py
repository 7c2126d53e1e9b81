"""Cleaning rules: each removes what it should and leaves the rest."""

from __future__ import annotations

import gzip
import os
import unicodedata
from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer import cleaning_similar, readers
from trainer.cleaning import Cleaner, Rules, normalize
from trainer.cleaning_overlap import HeldOut, held_out_texts
from trainer.pairs import Pair
from translator.errors import InputError


def rule(source: str, target: str, to: str = "de", **limits: float) -> str:
    """The rule that a pair breaks, or an empty string."""
    cleaner = Cleaner(Rules.of({name.replace("_", "-"): v for name, v in limits.items()}))
    finding = cleaner.finding(cleaner.clean(Pair(source, target, "en", to, "f", 1)))
    return finding[0] if finding else ""


BAD = [
    ("empty", " \u200b", "Das Haus ist groß.", "de"),
    ("empty", "The house is big.", "", "de"),
    ("letters", "12 - 13", "12 - 13", "de"),
    ("untranslated", "The house is big.", "the house is big.", "de"),
    ("untranslated", "She opens the window and looks at the garden.",
     "She opens the window and looks at the garden. Ja", "de"),
    ("markup", "The <b>house</b> is big.", "Das <b>Haus</b> ist groß.", "de"),
    ("markup", "The house&nbsp;is big.", "Das Haus ist groß.", "de"),
    ("markup", "Delete %s now?", "Jetzt löschen?", "de"),
    ("markup", "Hello {name}, welcome.", "Hallo {Name}, willkommen.", "de"),
    ("markup", "See [the page](https://a.b) for it.", "Siehe [die Seite](https://a.b).", "de"),
    ("markup", "The library for files.", "Die Bibliothek fÃ¼r Dateien.", "de"),
    ("markup", "The library for files.", "Die Bibliothek f\ufffdr Dateien.", "de"),
    ("too-long", "The house is big. " * 200, "Das Haus ist groß. " * 200, "de"),
    ("length-ratio", "He came home late that evening and nobody was there to meet him at all.",
     "Er kam heim.", "de"),
    ("numbers", "The war of 1812 was long.", "Der Krieg von 1912 war lang.", "de"),
    ("numbers", "The war was long and hard.", "Der Krieg von 1912 war lang.", "de"),
    ("wrong-language", "The old house stands at the end of the street.",
     "La vieille maison se trouve au bout de la rue.", "de"),
    ("wrong-language", "Das alte Haus steht am Ende der langen Straße und ist nicht schön.",
     "Das alte Haus steht an dem Ende einer sehr langen Straße und ist hässlich.", "de"),
    ("wrong-language", "Das ist nicht gut.", "That is not good at all.", "de"),
    ("wrong-language", "The old house stands at the end of the street.",
     "古い家は通りの終わりに立っている。", "de"),
    ("wrong-language", "These questions are about the history of our country.",
     "这些问题关于我们国家的历史。", "zh-Hant"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "source", "target", "to"), BAD)
def test_bad_pairs(name: str, source: str, target: str, to: str) -> None:
    assert rule(source, target, to) == name
    if name != "empty":
        assert rule(source, target, to, **{name.replace("-", "_"): False}) != name


GOOD = [
    ("The house is big.", "Das Haus ist groß.", "de"),
    ("Yes.", "Ja.", "de"),
    ("I warned you not to defy me.", "Os advertí que no me desafiarais.", "es"),
    ("Construct your own 2D shapes in Draw.", "Construya sus propias formas 2D en Draw.", "es"),
    ("R&D costs 100% of <5 people.", "F&E kostet 100 % von <5 Leuten.", "de"),
    ("Use the <img> element with %d.", "Nutze das Element <img> mit %d.", "de"),
    ("Twenty people came at 8 pm.", "20 Leute kamen um 20 Uhr.", "de"),
    ("He waited half an hour for five thousand people.", "彼は30分間5000人を待った。", "ja"),
    ("It has 1,500 rooms.", "Es hat 1.500 Zimmer.", "de"),
    ("In the 1930s it was new.", "In den 30er Jahren war es neu.", "de"),
    ("Berlin and Paris", "Berlin und Paris", "de"),
    ("The population is 1.4 billion.", "人口为14亿。", "zh-Hans"),
    ("These questions are about history.", "這些問題是關於歷史的。", "zh-Hant"),
    ("The cat is in the garden.", "猫は庭にいます。", "ja"),
    ("The cat is in the garden.", "고양이가 정원에 있습니다.", "ko"),
    ("The cat is in the garden.", "Кошка в саду.", "ru"),
    ("“Hello,” he said.", "« Bonjour », dit-il.", "fr"),
    ("Âge is a French word.", "Âge ist ein französisches Wort.", "de"),
]


@pytest.mark.parametrize(("source", "target", "to"), GOOD)
def test_good_pairs(source: str, target: str, to: str) -> None:
    assert rule(source, target, to) == ""


def test_only_prose_and_nothing_short_where_that_is_asked_for() -> None:
    label, short = (
        ("File permissions of the program", "Dateirechte des Programms"),
        ("No.", "Nein."),
    )
    long = ("She opens the window and looks at the garden.", "Sie öffnet das Fenster zum Garten.")
    assert [rule(*pair, prose=True) for pair in (label, short, long)] == ["prose", "prose", ""]
    assert [rule(*pair, too_short=20) for pair in (label, short, long)] == ["", "too-short", ""]


def test_settings_of_rules() -> None:
    rules = Rules.of({"length-ratio": 6, "numbers": False, "held-out": True, "too-long": False})
    assert (rules.length_ratio, rules.numbers, rules.held_out, rules.too_long) == (6, False, 13, 0)
    assert Rules.of(rules.values()) == rules
    for wrong in ({"nonsense": 1}, {"numbers": 3}, {"too-long": -1}, {"near-duplicate": 2.0}):
        with pytest.raises(InputError):
            Rules.of(wrong)


@given(st.text(max_size=60))
def test_normalizing(text: str) -> None:
    tidy = normalize(text, Counter())
    assert normalize(tidy, Counter()) == tidy
    assert unicodedata.is_normalized("NFC", tidy)
    assert "  " not in tidy and tidy == tidy.strip(" \n\t")
    visible = [c for c in unicodedata.normalize("NFC", text) if c.isalnum()]
    assert [c for c in tidy if c.isalnum()] == visible


def test_what_is_normalized_is_counted() -> None:
    counts: Counter[str] = Counter()
    assert normalize("cafe\u0301\u200b  \u00a0da\n", counts) == "café \u00a0da"
    assert counts == {"nfc": 1, "invisible characters": 1, "blanks": 1}


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_rule_fails_on_any_text(source: str, target: str) -> None:
    for to in ("de", "ja", "zh-Hant", "ar"):
        rule(source, target, to)


class TestHeldOut:
    TEXT = "It was a bright cold day in April, and all the clocks were striking thirteen. He ran."

    def index(self, *texts: str) -> HeldOut:
        held_out = HeldOut(13)
        held_out.add(texts)
        return held_out

    def test_whole_texts_sentences_and_runs(self) -> None:
        held_out = self.index(
            self.TEXT, "Yes.", "他站在門口看著外面的大雨一直下個不停心裡想著今天晚上要怎麼回家"
        )
        assert held_out.finding("yes")
        assert held_out.finding("it was a bright, cold day in april and all the clocks were")
        assert held_out.finding("So: " + self.TEXT.replace(".", "!"))
        assert held_out.finding("那天他站在門口看著外面的大雨一直下個不停心裡想著今天晚上要做什麼")
        assert not held_out.finding("It was a bright cold day in April, and she came.")
        assert not held_out.finding("他站在門口看著外面的大雨，沒有說話。")
        assert not held_out.finding("He ran.")  # too short a sentence to be known by it

    @given(st.lists(st.sampled_from(["one", "two", "three", "four"]), max_size=40))
    def test_a_run_is_found_wherever_it_stands(self, words: list[str]) -> None:
        run = [f"w{i}" for i in range(13)]
        held_out = self.index(" ".join(["x", *run, "y"]))
        assert held_out.finding(" ".join([*words, *run, *words]))
        assert not held_out.finding(" ".join([*words, *run[:-1], *words]))

    def test_files_of_all_kinds(self, tmp_path: Path) -> None:
        (tmp_path / "a.en").write_text("One line.\nTwo lines.\n")
        with gzip.open(tmp_path / "b.de.gz", "wt") as file:
            file.write("Eine Zeile.\n")
        (tmp_path / "c.md").write_text("# Title\n\nA *fine* paragraph.\n")
        assert list(held_out_texts(tmp_path)) == [
            "One line.", "Two lines.", "Eine Zeile.", "Title", "A fine paragraph.",
        ]  # fmt: skip


class TestNearDuplicates:
    def near(self, texts: list[str], least: float = 0.85) -> list[tuple[int, int]]:
        letters = [cleaning_similar.letters(text, text.upper()) for text in texts]
        bands = cleaning_similar.signatures(letters)
        return sorted(cleaning_similar.near_duplicates(bands, least, letters.__getitem__))

    def test_small_changes_are_found(self) -> None:
        long = "The quick brown fox jumps over the lazy dog while the farmer sleeps in the barn"
        other = "Nothing of that sort has ever been seen in this part of the old country before"
        texts = [long, other, long + "!", long.replace("lazy", "lame"), "Yes", "No", "yes."]
        assert self.near(texts) == [(2, 0), (3, 0), (6, 4)]
        assert self.near(texts, least=1.0) == [(2, 0), (6, 4)]
        assert self.near([]) == []

    @given(st.lists(st.text(max_size=12), min_size=1, max_size=12))
    def test_signatures_depend_on_the_text_alone(self, texts: list[str]) -> None:
        letters = [cleaning_similar.letters(text, "target") for text in texts]
        rows = cleaning_similar.signatures(letters)
        for text, row in zip(letters, rows, strict=True):
            assert np.array_equal(cleaning_similar.signatures([text])[0], row)

    def test_boilerplate_does_not_cost_its_square(self) -> None:
        common = "On this page you find all that has ever been written of the matter at hand"
        texts = [f"{common}, part {i}." for i in range(3000)]
        assert len(self.near(texts)) > 2500


@pytest.mark.skipif("VERSO_DATA" not in os.environ, reason="needs VERSO_DATA")
@pytest.mark.parametrize("to", ["de", "zh-Hant", "ja", "ru"])
def test_clean_data_stays(to: str) -> None:
    """The training data were filtered before: hardly anything may go."""
    (reader,) = readers.find(Path(os.environ["VERSO_DATA"]) / "train", "en", to)
    cleaner = Cleaner(Rules())
    pairs = [pair for pair in islice(reader.read(), 3000) if isinstance(pair, Pair)]
    found = [finding for pair in pairs if (finding := cleaner.finding(cleaner.clean(pair)))]
    assert len(found) < 0.02 * len(pairs), Counter(name for name, _ in found)
