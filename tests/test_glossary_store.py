"""Saved glossaries: what is written can be read again, here and by other programs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translator.cli import main
from translator.errors import InputError
from translator.glossary import Term
from translator.glossary_export import FORMATS, write
from translator.glossary_files import languages_in, load_terms, tidy
from translator.glossary_rows import Row, rows_of, terms_of
from translator.glossary_store import GlossaryStore, Saved, checked_name
from translator.resources import glossary_for

WHALE = Term(("whale", "big fish"), ("Wal", "Walfisch"), "the white one; see ch. 41")
NAMES = (WHALE, Term(("Ahab",), ("Ahab",)), Term(("#hash",), ('a "quote", and more',)))

FORM = (
    st.text(st.characters(exclude_characters="|"), min_size=1, max_size=12)
    .map(tidy)
    .filter(lambda form: form != "")
)
FORMS = st.lists(FORM, min_size=1, max_size=3, unique=True).map(tuple)
TERMS = st.lists(
    st.builds(Term, FORMS, FORMS, st.text(max_size=20).map(tidy)),
    min_size=1,
    max_size=6,
    unique_by=lambda term: term.sources,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(terms=TERMS, suffix=st.sampled_from(FORMATS))
def test_what_is_written_is_read_again(tmp_path: Path, terms: list[Term], suffix: str) -> None:
    path = tmp_path / f"terms{suffix}"
    write(path, terms, "en", "zh-Hans")
    assert load_terms(path, "en", "zh-Hans") == terms
    assert languages_in(path) == ("en", "zh-Hans")
    again = tmp_path / f"again{suffix}"
    write(again, load_terms(path, "en", "zh-Hans"), "en", "zh-Hans")
    assert again.read_bytes() == path.read_bytes()
    with pytest.raises(InputError):
        load_terms(path, "en", "fr")


@given(terms=TERMS)
def test_rows_become_the_same_terms(terms: list[Term]) -> None:
    rows = rows_of(terms)
    found, problems = terms_of(rows, "zh-Hans")
    wrong = {problem.row for problem in problems}
    assert found == [term for row, term in enumerate(terms, 1) if row not in wrong]
    for problem in problems:
        assert "already" in problem.message


@pytest.mark.parametrize(
    ("rows", "number", "message"),
    [
        ([Row("whale", "Wal"), Row("", "Schiff")], 2, "“Schiff” translates no term"),
        ([Row("whale", " | ")], 1, "“whale” has no translation"),
        ([Row("whale", "Wal"), Row("a|whale", "x")], 2, "stands in row 1 already"),
        ([Row("!?", "x")], 1, "has no letters"),
        ([Row("x" * 201, "y")], 1, "longer than 200"),
    ],
)
def test_wrong_rows_are_named(rows: list[Row], number: int, message: str) -> None:
    terms, problems = terms_of(rows, "en")
    assert [problem.row for problem in problems] == [number]
    assert message in problems[0].message
    assert len(terms) == len(rows) - 1


def test_rows_without_a_translation_may_be_left_out() -> None:
    rows = [Row("Ahab", keep=True), Row(""), Row("Queequeg"), Row("whale", "Wal")]
    terms, problems = terms_of(rows, "en", open_rows=True)
    assert [term.targets for term in terms] == [("Ahab",), ("Wal",)] and not problems
    assert [row.keep for row in rows_of(terms)] == [True, False]


def test_another_tool_reads_the_tbx(tmp_path: Path) -> None:
    from translate.storage.tbx import tbxfile

    path = tmp_path / "names.tbx"
    write(path, NAMES, "en", "de")
    store = tbxfile.parsefile(str(path))  # type: ignore[no-untyped-call]
    assert [(unit.source, unit.target) for unit in store.units] == [
        ("whale", "Wal"), ("Ahab", "Ahab"), ("#hash", 'a "quote", and more'),
    ]  # fmt: skip
    assert WHALE.note in store.units[0].getnotes()


def test_a_spreadsheet_reads_the_csv(tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    write(path, NAMES, "en", "de")
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[:2] == [["en", "de", "note"], ["whale|big fish", "Wal|Walfisch", WHALE.note]]


def test_the_store(tmp_path: Path) -> None:
    store = GlossaryStore(tmp_path / "glossaries")
    assert store.names() == []
    store.save(Saved("  Moby  Dick ", "English", "de", NAMES))
    assert store.names() == ["Moby Dick"]
    assert store.get("Moby Dick") == Saved("Moby Dick", "en", "de", NAMES)
    with pytest.raises(InputError, match="already"):
        store.save(Saved("moby dick", "en", "de", NAMES))
    store.save(Saved("Whales", "en", "de", NAMES[:1]), was="Moby Dick")
    assert store.names() == ["Whales"] and store.get("Whales").terms == NAMES[:1]
    assert store.free_name("Whales") == "Whales 2" and store.free_name("../..") == "Glossary"
    assert store.free_name("Kapitän: Ahab?") == "Kapitän Ahab"
    assert store.file_or_saved("Whales") == store.path("Whales")
    store.delete("Whales")
    for call in (store.get, store.delete, store.file_or_saved):
        with pytest.raises(InputError, match="Whales"):
            call("Whales")


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    store = GlossaryStore(tmp_path)
    for saved, message in (
        (Saved("", "en", "de", NAMES), "no name yet"),
        (Saved("../up", "en", "de", NAMES), "no name for"),
        (Saved("x", "en", "en", NAMES), "the same"),
        (Saved("x", "en", "de", ()), "no terms"),
    ):
        with pytest.raises(InputError, match=message):
            store.save(saved)
    (tmp_path / "mine.csv").write_text("whale,Wal\n", encoding="utf-8")
    with pytest.raises(InputError, match="first line"):
        store.get("mine")
    assert list(tmp_path.iterdir()) == [tmp_path / "mine.csv"]


@given(st.text(max_size=90))
def test_names_stay_in_the_folder(text: str) -> None:
    name = GlossaryStore(Path("nowhere")).free_name(text)
    assert checked_name(name) == name
    assert Path(name).name == name and not name.startswith(".")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERSO_HOME", str(tmp_path / "home"))
    return tmp_path


def test_command_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terms = home / "whales.tbx"
    write(terms, NAMES, "en", "de")
    assert main(["glossary"]) == 0
    assert main(["glossary", "import", str(terms)]) == 0
    assert main(["glossary", "import", str(terms), "--name", "Other"]) == 0
    capsys.readouterr()
    assert main(["glossary", "list"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "Other: en → de, 3 terms",
        "whales: en → de, 3 terms",
    ]
    assert main(["glossary", "import", str(terms), "--name", "Other"]) == 1
    assert main(["glossary", "import", str(terms), "--name", "Other", "--replace"]) == 0
    out = home / "out.csv"
    assert main(["glossary", "export", "Other", str(out)]) == 0
    assert load_terms(out, "en", "de") == list(NAMES)
    assert main(["glossary", "export", "Other", str(home / "out.pdf")]) == 1
    assert main(["glossary", "remove", "Other"]) == 0
    assert main(["glossary", "remove", "Other"]) == 1
    bare = home / "bare.csv"
    bare.write_text("whale,Wal\n", encoding="utf-8")
    assert main(["glossary", "import", str(bare)]) == 1
    assert main(["glossary", "import", str(bare), "--from", "en", "--to", "de"]) == 0


def test_a_book_takes_saved_glossaries_and_files(home: Path) -> None:
    book = home / "book.txt"
    book.write_text("The whale and the ship.\n", encoding="utf-8")
    for name, line in (("One", "whale,Wal"), ("Two", "whale,Fisch"), ("Three", "ship,Schiff")):
        (home / f"{name}.csv").write_text(f"en,de\n{line}\n", encoding="utf-8")
    assert main(["glossary", "import", str(home / "One.csv")]) == 0
    options = ["--model", "pseudo", "--to", "de", "--from", "en"]
    files = [str(home / "Two.csv"), str(home / "Three.csv")]
    asked = [part for name in ("One", *files) for part in ("--glossary", name)]
    assert main(["book", str(book), *options, *asked]) == 0
    brought = sorted((home / "home" / "books").glob("*/glossary-*"))
    assert len(brought) == 3
    terms = glossary_for(brought, "en", "de").apply("The whale and the ship.")
    assert terms == (("whale", "Wal"), ("ship", "Schiff"))
    assert main(["book", str(book), *options, "--glossary", "None"]) == 1
