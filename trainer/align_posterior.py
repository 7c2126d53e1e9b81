"""How likely each bead is, over all alignments: the forward-backward algorithm.

The tables are those of :mod:`trainer.align_search`, with sums of probabilities in place of the
best one (L. Rabiner, "A Tutorial on Hidden Markov Models", 1989).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trainer.align_lexicon import Span
from trainer.align_search import OPEN, STAY, Table
from trainer.align_text import Floats

_NEVER = -1e30  # a logarithm that adds nothing, and with which sums stay numbers
_LEAST = 0.03  # less likely beads are not told


@dataclass(frozen=True)
class Posterior:
    """The probability of each likely bead, and of each sentence to have a translation."""

    beads: dict[Span, float]
    source: Floats
    target: Floats


def posterior(table: Table, trust: float) -> Posterior:
    """Sum over all alignments in the table's band.

    ``trust`` is what all evidence is multiplied with: its parts are not independent, and at 1
    nearly everything would seem certain.
    """
    ahead = _forward(table, trust)
    band = table.band
    n, m = len(band.low) - 1, int(band.high[-1])
    beads: dict[Span, float] = {}
    source, target = np.zeros(n), np.zeros(m)
    after: list[Floats] = [np.zeros(0)] * (n + 1)  # of all that follows a bead's end
    below = np.zeros(0)  # the same for a gap, of the row below
    total = 0.0
    for i in range(n, -1, -1):
        low, high = int(band.low[i]), int(band.high[i])
        leave = np.full(high - low + 1, _NEVER)
        if i == n:
            leave[-1] = 0.0
            total = float(ahead[n][-1])
        else:
            for a, b, scores in table.rows[i]:
                reach, window = band.landing(i, a, b, len(scores))
                if reach.stop <= reach.start:
                    continue
                onward = scores[reach] * trust + after[i + a][window]
                leave[reach] = np.logaddexp(leave[reach], onward)
                chances = np.exp(ahead[i][reach] + onward - total)
                for k in map(int, np.flatnonzero(chances > _LEAST)):
                    j = low + reach.start + k
                    beads[i, i + a, j, j + b] = float(chances[k])
                source[i : i + a] += chances.sum()
                for first in range(low + reach.start, low + reach.start + b):
                    target[first : first + len(chances)] += chances
        down = np.full(len(leave), _NEVER)
        if i < n:
            shift = int(band.low[i + 1]) - low
            common = min(len(leave) - shift, len(below))
            if common > 0:
                down[shift : shift + common] = below[:common]
        base = np.logaddexp(leave, down + STAY)
        gap = _runs(base[::-1])[::-1]
        beside = np.concatenate([gap[1:], [_NEVER]])
        after[i] = np.logaddexp(leave, np.logaddexp(down, beside) + OPEN)
        below = gap
    return Posterior(beads, source, target)


def _runs(values: Floats) -> Floats:
    """Each value, and all before it that reach it through a run of gaps."""
    slope = np.arange(len(values)) * STAY
    summed: Floats = np.logaddexp.accumulate(values - slope) + slope
    return summed


def _forward(table: Table, trust: float) -> list[Floats]:
    """Of every cell, the sum over all ways to it, as logarithms."""
    band = table.band
    n = len(band.low) - 1
    arrived = [
        np.full(high - low + 1, _NEVER) for low, high in zip(band.low, band.high, strict=True)
    ]
    arrived[0][0] = 0.0
    above_beads = above_gap = np.zeros(0)
    for i in range(n + 1):
        beads = arrived[i]
        base = np.full(len(beads), _NEVER)
        if i:
            shift = int(band.low[i] - band.low[i - 1])
            common = len(above_beads) - shift
            base[:common] = np.logaddexp(above_beads[shift:] + OPEN, above_gap[shift:] + STAY)
        gap = _runs(np.logaddexp(base, np.concatenate([[_NEVER], beads[:-1] + OPEN])))
        above_beads, above_gap = beads, gap
        arrived[i] = best = np.logaddexp(beads, gap)
        if i == n:
            break
        for a, b, scores in table.rows[i]:
            reach, window = band.landing(i, a, b, len(scores))
            if reach.stop > reach.start:
                onto = arrived[i + a][window]
                np.logaddexp(onto, best[reach] + scores[reach] * trust, out=onto)
    return arrived
