"""Verso at a terminal, run in the tests' own process."""

from __future__ import annotations

from typing import Protocol


class Verso(Protocol):
    """Runs a command; gives what it printed and what it said."""

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]: ...
