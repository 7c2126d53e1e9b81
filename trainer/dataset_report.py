"""What became of the lines of a corpus: counts that say how much the limit costs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from trainer.dataset_examples import Example

BOUNDS = (32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 2048, 4096, 8192, 16384, 32768, 65536)


@dataclass(slots=True)
class Counts:
    """Of one direction, or of all. Tokens of examples that are trained with, unless said.

    ``lines``: lines or documents read. ``too_long``: how many of them had examples over the
    limit, ``dropped`` and ``split`` what became of these examples, ``dropped_target_tokens`` how
    much text nobody will learn from.
    """

    lines: int = 0
    examples: int = 0
    tokens: int = 0
    target_tokens: int = 0
    longest: int = 0
    too_long: int = 0
    dropped: int = 0
    split: int = 0
    dropped_target_tokens: int = 0


@dataclass(slots=True)
class DatasetReport:
    """``lengths`` counts all examples, those over the limit too, up to each of :data:`BOUNDS`
    and, last, longer ones. ``unusable`` has reasons why lines gave no example. ``rows`` are those
    of the dataset: fewer than examples where several are packed into one.
    """

    length: int
    all: Counts = field(default_factory=Counts)
    directions: dict[str, Counts] = field(default_factory=dict)
    lengths: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    unusable: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    rows: int = 0

    def both(self, direction: str) -> tuple[Counts, Counts]:
        """The counts of all and of a direction."""
        return self.all, self.directions.setdefault(direction, Counts())

    def skipped(self, reason: str) -> None:
        """Note what gave no example."""
        self.unusable[reason] = self.unusable.get(reason, 0) + 1

    def saw(self, size: int) -> None:
        """Note the length of an example, whatever becomes of it."""
        self.lengths[bisect_left(BOUNDS, size)] += 1

    def kept(self, direction: str, example: Example, size: int) -> None:
        """Note an example that is trained with."""
        for counts in self.both(direction):
            counts.examples += 1
            counts.tokens += len(example.prompt) + len(example.target)
            counts.target_tokens += len(example.target)
            counts.longest = max(counts.longest, size)

    def values(self) -> dict[str, Any]:
        """As JSON holds it."""
        return asdict(self)

    @classmethod
    def of(cls, values: dict[str, Any]) -> DatasetReport:
        """What :meth:`values` gave."""
        directions = {name: Counts(**row) for name, row in values["directions"].items()}
        return cls(**values | {"all": Counts(**values["all"]), "directions": directions})

    def sentences(self) -> Iterator[str]:
        """The report for a person, a sentence a line."""
        counts = self.all
        yield (
            f"{counts.examples:,} examples from {counts.lines:,} lines; {counts.target_tokens:,} "
            f"tokens are trained, {counts.tokens - counts.target_tokens:,} are read."
        )
        if self.rows != counts.examples:
            yield f"They are packed into {self.rows:,} rows of up to {self.length:,} tokens."
        if counts.too_long:
            share = counts.dropped_target_tokens / max(
                1, counts.dropped_target_tokens + counts.target_tokens
            )
            yield (
                f"{counts.too_long:,} were longer than {self.length:,} tokens: {counts.split:,} "
                f"examples were made of some, {counts.dropped:,} dropped, and with them "
                f"{share:.1%} of the target text."
            )
        for reason, count in sorted(self.unusable.items()):
            yield f"Not used, {reason}: {count:,}."
        yield from self.notes
