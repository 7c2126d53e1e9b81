"""An SQLite file that one user's processes and threads share."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from translator.errors import VersoError

_PATIENCE = 30.0  # seconds that one process waits for another's transaction


class Database:
    """One connection for all threads of a process; only its user can read the file.

    ``name`` and ``kept`` are for messages: what the file is, and what an error does not cost.

    Raises:
        VersoError: the file cannot be opened.
    """

    def __init__(self, path: Path, name: str, kept: str = "") -> None:
        self._name = f"The {name} {path}"
        self._hint = f"Is the disk full? {kept}".strip()
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The file is made here, since SQLite would make it readable for everybody.
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self.connection = sqlite3.connect(
                path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise VersoError(
                f"{self._name} cannot be opened: {error}.",
                "Set VERSO_HOME to a folder that can be written to.",
            ) from error
        self.connection.row_factory = sqlite3.Row
        with self.reading() as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA foreign_keys=ON")
            db.execute("PRAGMA synchronous=NORMAL")

    def close(self) -> None:
        """Close the file. It cannot be used afterwards."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, for this thread alone; :class:`VersoError` for what SQLite says."""
        try:
            with self._lock:
                yield self.connection
        except sqlite3.Error as error:
            raise VersoError(
                f"{self._name} cannot be read or written: {error}.", self._hint
            ) from error

    @contextmanager
    def writing(self, *, durable: bool = False) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it or, after an exception, nothing.

        ``durable``: it is on the disk when the block ends, also if the power fails.
        """
        with self.reading() as db:
            if durable:
                db.execute("PRAGMA synchronous=FULL")
            try:
                db.execute("BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                if durable:
                    db.execute("PRAGMA synchronous=NORMAL")
