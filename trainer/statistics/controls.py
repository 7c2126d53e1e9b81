"""Who noticed the outputs that were spoiled on purpose.

Nobody's ratings are dropped for it: the owner sees the numbers and decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.statistics.data import Interval, Spoiled, names
from trainer.statistics.shares import share_interval


@dataclass(frozen=True, slots=True)
class ControlResult:
    """How often a spoiled output was scored lower than the intact one; equal is not lower.

    ``reviewer`` is empty for all reviewers, ``how`` for all kinds of damage. The interval is exact
    (Clopper and Pearson) for independent items.
    """

    reviewer: str
    how: str
    count: int
    lower: int
    interval: Interval

    @property
    def share(self) -> float:
        """Of the spoiled outputs."""
        return self.lower / self.count

    @property
    def suspicious(self) -> bool:
        """Whether the scores fit a reviewer who guesses: the interval reaches one half."""
        return self.interval.low <= 0.5


def control_results(spoiled: Sequence[Spoiled]) -> list[ControlResult]:
    """All together, then each reviewer, then each kind of damage; empty without controls."""
    if not spoiled:
        return []
    return [
        _result("", "", spoiled),
        *(
            _result(name, "", [one for one in spoiled if one.reviewer == name])
            for name in names(one.reviewer for one in spoiled)
        ),
        *(
            _result("", how, [one for one in spoiled if one.how == how])
            for how in names(one.how for one in spoiled)
        ),
    ]


def _result(reviewer: str, how: str, spoiled: Sequence[Spoiled]) -> ControlResult:
    lower = sum(one.spoiled < one.intact for one in spoiled)
    return ControlResult(reviewer, how, len(spoiled), lower, share_interval(lower, len(spoiled)))
