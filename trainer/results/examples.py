"""The segments on which the systems differ most: what stands behind the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean

from trainer.results.study import Study, Text
from trainer.statistics.data import Mark, Score

COUNT = 8


@dataclass(frozen=True, slots=True)
class Rated:
    """One system's output: its text, mean score, number of scores, and the errors marked in it."""

    system: str
    text: str
    score: float
    scores: int
    marks: Sequence[Mark] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """A segment with its rated outputs, the best first. ``gap``: best less worst mean score."""

    text: Text
    gap: float
    outputs: tuple[Rated, ...] = field(default=())


def examples(study: Study, count: int = COUNT) -> list[Example]:
    """The segments with the largest difference between two systems' mean scores.

    Only reviewers who rated several outputs of a segment count there, so that a difference is
    never one between a severe and a mild reviewer. At most two are of the same document while
    others have as large ones to show.
    """
    marks: dict[tuple[str, str, str], list[Mark]] = {}
    for mark in study.marks:
        marks.setdefault((mark.document, mark.segment, mark.system), []).append(mark)
    found = [
        example
        for place, scores in _by_segment(study.scores).items()
        if place in study.texts and (example := _example(study.texts[place], scores, marks))
    ]
    found.sort(key=lambda example: -example.gap)
    seen: dict[str, int] = {}
    first: list[Example] = []
    others: list[Example] = []
    for example in found:
        document = example.text.document
        seen[document] = seen.get(document, 0) + 1
        (first if seen[document] <= 2 else others).append(example)
    return (first + others)[:count]


def _by_segment(scores: Sequence[Score]) -> dict[tuple[str, str], list[Score]]:
    """The scores of each segment by reviewers who rated several of its outputs."""
    rated: dict[tuple[str, str, str], set[str]] = {}
    for score in scores:
        rated.setdefault((score.document, score.segment, score.reviewer), set()).add(score.system)
    found: dict[tuple[str, str], list[Score]] = {}
    for score in scores:
        if len(rated[score.document, score.segment, score.reviewer]) > 1:
            found.setdefault((score.document, score.segment), []).append(score)
    return found


def _example(
    text: Text, scores: Sequence[Score], marks: Mapping[tuple[str, str, str], Sequence[Mark]]
) -> Example | None:
    by_system: dict[str, list[float]] = {}
    for score in scores:
        by_system.setdefault(score.system, []).append(score.value)
    outputs = [
        Rated(
            system,
            text.outputs[system],
            fmean(values),
            len(values),
            marks.get((text.document, text.segment, system), ()),
        )
        for system, values in by_system.items()
        if system in text.outputs
    ]
    outputs.sort(key=lambda output: -output.score)
    if len(outputs) < 2 or outputs[0].score == outputs[-1].score:
        return None
    return Example(text, outputs[0].score - outputs[-1].score, tuple(outputs))
