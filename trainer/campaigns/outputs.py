"""What a system wrote, while a campaign is being made: one file of JSON lines a system.

A line is appended as soon as a segment is done, so that a process that is killed has lost the
segments in flight and no more. The files stay on the server: they are the key in other words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from trainer import run_files
from trainer.campaigns import values
from trainer.campaigns.types import Place, Source
from translator.types import Check

FOLDER = "outputs"
SOURCES = "sources.jsonl"


@dataclass(frozen=True, slots=True)
class Written:
    """The text of one system for one segment, and what the checks found in it."""

    document: str
    position: int
    text: str
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0

    @property
    def place(self) -> Place:
        """Which segment it is of."""
        return self.document, self.position

    @property
    def failed(self) -> bool:
        """Whether the checks would not let it stand."""
        return any(check.fatal for check in self.checks)


class Outputs:
    """The outputs of one system of a campaign's folder."""

    def __init__(self, folder: Path, system: str) -> None:
        self._path = folder / FOLDER / f"{system}.jsonl"

    def all(self) -> dict[Place, Written]:
        """What is there, by place; a line that a crash cut off is passed over."""
        found = {}
        for row in run_files.rows(self._path):
            checks = tuple(Check(**check) for check in row.pop("checks"))
            written = Written(**row, checks=checks)
            found[written.place] = written
        return found

    def add(self, rows: Iterable[Written]) -> None:
        """Append outputs."""
        self._path.parent.mkdir(mode=0o700, exist_ok=True)
        for row in rows:
            run_files.add_line(self._path, asdict(row))


def write_sources(folder: Path, sources: Sequence[Source]) -> None:
    """Keep the segments of a campaign, with their references whether reviewers see them or not."""
    run_files.write_atomically(folder / SOURCES, values.rows_text(sources))


def read_sources(folder: Path) -> tuple[Source, ...]:
    """The segments of a campaign in order, each with its reference if there is one."""
    return tuple(Source(**row) for row in run_files.rows(folder / SOURCES))
