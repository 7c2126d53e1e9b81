"""How often one system was preferred to another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from trainer.statistics.data import Estimate, Preference, Score, Values, names
from trainer.statistics.resample import sampling, spreads
from trainer.statistics.shares import clustered_share


@dataclass(frozen=True, slots=True)
class Wins:
    """All choices between ``a`` and ``b``. ``share`` is that of ``a``; half of each tie is its."""

    a: str
    b: str
    won: int
    tied: int
    lost: int
    both_bad: int  # of the ties
    share: Estimate


@dataclass(frozen=True, slots=True)
class WinMatrix:
    """The systems, the one with the highest mean share first, and each pair that was compared.

    ``pairs`` has both directions of each pair.
    """

    systems: tuple[str, ...]
    pairs: dict[tuple[str, str], Wins]

    def share(self, a: str, b: str) -> float | None:
        """How often ``a`` was preferred to ``b``; ``None`` where they never met."""
        return self.pairs[a, b].share.value if (a, b) in self.pairs else None


def preferences_of(scores: Sequence[Score], margin: float = 0.0) -> list[Preference]:
    """The choices that scores imply: the better score wins, a gap up to ``margin`` is a tie.

    Each reviewer's scores of one segment are compared each with each. The output more to the left
    is ``first``; without places the order is that of the scores.
    """
    seen: dict[tuple[str, str, str], list[Score]] = defaultdict(list)
    for score in scores:
        seen[score.document, score.segment, score.reviewer].append(score)
    found = []
    for (document, segment, reviewer), together in seen.items():
        ordered = sorted(together, key=lambda score: -1 if score.place is None else score.place)
        for a, b in combinations(ordered, 2):
            gap = a.value - b.value
            winner = None if abs(gap) <= margin else a.system if gap > 0 else b.system
            found.append(Preference(document, segment, reviewer, a.system, b.system, winner))
    return found


def win_matrix(preferences: Sequence[Preference]) -> WinMatrix:
    """Wins, ties and losses of each two systems, with intervals of the shares."""
    met: dict[tuple[str, str], list[Preference]] = defaultdict(list)
    systems = names(name for one in preferences for name in (one.first, one.second))
    place = {name: number for number, name in enumerate(systems)}
    for one in preferences:
        a, b = sorted((one.first, one.second), key=place.__getitem__)
        met[a, b].append(one)
    pairs: dict[tuple[str, str], Wins] = {}
    for (a, b), choices in met.items():
        pairs[a, b] = _wins(a, b, choices)
        pairs[b, a] = _wins(b, a, choices)
    means = {
        a: np.mean([wins.share.value for (one, _), wins in pairs.items() if one == a])
        for a in systems
    }
    return WinMatrix(tuple(sorted(systems, key=lambda name: -means[name])), pairs)


def _wins(a: str, b: str, choices: Sequence[Preference]) -> Wins:
    points = np.array([0.5 if c.winner is None else float(c.winner == a) for c in choices])

    def statistic(weights: Values) -> Values:
        with np.errstate(invalid="ignore"):
            share: Values = (weights @ points) / weights.sum(axis=1)
        return share[:, None]

    sample = sampling(choices)
    (spread,) = spreads(statistic, sample)
    interval = clustered_share(spread, sample.document_count)
    return Wins(
        a,
        b,
        won=sum(c.winner == a for c in choices),
        tied=sum(c.winner is None for c in choices),
        lost=sum(c.winner == b for c in choices),
        both_bad=sum(c.both_bad for c in choices),
        share=replace(sample.estimate(spread), interval=interval),
    )
