"""Glossaries: whole words in any form, never inside a word; files of several kinds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translator.errors import InputError
from translator.glossary import MAX_CHARACTERS, MAX_TERMS, Glossary, Term
from translator.glossary_files import load
from translator.inflection import words
from translator.markup import closing, opening, single


def glossary(source: str, target: str, **terms: str) -> Glossary:
    entries = [Term((s.replace("_", " "),), tuple(t.split("|"))) for s, t in terms.items()]
    return Glossary(entries, source, target)


@pytest.mark.parametrize(
    ("language", "term", "text", "found"),
    [
        ("en", "whale", "Two whales, and a Whale's tail.", True),
        ("en", "whale", "A whaleboat, a narwhale and overwhaled.", False),
        ("en", "white whale", "White   Whales", True),
        ("en", "white whale", "white-whale", True),
        ("en", "white whale", "white. Whale", False),
        ("en", "Bill", "the bill", False),
        ("en", "Bill", "BILL said", True),
        ("en", "IT", "It is", False),
        ("en", "IT", "the IT people", True),
        ("en", "Don", "Don't go", False),
        ("en", "can", "I can’t go", False),
        ("fr", "homme", "l’homme et les hommes", True),
        ("de", "Haus", "die Häuser", True),
        ("de", "Haus", "der Hausmeister", False),
        ("es", "ballena", "las ballenas", True),
        ("ru", "кит", "китами", True),
        ("pl", "kot", "koty", True),
        ("pl", "kot", "kotlety", False),
        ("pl", "Polska", "w Polsce", True),
        ("ko", "고래", "고래에게는", True),
        ("ko", "고래", "고래고기", False),
        ("ja", "東京", "東京都に", True),
        ("ja", "ロン", "ロンドンへ", False),
        ("ja", "ロン", "ロンは", True),
        ("ja", "AI", "AIの", True),
        ("ja", "AI", "FAIRの", False),
        ("zh-Hans", "鲸", "白鲸来了", True),
        ("th", "กา", "กา่", False),
        ("hi", "कि", "किताब", False),
        ("hi", "किताब", "एक किताब", True),
    ],
)
def test_found_or_not(language: str, term: str, text: str, found: bool) -> None:
    entries = Glossary([Term((term,), ("x",))], language, "en" if language != "en" else "de")
    assert entries.apply(text) == (((term, "x"),) if found else ())


LETTERS = st.text(st.characters(categories=["Ll", "Lu"]), min_size=1, max_size=6)


@given(term=LETTERS, before=LETTERS, after=LETTERS)
def test_never_inside_a_word(term: str, before: str, after: str) -> None:
    # Vietnamese does not inflect: there only the very word is the word.
    entries = Glossary([Term((term,), ("x",))], "vi", "en")
    same = {term.casefold()}
    for text in (before + term, term + after, before + term + after):
        alone = [word.text.casefold() for word in words(text)]
        assert entries.apply(text) == () or same & set(alone)
    assert entries.apply(f"({term})") or not words(term)


def test_longer_terms_first_and_tags_do_not_part() -> None:
    entries = glossary("en", "de", whale="Wal", white_whale="weißer Wal", sea="Meer")
    text = f"The sea: {opening(1)}white{closing(1)} whale{single(2)}sea, whale."
    assert entries.apply(text) == (("sea", "Meer"), ("white whale", "weißer Wal"), ("whale", "Wal"))
    assert entries.apply(f"white{single(2)}whale") == (("white whale", "weißer Wal"),)


def test_prompts_stay_small() -> None:
    many = Glossary([Term((f"word{n}",), ("x",)) for n in range(99)], "en", "de")
    assert len(many.apply(" ".join(f"word{n}" for n in range(99)))) == MAX_TERMS
    long = Glossary([Term((f"word{n}",), ("x" * 150,)) for n in range(9)], "en", "de")
    applied = long.apply(" ".join(f"word{n}" for n in range(9)))
    assert 0 < sum(len(a) + len(b) for a, b in applied) <= MAX_CHARACTERS


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("Der weiße Wal", True), ("den weißen Walen", True), ("auf Walfang", True),
        ("der Meeressäuger", True), ("das Tier", False), ("der Saal", False),
    ],
)  # fmt: skip
def test_check(target: str, kept: bool) -> None:
    entries = glossary("en", "de", whale="Wal|Meeressäuger")
    found = entries.check("The whales.", target)
    assert [(check.name, check.fatal) for check in found] == [("glossary", False)] * (not kept)
    assert kept or found[0].detail == "missing 'Wal' for 'whale'"
    assert entries.check("The ship.", target) == ()
    assert entries.check("The whales.", " ") == ()


def test_check_is_mild_where_little_is_known() -> None:
    entries = glossary("en", "ko", whale="고래")
    assert entries.check("A whale.", "고래들이었습니다") == ()
    assert entries.check("A whale.", "물고기였다") != ()
    assert glossary("en", "he", whale="לווייתן").check("A whale.", "הלווייתן") == ()


def table(tmp_path: Path, text: str | bytes, name: str = "terms.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "whale,Wal\nship,Schiff\n"),
        ("a.csv", "source,target,note\nwhale,Wal,animal\nship,Schiff\n,\n# no term,x\n"),
        ("a.csv", '\ufeffGerman;French;English\r\nWal;"baleine";"whale"\r\nSchiff;;ship\r\n'),
        ("a.tsv", "en-US\tde_AT\nwhale\tWal\nship\tSchiff"),
        ("a.txt", "whale\tWal\nship\tSchiff"),
        ("a.csv", "whale,Wal\n ship , Schiff \n".encode("utf-16")),
    ],
)
def test_tables(tmp_path: Path, name: str, text: str | bytes) -> None:
    terms = load(table(tmp_path, text, name), "en", "de").terms
    assert [(t.sources, t.targets) for t in terms] == [
        (("whale",), ("Wal",)),
        (("ship",), ("Schiff",)),
    ]
    assert [t.note for t in terms] == ["animal" if "animal" in str(text) else "", ""]


def test_forms_in_a_cell(tmp_path: Path) -> None:
    text = "e-mail | email|,E-Mail|Mail\ncolour|color,Farbe\ncolour|color,Couleur\n"
    entries = load(table(tmp_path, text), "en", "de")
    assert entries.terms == (
        Term(("e-mail", "email"), ("E-Mail", "Mail")),
        Term(("colour", "color"), ("Farbe", "Couleur")),
    )
    assert entries.apply("Email in color") == (("email", "E-Mail"), ("color", "Farbe"))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "no terms"),
        ("a.csv", "en,de\n", "no terms"),
        ("a.csv", "en,fr\nwhale,baleine\n", "has the languages en, fr"),
        ("a.csv", "whale\nship\n", "one column"),
        ("a.csv", '"whale,Wal', "no valid table"),
        ("a.csv", f"whale,{'x' * 300}\n", "text instead of a term"),
        ("a.csv", b"\x00\x01\x02\xff", "not a text file"),
        ("a.tbx", "<tbx", "no valid XML"),
        ("a.tbx", "<tbx/>", "no terms"),
    ],
)
def test_bad_files(tmp_path: Path, name: str, text: str | bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(table(tmp_path, text, name), "en", "de")
    with pytest.raises(InputError, match="cannot be read"):
        load(tmp_path / "missing.csv", "en", "de")


TBX_2 = """<?xml version="1.0"?><!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd" [<!ENTITY x "y">]>
<martif type="TBX" xml:lang="en"><text><body><termEntry id="c1">
<langSet xml:lang="en"><tig><term>whale</term></tig>
<ntig><termGrp><term>big <hi>fish</hi></term></termGrp></ntig></langSet>
<langSet xml:lang="de-DE"><tig><term>Fisch</term><termNote type="administrativeStatus">
</termNote><termNote>deprecatedTerm-admn-sts</termNote></tig><tig><term>Wal</term></tig></langSet>
</termEntry></body></text></martif>"""
TBX_3 = """<tbx xmlns="urn:iso:std:iso:30042:ed-2" type="TBX-Basic" style="dca" xml:lang="en"><text>
<body><conceptEntry><langSec xml:lang="de"><termSec><term>Wal</term></termSec></langSec>
<langSec xml:lang="en"><termSec><term>whale</term></termSec><termSec><term>big fish</term></termSec>
</langSec></conceptEntry></body></text></tbx>"""


@pytest.mark.parametrize("text", [TBX_2, TBX_3])
def test_tbx(tmp_path: Path, text: str) -> None:
    entries = load(table(tmp_path, text, "a.tbx"), "en", "de")
    assert entries.terms == (Term(("whale", "big fish"), ("Wal",)),)
    assert load(table(tmp_path, text, "a.tbx"), "de", "en").apply("Wale") == (("Wal", "whale"),)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.one_of(
        st.binary(max_size=60),
        st.text("whaleWal ,;|\t\"'\r\n#", max_size=60).map(str.encode),
        st.integers(0, len(TBX_2)).map(lambda n: TBX_2[:n].encode() + TBX_2[n + 9 :].encode()),
    ),
    st.sampled_from(["a.csv", "a.tsv", "a.tbx"]),
)
def test_any_file_is_read_or_refused(tmp_path: Path, data: bytes, name: str) -> None:
    path = table(tmp_path, data, name)
    try:
        entries = load(path, "en", "de")
    except InputError:
        return
    assert entries.terms
    entries.check("whale Wal", "whale Wal")
