"""``ratings.jsonl``: every answer of every reviewer, a line each, never changed.

Several processes may append (the owner's page and the reviewers' own server): a lock file keeps
their lines apart, and a line is on disk before the reviewer hears that it is saved. A line that a
crash cut off stays as it is and is told in :attr:`RatingsLog.damaged`; the next one begins on a
line of its own.
"""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

from filelock import FileLock

from trainer import run_files
from trainer.campaigns.files import saving
from trainer.campaigns.types import Rating
from trainer.campaigns.values import plain, value_of
from translator.errors import InputError


class RatingsLog:
    """The ratings of one campaign. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open a log; the file need not be there yet."""
        self._path = path
        self._lock = threading.RLock()
        self._forget()

    @property
    def damaged(self) -> int:
        """How many lines cannot be read: a crash cut them off before they were saved."""
        with self._lock:
            self._read()
            return self._damaged

    def append(self, rating: Rating) -> bool:
        """Write a rating down; ``False`` if this reviewer's line of this id is there already.

        Raises:
            NotSaved: the disk does not take it.
        """
        with saving("The rating"):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._lock, FileLock(f"{self._path}.lock"):
                self._read()
                if (rating.reviewer, rating.id) in self._ids:
                    return False
                run_files.add_line(self._path, plain(rating), sync=True)
                self._read()
        return True

    def all(self) -> list[Rating]:
        """Every rating in the order of the file, also those that were replaced later."""
        with self._lock:
            self._read()
            return list(self._ratings)

    def latest(self) -> dict[tuple[str, str], Rating]:
        """The rating that counts for each reviewer and item: the last one."""
        return {(rating.reviewer, rating.item): rating for rating in self.all()}

    def _forget(self) -> None:
        self._offset = 0  # bytes of whole lines that were read
        self._damaged = 0
        self._ratings: list[Rating] = []
        self._ids: set[tuple[str, str]] = set()

    def _read(self) -> None:
        """Read what was added since."""
        if not self._path.exists():
            self._forget()
            return
        with self._path.open("rb") as file:
            if os.fstat(file.fileno()).st_size < self._offset:  # an older copy was put back
                self._forget()
            file.seek(self._offset)
            new = file.read()
        whole = new.rfind(b"\n") + 1
        self._offset += whole
        for line in new[:whole].split(b"\n"):
            if line.strip():
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            rating = value_of(Rating, json.loads(line))
        except (ValueError, RecursionError, InputError):
            self._damaged += 1
            return
        key = (rating.reviewer, rating.id)
        if key not in self._ids:
            self._ids.add(key)
            self._ratings.append(rating)
