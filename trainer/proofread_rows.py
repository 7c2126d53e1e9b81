"""The rows of a proofreading: sentences of both sides that belong together, and how to change them.

Every change replaces some neighbouring rows by others. None loses a sentence: what is not wanted
is dropped, which keeps the row and leaves it out of what is exported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from typing import Any, Literal

from translator import lengths
from translator.errors import InputError

Side = Literal["source", "target"]
_MOST_SENTENCES = 200  # of one side of a row that a person wrote


class State(StrEnum):
    """What a person said of a row; ``OPEN``: nothing yet."""

    OPEN = "open"
    RIGHT = "right"
    CHANGED = "changed"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Row:
    """Consecutive sentences and their translation; a side without any is an empty tuple.

    ``id`` stays while the row is what it is, across moves of others. ``confidence`` is the
    aligner's, 0 to 1; it means nothing once a person has changed the row.
    """

    id: int
    source: tuple[str, ...]
    target: tuple[str, ...]
    confidence: float
    state: State = State.OPEN

    @property
    def linked(self) -> bool:
        """Whether there is something on both sides."""
        return bool(self.source) and bool(self.target)

    def exported(self, least: float) -> bool:
        """Whether it is a pair that counts: of a person, or at least as sure as ``least``."""
        if not self.linked or self.state is State.DROPPED:
            return False
        return self.state is not State.OPEN or self.confidence >= least

    def data(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "id": self.id,
            "source": list(self.source),
            "target": list(self.target),
            "confidence": self.confidence,
            "state": self.state.value,
        }

    @classmethod
    def of(cls, data: dict[str, Any]) -> Row:
        """What :meth:`data` gave."""
        return cls(
            int(data["id"]),
            tuple(map(str, data["source"])),
            tuple(map(str, data["target"])),
            float(data["confidence"]),
            State(data["state"]),
        )


@dataclass(frozen=True, slots=True)
class Change:
    """``old`` rows from place ``at`` on become the ``new`` ones."""

    at: int
    old: tuple[Row, ...]
    new: tuple[Row, ...]

    def undone(self) -> Change:
        """The change that takes this one back."""
        return Change(self.at, self.new, self.old)


def merged(rows: Sequence[Row], at: int) -> Change:
    """A row and the one below it as one. Raises :class:`InputError` at the last row."""
    if at + 1 >= len(rows):
        raise InputError("There is no row below this one to merge with.")
    a, b = rows[at], rows[at + 1]
    one = Row(a.id, a.source + b.source, a.target + b.target, 0.0, State.CHANGED)
    return Change(at, (a, b), (one,))


def split(rows: Sequence[Row], at: int, cuts: dict[Side, int], new_id: int) -> Change:
    """A row as two. ``cuts``: how many sentences of a side stay in the upper one.

    A side that is not named is cut where the lengths fit best. Raises :class:`InputError` for a
    row of one sentence on each side, or a cut that leaves one of the two rows empty.
    """
    row = rows[at]
    if max(len(row.source), len(row.target)) < 2:
        raise InputError(
            "There is nothing to split here.",
            "To cut a sentence in two, edit it and begin a new line where it should be cut.",
        )
    source, target = _best_cut(row, cuts)
    upper = Row(row.id, row.source[:source], row.target[:target], 0.0, State.CHANGED)
    lower = Row(new_id, row.source[source:], row.target[target:], 0.0, State.CHANGED)
    if not (upper.source or upper.target) or not (lower.source or lower.target):
        raise InputError("One of the two rows would be empty.", "Cut elsewhere.")
    return Change(at, (row,), (upper, lower))


def moved(rows: Sequence[Row], at: int, side: Side, up: bool, new_id: int) -> Change:
    """The first sentence of a side to the row above, or the last one to the row below.

    At the end of the text a new row takes it. A row that nothing is left of goes away. Raises
    :class:`InputError` where the side is empty.
    """
    row = rows[at]
    sentences = _of(row, side)
    if not sentences:
        raise InputError(f"There is no {side} sentence in this row to move.")
    going, left = (sentences[0], sentences[1:]) if up else (sentences[-1], sentences[:-1])
    rest = _with(row, side, left)
    kept = (rest,) if rest.source or rest.target else ()
    other = at - 1 if up else at + 1
    if not 0 <= other < len(rows):
        if not kept:
            raise InputError("This sentence is at the end of the text already.")
        fresh = _with(Row(new_id, (), (), 0.0), side, (going,))
        return Change(at, (row,), (fresh, *kept) if up else (*kept, fresh))
    there = rows[other]
    held = _of(there, side)
    taken = _with(there, side, (*held, going) if up else (going, *held))
    if up:
        return Change(other, (there, row), (taken, *kept))
    return Change(at, (row, there), (*kept, taken))


def marked(rows: Sequence[Row], at: int, state: State) -> Change:
    """A row with another state."""
    row = rows[at]
    return Change(at, (row,), (replace(row, state=state),))


def edited(rows: Sequence[Row], at: int, source: str, target: str) -> Change:
    """A row with other texts, a sentence a line.

    Raises :class:`InputError` where both are empty, or a text has hundreds of lines.
    """
    row = rows[at]
    sides = [tuple(line for raw in text.split("\n") if (line := " ".join(raw.split())))
             for text in (source, target)]  # fmt: skip
    if not any(sides):
        raise InputError("Both sides are empty.", "Drop the row instead: it can be brought back.")
    if max(map(len, sides)) > _MOST_SENTENCES:
        raise InputError(f"A row holds {_MOST_SENTENCES} sentences at most.", "Split it first.")
    return Change(
        at, (row,), (replace(row, source=sides[0], target=sides[1], state=State.CHANGED),)
    )


def applied(rows: list[Row], change: Change) -> None:
    """Carry out a change in place."""
    rows[change.at : change.at + len(change.old)] = change.new


def _of(row: Row, side: Side) -> tuple[str, ...]:
    return row.source if side == "source" else row.target


def _with(row: Row, side: Side, sentences: tuple[str, ...]) -> Row:
    # A dropped row that is given another sentence comes back: nothing goes away unseen.
    if side == "source":
        return replace(row, source=sentences, state=State.CHANGED)
    return replace(row, target=sentences, state=State.CHANGED)


def _best_cut(row: Row, cuts: dict[Side, int]) -> tuple[int, int]:
    """Where to cut both sides, so that the upper parts are an equal share of each."""
    shares = [_shares(_of(row, side)) for side in ("source", "target")]
    choices = [
        [cuts[side]] if side in cuts else _places(_of(row, side)) for side in ("source", "target")
    ]
    for side, known in zip(("source", "target"), shares, strict=True):
        if side in cuts and not 0 <= cuts[side] < len(known):
            raise InputError("There is no such place to cut.", "Load the page again.")
    return min(
        ((i, j) for i in choices[0] for j in choices[1]),
        key=lambda cut: (
            abs(shares[0][cut[0]] - shares[1][cut[1]]),
            abs(shares[0][cut[0]] + shares[1][cut[1]] - 1.0),
        ),
    )


def _places(sentences: tuple[str, ...]) -> list[int]:
    """Between sentences; around a single one, which cannot be cut."""
    return list(range(1, len(sentences))) or [0, len(sentences)]


def _shares(sentences: tuple[str, ...]) -> list[float]:
    """The share of the text that stands before each place, 0 to 1."""
    sizes = [0.0, *(lengths.size(sentence) for sentence in sentences)]
    total = sum(sizes) or 1.0
    return [before / total for before in accumulate(sizes)]
