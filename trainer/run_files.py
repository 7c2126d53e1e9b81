"""Small files that one process writes while others read them."""

from __future__ import annotations

import json
import os
import re
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_TAIL = 64 * 1024  # bytes
_UNSAFE = re.compile(r"[^a-z0-9]+")


def write_atomically(path: Path, text: str) -> None:
    """Write a file that a reader sees whole or not at all, also after a crash; only this user may
    read it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def add_line(path: Path, row: dict[str, Any], sync: bool = False) -> None:
    """Append a row to a file of JSON lines; with ``sync`` it is on disk before this returns."""
    line = json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            # The half line of a killed process must not swallow this one.
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line)
        if sync:
            file.flush()
            os.fsync(file.fileno())


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file of JSON lines; those that a crash cut off are passed over."""
    try:
        file = path.open(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            try:
                yield json.loads(line)
            except ValueError:
                continue


def tail(path: Path, lines: int) -> str:
    """The last lines of a text file; empty if there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    # A progress bar writes over its line again and again; only its last word counts.
    whole = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1] for line in whole[-lines:])


def slug(name: str) -> str:
    """A name as a part of a folder name, for every file system."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return _UNSAFE.sub("-", plain).strip("-")[:40].strip("-") or "run"
