"""A sentence and its translation, with where they come from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pair:
    """Two texts that mean the same, and their provenance.

    ``of`` and ``to`` are the BCP-47 tags of ``source`` and ``target``. ``file`` is the name of
    the file within the folder or list that was given, ``line`` the number of the line or unit in
    it, from 1. ``origin`` is the collection that a line of a file belongs to (``wesnoth``), the
    file's name where nothing says more. ``document`` names what must not be torn apart when a
    corpus is split; empty if nobody knows.
    """

    source: str
    target: str
    of: str
    to: str
    file: str
    line: int
    origin: str = ""
    domain: str = ""
    licence: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line or unit of a file that is no pair, and why."""

    file: str
    line: int
    why: str
    text: str = ""
