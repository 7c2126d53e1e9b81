"""The tables of the job store, and how those of an older Verso become today's."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from translator.errors import VersoError

VERSION = 3

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
    finished REAL,
    written REAL
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
    again TEXT,
    PRIMARY KEY (job, ordinal),
    UNIQUE (job, id)
) STRICT;
CREATE INDEX segments_status ON segments (job, status, again, words);
CREATE INDEX segments_updated ON segments (job, updated);
"""

# What each version added, for a store that the version before it made.
_STEPS = {
    2: (
        "ALTER TABLE jobs ADD COLUMN written REAL",
        "ALTER TABLE segments ADD COLUMN again TEXT",
        "UPDATE jobs SET written = finished WHERE state = 'done'",
    ),
    3: (  # it answers what is counted all the time, and the table need not be read
        "DROP INDEX IF EXISTS segments_status",
        "CREATE INDEX segments_status ON segments (job, status, again, words)",
    ),
}


def prepare(db: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring them up to date; inside a transaction.

    Raises :class:`VersoError` for the store of a newer Verso.
    """
    version = db.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise VersoError(
            f"The job store {path} was written by a newer Verso.",
            "Update Verso, or set VERSO_HOME to another folder.",
        )
    if version == 0:
        steps: tuple[str, ...] = tuple(_SCHEMA.split(";"))
    else:
        steps = tuple(step for new in range(version + 1, VERSION + 1) for step in _STEPS[new])
    for step in steps:
        db.execute(step)
    if version < VERSION:
        db.execute(f"PRAGMA user_version={VERSION}")
