"""One scale for all reviewers.

Reviewers differ in how severe they are and in how much of the scale they use. Their z-scores don't:
each score less the reviewer's mean, in units of the reviewer's standard deviation, as in the WMT
evaluations (Y. Graham, T. Baldwin, A. Moffat and J. Zobel, "Continuous Measurement Scales in Human
Evaluation of Machine Translation", 2013).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from trainer.statistics.data import Score, names, numbered


def z_scores(scores: Sequence[Score]) -> list[Score]:
    """The scores with each reviewer's mean 0 and standard deviation 1, in the order given.

    The deviation is that of a sample (n - 1). All scores of a reviewer who gave one value only
    become 0: they tell nothing apart.
    """
    if not scores:
        return []
    reviewers = names(score.reviewer for score in scores)
    who = numbered((score.reviewer for score in scores), reviewers)
    values = np.array([score.value for score in scores])
    for number in range(len(reviewers)):
        mine = who == number
        spread = values[mine].std(ddof=1) if mine.sum() > 1 else 0.0
        values[mine] -= values[mine].mean()
        values[mine] /= spread if spread > 1e-12 else np.inf
    return [replace(score, value=float(value)) for score, value in zip(scores, values, strict=True)]
