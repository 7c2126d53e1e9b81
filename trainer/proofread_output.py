"""A proofread alignment as a file: TMX, or JSON lines that a corpus is built from."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

from trainer.proofread import LEAST, Proofreading
from trainer.proofread_rows import State
from translator import tmx
from translator.books.base import atomic_output
from translator.languages import Language
from translator.memory_units import Origin, Unit


def joined(sentences: tuple[str, ...], language: Language) -> str:
    """Sentences as one text."""
    return (" " if language.spaced else "").join(sentences)


def write_tmx(path: Path, work: Proofreading, least: float = LEAST) -> int:
    """Write the pairs; those that a person saw count as a person's. Returns how many."""
    of, to = work.source.language, work.target.language
    now = time.time()
    units = (
        Unit(
            joined(row.source, of),
            joined(row.target, to),
            of.tag,
            to.tag,
            Origin.IMPORTED if row.state is State.OPEN else Origin.PERSON,
            created=now,
        )
        for row in work.pairs(least)
    )
    return tmx.write(path, units, of.tag)


def lines(work: Proofreading, title: str, least: float = LEAST) -> Iterator[str]:
    """The pairs as JSON lines, with the languages' tags as names and the book as document."""
    of, to = work.source.language, work.target.language
    for row in work.pairs(least):
        pair = {
            of.tag: joined(row.source, of),
            to.tag: joined(row.target, to),
            "origin": title,
            "document": title,
        }
        yield json.dumps(pair, ensure_ascii=False) + "\n"


def write_lines(path: Path, work: Proofreading, title: str, least: float = LEAST) -> int:
    """Write :func:`lines` to a file; return how many."""
    count = 0
    with atomic_output(path) as file:
        for count, line in enumerate(lines(work, title, least), 1):  # noqa: B007
            file.write(line.encode())
    return count
