"""How strong each system is, from choices between two.

R. A. Bradley and M. E. Terry, "Rank Analysis of Incomplete Block Designs", 1952, with ties after
R. R. Davidson, "On Extending the Bradley-Terry Model to Accommodate Ties in Paired Comparison
Experiments", 1970: of strengths a and b, the odds are a : b : v·sqrt(a·b) for a win of the first,
of the second, and a tie. Fitted by Newton's method; the likelihood has one maximum where chains of
wins link each system to each other (L. R. Ford, "Solution of a Ranking Problem from Binary
Comparisons", 1957).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import exp

import numpy as np
from numpy.typing import NDArray

from trainer.statistics.data import Estimate, Numbers, Preference, Values, names
from trainer.statistics.resample import Spread, sampling, spreads

_STEPS = 60
_LONGEST = 2.0  # step of a logarithm, so that Newton's method doesn't overshoot
_EXACT = 1e-10
_FAINT = 1e-7  # pull towards zero of what the data leaves open
_PRIOR = 0.5  # wins each way between systems that met, where wins alone set no bound


@dataclass(frozen=True, slots=True)
class Strength:
    """The logarithm of a system's strength; the mean of its group is 0.

    A system that is 1 higher wins e = 2.7 times as often as it loses. ``group`` numbers the
    systems that comparisons link: strengths of two groups can't be compared.
    """

    system: str
    group: int
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Strengths:
    """The systems by group, the strongest first. ``ties`` is Davidson's v: 0 without ties.

    ``notes`` say what limits the numbers.
    """

    systems: tuple[Strength, ...]
    ties: float
    notes: tuple[str, ...]


def strengths(preferences: Sequence[Preference]) -> Strengths:
    """The strength of each system with its interval by documents and reviewers."""
    systems = names(name for one in preferences for name in (one.first, one.second))
    if len(systems) < 2:
        return Strengths((), 0.0, ("no two systems were compared",))
    place = {name: number for number, name in enumerate(systems)}
    pairs = list(combinations(range(len(systems)), 2))
    number = {pair: at for at, pair in enumerate(pairs)}
    outcomes = np.array([_outcome(one, place, number) for one in preferences])
    groups = _groups(len(systems), {pairs[at // 3] for at in outcomes.tolist()})
    tied = bool(np.any(outcomes % 3 == 2))
    one_hot = np.zeros((len(preferences), 3 * len(pairs)))
    one_hot[np.arange(len(preferences)), outcomes] = 1
    counts = one_hot.sum(axis=0).reshape(1, len(pairs), 3)
    notes = _notes(systems, groups)
    prior = np.zeros((len(pairs), 3))
    if not _bounded(len(systems), pairs, counts[0], groups):
        prior[counts[0].sum(axis=1) > 0, :2] = _PRIOR
        notes.append("some systems never lost or never won: their strength is a cautious guess")

    def statistic(weights: Values) -> Values:
        drawn = (weights @ one_hot).reshape(len(weights), len(pairs), 3) + prior
        return fit(drawn, len(systems), groups, ties=tied)

    sample = sampling(preferences)
    *found, tie = spreads(statistic, sample)
    if sample.note:
        notes.append(sample.note)
    ranked = [
        Strength(name, int(group), sample.estimate(spread))
        for name, group, spread in zip(systems, groups, found, strict=True)
    ]
    ranked.sort(key=lambda one: (one.group, -one.estimate.value))
    return Strengths(tuple(ranked), _odds(tie) if tied else 0.0, tuple(notes))


def fit(counts: Values, systems: int, groups: Numbers, *, ties: bool) -> Values:
    """Log-strengths of each draw, and the logarithm of v as the last column.

    ``counts``: draws by pairs (0, 1), (0, 2) … (1, 2) … by won, lost and tied.
    """
    pairs = list(combinations(range(systems), 2))
    features = np.zeros((len(pairs), 3, systems + 1))
    for at, (a, b) in enumerate(pairs):
        features[at, 0, a] = features[at, 1, b] = features[at, 2, systems] = 1
        features[at, 2, [a, b]] = 0.5
    # Each group's mean is pinned at zero, or a common shift of its strengths would change nothing.
    pin = (groups[:, None] == groups[None, :]).astype(np.float64)
    fixed = np.diag(np.full(systems + 1, _FAINT))
    fixed[:systems, :systems] += pin
    if not ties:
        features = features[:, :2]
        counts = counts[:, :, :2]
    totals = counts.sum(axis=2)
    found = np.zeros((len(counts), systems + 1))
    for _ in range(_STEPS):
        odds = np.exp(features @ found.T).transpose(2, 0, 1)
        chance = odds / odds.sum(axis=2, keepdims=True)
        expected = np.einsum("dpo,pof->dpf", chance, features)
        slope = np.einsum("dpo,pof->df", counts, features) - np.einsum(
            "dp,dpf->df", totals, expected
        )
        slope -= found @ fixed
        curve = np.einsum("dp,dpo,pof,pog->dfg", totals, chance, features, features, optimize=True)
        curve -= np.einsum("dp,dpf,dpg->dfg", totals, expected, expected, optimize=True)
        step = np.linalg.solve(curve + fixed, slope[:, :, None])[:, :, 0]
        found += np.clip(step, -_LONGEST, _LONGEST)
        if np.abs(step).max() < _EXACT:
            break
    return found


def _odds(tie: Spread) -> float:
    return exp(tie.value)


def _outcome(one: Preference, place: dict[str, int], number: dict[tuple[int, int], int]) -> int:
    """Three times the pair's number, plus 0, 1 or 2: the earlier system won, lost, or neither."""
    first, second = sorted((place[one.first], place[one.second]))
    how = 2 if one.winner is None else 0 if place[one.winner] == first else 1
    return 3 * number[first, second] + how


def _groups(count: int, met: set[tuple[int, int]]) -> Numbers:
    """The number of the group that each system is in."""
    reached = _reached(count, [*met, *((b, a) for a, b in met)])
    first = reached.argmax(axis=1)
    return np.unique(first, return_inverse=True)[1].astype(np.int64)


def _bounded(count: int, pairs: Sequence[tuple[int, int]], counts: Values, groups: Numbers) -> bool:
    """Whether a chain of wins leads from each system to each other of its group.

    Ties are no links: where nobody ever lost, v and the strengths can grow without end together.
    """
    won = [
        link
        for (a, b), (wins, losses, _) in zip(pairs, counts.tolist(), strict=True)
        for link, times in (((a, b), wins), ((b, a), losses))
        if times
    ]
    return bool(np.array_equal(_reached(count, won), groups[:, None] == groups[None, :]))


def _reached(count: int, links: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which system leads to which by a chain of links; each leads to itself."""
    reached = np.eye(count, dtype=bool)
    for a, b in links:
        reached[a, b] = True
    for _ in range(count):
        reached = reached @ reached
    return reached


def _notes(systems: Sequence[str], groups: Numbers) -> list[str]:
    if groups.max() == 0:
        return []
    parts = [
        " and ".join(name for name, of in zip(systems, groups, strict=True) if of == group)
        for group in range(int(groups.max()) + 1)
    ]
    return [f"no comparison links {'; '.join(parts)}: strengths of different groups don't compare"]
