"""Proofreading an alignment: rows, what a person did to them, and the way back.

A folder holds ``alignment.json`` (what :func:`trainer.align_output.write_json` writes) and
``changes.jsonl``, a line for each change, on disk before the page hears of it. Opening replays
them, so a crash costs nothing; a line that was cut off by one is taken away.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from trainer import proofread_rows
from trainer.proofread_rows import Change, Row, Side, State
from translator import languages
from translator.errors import InputError
from translator.languages import Language

ALIGNMENT = "alignment.json"
CHANGES = "changes.jsonl"
LEAST = 0.5  # confidence below which an unseen pair is not exported
UNSURE = 0.7  # confidence below which a person had better look

Shown = Literal["all", "unsure", "alone", "changed", "dropped"]
Order = Literal["text", "confidence"]


@dataclass(frozen=True, slots=True)
class Edition:
    """One of the two texts."""

    name: str
    language: Language


@dataclass(frozen=True, slots=True)
class Placed:
    """A row and its place in the text, from 0."""

    at: int
    row: Row


def is_unsure(row: Row) -> bool:
    """Whether a person had better look: nobody did, and it may well be wrong."""
    return row.state is State.OPEN and row.confidence < UNSURE


class Proofreading:
    """One alignment with all that was done to it. Safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        """Open a folder. Raises :class:`InputError` if what is in it cannot be read."""
        self._lock = threading.RLock()
        self._journal = folder / CHANGES
        self._done: list[Change] = []
        try:
            data = json.loads((folder / ALIGNMENT).read_text("utf-8"))
            self.source, self.target = _edition(data["source"]), _edition(data["target"])
            self.rows = _rows(data)
            self._next_id = len(self.rows)
            self._replay()
            self._size = _size(self._journal)
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise InputError(
                "This alignment cannot be read.", "Align the two editions again."
            ) from error

    def placed(self, row_id: int) -> Placed:
        """A row by its id. Raises :class:`InputError` if it is no more."""
        for at, row in enumerate(self.rows):
            if row.id == row_id:
                return Placed(at, row)
        raise InputError("This row is no more: it was merged or undone.", "Load the page again.")

    def filtered(self, shown: Shown, text: str = "", order: Order = "text") -> list[Placed]:
        """The rows of a kind that hold a text on either side, whatever its case."""
        wanted = text.casefold()
        with self._lock:
            found = [
                Placed(at, row)
                for at, row in enumerate(self.rows)
                if _is_shown(row, shown)
                and (not wanted or any(wanted in s.casefold() for s in (*row.source, *row.target)))
            ]
        if order == "confidence":
            found.sort(key=lambda one: (one.row.state is not State.OPEN, one.row.confidence))
        return found

    def counts(self) -> Counter[str]:
        """How many rows there are of each kind that :meth:`filtered` knows, and "right"."""
        with self._lock:
            counts: Counter[str] = Counter()
            for row in self.rows:
                counts["all"] += 1
                counts["unsure"] += is_unsure(row)
                counts["alone"] += not row.linked
                counts["changed"] += row.state is State.CHANGED
                counts["dropped"] += row.state is State.DROPPED
                counts["right"] += row.state is State.RIGHT
        return counts

    def pairs(self, least: float = LEAST) -> list[Row]:
        """The rows to export (:meth:`Row.exported`)."""
        with self._lock:
            return [row for row in self.rows if row.exported(least)]

    def is_current(self) -> bool:
        """Whether nobody else (another Verso) has written to the file since."""
        return self._size == _size(self._journal)

    @property
    def steps(self) -> int:
        """How many changes can be taken back."""
        return len(self._done)

    def merge(self, row_id: int) -> int:
        """Merge a row with the one below it. This and the others return the id to look at next."""
        with self._lock:
            return self._do(proofread_rows.merged(self.rows, self.placed(row_id).at))

    def split(self, row_id: int, source: int | None = None, target: int | None = None) -> int:
        """Split a row: how many sentences of a side stay in the upper one, or wherever it fits."""
        cuts: dict[Side, int] = {}
        if source is not None:
            cuts["source"] = source
        if target is not None:
            cuts["target"] = target
        with self._lock:
            at = self.placed(row_id).at
            return self._do(proofread_rows.split(self.rows, at, cuts, self._next_id))

    def move(self, row_id: int, side: Side, up: bool) -> int:
        """Move the first sentence of a side to the row above, or the last to the row below."""
        with self._lock:
            at = self.placed(row_id).at
            change = proofread_rows.moved(self.rows, at, side, up, self._next_id)
            self._do(change)
            return next((r.id for r in change.new if r.id == row_id), change.new[0].id)

    def mark(self, row_id: int, state: State) -> int:
        """Say that a row is right, dropped, or to be looked at again."""
        with self._lock:
            return self._do(proofread_rows.marked(self.rows, self.placed(row_id).at, state))

    def edit(self, row_id: int, source: str, target: str) -> int:
        """Write other texts into a row, a sentence a line."""
        with self._lock:
            at = self.placed(row_id).at
            return self._do(proofread_rows.edited(self.rows, at, source, target))

    def undo(self) -> int:
        """Take back the last change. Raises :class:`InputError` if there is none."""
        with self._lock:
            if not self._done:
                raise InputError("There is nothing to undo.")
            self._write({"undo": True})
            change = self._done.pop().undone()
            proofread_rows.applied(self.rows, change)
            return change.new[0].id

    def _do(self, change: Change) -> int:
        if change.old == change.new:
            return change.new[0].id
        self._write(
            {
                "at": change.at,
                "old": len(change.old),
                "new": [row.data() for row in change.new],
            }
        )
        self._carry_out(change)
        return change.new[0].id

    def _carry_out(self, change: Change) -> None:
        proofread_rows.applied(self.rows, change)
        self._done.append(change)
        self._next_id = max(self._next_id, *(row.id + 1 for row in change.new))

    def _write(self, line: dict[str, Any]) -> None:
        try:
            with self._journal.open("ab") as file:
                file.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
            self._size = _size(self._journal)
        except OSError as error:
            raise InputError(
                f"The change cannot be saved: {error.strerror}.", "Is the disk full?"
            ) from error

    def _replay(self) -> None:
        if not self._journal.exists():
            return
        with self._journal.open("r+b") as file:
            whole = 0
            for line in file:
                if not line.endswith(b"\n"):
                    break
                whole += len(line)
                data = json.loads(line)
                if "undo" in data:
                    proofread_rows.applied(self.rows, self._done.pop().undone())
                    continue
                at = int(data["at"])
                old = tuple(self.rows[at : at + int(data["old"])])
                self._carry_out(Change(at, old, tuple(map(Row.of, data["new"]))))
            file.truncate(whole)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _edition(data: dict[str, Any]) -> Edition:
    return Edition(str(data["file"]), languages.get(data["language"]))


def _rows(data: dict[str, Any]) -> list[Row]:
    source, target = data["source"]["sentences"], data["target"]["sentences"]
    return [
        Row(number, _texts(source, bead["source"]), _texts(target, bead["target"]),
            float(bead["confidence"]))
        for number, bead in enumerate(data["beads"])
    ]  # fmt: skip


def _texts(sentences: Sequence[str], numbers: Sequence[int]) -> tuple[str, ...]:
    return tuple(sentences[number] for number in numbers)


def _is_shown(row: Row, shown: Shown) -> bool:
    if shown == "unsure":
        return is_unsure(row)
    if shown == "alone":
        return not row.linked
    return shown == "all" or row.state.value == shown
