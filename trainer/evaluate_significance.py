"""Whether one system's score differs from another's by more than chance.

Paired bootstrap resampling (P. Koehn, "Statistical Significance Tests for Machine Translation
Evaluation", EMNLP 2004) and approximate randomization (S. Riezler and J. T. Maxwell, "On Some
Pitfalls in Automatic Evaluation and Significance Testing for MT", 2005). Both draw the same
random numbers as sacreBLEU's ``PairedTest``, so that the p-values are the same where no draw
ties with the real difference. Unlike there, the unit may be a document instead of a line,
systems are compared each with each, and p-values are corrected for their number (S. Holm, "A
Simple Sequentially Rejective Multiple Test Procedure", 1979).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from trainer.evaluate_scores import Metric, Rows, Score

LEVEL = 0.05  # a smaller p-value counts as significant
RESAMPLES = 1000  # behind every interval
_CELLS = 1 << 22  # numbers of a matrix of draws that are in memory at once
_BLOCK = 32  # numpy draws bits by so many: whole blocks make the same draws in parts
_NOISE = 1e-9  # of sums of numbers that are not whole

Values = NDArray[np.float64]
# The rows of each metric, by its name.
System = Mapping[str, Rows]


class Method(StrEnum):
    """How the p-values are made."""

    RANDOMIZATION = "randomization"  # two-sided
    BOOTSTRAP = "bootstrap"  # one-sided in effect: half the p-values of a two-sided test


DEFAULT_SAMPLES = {Method.RANDOMIZATION: 10_000, Method.BOOTSTRAP: RESAMPLES}


@dataclass(frozen=True, slots=True)
class SignificanceTest:
    """What to do: the method, how many draws, and the seed of them."""

    method: Method = Method.RANDOMIZATION
    samples: int = DEFAULT_SAMPLES[Method.RANDOMIZATION]
    seed: int = 12345  # sacreBLEU's


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds that 95 % of the resampled values are between."""

    low: float
    high: float

    @classmethod
    def of(cls, values: Values) -> Interval:
        """The interval of a sample, one fortieth off at each end."""
        ordered = np.sort(values)
        cut = len(ordered) // 40
        return cls(float(ordered[cut]), float(ordered[-1 - cut]))


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two systems by one metric. ``difference`` is that of ``b`` less that of ``a``.

    ``adjusted`` is the p-value corrected for all comparisons by that metric.
    """

    metric: str
    a: str
    b: str
    difference: float
    interval: Interval
    p_value: float
    adjusted: float

    @property
    def significant(self) -> bool:
        """Whether the corrected p-value is below the level."""
        return self.adjusted < LEVEL


def grouped(rows: Rows, groups: Sequence[str] | None) -> Rows:
    """The rows of lines summed by the document that each line belongs to."""
    if groups is None:
        return rows
    _, numbers = np.unique(np.array(groups), return_inverse=True)
    summed = np.zeros((numbers.max() + 1, rows.shape[1]))
    np.add.at(summed, numbers, rows)
    return summed


def resampled(
    metrics: Sequence[Metric], systems: Mapping[str, System], samples: int, seed: int
) -> dict[str, dict[str, Values]]:
    """The scores of all systems on the same bootstrap samples, by system and metric."""
    length = _length(systems)
    found: dict[str, dict[str, list[float]]] = {
        name: {metric.name: [] for metric in metrics} for name in systems
    }
    for counts in _resamples(length, samples, seed):
        for name, rows in systems.items():
            for metric in metrics:
                found[name][metric.name] += _values(metric, counts @ rows[metric.name])
    return {
        name: {metric: np.array(values) for metric, values in by_metric.items()}
        for name, by_metric in found.items()
    }


def compare(
    scores: Mapping[str, Mapping[str, Score]],
    groups: Sequence[str] | None,
    test: SignificanceTest,
    baseline: str = "",
) -> tuple[dict[str, dict[str, Interval]], list[Comparison]]:
    """The interval of each score of each system, and all comparisons between systems.

    ``scores``: by system and metric, all of the same lines. ``groups``: the document of each
    line (``None``: lines are drawn independently). With a ``baseline`` every other system is
    compared with that one only.
    """
    first = next(iter(scores.values()))
    metrics = [score.metric for score in first.values()]
    systems = {
        name: {m.name: grouped(of[m.name].rows, groups) for m in metrics}
        for name, of in scores.items()
    }
    draws = test.samples if test.method is Method.BOOTSTRAP else RESAMPLES
    values = resampled(metrics, systems, draws, test.seed)
    intervals = {
        name: {metric: Interval.of(drawn) for metric, drawn in of.items()}
        for name, of in values.items()
    }
    pairs = [pair for pair in combinations(scores, 2) if not baseline or baseline in pair]
    pairs = [(b, a) if b == baseline else (a, b) for a, b in pairs]
    chance = (
        _randomized(metrics, systems, pairs, test)
        if test.method is Method.RANDOMIZATION
        else _shifted(values, pairs)
    )
    comparisons: list[Comparison] = []
    for name in first:
        real = {(a, b): scores[b][name].score - scores[a][name].score for a, b in pairs}
        p_values = [_p_value(chance[pair][name], abs(real[pair])) for pair in pairs]
        for (a, b), p, adjusted in zip(pairs, p_values, holm(p_values), strict=True):
            interval = Interval.of(values[b][name] - values[a][name])
            comparisons.append(Comparison(name, a, b, real[a, b], interval, p, adjusted))
    return intervals, comparisons


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number, in the order given."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for rank, at in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[at]))
        adjusted[at] = highest
    return adjusted


Pair = tuple[str, str]


def _shifted(
    values: Mapping[str, Mapping[str, Values]], pairs: Sequence[Pair]
) -> dict[Pair, dict[str, Values]]:
    """The differences in the bootstrap samples, moved so that their mean is zero."""
    found: dict[Pair, dict[str, Values]] = {}
    for a, b in pairs:
        drawn = {metric: np.abs(values[b][metric] - values[a][metric]) for metric in values[a]}
        found[a, b] = {metric: some - some.mean() for metric, some in drawn.items()}
    return found


def _randomized(
    metrics: Sequence[Metric],
    systems: Mapping[str, System],
    pairs: Sequence[Pair],
    test: SignificanceTest,
) -> dict[Pair, dict[str, Values]]:
    """The differences after the two systems swapped their translations of about half the lines."""
    drawn: dict[Pair, dict[str, list[float]]] = {
        pair: {metric.name: [] for metric in metrics} for pair in pairs
    }
    for swaps in _swaps(_length(systems), test.samples, test.seed):
        for a, b in pairs:
            for metric in metrics:
                ours, theirs = systems[a][metric.name], systems[b][metric.name]
                mixed = swaps @ (ours - theirs) + theirs.sum(axis=0)
                rest = ours.sum(axis=0) + theirs.sum(axis=0) - mixed
                sides = zip(_values(metric, mixed), _values(metric, rest), strict=True)
                drawn[a, b][metric.name] += [abs(left - right) for left, right in sides]
    return {
        pair: {metric: np.array(some) for metric, some in by_metric.items()}
        for pair, by_metric in drawn.items()
    }


def _p_value(drawn: Values, real: float) -> float:
    """The share of draws that reach the real difference. One is added, so it is never zero.

    SacreBLEU counts only draws beyond it, and so finds two equal systems to differ for certain,
    and any two on a test set of a few lines.
    """
    return (int(np.sum(drawn >= real - _NOISE)) + 1) / (len(drawn) + 1)


def _values(metric: Metric, sums: Rows) -> list[float]:
    return [metric.value(total) for total in sums.tolist()]


def _length(systems: Mapping[str, System]) -> int:
    return len(next(iter(next(iter(systems.values())).values())))


def _resamples(length: int, samples: int, seed: int) -> Iterator[Rows]:
    """How often each line is in each sample: samples by lines, some samples at a time."""
    rng = np.random.default_rng(seed)
    for count in _parts(length, samples):
        picks = rng.choice(length, size=(count, length), replace=True)
        flat = picks + np.arange(count)[:, None] * length
        counts = np.bincount(flat.ravel(), minlength=count * length)
        yield counts.reshape(count, length).astype(np.float64)


def _swaps(length: int, samples: int, seed: int) -> Iterator[Rows]:
    """One where a line keeps its place, zero where it is swapped: samples by lines."""
    rng = np.random.default_rng(seed)
    for count in _parts(length, samples):
        yield rng.integers(2, size=(count, length), dtype=bool).astype(np.float64)


def _parts(length: int, samples: int) -> Iterator[int]:
    most = max(1, _CELLS // length // _BLOCK) * _BLOCK
    for start in range(0, samples, most):
        yield min(most, samples - start)
