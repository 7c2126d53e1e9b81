"""Choices between two: wins, Bradley-Terry and the left side."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from statsmodels.api import GLM
from statsmodels.genmod.families import Poisson

from trainer.statistics.bias import place_bias, position_bias, profiles
from trainer.statistics.bradley_terry import strengths
from trainer.statistics.data import Preference, Score, Timing
from trainer.statistics.wins import preferences_of, win_matrix

# A. Agresti, "Categorical Data Analysis", 2002, table 10.10: baseball of 1987, wins of the row.
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
WINS = (
    (0, 7, 9, 7, 7, 9, 11),
    (6, 0, 7, 5, 11, 9, 9),
    (4, 6, 0, 7, 7, 8, 12),
    (6, 8, 6, 0, 6, 7, 10),
    (6, 2, 6, 7, 0, 7, 12),
    (4, 4, 5, 6, 6, 0, 6),
    (2, 4, 1, 3, 1, 7, 0),
)
# The strengths there, with Baltimore at 0.
PUBLISHED = (1.581, 1.436, 1.294, 1.248, 1.108, 0.684, 0.0)


def choices(won: dict[tuple[str, str], int], tied: dict[tuple[str, str], int]) -> list[Preference]:
    """``won[a, b]``: how often ``a`` beat ``b``; each choice is on a document of its own."""
    outcomes = [(a, b, a) for (a, b), times in won.items() for _ in range(times)]
    drawn = [(a, b, None) for (a, b), times in tied.items() for _ in range(times)]
    return [
        Preference(f"d{number}", "0", "r", a, b, winner)
        for number, (a, b, winner) in enumerate([*outcomes, *drawn])
    ]


def test_baseball_of_1987() -> None:
    won = {
        (TEAMS[a], TEAMS[b]): times
        for a, row in enumerate(WINS)
        for b, times in enumerate(row)
        if times
    }
    found = {one.system: one.estimate.value for one in strengths(choices(won, {})).systems}
    above = [found[team] - found["Baltimore"] for team in TEAMS]
    assert above == pytest.approx(PUBLISHED, abs=6e-4)


def test_ties_as_a_log_linear_model() -> None:
    names = "abcd"
    rng = np.random.default_rng(1)
    pairs = list(combinations(range(4), 2))
    counts = rng.integers(2, 15, size=(len(pairs), 3))
    won = {(names[a], names[b]): int(row[0]) for (a, b), row in zip(pairs, counts, strict=True)}
    won |= {(names[b], names[a]): int(row[1]) for (a, b), row in zip(pairs, counts, strict=True)}
    tied = {(names[a], names[b]): int(row[2]) for (a, b), row in zip(pairs, counts, strict=True)}
    found = strengths(choices(won, tied))
    # Davidson's model is a Poisson regression with a level for each pair (S. E. Fienberg, "Log
    # Linear Representation for Paired Comparison Models with Ties", 1979).
    design = np.zeros((3 * len(pairs), len(pairs) + 4))
    for at, (a, b) in enumerate(pairs):
        design[3 * at : 3 * at + 3, at] = 1
        for row, shares in enumerate(((1.0, 0.0), (0.0, 1.0), (0.5, 0.5))):
            for system, share in zip((a, b), shares, strict=True):
                if system:
                    design[3 * at + row, len(pairs) + system - 1] = share
        design[3 * at + 2, -1] = 1
    fit = GLM(counts.ravel(), design, family=Poisson()).fit()
    above = {one.system: one.estimate.value for one in found.systems}
    theirs = fit.params[len(pairs) : len(pairs) + 3]
    assert [above[name] - above["a"] for name in "bcd"] == pytest.approx(theirs.tolist(), abs=1e-5)
    assert np.log(found.ties) == pytest.approx(fit.params[-1], abs=1e-5)


def test_systems_that_never_met_are_not_ranked_together() -> None:
    found = strengths(choices({("a", "b"): 3, ("b", "a"): 1, ("c", "d"): 2, ("d", "c"): 2}, {}))
    assert {one.system: one.group for one in found.systems} == {"a": 0, "b": 0, "c": 1, "d": 1}
    assert "a and b; c and d" in found.notes[0]
    strong = {one.system: one.estimate.value for one in found.systems}
    assert strong["a"] == pytest.approx(np.log(3) / 2, abs=1e-6)
    assert strong["c"] == pytest.approx(0, abs=1e-6)


def test_an_unbeaten_system_gets_a_finite_strength() -> None:
    found = strengths(choices({("a", "b"): 9}, {}))
    assert found.systems[0].system == "a"
    assert found.systems[0].estimate.value == pytest.approx(np.log(9.5 / 0.5) / 2, abs=1e-5)
    assert any("never lost" in note for note in found.notes)
    assert strengths([]).systems == ()


def test_the_win_matrix_counts_half_of_a_tie() -> None:
    ones = choices({("a", "b"): 6, ("b", "a"): 2, ("a", "c"): 5}, {("a", "b"): 2})
    found = win_matrix(ones)
    wins = found.pairs["a", "b"]
    assert (wins.won, wins.tied, wins.lost) == (6, 2, 2)
    assert found.share("a", "b") == pytest.approx(0.7)
    assert found.share("b", "a") == pytest.approx(0.3)
    assert found.share("b", "c") is None
    assert found.systems[0] == "a"
    assert wins.share.interval.low < 0.7 < wins.share.interval.high
    all_won = found.pairs["a", "c"].share.interval
    assert 0 < all_won.low < all_won.high == 1


def test_scores_imply_choices() -> None:
    scores = [
        Score("d", "0", "a", "r", 80, place=1),
        Score("d", "0", "b", "r", 78, place=0),
        Score("d", "0", "c", "r", 50, place=2),
        Score("d", "1", "a", "r", 70),
    ]
    found = {(one.first, one.second): one.winner for one in preferences_of(scores, margin=5)}
    assert found == {("b", "a"): None, ("b", "c"): "b", ("a", "c"): "a"}
    assert preferences_of(scores)[0].winner == "a"


def left_wins(chance: float, seed: int) -> list[Preference]:
    """Choices of three reviewers on 20 documents whose left side wins with that chance."""
    rng = np.random.default_rng(seed)
    return [
        Preference(f"d{d}", str(s), f"r{d % 3}", "a", "b", "a" if rng.random() < chance else "b")
        for d in range(20)
        for s in range(10)
    ]


def test_position_bias() -> None:
    biased, fair = position_bias(left_wins(0.65, 1)), position_bias(left_wins(0.5, 2))
    assert biased is not None
    assert fair is not None
    assert biased.p_value < 0.01
    assert biased.left_wins.interval.low > 0.5
    assert fair.left_wins.interval.low < 0.5 < fair.left_wins.interval.high
    assert position_bias([]) is None


def test_place_bias_is_not_the_systems_quality() -> None:
    rng = np.random.default_rng(3)
    scores = []
    for d in range(12):
        for s in range(5):
            for r in range(4):
                places = rng.permutation(3)
                for system, place in enumerate(places):
                    value = 60 + 10 * system + 4 * (place == 0) + rng.normal(0, 3)
                    scores.append(Score(f"d{d}", str(s), f"s{system}", f"r{r}", value, int(place)))
    found = place_bias(scores)
    assert [one.place for one in found] == [0, 1, 2]
    # The first place is 4 above the others: 8/3 above the mean of all, they 4/3 below.
    for one, truth in zip(found, (8 / 3, -4 / 3, -4 / 3), strict=True):
        assert one.effect.interval.low < truth < one.effect.interval.high
        assert one.p_value < 0.01


def test_profiles() -> None:
    scores = [
        Score("d", "0", "a", "kind", 80),
        Score("d", "0", "a", "severe", 60),
        Score("d", "1", "a", "kind", 90),
    ]
    timings = [Timing("kind", "d", "0", 30), Timing("kind", "d", "1", 50)]
    kind, severe = profiles(scores, timings)
    assert (kind.count, kind.mean, kind.severity, kind.shared) == (2, 85, -20, 1)
    assert (kind.items, kind.seconds, kind.total_seconds) == (2, 40, 80)
    assert severe.severity == 20
