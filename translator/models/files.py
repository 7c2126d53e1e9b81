"""Small things done to model files."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from translator.errors import DownloadError
from translator.models.partial import Transfer

_CHUNK = 1 << 20
_SPARE = 64 * 2**20  # bytes of disk to leave free


def sha256(path: Path, transfer: Transfer) -> str:
    """The SHA-256 of a file in hexadecimal digits; can be stopped, reports progress."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            transfer.report(done, "checking")
    return digest.hexdigest()


def check_space(folder: Path, needed: int, name: str) -> None:
    """Raise :class:`DownloadError` unless ``needed`` bytes fit on the folder's disk."""
    free = shutil.disk_usage(folder).free
    if needed + _SPARE > free:
        raise DownloadError(
            f"There is not enough room for {name}: {needed / 1e9:.2f} GB are needed, "
            f"{max(free - _SPARE, 0) / 1e9:.2f} GB are free in {folder}.",
            "Free some space, or set VERSO_HOME to a folder on another disk.",
        )


def delete(path: Path) -> None:
    """Delete a file or a folder of files."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
