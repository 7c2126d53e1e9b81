"""Groups of systems that differ by more than chance, as in the WMT rankings.

A line is drawn between two neighbours of the ranking where every system above it is better than
every system below it with a p-value under 5 %, corrected for the number of pairs (S. Holm, "A
Simple Sequentially Rejective Multiple Test Procedure", 1979; T. Kocmi et al., "Findings of the
WMT24 General Machine Translation Shared Task", 2024). Segments of one document are not independent,
so that the usual test swaps the systems of whole documents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from trainer.evaluate_significance import holm
from trainer.statistics.data import LEVEL, SEED, Score, Values, names
from trainer.statistics.means import differences, pairs, ranking
from trainer.statistics.normalize import z_scores

_EXACT = 15  # documents up to which all ways to swap are counted
_SWAPS = 10_000
_NOISE = 1e-9


class Method(StrEnum):
    """Where a p-value comes from."""

    RESAMPLED = "resampled"
    """A t-test by documents and reviewers: it speaks of other documents and other reviewers."""
    PERMUTATION = "permutation"
    """Systems swapped by document: it speaks of other documents and these reviewers."""
    WILCOXON = "wilcoxon"
    """Signed ranks of segments, as WMT does: right only where segments are independent."""


@dataclass(frozen=True, slots=True)
class PairTest:
    """Whether ``a`` is better than ``b``. ``adjusted`` is corrected for all pairs."""

    a: str
    b: str
    difference: float
    p_value: float
    adjusted: float

    @property
    def significant(self) -> bool:
        """Whether the corrected p-value is below 5 %."""
        return self.adjusted < LEVEL


@dataclass(frozen=True, slots=True)
class Ranked:
    """A system, its cluster from 1, and the best and the worst rank that it may have."""

    system: str
    cluster: int
    best: int
    worst: int


@dataclass(frozen=True, slots=True)
class Clusters:
    """The systems from the best to the worst, and the tests behind the lines between them."""

    systems: tuple[Ranked, ...]
    tests: tuple[PairTest, ...]
    method: Method
    note: str

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """The systems of each cluster, the best cluster first."""
        numbers = names(ranked.cluster for ranked in self.systems)
        return tuple(
            tuple(one.system for one in self.systems if one.cluster == number) for number in numbers
        )


def clusters(
    scores: Sequence[Score], *, normalized: bool = False, method: Method = Method.RESAMPLED
) -> Clusters:
    """The clusters of all systems; two that no reviewer saw both of are never told apart."""
    found = differences(scores, normalized=normalized)
    chosen = z_scores(scores) if normalized else scores
    values = [one.estimate.value for one in found]
    if method is Method.RESAMPLED:
        chances = [one.p_value for one in found]
    else:
        chances = [_p_value(pairs(chosen, one.a, one.b), method) for one in found]
    chances = [1.0 if np.isnan(chance) else chance for chance in chances]
    tests = tuple(
        PairTest(one.a, one.b, value, chance, adjusted)
        for one, value, chance, adjusted in zip(found, values, chances, holm(chances), strict=True)
    )
    note = next((one.estimate.note for one in found if one.estimate.note), "")
    return Clusters(_ranked(ranking(chosen), tests), tests, method, note)


def _p_value(paired: Sequence[Score], method: Method) -> float:
    """Two-sided, of the differences of one pair of systems."""
    documents = names(one.document for one in paired)
    segments: dict[tuple[str, str], list[float]] = {}
    for one in paired:
        segments.setdefault((one.document, one.segment), []).append(one.value)
    means = {segment: float(np.mean(values)) for segment, values in segments.items()}
    if method is Method.WILCOXON:
        return _wilcoxon(np.array(list(means.values())))
    if len(documents) == 1:
        return _permutation(np.array(list(means.values())))
    sums = dict.fromkeys(documents, 0.0)
    for (document, _), value in means.items():
        sums[document] += value
    return _permutation(np.array(list(sums.values())))


def _wilcoxon(values: Values) -> float:
    """F. Wilcoxon, "Individual Comparisons by Ranking Methods", 1945; equal scores left out."""
    from scipy import stats

    if not np.any(values):
        return 1.0
    return float(stats.wilcoxon(values, zero_method="wilcox").pvalue)


def _permutation(values: Values) -> float:
    """The share of sign changes whose sum is at least as far from zero (R. A. Fisher, 1935)."""
    count = len(values)
    if count <= _EXACT:
        signs = 1.0 - 2.0 * (np.arange(1 << count)[:, None] >> np.arange(count) & 1)
        extra = 0
    else:
        rng = np.random.default_rng(SEED)
        signs = rng.choice((-1.0, 1.0), size=(_SWAPS, count))
        extra = 1  # the real one; otherwise p could be zero
    reached = np.abs(signs @ values) >= abs(values.sum()) - _NOISE
    return float((reached.sum() + extra) / (len(signs) + extra))


def _ranked(order: Sequence[str], tests: Sequence[PairTest]) -> tuple[Ranked, ...]:
    better = {(test.a, test.b) for test in tests if test.significant}
    cluster, ranked = 1, []
    for number, system in enumerate(order):
        above, below = order[:number], order[number:]
        if number and all((one, other) in better for one in above for other in below):
            cluster += 1
        best = 1 + sum((other, system) in better for other in order)
        worst = len(order) - sum((system, other) in better for other in order)
        ranked.append(Ranked(system, cluster, best, worst))
    return tuple(ranked)
