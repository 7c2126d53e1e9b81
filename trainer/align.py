"""Two texts in two languages, sentence by sentence.

Three passes: numbers, signs, names and lengths find a rough path; a lexicon learned along it
(:mod:`trainer.align_lexicon`) finds a better one, twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trainer import align_evidence, align_lexicon
from trainer.align_band import Band, around, diagonal
from trainer.align_lexicon import Lexicon
from trainer.align_posterior import posterior
from trainer.align_search import MOST, Table, best_path
from trainer.align_text import Sentence, Text, text_of
from translator import lengths
from translator.languages import Language

TRUST = 0.45
TRUSTS = (0.45,) * 3
_WIDE, _NARROW = 0.25, 20


@dataclass(frozen=True, slots=True)
class Bead:
    """Some source sentences and what they became; one side may be empty. Half-open ranges."""

    source: range
    target: range
    confidence: float


def align(
    source: Sequence[Sentence], target: Sequence[Sentence], of: Language, to: Language
) -> list[Bead]:
    before, after = text_of(source), text_of(target)
    n, m = len(before), len(after)
    ratio = lengths.usual(of, to, prose=True)
    band = diagonal(n, m, max(50, int(_WIDE * max(n, m))))
    table = _table(
        before,
        after,
        (align_lexicon.guessed(before, after), align_lexicon.guessed(after, before)),
        ratio,
        band,
    )
    path = best_path(table)
    for trust in TRUSTS:
        likely = posterior(table, trust).beads
        if likely:
            back = {(c, d, a, b): chance for (a, b, c, d), chance in likely.items()}
            lexicons = (
                align_lexicon.learned(before, after, likely),
                align_lexicon.learned(after, before, back),
            )
            ratio = replace(ratio, mean=align_evidence.mean_ratio(before, after, likely))
            table = _table(before, after, lexicons, ratio, around(path, n, m, _NARROW))
            path = best_path(table)
    sure = posterior(table, TRUST)
    beads = []
    for (i, j), (x, y) in pairwise(path):
        if x > i and y > j:
            confidence = sure.beads.get((i, x, j, y), 0.0)
        else:
            confidence = 1.0 - float(sure.source[i] if x > i else sure.target[j])
        beads.append(Bead(range(i, x), range(j, y), confidence))
    return beads


def _table(before, after, lexicons, ratio, band) -> Table:
    return Table(
        band,
        align_evidence.words(before, after, lexicons[0], band, MOST),
        align_evidence.words(after, before, lexicons[1], band.turned(len(after)), MOST),
        align_evidence.lengths_of(before, after, ratio, MOST),
    )
