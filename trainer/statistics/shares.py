"""Intervals of shares: never beyond 0 and 1, and of some width even when all agree."""

from __future__ import annotations

from math import nan

from trainer.statistics.data import LEVEL, Interval
from trainer.statistics.resample import Spread, quantile


def share_interval(hits: float, count: float) -> Interval:
    """The exact interval of ``hits`` of ``count`` independent trials.

    C. J. Clopper and E. S. Pearson, "The Use of Confidence or Fiducial Limits Illustrated in the
    Case of the Binomial", 1934. Neither number needs to be whole.
    """
    from scipy import special

    if count <= 0:
        return Interval(nan, nan)
    low = special.betaincinv(hits, count - hits + 1, LEVEL / 2) if hits > 0 else 0.0
    high = special.betaincinv(hits + 1, count - hits, 1 - LEVEL / 2) if hits < count else 1.0
    return Interval(float(low), float(high))


def clustered_share(spread: Spread, units: int) -> Interval:
    """The interval of a share whose trials are not independent.

    It is that of as many independent trials as would give the same error (E. L. Korn and
    B. I. Graubard, "Confidence Intervals for Proportions With Small Expected Number of Positive
    Counts Estimated From Survey Data", 1998). Where no unit differs from another, each of the
    ``units`` counts as one trial.
    """
    share = min(max(spread.value, 0.0), 1.0)
    variance = share * (1 - share)
    if spread.error > 0 and variance > 0:
        count = variance / spread.error**2 * (quantile(1e6) / quantile(spread.freedom)) ** 2
    else:
        count = float(units)
    return share_interval(share * count, count)
