"""TMX: what is written comes back, what others wrote is read, hostile files are refused."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from translate.storage import tmx as toolkit

from translator import tmx
from translator.errors import InputError
from translator.markup import closing, opening, single
from translator.memory import Origin, Unit

HEAD = '<?xml version="1.0"?><tmx version="1.4"><header srclang="en"/><body>'
TAIL = "</body></tmx>"

# Any character that a book may hold, also those that XML cannot.
texts = st.text(
    st.one_of(
        st.sampled_from("ab &<>\"'\r\n\t\x00\x0b\x1f\x7f\x85\u2028\ufffe\uffff\U0001f40b"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\ufdd0\ufdd1\ufdd2\ufdd3"),
    ),
    min_size=1,
).filter(lambda text: text.strip() != "")


@st.composite
def sides(draw: st.DrawFn) -> tuple[str, str]:
    """A tagged source, numbered as its tags appear, and the same tags around other text."""
    shape = draw(st.lists(st.sampled_from(["pair", "single", "begin", "end"]), max_size=4))

    def side() -> str:
        pieces = [draw(texts)]
        for number, kind in enumerate(shape, 1):
            if kind == "pair":
                pieces += [opening(number), draw(texts), closing(number)]
            else:
                pieces.append({"single": single, "begin": opening, "end": closing}[kind](number))
            pieces.append(draw(texts))
        return "".join(pieces)

    return side(), side()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(sides(), max_size=4), st.sampled_from(list(Origin)))
def test_round_trip(tmp_path: Path, pairs: list[tuple[str, str]], origin: Origin) -> None:
    key, model = ("k", "a <model>") if origin is Origin.MODEL else ("", "")
    units = [
        Unit(source, target, "en", "zh-Hant", origin, key, model, 1_700_000_000.0)
        for source, target in pairs
    ]
    path = tmp_path / "memory.tmx"
    assert tmx.write(path, units, "en") == len(units)
    assert list(tmx.read(path)) == units
    assert list(tmp_path.iterdir()) == [path]


def test_translate_toolkit_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    unit = Unit("A whale & a ship", "Ein Wal < zwei", "en", "de", created=1.0)
    tagged = Unit(f"A {opening(1)}big{closing(1)} one{single(2)}", "Groß", "en", "de", created=1.0)
    tmx.write(path, [unit, tagged], "en")
    with path.open("rb") as file:
        store = toolkit.tmxfile(file, "en", "de")
    first, second = store.units
    assert (first.source, first.target) == (unit.source, unit.target)
    assert store.translate(unit.source) == unit.target  # type: ignore[no-untyped-call]
    assert second.target == "Groß"
    assert "big" in second.source


def test_we_read_what_translate_toolkit_writes(tmp_path: Path) -> None:
    path = tmp_path / "memory.tmx"
    store = toolkit.tmxfile()
    store.addtranslation("A whale & a ship", "en", "Ein Wal < zwei", "de")
    store.serialize(path.open("wb"))
    (unit,) = tmx.read(path)
    assert (unit.source, unit.target) == ("A whale & a ship", "Ein Wal < zwei")
    assert (unit.source_language, unit.target_language) == ("en", "de")
    assert unit.origin is Origin.IMPORTED


def body(tmp_path: Path, text: str, head: str = HEAD) -> Path:
    path = tmp_path / "other.tmx"
    path.write_text(head + text + TAIL, encoding="utf-8")
    return path


def test_languages_directions_and_dates_of_others(tmp_path: Path) -> None:
    path = body(
        tmp_path,
        '<tu changedate="20200102T030405Z"><tuv xml:lang="DE-DE"><seg>Wal</seg></tuv>'
        '<tuv xml:lang="EN-US"><seg>whale</seg></tuv>'
        '<tuv lang="zh_TW"><seg>鯨</seg></tuv></tu>'
        '<tu srclang="*all*"><tuv xml:lang="en"><seg>a</seg></tuv>'
        '<tuv xml:lang="fr"><seg>b</seg></tuv></tu>'
        '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="tlh"><seg>b</seg></tuv></tu>'
        '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="de"><seg> </seg></tuv></tu>',
    )
    skipped: Counter[str] = Counter()
    units = list(tmx.read(path, skipped))
    assert [(u.source, u.target, u.source_language, u.target_language) for u in units] == [
        ("whale", "Wal", "en", "de"),
        ("whale", "鯨", "en", "zh-Hant"),
        ("a", "b", "en", "fr"),
        ("b", "a", "fr", "en"),
    ]
    assert units[0].created == 1577934245.0
    assert skipped == {"unknown language": 1, "no text": 1}


def test_tags_of_others(tmp_path: Path) -> None:
    path = body(
        tmp_path,
        '<tu><tuv xml:lang="en"><seg>a <bpt i="7" x="2">{\\b</bpt>big<ept i="7">}</ept> dog'
        '<ph><sub>x</sub></ph><hi type="b">!</hi></seg></tuv><tuv xml:lang="de"><seg>ein <ph/>'
        '<bpt i="1" x="2"/>großer<ept i="1"/> Hund<hi>!</hi><ept i="9"/></seg></tuv></tu>',
    )
    (unit,) = tmx.read(path)
    assert unit.source == f"a {opening(1)}big{closing(1)} dog{single(2)}{opening(3)}!{closing(3)}"
    assert unit.target == (
        f"ein {single(2)}{opening(1)}großer{closing(1)} Hund{opening(3)}!{closing(3)}"
    )


def test_claims_without_a_key_are_not_believed(tmp_path: Path) -> None:
    path = body(
        tmp_path,
        '<tu><prop type="x-verso-origin">model</prop><tuv xml:lang="en"><seg>a</seg></tuv>'
        '<tuv xml:lang="de"><seg>b</seg></tuv></tu>',
    )
    assert [unit.origin for unit in tmx.read(path)] == [Origin.IMPORTED]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE tmx [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + '<!ENTITY file SYSTEM "file:///etc/passwd">]><tmx version="1.4"><header srclang="en"/><body>'
)


@pytest.mark.parametrize("entity", ["i", "file", "a"])
def test_entities_are_refused(tmp_path: Path, entity: str) -> None:
    path = body(
        tmp_path,
        f'<tu><tuv xml:lang="en"><seg>x &{entity};</seg></tuv>'
        '<tuv xml:lang="de"><seg>y</seg></tuv></tu>',
        BOMB,
    )
    with pytest.raises(InputError, match="entit"):
        list(tmx.read(path))


@pytest.mark.parametrize(
    "text", ["", "no xml", "<html/>", "<tmx><body><tu>", "\x00\x01", "<a><b><tu/></b></a>"]
)
def test_what_is_no_tmx_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.tmx"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        list(tmx.read(path))
    with pytest.raises(InputError, match="cannot be read"):
        list(tmx.read(tmp_path))
    with pytest.raises(InputError, match="cannot be written"):
        tmx.write(tmp_path / "no" / "x.tmx", [])


def test_utf16(tmp_path: Path) -> None:
    path = tmp_path / "x.tmx"
    text = HEAD.replace("?>", ' encoding="UTF-16"?>') + (
        '<tu><tuv xml:lang="en"><seg>a</seg></tuv><tuv xml:lang="ko"><seg>고래</seg></tuv></tu>'
    )
    path.write_bytes((text + TAIL).encode("utf-16"))
    assert [unit.target for unit in tmx.read(path)] == ["고래"]


WHOLE = (
    HEAD + '<tu changedate="20200102T030405Z"><prop type="x-verso-origin">person</prop>'
    '<tuv xml:lang="en"><seg>a<bpt i="1" x="2"/>b<ept i="1"/><ph type="x-verso-char">B</ph></seg>'
    '</tuv><tuv xml:lang="de"><seg>c<it pos="end" x="1"/><hi>d</hi><ut/></seg></tuv></tu>' + TAIL
).encode()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, len(WHOLE)), st.integers(0, 40), st.binary(max_size=12))
def test_damage_is_refused_or_read(tmp_path: Path, at: int, gone: int, new: bytes) -> None:
    path = tmp_path / "damaged.tmx"
    path.write_bytes(WHOLE[:at] + new + WHOLE[at + gone :])
    try:
        units = list(tmx.read(path))
    except InputError:
        return
    copy = tmp_path / "copy.tmx"
    tmx.write(copy, units)
    assert list(tmx.read(copy)) == units


def test_compressed(tmp_path: Path) -> None:
    plain, packed = tmp_path / "a.tmx", tmp_path / "a.tmx.gz"
    tmx.write(plain, [Unit("a", "b", "en", "de", created=1_700_000_000.0)], "en")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert list(tmx.read(packed)) == list(tmx.read(plain)) != []
    for broken in (plain.read_bytes(), packed.read_bytes()[:60]):
        packed.write_bytes(broken)
        with pytest.raises(InputError, match="damaged, or not compressed"):
            list(tmx.read(packed))
