"""What the answers of a campaign say to a model: edits, scores and preferences, as rows of JSON.

Every row says where it comes from: ``campaign``, ``item``, ``document`` and ``reviewer`` (a random
id). Only reviewers who agreed that models are trained with their answers are in it; tutorials,
repeated and spoiled items never are. Edits and scores have the form that
:mod:`trainer.readers_campaign` reads, preferences the one of :mod:`trainer.preference_data`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean
from typing import Any

from rapidfuzz.distance import Levenshtein

from trainer.campaigns.folder import RATINGS, Campaign
from trainer.campaigns.types import CampaignSettings, Item, Judgement, Protocol, Rating, Verdict
from trainer.ratings.log import RatingsLog
from translator.errors import InputError

GAP = 20.0  # of 100: a smaller difference of two scores is no preference
WORST = 25.0  # MQM: a segment with such a sum of errors is as bad as can be (Freitag et al. 2021)
_LEVELS: dict[Verdict, float] = {
    "as-is": 100.0, "light-edit": 200 / 3, "heavy-edit": 100 / 3, "redo": 0.0,
}  # fmt: skip

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answers:
    """``left_out``: how many answers (or preferences) are in none of the rows, by the reason."""

    edits: tuple[Row, ...]
    ratings: tuple[Row, ...]
    preferences: tuple[Row, ...]
    left_out: Mapping[str, int]


def answers_of(campaign: Campaign, gap: float = GAP, without: Collection[str] = ()) -> Answers:
    """What a locked campaign says. ``without``: ids of reviewers whom the owner leaves out.

    Raises :class:`InputError` before the lock: until then answers may change.
    """
    if campaign.stage != "locked":
        raise InputError("Answers become data when the campaign is locked.", "Lock it first.")
    agreed = {one.id for one in campaign.reviewers() if campaign.consent(one.id)}
    controls = campaign.key().controls
    items = {item.id: item for item in campaign.items()}
    counted: list[tuple[Item, Rating]] = []
    left_out: Counter[str] = Counter()
    latest = RatingsLog(campaign.path / RATINGS).latest().values()
    for rating in sorted(latest, key=lambda rating: (rating.time, rating.id)):
        item = items.get(rating.item)
        if item is None:
            left_out["the item is unknown"] += 1
        elif item.tutorial or item.id in controls:
            left_out["the item tests or teaches the reviewer"] += 1
        elif rating.reviewer not in agreed:
            left_out["the reviewer did not agree"] += 1
        elif rating.reviewer in without:
            left_out["the reviewer was left out by the owner"] += 1
        else:
            counted.append((item, rating))
    reading = _Reading(campaign.settings, gap)
    for item, rating in counted:
        reading.take(item, rating)
    preferences, dropped = _agreed(reading.preferences())
    left_out += dropped
    return Answers(tuple(reading.edits), tuple(reading.ratings), preferences, dict(left_out))


def score_of(protocol: Protocol, judgement: Judgement) -> float | None:
    """What was said of an output, from 0 to 100; ``None`` if it was not scored.

    Verdicts are at equal distances. A sum of MQM weights is 100 without an error and 0 from
    :data:`WORST` on. The effort of post-editing is no score of the output.
    """
    if protocol == "mqm":
        from trainer.statistics.errors import weight  # numpy

        errors = sum(weight(span.severity, span.category) for span in judgement.spans)
        return 100 * max(0.0, 1 - errors / WORST)
    if judgement.verdict is not None:
        return _LEVELS[judgement.verdict]
    return judgement.score


@dataclass(frozen=True, slots=True)
class _Said:
    """What a reviewer said of one output."""

    item: Item
    text: str
    score: float


class _Reading:
    """Rows from answers, taken in the order of time."""

    def __init__(self, settings: CampaignSettings, gap: float) -> None:
        self._settings = settings
        self._gap = gap
        self._said: dict[tuple[str, str, int], list[_Said]] = defaultdict(list)
        self._preferences: list[Row] = []
        self.edits: list[Row] = []
        self.ratings: list[Row] = []

    def take(self, item: Item, rating: Rating) -> None:
        texts = {output.id: output.text for output in item.outputs}
        for judgement in rating.judgements:
            text = texts.get(judgement.output)
            if text is None:
                continue
            if judgement.edit is not None and judgement.edit.strip():
                self._edited(item, rating, text, judgement.edit)
            score = score_of(self._settings.protocol, judgement)
            if score is not None and text.strip():
                row = self._row("rating", item, rating.reviewer)
                self.ratings.append({**row, "target": text, "score": round(score, 2)})
                place = (rating.reviewer, item.source.document, item.source.position)
                self._said[place].append(_Said(item, text, score))
        chosen = texts.get(rating.choice or "")
        if chosen is not None:
            for text in texts.values():
                self._prefer(item, rating.reviewer, chosen, text, 1.0, "choice")

    def preferences(self) -> Iterator[Row]:
        """Choices, edits over what they mend, and differences of scores that are large enough.

        Scores are compared within what one reviewer said of one segment, so that neither a strict
        reviewer nor a hard text makes a difference.
        """
        for (reviewer, _, _), said in self._said.items():
            for one, other in combinations(said, 2):
                better, worse = sorted((one, other), key=lambda each: -each.score)
                gap = better.score - worse.score
                if gap >= max(self._gap, 1e-9):
                    self._prefer(
                        better.item, reviewer, better.text, worse.text, gap / 100, "scores"
                    )
        yield from self._preferences

    def _edited(self, item: Item, rating: Rating, text: str, edit: str) -> None:
        row = self._row("edit", item, rating.reviewer)
        self.edits.append({**row, "target": edit, "time": rating.time})
        changed = Levenshtein.normalized_distance(text, edit)
        self._prefer(item, rating.reviewer, edit, text, changed, "edit")

    def _prefer(
        self, item: Item, reviewer: str, chosen: str, rejected: str, margin: float, why: str
    ) -> None:
        if chosen != rejected and chosen.strip() and rejected.strip():
            self._preferences.append({
                **self._row("preference", item, reviewer),
                "chosen": chosen, "rejected": rejected, "margin": round(margin, 4), "why": why,
            })  # fmt: skip

    def _row(self, kind: str, item: Item, reviewer: str) -> Row:
        settings = self._settings
        return {
            "kind": kind, "source": item.source.text, "from": settings.source,
            "to": settings.target, "campaign": settings.id, "item": item.id,
            "document": item.source.document, "reviewer": reviewer,
        }  # fmt: skip


def _agreed(rows: Iterator[Row]) -> tuple[tuple[Row, ...], Counter[str]]:
    """One row of a reviewer for a pair of texts, without pairs whose reviewers contradict."""
    unique: dict[tuple[str, ...], Row] = {}
    for row in rows:
        unique.setdefault((*_key(row, row["chosen"], row["rejected"]), row["reviewer"]), row)
    votes = Counter(_key(row, row["chosen"], row["rejected"]) for row in unique.values())
    kept: list[Row] = []
    dropped: Counter[str] = Counter()
    for row in unique.values():
        chosen, rejected = row["chosen"], row["rejected"]
        if votes[_key(row, chosen, rejected)] > votes[_key(row, rejected, chosen)]:
            kept.append(row)
        else:
            dropped["the preference is contradicted by as many"] += 1
    return tuple(kept), dropped


def _key(row: Row, *texts: str) -> tuple[str, ...]:
    return (row["source"], *texts)


def usable_pairs(answers: Answers, good: float) -> list[str]:
    """The documents of the pairs that a corpus finds in edits and scores: of edits, and of targets
    whose mean score is at least ``good`` in items without an edit."""
    edited = {row["item"] for row in answers.edits}
    scores: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in answers.ratings:
        if row["item"] not in edited:
            scores[row["document"], row["item"], row["target"]].append(row["score"])
    rated = [document for (document, *_), each in scores.items() if fmean(each) >= good]
    return [*(row["document"] for row in answers.edits), *rated]
