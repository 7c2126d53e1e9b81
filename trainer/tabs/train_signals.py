"""The curves of a training by preferences or rewards: one chart for all, a small one for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.tabs.charts import Mark, Point, Series, chart, smooth

_WHOLE = (
    # Name of the numbers, title, curve; the first that is there is the chart of the run.
    ("reward", "Reward of its own translations", "mean"),
    ("margin", "How much the preferred one is preferred", "margin"),
)
_SMALL = {
    "reward.chrf": "chrF++ to the reference",
    "reward.length": "Usual length",
    "reward.language": "Right language",
    "reward.numbers": "Numbers kept",
    "reward.tags": "Tags kept",
    "reward.repetition": "No loops",
    "reward.comet": "COMET",
    "risk": "Risk",
    "cut": "Cut at the limit",
    "length": "Tokens of a translation",
    "accuracy": "Pairs told right",
    "chosen": "Log-probability of a preferred token",
}


def figures(rows: Sequence[dict[str, Any]], end: float, marks: Sequence[Mark]) -> tuple[str, str]:
    """The chart of the run, and small ones; both empty for plain fine-tuning."""
    noted = [(row["step"], row["signals"]) for row in rows if "signals" in row]
    large = ""
    for name, title, word in _WHOLE:
        if points := _points(noted, name):
            large += chart(title, _both(points, word), end=end, marks=marks, say=_say)
    small = "".join(
        chart(title, _both(points, "now"), end=end, say=_say)
        for name, title in _SMALL.items()
        if (points := _points(noted, name))
    )
    return large, small


def _points(noted: Sequence[tuple[int, dict[str, float]]], name: str) -> list[Point]:
    return [(step, signals[name]) for step, signals in noted if name in signals]


def _both(points: Sequence[Point], word: str) -> list[Series]:
    return [Series("each step", points, "faint"), Series(word, smooth(points))]


def _say(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.0f}"
