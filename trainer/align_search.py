"""The best path through the alignment table, and how sure it is of each step.

Dynamic programming over beads (W. A. Gale and K. W. Church, "A Program for Aligning Sentences in
Bilingual Corpora", 1993) within a band. Sentences without a translation come in runs (a preface,
notes, a chapter that one edition lacks): the first of a run is rare, the following ones are not,
so there are two tables, as in sequence alignment with affine gaps (O. Gotoh, 1982).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.align_band import Band
from trainer.align_evidence import Lengths, Words

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
_WORD_WEIGHT = 0.7  # words of a sentence are not independent of each other
_NEVER = -math.inf

_GAP_BEST = 16  # the bit that says: here the gap table is better
_FROM_GAP, _LEFT = 32, 64  # how a gap cell was reached

Path = list[tuple[int, int]]  # corners, from (0, 0) to (all source, all target sentences)


Scores = list[tuple[int, int, npt.NDArray[np.float32]]]


@dataclass(frozen=True)
class Table:
    """Of each row of a band, the kinds of beads that may start in it, and for each kind the
    evidence, in nats, from the row's first column on."""

    band: Band
    rows: list[Scores]


def table(band: Band, forward: Words, backward: Words, lengths: Lengths) -> Table:
    """Put all evidence for the beads that start in a band together."""
    n, m = len(band.low) - 1, int(band.high[-1])
    rows: list[Scores] = []
    for i in range(n):
        low, high = int(band.low[i]), int(band.high[i])
        row: Scores = []
        ahead = [sums[forward.starts[i] + low :] for sums in forward.sums]
        behind = backward.starts[low : high + 1] + i
        back = [[sums[behind + a] for a in range(min(MOST, n - i) + 1)] for sums in backward.sums]
        for (a, b), share in BEADS.items():
            count = min(high, m - b) - low + 1
            if i + a > n or count <= 0:
                continue
            words = ahead[a - 1][b : b + count] - ahead[a - 1][:count]
            words = words + (back[b - 1][a][:count] - back[b - 1][0][:count])
            scores = lengths.evidence(i, a, low, count, b) * _LENGTH_WEIGHT
            scores += math.log(share) + words * (_WORD_WEIGHT / 2)
            row.append((a, b, scores.astype(np.float32)))
        rows.append(row)
    return Table(band, rows)


def best_path(table: Table) -> Path:
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
        beads = arrived[i]
        opened = np.full(len(beads), _NEVER)
        stayed = np.full(len(beads), _NEVER)
        if i:
            shift = int(band.low[i] - band.low[i - 1])
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
        for a, b, scores in table.rows[i]:
            reach, window = band.landing(i, a, b, len(scores))
            if reach.stop <= reach.start:
                continue
            onward = best[reach] + scores[reach]
            better = onward > arrived[i + a][window]
            arrived[i + a][window][better] = onward[better]
            choices[i + a][window][better] = _KINDS.index((a, b))
    return _trace(band, choices)


def _trace(band: Band, choices: list[npt.NDArray[np.uint8]]) -> Path:
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
