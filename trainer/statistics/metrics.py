"""How well automatic scores agree with the human ones.

By systems: Pearson's r, Kendall's tau, and the share of pairs of systems that both order alike (T.
Kocmi et al., "To Ship or Not to Ship", 2021). By segments: the same share over pairs of outputs of
one segment with ties calibrated, acc*eq (D. Deutsch, G. Foster and M. Freitag, "Ties Matter:
Meta-Evaluating Modern Metrics with Pairwise Accuracy and Tie Calibration", 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import factorial, nan

import numpy as np

from trainer.statistics.data import SEED, Numbers, Values

_PERMUTATIONS = 2000
_EXACT = 7  # systems up to which all orders are counted
_NOISE = 1e-12


@dataclass(frozen=True, slots=True)
class Correlation:
    """How alike two lists of numbers are; ``nan`` where one of them is constant or too short.

    ``p_value`` is the share of random orders that correlate as far from zero or farther.
    """

    count: int
    pearson: float
    pearson_p: float
    tau_b: float
    tau_b_p: float
    tau_c: float
    accuracy: float  # of pairs ordered alike, those that people tie left out


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Pairs of outputs of one segment that the metric orders, or ties, as people do.

    ``margin`` is the gap of the metric up to which two outputs count as equal: the one that gives
    the highest accuracy. Random permutations inside the segments, each with its own best margin,
    give ``p_value``.
    """

    pairs: int
    accuracy: float
    margin: float
    p_value: float


def system_correlation(human: Mapping[str, float], metric: Mapping[str, float]) -> Correlation:
    """Of the means of the systems that both have. A metric where less is better needs a minus."""
    shared = [name for name in human if name in metric]
    return correlation([human[name] for name in shared], [metric[name] for name in shared])


def correlation(human: Sequence[float], metric: Sequence[float]) -> Correlation:
    """Of two lists of equal length."""
    x, y = np.array(human, dtype=np.float64), np.array(metric, dtype=np.float64)
    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return Correlation(len(x), nan, nan, nan, nan, nan, nan)
    a, b = np.triu_indices(len(x), 1)
    people, machine = np.sign(x[a] - x[b]), np.sign(y[a] - y[b])
    decided = people != 0
    balance = float(people @ machine)  # concordant less discordant pairs
    kinds = min(len(np.unique(x)), len(np.unique(y)))

    def pearson(values: Values) -> float:
        return float(np.corrcoef(x, values)[0, 1])

    def tau_b(values: Values) -> float:
        # No order changes how many pairs are tied.
        return float(people @ np.sign(values[a] - values[b])) / scale

    scale = float(np.sqrt((people**2).sum() * (machine**2).sum()))
    return Correlation(
        len(x),
        pearson(y),
        _p_value(pearson, y),
        tau_b(y),
        _p_value(tau_b, y),
        2 * balance * kinds / (len(x) ** 2 * (kinds - 1)),
        float(np.mean(people[decided] == machine[decided])),
    )


def segment_correlation(
    human: Sequence[Sequence[float]], metric: Sequence[Sequence[float]]
) -> Accuracy:
    """Acc*eq, grouped by segment: each inner list has the outputs of one segment.

    The systems' outputs are in the same order in both; segments may have different numbers.
    """
    sizes = np.array([len(row) for row in metric], dtype=np.int64)
    values = np.concatenate([np.zeros(0), *(np.array(row, dtype=np.float64) for row in metric)])
    given = np.concatenate([np.zeros(0), *(np.array(row, dtype=np.float64) for row in human)])
    first, second = _pairs(sizes)
    if not len(first):
        return Accuracy(0, nan, 0.0, nan)
    people = np.sign(given[first] - given[second])
    accuracy, margin = _calibrated(people, values[first] - values[second])
    rng = np.random.default_rng(SEED)
    home = np.repeat(np.arange(len(sizes)), sizes)
    reached = 0
    for _ in range(_PERMUTATIONS):
        drawn = values[np.lexsort((rng.random(len(values)), home))]
        reached += _calibrated(people, drawn[first] - drawn[second])[0] >= accuracy - _NOISE
    return Accuracy(len(people), accuracy, margin, (reached + 1) / (_PERMUTATIONS + 1))


def _pairs(sizes: Numbers) -> tuple[Numbers, Numbers]:
    """The places of all pairs inside segments of these sizes that follow one another."""
    parts = [
        np.array(np.triu_indices(size, 1)) + start
        for size, start in zip(sizes.tolist(), (np.cumsum(sizes) - sizes).tolist(), strict=True)
    ]
    first, second = np.concatenate([np.zeros((2, 0), dtype=np.int64), *parts], axis=1)
    return first, second


def _calibrated(people: Values, gaps: Values) -> tuple[float, float]:
    """The highest accuracy over all margins, and its margin.

    In the order of their size, each gap that becomes a tie is right if people tied and no longer
    right if it was ordered as they do.
    """
    sizes = np.abs(gaps)
    order = np.argsort(sizes, kind="stable")
    change = (people == 0).astype(np.int64) - ((people == np.sign(gaps)) & (people != 0))
    right = int(np.sum((people == np.sign(gaps)) & (people != 0))) + np.cumsum(change[order])
    ends = np.append(np.diff(sizes[order]) > 0, True)
    # Gaps of exactly zero are ties at any margin, also at the smallest.
    margins, right = sizes[order][ends], right[ends]
    if margins[0] > 0:
        start = int(np.sum((people == np.sign(gaps)) & (people != 0)))
        margins, right = np.append(0.0, margins), np.append(start, right)
    best = int(np.argmax(right))
    return float(right[best] / len(gaps)), float(margins[best])


def _p_value(statistic: Callable[[Values], float], values: Values) -> float:
    """Two-sided, by all orders of few values or random ones of many."""
    real = abs(statistic(values)) - _NOISE
    if len(values) <= _EXACT:
        orders = permutations(values.tolist())
        hits = sum(abs(statistic(np.array(order))) >= real for order in orders)
        return hits / factorial(len(values))
    rng = np.random.default_rng(SEED)
    drawn = [abs(statistic(rng.permutation(values))) for _ in range(_PERMUTATIONS)]
    return (sum(one >= real for one in drawn) + 1) / (_PERMUTATIONS + 1)
