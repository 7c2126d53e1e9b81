"""Searching a translation memory as a person does: like sentences, and words anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from translator import markup
from translator.memory import Memory, Unit

_LIKE = 60.0  # percent


@dataclass(frozen=True, slots=True)
class Hit:
    """A unit and how similar its source is to what was searched (percent).

    ``score`` is ``None`` for one that merely contains the words, in the source or in the target.
    """

    unit: Unit
    score: float | None


def search(memory: Memory, text: str, source: str, target: str, limit: int = 20) -> list[Hit]:
    """What a memory has for a text and two languages (BCP-47), the most similar first."""
    text = " ".join(text.split())
    if not text:
        return []
    hits = [
        Hit(match.unit, match.score)
        for match in memory.similar(text, source, target, limit=limit, minimum=_LIKE)
    ]
    known = {hit.unit.source for hit in hits}
    others = (unit for unit in _containing(memory, text, source, target))
    more = (Hit(unit, None) for unit in others if unit.source not in known)
    return [*hits, *islice(more, limit - len(hits))]


def _containing(memory: Memory, text: str, source: str, target: str) -> Iterator[Unit]:
    wanted = text.casefold()
    for unit in memory.units(source, target):
        sides = (markup.plain(side).casefold() for side in (unit.source, unit.target))
        if any(wanted in " ".join(side.split()) for side in sides):
            yield unit
