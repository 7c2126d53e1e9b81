"""The translation memory: what was translated before is not translated again.

A model's output is found again only under a hash of everything that could have changed it. What a
person wrote, and what came from someone's TMX file, belongs to the text and the two languages
alone: it holds for every model. Of several finds a person's is first.

Tagged texts are kept with their placeholders numbered in order of appearance, so that the same
sentence is found in another place of another book.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from translator import markup
from translator.database import Database
from translator.errors import InputError, VersoError
from translator.memory_units import (
    Asked,
    Match,
    Origin,
    Remembers,
    Unit,
    numbered,
    renumbered,
    text_key,
)

__all__ = ["Asked", "LayeredMemory", "Match", "Memory", "Origin", "Remembers", "Unit"]

VERSION = 1
_BATCH = 1000

_SCHEMA = """
CREATE TABLE units (
    key TEXT NOT NULL,
    origin TEXT NOT NULL,
    source TEXT NOT NULL,
    target TEXT NOT NULL,
    source_language TEXT NOT NULL,
    target_language TEXT NOT NULL,
    size INTEGER NOT NULL,
    model TEXT NOT NULL,
    created REAL NOT NULL,
    PRIMARY KEY (key, origin)
) STRICT;
CREATE INDEX units_size ON units (source_language, target_language, size);
CREATE INDEX units_created ON units (created, key, origin);
"""


class Memory:
    """A memory in one SQLite file. May be used from any thread and by several processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._database = Database(path, "translation memory")
        with self._database.writing() as db:
            self._prepare(db)

    def close(self) -> None:
        """Close the file. The memory cannot be used afterwards."""
        self._database.close()

    def find(self, asked: Asked) -> list[Unit]:
        """See :class:`Remembers`."""
        source, numbers = numbered(asked.text)
        keys = (text_key(source, asked.source, asked.target), asked.key)
        with self._database.reading() as db:
            rows = db.execute("SELECT * FROM units WHERE key IN (?, ?)", keys).fetchall()
        units = sorted(map(_unit, rows), key=lambda unit: list(Origin).index(unit.origin))
        back = {new: old for old, new in numbers.items()}
        return [replace(unit, target=renumbered(unit.target, back)) for unit in units]

    def written(self, source: str, target: str) -> bool:
        """See :class:`Remembers`."""
        with self._database.reading() as db:
            row = db.execute(
                "SELECT 1 FROM units WHERE source_language = ? AND target_language = ?"
                " AND origin != ? LIMIT 1",
                (source, target, Origin.MODEL.value),
            ).fetchone()
        return row is not None

    def learn(self, asked: Asked, target: str, model: str) -> None:
        """See :class:`Remembers`."""
        source, numbers = numbered(asked.text)
        target = renumbered(target, numbers)
        self.add([
            Unit(
                source, target, asked.source, asked.target, Origin.MODEL, asked.key, model,
                time.time(),
            )
        ])  # fmt: skip

    def edit(self, source: str, target: str, source_language: str, target_language: str) -> None:
        """Keep what a person wrote: from now on it stands for this text, whatever the model.

        Raises :class:`InputError` if it is empty or its placeholders are not those of the source.
        """
        if not markup.plain(target).strip():
            raise InputError("The translation is empty.")
        if problem := markup.problems(source, target):
            raise InputError(f"The tags differ from the source: {problem}.", "Keep each tag once.")
        source, numbers = numbered(source)
        target = renumbered(target, numbers)
        unit = Unit(source, target, source_language, target_language, Origin.PERSON)
        self.add([replace(unit, created=time.time())])

    def add(self, units: Iterable[Unit]) -> int:
        """Keep units; an older one of the same origin for the same text gives way, a newer one
        stays. Returns how many were given.
        """
        count = 0
        for batch in _batches(units):
            count += len(batch)
            with self._database.writing() as db:
                db.executemany(
                    "INSERT INTO units VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " ON CONFLICT (key, origin) DO UPDATE SET target = excluded.target,"
                    " source = excluded.source, model = excluded.model, created = excluded.created"
                    " WHERE excluded.created >= created",
                    [_row(unit) for unit in batch],
                )
        return count

    def units(self, source_language: str = "", target_language: str = "") -> Iterator[Unit]:
        """All units (of these languages), the oldest first."""
        last = (-1.0, "", "")
        while True:
            with self._database.reading() as db:
                rows = db.execute(
                    "SELECT * FROM units WHERE (? IN ('', source_language))"
                    " AND (? IN ('', target_language)) AND (created, key, origin) > (?, ?, ?)"
                    " ORDER BY created, key, origin LIMIT ?",
                    (source_language, target_language, *last, _BATCH),
                ).fetchall()
            if not rows:
                return
            last = (rows[-1]["created"], rows[-1]["key"], rows[-1]["origin"])
            yield from map(_unit, rows)

    def counts(self) -> dict[tuple[str, str], dict[Origin, int]]:
        """How many units there are for each (source, target) language, by origin."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT source_language, target_language, origin, COUNT(*) FROM units"
                " GROUP BY 1, 2, 3 ORDER BY 1, 2"
            ).fetchall()
        counts: dict[tuple[str, str], dict[Origin, int]] = {}
        for source, target, origin, number in rows:
            counts.setdefault((source, target), {})[Origin(origin)] = number
        return counts

    def similar(
        self, text: str, source: str, target: str, limit: int = 5, minimum: float = 70.0
    ) -> list[Match]:
        """Units whose source is like the (tagged) text, the most similar first.

        The score is rapidfuzz's normalized Indel similarity of the plain texts, in percent, less
        one where only the tags differ. Of equal sources the most trusted translation is given.
        """
        from rapidfuzz import fuzz, process

        wanted, _ = numbered(text)
        plain = markup.plain(wanted)
        # No text that is shorter or longer than this can reach the score.
        share = minimum / (200.0 - minimum)
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT * FROM units WHERE source_language = ? AND target_language = ?"
                " AND size BETWEEN ? AND ?",
                (source, target, len(plain) * share, len(plain) / share if share else 1 << 40),
            ).fetchall()
        best: dict[str, Unit] = {}
        for unit in sorted(map(_unit, rows), key=lambda u: list(Origin).index(u.origin)):
            best.setdefault(unit.source, unit)
        units = list(best.values())
        found = process.extract(
            plain, [markup.plain(unit.source) for unit in units], scorer=fuzz.ratio,
            score_cutoff=minimum, limit=limit + 5,
        )  # fmt: skip
        matches = [
            Match(units[index], score - (score == 100.0 and units[index].source != wanted))
            for _, score, index in found
        ]
        return sorted(matches, key=lambda match: -match.score)[:limit]

    def _prepare(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise VersoError(
                f"The translation memory {self._path} was written by a newer Verso.",
                "Update Verso, or set VERSO_HOME to another folder.",
            )
        if version == 0:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")


@dataclass(frozen=True, slots=True)
class LayeredMemory:
    """The memory of this data home and one that a job brought along; either may be missing.

    What a person wrote here comes first, then what the job brought, then the rest.
    """

    shared: Memory | None
    own: Memory | None

    def find(self, asked: Asked) -> list[Unit]:
        """See :class:`Remembers`."""
        shared = self.shared.find(asked) if self.shared else []
        own = self.own.find(asked) if self.own else []
        mine = [unit for unit in shared if unit.origin is Origin.PERSON]
        return [*mine, *own, *shared[len(mine) :]]

    def written(self, source: str, target: str) -> bool:
        """See :class:`Remembers`."""
        return any(m.written(source, target) for m in (self.shared, self.own) if m)

    def learn(self, asked: Asked, target: str, model: str) -> None:
        """See :class:`Remembers`."""
        if self.shared:
            self.shared.learn(asked, target, model)


def _row(unit: Unit) -> tuple[object, ...]:
    key = unit.key
    if unit.origin is not Origin.MODEL or not key:
        key = text_key(unit.source, unit.source_language, unit.target_language)
    return (
        key, unit.origin.value, unit.source, unit.target, unit.source_language,
        unit.target_language, len(markup.plain(unit.source)), unit.model,
        unit.created or time.time(),
    )  # fmt: skip


def _unit(row: sqlite3.Row) -> Unit:
    origin = Origin(row["origin"])
    return Unit(
        row["source"], row["target"], row["source_language"], row["target_language"], origin,
        row["key"] if origin is Origin.MODEL else "", row["model"], row["created"],
    )  # fmt: skip


def _batches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    batch: list[Unit] = []
    for unit in units:
        batch.append(unit)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
