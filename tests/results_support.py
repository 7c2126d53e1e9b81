"""Answers to a small campaign: what a reviewer says follows from a system's planted quality."""

from __future__ import annotations

import random
from collections.abc import Iterable

from tests.campaign_support import items_and_key
from trainer.campaigns.types import (
    CampaignSettings,
    ErrorSpan,
    Item,
    Judgement,
    Key,
    Protocol,
    Rating,
    Task,
    Verdict,
)
from trainer.results.study import Study
from trainer.results.table import read

QUALITY = {"s1": 80.0, "s2": 60.0, "s3": 40.0, "s4": 20.0}
VERDICTS: tuple[Verdict, ...] = ("redo", "heavy-edit", "light-edit", "as-is")


def settings(protocol: Protocol) -> CampaignSettings:
    """Of a campaign from English into German."""
    return CampaignSettings("c1", "Which model?", 0, "en", "de", protocol, key_hash="ab" * 32)


def answered(
    items: Iterable[Item], key: Key, protocol: Protocol, reviewers: int = 2, seed: int = 3
) -> tuple[list[Rating], list[Task]]:
    """Every reviewer's answer to every item; each has noise, and a severity of its own."""
    chance = random.Random(seed)
    ratings, tasks = [], []
    for item in items:
        for number in range(reviewers):
            order = tuple(chance.sample([output.id for output in item.outputs], len(item.outputs)))
            reviewer = f"r{number + 1}"
            tasks.append(Task(reviewer, item.id, order))
            ratings.append(_rating(item, key, protocol, reviewer, order, number * 5.0, chance))
    return ratings, tasks


def study(
    protocol: Protocol = "contrastive-esa",
    systems: int = 3,
    sizes: tuple[int, ...] = (4, 3, 4, 3),
    *,
    final: bool = True,
) -> Study:
    """A campaign with controls and a tutorial, rated by two reviewers."""
    items, key = items_and_key(sizes, systems, protocol, repeats=3, degraded=3, tutorial=True)
    ratings, tasks = answered(items, key, protocol)
    return read(settings(protocol), items, key, ratings, tasks, final=final)


def _rating(
    item: Item, key: Key, protocol: Protocol, reviewer: str, order: tuple[str, ...],
    severity: float, chance: random.Random,
) -> Rating:  # fmt: skip
    control = key.controls.get(item.id)
    scores = {}
    for output in item.outputs:
        value = QUALITY[key.outputs.get(output.id, "s1")] - severity + chance.gauss(0, 6)
        if control is not None and output.id == control.output:
            value = 5.0
        scores[output.id] = round(min(100.0, max(0.0, value)))
    choice = None
    if protocol == "pairwise":
        choice = max(scores, key=lambda output: scores[output])
        if item.tutorial or max(scores.values()) - min(scores.values()) < 3:
            choice = "tie"
    texts = {output.id: output.text for output in item.outputs}
    judged = () if protocol == "pairwise" else order
    judgements = tuple(_judgement(one, scores[one], protocol, texts[one]) for one in judged)
    return Rating(
        f"{reviewer}-{item.id}",
        float(len(item.id)),
        reviewer,
        item.id,
        order,
        judgements,
        choice,
        20.0 + 100 * chance.random(),
    )


def _judgement(output: str, score: float, protocol: Protocol, text: str) -> Judgement:
    errors = int((100 - score) // 20)
    spans = [ErrorSpan(n, min(n + 3, len(text)), "minor", "fluency/grammar") for n in range(errors)]
    if score < 50:
        spans.append(ErrorSpan(-1, -1, "major", "accuracy/omission", missing=True))
    match protocol:
        case "contrastive-esa" | "esa":
            return Judgement(output, score, tuple(spans))
        case "da":
            return Judgement(output, score)
        case "mqm":
            return Judgement(output, spans=tuple(spans))
        case "post-edit":
            return Judgement(output, edit=text[: round(len(text) * score / 100)], keystrokes=errors)
        case "deliver":
            return Judgement(output, verdict=VERDICTS[min(3, int(score // 25))])
        case _:
            raise AssertionError(protocol)
