"""Error rates, controls, power and metrics against published numbers and other code."""

from __future__ import annotations

from math import inf, isnan, log

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestPower

from trainer.statistics.controls import control_results
from trainer.statistics.data import Looked, Mark, Score, Spoiled
from trainer.statistics.errors import error_profile, span_scores
from trainer.statistics.metrics import correlation, segment_correlation, system_correlation
from trainer.statistics.power import documents, documents_needed

LOOKED = [Looked(f"d{d}", "0", system, "r", 50) for d in range(4) for system in "ab"]
MARKS = [
    Mark("d0", "0", "a", "r", 0, 4, "minor", "fluency/punctuation", 50),
    Mark("d0", "0", "a", "r", 9, 14, "major", "accuracy/omission", 50),
    Mark("d2", "0", "a", "r", 9, 14, "minor", "accuracy/omission", 50),
    Mark("d3", "0", "a", "r", -1, -1, "critical", "accuracy/omission", 50),
]


def test_weights_of_mqm() -> None:
    found = {(score.document, score.system): score.value for score in span_scores(MARKS, LOOKED)}
    assert found["d0", "a"] == pytest.approx(-5.1)
    assert found["d2", "a"] == -1
    assert found["d3", "a"] == -25
    assert found["d1", "a"] == found["d0", "b"] == 0


def test_error_rates() -> None:
    found = error_profile(MARKS, LOOKED)
    a, b = found.overall
    assert a.count == 4
    assert a.per_thousand.value == pytest.approx(20.0)
    assert a.per_thousand.interval.low >= 0
    assert a.per_thousand.interval.high > 20
    assert (b.count, b.per_thousand.value) == (0, 0)
    # Of zero events, the upper limit of the Poisson mean is 3.689.
    assert b.per_thousand.interval.high == pytest.approx(3.689 / 200 * 1000, abs=0.01)
    assert [rate.severity for rate in found.severities[:3]] == ["minor", "major", "critical"]
    assert [rate.category for rate in found.categories[:2]] == [
        "accuracy/omission",
        "fluency/punctuation",
    ]
    by_document = [2, 0, 1, 1]
    assert a.per_thousand.interval.high == pytest.approx(
        20 + stats.t.ppf(0.975, 3) * np.std(by_document, ddof=1) / 2 / 50 * 1000
    )


def test_controls() -> None:
    spoiled = [Spoiled("careful", "number", 80, 40) for _ in range(8)]
    spoiled += [Spoiled("careless", "deletion", 70, value) for value in (70, 60, 90, 70)]
    every, careful, careless, number, deletion = control_results(spoiled)
    assert (every.count, every.lower) == (12, 9)
    assert (careful.reviewer, careful.share, careful.suspicious) == ("careful", 1.0, False)
    exact = stats.binomtest(1, 4).proportion_ci(method="exact")
    assert (careless.interval.low, careless.interval.high) == pytest.approx(tuple(exact))
    assert careless.suspicious
    assert (number.how, deletion.how) == ("number", "deletion")
    assert control_results([]) == []


@pytest.mark.parametrize("effect", [0.3, 0.5, 0.8])
def test_power_as_statsmodels(effect: float) -> None:
    needed = TTestPower().solve_power(effect_size=effect, alpha=0.05, power=0.8)
    assert documents(effect, 1.0, 0.0, 1, 0.05) == int(np.ceil(needed))


def test_no_number_of_documents_makes_reviewers_agree() -> None:
    assert documents(0.5, 1.0, 0.5, 4, 0.05) is None
    assert documents(0.0, 1.0, 0.0, 4, 0.05) is None
    assert documents(0.5, 0.0, 0.0, 4, 0.05) == 2


def test_documents_needed() -> None:
    rng = np.random.default_rng(1)
    scores = [
        Score(f"d{d}", "0", system, "r", value + rng.normal(0, 10))
        for d in range(10)
        for system, value in (("a", 60.0), ("b", 52.0), ("c", 5.0))
    ]
    found = {(one.a, one.b): one for one in documents_needed(scores)}
    assert found["a", "c"].more == 0
    assert "already" in found["a", "c"].sentence
    close = found["a", "b"]
    assert close.more is not None
    assert close.few is not None
    assert 0 < close.few < close.more < (close.many or inf)
    assert f"About {close.more} more" in close.sentence
    assert documents_needed([one for one in scores if one.document == "d0"]) == []


def test_correlations_as_scipy() -> None:
    rng = np.random.default_rng(2)
    human = np.round(rng.normal(size=40), 1)
    metric = human + rng.normal(size=40)
    found = correlation(human.tolist(), metric.tolist())
    r, tau = stats.pearsonr(human, metric), stats.kendalltau(human, metric)
    assert found.pearson == pytest.approx(r.statistic)
    assert found.pearson_p == pytest.approx(r.pvalue, abs=0.01)
    assert found.tau_b == pytest.approx(tau.statistic)
    assert found.tau_b_p == pytest.approx(tau.pvalue, abs=0.01)
    assert found.tau_c == pytest.approx(stats.kendalltau(human, metric, variant="c").statistic)


def test_three_systems_are_too_few_to_be_sure() -> None:
    found = system_correlation({"a": 1, "b": 2, "c": 3, "d": 9}, {"c": 3.5, "a": 1, "b": 2})
    assert (found.count, found.tau_b, found.accuracy) == (3, 1, 1)
    assert found.tau_b_p == pytest.approx(2 / 6)
    assert isnan(correlation([1, 1], [2, 3]).pearson)


def brute_force(human: list[list[float]], metric: list[list[float]]) -> float:
    """The best accuracy of all margins by trying each."""
    gaps = [
        (np.sign(h[i] - h[j]), m[i] - m[j])
        for h, m in zip(human, metric, strict=True)
        for i in range(len(h))
        for j in range(i + 1, len(h))
    ]
    return max(
        float(np.mean([(0 if abs(gap) <= margin else np.sign(gap)) == sign for sign, gap in gaps]))
        for margin in [0.0, *(abs(gap) for _, gap in gaps)]
    )


def test_ties_are_calibrated() -> None:
    rng = np.random.default_rng(3)
    for _ in range(3):
        human = [rng.integers(0, 3, size=4).astype(float).tolist() for _ in range(5)]
        metric = [np.round(rng.normal(size=4) + row, 1).tolist() for row in np.array(human)]
        found = segment_correlation(human[:4], metric[:4])
        assert found.accuracy == pytest.approx(brute_force(human[:4], metric[:4]))
        assert found.pairs == 24
    assert isnan(segment_correlation([], []).accuracy)


def test_a_metric_of_noise_is_no_better_than_chance() -> None:
    rng = np.random.default_rng(4)
    human = [rng.normal(size=3).tolist() for _ in range(30)]
    noise = [rng.normal(size=3).tolist() for _ in range(30)]
    good = [(np.array(row) + rng.normal(0, 0.3, 3)).tolist() for row in human]
    assert segment_correlation(human, noise).p_value > 0.05
    assert segment_correlation(human, good).p_value < 0.01


def test_log_of_the_level_is_garwoods_limit() -> None:
    assert -log(0.025) == pytest.approx(stats.chi2.ppf(0.975, 2) / 2)
