"""The truth about jobs: SQLite, a job a row and a segment a row.

Every finished segment is committed at once, so a killed process loses only what it had not
finished. A power cut loses at most about a second more (see :data:`_DURABLE_EVERY`).
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translator import markup
from translator.database import Database
from translator.errors import InputError, VersoError
from translator.records import (
    JOB_COLUMNS,
    Counts,
    Entry,
    Job,
    count_words,
    entry_of_row,
    job_of_row,
)
from translator.store_schema import prepare
from translator.types import Provenance, Segment, Status, Translation

# A commit survives the end of the process, whatever its cause, without waiting for the disk.
# One commit a second waits, and takes all before it along.
_DURABLE_EVERY = 1.0  # seconds


class Store:
    """Jobs and their segments. May be used from any thread and by several processes at once."""

    def __init__(self, path: Path) -> None:
        self._durable = 0.0
        self._database = Database(path, "job store", "What was finished before is kept.")
        self._database.connection.create_function("folded", 1, _folded, deterministic=True)
        with self._database.writing() as db:
            prepare(db, path)

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        self._database.close()

    def add_job(self, job: Job) -> None:
        """Store a new job."""
        values = [getattr(job, name) for name in JOB_COLUMNS]
        values[JOB_COLUMNS.index("options")] = json.dumps(job.options, ensure_ascii=False)
        marks = ", ".join("?" * len(values))
        with self._database.writing() as db:
            db.execute(f"INSERT INTO jobs ({', '.join(JOB_COLUMNS)}) VALUES ({marks})", values)

    def jobs(self) -> list[Job]:
        """All jobs, the oldest first."""
        with self._database.reading() as db:
            rows = db.execute("SELECT * FROM jobs ORDER BY created, id").fetchall()
        return [job_of_row(row) for row in rows]

    def job(self, job_id: str) -> Job:
        """The job with this id or with an id that begins so.

        Raises :class:`InputError` when there is none or more than one.
        """
        wanted = job_id.strip().lower()
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT * FROM jobs WHERE substr(id, 1, ?) = ?", (len(wanted), wanted)
            ).fetchall()
        if len(rows) != 1 or not wanted:
            what = "More than one job has an id that begins with" if rows else "There is no job"
            raise InputError(f"{what} {job_id!r}.", "`verso jobs list` shows them all.")
        return job_of_row(rows[0])

    def update_job(self, job_id: str, **values: Any) -> None:
        """Change columns of a job. A job that is gone stays gone."""
        if "options" in values:
            values["options"] = json.dumps(values["options"], ensure_ascii=False)
        unknown = values.keys() - set(JOB_COLUMNS)
        if unknown:
            raise ValueError(f"no such columns: {unknown}")
        assignments = ", ".join(f"{name} = ?" for name in values)
        with self._database.writing() as db:
            db.execute(f"UPDATE jobs SET {assignments} WHERE id = ?", (*values.values(), job_id))

    def delete_job(self, job_id: str) -> None:
        """Forget a job and its segments."""
        with self._database.writing() as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def add_segments(self, job_id: str, segments: Iterable[Segment]) -> None:
        """Store the segments of a job, in document order: all of them or none."""
        with self._database.writing() as db:
            db.executemany(
                "INSERT INTO segments (job, ordinal, id, block, part, kind, section, keep, source,"
                " before, after, words) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        job_id, ordinal, s.id, s.block_id, s.part, s.kind.value, s.section, s.keep,
                        s.text, s.before, s.after, count_words(s.text),
                    )
                    for ordinal, s in enumerate(segments)
                ),
            )  # fmt: skip

    def save(self, job_id: str, translation: Translation) -> None:
        """Commit one finished segment. Only a person's translation takes the place of one."""
        if translation.provenance is Provenance.PERSON:
            self._save(job_id, translation)
        else:
            self._save(job_id, translation, "provenance != ?", Provenance.PERSON.value)

    def fail(self, job_id: str, translation: Translation, seen: float) -> None:
        """Commit what the written file shows: a segment failed, whoever translated it.

        One that changed after the moment ``seen`` (seconds since the epoch) is left alone.
        """
        self._save(job_id, translation, "updated <= ?", seen)

    def _save(self, job_id: str, t: Translation, condition: str = "1", *more: object) -> None:
        now = time.monotonic()
        durable = now - self._durable >= _DURABLE_EVERY
        checks = [[c.name, c.detail, c.fatal] for c in t.checks]
        values = (
            t.status.value, t.text, t.reason, json.dumps(checks, ensure_ascii=False), t.model,
            t.style, t.provenance.value, t.attempts, t.prompt_tokens, t.new_tokens, t.seconds,
            time.time(), job_id, t.segment_id,
        )  # fmt: skip
        with self._database.writing(durable=durable) as db:
            changed = db.execute(
                "UPDATE segments SET status = ?, target = ?, reason = ?, checks = ?, model = ?,"
                " style = ?, provenance = ?, attempts = ?, prompt_tokens = ?, new_tokens = ?,"
                " seconds = ?, updated = ?, again = NULL WHERE job = ? AND id = ?"
                f" AND {condition}",
                (*values, *more),
            ).rowcount
            there = (
                changed
                or db.execute(
                    "SELECT 1 FROM segments WHERE job = ? AND id = ?", (job_id, t.segment_id)
                ).fetchone()
            )
        if durable:
            self._durable = now
        if not there:
            raise VersoError(
                f"The job {job_id} was deleted while it ran.", "Start it again if you need it."
            )

    def entries(self, job_id: str) -> list[Entry]:
        """All segments of a job in document order, with what is stored of each."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT * FROM segments WHERE job = ? ORDER BY ordinal", (job_id,)
            ).fetchall()
        return [entry_of_row(row) for row in rows]

    def recent(self, job_id: str, count: int) -> list[Entry]:
        """The segments of a job that were translated last, the latest first."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT * FROM segments WHERE job = ? AND updated IS NOT NULL"
                " AND status = 'translated' ORDER BY updated DESC, ordinal DESC LIMIT ?",
                (job_id, count),
            ).fetchall()
        return [entry_of_row(row) for row in rows]

    def counts(self, job_id: str) -> Counts:
        """How many segments ended how."""
        with self._database.reading() as db:
            rows = db.execute(
                "SELECT CASE WHEN again IS NULL THEN status END AS status, COUNT(*) AS n,"
                " SUM(words) AS words FROM segments WHERE job = ? GROUP BY 1",
                (job_id,),
            ).fetchall()
        number = {row["status"]: row["n"] for row in rows}
        return Counts(
            sum(number.values()),
            number.get(Status.TRANSLATED.value, 0),
            number.get(Status.KEPT.value, 0),
            number.get(Status.FAILED.value, 0),
            sum(row["words"] for row in rows),
            sum(row["words"] for row in rows if row["status"] is not None),
        )

    def ask_again(self, job_id: str, numbers: Iterable[int] | None = None, note: str = "") -> int:
        """Mark finished segments to be translated once more; return how many now are.

        ``numbers`` are their places in the book (``None``: all that failed). What a person wrote
        and what is not to be translated is left alone. ``note`` is a wish for the model. What is
        stored of a segment stands until there is something new.
        """
        which, values = "status = 'failed'", []
        if numbers is not None:
            which = "ordinal IN (SELECT value FROM json_each(?))"
            values = [json.dumps(list(numbers))]
        with self._database.writing() as db:
            return db.execute(
                "UPDATE segments SET again = ? WHERE job = ? AND provenance != ?"
                f" AND (status = 'failed' OR status IS NOT NULL AND keep IS NULL) AND {which}",
                (note, job_id, Provenance.PERSON.value, *values),
            ).rowcount

    def missing(self, job_id: str) -> int:
        """How many segments wait to be translated, for the first time or once more."""
        with self._database.reading() as db:
            row = db.execute(
                "SELECT COUNT(*) FROM segments WHERE job = ?"
                " AND (status IS NULL OR again IS NOT NULL)",
                (job_id,),
            ).fetchone()
        return int(row[0])

    def query(self, sql: str, *values: object) -> list[sqlite3.Row]:
        """The rows of a question about jobs and segments. It knows the function ``folded``."""
        with self._database.reading() as db:
            return db.execute(sql, values).fetchall()


def _folded(text: str | None) -> str:
    """A tagged text as a search sees it."""
    return markup.plain(text or "").casefold()
