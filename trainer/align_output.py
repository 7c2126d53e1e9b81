"""Aligned sentences as files: TMX, a pair of Moses files, JSON."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from trainer.align import Bead
from trainer.align_books import Edition
from translator import tmx
from translator.books.base import atomic_output
from translator.memory_units import Unit


def texts(edition: Edition, numbers: range) -> str:
    """Consecutive sentences as one text."""
    blank = " " if edition.language.spaced else ""
    return blank.join(edition.sentences[k].text for k in numbers)


def write_tmx(path: Path, a: Edition, b: Edition, beads: Sequence[Bead]) -> int:
    """Write the beads that have both sides; return how many."""
    now = time.time()
    units = (
        Unit(source, target, a.language.tag, b.language.tag, created=now)
        for source, target in _pairs(a, b, beads)
    )
    return tmx.write(path, units, a.language.tag)


def write_moses(prefix: Path, a: Edition, b: Edition, beads: Sequence[Bead]) -> tuple[Path, Path]:
    """Write ``PREFIX.en`` and ``PREFIX.de``, where line N answers line N; return their names."""
    sides = list(_pairs(a, b, beads))
    paths = tuple(prefix.with_name(f"{prefix.name}.{edition.language.tag}") for edition in (a, b))
    for side, path in enumerate(paths):
        with atomic_output(path) as file:
            file.writelines(f"{pair[side]}\n".encode() for pair in sides)
    return paths[0], paths[1]


def write_json(path: Path, a: Edition, b: Edition, beads: Sequence[Bead]) -> None:
    """Write all sentences of both books, and all beads by the numbers of their sentences."""
    data = {
        "source": _side(a),
        "target": _side(b),
        "beads": [
            {
                "source": list(bead.source),
                "target": list(bead.target),
                "confidence": round(bead.confidence, 4),
            }
            for bead in beads
        ],
    }
    with atomic_output(path) as file:
        file.write(json.dumps(data, ensure_ascii=False, indent=1).encode())


def _side(edition: Edition) -> dict[str, object]:
    return {
        "file": edition.path.name,
        "language": edition.language.tag,
        "sentences": [sentence.text for sentence in edition.sentences],
    }


def _pairs(a: Edition, b: Edition, beads: Sequence[Bead]) -> Iterator[tuple[str, str]]:
    for bead in beads:
        if bead.linked:
            yield texts(a, bead.source), texts(b, bead.target)
