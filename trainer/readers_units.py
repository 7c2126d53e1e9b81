"""Pairs from TMX files and from the translation memory of this data home."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from trainer.pairs import Pair, Unusable
from trainer.readers import Reader
from translator import markup, tmx
from translator.memory import Memory, Origin, Unit


def tmx_reader(path: Path, name: str, of: str, to: str) -> Reader:
    """The units of a TMX file for two languages, whichever of them it calls the source."""

    def read() -> Iterator[Pair | Unusable]:
        skipped: Counter[str] = Counter()
        # A file without a source language gives each unit in both directions, near each other.
        seen: deque[tuple[str, str]] = deque(maxlen=64)
        number = 0
        for unit in tmx.read(path, skipped):
            pair = _pair(unit, of, to, name, number + 1)
            if pair is None or (pair.source, pair.target) in seen:
                continue
            number += 1
            seen.append((pair.source, pair.target))
            yield pair
        for why, count in skipped.items():
            for _ in range(count):
                yield Unusable(name, 0, why)

    return Reader(name, (path,), read, (f"{path.name}: XML",))


def memory_reader(path: Path, of: str, to: str) -> list[Reader]:
    """What people wrote or imported into a translation memory; models' own output is left out.

    One reader, or none if there is nothing for these languages.
    """
    with closing(Memory(path)) as memory:
        if not memory.written(of, to) and not memory.written(to, of):
            return []

    def read() -> Iterator[Pair | Unusable]:
        with closing(Memory(path)) as memory:
            number = 0
            for a, b in ((of, to), (to, of)):
                for unit in memory.units(a, b):
                    if unit.origin is Origin.MODEL:
                        continue
                    number += 1
                    if pair := _pair(unit, of, to, "memory", number):
                        yield pair

    return [Reader("memory", (), read)]


def _pair(unit: Unit, of: str, to: str, name: str, number: int) -> Pair | None:
    """Texts without their inline tags."""
    before, after = markup.plain(unit.source), markup.plain(unit.target)
    if (unit.source_language, unit.target_language) == (to, of):
        before, after = after, before
    elif (unit.source_language, unit.target_language) != (of, to):
        return None
    return Pair(before, after, of, to, name, number, f"{name}:{unit.origin.value}")
