"""The estimate of the time left, against a simulated engine."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

import pytest

from translator.progress import Meter
from translator.types import Provenance, Segment, Status, Translation

SHARES = (0.02, 0.05, 0.1, 0.25, 0.5, 0.8)


@dataclass
class Machine:
    """An engine as batched decoding makes it, in seconds of an imagined machine.

    A step gives every running segment a token and takes ``step`` and ``row`` for each of them; a
    segment's prompt is read before, at ``prompt`` a token. ``again`` of all segments are asked
    twice, ``known`` of them are found in the memory.
    """

    slots: int = 31
    step: float = 0.05
    row: float = 0.006
    prompt: float = 0.004
    again: float = 0.03
    known: float = 0.0

    def translate(self, lengths: list[int], seed: int) -> list[float]:
        """How far the predicted end was from the true one at these shares of the text."""
        chance, now, seen = random.Random(seed), 0.0, list(SHARES)
        segments = [Segment(str(n), str(n), 0, "x" * size) for n, size in enumerate(lengths)]
        meter = Meter(segments, self.slots, lambda: now)
        waiting, running = deque(range(len(lengths))), dict[int, int]()
        ended, predicted = 0, []

        def end(place: int, provenance: Provenance) -> None:
            nonlocal ended
            meter.add(Translation(str(place), Status.TRANSLATED, "y", provenance=provenance))
            ended += lengths[place]
            while seen and ended >= seen[0] * sum(lengths):
                seen.pop(0)
                predicted.append(now + (meter.eta or 0.0))

        while waiting or running:
            if waiting and len(running) < self.slots:
                place = waiting.popleft()
                if chance.random() < self.known:
                    end(place, Provenance.MEMORY)
                    continue
                now += self.prompt * (15 + lengths[place] / 4)
                tokens = 3 + lengths[place] / 4 * 1.5 * chance.lognormvariate(0, 0.15)
                running[place] = int(tokens * (2 if chance.random() < self.again else 1))
            steps = 1 if waiting and len(running) < self.slots else min(running.values())
            now += steps * (self.step + self.row * len(running)) * chance.uniform(0.9, 1.1)
            for place in list(running):
                running[place] -= steps
                if running[place] <= 0:
                    del running[place]
                    end(place, Provenance.MODEL)
        return [abs(total - now) / now for total in predicted]


def novel(chance: random.Random) -> list[int]:
    """Lengths of segments, in characters: front matter, then chapters of speech and narration."""
    lengths = [chance.randint(5, 60) for _ in range(60)]
    for _ in range(40):
        lengths.append(chance.randint(8, 30))
        for _ in range(chance.randint(20, 60)):
            said = chance.random() < 0.5
            lengths.append(min(1280, int(chance.lognormvariate(4.2 if said else 6.0, 0.6)) + 3))
    return lengths


@pytest.mark.parametrize(
    "machine",
    [
        Machine(),
        Machine(slots=1),
        Machine(step=0.02, row=0.012, prompt=0.008),
        Machine(again=0.2),
        Machine(known=0.3),
    ],
    ids=["usual", "alone", "slow", "repeating", "remembering"],
)
def test_eta_is_honest_from_the_first_two_percent_on(machine: Machine) -> None:
    for seed in range(4):
        errors = machine.translate(novel(random.Random(seed)), seed)
        assert max(errors) < 0.25, errors
        assert max(errors[3:]) < 0.1, errors


def test_eta_of_a_text_as_short_as_a_lot() -> None:
    errors = Machine().translate([random.Random(3).randint(20, 600) for _ in range(40)], 3)
    assert max(errors[2:]) < 0.5


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
