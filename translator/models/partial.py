"""A download under way: the bytes so far, where they came from, and who is told."""

from __future__ import annotations

import glob
import json
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from translator.errors import Cancelled

Progress = Callable[[int, int, str], None]


class SourceFailed(Exception):
    """A source did not give the file; the text says why, as a part of a sentence."""


@dataclass(slots=True)
class Transfer:
    """What every source needs while it fetches one file.

    ``total`` is the expected size in bytes (0: unknown), ``patience`` how many seconds a
    source may take to answer. ``progress`` gets (bytes done, total bytes or 0, label).
    """

    name: str
    total: int
    progress: Progress | None = None
    stop: threading.Event = field(default_factory=threading.Event)
    patience: float = 5.0

    def report(self, done: int, label: str) -> None:
        """Tell how far it is. Raises :class:`Cancelled` when the user has stopped it."""
        self.check()
        if self.progress is not None:
            self.progress(done, self.total, label)

    def check(self) -> None:
        """Raise :class:`Cancelled` when the user has stopped the download."""
        if self.stop.is_set():
            raise Cancelled(
                f"Stopped downloading {self.name}.", "What has arrived is kept for the next time."
            )

    def pause(self, seconds: float) -> None:
        """Wait, but not after a stop."""
        self.stop.wait(seconds)
        self.check()


class Partial:
    """The unfinished file of one source, with a small JSON beside it.

    The JSON says from which source (and version of the file) the bytes came, and for wheels
    at which offset each finished part ends. Bytes of another source are thrown away.
    ``stated`` is the SHA-256 that the server itself gives for the file, if it does.
    """

    def __init__(self, target: Path, number: int, source: str) -> None:
        self.path = target.with_name(f"{target.name}.part{number}")
        self.scratch = target.with_name(f"{target.name}.scratch{number}")
        self._state = target.with_name(f"{target.name}.part{number}.json")
        self.source = source
        self.etag = ""
        self.stated = ""
        self.ends: list[int] = []
        self._read_state()

    def _read_state(self) -> None:
        try:
            state = json.loads(self._state.read_text(encoding="utf-8"))
            known = state["source"] == self.source
            etag, stated = str(state["etag"]), str(state["stated"])
            ends = [int(end) for end in state["ends"]]
        except (OSError, ValueError, KeyError, TypeError):
            known = False
        if known and self.path.exists():
            self.etag, self.stated, self.ends = etag, stated, ends
        else:
            self.discard()

    @property
    def size(self) -> int:
        """Bytes on disk so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def save(self) -> None:
        """Write the JSON (atomically)."""
        state = {
            "source": self.source,
            "etag": self.etag,
            "stated": self.stated,
            "ends": self.ends,
        }
        temporary = self._state.with_name(f"{self._state.name}.tmp")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(self._state)

    def restart(self, etag: str = "", stated: str = "") -> None:
        """Begin again with an empty file."""
        self.path.write_bytes(b"")
        self.etag, self.stated, self.ends = etag, stated, []
        self.save()

    def discard(self) -> None:
        """Delete everything of this download."""
        self.path.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.etag, self.stated, self.ends = "", "", []

    def finish(self, target: Path) -> None:
        """Put the complete, verified file in its place."""
        with self.path.open("rb+") as file:
            os.fsync(file.fileno())
        self.path.replace(target)
        self.discard()


def leftovers(target: Path) -> list[Path]:
    """Files of unfinished downloads of ``target``, and its lock."""
    patterns = [f"{glob.escape(target.name)}.{kind}" for kind in ("part*", "scratch*", "lock")]
    return [path for pattern in patterns for path in target.parent.glob(pattern)]
