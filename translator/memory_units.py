"""What a translation memory holds and what it is asked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Protocol

from translator import markup
from translator.markup import Placeholder
from translator.types import Sampling


class Origin(StrEnum):
    """Who wrote a translation, the most trusted first."""

    PERSON = "person"
    IMPORTED = "imported"
    MODEL = "model"


@dataclass(frozen=True, slots=True)
class Unit:
    """A source text and its translation, both tagged; the placeholders of the source are numbered
    1, 2, ... as they appear.

    ``key`` and ``model`` belong to a model's output: :attr:`Asked.key`, and the model's id.
    ``created`` is in seconds since the epoch.
    """

    source: str
    target: str
    source_language: str
    target_language: str
    origin: Origin = Origin.IMPORTED
    key: str = ""
    model: str = ""
    created: float = 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Everything that decides what a model answers for a (tagged) text.

    ``model`` identifies the model's files and its adapter, ``prompt`` is the fingerprint of the
    prompt style, ``style`` the instruction.
    """

    text: str
    source: str
    target: str
    model: str
    prompt: str
    style: str
    terms: tuple[tuple[str, str], ...]
    context: tuple[tuple[str, str], ...]
    sampling: Sampling

    @property
    def key(self) -> str:
        """A hash of it all."""
        # Not asdict: it copies in depth, and this is asked for every segment of a book.
        return hashed("asked", {**_fields(self), "sampling": _fields(self.sampling)})


@dataclass(frozen=True, slots=True)
class Match:
    """A unit whose source is like a text; ``score`` is 0 to 100, 100 for an equal one."""

    unit: Unit
    score: float


class Remembers(Protocol):
    """What the pipeline asks of a memory."""

    def find(self, asked: Asked) -> list[Unit]:
        """Exact finds, the best first; the targets' placeholders are numbered as in the text."""
        ...

    def written(self, source: str, target: str) -> bool:
        """Whether there is anything for these languages that no model made."""
        ...

    def learn(self, asked: Asked, target: str, model: str) -> None:
        """Keep a model's output that passed all checks."""
        ...


def _fields(value: Asked | Sampling) -> dict[str, object]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def hashed(*parts: object) -> str:
    data = json.dumps(parts, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()


def text_key(source: str, source_language: str, target_language: str) -> str:
    return hashed("text", source, source_language, target_language)


def numbered(text: str) -> tuple[str, dict[int, int]]:
    """The text with its placeholders numbered as they appear, and the new number of each."""
    numbers: dict[int, int] = {}
    for placeholder in markup.placeholders(text):
        numbers.setdefault(placeholder.number, len(numbers) + 1)
    return renumbered(text, numbers), numbers


def renumbered(text: str, numbers: dict[int, int]) -> str:
    """A placeholder that has no new number keeps its own."""
    return "".join(
        token
        if isinstance(token, str)
        else str(Placeholder(token.mark, numbers.get(token.number, token.number)))
        for token in markup.tokenize(text)
    )
