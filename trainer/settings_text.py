"""Settings as a person writes them: a TOML file, or ``name=value`` on the command line."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from translator.errors import InputError


def read(path: Path) -> dict[str, Any]:
    """What stands in a TOML file. Raises :class:`InputError` if it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8-sig"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its name.") from error
    except ValueError as error:
        raise InputError(f"{path.name} is no valid TOML: {error}.", "Mend that line.") from error


def value_of(text: str) -> Any:
    """A value as a person types it: TOML, or else a text."""
    try:
        return tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()


def changes(items: Iterable[str]) -> dict[str, Any]:
    """Values by name, of texts like ``training.steps=100``. Raises :class:`InputError`."""
    found: dict[str, Any] = {}
    for item in items:
        name, equals, value = item.partition("=")
        if not equals:
            raise InputError(f"{item!r} is not understood.", "Write name=value.")
        found[name.strip()] = value_of(value)
    return found
