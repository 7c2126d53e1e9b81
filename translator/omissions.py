"""Is a sentence missing? The sentences of both sides are aligned with and without a gap.

Dynamic programming over beads of sentences, as in W. A. Gale and K. W. Church, "A Program for
Aligning Sentences in Bilingual Corpora" (1993), over lengths (:mod:`translator.lengths`) and
anchors (:mod:`translator.anchors`). Two alignments are compared: the best one in which every
source sentence has its translation, and the best one in which some source sentence, or a large
part of one, has none. The logarithm of the ratio of their probabilities is the score.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

from translator import lengths, sentences
from translator.anchors import anchors, evidence
from translator.languages import Language
from translator.lengths import Ratio
from translator.types import Check

# A score from here on is a finding. tools/measure_checks.py --curve shows what others would give.
THRESHOLD = -1.7

# How often so many source sentences become so many target sentences.
_BEADS = tuple(
    (a, b, math.log(share))
    for a, b, share in (
        (1, 1, 0.92), (2, 1, 0.04), (1, 2, 0.04), (2, 2, 0.005), (3, 1, 0.003), (1, 3, 0.003),
    )
)  # fmt: skip
_ADDED = math.log(0.003) - 2.0  # a target sentence of its own
_GONE = math.log(0.01)  # a source sentence without a translation
# A bead that lost a part: its length ratio may be anything from here to there below the usual.
_PART_GONE = math.log(0.02) - math.log(1.75)
_PART_FROM, _PART_TO = -2.0, -0.25
# Sentences vary a little more than a normal distribution says: Student's t.
_FREEDOM = 6.0
_T_SCALE = (
    math.lgamma((_FREEDOM + 1) / 2) - math.lgamma(_FREEDOM / 2) - math.log(_FREEDOM * math.pi) / 2
)
_DRIFTS = (0.0, -1.5, 1.5)  # standard deviations of the translator's manner to try
_MOST = 60  # sentences of a text that is aligned; segments are far shorter
_BAND = 6  # sentences that an alignment may stray from the diagonal
_IMPOSSIBLE = -math.inf


def omission(source: str, target: str, of: Language | None, to: Language) -> Check | None:
    """A sentence or a large part of one seems to be missing."""
    if of is None:
        return None
    ratio = lengths.usual(of, to, lengths.is_prose(source))
    before, after = split(source, of.tag), split(target, to.tag)
    if not before or not after or not _worth_a_look(before, after, ratio):
        return None
    score = missing(before, after, ratio)
    return Check("omission", "a sentence seems to be missing") if score > THRESHOLD else None


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its outer white space, and its size."""

    text: str
    size: float


_ABBREVIATED = re.compile(r"(?:^|[\s«„“(])(?:Св|св|им|ул|пр|[А-ЯA-Z])\.\s*$")
# Korean puts "he said" after the quote, as the end of the same sentence.
_QUOTATIVE = re.compile(r"\s*(?:이?라고|고)\s")


def split(text: str, tag: str) -> list[Sentence]:
    """The sentences of a text; fragments (a bare quote mark, a number) go with a neighbour."""
    parts: list[str] = []
    for a, b in pairwise([0, *sentences.sentence_ends(text, tag), len(text)]):
        part = text[a:b]
        if parts and (
            not _is_sentence(part)
            or not _is_sentence(parts[-1])
            or _ABBREVIATED.search(parts[-1])
            or _QUOTATIVE.match(part)
        ):
            parts[-1] += part
        else:
            parts.append(part)
    if len(parts) == 1 and not _is_sentence(parts[0]):
        return []
    stripped = [part.strip() for part in parts]
    return [Sentence(part, max(lengths.size(part), 1.0)) for part in stripped]


def _is_sentence(part: str) -> bool:
    return sum(map(str.isalpha, part)) > 1


def _worth_a_look(before: Sequence[Sentence], after: Sequence[Sentence], ratio: Ratio) -> bool:
    """Nothing is missing where there are as many sentences, and as long, as there should be."""
    if max(len(before), len(after)) > _MOST:
        return False
    off = ratio.off(sum(s.size for s in before), sum(s.size for s in after))
    return len(after) < len(before) or off < -0.5


def missing(before: Sequence[Sentence], after: Sequence[Sentence], ratio: Ratio) -> float:
    """How much more likely a gap explains the target than a whole translation does, in nats.

    A number of sentences times likelier in a longer text: its prior is one a text, not a sentence.
    """
    beads = _beads(before, after, ratio)
    whole = gap = _IMPOSSIBLE
    for drift in _DRIFTS:
        shift = ratio.mean + drift * math.sqrt(ratio.drift)
        ends = _best(len(before), len(after), beads, shift)
        whole, gap = max(whole, ends[0] - drift**2 / 2), max(gap, ends[1] - drift**2 / 2)
    return gap - whole - math.log(len(before))


@dataclass(frozen=True, slots=True)
class _Bead:
    """Some source sentences as some target sentences; ``fit`` is all but the length, in nats."""

    sources: int
    targets: int
    log_ratio: float
    variance: float
    fit: float


_Beads = dict[tuple[int, int], list[_Bead]]


def _beads(before: Sequence[Sentence], after: Sequence[Sentence], ratio: Ratio) -> _Beads:
    """All beads that may start at each pair of positions near the diagonal."""
    n, m = len(before), len(after)
    source_sums = [0.0, *accumulate(s.size for s in before)]
    target_sums = [0.0, *accumulate(s.size for s in after)]
    source_anchors = [anchors(s.text) for s in before]
    target_anchors = [anchors(s.text) for s in after]
    found: _Beads = {}
    for i in range(n):
        for j in range(m):
            if abs(i * m / n - j) > _BAND + abs(n - m):
                continue
            here = found[i, j] = []
            for a, b, prior in _BEADS:
                if i + a > n or j + b > m:
                    continue
                s = source_sums[i + a] - source_sums[i]
                t = target_sums[j + b] - target_sums[j]
                variance = ratio.base + ratio.noise / math.sqrt(s * t)
                fit = prior + _T_SCALE - math.log(variance) / 2
                fit += evidence(source_anchors[i : i + a], target_anchors[j : j + b])
                here.append(_Bead(a, b, math.log(t / s), variance, fit))
    return found


def _best(n: int, m: int, beads: _Beads, mean: float) -> tuple[float, float]:
    """The log probabilities of the best alignment without and with a gap."""
    whole = [[_IMPOSSIBLE] * (m + 1) for _ in range(n + 1)]
    gap = [[_IMPOSSIBLE] * (m + 1) for _ in range(n + 1)]
    whole[0][0] = 0.0
    for i in range(n + 1):
        for j in range(m + 1):
            full, gappy = whole[i][j], gap[i][j]
            if (likelier := max(full, gappy)) == _IMPOSSIBLE:
                continue
            if i < n:
                gap[i + 1][j] = max(gap[i + 1][j], likelier + _GONE)
            if j < m:
                whole[i][j + 1] = max(whole[i][j + 1], full + _ADDED)
                gap[i][j + 1] = max(gap[i][j + 1], gappy + _ADDED)
            for bead in beads.get((i, j), ()):
                x, y = i + bead.sources, j + bead.targets
                off = bead.log_ratio - mean
                log_t = (_FREEDOM + 1) / 2 * math.log1p(off * off / bead.variance / _FREEDOM)
                score = bead.fit - log_t
                whole[x][y] = max(whole[x][y], full + score)
                gap[x][y] = max(gap[x][y], gappy + score)
                if _PART_FROM < off < _PART_TO:
                    lost = bead.fit + math.log(bead.variance) / 2 - _T_SCALE + _PART_GONE
                    gap[x][y] = max(gap[x][y], likelier + lost)
    return whole[n][m], gap[n][m]
