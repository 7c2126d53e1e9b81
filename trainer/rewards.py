"""What a translation is worth, by several measures together, none of which drowns the others.

Each measure is between 0 and 1. Translations of one source are compared with each other: from
each measure its mean over them is taken away, then it is divided by its spread and weighted. So a
measure that happens to have large numbers is not heard more (MO-GRPO, Ichihara et al., 2025; GDPO,
Liu et al., 2026). The spread is that of all sources of a step together. Dividing by the spread of
each source's own translations would count those sources most whose translations hardly differ
(Dr. GRPO: Z. Liu et al., "Understanding R1-Zero-Like Training: A Critical Perspective", 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from trainer import rewards_text
from trainer.rewards_text import Hypothesis as Hypothesis

Numbers = NDArray[np.float64]
Reward = Callable[[Sequence[Hypothesis]], list[float]]

_LEAST = 0.05  # a measure that differs by less than this is heard less


@dataclass(frozen=True, slots=True)
class Rewards:
    """The measures with a weight, and what they say together."""

    measures: Mapping[str, Reward]
    weights: Numbers

    @classmethod
    def of(cls, weights: Mapping[str, float], comet: str) -> Rewards:
        """By name (:data:`trainer.config_preference.REWARDS`); ``comet`` names its model.

        Raises :class:`InputError` if COMET is wanted and cannot be had.
        """
        wanted = {name: weight for name, weight in weights.items() if weight}
        made = {name: _learned(comet) if name == "comet" else _of(name) for name in wanted}
        numbers = np.array(list(wanted.values()), np.float64)
        return cls(made, numbers / numbers.sum())

    def score(self, hypotheses: Sequence[Hypothesis]) -> Numbers:
        """A row for each translation, a column for each measure. Nothing written is worth 0."""
        found = np.array([measure(hypotheses) for measure in self.measures.values()]).T
        empty = [not each.text.strip() for each in hypotheses]
        found[empty] = 0.0
        return found

    def total(self, scores: Numbers) -> Numbers:
        """The weighted mean of the measures: a number for people, not what is trained with."""
        mean: Numbers = scores @ self.weights
        return mean

    def advantages(self, scores: Numbers, group: int) -> Numbers:
        """How much better each translation is than the others of its source.

        ``scores`` are of whole groups, one after the other, each of so many translations.
        """
        grouped = scores.reshape(-1, group, scores.shape[1])
        centred = grouped - grouped.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=(0, 1)))
        found: Numbers = (centred / np.maximum(spread, _LEAST)).reshape(scores.shape)
        return self.total(found)


def _of(name: str) -> Reward:
    one = rewards_text.MEASURES.get(name)
    return rewards_text.chrf if one is None else partial(_each, one)


def _each(measure: Callable[[Hypothesis], float], many: Sequence[Hypothesis]) -> list[float]:
    return [measure(one) for one in many]


def _learned(model: str) -> Reward:
    from trainer import evaluate_comet

    comet = evaluate_comet.load(model)

    def measure(many: Sequence[Hypothesis]) -> list[float]:
        rows = comet.rows(
            [one.source for one in many], [one.text for one in many],
            [one.reference for one in many],
        )  # fmt: skip
        found: list[float] = np.clip(rows[:, 0], 0.0, 1.0).tolist()
        return found

    return measure
