"""What in the ratings comes from where an output stood, and from who rated it.

Outputs are shown in random order, so that the place of an output should not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import nan
from statistics import median

import numpy as np

from trainer.statistics.data import Estimate, Preference, Score, Timing, Values, names
from trainer.statistics.resample import sampling, spreads
from trainer.statistics.shares import clustered_share


@dataclass(frozen=True, slots=True)
class PositionBias:
    """How often the output on the left won, ties left out; without bias one half.

    ``p_value`` is two-sided, with documents and reviewers resampled; ``nan`` where that is not
    possible.
    """

    left_wins: Estimate
    p_value: float


@dataclass(frozen=True, slots=True)
class PlaceBias:
    """By how much outputs at a place (0: the leftmost) were scored above the reviewer's usual.

    ``p_value`` is of one place, before any correction for the number of places.
    """

    place: int
    effect: Estimate
    p_value: float


@dataclass(frozen=True, slots=True)
class Profile:
    """How one reviewer rates.

    ``severity`` is the mean of what others gave less what this reviewer gave to the same outputs
    (above 0: more severe), ``nan`` without outputs in common. ``seconds`` is the median of an
    item, ``nan`` without timings.
    """

    reviewer: str
    count: int  # scores
    mean: float
    deviation: float
    severity: float
    shared: int  # outputs that others scored too
    items: int  # timed
    seconds: float
    total_seconds: float


def position_bias(preferences: Sequence[Preference]) -> PositionBias | None:
    """The share of wins on the left and whether it is one half; ``None`` without any win."""
    decided = [one for one in preferences if one.winner is not None]
    if not decided:
        return None
    left = np.array([float(one.winner == one.first) for one in decided])

    def statistic(weights: Values) -> Values:
        with np.errstate(invalid="ignore"):
            share: Values = (weights @ left) / weights.sum(axis=1)
        return share[:, None]

    sample = sampling(decided)
    (spread,) = spreads(statistic, sample)
    interval = clustered_share(spread, sample.document_count)
    estimate = replace(sample.estimate(spread), interval=interval)
    return PositionBias(estimate, replace(spread, value=spread.value - 0.5).p_value)


def place_bias(scores: Sequence[Score]) -> list[PlaceBias]:
    """The effect of each place, from outputs that stood beside others.

    How good the systems and how hard the items are is taken out first: a score counts as its
    distance from the mean of the item, less the same distance of its system on the whole.
    """
    placed = [score for score in scores if score.place is not None]
    items: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for score in placed:
        items[score.document, score.segment, score.reviewer].append(score.value)
    beside = [
        replace(score, value=score.value - float(np.mean(item)))
        for score in placed
        if len(item := items[score.document, score.segment, score.reviewer]) > 1
    ]
    of_system: dict[str, list[float]] = defaultdict(list)
    for score in beside:
        of_system[score.system].append(score.value)
    left_over = [
        replace(
            score,
            system=str(score.place),
            value=score.value - float(np.mean(of_system[score.system])),
        )
        for score in beside
    ]
    return _places(left_over)


def _places(scores: Sequence[Score]) -> list[PlaceBias]:
    found = []
    for place in sorted({score.system for score in scores}, key=int):
        own = [score for score in scores if score.system == place]
        values = np.array([score.value for score in own])

        def statistic(weights: Values, values: Values = values) -> Values:
            with np.errstate(invalid="ignore"):
                mean: Values = (weights @ values) / weights.sum(axis=1)
            return mean[:, None]

        sample = sampling(own)
        (spread,) = spreads(statistic, sample)
        found.append(PlaceBias(int(place), sample.estimate(spread), spread.p_value))
    return found


def profiles(scores: Sequence[Score], timings: Sequence[Timing] = ()) -> list[Profile]:
    """Each reviewer, in order of appearance."""
    given: dict[tuple[str, str, str], dict[str, float]] = defaultdict(dict)
    for score in scores:
        given[score.document, score.segment, score.system][score.reviewer] = score.value
    people = [score.reviewer for score in scores] + [timing.reviewer for timing in timings]
    return [
        _profile(
            reviewer,
            given.values(),
            [timing.seconds for timing in timings if timing.reviewer == reviewer],
        )
        for reviewer in names(people)
    ]


def _profile(
    reviewer: str, outputs: Iterable[dict[str, float]], seconds: Sequence[float]
) -> Profile:
    own = [of[reviewer] for of in outputs if reviewer in of]
    gaps = [
        float(np.mean([value for one, value in of.items() if one != reviewer])) - of[reviewer]
        for of in outputs
        if reviewer in of and len(of) > 1
    ]
    return Profile(
        reviewer,
        len(own),
        float(np.mean(own)) if own else nan,
        float(np.std(own, ddof=1)) if len(own) > 1 else nan,
        float(np.mean(gaps)) if gaps else nan,
        len(gaps),
        len(seconds),
        median(seconds) if seconds else nan,
        float(sum(seconds)),
    )
