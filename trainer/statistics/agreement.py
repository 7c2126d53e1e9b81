"""Whether reviewers agree with each other, and each with themselves.

The intervals of alpha come from leaving out documents: they hold for these reviewers (A. F. Hayes
and K. Krippendorff, "Answering the Call for a Standard Reliability Measure for Coding Data", 2007,
who resample units likewise).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import nan, sqrt
from typing import TypeVar

import numpy as np

from trainer.statistics.alpha import Level, alpha, alpha_statistic, vectors
from trainer.statistics.data import (
    Estimate,
    Interval,
    Observed,
    Preference,
    Repeat,
    Score,
    names,
    numbered,
)
from trainer.statistics.resample import sampling, spreads

Of = TypeVar("Of", bound=Observed)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Krippendorff's alpha. ``units`` were judged by two reviewers or more."""

    level: Level
    units: int
    alpha: Estimate


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """How alike two reviewers order the systems: Kendall's tau-b, -1 to 1.

    ``count`` is of the pairs of outputs of one segment that both scored; ``nan`` without any that
    both tell apart.
    """

    first: str
    second: str
    tau: float
    count: int


@dataclass(frozen=True, slots=True)
class SelfConsistency:
    """What a reviewer made of outputs that came twice.

    ``gap`` is the mean distance of the two scores, ``drift`` the mean of second less first;
    ``alpha`` is the agreement of the reviewer with himself or herself (``nan`` for one repeat).
    """

    reviewer: str
    count: int
    gap: float
    drift: float
    alpha: float


def score_agreement(scores: Sequence[Score], level: Level = "interval") -> Agreement:
    """Alpha of the scores of outputs; use z-scores to leave out how severe reviewers are."""
    return _agreement(
        scores,
        [(score.document, score.segment, score.system) for score in scores],
        lambda score: score.value,
        level,
    )


def choice_agreement(preferences: Sequence[Preference]) -> Agreement:
    """Alpha of the choices: the first, the second, or neither."""
    return _agreement(
        preferences,
        [(one.document, one.segment, *sorted((one.first, one.second))) for one in preferences],
        lambda one: one.winner,
        "nominal",
    )


def rank_agreement(scores: Sequence[Score]) -> list[RankAgreement]:
    """Kendall's tau of each two reviewers, over the pairs of systems inside each segment.

    M. G. Kendall, "The Treatment of Ties in Ranking Problems", 1945, summed over the segments.
    """
    of: dict[str, dict[tuple[str, str], dict[str, float]]] = defaultdict(lambda: defaultdict(dict))
    for score in scores:
        of[score.reviewer][score.document, score.segment][score.system] = score.value
    return [
        _tau(first, second, of[first], of[second])
        for first, second in combinations(names(score.reviewer for score in scores), 2)
    ]


def self_consistency(repeats: Sequence[Repeat]) -> list[SelfConsistency]:
    """Each reviewer who got repeats, in order of appearance."""
    found = []
    for reviewer in names(repeat.reviewer for repeat in repeats):
        own = [repeat for repeat in repeats if repeat.reviewer == reviewer]
        changes = np.array([repeat.second - repeat.first for repeat in own])
        table = [[repeat.first for repeat in own], [repeat.second for repeat in own]]
        found.append(
            SelfConsistency(
                reviewer,
                len(own),
                float(np.abs(changes).mean()),
                float(changes.mean()),
                alpha(table, "interval") if len(own) > 1 else nan,
            )
        )
    return found


def _agreement(
    observations: Sequence[Of],
    units: Sequence[Hashable],
    value: Callable[[Of], Hashable],
    level: Level,
) -> Agreement:
    """Alpha of what was judged twice or more often."""
    times = Counter(units)
    shared = [(of, unit) for of, unit in zip(observations, units, strict=True) if times[unit] > 1]
    among = names(unit for _, unit in shared)
    if not shared:
        note = "no output was judged by two reviewers"
        return Agreement(level, 0, Estimate(nan, Interval(nan, nan), 0, 0, 0, note))
    points = vectors([value(of) for of, _ in shared], level)
    statistic = alpha_statistic(numbered((unit for _, unit in shared), among), points)
    sample = sampling([of for of, _ in shared])
    sample = replace(sample, note="one document" if sample.document_count == 1 else "")
    (spread,) = spreads(statistic, replace(sample, reviewers=np.zeros_like(sample.reviewers)))
    found = sample.estimate(spread)
    interval = Interval(found.interval.low, float(np.minimum(1.0, found.interval.high)))
    return Agreement(level, len(among), replace(found, interval=interval))


def _tau(
    first: str,
    second: str,
    ours: dict[tuple[str, str], dict[str, float]],
    theirs: dict[tuple[str, str], dict[str, float]],
) -> RankAgreement:
    alike = count = told = told_too = 0
    for segment in ours.keys() & theirs.keys():
        for a, b in combinations(sorted(ours[segment].keys() & theirs[segment].keys()), 2):
            one = np.sign(ours[segment][a] - ours[segment][b])
            other = np.sign(theirs[segment][a] - theirs[segment][b])
            alike += int(one * other)
            told += int(one != 0)
            told_too += int(other != 0)
            count += 1
    scale = sqrt(told * told_too)
    return RankAgreement(first, second, alike / scale if scale else nan, count)
