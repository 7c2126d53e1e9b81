"""How the files of a campaign are written: whole or not at all, and on disk before it is said."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from translator.errors import InputError


def write(path: Path, text: str, private: bool = False) -> None:
    """Write or replace a file; ``private``: only this user may read it. Raises
    :class:`InputError`."""
    made = ""
    try:
        descriptor, made = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            umask = os.umask(0)
            os.umask(umask)
            Path(made).chmod(0o666 & ~umask)
        Path(made).replace(path)
    except OSError as error:
        message = f"The campaign cannot be written: {error.strerror}."
        raise InputError(message, "Is the disk full?") from error
    finally:
        if made:
            Path(made).unlink(missing_ok=True)


def append(path: Path, row: dict[str, Any]) -> None:
    """Add a row to a file of JSON lines; nobody else may do so meanwhile."""
    line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line  # a torn line stands apart
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def rows(path: Path) -> list[dict[str, Any]]:
    """The events of a log; none if there is no file. A line that a crash cut off is no row."""
    found = []
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    for line in lines:
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict) and isinstance(row.get("event"), str):
                found.append(row)
    return found
