"""What the store holds: jobs, their segments, and how far they are."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from translator import markup
from translator.types import BlockKind, Check, Provenance, Segment, Status, Translation

# Characters of scripts that put no spaces between words.
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_SIGNS = re.compile(r"(?:[^\w\s]|_)+")  # neither letters nor digits


class JobState(StrEnum):
    """Where a job stands. Only ``running`` may be a lie: the process may have died since."""

    QUEUED = "queued"  # the background worker takes it when its turn comes
    RUNNING = "running"
    PAUSED = "paused"  # waits for a person
    CANCELLED = "cancelled"
    DONE = "done"  # the output and the report are written, with or without failed segments
    FAILED = "failed"  # ``error`` says why; what was translated is kept


@dataclass(frozen=True, slots=True)
class Job:
    """A row of ``jobs``. Times are seconds since the epoch.

    ``input`` is where the user's file was, ``source`` the job's own copy, ``sha256`` its hash.
    ``wish`` ("", "pause", "cancel") asks the process that runs the job to stop. ``speed`` (new
    tokens a second), ``eta`` (seconds) and ``phase`` are of the present run. ``written``: the book
    was last written with the translations of that moment.
    """

    id: str
    kind: str
    title: str
    input: str
    source: str
    sha256: str
    output: str
    options: Mapping[str, Any]
    model: str
    source_language: str
    target_language: str
    words: int = 0
    state: JobState = JobState.QUEUED
    wish: str = ""
    error: str = ""
    phase: str = ""
    process: int = 0
    speed: float = 0.0
    eta: float | None = None
    created: float = 0.0
    started: float | None = None
    finished: float | None = None
    written: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A segment of a job and, when it is finished, its translation.

    ``again`` is a person's wish to have it translated once more, perhaps with a note to the
    model (``None``: no such wish).
    """

    segment: Segment
    translation: Translation | None
    again: str | None = None

    @property
    def missing(self) -> bool:
        """Whether it waits to be translated, for the first time or once more."""
        return self.translation is None or self.again is not None


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a job is, in segments and in words of the source."""

    total: int = 0
    translated: int = 0
    kept: int = 0
    failed: int = 0
    words: int = 0
    words_done: int = 0

    @property
    def done(self) -> int:
        """Segments that are finished, however they ended."""
        return self.translated + self.kept + self.failed


JOB_COLUMNS = tuple(field.name for field in fields(Job))


def count_words(text: str) -> int:
    """Words of a (tagged) text; a Chinese character or a kana counts as one."""
    spaced, dense = _DENSE.subn(" ", markup.plain(text))
    return dense + len(_SIGNS.sub("", spaced).split())


def job_of_row(row: sqlite3.Row) -> Job:
    """Read a row of ``jobs``."""
    values = {name: row[name] for name in JOB_COLUMNS}
    values["options"] = json.loads(row["options"])
    values["state"] = JobState(row["state"])
    return Job(**values)


def entry_of_row(row: sqlite3.Row) -> Entry:
    """Read a row of ``segments``."""
    segment = Segment(
        row["id"], row["block"], row["part"], row["source"], row["before"], row["after"],
        BlockKind(row["kind"]), row["section"], row["keep"],
    )  # fmt: skip
    if row["status"] is None:
        return Entry(segment, None, row["again"])
    checks = tuple(Check(*values) for values in json.loads(row["checks"]))
    return Entry(
        segment,
        Translation(
            row["id"], Status(row["status"]), row["target"], row["reason"], checks, row["model"],
            row["style"], Provenance(row["provenance"]), row["attempts"], row["prompt_tokens"],
            row["new_tokens"], row["seconds"],
        ),
        row["again"],
    )  # fmt: skip
