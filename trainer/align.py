"""Two texts in two languages, sentence by sentence.

Numbers, signs, names and lengths find a first path; a lexicon learned from all that is likely
along it (:mod:`trainer.align_lexicon`) finds a better one, several times, at first with little
trust in what was found. Long texts get their first path from groups of sentences, so the time and
the memory grow with the length, not with its square.

Libraries were looked at: hunalign's and Gargantua's bindings are dead, Vecalign, Bertalign and
SentAlign need a sentence encoder of a gigabyte, Bleualign a translation of the whole book.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trainer import align_evidence, align_lexicon
from trainer.align_band import Band, around, diagonal
from trainer.align_lexicon import Lexicon, Span
from trainer.align_posterior import Posterior, posterior
from trainer.align_search import MOST, Path, Table, best_path, table
from trainer.align_text import Sentence, Text, text_of
from translator import lengths
from translator.languages import Language
from translator.lengths import Ratio

_LONG = 2000  # sentences
_GROUPS = 2000  # of sentences at most, for the first path
_STRAY = 0.25  # of the longer text: how far the first path may be from the diagonal
# How much the evidence is believed in each pass, and how far the path may move in it, in
# sentences (for the first ones, also in groups).
_PASSES = ((0.15, 60), (0.15, 40), (0.3, 30), (0.3, 20))
# At this trust the confidence is how often a bead is right (measured on hand-made alignments).
_TRUST = 0.33

Done = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Bead:
    """Some consecutive sentences and their translation; one side is empty if there is none.

    ``confidence``: about how likely exactly these sentences belong together, 0 to 1.
    """

    source: range
    target: range
    confidence: float

    @property
    def linked(self) -> bool:
        """Whether there is something on both sides."""
        return bool(self.source) and bool(self.target)


def align(
    source: Sequence[Sentence],
    target: Sequence[Sentence],
    of: Language,
    to: Language,
    done: Done = lambda share: None,
) -> list[Bead]:
    """Beads in the order of both texts; every sentence is in exactly one of them.

    ``done`` hears now and then which share of the work is done; it may raise.
    """
    if not source or not target:
        return [
            *(Bead(range(i, i + 1), range(0), 1.0) for i in range(len(source))),
            *(Bead(range(0), range(j, j + 1), 1.0) for j in range(len(target))),
        ]
    texts = _Texts(text_of(source), text_of(target), lengths.usual(of, to, prose=True))
    path = _first_path(texts)
    lexicons = texts.guessed()
    # A long text tells its lexicon at once.
    passes = _PASSES if max(len(source), len(target)) < _LONG else _PASSES[::3]
    steps = len(passes) + 1
    for number, (trust, radius) in enumerate(passes):
        done((number + 1) / (steps + 1))
        evidence = texts.table(lexicons, around(path, len(source), len(target), radius))
        likely = posterior(evidence, trust).beads
        if likely:
            lexicons = texts.learned(likely)
            texts = replace(texts, ratio=texts.measured(likely))
        path = best_path(evidence)
    done(steps / (steps + 1))
    evidence = texts.table(lexicons, around(path, len(source), len(target), _PASSES[-1][1]))
    return _beads(best_path(evidence), posterior(evidence, _TRUST))


def _beads(path: Path, sure: Posterior) -> list[Bead]:
    beads = []
    for (i, j), (x, y) in pairwise(path):
        if x > i and y > j:
            confidence = sure.beads.get((i, x, j, y), 0.0)
        else:
            confidence = 1.0 - float(sure.source[i] if x > i else sure.target[j])
        beads.append(Bead(range(i, x), range(j, y), min(1.0, max(0.0, confidence))))
    return beads


@dataclass(frozen=True)
class _Texts:
    """Both sides, and the length ratio that is usual for them."""

    source: Text
    target: Text
    ratio: Ratio

    def guessed(self) -> tuple[Lexicon, Lexicon]:
        return (
            align_lexicon.guessed(self.source, self.target),
            align_lexicon.guessed(self.target, self.source),
        )

    def learned(self, beads: dict[Span, float]) -> tuple[Lexicon, Lexicon]:
        turned = {(c, d, a, b): chance for (a, b, c, d), chance in beads.items()}
        return (
            align_lexicon.learned(self.source, self.target, beads),
            align_lexicon.learned(self.target, self.source, turned),
        )

    def measured(self, beads: dict[Span, float]) -> Ratio:
        return replace(self.ratio, mean=align_evidence.mean_ratio(self.source, self.target, beads))

    def table(self, lexicons: tuple[Lexicon, Lexicon], band: Band) -> Table:
        source, target = self.source, self.target
        return table(
            band,
            align_evidence.words(source, target, lexicons[0], band, MOST),
            align_evidence.words(target, source, lexicons[1], band.turned(len(target)), MOST),
            align_evidence.lengths_of(source, target, self.ratio, MOST),
        )


def _first_path(texts: _Texts) -> Path:
    """A path through groups of sentences that only what looks alike and the lengths tell."""
    n, m = len(texts.source), len(texts.target)
    size = -(-max(n, m) // _GROUPS)
    sources, targets = align_lexicon.cognates(texts.source, texts.target)
    groups = _Texts(
        texts.source.grouped(size, sources), texts.target.grouped(size, targets), texts.ratio
    )
    rows, columns = len(groups.source), len(groups.target)
    band = diagonal(rows, columns, max(50, int(_STRAY * max(rows, columns))))
    path = best_path(groups.table(groups.guessed(), band))
    return [(min(i * size, n), min(j * size, m)) for i, j in path]
