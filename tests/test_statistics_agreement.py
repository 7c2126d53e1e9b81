"""Krippendorff's alpha and the rest of agreement against published numbers and other code."""

from __future__ import annotations

from math import isnan

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from trainer.statistics.agreement import (
    choice_agreement,
    rank_agreement,
    score_agreement,
    self_consistency,
)
from trainer.statistics.alpha import Level, alpha
from trainer.statistics.data import Looked, Mark, Preference, Repeat, Score
from trainer.statistics.span_agreement import span_agreement

# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability", 2011: four observers, 12 units.
N = None
PUBLISHED = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3),
    (N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N),
)
LEVELS: tuple[Level, ...] = ("nominal", "ordinal", "interval")


@pytest.mark.parametrize(
    ("level", "value"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_krippendorffs_own_example(level: Level, value: float) -> None:
    assert alpha(PUBLISHED, level) == pytest.approx(value, abs=5e-4)


@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=5, max_size=5),
        min_size=2,
        max_size=4,
    )
)
@settings(max_examples=25, deadline=None)
def test_alpha_as_the_krippendorff_package(table: list[list[int | None]]) -> None:
    pairable = [
        value
        for column in zip(*table, strict=True)
        if sum(value is not None for value in column) > 1
        for value in column
        if value is not None
    ]
    for level in LEVELS:
        found = alpha(table, level)
        if len(set(pairable)) < 2:
            assert isnan(found)
        else:
            numbers = [[np.nan if value is None else value for value in row] for row in table]
            assert found == pytest.approx(krippendorff.alpha(numbers, level_of_measurement=level))


def test_scores_and_choices_of_two_reviewers() -> None:
    ours, theirs = [80, 60, 90, 30], [75, 65, 70, 40]
    scores = [
        Score(f"d{at // 2}", str(at % 2), "a", reviewer, value)
        for reviewer, values in (("r0", ours), ("r1", theirs))
        for at, value in enumerate(values)
    ]
    scores.append(Score("d9", "0", "a", "r0", 99))  # seen by one only: it says nothing
    found = score_agreement(scores)
    expected = krippendorff.alpha([ours, theirs], level_of_measurement="interval")
    assert found.alpha.value == pytest.approx(expected)
    assert found.units == 4
    assert found.alpha.interval.low < expected < found.alpha.interval.high <= 1
    choices = [
        Preference("d", str(at), reviewer, "a", "b", winner)
        for reviewer, winners in (("r0", "aab"), ("r1", "abb"))
        for at, winner in enumerate(winners)
    ]
    chosen = choice_agreement(choices)
    expected = krippendorff.alpha([[0, 0, 1], [0, 1, 1]], level_of_measurement="nominal")
    assert chosen.alpha.value == pytest.approx(expected)


def test_nothing_in_common() -> None:
    scores = [Score("d", "0", "a", "r0", 5), Score("d", "1", "a", "r1", 5)]
    assert score_agreement(scores).units == 0
    assert "two reviewers" in score_agreement(scores).alpha.note
    assert span_agreement([], [Looked("d", "0", "a", "r0", 9)]).units == 0


def test_spans_by_characters() -> None:
    looked = [Looked("d", "0", "a", reviewer, 6) for reviewer in ("r0", "r1")]
    marks = [
        Mark("d", "0", "a", "r0", 0, 3, "minor", "", 6),
        Mark("d", "0", "a", "r1", 1, 4, "major", "", 6),
        Mark("d", "0", "a", "r1", 1, 2, "minor", "", 6),  # inside a worse one
        Mark("d", "0", "a", "r1", -1, -1, "minor", "accuracy/omission", 6),
    ]
    worst = [[1, 1, 1, 0, 0, 0, 0], [0, 2, 2, 2, 0, 0, 1]]
    found = span_agreement(marks, looked)
    expected = krippendorff.alpha(worst, level_of_measurement="nominal")
    assert found.alpha.value == pytest.approx(expected)
    marked = [[min(1, value) for value in row] for row in worst]
    expected = krippendorff.alpha(marked, level_of_measurement="nominal")
    assert span_agreement(marks, looked, severity=False).alpha.value == pytest.approx(expected)


def test_spans_of_several_outputs_and_three_reviewers() -> None:
    rng = np.random.default_rng(1)
    looked, marks = [], []
    rows: list[list[int]] = [[], [], []]
    for number in range(12):
        length = int(rng.integers(5, 30))
        for reviewer in range(3):
            start = int(rng.integers(0, length))
            end = min(length, start + int(rng.integers(1, 6)))
            document = f"d{number}"
            looked.append(Looked(document, "0", "a", f"r{reviewer}", length))
            marks.append(Mark(document, "0", "a", f"r{reviewer}", start, end, "minor", "", length))
            rows[reviewer] += [int(start <= at < end) for at in range(length + 1)]
    found = span_agreement(marks, looked)
    assert found.alpha.value == pytest.approx(
        krippendorff.alpha(rows, level_of_measurement="nominal")
    )
    assert found.alpha.interval.low < found.alpha.value < found.alpha.interval.high


def test_tau_as_scipy() -> None:
    ours, theirs = (10, 20, 20, 40, 5), (15, 10, 30, 30, 0)
    scores = [
        Score("d", "0", f"s{at}", reviewer, value)
        for reviewer, values in (("r0", ours), ("r1", theirs))
        for at, value in enumerate(values)
    ]
    (found,) = rank_agreement(scores)
    assert found.tau == pytest.approx(stats.kendalltau(ours, theirs).statistic)
    assert found.count == 10


def test_repeats() -> None:
    repeats = [Repeat("r0", "a", 70, 75), Repeat("r0", "b", 50, 40), Repeat("r1", "a", 60, 60)]
    first, second = self_consistency(repeats)
    assert (first.count, first.gap, first.drift) == (2, 7.5, -2.5)
    expected = krippendorff.alpha([[70, 50], [75, 40]], level_of_measurement="interval")
    assert first.alpha == pytest.approx(expected)
    assert isnan(second.alpha)
