"""Which errors each system makes, and what they weigh.

The weights are those of the MQM typology as WMT uses it: minor 1, major 5, critical 25, and minor
punctuation 0.1 (M. Freitag et al., "Experts, Errors, and Context", 2021; A. Lommel et al., "The
Multi-Range Theory of Translation Quality Measurement", 2024). Error span annotation has the minor
and major ones (T. Kocmi et al., "Error Span Annotation", 2024).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np

from trainer.statistics.data import LEVEL, Estimate, Interval, Looked, Mark, Score, Values, names
from trainer.statistics.resample import sampling, spreads

WEIGHTS: Mapping[str, float] = {"minor": 1.0, "major": 5.0, "critical": 25.0}
PUNCTUATION = 0.1
_PER = 1000  # characters


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Errors of one kind that a reviewer finds in a system's outputs.

    ``severity`` or ``category`` is empty where all of them count. ``per_thousand`` is of
    characters of the target text; its lower bound is never below zero.
    """

    system: str
    severity: str
    category: str
    count: int
    per_thousand: Estimate


@dataclass(frozen=True, slots=True)
class ErrorProfile:
    """All errors, by severity, and by category (the most frequent first), of each system."""

    systems: tuple[str, ...]
    overall: tuple[ErrorRate, ...]
    severities: tuple[ErrorRate, ...]
    categories: tuple[ErrorRate, ...]


def error_profile(marks: Sequence[Mark], looked: Sequence[Looked]) -> ErrorProfile:
    """The errors of each system. ``looked``: every output that a reviewer went through."""
    systems = names(one.system for one in looked)
    present = {mark.severity for mark in marks}
    severities = [severity for severity in WEIGHTS if severity in present]
    counts: dict[str, int] = defaultdict(int)
    for mark in marks:
        counts[mark.category] += 1
    categories = sorted((name for name in counts if name), key=lambda name: -counts[name])
    kinds = [("", ""), *((one, "") for one in severities), *(("", one) for one in categories)]
    rates = [rate for system in systems for rate in _rates(system, kinds, marks, looked)]
    return ErrorProfile(
        tuple(systems),
        tuple(rate for rate in rates if not rate.severity and not rate.category),
        tuple(rate for rate in rates if rate.severity),
        tuple(rate for rate in rates if rate.category),
    )


def weight(severity: str, category: str) -> float:
    """What one error counts."""
    if severity == "minor" and category.endswith("punctuation"):
        return PUNCTUATION
    return WEIGHTS[severity]


def span_scores(marks: Sequence[Mark], looked: Sequence[Looked]) -> list[Score]:
    """The weighted errors of each output by each reviewer as a score: 0 without any, else below."""
    found: dict[tuple[str, str, str, str], float] = defaultdict(float)
    for mark in marks:
        place = mark.document, mark.segment, mark.system, mark.reviewer
        found[place] -= weight(mark.severity, mark.category)
    return [
        Score(
            one.document,
            one.segment,
            one.system,
            one.reviewer,
            found.get((one.document, one.segment, one.system, one.reviewer), 0.0),
        )
        for one in looked
    ]


def _rates(
    system: str,
    kinds: Sequence[tuple[str, str]],
    marks: Sequence[Mark],
    looked: Sequence[Looked],
) -> list[ErrorRate]:
    own = [one for one in looked if one.system == system]
    place = {(one.document, one.segment, one.reviewer): at for at, one in enumerate(own)}
    counts = np.zeros((len(own), len(kinds)))
    for mark in marks:
        at = place.get((mark.document, mark.segment, mark.reviewer))
        if mark.system == system and at is not None:
            for number, (severity, category) in enumerate(kinds):
                counts[at, number] += severity in ("", mark.severity) and category in (
                    "",
                    mark.category,
                )
    lengths = np.array([one.length for one in own], dtype=np.float64)

    def statistic(weights: Values) -> Values:
        with np.errstate(invalid="ignore", divide="ignore"):
            rates: Values = _PER * (weights @ counts) / (weights @ lengths)[:, None]
        return rates

    sample = sampling(own)
    return [
        ErrorRate(
            system,
            severity,
            category,
            int(counts[:, number].sum()),
            _bounded(estimate, lengths.sum()),
        )
        for number, ((severity, category), estimate) in enumerate(
            zip(kinds, map(sample.estimate, spreads(statistic, sample)), strict=True)
        )
    ]


def _bounded(estimate: Estimate, characters: float) -> Estimate:
    """An interval without negative rates; without any error, as many as chance may have hidden.

    Zero of a Poisson process: F. Garwood, "Fiducial Limits for the Poisson Distribution", 1936.
    """
    low, high = estimate.interval.low, estimate.interval.high
    if estimate.value == 0:
        high = -log(LEVEL / 2) / characters * _PER
    return replace(estimate, interval=Interval(float(np.maximum(0.0, low)), float(high)))
