"""The best path through the alignment table, and how sure it is of each step.

Dynamic programming over beads (W. A. Gale and K. W. Church, "A Program for Aligning Sentences in
Bilingual Corpora", 1993) within a band. Sentences without a translation come in runs (a preface,
notes, a chapter that one edition lacks): the first of a run is rare, the following ones are not,
so there are two tables, as in sequence alignment with affine gaps (O. Gotoh, 1982).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from trainer.align_band import Band
from trainer.align_evidence import Lengths, Words
from trainer.align_text import Floats

# How often so many source sentences become so many target sentences.
BEADS = {
    (1, 1): 0.86, (1, 2): 0.05, (2, 1): 0.05, (2, 2): 0.01, (1, 3): 0.008, (3, 1): 0.008,
    (2, 3): 0.003, (3, 2): 0.003, (1, 4): 0.002, (4, 1): 0.002, (3, 3): 0.001,
}  # fmt: skip
_KINDS = tuple(BEADS)
MOST = max(max(kind) for kind in _KINDS)
OPEN = math.log(0.01)  # a sentence without a translation after one that has one
STAY = math.log(0.6)  # the next one has none either
_LENGTH_WEIGHT = 1.0
_WORD_WEIGHT = 0.5  # words of a sentence are not independent of each other
_NEVER = -math.inf

_GAP_BEST = 16  # the bit that says: here the gap table is better
_FROM_GAP, _LEFT = 32, 64  # how a gap cell was reached

Scores = Callable[[int], list[tuple[int, int, Floats]]]


@dataclass(frozen=True)
class Table:
    """All evidence for the beads that start in a band."""

    band: Band
    forward: Words
    backward: Words
    lengths: Lengths

    def row(self, i: int) -> list[tuple[int, int, Floats]]:
        """Kind and scores, in nats, of the beads from row ``i`` and each column of the band."""
        n, m = len(self.lengths.source) - 1, len(self.lengths.target) - 1
        found = []
        low = int(self.band.low[i])
        for (a, b), share in BEADS.items():
            high = min(int(self.band.high[i]), m - b)
            if i + a > n or high < low:
                continue
            columns = np.arange(low, high + 1)
            ahead = self.forward.starts[i] + columns
            sums = self.forward.sums[a - 1]
            words = sums[ahead + b] - sums[ahead]
            back = self.backward.starts[columns] + i
            sums = self.backward.sums[b - 1]
            words = words + (sums[back + a] - sums[back])
            scores = self.lengths.evidence(i, a, low, high, b) * _LENGTH_WEIGHT
            scores += math.log(share) + words * (_WORD_WEIGHT / 2)
            found.append((a, b, scores))
        return found


def best_path(table: Table) -> list[tuple[int, int]]:
    """The corners of the best path from (0, 0) to the end, one step a bead."""
    band = table.band
    n = len(band.low) - 1
    arrived = [
        np.full(high - low + 1, _NEVER) for low, high in zip(band.low, band.high, strict=True)
    ]
    choices = [np.zeros(len(row), np.uint8) for row in arrived]
    arrived[0][0] = 0.0
    above_best = above_gap = np.zeros(0)
    for i in range(n + 1):
        low, high = int(band.low[i]), int(band.high[i])
        beads = arrived[i]
        opened = np.full(len(beads), _NEVER)
        stayed = np.full(len(beads), _NEVER)
        if i:
            shift = low - int(band.low[i - 1])
            common = len(above_best) - shift
            opened[:common] = above_best[shift:] + OPEN
            stayed[:common] = above_gap[shift:] + STAY
        gap = np.maximum(opened, stayed)
        choices[i][stayed > opened] |= _FROM_GAP
        beside = np.concatenate([[_NEVER], beads[:-1] + OPEN])
        choices[i][beside > gap] &= 255 - _FROM_GAP
        choices[i][beside > gap] |= _LEFT
        gap = np.maximum(gap, beside)
        slope = np.arange(len(gap)) * STAY
        run = np.maximum.accumulate(gap - slope) + slope
        choices[i][run > gap + 1e-9] |= _FROM_GAP | _LEFT
        best = np.maximum(beads, run)
        choices[i][run > beads] |= _GAP_BEST
        above_best, above_gap = beads, run
        if i == n:
            break
        for a, b, scores in table.row(i):
            reach, window = band.landing(i, a, b, len(scores))
            if reach.stop <= reach.start:
                continue
            onward = best[reach] + scores[reach]
            better = onward > arrived[i + a][window]
            arrived[i + a][window][better] = onward[better]
            choices[i + a][window][better] = _KINDS.index((a, b))
    return _trace(band, choices)


def _trace(band: Band, choices: list[np.ndarray]) -> list[tuple[int, int]]:
    i, j = len(band.low) - 1, int(band.high[-1])
    path = [(i, j)]
    in_gap = bool(choices[i][j - band.low[i]] & _GAP_BEST)
    while i or j:
        choice = int(choices[i][j - band.low[i]])
        if in_gap:
            i, j = (i, j - 1) if choice & _LEFT else (i - 1, j)
            in_gap = bool(choice & _FROM_GAP)
        else:
            a, b = _KINDS[choice & 15]
            i, j = i - a, j - b
            in_gap = bool(choices[i][j - band.low[i]] & _GAP_BEST)
        path.append((i, j))
    return path[::-1]
