"""The files of a campaign's folder: how they are changed, and the log of what happened.

A file is written whole or not at all, a row is on disk before it is said to be there, and one
process at a time changes anything.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainer import run_files
from translator.errors import InputError

LOG = "log.jsonl"
REVIEWERS = "reviewers.json"
_PATIENCE = 30.0  # seconds until another process that changes the campaign is done


class NotSaved(InputError):
    """The disk or another process is in the way: the same may well be saved later."""


@contextlib.contextmanager
def saving(what: str) -> Iterator[None]:
    """Say why ``what`` cannot be saved. Raises :class:`NotSaved` for an :class:`OSError`."""
    try:
        yield
    except Timeout as error:
        raise NotSaved(f"{what} is held by another process.", "Try again in a moment.") from error
    except OSError as error:
        reason = error.strerror or error
        raise NotSaved(f"{what} cannot be saved: {reason}.", "Is the disk full?") from error


@dataclass(frozen=True, slots=True)
class CampaignFiles:
    """The folder of a campaign. Every call reads the files: other processes change them too."""

    path: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Hold the campaign against other processes (and threads) that change it.

        Raises:
            InputError: the campaign was deleted.
            NotSaved: another process does not let go, or the folder cannot be written.
        """
        lock = FileLock(self.path / "campaign.lock")
        if not self.path.is_dir():  # the lock would make the folder again
            raise InputError(f"There is no campaign {self.id}.")
        with saving("The campaign"):
            lock.acquire(timeout=_PATIENCE)
        try:
            yield
        finally:
            lock.release()

    def write(self, name: str, text: str) -> None:
        """Write or replace a file, which only this user may read. Raises :class:`NotSaved`."""
        with saving("The campaign"):
            run_files.write_atomically(self.path / name, text)

    def log(self) -> list[dict[str, Any]]:
        """What happened: rows with ``time``, ``event``, ``who`` and more. A torn line is no row."""
        rows = run_files.rows(self.path / LOG)
        return [row for row in rows if isinstance(row, dict) and isinstance(row.get("event"), str)]

    def note(self, event: str, who: str = "", **details: Any) -> None:
        """Add a row to the log. Call it within :meth:`changing`. Raises :class:`NotSaved`."""
        row = {"time": time.time(), "event": event, "who": who, **details}
        with saving("The campaign"):
            run_files.add_line(self.path / LOG, row, sync=True)

    def reviewer_rows(self) -> list[dict[str, Any]]:
        """``reviewers.json`` as it is, with what :mod:`trainer.campaigns.links` keeps there.

        Raises :class:`InputError` if the file is not there or was broken by hand.
        """
        try:
            rows = json.loads((self.path / REVIEWERS).read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise InputError(f"{REVIEWERS} of {self.id} cannot be read.", "Mend it.") from error
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise InputError(f"{REVIEWERS} of {self.id} is no list of reviewers.", "Mend it.")
        return rows

    def write_reviewer_rows(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Replace ``reviewers.json``. Call it within :meth:`changing`."""
        self.write(REVIEWERS, json.dumps(list(rows), ensure_ascii=False, indent=1) + "\n")
