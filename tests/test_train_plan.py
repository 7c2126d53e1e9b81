"""The way of a training: order of the examples, rates, stages."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from trainer import train_plan
from trainer.config import RunSettings
from trainer.train_plan import Plan


def _plan(sizes: list[list[int]], processes: int = 1, **tables: Any) -> Plan:
    values = {"training": {"batch": 2, "accumulation": 2, "epochs": 2.0}} | tables
    lengths = [np.array(each, np.int64) for each in sizes]
    return train_plan.plan(RunSettings.of(values), lengths, processes)


def test_each_epoch_sees_every_example_once() -> None:
    plan = _plan([list(range(1, 41))])
    assert plan.steps == 20
    assert sorted(plan.order[:80].tolist()) == sorted([*range(40), *range(40)])
    assert plan.epoch(10) == 1.0
    assert plan.epoch(20) == 2.0


def test_steps_are_whole_and_of_examples_of_like_length() -> None:
    lengths = np.random.default_rng(5).integers(5, 300, 101)
    plan = _plan([lengths.tolist()], training={"batch": 4, "accumulation": 1, "epochs": 1.0})
    assert len(plan.order) == plan.steps * 4 == 104
    batches = lengths[plan.order].reshape(-1, 4)
    spread = (batches.max(axis=1) - batches.min(axis=1)).mean()
    mixed = _plan(
        [lengths.tolist()],
        training={"batch": 4, "accumulation": 1, "epochs": 1.0, "group-by-length": False},
    )
    loose = lengths[mixed.order].reshape(-1, 4)
    assert spread < 0.2 * (loose.max(axis=1) - loose.min(axis=1)).mean()
    assert lengths[plan.order][:4].max() == lengths.max()


def test_the_same_order_for_the_same_seed_however_many_processes_share_a_step() -> None:
    sizes = [list(range(1, 65))]
    alone = _plan(sizes, training={"batch": 2, "accumulation": 4, "seed": 3})
    shared = _plan(sizes, 2, training={"batch": 2, "accumulation": 2, "seed": 3})
    other = _plan(sizes, training={"batch": 2, "accumulation": 4, "seed": 4})
    assert alone.order.tolist() == shared.order.tolist() != other.order.tolist()


@pytest.mark.parametrize(
    ("schedule", "half", "last"), [("cosine", 0.5, 0.0), ("linear", 0.5, 0.0), ("constant", 1, 1)]
)
def test_rates_rise_and_fall(schedule: str, half: float, last: float) -> None:
    training = {"steps": 110, "warmup": 10 / 110, "learning-rate": 0.1, "schedule": schedule}
    plan = _plan([[3] * 8], training=training)
    assert plan.rate(0) == pytest.approx(0.01)
    assert plan.rate(9) == pytest.approx(0.1)
    assert plan.rate(60) == pytest.approx(0.1 * half)
    assert plan.rate(110) == pytest.approx(0.1 * last)


def test_stages_follow_one_another_and_replay_what_was_before() -> None:
    stages = [
        {"name": "short", "length": 64, "epochs": 1.0},
        {"name": "long", "length": 512, "steps": 30, "learning-rate": 1e-5, "replay": 0.25},
    ]
    plan = _plan([[10] * 40, [100] * 30], stages=stages)
    assert [leg.steps for leg in plan.legs] == [10, 30]
    assert plan.place(9)[0].name == "short"
    assert plan.place(10)[0].name == "long"
    assert plan.rate(12) <= 1e-5 < plan.rate(5)
    assert set(plan.legs[0].order) <= set(range(40))
    later = plan.legs[1].order
    assert set(later) >= set(range(40, 70))
    assert np.mean(later < 40) == pytest.approx(0.25, abs=0.03)
