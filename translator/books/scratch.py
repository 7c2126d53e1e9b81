"""Folders for what is needed while a book is open."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from pathlib import Path

from filelock import FileLock, Timeout

_PREFIX = "verso-pdf-"
_YOUNG = 600.0  # seconds: its maker may not have locked it yet


class Scratch:
    """A folder that lives as long as this object. What a killed process left behind goes when
    the next one is made: the folder of a living process is locked."""

    def __init__(self) -> None:
        sweep()
        folder = tempfile.TemporaryDirectory(prefix=_PREFIX)
        self.path = Path(folder.name)
        lock = FileLock(self.path / "lock", thread_local=False)
        lock.acquire(blocking=False)
        self._end = weakref.finalize(self, _remove, folder, lock)

    def close(self) -> None:
        """Remove it now."""
        self._end()


def sweep() -> None:
    """Remove folders whose processes have died."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            about = folder.lstat()
            # Another user's folder may hold a link in place of the lock.
            own = about.st_uid == os.getuid() if hasattr(os, "getuid") else True
            if not own or folder.is_symlink() or time.time() - about.st_mtime < _YOUNG:
                continue
            with FileLock(folder / "lock").acquire(blocking=False):
                pass
        except (Timeout, OSError):
            continue  # in use, or just removed
        shutil.rmtree(folder, ignore_errors=True)


def _remove(folder: tempfile.TemporaryDirectory[str], lock: FileLock) -> None:
    lock.release()  # Windows does not remove a file that is open
    folder.cleanup()
