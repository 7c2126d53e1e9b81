"""From the lines of a corpus to examples within a limit, with an account of all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer import split
from trainer.dataset_documents import Line, Unit, documents, examples
from trainer.dataset_examples import Example, Renderer, Text
from trainer.dataset_report import DatasetReport
from trainer.dataset_rows import Kept
from translator.errors import InputError

if TYPE_CHECKING:
    from trainer.config import DataPart
    from trainer.corpus import Corpus

Progress = Callable[[str, float], None]  # what is done, and the share of it from 0 to 1

_REPEATS = 100  # times a line may come: a weight of more is a mistake


@dataclass(frozen=True)
class Making:
    """One run over a part of a corpus. ``parts``: documents in so many parts, or single lines."""

    corpus: Corpus
    part: str
    data: DataPart
    parts: tuple[int, ...]
    renderer: Renderer
    progress: Progress = lambda _, __: None

    def kept(self, report: DatasetReport) -> Iterator[Kept]:
        """All examples to train with; the report is complete at the end.

        Raises :class:`InputError` if there is none, or one is too long and that is refused.
        """
        if max(self.parts, default=1) > 1 and not self.renderer.reads_context:
            report.notes.append(
                "The prompt style has no place for what comes before: parts of documents stand "
                "alone. The style tagged-context has."
            )
        for unit, often in self.units():
            if not often:
                report.skipped("left out by the weights or the limit")
                continue
            found = list(self._within(unit, report))
            for _ in range(often):
                for line, example in found:
                    report.kept(line.direction, example, self.renderer.size(example))
                    yield line, example
        counts = report.all
        if counts.too_long and self.data.too_long == "refuse":
            raise InputError(
                f"{counts.too_long:,} of {counts.lines:,} lines of {self.part} are longer than "
                f"{self.data.length:,} tokens.",
                "Set data.length higher, or data.too-long to drop or split.",
            )
        if not counts.examples:
            raise InputError(
                f"Nothing of {self.part} is left to train with.",
                "Check data.directions, data.weights and data.length."
                if self.corpus.report["lines"][self.part]
                else f"Build the corpus again with a {self.part} part, as in --{self.part} 50.",
            )

    def units(self) -> Iterator[tuple[Unit, int]]:
        """Lines or documents in the order of the corpus, and how often each comes."""
        times = self._times()
        total = max(1, self.corpus.report["lines"][self.part])
        for number, unit in enumerate(self._all()):
            if number % 1000 == 0:
                self.progress(f"Preparing {self.part}", unit[-1].number / total)
            yield unit, 1 if times is None else int(times[number])

    def made(self, unit: Unit) -> Iterator[tuple[Line, Text, Example]]:
        """The examples of a unit, however long."""
        if self.parts:
            yield from examples(self.renderer, unit, self.parts)
        else:
            line = unit[0]
            yield line, line.text, self.renderer.example(line.text)

    def unusable(self, text: Text) -> str:
        """Why a text cannot be trained; empty if it can."""
        if not text.source.strip() or not text.target.strip():
            return "a side is empty"
        if self.renderer.ends_early(text):
            return "the translation has a line break where a reply ends"
        return ""

    def _lines(self) -> Iterator[Line]:
        """Those of the directions that are wanted; a corpus of one direction is turned for it."""
        wanted = self.data.directions
        both = self.corpus.settings.get("both", False)
        for number, row in enumerate(self.corpus.rows(self.part)):
            here, back = f"{row['from']}>{row['to']}", f"{row['to']}>{row['from']}"
            if not wanted or here in wanted:
                yield Line.of(number, row)
            if back in wanted and not both:
                yield Line.of(number, row, turned=True)

    def _all(self) -> Iterator[Unit]:
        return documents(self._lines()) if self.parts else ((line,) for line in self._lines())

    def _times(self) -> split.Counts | None:
        """How often each unit comes, if weights or a limit ask for it."""
        weights = self.data.weights
        if not weights and not self.data.limit:
            return None
        names: dict[tuple[str, str, str], int] = {}
        groups, keys = [], []
        for unit in self._all():
            groups.append(names.setdefault(unit[0].group, len(names)))
            keys.append(split.hashed(unit[0].number, unit[0].direction))
        shares = [math.prod(weights.get(n, 1.0) for n in set(name)) for name in names]
        found = np.array(groups, np.int64)
        sizes = [int(n) for n in np.bincount(found, minlength=len(names))]
        quotas = split.quotas(sizes, shares, self.data.limit, _REPEATS)
        return split.times(found, np.array(keys, np.uint64), quotas)

    def _within(self, unit: Unit, report: DatasetReport) -> Iterator[Kept]:
        """The examples of a unit that are within the limit."""
        direction = unit[0].direction
        over = False
        for line, text, example in self.made(unit):
            report.saw(self.renderer.size(example))
            if reason := self.unusable(text):
                report.skipped(reason)
            elif self.renderer.fits(example):
                yield line, example
            else:
                over = True
                for piece in self._cut(text, example, direction, report):
                    yield line, piece
        for counts in report.both(direction):
            counts.lines += 1
            counts.too_long += over

    def _cut(
        self, text: Text, example: Example, direction: str, report: DatasetReport
    ) -> Iterator[Example]:
        """What is left of an example that is too long."""
        pieces = [example]
        if self.data.too_long == "split":
            pieces = [piece for _, piece in self.renderer.split(text)]
        for piece in pieces:
            fits = self.renderer.fits(piece)
            for counts in report.both(direction):
                counts.split += fits
                counts.dropped += not fits
                counts.dropped_target_tokens += 0 if fits else len(piece.target)
            if fits:
                yield piece
