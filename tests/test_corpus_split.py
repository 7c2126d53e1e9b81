"""Splitting by documents and mixing by weights."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer import split
from trainer.split import DEV, TEST, TRAIN

SIZES = st.dictionaries(st.text(max_size=5), st.integers(1, 60), min_size=1, max_size=60)


@given(SIZES, st.integers(0, 200), st.integers(0, 200), st.integers(0, 5))
def test_parts_are_of_whole_documents_and_not_too_large(
    sizes: dict[str, int], dev: int, test: int, seed: int
) -> None:
    parts = split.split(sizes, dev, test, seed)
    assert parts == split.split(dict(reversed(sizes.items())), dev, test, seed)
    assert parts.keys() == sizes.keys()
    for part, wanted in ((DEV, dev), (TEST, test)):
        count = sum(size for name, size in sizes.items() if parts[name] == part)
        assert count <= max(1.25 * wanted, wanted and 1)
        left = [size for name, size in sizes.items() if parts[name] == TRAIN]
        assert count >= wanted or all(count + size > max(1.25 * wanted, 1) for size in left)


def test_a_document_stays_when_others_come() -> None:
    sizes = {f"d{i}": 10 for i in range(1000)}
    before = split.split(sizes, 500, 0, seed=1)
    after = split.split(sizes | {f"e{i}": 10 for i in range(100)}, 500, 0, seed=1)
    dev = {name for name, part in before.items() if part == DEV}
    assert len(dev) == 50
    assert sum(after[name] == DEV for name in dev) >= 40
    assert split.split(sizes, 500, 0, seed=2) != before


def test_temperature() -> None:
    sizes = {"large": 10_000, "small": 100, "none": 0}
    assert split.tempered(sizes, 1.0) == {"large": 1.0, "small": 1.0}
    factors = split.tempered(sizes, 2.0)
    large, small = 10_000 * factors["large"], 100 * factors["small"]
    assert abs(large / small - 10) < 1e-9
    assert abs(large + small - 10_100) < 1e-6
    assert split.tempered({}, 5.0) == {}


GROUPS = st.lists(st.tuples(st.integers(0, 500), st.floats(0, 8)), max_size=10)


@given(GROUPS, st.integers(0, 3000), st.integers(1, 5))
def test_quotas(groups: list[tuple[int, float]], limit: int, repeats: int) -> None:
    sizes, weights = [size for size, _ in groups], [weight for _, weight in groups]
    quotas = split.quotas(sizes, weights, limit, repeats)
    free = split.quotas(sizes, weights, 0, repeats)
    for size, weight, quota in zip(sizes, weights, quotas, strict=True):
        assert 0 <= quota <= size * repeats
        assert quota == 0 or weight > 0
    if limit:
        assert sum(quotas) == min(limit, sum(free))
    else:
        for size, weight, quota in zip(sizes, weights, quotas, strict=True):
            assert abs(quota - size * min(weight, repeats)) <= 1


@given(
    st.lists(st.integers(-1, 3), max_size=80), st.lists(st.integers(0, 99), min_size=4, max_size=4)
)
def test_times_fill_the_quotas_evenly(groups: list[int], quotas: list[int]) -> None:
    array = np.array(groups, np.int64)
    keys = np.array([split.hashed(i) for i in range(len(groups))], np.uint64)
    times = split.times(array, keys, quotas)
    assert (times[array < 0] == 0).all()
    for group, quota in enumerate(quotas):
        mine = times[array == group]
        assert mine.sum() == (quota if len(mine) else 0)
        assert not len(mine) or mine.max() - mine.min() <= 1
