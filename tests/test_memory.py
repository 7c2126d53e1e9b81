"""The translation memory: what counts as the same question, and whose answer counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.errors import InputError, VersoError
from translator.markup import closing, opening, single
from translator.memory import Asked, LayeredMemory, Memory, Origin, Unit
from translator.memory_units import numbered, renumbered
from translator.types import Sampling

ASKED = Asked("A whale.", "en", "de", "m|1", "f1", "", (), (), Sampling())


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    memory = Memory(tmp_path / "home" / "memory.db")
    yield memory
    memory.close()


def targets(memory: Memory | LayeredMemory, asked: Asked = ASKED) -> list[str]:
    return [unit.target for unit in memory.find(asked)]


def test_all_that_changes_an_output_changes_the_key(memory: Memory) -> None:
    memory.learn(ASKED, "Ein Wal.", "m")
    assert targets(memory) == ["Ein Wal."]
    other = {
        "text": "A ship.", "source": "fr", "target": "ja", "model": "m|2", "prompt": "f2",
        "style": "formal", "terms": (("whale", "Wal"),), "context": (("Before.", ""),),
        "sampling": Sampling(seed=1),
    }  # fmt: skip
    assert other.keys() == {field.name for field in fields(Asked)}
    for name, value in other.items():
        changed = replace(ASKED, **{name: value})  # type: ignore[arg-type]
        assert changed.key != ASKED.key
        assert targets(memory, changed) == []


def test_a_person_wins_whatever_the_model(memory: Memory) -> None:
    memory.add([Unit("A whale.", "Ein Fisch.", "en", "de")])
    memory.learn(ASKED, "Ein Wal.", "m")
    assert targets(memory) == ["Ein Fisch.", "Ein Wal."]
    memory.edit("A whale.", "Ein Walfisch.", "en", "de")
    assert targets(memory) == ["Ein Walfisch.", "Ein Fisch.", "Ein Wal."]
    assert targets(memory, replace(ASKED, model="x", style="plain"))[0] == "Ein Walfisch."
    memory.edit("A whale.", "Ein Pottwal.", "en", "de")
    assert targets(memory)[0] == "Ein Pottwal."
    # An older file does not take back what a person wrote since; a newer one does.
    memory.add([Unit("A whale.", "Alt.", "en", "de", Origin.PERSON, created=1.0)])
    assert targets(memory)[0] == "Ein Pottwal."
    memory.add([Unit("A whale.", "Neu.", "en", "de", Origin.PERSON, created=4e9)])
    assert targets(memory)[0] == "Neu."


def test_edits_must_fit(memory: Memory) -> None:
    source = f"A {opening(3)}big{closing(3)} whale."
    for wrong in ("", "Ein Wal.", f"Ein {closing(3)}großer{opening(3)} Wal."):
        with pytest.raises(InputError):
            memory.edit(source, wrong, "en", "de")
    memory.edit(source, f"Ein {opening(3)}großer{closing(3)} Wal.", "en", "de")
    # Found in another place, where the tags have other numbers.
    elsewhere = replace(ASKED, text=source.replace("3", "8"))
    assert targets(memory, elsewhere) == [f"Ein {opening(8)}großer{closing(8)} Wal."]
    assert targets(memory, replace(ASKED, text="A big whale.")) == []


@given(st.lists(st.sampled_from([opening(5), closing(5), single(2), single(9), "a", " 2"])))
def test_numbering_can_be_undone(pieces: list[str]) -> None:
    text = "".join(pieces)
    normal, numbers = numbered(text)
    assert renumbered(normal, {new: old for old, new in numbers.items()}) == text
    assert sorted(numbers.values()) == list(range(1, len(numbers) + 1))


def test_similar_texts(memory: Memory) -> None:
    tagged = f"The {opening(1)}white{closing(1)} whale swam away."
    memory.add([
        Unit("The white whale swam away.", "plain", "en", "de"),
        Unit(tagged, "tagged", "en", "de"),
        Unit("The white whale swam away again.", "again", "en", "de"),
        Unit("Nobody had seen the ship.", "ship", "en", "de"),
        Unit("The white whale swam away.", "French", "en", "fr"),
    ])  # fmt: skip
    memory.edit("The white whale swam away.", "edited", "en", "de")
    found = memory.similar("The white whale swam away.", "en", "de")
    assert [(match.unit.target, match.score) for match in found[:2]] == [
        ("edited", 100.0), ("tagged", 99.0),
    ]  # fmt: skip
    assert found[2].unit.target == "again"
    assert 80 < found[2].score < 99
    assert len(found) == 3
    same_tags = memory.similar(tagged.replace("1", "4"), "en", "de", limit=1)
    assert [(match.unit.target, match.score) for match in same_tags] == [("tagged", 100.0)]
    assert memory.similar("Nobody had seen the ship", "en", "de", minimum=0.0)
    assert memory.similar("", "en", "de") == []


def test_all_units_page_by_page(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("translator.memory._BATCH", 7)
    units = [Unit(f"text {n}", "x", "en", "de", created=float(n // 3 + 1)) for n in range(50)]
    units += [Unit("texte", "x", "fr", "de", created=99.0)]
    assert memory.add(units) == 51
    assert memory.add(units) == 51
    assert sorted(memory.units(), key=lambda u: units.index(u)) == units
    assert [unit.source for unit in memory.units("fr")] == ["texte"]
    assert list(memory.units("", "ja")) == []
    assert memory.counts() == {
        ("en", "de"): {Origin.IMPORTED: 50}, ("fr", "de"): {Origin.IMPORTED: 1},
    }  # fmt: skip


def test_layers(memory: Memory, tmp_path: Path) -> None:
    own = Memory(tmp_path / "own.db")
    own.add([Unit("A whale.", "own", "en", "de")])
    memory.add([Unit("A whale.", "shared", "en", "de")])
    both = LayeredMemory(memory, own)
    both.learn(ASKED, "model", "m")
    assert targets(both) == ["own", "shared", "model"]
    memory.edit("A whale.", "person", "en", "de")
    assert targets(both) == ["person", "own", "shared", "model"]
    assert targets(LayeredMemory(None, own)) == ["own"]
    LayeredMemory(None, own).learn(ASKED, "model", "m")
    assert targets(LayeredMemory(None, own)) == ["own"]
    own.close()


def test_files_that_cannot_be_a_memory(tmp_path: Path) -> None:
    (tmp_path / "memory.db").write_text("no database, but long enough to be looked at" * 9)
    for path in (tmp_path / "memory.db", tmp_path):
        with pytest.raises(VersoError, match="translation memory"):
            Memory(path)
