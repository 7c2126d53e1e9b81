"""A job's segments as a reviewer asks for them: filtered, counted, a page at a time.

All of it is asked of the store, so that a book of any length costs no more than its page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

from translator.records import Entry, entry_of_row
from translator.store import Store
from translator.types import BlockKind, Provenance, Status

# What a reviewer can ask for, as a condition on a row of ``segments``. A segment needs a look
# when it failed or the checks found something, until a person has written or confirmed it.
_FLAGGED = "(status = 'failed' OR checks != '[]') AND provenance != 'person'"
SHOWN = {
    "all": "1",
    "flagged": _FLAGGED,
    "failed": f"status = '{Status.FAILED.value}'",
    "translated": f"status = '{Status.TRANSLATED.value}'",
    "kept": f"status = '{Status.KEPT.value}'",
    "edited": f"provenance = '{Provenance.PERSON.value}'",
    "waiting": "(status IS NULL OR again IS NOT NULL)",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show. ``shown`` is a key of :data:`SHOWN`, ``check`` the name of a finding,
    ``section`` a chapter (``None``: all), ``text`` occurs in the source or the target."""

    shown: str = "all"
    check: str = ""
    section: str | None = None
    text: str = ""

    def condition(self, job_id: str) -> tuple[str, list[object]]:
        """The filter as SQL, with its values."""
        parts, values = ["job = ?", SHOWN.get(self.shown, "1")], cast(list[object], [job_id])
        if self.check:
            parts.append("EXISTS (SELECT 1 FROM json_each(checks) WHERE value ->> 0 = ?)")
            values.append(self.check)
        if self.section is not None:
            parts.append("section = ?")
            values.append(self.section)
        if wanted := self.text.strip().casefold():
            parts.append("(instr(folded(source), ?) OR instr(folded(target), ?))")
            values += [wanted, wanted]
        return " AND ".join(parts), values


@dataclass(frozen=True, slots=True)
class Row:
    """A segment with its place in the book, from 0."""

    number: int
    entry: Entry


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the book that can be chosen; ``title`` is empty where it has no heading."""

    section: str
    title: str
    segments: int


@dataclass(frozen=True, slots=True)
class Summary:
    """A book in numbers: segments for each key of :data:`SHOWN`, and for each finding.

    ``unwritten`` edits are later than the written book. ``stamp`` changes with anything here.
    """

    shown: dict[str, int] = field(default_factory=dict)
    checks: dict[str, int] = field(default_factory=dict)
    unwritten: int = 0
    stamp: str = ""


class Review:
    """Questions about the segments of one job."""

    def __init__(self, store: Store, job_id: str) -> None:
        self._store = store
        self._job_id = job_id

    def rows(self, asked: Filter, first: int, count: int) -> list[Row]:
        """``count`` segments that the filter lets through, after the ``first`` ones."""
        where, values = asked.condition(self._job_id)
        rows = self._store.query(
            f"SELECT * FROM segments WHERE {where} ORDER BY ordinal LIMIT ? OFFSET ?",
            *values, count, first,
        )  # fmt: skip
        return [Row(row["ordinal"], entry_of_row(row)) for row in rows]

    def row(self, number: int) -> Row | None:
        """The segment at a place of the book."""
        rows = self._store.query(
            "SELECT * FROM segments WHERE job = ? AND ordinal = ?", self._job_id, number
        )
        return Row(number, entry_of_row(rows[0])) if rows else None

    def count(self, asked: Filter, before: int | None = None) -> int:
        """How many segments the filter lets through (before a place of the book)."""
        where, values = asked.condition(self._job_id)
        if before is not None:
            where += " AND ordinal < ?"
            values.append(before)
        return int(self._store.query(f"SELECT COUNT(*) FROM segments WHERE {where}", *values)[0][0])

    def numbers(self, asked: Filter) -> list[int]:
        """The places of all segments that the filter lets through."""
        where, values = asked.condition(self._job_id)
        sql = f"SELECT ordinal FROM segments WHERE {where} ORDER BY ordinal"
        return [row[0] for row in self._store.query(sql, *values)]

    def flagged_after(self, number: int, asked: Filter, step: int = 1) -> int | None:
        """The next place with a segment that needs a look (``step`` -1: the one before)."""
        where, values = asked.condition(self._job_id)
        sign, order = ("<", "DESC") if step < 0 else (">", "ASC")
        rows = self._store.query(
            f"SELECT ordinal FROM segments WHERE {where} AND {_FLAGGED} AND ordinal {sign} ?"
            f" ORDER BY ordinal {order} LIMIT 1",
            *values, number,
        )  # fmt: skip
        return int(rows[0][0]) if rows else None

    def chapters(self) -> list[Chapter]:
        """The parts of the book in their order, each with its first heading."""
        parts = self._store.query(
            "SELECT section, MIN(ordinal), COUNT(*) FROM segments WHERE job = ?"
            " GROUP BY section ORDER BY 2",
            self._job_id,
        )
        headings = self._store.query(
            "SELECT section, source FROM segments WHERE job = ? AND kind = ? ORDER BY ordinal DESC",
            self._job_id, BlockKind.HEADING.value,
        )  # fmt: skip
        titles = dict(map(tuple, headings))  # the last one wins: the first of its section
        return [Chapter(name, titles.get(name, ""), count) for name, _, count in parts]

    def summary(self) -> Summary:
        """The book in numbers."""
        sums = ", ".join(f'SUM({condition}) AS "{name}"' for name, condition in SHOWN.items())
        row = self._store.query(
            f"SELECT {sums}, MAX(updated) AS latest FROM segments WHERE job = ?", self._job_id
        )[0]
        checks = self._store.query(
            "SELECT finding.value ->> 0 AS name, COUNT(DISTINCT ordinal) FROM segments,"
            " json_each(segments.checks) AS finding WHERE job = ? GROUP BY 1 ORDER BY 2 DESC, 1",
            self._job_id,
        )
        shown = {name: row[name] or 0 for name in SHOWN}
        unwritten = unwritten_edits(self._store, [self._job_id]).get(self._job_id, 0)
        stamp = f"{row['latest']}-{shown['waiting']}-{shown['all']}-{unwritten}"
        return Summary(shown, dict(map(tuple, checks)), unwritten, stamp)


def unwritten_edits(store: Store, job_ids: Sequence[str]) -> dict[str, int]:
    """How many edits of each job are later than its written book; jobs without are left out."""
    marks = ", ".join("?" * len(job_ids))
    rows = store.query(
        "SELECT job, COUNT(*) FROM segments JOIN jobs ON jobs.id = job"
        f" WHERE job IN ({marks}) AND provenance = 'person' AND updated > written GROUP BY job",
        *job_ids,
    )
    return dict(map(tuple, rows))
