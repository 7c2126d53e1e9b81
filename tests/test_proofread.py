"""Proofreading an alignment: operations, their journal, what is exported."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer import proofread_output, readers
from trainer.alignments import About, write_about
from trainer.background import STATUS
from trainer.proofread import ALIGNMENT, CHANGES, Proofreading
from trainer.proofread_rows import Row, State
from translator import tmx
from translator.errors import InputError
from translator.memory import Origin

BEADS = [
    ([0], [0], 0.9),
    ([1, 2], [1], 0.4),
    ([], [2], 0.95),
    ([3], [], 0.6),
    ([4], [3, 4], 0.97),
]
SOURCE = ["One.", "Two is longer.", "Three.", "Four.", "Five and six."]
TARGET = ["Eins.", "Zwei ist länger, drei.", "Nur hier.", "Fünf.", "Und sechs."]


def alignment(folder: Path, source: list[str], target: list[str], beads: list[Any]) -> Path:
    """A folder as the aligner leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    sides = {
        name: {"file": f"{name}.txt", "language": tag, "sentences": sentences}
        for name, tag, sentences in (("source", "en", source), ("target", "de", target))
    }
    rows = [{"source": a, "target": b, "confidence": c} for a, b, c in beads]
    (folder / ALIGNMENT).write_text(json.dumps({**sides, "beads": rows}), "utf-8")
    return folder


def stored(home: Path, name: str, source: list[str], target: list[str], beads: list[Any]) -> Path:
    """An alignment of a data home, ready to be proofread."""
    folder = alignment(home / "alignments" / name, source, target, beads)
    write_about(folder, About("Tale", "a.txt", "b.txt", "en", "de", 1.0))
    (folder / STATUS).write_text('{"state": "done"}')
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return alignment(tmp_path / "one", SOURCE, TARGET, BEADS)


def sides(rows: list[Row]) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(row.source, row.target) for row in rows]


def test_rows_are_the_beads(folder: Path) -> None:
    work = Proofreading(folder)
    assert work.source.language.tag == "en"
    assert sides(work.rows)[1] == (("Two is longer.", "Three."), ("Zwei ist länger, drei.",))
    assert [row.linked for row in work.rows] == [True, True, False, False, True]
    assert [row.exported(0.5) for row in work.rows] == [True, False, False, False, True]


def test_merge_takes_the_row_below(folder: Path) -> None:
    work = Proofreading(folder)
    assert work.merge(2) == 2
    assert sides(work.rows)[2] == (("Four.",), ("Nur hier.",))
    assert work.rows[2].state is State.CHANGED
    with pytest.raises(InputError, match="no row below"):
        work.merge(4)
    with pytest.raises(InputError, match="no more"):
        work.merge(3)


def test_split_where_the_lengths_fit(folder: Path) -> None:
    work = Proofreading(folder)
    work.merge(0)
    work.split(0)
    assert sides(work.rows)[:2] == [
        (("One.",), ("Eins.",)),
        (("Two is longer.", "Three."), ("Zwei ist länger, drei.",)),
    ]
    assert len({row.id for row in work.rows}) == len(work.rows)


def test_split_at_a_place_that_a_person_chose(folder: Path) -> None:
    work = Proofreading(folder)
    work.split(4, target=1)
    assert sides(work.rows)[4:] == [((), ("Fünf.",)), (("Five and six.",), ("Und sechs.",))]
    with pytest.raises(InputError, match="nothing to split"):
        work.split(0)
    for cut in (0, 7, -1):
        with pytest.raises(InputError):
            work.split(1, source=cut, target=min(cut, 1))


def test_moves_within_and_past_the_ends(folder: Path) -> None:
    work = Proofreading(folder)
    assert work.move(2, "target", up=True) == 1  # nothing is left of its row
    assert sides(work.rows)[1] == (
        ("Two is longer.", "Three."),
        ("Zwei ist länger, drei.", "Nur hier."),
    )
    assert work.move(1, "source", up=False) == 1
    assert sides(work.rows)[2] == (("Three.", "Four."), ())
    work.move(4, "target", up=False)
    assert sides(work.rows)[-1] == ((), ("Und sechs.",))
    work.move(0, "source", up=True)
    assert sides(work.rows)[:2] == [(("One.",), ()), ((), ("Eins.",))]
    with pytest.raises(InputError, match="end of the text"):
        work.move(work.rows[0].id, "source", up=True)
    with pytest.raises(InputError, match="no source sentence"):
        work.move(work.rows[-1].id, "source", up=True)


def test_a_dropped_row_comes_back_when_it_is_given_a_sentence(folder: Path) -> None:
    work = Proofreading(folder)
    work.mark(0, State.DROPPED)
    assert not work.rows[0].exported(0.0)
    work.move(1, "source", up=True)
    assert work.rows[0].state is State.CHANGED
    assert work.rows[0].exported(1.0)


def test_an_edit_holds_a_sentence_a_line(folder: Path) -> None:
    work = Proofreading(folder)
    work.edit(0, " One  and\n\n a half. ", "Eins.")
    assert work.rows[0].source == ("One and", "a half.")
    for texts in (("", " \n"), ("x\n" * 201, "y")):
        with pytest.raises(InputError):
            work.edit(0, *texts)


def test_filters_and_order(folder: Path) -> None:
    work = Proofreading(folder)

    def shown(*asked: Any) -> list[int]:
        return [one.row.id for one in work.filtered(*asked)]

    assert shown("unsure") == [1, 3]
    assert shown("alone") == [2, 3]
    assert shown("all", "SECHS") == [4]
    work.mark(1, State.RIGHT)
    work.mark(0, State.DROPPED)
    assert shown("unsure") == [3]
    assert shown("dropped") == [0]
    assert shown("all", "", "confidence") == [3, 2, 4, 1, 0]
    assert work.counts() == {"all": 5, "unsure": 1, "alone": 2, "dropped": 1, "right": 1,
                             "changed": 0}  # fmt: skip


def test_all_of_it_survives_and_can_be_undone(folder: Path) -> None:
    work = Proofreading(folder)
    before = list(work.rows)
    work.merge(0)
    work.edit(4, "Five.", "Fünf.\nUnd sechs.")
    work.undo()
    work.move(0, "target", up=False)
    again = Proofreading(folder)
    assert again.rows == work.rows
    assert again.steps == 2
    while again.steps:
        again.undo()
    assert again.rows == before
    with pytest.raises(InputError, match="nothing to undo"):
        again.undo()
    assert Proofreading(folder).rows == before


def test_a_line_that_a_crash_cut_off_is_taken_away(folder: Path) -> None:
    work = Proofreading(folder)
    work.merge(0)
    whole = (folder / CHANGES).read_bytes()
    (folder / CHANGES).write_bytes(whole + b'{"at": 0, "old": 2, "ne')
    again = Proofreading(folder)
    assert again.rows == work.rows
    assert (folder / CHANGES).read_bytes() == whole
    again.merge(0)
    assert len(Proofreading(folder).rows) == 3


def test_another_verso_is_noticed(folder: Path) -> None:
    one, other = Proofreading(folder), Proofreading(folder)
    other.merge(0)
    assert not one.is_current()
    assert other.is_current()


def test_what_is_no_alignment_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Proofreading(tmp_path)
    (folder / CHANGES).write_text("{}\n")
    with pytest.raises(InputError, match="cannot be read"):
        Proofreading(folder)


def test_tmx_and_json_lines(folder: Path) -> None:
    work = Proofreading(folder)
    work.mark(0, State.RIGHT)
    work.merge(2)
    assert proofread_output.write_tmx(folder / "pairs.tmx", work) == 3
    units = list(tmx.read(folder / "pairs.tmx"))
    assert [(u.source, u.target, u.origin) for u in units] == [
        ("One.", "Eins.", Origin.PERSON),
        ("Four.", "Nur hier.", Origin.PERSON),
        ("Five and six.", "Fünf. Und sechs.", Origin.IMPORTED),
    ]
    assert proofread_output.write_lines(folder / "pairs.jsonl", work, "Counting") == 3
    [reader] = readers.find(folder / "pairs.jsonl", "en", "de")
    pairs: list[Any] = list(reader.read())
    assert [pair.target for pair in pairs] == ["Eins.", "Nur hier.", "Fünf. Und sechs."]
    assert {(pair.origin, pair.document) for pair in pairs} == {
        ("Counting", "pairs.jsonl#Counting")
    }


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["merge", "split", "cut", "up", "down", "drop", "right", "open", "undo"]),
        st.integers(0, 30),
        st.sampled_from(["source", "target"]),
        st.integers(0, 3),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=8), _STEPS)
def test_no_operation_loses_or_reorders_a_sentence(
    shape: list[tuple[int, int]], steps: list[tuple[str, int, Any, int]]
) -> None:
    beads, n, m = [], 0, 0
    for a, b in shape:
        if a or b:
            beads.append((list(range(n, n + a)), list(range(m, m + b)), 0.5))
            n, m = n + a, m + b
    if not beads:
        return
    source, target = [f"s{k}" + "x" * (k % 4) for k in range(n)], [f"t{k}" for k in range(m)]
    place = Path(tempfile.mkdtemp())
    try:
        work = Proofreading(alignment(place, source, target, beads))
        before = list(work.rows)
        for action, which, side, cut in steps:
            row = work.rows[which % len(work.rows)].id
            try:
                if action == "cut":
                    work.split(row, **{side: cut})
                elif action in ("up", "down"):
                    work.move(row, side, action == "up")
                elif action == "undo":
                    work.undo()
                elif action in ("merge", "split"):
                    getattr(work, action)(row)
                else:
                    states = {"drop": State.DROPPED, "right": State.RIGHT, "open": State.OPEN}
                    work.mark(row, states[action])
            except InputError:
                pass  # refused: nothing may have changed either, which is checked below
            assert [s for row_ in work.rows for s in row_.source] == source
            assert [t for row_ in work.rows for t in row_.target] == target
            assert all(row_.source or row_.target for row_ in work.rows)
            assert len({row_.id for row_ in work.rows}) == len(work.rows)
        assert Proofreading(place).rows == work.rows
        while work.steps:
            work.undo()
        assert work.rows == before
    finally:
        shutil.rmtree(place)
