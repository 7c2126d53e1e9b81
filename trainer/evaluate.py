"""Several systems on one test set: scores, what the checks found, and which differences count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trainer.evaluate_comet import Comet
from trainer.evaluate_scores import METRICS, Score, score, scored
from trainer.evaluate_significance import (
    LEVEL,
    Comparison,
    Interval,
    SignificanceTest,
    compare,
)
from trainer.evaluate_systems import Output, TestSet
from translator import checks
from translator.types import Check, Segment

# Lengths of a source line up to which it is in a bucket; longer ones are in the last.
WORD_BUCKETS = (10, 20, 30, 40, 60)
CHARACTER_BUCKETS = (20, 40, 60, 80, 120)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The lines whose source has ``low`` to ``high`` words or characters (``None``: or more)."""

    low: int
    high: int | None
    lines: tuple[int, ...]

    @property
    def label(self) -> str:
        """For a table, e.g. ``11–20``."""
        if self.high is None:
            return f"from {self.low}"
        return f"{self.low}–{self.high}" if self.low else f"to {self.high}"


@dataclass(frozen=True, slots=True)
class System:
    """What is known of one system. ``buckets`` has scores by metric, in the order of the buckets.

    ``findings`` are those of the checks, by the number of the line (from 0).
    """

    output: Output
    scores: Mapping[str, Score]
    intervals: Mapping[str, Interval]
    buckets: tuple[Mapping[str, Score], ...]
    findings: Mapping[int, tuple[Check, ...]]

    @property
    def failed(self) -> list[int]:
        """The lines that the checks would not let stand, by number (from 0)."""
        return [n for n, found in self.findings.items() if any(check.fatal for check in found)]

    def count(self, fatal: bool) -> Counter[str]:
        """On how many lines each check found something."""
        return Counter(
            name
            for found in self.findings.values()
            for name in {check.name for check in found if check.fatal == fatal}
        )


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All results. ``unit`` is that of the buckets: ``words`` or ``characters``."""

    test_set: TestSet
    systems: tuple[System, ...]
    buckets: tuple[Bucket, ...]
    unit: str
    test: SignificanceTest
    comparisons: tuple[Comparison, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics, in order."""
        return list(self.systems[0].scores)


def evaluate(
    test_set: TestSet,
    outputs: Sequence[Output],
    test: SignificanceTest | None = None,
    *,
    metrics: Sequence[str] = METRICS,
    comet: Comet | None = None,
    baseline: str = "",
) -> Evaluation:
    """Score all outputs and compare them. With a ``baseline``, each only with that one.

    Raises :class:`InputError` if sacreBLEU is not installed.
    """
    test = test or SignificanceTest()
    buckets, unit = bucketed(test_set)
    notes: dict[str, None] = {}
    scores: dict[str, Mapping[str, Score]] = {}
    for output in outputs:
        found = score(output.lines, test_set.reference, test_set.target_language.tag, metrics)
        notes.update(dict.fromkeys(found.notes))
        scores[output.name] = dict(found)
        if comet is not None:
            rows = comet.rows(test_set.source, output.lines, test_set.reference)
            scores[output.name] = {**found, comet.name: scored(comet, rows)}
    if missing := sum(
        not reference.strip() and bool(source.strip())
        for source, reference in zip(test_set.source, test_set.reference, strict=True)
    ):
        notes[f"{missing} lines have no reference; they are scored against an empty one."] = None
    units = len(set(test_set.documents or range(len(test_set.source))))
    if len(outputs) > 1 and 2.0 ** (1 - units) >= LEVEL:
        what = "documents" if test_set.documents else "lines"
        notes[f"{units} {what} are too few to prove any difference."] = None
    intervals, comparisons = compare(scores, test_set.documents, test, baseline)
    systems = tuple(
        System(
            output,
            scores[output.name],
            intervals[output.name],
            tuple(_subset(scores[output.name], bucket) for bucket in buckets),
            _findings(test_set, output),
        )
        for output in outputs
    )
    return Evaluation(test_set, systems, buckets, unit, test, tuple(comparisons), tuple(notes))


def bucketed(test_set: TestSet) -> tuple[tuple[Bucket, ...], str]:
    """The lines by the length of their source, empty buckets left out, and the unit of it."""
    spaced = test_set.source_language.spaced
    limits = WORD_BUCKETS if spaced else CHARACTER_BUCKETS
    lengths = [len(line.split()) if spaced else len(line.strip()) for line in test_set.source]
    found = []
    lows = (0, *(limit + 1 for limit in limits))
    for low, high in zip(lows, (*limits, None), strict=True):
        lines = tuple(
            n
            for n, length in enumerate(lengths)
            if length >= low and (high is None or length <= high)
        )
        if lines:
            found.append(Bucket(low, high, lines))
    return tuple(found), "words" if spaced else "characters"


def _subset(scores: Mapping[str, Score], bucket: Bucket) -> dict[str, Score]:
    lines = list(bucket.lines)
    return {name: scored(of.metric, of.rows[lines]) for name, of in scores.items()}


def _findings(test_set: TestSet, output: Output) -> dict[int, tuple[Check, ...]]:
    source, target = test_set.source_language.tag, test_set.target_language.tag
    findings = {}
    for number, (line, hypothesis) in enumerate(zip(test_set.source, output.lines, strict=True)):
        segment = Segment(str(number), str(number), 0, line)
        found = (
            *output.found.get(number, ()),
            *checks.check(segment, hypothesis, source, target),
        )
        if found:
            findings[number] = found
    return findings
