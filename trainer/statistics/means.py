"""The mean score of each system, and how much two systems differ.

Every segment counts alike, however many reviewers rated it: the mean is of the segments' means.
(With ``by="document"`` every document counts alike, however long it is.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Literal

import numpy as np

from trainer.statistics.data import Estimate, Score, Values, names, numbered
from trainer.statistics.normalize import z_scores
from trainer.statistics.resample import Sampling, Spread, Statistic, sampling, spreads

By = Literal["segment", "document"]


@dataclass(frozen=True, slots=True)
class SystemMean:
    """The mean of one system."""

    system: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Difference:
    """How much better ``a`` is than ``b``, from what the same reviewers saw of both.

    ``p_value`` is of a two-sided t-test that allows for the documents and the reviewers, before
    any correction for the number of comparisons; ``nan`` where one unit tells nothing of error.
    """

    a: str
    b: str
    estimate: Estimate
    p_value: float
    spread: Spread


def system_means(
    scores: Sequence[Score], *, normalized: bool = False, by: By = "segment"
) -> list[SystemMean]:
    """The mean of each system with its interval, best first.

    Raw means estimate what another reviewer would give to other documents of the kind, so their
    intervals contain how severe reviewers are. ``normalized`` ones are of z-scores, as distances
    from the average system: neither severe reviewers nor hard documents widen them.
    """
    if not scores:
        return []
    systems = names(score.system for score in scores)
    sample = sampling(scores)
    chosen = z_scores(scores) if normalized else scores
    statistic = _means(chosen, systems, by, centred=normalized)
    found = spreads(statistic, sample, severity=not normalized)
    means = [
        SystemMean(system, _of(system, scores, spread, sample))
        for system, spread in zip(systems, found, strict=True)
    ]
    return sorted(means, key=lambda mean: -mean.estimate.value)


def differences(
    scores: Sequence[Score], *, normalized: bool = False, by: By = "segment"
) -> list[Difference]:
    """The difference of each two systems, the better one as ``a``, the largest difference first.

    Only segments count of which a reviewer rated both. Pairs without any are left out.
    """
    chosen = z_scores(scores) if normalized else list(scores)
    found = []
    for a, b in combinations(names(score.system for score in scores), 2):
        paired = pairs(chosen, a, b)
        if not paired:
            continue
        sample = sampling(paired)
        (spread,) = spreads(_means(paired, [""], by, centred=False), sample)
        if spread.value < 0:
            a, b = b, a
            spread = replace(spread, value=-spread.value)
        found.append(Difference(a, b, sample.estimate(spread), spread.p_value, spread))
    return sorted(found, key=lambda difference: -difference.estimate.value)


def ranking(scores: Sequence[Score], by: By = "segment") -> list[str]:
    """The systems by their mean, best first."""
    if not scores:
        return []
    systems = names(score.system for score in scores)
    (means,) = _means(scores, systems, by, centred=False)(np.ones((1, len(scores))))
    return [systems[number] for number in np.argsort(-means, kind="stable")]


def pairs(scores: Sequence[Score], a: str, b: str) -> list[Score]:
    """Score of ``a`` less that of ``b`` for each segment and reviewer that has both.

    The values come as scores of a system without a name.
    """
    of = {
        (score.document, score.segment, score.reviewer): score.value
        for score in scores
        if score.system == b
    }
    return [
        Score(score.document, score.segment, "", score.reviewer, score.value - of[key])
        for score in scores
        if score.system == a and (key := (score.document, score.segment, score.reviewer)) in of
    ]


def _of(system: str, scores: Sequence[Score], spread: Spread, sample: Sampling) -> Estimate:
    """The estimate of one system with its own counts."""
    own = [score for score in scores if score.system == system]
    return replace(
        sample.estimate(spread),
        documents=len({score.document for score in own}),
        reviewers=len({score.reviewer for score in own}),
        count=len(own),
    )


def _means(scores: Sequence[Score], systems: Sequence[str], by: By, *, centred: bool) -> Statistic:
    """The weighted mean of each system; an output's weight is shared by those who rated it."""
    outputs = [(score.system, score.document, score.segment) for score in scores]
    readers = Counter(outputs)
    segments = Counter((system, document) for system, document, _ in readers)
    shares = np.array(
        [
            1 / readers[output] / (segments[output[:2]] if by == "document" else 1)
            for output in outputs
        ]
    )
    own = np.eye(len(systems))[numbered((score.system for score in scores), systems)]
    counts = own * shares[:, None]
    sums = counts * np.array([score.value for score in scores])[:, None]

    def statistic(weights: Values) -> Values:
        with np.errstate(invalid="ignore", divide="ignore"):
            means: Values = (weights @ sums) / (weights @ counts)
        return means - means.mean(axis=1, keepdims=True) if centred else means

    return statistic
