"""The estimate of the time left, against a simulated engine."""

from __future__ import annotations

import random

import pytest

from translator.progress import Meter
from translator.types import Provenance, Segment, Status, Translation


def simulate(slots: int, lengths: list[int], checks: list[float]) -> list[float]:
    """Errors of the ETA (as a share of the truth) at these shares of a simulated run.

    Every segment takes as long as its length; ``slots`` of them are worked on at once.
    """
    now = 0.0
    segments = [Segment(str(n), str(n), 0, "x" * length) for n, length in enumerate(lengths)]
    meter = Meter(segments, slots, clock=lambda: now)
    free = [0.0] * slots
    ends = []
    for segment in segments:
        slot = free.index(min(free))
        free[slot] += len(segment.text) / 50
        ends.append((free[slot], segment.id))
    total = max(free)
    errors = []
    for end, segment_id in sorted(ends):
        now = end
        meter.add(Translation(segment_id, Status.TRANSLATED, "y", new_tokens=10))
        if checks and now / total >= checks[0]:
            checks.pop(0)
            assert meter.eta is not None
            errors.append(abs(meter.eta - (total - now)) / (total - now))
    return errors


@pytest.mark.parametrize("slots", [1, 16])
def test_eta_is_honest_from_the_first_two_percent_on(slots: int) -> None:
    random_source = random.Random(slots)
    lengths = [int(random_source.lognormvariate(5, 0.8)) + 5 for _ in range(3000)]
    assert max(simulate(slots, lengths, [0.02, 0.05, 0.3, 0.7])) < 0.25


def test_eta_is_unknown_at_first_and_nothing_at_the_end() -> None:
    now = 0.0
    segments = [Segment(str(n), str(n), 0, "text") for n in range(4)]
    meter = Meter(segments, 2, clock=lambda: now)
    assert meter.eta is None
    now = 10.0
    for segment in segments:
        meter.add(Translation(segment.id, Status.TRANSLATED, "y", new_tokens=5))
    assert meter.eta == 0.0
    assert meter.speed == 2.0


def test_what_the_memory_knew_says_nothing_of_the_speed() -> None:
    now = [0.0]
    segments = [Segment(f"s{n}", f"b{n}", 0, "x" * 84) for n in range(40)]
    meter = Meter(segments, 1, lambda: now[0])
    for segment in segments[:20]:
        meter.add(Translation(segment.id, Status.TRANSLATED, "y", provenance=Provenance.MEMORY))
    assert meter.eta is None
    for segment in segments[20:30]:
        now[0] += 2.0
        meter.add(Translation(segment.id, Status.TRANSLATED, "y", provenance=Provenance.MODEL))
    assert meter.eta == pytest.approx(18.0, abs=2.0)
