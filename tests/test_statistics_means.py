"""Means, differences, clusters and shares against textbooks, scipy and statsmodels."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from scipy import stats
from statsmodels.api import OLS
from statsmodels.stats.proportion import proportion_confint

from trainer.statistics.clusters import Method, clusters
from trainer.statistics.data import Score
from trainer.statistics.means import differences, ranking, system_means
from trainer.statistics.normalize import z_scores
from trainer.statistics.resample import Spread, sampling, spreads
from trainer.statistics.shares import clustered_share, share_interval

# Student, "The Probable Error of a Mean", 1908: hours of sleep won by two drugs, ten patients.
SLEEP = (
    (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0),
    (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4),
)
# C. Darwin's maize as in R. A. Fisher, "The Design of Experiments", 1935: differences in height.
MAIZE = (49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48)
# M. Hollander and D. A. Wolfe, "Nonparametric Statistical Methods", 1973: a depression scale.
DEPRESSION = (
    (1.83, 0.50, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.30),
    (0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29),
)


def two(a: tuple[float, ...], b: tuple[float, ...]) -> list[Score]:
    """Two systems on documents of one segment, rated by one person."""
    return [
        Score(f"d{number}", "0", system, "r", value)
        for system, values in (("a", a), ("b", b))
        for number, value in enumerate(values)
    ]


def crossed(seed: int, documents: int, reviewers: int, effect: float = 3.0) -> list[Score]:
    """Two systems, all documents by all reviewers, who differ in what they think of ``b``."""
    rng = np.random.default_rng(seed)
    taste = rng.normal(0, effect, reviewers)
    return [
        Score(f"d{d}", "0", system, f"r{r}", 50 + rng.normal() + (system == "b") * (5 + taste[r]))
        for d in range(documents)
        for r in range(reviewers)
        for system in ("a", "b")
    ]


def test_one_reviewer_is_students_paired_t_test() -> None:
    (found,) = differences(two(*SLEEP))
    assert (found.a, found.b) == ("b", "a")
    assert found.estimate.value == pytest.approx(1.58)
    # t = 4.0621 with 9 degrees of freedom, p = 0.002833, interval 0.7001 to 2.4599.
    assert found.spread.value / found.spread.error == pytest.approx(4.0621, abs=1e-4)
    assert found.spread.freedom == pytest.approx(9)
    assert found.p_value == pytest.approx(0.002833, abs=1e-6)
    assert found.estimate.interval.low == pytest.approx(0.7001142, abs=1e-6)
    assert found.estimate.interval.high == pytest.approx(2.4598858, abs=1e-6)
    assert "one reviewer" in found.estimate.note


def test_two_ways_of_clustering_as_in_statsmodels() -> None:
    scores = crossed(1, documents=8, reviewers=5)
    (found,) = differences(scores)
    pairs = {
        (one.document, one.reviewer): [
            other.value
            for other in scores
            if (other.document, other.reviewer) == (one.document, one.reviewer)
        ]
        for one in scores
    }
    gaps = np.array([b - a for a, b in pairs.values()])
    groups = np.array([[int(d[1:]), int(r[1:])] for d, r in pairs])
    fit = OLS(gaps, np.ones(len(gaps))).fit(
        cov_type="cluster", cov_kwds={"groups": groups, "use_correction": True}
    )
    assert abs(found.estimate.value) == pytest.approx(abs(fit.params[0]))
    assert found.spread.error == pytest.approx(fit.bse[0])
    assert found.spread.by_reviewers > 0
    assert 3 < found.spread.freedom < 5


def test_reviewers_who_disagree_widen_the_interval() -> None:
    (alike,) = differences(crossed(2, 12, 5, effect=0.0))
    (apart,) = differences(crossed(2, 12, 5, effect=4.0))
    assert apart.spread.error > 3 * alike.spread.error


def test_segments_count_alike_however_many_rated_them() -> None:
    scores = [
        Score("d0", "0", "a", "r0", 10),
        Score("d0", "0", "a", "r1", 30),
        Score("d1", "0", "a", "r0", 50),
        Score("d1", "1", "a", "r0", 80),
    ]
    (by_segment,) = system_means(scores)
    (by_document,) = system_means(scores, by="document")
    assert by_segment.estimate.value == pytest.approx((20 + 50 + 80) / 3)
    assert by_document.estimate.value == pytest.approx((20 + 65) / 2)
    assert by_segment.estimate.count == 4


def test_normalized_means_are_distances_from_the_average_system() -> None:
    scores = crossed(3, 6, 3)
    means = system_means(scores, normalized=True)
    assert sum(mean.estimate.value for mean in means) == pytest.approx(0)
    assert [mean.system for mean in means] == ranking(scores) == ["b", "a"]


def test_a_severe_reviewer_widens_raw_means_but_not_normalized_ones() -> None:
    rng = np.random.default_rng(4)
    scores = [
        Score(f"d{d}", "0", system, f"r{r}", 60 - 15 * r + 5 * (system == "a") + rng.normal())
        for d in range(8)
        for r in range(4)
        for system in "ab"
    ]
    raw, *_ = system_means(scores)
    normal, *_ = system_means(scores, normalized=True)
    spread = np.std([score.value for score in scores])
    width = (raw.estimate.interval.high - raw.estimate.interval.low) / spread
    assert width > 10 * (normal.estimate.interval.high - normal.estimate.interval.low)


def test_z_scores_as_scipy() -> None:
    scores = crossed(5, 4, 3)
    found = z_scores(scores)
    for reviewer in ("r0", "r1", "r2"):
        mine = [score.value for score in scores if score.reviewer == reviewer]
        z = [score.value for score in found if score.reviewer == reviewer]
        assert z == pytest.approx(stats.zscore(mine, ddof=1).tolist())
    assert z_scores([]) == []
    same = [Score("d", str(n), "a", "r", 70.0) for n in range(3)]
    assert [score.value for score in z_scores(same)] == [0.0, 0.0, 0.0]


def test_one_document_speaks_of_its_segments() -> None:
    scores = [
        Score("d", str(number), system, "r", value)
        for system, values in zip("ab", SLEEP, strict=True)
        for number, value in enumerate(values)
    ]
    (found,) = differences(scores)
    assert found.p_value == pytest.approx(0.002833, abs=1e-6)
    assert "one document" in found.estimate.note


def test_one_pair_has_no_interval() -> None:
    (found,) = differences([Score("d", "0", "a", "r", 1), Score("d", "0", "b", "r", 2)])
    assert isnan(found.estimate.interval.low)
    assert isnan(found.p_value)
    assert clusters([Score("d", "0", "a", "r", 1), Score("d", "0", "b", "r", 2)]).groups == (
        ("b", "a"),
    )
    assert differences([]) == []
    assert system_means([]) == []


def test_fishers_permutation_of_darwins_maize() -> None:
    # 863 of 32,768 sign changes give a sum as large as the real one: 0.05267 two-sided.
    zero = (0.0,) * len(MAIZE)
    found = clusters(two(tuple(map(float, MAIZE)), zero), method=Method.PERMUTATION)
    assert found.tests[0].p_value == pytest.approx(2 * 863 / 32768)


def test_wilcoxon_of_hollander_and_wolfe() -> None:
    # One-sided 0.0195 in the book.
    found = clusters(two(*DEPRESSION), method=Method.WILCOXON)
    assert found.tests[0].p_value == pytest.approx(2 * 0.01953125)


def test_clusters_need_all_above_to_beat_all_below() -> None:
    rng = np.random.default_rng(6)
    quality = {"best": 20.0, "middle": 1.0, "other": 0.0, "last": -20.0}
    scores = [
        Score(f"d{d}", "0", system, "r", value + rng.normal(0, 3))
        for d in range(12)
        for system, value in quality.items()
    ]
    for method in Method:
        found = clusters(scores, method=method)
        assert [set(group) for group in found.groups] == [{"best"}, {"middle", "other"}, {"last"}]
        ranks = {one.system: (one.best, one.worst) for one in found.systems}
        assert ranks["best"] == (1, 1)
        assert ranks["middle"] == ranks["other"] == (2, 3)


def test_shares_as_statsmodels() -> None:
    for hits, count in ((0, 10), (3, 10), (10, 10), (481, 1000)):
        low, high = proportion_confint(hits, count, method="beta")
        found = share_interval(hits, count)
        assert (found.low, found.high) == pytest.approx((low, high))
    assert isnan(share_interval(0, 0).low)


def test_a_clustered_share_counts_as_many_trials_as_its_error_is_worth() -> None:
    error = sqrt(0.3 * 0.7 / 50)
    found = clustered_share(Spread(0.3, error, 1e6, error**2, 0.0), 10)
    plain = share_interval(15, 50)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high))
    sure = clustered_share(Spread(1.0, 0.0, 9, 0.0, 0.0), 10)
    assert (sure.low, sure.high) == pytest.approx((stats.beta.ppf(0.025, 10, 1), 1.0))


def test_spreads_leave_out_what_has_no_value() -> None:
    scores = crossed(7, 4, 2)
    sample = sampling(scores)
    (spread,) = spreads(lambda weights: np.full((len(weights), 1), np.nan), sample)
    assert isnan(spread.interval.high)


@pytest.mark.parametrize("shared", [1.0, 0.25])
def test_intervals_hold_the_truth_about_95_times_in_100(shared: float) -> None:
    """Planted: 3 points between two systems. tools/simulate_campaigns.py does this at length."""
    rng = np.random.default_rng(8)
    campaigns, documents, reviewers = 150, 12, 4
    inside = 0
    for _ in range(campaigns):
        taste = rng.normal(0, 1, reviewers)
        suits = rng.normal(0, 2, documents)
        gaps = 3 + suits[:, None] + taste + rng.normal(0, 2, (documents, reviewers))
        scores = [
            Score(f"d{d}", "0", system, f"r{r}", float(gaps[d, r]) if system == "a" else 0.0)
            for d in range(documents)
            for r in (range(reviewers) if d < shared * documents else [d % reviewers])
            for system in "ab"
        ]
        (found,) = differences(scores)
        value = found.estimate.value if found.a == "a" else -found.estimate.value
        half = (found.estimate.interval.high - found.estimate.interval.low) / 2
        inside += abs(value - 3) <= half
    assert 0.9 <= inside / campaigns <= 0.99
