"""Work of a minute or two in a process of its own: how far it is stands in files of a folder.

The page only reads these files, so the work goes on when it is closed or reloaded, and a crash
takes nothing else with it. ``status.json`` is replaced whole; ``work.lock`` is held while the
work goes on; a file ``stop`` asks it to end.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from translator.books.base import atomic_output
from translator.errors import Cancelled, InputError, VersoError

STATUS = "status.json"
_LOCK = "work.lock"
_STOP = "stop"
_LOG = "log.txt"
_OFTEN = 0.3  # seconds between two lines about the progress
_STARTS = 60.0  # seconds that a process may take until it holds its lock
_LOOK = 5.0  # seconds in which whoever looks whether it is held has let go of it


@dataclass(frozen=True, slots=True)
class Status:
    """How far some work is. ``state`` is "running", "done", "stopped" or "failed".

    ``fraction`` is 0 to 1, or ``None`` where it cannot be known.
    """

    state: str
    text: str = ""
    fraction: float | None = None
    message: str = ""
    hint: str = ""
    began: float = 0.0
    pid: int = 0  # 0 until the process has begun

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.state == "running"


def start(folder: Path, module: str, home: Path) -> None:
    """Begin the work of a module with the folder as its argument; it outlives this process.

    Raises :class:`InputError` if it goes on already or cannot be started.
    """
    if status(folder).running:
        raise InputError("This is at work already.", "Wait for it, or stop it.")
    (folder / _STOP).unlink(missing_ok=True)
    _write(folder, Status("running", "Starting", began=time.time()))
    try:
        with (folder / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "VERSO_HOME": str(home)},
                start_new_session=True,
            )
    except OSError as error:
        _write(folder, Status("failed", message=f"It could not be started: {error.strerror}."))
        raise InputError(f"It could not be started: {error.strerror}.") from error
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie


def stop(folder: Path) -> None:
    """Ask the work to end; it does so within a second or two."""
    (folder / _STOP).touch()


def status(folder: Path) -> Status:
    """How far the work is; what died without a word has failed."""
    try:
        found = Status(**json.loads((folder / STATUS).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return Status("stopped")
    starting = not found.pid and time.time() - found.began < _STARTS
    if not found.running or starting or _is_held(folder):
        stopping = found.running and (folder / _STOP).exists()
        return replace(found, text="Stopping") if stopping else found
    # It may have ended between the two looks.
    again = json.loads((folder / STATUS).read_text("utf-8"))
    if again["state"] != "running":
        return Status(**again)
    return replace(
        found,
        state="failed",
        message="It ended without a word, perhaps for want of memory.",
        hint="Start it again.",
    )


def _is_held(folder: Path) -> bool:
    lock = FileLock(folder / _LOCK)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        return True
    lock.release()
    return False


class Reporter:
    """The side of the process that works: a context that writes how it goes and how it ended.

    What is raised in it is told to the user, and a bug also to the log.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / _LOCK)
        self._status = status(folder)
        self._said = 0.0

    def __enter__(self) -> Self:
        self._lock.acquire(timeout=_LOOK)
        self._status = replace(self._status, state="running", pid=os.getpid())
        _write(self._folder, self._status)
        with contextlib.suppress(AttributeError, OSError):  # Windows has no such thing
            os.nice(5)
        return self

    def __call__(self, text: str, fraction: float | None = None) -> None:
        """Say how far it is. Raises :class:`Cancelled` when it should stop."""
        if (self._folder / _STOP).exists():
            raise Cancelled
        now = time.monotonic()
        if text != self._status.text or now - self._said > _OFTEN:
            self._said = now
            self._status = replace(self._status, state="running", text=text, fraction=fraction)
            _write(self._folder, self._status)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is None:
            ended = Status("done")
        elif isinstance(error, Cancelled):
            ended = Status("stopped")
        elif isinstance(error, VersoError):
            ended = Status("failed", message=error.message, hint=error.hint)
        else:
            ended = Status("failed", message=f"It failed: {error!r}.", hint="See its log.txt.")
        _write(self._folder, replace(ended, began=self._status.began))
        self._lock.release()
        return isinstance(error, VersoError)


def _write(folder: Path, status: Status) -> None:
    with atomic_output(folder / STATUS) as file:
        file.write(json.dumps(asdict(status)).encode())
