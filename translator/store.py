"""The truth about jobs: SQLite, a job a row and a segment a row.

Every finished segment is committed at once, so a killed process loses only what it had not
finished. A power cut loses at most about a second more (see :data:`_DURABLE_EVERY`).
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
from translator.types import Segment, Status, Translation

VERSION = 1

# A commit survives the end of the process, whatever its cause, without waiting for the disk.
# One commit a second waits, and takes all before it along.
_DURABLE_EVERY = 1.0  # seconds

_SCHEMA = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    input TEXT NOT NULL,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    output TEXT NOT NULL,
    options TEXT NOT NULL,
    model TEXT NOT NULL,
    source_language TEXT NOT NULL,
    target_language TEXT NOT NULL,
    words INTEGER NOT NULL,
    state TEXT NOT NULL,
    wish TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    phase TEXT NOT NULL DEFAULT '',
    process INTEGER NOT NULL DEFAULT 0,
    speed REAL NOT NULL DEFAULT 0,
    eta REAL,
    created REAL NOT NULL,
    started REAL,
    finished REAL
) STRICT;
CREATE TABLE segments (
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    ordinal INTEGER NOT NULL,
    id TEXT NOT NULL,
    block TEXT NOT NULL,
    part INTEGER NOT NULL,
    kind TEXT NOT NULL,
    section TEXT NOT NULL,
    keep TEXT,
    source TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL,
    words INTEGER NOT NULL,
    status TEXT,
    target TEXT,
    reason TEXT NOT NULL DEFAULT '',
    checks TEXT NOT NULL DEFAULT '[]',
    model TEXT NOT NULL DEFAULT '',
    style TEXT NOT NULL DEFAULT '',
    provenance TEXT NOT NULL DEFAULT 'none',
    attempts INTEGER NOT NULL DEFAULT 0,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    new_tokens INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0,
    updated REAL,
    PRIMARY KEY (job, ordinal),
    UNIQUE (job, id)
) STRICT;
CREATE INDEX segments_status ON segments (job, status, words);
CREATE INDEX segments_updated ON segments (job, updated);
"""


class Store:
    """Jobs and their segments. May be used from any thread and by several processes at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._durable = 0.0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The file is made here, since SQLite would make it readable for everybody.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._db = sqlite3.connect(
                path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise VersoError(
                f"The job store {path} cannot be opened: {error}.",
                "Set VERSO_HOME to a folder that can be written to.",
            ) from error
        self._db.row_factory = sqlite3.Row
        with self._transaction() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA foreign_keys=ON")
            db.execute("PRAGMA synchronous=NORMAL")
        with self._transaction(write=True) as db:
            self._prepare(db)

    def close(self) -> None:
        """Close the file. The store cannot be used afterwards."""
        with self._lock:
            self._db.close()

    def add_job(self, job: Job) -> None:
        """Store a new job."""
        values = [getattr(job, name) for name in JOB_COLUMNS]
        values[JOB_COLUMNS.index("options")] = json.dumps(job.options, ensure_ascii=False)
        marks = ", ".join("?" * len(values))
        with self._transaction(write=True) as db:
            db.execute(f"INSERT INTO jobs ({', '.join(JOB_COLUMNS)}) VALUES ({marks})", values)

    def jobs(self) -> list[Job]:
        """All jobs, the oldest first."""
        with self._transaction() as db:
            rows = db.execute("SELECT * FROM jobs ORDER BY created, id").fetchall()
        return [job_of_row(row) for row in rows]

    def job(self, job_id: str) -> Job:
        """The job with this id or with an id that begins so.

        Raises :class:`InputError` when there is none or more than one.
        """
        wanted = job_id.strip().lower()
        with self._transaction() as db:
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
        with self._transaction(write=True) as db:
            db.execute(f"UPDATE jobs SET {assignments} WHERE id = ?", (*values.values(), job_id))

    def delete_job(self, job_id: str) -> None:
        """Forget a job and its segments."""
        with self._transaction(write=True) as db:
            db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))

    def add_segments(self, job_id: str, segments: Iterable[Segment]) -> None:
        """Store the segments of a job, in document order: all of them or none."""
        with self._transaction(write=True) as db:
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
        """Commit one finished segment."""
        now = time.monotonic()
        durable = now - self._durable >= _DURABLE_EVERY
        t = translation
        checks = [[c.name, c.detail, c.fatal] for c in t.checks]
        values = (
            t.status.value, t.text, t.reason, json.dumps(checks, ensure_ascii=False), t.model,
            t.style, t.provenance.value, t.attempts, t.prompt_tokens, t.new_tokens, t.seconds,
            time.time(), job_id, t.segment_id,
        )  # fmt: skip
        with self._transaction(write=True, durable=durable) as db:
            changed = db.execute(
                "UPDATE segments SET status = ?, target = ?, reason = ?, checks = ?, model = ?,"
                " style = ?, provenance = ?, attempts = ?, prompt_tokens = ?, new_tokens = ?,"
                " seconds = ?, updated = ? WHERE job = ? AND id = ?",
                values,
            ).rowcount
        if durable:
            self._durable = now
        if changed != 1:
            raise VersoError(
                f"The job {job_id} was deleted while it ran.", "Start it again if you need it."
            )

    def entries(self, job_id: str) -> list[Entry]:
        """All segments of a job in document order, with what is stored of each."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT * FROM segments WHERE job = ? ORDER BY ordinal", (job_id,)
            ).fetchall()
        return [entry_of_row(row) for row in rows]

    def recent(self, job_id: str, count: int) -> list[Entry]:
        """The segments of a job that were translated last, the latest first."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT * FROM segments WHERE job = ? AND updated IS NOT NULL"
                " AND status = 'translated' ORDER BY updated DESC, ordinal DESC LIMIT ?",
                (job_id, count),
            ).fetchall()
        return [entry_of_row(row) for row in rows]

    def counts(self, job_id: str) -> Counts:
        """How many segments ended how."""
        with self._transaction() as db:
            rows = db.execute(
                "SELECT status, COUNT(*) AS n, SUM(words) AS words FROM segments"
                " WHERE job = ? GROUP BY status",
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

    def forget_failed(self, job_id: str) -> int:
        """Make the failed segments of a job missing again; return how many there were."""
        with self._transaction(write=True) as db:
            return db.execute(
                "UPDATE segments SET status = NULL, target = NULL, updated = NULL"
                " WHERE job = ? AND status = 'failed'",
                (job_id,),
            ).rowcount

    def _prepare(self, db: sqlite3.Connection) -> None:
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > VERSION:
            raise VersoError(
                f"The job store {self._path} was written by a newer Verso.",
                "Update Verso, or set VERSO_HOME to another folder.",
            )
        if version == 0:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version={VERSION}")

    @contextmanager
    def _transaction(
        self, write: bool = False, durable: bool = False
    ) -> Iterator[sqlite3.Connection]:
        try:
            with self._lock:
                if durable:
                    self._db.execute("PRAGMA synchronous=FULL")
                if write:
                    self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield self._db
                    if write:
                        self._db.execute("COMMIT")
                finally:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    if durable:
                        self._db.execute("PRAGMA synchronous=NORMAL")
        except sqlite3.Error as error:
            raise VersoError(
                f"The job store {self._path} cannot be read or written: {error}.",
                "Is the disk full? What was finished before is kept.",
            ) from error
