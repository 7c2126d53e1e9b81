"""The whole way of a training before it begins: which example at which step, at which rate.

A run is one sequence of steps, whatever stages and epochs it has. It is decided by the settings and
the seed alone, so a run that goes on from a checkpoint, and one that is shared by several
processes, sees the same examples in the same order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from trainer.config import RunSettings, Stage

Numbers = NDArray[np.int64]

_WINDOW = 50  # steps whose examples are sorted by length together


@dataclass(frozen=True, slots=True)
class Leg:
    """A stage on the way. ``order``: numbers of examples, ``together`` for each step of it."""

    name: str
    steps: int
    examples: int
    peak: float
    order: Numbers


@dataclass(frozen=True, slots=True)
class Plan:
    """``together``: examples for one step, over all processes. ``warmup``: share of a leg."""

    legs: tuple[Leg, ...]
    together: int
    schedule: str
    warmup: float

    @property
    def steps(self) -> int:
        """How many there are."""
        return sum(leg.steps for leg in self.legs)

    @property
    def order(self) -> Numbers:
        """The examples of all steps."""
        return np.concatenate([leg.order for leg in self.legs])

    def place(self, step: int) -> tuple[Leg, int]:
        """The leg of a step (from 0), and how many of its steps are before it."""
        ends = list(accumulate(leg.steps for leg in self.legs))
        number = next((n for n, end in enumerate(ends) if step < end), len(ends) - 1)
        return self.legs[number], step - (ends[number] - self.legs[number].steps)

    def epoch(self, step: int) -> float:
        """How often the examples of its leg have been seen after so many steps."""
        leg, done = self.place(max(0, step - 1))
        return (done + 1) * self.together / leg.examples if step else 0.0

    def rate(self, step: int) -> float:
        """The learning rate of a step, from 0."""
        leg, done = self.place(step)
        warm = math.ceil(self.warmup * leg.steps)
        if done < warm:
            return leg.peak * (done + 1) / warm
        share = min(1.0, (done - warm) / max(1, leg.steps - warm))
        match self.schedule:
            case "cosine":
                return leg.peak * (1 + math.cos(math.pi * share)) / 2
            case "linear":
                return leg.peak * (1 - share)
            case _:
                return leg.peak


def stages(settings: RunSettings) -> tuple[Stage, ...]:
    """The stages of a run: its curriculum, or the one that plain settings describe."""
    if settings.stages:
        return settings.stages
    training = settings.training
    return (
        Stage(length=settings.data.length, epochs=training.epochs, steps=training.steps),
    )  # fmt: skip


def plan(settings: RunSettings, lengths: Sequence[Numbers], processes: int) -> Plan:
    """The way through the examples of each stage, which lie behind one another.

    ``lengths``: the tokens of each example of each stage, at least one.
    """
    training = settings.training
    together = training.batch * training.accumulation * processes
    starts = list(accumulate((len(each) for each in lengths), initial=0))
    legs = []
    for number, stage in enumerate(stages(settings)):
        random = np.random.default_rng([training.seed, number])
        pool, sizes = _pool(number, stage.replay, lengths, starts, random)
        steps = stage.steps or max(1, math.ceil(stage.epochs * len(pool) / together))
        order = _order(sizes, steps, together, training.group_by_length, random)
        peak = stage.learning_rate or training.learning_rate
        legs.append(Leg(stage.name, steps, len(pool), peak, pool[order]))
    return Plan(tuple(legs), together, training.schedule, training.warmup)


def _pool(
    number: int,
    replay: float,
    lengths: Sequence[Numbers],
    starts: Sequence[int],
    random: np.random.Generator,
) -> tuple[Numbers, Numbers]:
    """The examples of a stage, some earlier ones among them, and their lengths."""
    own = np.arange(starts[number], starts[number + 1])
    if number and replay:
        wanted = min(round(len(own) * replay / (1 - replay)), starts[number])
        earlier = random.choice(starts[number], wanted, replace=False)
        own = np.concatenate([own, np.sort(earlier)])
    return own, np.concatenate(lengths)[own]


def _order(
    lengths: Numbers, steps: int, together: int, grouped: bool, random: np.random.Generator
) -> Numbers:
    """Places in ``lengths``: a new order for each epoch, filled up to whole steps."""
    epochs = math.ceil(steps * together / len(lengths))
    order = np.concatenate([random.permutation(len(lengths)) for _ in range(epochs)])
    order = order[: steps * together]
    if not grouped:
        return order
    batches = []
    for start in range(0, len(order), _WINDOW * together):
        window = order[start : start + _WINDOW * together]
        window = window[np.argsort(lengths[window], kind="stable")].reshape(-1, together)
        batches.append(random.permutation(window))
    found = np.concatenate(batches)
    # The longest first: if memory does not suffice, that shows at once.
    longest = int(lengths[found].max(axis=1).argmax())
    found[[0, longest]] = found[[longest, 0]]
    return found.reshape(-1)
