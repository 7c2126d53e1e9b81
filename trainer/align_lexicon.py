"""A bilingual lexicon learned from the two texts that are being aligned.

IBM model 1 (P. Brown and others, "The Mathematics of Statistical Machine Translation", 1993) over
the beads of an earlier pass, as R. Moore, "Fast and Accurate Sentence Alignment of Bilingual
Corpora" (2002) does; with a discount, so that words that met once prove nothing, and with a prior
for cognates.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np

from trainer.align_text import Floats, Ints, Text, key

_ROUNDS = 4  # of expectation and maximization
_DISCOUNT = 0.4  # of each expected count
_COGNATE = 0.5  # pseudo-count of a cognate
_HEAD_START = 50.0  # times likelier a cognate is at first
_HESITANT = 1.0  # pseudo-count of no translation at all
_MOST_BEADS = 12_000  # to learn from: bounds the memory
_MOST_WORDS = 120  # of one side of a bead to learn from

Span = tuple[int, int, int, int]  # source start and end, target start and end


@dataclass(frozen=True)
class Lexicon:
    """How much likelier words of one side become when a word is on the other side.

    For word ``s``, ``targets[starts[s] : starts[s + 1]]`` are the words that it may become and
    ``lift`` is P(target | s) / P(target) of each; ``rest[s]`` is the probability of none of them.
    """

    starts: Ints
    targets: Ints
    lift: Floats
    rest: Floats


def cognates(of: Text, to: Text) -> tuple[Ints, Ints]:
    """The pairs of words that look alike."""
    partners: defaultdict[str, list[int]] = defaultdict(list)
    for number, word in enumerate(to.vocabulary):
        if name := key(word):
            partners[name].append(number)
    pairs = [(s, t) for s, word in enumerate(of.vocabulary) for t in partners.get(key(word), ())]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def guessed(of: Text, to: Text) -> Lexicon:
    """The lexicon of cognates alone, before anything is learned."""
    sources, targets = cognates(of, to)
    return _lexicon(of, to, sources, targets, np.full(len(sources), _COGNATE))


def learned(of: Text, to: Text, beads: Mapping[Span, float]) -> Lexicon:
    """The lexicon that best explains the target side of some beads by their source side.

    A bead counts as much as it is likely.
    """
    met = _met(of, to, beads)
    if met is None:
        return guessed(of, to)
    width = len(to.vocabulary)
    similar = cognates(of, to)
    alike = np.unique(similar[0] * width + similar[1])
    pairs, index = np.unique(met.pairs, return_inverse=True)
    sources, targets = np.divmod(pairs, width)
    extra = np.where(np.isin(pairs, alike, assume_unique=True), _COGNATE, 0.0)
    chances: Floats = to.shares[targets] * np.where(extra > 0.0, _HEAD_START, 1.0)
    counts: Floats = extra
    for _ in range(_ROUNDS):
        shares = chances[index]
        totals = np.bincount(met.occurrence, shares) + to.shares[met.words]
        shares *= (met.weights / totals)[met.occurrence]
        counts = extra + np.bincount(index, shares)
        chances = counts / np.bincount(sources, counts)[sources]
    unseen = np.setdiff1d(alike, pairs, assume_unique=True)
    return _lexicon(
        of,
        to,
        np.concatenate([sources, unseen // width]),
        np.concatenate([targets, unseen % width]),
        np.concatenate([counts - _DISCOUNT, np.full(len(unseen), _COGNATE)]),
    )


@dataclass(frozen=True)
class _Met:
    """All pairs of words (source number times vocabulary plus target number) that met in a bead,
    and which occurrence of a target word each belongs to; for each occurrence, its word and how
    much it counts."""

    pairs: Ints
    occurrence: Ints
    words: Ints
    weights: Floats


def _met(of: Text, to: Text, beads: Mapping[Span, float]) -> _Met | None:
    width = len(to.vocabulary)
    pairs, occurrences, words, weights = [], [], [], []
    count = 0
    for (a, b, c, d), chance in islice(beads.items(), 0, None, -(-len(beads) // _MOST_BEADS)):
        s, t = of.words_of(a, b), to.words_of(c, d)
        if 0 < len(s) <= _MOST_WORDS and 0 < len(t) <= _MOST_WORDS:
            pairs.append((s[:, None] * width + t[None, :]).ravel())
            occurrences.append(np.tile(np.arange(len(t)) + count, len(s)))
            words.append(t)
            weights.append(np.full(len(t), chance))
            count += len(t)
    if not pairs:
        return None
    return _Met(*map(np.concatenate, (pairs, occurrences, words, weights)))


def _lexicon(of: Text, to: Text, sources: Ints, targets: Ints, counts: Floats) -> Lexicon:
    kept = counts > 0.0
    sources, targets, counts = sources[kept], targets[kept], counts[kept]
    order = np.argsort(sources, kind="stable")
    sources, targets, counts = sources[order], targets[order], counts[order]
    size = len(of.vocabulary)
    totals = np.bincount(sources, counts, minlength=size) + _HESITANT
    chance = counts / totals[sources]
    useful = chance > 0.005
    sources, targets, chance = sources[useful], targets[useful], chance[useful]
    starts = np.concatenate([[0], np.cumsum(np.bincount(sources, minlength=size))])
    rest: Floats = np.ones(size) - np.bincount(sources, chance, minlength=size)
    return Lexicon(starts, targets, chance / to.shares[targets], rest)
