"""Which sentence of an output belongs to which of the source, for hovering.

Systems nearly always keep the sentences of a segment. Where their numbers are equal they are
paired in order; else :mod:`trainer.align` decides (20 to 100 ms for a paragraph, kept in memory).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from translator import languages, sentences

Extent = tuple[int, int]  # [start, end) in a text, in code points
Row = tuple[int, int, list[Extent | None]]


def rows(
    source: str, outputs: Sequence[str], of: str, to: str, deadline: float
) -> list[Row] | None:
    """For each sentence of the source: where it is, and where its translation is in each output.

    ``None`` stands for a sentence that an output does not have. The whole answer is ``None`` where
    there is one sentence everywhere, or if ``deadline`` (``time.monotonic``) is over and it would
    take a while: it is there when somebody asks again.
    """
    places = extents(source, of)
    texts = [extents(output, to) for output in outputs]
    if max(len(places), *map(len, texts)) < 2:
        return None
    paired: list[tuple[Extent | None, ...]] = []
    for output, found in zip(outputs, texts, strict=True):
        if len(found) == len(places):
            paired.append(found)
        elif time.monotonic() > deadline:
            return None
        else:
            paired.append(_aligned(source, output, of, to))
    return [
        (start, end, [each[number] for each in paired])
        for number, (start, end) in enumerate(places)
    ]


@lru_cache(maxsize=20_000)
def extents(text: str, language: str) -> tuple[Extent, ...]:
    """The sentences of a text, without the white space around them."""
    ends = [0, *sentences.sentence_ends(text, language), len(text)]
    found = []
    for start, end in pairwise(ends):
        part = text[start:end]
        if inner := part.strip():
            first = start + part.index(inner)
            found.append((first, first + len(inner)))
    return tuple(found)


@lru_cache(maxsize=20_000)
def _aligned(source: str, output: str, of: str, to: str) -> tuple[Extent | None, ...]:
    """For each sentence of the source the extent of its translation in an output."""
    from trainer.align import align  # numpy
    from trainer.align_text import Sentence

    one, other = extents(source, of), extents(output, to)
    beads = align(
        [Sentence(source[start:end]) for start, end in one],
        [Sentence(output[start:end]) for start, end in other],
        languages.get(of),
        languages.get(to),
    )
    found: list[Extent | None] = [None] * len(one)
    for bead in beads:
        if bead.linked:
            for number in bead.source:
                found[number] = (other[bead.target[0]][0], other[bead.target[-1]][1])
    return tuple(found)
