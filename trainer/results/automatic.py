"""Automatic metrics of the outputs that people rated, to stand beside what they said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainer import evaluate_scores
from trainer.results.study import Study
from translator.errors import InputError

METRICS = ("chrf++", "bleu")
BY_SEGMENT = "chrf++"  # BLEU of one segment says little: it was made for whole test sets


@dataclass(frozen=True, slots=True)
class AutomaticScore:
    """One metric of one system over all segments that have a reference and every output."""

    system: str
    metric: str  # as in the JSON, e.g. ``chrf++``
    title: str
    value: float
    signature: str


@dataclass(frozen=True, slots=True)
class Automatic:
    """The metrics of all systems.

    ``by_segment`` are values of :data:`BY_SEGMENT`, by document, segment and system.
    ``notes`` say what was left out, and why.
    """

    scores: tuple[AutomaticScore, ...] = ()
    by_segment: Mapping[tuple[str, str, str], float] | None = None
    segments: int = 0
    notes: tuple[str, ...] = ()


def automatic(study: Study) -> Automatic:
    """The metrics of all systems on the same segments, as sacreBLEU computes them.

    Nothing is computed without references, or where sacreBLEU is not installed; the notes say so.
    """
    rated = set(study.segments)
    texts = [
        text
        for place, text in study.texts.items()
        if place in rated and text.reference and all(name in text.outputs for name in study.systems)
    ]
    if not texts or not study.target:
        return Automatic(notes=("No automatic metrics: the segments have no references.",))
    references = [text.reference or "" for text in texts]
    found: list[AutomaticScore] = []
    by_segment: dict[tuple[str, str, str], float] = {}
    notes: dict[str, None] = {}
    for system in study.systems:
        outputs = [text.outputs[system] for text in texts]
        try:
            scores = evaluate_scores.score(outputs, references, study.target, METRICS)
        except InputError as error:
            return Automatic(notes=(f"No automatic metrics: {error}",))
        notes.update(dict.fromkeys(scores.notes))
        for name, of in scores.items():
            found.append(AutomaticScore(system, name, of.metric.title, of.score, of.signature))
        segment_metric = scores[BY_SEGMENT]
        for text, row in zip(texts, segment_metric.rows.tolist(), strict=True):
            place = text.document, text.segment, system
            by_segment[place] = segment_metric.metric.value(row)
    return Automatic(tuple(found), by_segment, len(texts), tuple(notes))
