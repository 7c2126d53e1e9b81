"""Long examples: neighbouring lines of a document together, with what comes before as context.

A document is cut into parts at lines, so both sides of a part say the same. A document in two
parts gives two examples: the first part, and the second with the first and its translation as
context, as a long text is translated later. Only the translation of the last part is trained.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, pairwise
from typing import Any

from trainer.dataset_examples import Example, Renderer, Text


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a corpus part. ``number`` counts from 0; ``group`` is what a mix is made of."""

    number: int
    text: Text
    document: str
    place: tuple[str, int]  # file and line, where the corpus got it from
    group: tuple[str, str, str]  # origin, domain, target language

    @classmethod
    def of(cls, number: int, row: dict[str, Any], *, turned: bool = False) -> Line:
        """A row of a corpus (:func:`trainer.corpus_files.pair_row`), or its other direction."""
        text = Text(row["source"], row["target"], row["from"], row["to"])
        if turned:
            text = Text(row["target"], row["source"], row["to"], row["from"])
        group = (row["origin"], row["domain"], text.to)
        return cls(number, text, row["document"], (row["file"], row["line"]), group)

    @property
    def direction(self) -> str:
        """As in ``en>de``."""
        return f"{self.text.of}>{self.text.to}"


Unit = tuple[Line, ...]  # a line, or those of a document in one direction


def documents(lines: Iterator[Line]) -> Iterator[Unit]:
    """The lines of each document, one direction at a time, in the order of the corpus.

    Where a corpus repeats a line for its mix, or cleaning took one out, the others close up: a
    line is missing, or there, on both sides.
    """
    for _, group in groupby(lines, lambda line: line.document):
        directions: dict[str, dict[tuple[str, int], Line]] = {}
        for line in group:
            directions.setdefault(line.direction, {}).setdefault(line.place, line)
        for found in directions.values():
            yield tuple(found.values())


def examples(
    renderer: Renderer, unit: Unit, parts: Sequence[int]
) -> Iterator[tuple[Line, Text, Example]]:
    """The examples of a document, each with its first line: for every number of ``parts`` all
    parts with their context. A document that is too long is made into several at lines; one of
    few lines has as many parts as lines. A single line that is too long comes as it is.
    """
    room = renderer.room(unit[0].text.of, unit[0].text.to)
    measured = _Measured.of(renderer, unit)
    # A first guess; what is too long when it is made is halved.
    waiting = measured.cut(min(len(unit), -(-measured.sizes[-1] // room)))[::-1]
    while waiting:
        piece = waiting.pop()
        counts = sorted({min(count, len(piece.lines)) for count in parts})
        found = [x for count in counts for x in piece.parts(count)]
        made = [(line, text, renderer.example(text)) for line, text in found]
        if len(piece.lines) > 1 and not all(renderer.fits(example) for _, _, example in made):
            waiting += piece.cut(2)[::-1]
            continue
        yield from made


@dataclass(frozen=True, slots=True)
class _Measured:
    """Lines, and about how many tokens there are up to the end of each."""

    lines: Unit
    sizes: list[int]

    @classmethod
    def of(cls, renderer: Renderer, lines: Unit) -> _Measured:
        # A line break on each side.
        sizes = (renderer.tokens(x.text.source) + renderer.tokens(x.text.target) + 2 for x in lines)
        return cls(lines, list(accumulate(sizes)))

    def _slice(self, start: int, stop: int) -> _Measured:
        before = self.sizes[start - 1] if start else 0
        return _Measured(self.lines[start:stop], [n - before for n in self.sizes[start:stop]])

    def cut(self, count: int) -> list[_Measured]:
        """``count`` pieces of at least a line, of as like a size as lines allow."""
        return [self._slice(a, b) for a, b in pairwise(self._places(count))]

    def _places(self, count: int) -> list[int]:
        places = [0]
        for number in range(1, count):
            wanted = self.sizes[-1] * number / count
            least, most = places[-1] + 1, len(self.lines) - (count - number)
            best = min(range(least, most + 1), key=lambda at: abs(self.sizes[at - 1] - wanted))
            places.append(best)
        return [*places, len(self.lines)]

    def parts(self, count: int) -> Iterator[tuple[Line, Text]]:
        context: list[tuple[str, str]] = []
        for piece in self.cut(count):
            first = piece.lines[0]
            source = "\n".join(line.text.source for line in piece.lines)
            target = "\n".join(line.text.target for line in piece.lines)
            yield first, Text(source, target, first.text.of, first.text.to, tuple(context))
            context.append((source, target))
