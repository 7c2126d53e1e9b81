"""How well some sentences of one text go with some of the other: words and lengths, in nats.

All evidence is a logarithm of how much likelier the sentences are as translations of each other
than as sentences that have nothing to do with each other; so a sentence without a translation has
the evidence 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainer.align_band import Band
from trainer.align_lexicon import Lexicon, Span
from trainer.align_text import Floats, Ints, Text
from translator.lengths import Ratio

_NULL = 1.0  # words of a sentence that are not there and may become anything
_FREEDOM = 6.0  # sentences vary a little more than a normal distribution says: Student's t


@dataclass(frozen=True)
class Words:
    """The evidence of words for each row of a band: of ``of``'s sentences for those of ``to``.

    For ``a`` source sentences from row ``i``, ``sums[a - 1]`` holds, from ``starts[i]``, the
    running sum over the target sentences from ``low[i]`` to ``reach`` after ``high[i]``: the
    evidence for several target sentences is a difference.
    """

    sums: tuple[npt.NDArray[np.float32], ...]
    starts: Ints  # of each row, less its low: add a target position


def words(of: Text, to: Text, lexicon: Lexicon, band: Band, most: int) -> Words:
    """Look at all beads of up to ``most`` sentences a side that start in a band."""
    n, m = len(of), len(to)
    ends = np.minimum(band.high + most, m)
    lengths = ends - band.low + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    sums = tuple(np.zeros(offsets[-1], np.float32) for _ in range(most))
    cuts_of, partners, lifts = _partners(of, lexicon)
    rests = np.concatenate([[0.0], np.cumsum(lexicon.rest[of.ids])])[of.starts]
    for i in range(n):
        low, end = int(band.low[i]), int(ends[i])
        first = to.starts[low]
        found = to.ids[first : to.starts[end]]
        cuts = to.starts[low : end + 1] - first
        lift = np.zeros(len(to.vocabulary))
        for a in range(min(most, n - i)):
            entries = slice(cuts_of[i + a], cuts_of[i + a + 1])
            np.add.at(lift, partners[entries], lifts[entries])
            rest = _NULL + rests[i + a + 1] - rests[i]
            count = _NULL + of.starts[i + a + 1] - of.starts[i]
            running = np.concatenate([[0.0], np.cumsum(np.log((rest + lift[found]) / count))])
            sums[a][offsets[i] : offsets[i + 1]] = running[cuts]
    return Words(sums, offsets[:-1] - band.low)


def _partners(text: Text, lexicon: Lexicon) -> tuple[Ints, Ints, Floats]:
    """The entries of all words of each sentence: where they start, the words, their lifts."""
    counts = (lexicon.starts[1:] - lexicon.starts[:-1])[text.ids]
    before = np.concatenate([[0], np.cumsum(counts)])
    places = np.arange(before[-1]) + np.repeat(lexicon.starts[text.ids] - before[:-1], counts)
    return before[text.starts], lexicon.targets[places], lexicon.lift[places]


@dataclass(frozen=True)
class Lengths:
    """The evidence of lengths.

    A translation's length given the source's (:mod:`translator.lengths`), against the length of
    any so many sentences of the text.
    """

    ratio: Ratio
    source: Floats  # running sums of sizes
    target: Floats
    source_usual: tuple[tuple[float, float], ...]  # mean and deviation of ln(size) of a sentences
    target_usual: tuple[tuple[float, float], ...]

    def evidence(self, i: int, a: int, j: int, count: int, b: int) -> Floats:
        """Of ``a`` sentences from ``i`` for ``b`` from each of ``count`` columns from ``j``."""
        s = self.source[i + a] - self.source[i]
        t = self.target[j + b : j + b + count] - self.target[j : j + count]
        log_t, log_s = np.log(t), math.log(s)
        ratio = self.ratio
        variance = ratio.drift + ratio.base + ratio.noise / np.sqrt(s * t)
        off = (log_t - (log_s + ratio.mean)) ** 2 / variance
        fit = -(_FREEDOM + 1) / 2 * np.log1p(off / _FREEDOM) - np.log(variance) / 2
        usual_s = _normal(log_s, *self.source_usual[a - 1])
        usual_t = _normal(log_t, *self.target_usual[b - 1])
        evidence: Floats = fit - (usual_s + usual_t) / 2
        return evidence


def lengths_of(of: Text, to: Text, ratio: Ratio, most: int) -> Lengths:
    """Measure the usual lengths of up to ``most`` sentences of both texts."""
    return Lengths(
        ratio,
        np.concatenate([[0.0], np.cumsum(of.sizes)]),
        np.concatenate([[0.0], np.cumsum(to.sizes)]),
        _usual(of.sizes, most),
        _usual(to.sizes, most),
    )


def _usual(sizes: Floats, most: int) -> tuple[tuple[float, float], ...]:
    found = []
    for count in range(1, most + 1):
        logs = np.log(np.convolve(sizes, np.ones(min(count, len(sizes))), "valid"))
        found.append((float(logs.mean()), max(0.3, float(logs.std()))))
    return tuple(found)


def _normal(value: Floats | float, mean: float, deviation: float) -> Floats | float:
    return -(((value - mean) / deviation) ** 2) / 2 - math.log(deviation)


def mean_ratio(of: Text, to: Text, beads: Mapping[Span, float]) -> float:
    """The mean of ln(target size / source size) of some beads, each as likely as it is."""
    logs = [math.log(to.sizes[c:d].sum() / of.sizes[a:b].sum()) for a, b, c, d in beads]
    return float(np.average(logs, weights=list(beads.values())))
