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
    """The lexicon that best explains the target side of some beads by their source side."""
    step = -(-len(beads) // _MOST_BEADS)
    sides = []
    for (a, b, c, d), chance in islice(beads.items(), 0, None, max(1, step)):
        s, t = of.words_of(a, b), to.words_of(c, d)
        if 0 < len(s) <= _MOST_WORDS and 0 < len(t) <= _MOST_WORDS:
            sides.append((s, t, chance))
    if not sides:
        return guessed(of, to)
    width = len(to.vocabulary)
    keys = np.concatenate([(s[:, None] * width + t[None, :]).ravel() for s, t, _ in sides])
    # The occurrence of a target word that each pair belongs to.
    shifts = np.cumsum([0, *(len(t) for _, t, _ in sides)])
    occurrence = np.concatenate(
        [
            np.tile(np.arange(len(t)) + at, len(s))
            for (s, t, _), at in zip(sides, shifts, strict=False)
        ]
    )
    alike = np.unique(cognates(of, to)[0] * width + cognates(of, to)[1])
    pairs, index = np.unique(keys, return_inverse=True)
    sources, targets = np.divmod(pairs, width)
    extra = np.where(np.isin(pairs, alike, assume_unique=True), _COGNATE, 0.0)
    weight = np.repeat([chance for *_, chance in sides], [len(t) for _, t, _ in sides])
    none = to.shares[np.concatenate([t for _, t, _ in sides])]
    chance = to.shares[targets] * (1.0 + 50.0 * (extra > 0))
    counts = np.zeros(len(pairs))
    for _ in range(_ROUNDS):
        weights = chance[index]
        totals = np.bincount(occurrence, weights, minlength=shifts[-1]) + none
        counts = (
            np.bincount(index, weights * (weight / totals)[occurrence], minlength=len(pairs))
            + extra
        )
        chance = counts / np.bincount(sources, counts, minlength=len(of.vocabulary))[sources]
    unseen = np.setdiff1d(alike, pairs, assume_unique=True)
    return _lexicon(
        of,
        to,
        np.concatenate([sources, unseen // width]),
        np.concatenate([targets, unseen % width]),
        np.concatenate([counts - _DISCOUNT, np.full(len(unseen), _COGNATE)]),
    )


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
    rest = 1.0 - np.bincount(sources, chance, minlength=size)
    return Lexicon(starts, targets, chance / to.shares[targets], rest)
