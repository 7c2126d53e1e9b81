"""Readers of parallel texts."""

from __future__ import annotations

import gzip
import json
import lzma
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trainer import readers
from trainer.pairs import Pair, Unusable
from trainer.readers_licences import Licence, licences
from trainer.readers_text import TextFile
from trainer.readers_units import memory_reader
from translator import tmx
from translator.errors import InputError
from translator.memory import Memory, Origin, Unit

Rows = list[Pair | Unusable]


def read(path: Path, of: str = "en", to: str = "de") -> Rows:
    return [item for reader in readers.find(path, of, to) for item in reader.read()]


def texts(rows: Rows) -> list[tuple[str, str]]:
    return [(row.source, row.target) for row in rows if isinstance(row, Pair)]


def moses(folder: Path, stem: str = "c", **sides: Sequence[str]) -> None:
    for ending, lines in sides.items():
        (folder / f"{stem}.{ending}").write_text("".join(f"{x}\n" for x in lines), "utf-8")


@pytest.mark.parametrize("ending", ["zh_tw", "zh_hant", "zh-TW", "zh", "zh_TW.gz", "zh-Hant.xz"])
def test_every_name_of_a_language_is_found(tmp_path: Path, ending: str) -> None:
    moses(tmp_path, en=["Hello."])
    data = "你好。\n".encode()
    if ending.endswith(".gz"):
        data = gzip.compress(data)
    elif ending.endswith(".xz"):
        data = lzma.compress(data)
    (tmp_path / f"c.{ending}").write_bytes(data)
    assert texts(read(tmp_path, "en", "zh-Hant")) == [("Hello.", "你好。")]


def test_origin_domain_and_document_stand_beside_the_lines(tmp_path: Path) -> None:
    moses(tmp_path, "en-de", en=["a", "b"], de=["A", "B"], src=["wesnoth\tgame", "gimp\tdocs"])
    moses(tmp_path, "en-de", docs=["d1", "d2"])
    moses(tmp_path, "other", en=["x"], fr=["X"])
    assert read(tmp_path) == [
        Pair("a", "A", "en", "de", "en-de", 1, "wesnoth", "game", document="en-de#d1"),
        Pair("b", "B", "en", "de", "en-de", 2, "gimp", "docs", document="en-de#d2"),
    ]


def test_one_side_names_the_other_and_folders_are_searched(tmp_path: Path) -> None:
    (tmp_path / "deep" / ".hidden").mkdir(parents=True)
    moses(tmp_path / "deep", en=["a"], de=["A"])
    moses(tmp_path / "deep" / ".hidden", en=["x"], de=["X"])
    assert texts(read(tmp_path / "deep" / "c.en")) == [("a", "A")]
    assert [row.file for row in read(tmp_path)] == ["deep/c"]


def test_lines_that_do_not_match_are_an_error(tmp_path: Path) -> None:
    moses(tmp_path, en=["a", "b"], de=["A"])
    with pytest.raises(InputError, match="same number of lines"):
        read(tmp_path)


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    moses(tmp_path, en=["a\u2028b\x85c\x0cd"], de=["A\rB"])
    assert texts(read(tmp_path)) == [("a\u2028b\x85c\x0cd", "A\rB")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252", "utf-32"])
def test_encodings_are_found_and_named(tmp_path: Path, encoding: str) -> None:
    lines = ["Grüße aus Köln und schöne Straßen", "Äpfel, Öl und Übermut im Frühling"] * 20
    moses(tmp_path, en=[f"line {i}" for i in range(40)])
    (tmp_path / "c.de").write_bytes("\r\n".join(lines).encode(encoding))
    reader = readers.find(tmp_path, "en", "de")[0]
    assert [row.target for row in reader.read() if isinstance(row, Pair)] == lines
    assert reader.encodings[1].startswith(f"c.de: {encoding[:6]}"), reader.encodings


def test_a_line_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_bytes("ü\n".encode() * 600_000 + b"caf\xe9\n")
    with pytest.raises(InputError, match=r"c\.txt is not utf-8"):
        list(TextFile.sniff(tmp_path / "c.txt").lines())


def test_damaged_gzip(tmp_path: Path) -> None:
    path = tmp_path / "c.en.gz"
    path.write_bytes(gzip.compress(b"x\n" * 9999)[:-9])
    moses(tmp_path, de=["A"])
    with pytest.raises(InputError, match="damaged"):
        read(tmp_path)


def test_tables(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text('"Yes," he said.\t"Ja", sagte er.\nno\n', "utf-8")
    (tmp_path / "b.csv").write_text(
        'id;German;English;domain;licence\n1;"Ja; nein";Yes;talk;CC0\n2;"zwei\nZeilen";two;;\n'
    )
    (tmp_path / "c.csv").write_text("fr,en\nOui,Yes\n")
    rows = read(tmp_path)
    assert texts(rows) == [
        ('"Yes," he said.', '"Ja", sagte er.'), ("Yes", "Ja; nein"), ("two", "zwei\nZeilen"),
    ]  # fmt: skip
    assert rows[1] == Unusable("a.tsv", 2, "too few columns", "no")
    assert isinstance(rows[2], Pair)
    assert (rows[2].domain, rows[2].licence) == ("talk", "CC0")


def test_tables_that_say_other_languages_are_left_alone(tmp_path: Path) -> None:
    for name in ("en-fr.tsv", "talks.en-zh_TW.tsv", "licences.tsv", "en-fr.jsonl"):
        (tmp_path / name).write_text('{"source": "a", "target": "b"}\tx\n')
    assert readers.find(tmp_path, "en", "de") == []
    assert [reader.name for reader in readers.find(tmp_path, "en", "zh-Hant")] == [
        "talks.en-zh_TW.tsv"
    ]


def test_json_lines(tmp_path: Path) -> None:
    rows = [
        {"source": "a", "target": "A", "origin": "x", "document": "d"},
        {"en": "b", "de": "B"},
        {"translation": {"en": "c", "de": "C"}},
        {"source": "D", "target": "d", "from": "de", "to": "en"},
        {"source": "e", "target": "E", "from": "en", "to": "fr"},
        {"de": 3, "en": None},
        [1],
    ]
    lines = [json.dumps(row) for row in rows] + ["{broken"]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    found = read(tmp_path)
    assert texts(found) == [("a", "A"), ("b", "B"), ("c", "C"), ("d", "D")]
    assert [row.line for row in found if isinstance(row, Unusable)] == [5, 6, 7, 8]
    assert isinstance(found[0], Pair)
    assert (found[0].origin, found[0].document) == ("x", "x.jsonl#d")


def test_tmx_in_either_direction_once(tmp_path: Path) -> None:
    units = [Unit("a", "A", "en", "de"), Unit("B", "b", "de", "en"), Unit("c", "C", "en", "fr")]
    tmx.write(tmp_path / "x.tmx", units)
    assert texts(read(tmp_path)) == [("a", "A"), ("b", "B")]
    both = (tmp_path / "x.tmx").read_text("utf-8").replace(' srclang="en"', "")
    (tmp_path / "x.tmx").write_text(both.replace(' srclang="de"', ""), "utf-8")
    assert texts(read(tmp_path)) == [("a", "A"), ("b", "B")]


def test_the_memory_gives_what_people_wrote(tmp_path: Path) -> None:
    path = tmp_path / "memory.db"
    with closing(Memory(path)) as memory:
        memory.add([
            Unit("a", "A", "en", "de", Origin.PERSON), Unit("B", "b", "de", "en"),
            Unit("c", "C", "en", "de", Origin.MODEL, key="k", model="m"),
        ])  # fmt: skip
    found = list(memory_reader(path, "en", "de")[0].read())
    assert texts(found) == [("a", "A"), ("b", "B")]
    assert [pair.origin for pair in found if isinstance(pair, Pair)] == [
        "memory:person", "memory:imported",
    ]  # fmt: skip
    assert memory_reader(path, "en", "ja") == []


def test_licences_from_tables(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(
        "# x\n\n| source | origin | licence | de |\n|---|---|---|---|\n"
        "| wesnoth | deb wesnoth | GPL-2+ | 5 |\n\n| pair | lines |\n|---|---|\n| en-de | 7 |\n"
    )
    (tmp_path / "licences.tsv").write_text("source\tlicence\ntatoeba\tCC-BY-2.0\n")
    assert licences(tmp_path) == {
        "wesnoth": Licence("GPL-2+", "deb wesnoth"), "tatoeba": Licence("CC-BY-2.0"),
    }  # fmt: skip
    assert licences(tmp_path / "none") == {}


def test_nothing_there_is_said(tmp_path: Path) -> None:
    assert readers.find(tmp_path, "en", "de") == []
    with pytest.raises(InputError, match="does not exist"):
        readers.find(tmp_path / "none", "en", "de")


LINE = st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=20)


@given(lines=st.lists(st.tuples(LINE, LINE), min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_survives(tmp_path: Path, lines: list[tuple[str, str]]) -> None:
    folder = tmp_path / "any"
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    marker = "\N{SNOWMAN}"  # so that no text looks like another encoding or like binary data
    lines = [(marker + a.replace("\0", ""), marker + b.replace("\0", "")) for a, b in lines]
    moses(folder, en=[a for a, _ in lines], de=[b for _, b in lines])
    assert texts(read(folder)) == lines
    (folder / "c.en").unlink()
    (folder / "x.jsonl").write_text(
        "\n".join(json.dumps({"en": a, "de": b}) for a, b in lines), "utf-8"
    )
    assert texts(read(folder)) == lines


@pytest.mark.skipif("VERSO_DATA" not in os.environ, reason="needs VERSO_DATA")
def test_the_training_data() -> None:
    folder = Path(os.environ["VERSO_DATA"]) / "train"
    (reader,) = readers.find(folder, "en", "zh-Hant")
    first = next(reader.read())
    assert isinstance(first, Pair)
    assert (first.line, first.domain, first.to) == (1, "game", "zh-Hant")
    assert licences(folder)["wesnoth"].licence == "GPL-2+"
