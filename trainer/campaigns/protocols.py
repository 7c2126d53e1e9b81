"""The ways to rate: what each asks for, what it tells reviewers, and what counts as an answer.

The texts are in ``assets/protocols``: one file a protocol, and ``common.toml``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, Literal, get_args

from trainer.campaigns.types import SIDE_BY_SIDE, ErrorSpan, Item, Judgement, Protocol, Rating
from translator.settings import assets_dir

Asks = Literal["spans", "score", "choice", "verdict", "edit"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
TIE, BOTH_BAD = "tie", "both-bad"
LONGEST_NOTE = 2_000  # characters
LONGEST_EDIT = 20_000
MOST_SPANS = 200  # of one output
_MOST_SECONDS = 24 * 3600.0
_MOST_KEYSTROKES = 1_000_000


@dataclass(frozen=True, slots=True)
class Named:
    """Something to choose: its id in ratings, what reviewers read, and a sentence about it."""

    id: str
    title: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Category:
    """A branch of the MQM typology; ids of its kinds are whole, as in ``accuracy/omission``."""

    id: str
    title: str
    kinds: tuple[Named, ...]


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a place on the scale from 0 to 100 means."""

    value: int
    label: str


@dataclass(frozen=True, slots=True)
class ProtocolText:
    """One protocol. ``instructions``: paragraphs parted by empty lines; lines with "- " are lists.

    ``summary`` is for the owner who chooses. Whatever a protocol does not ask for is empty.
    """

    id: Protocol
    title: str
    summary: str
    instructions: str
    asks: frozenset[Asks]
    severities: tuple[Named, ...] = ()
    categories: tuple[Category, ...] = ()
    verdicts: tuple[Named, ...] = ()
    anchors: tuple[Anchor, ...] = ()

    @property
    def side_by_side(self) -> bool:
        """Whether an item shows all systems; else it shows one output."""
        return self.id in SIDE_BY_SIDE


@cache
def protocol(name: Protocol) -> ProtocolText:
    """What a protocol says and asks for."""
    row, common = _read(name), _read("common")
    severities = row.get("severities", [])
    return ProtocolText(
        id=name,
        title=row["title"],
        summary=row["summary"],
        instructions=row["instructions"].strip(),
        asks=frozenset(row["asks"]),
        severities=tuple(Named(one, **common["severities"][one]) for one in severities),
        categories=tuple(
            Category(
                one["id"],
                one["title"],
                tuple(Named(f"{one['id']}/{k['id']}", k["title"], k["help"]) for k in one["kinds"]),
            )
            for one in row.get("categories", [])
        ),
        verdicts=tuple(Named(**one) for one in row.get("verdicts", [])),
        anchors=tuple(Anchor(**one) for one in common["scales"].get(row.get("scale"), [])),
    )


def consent_line() -> str:
    """What reviewers are asked about their answers, unless the owner wrote something else."""
    return str(_read("common")["consent"])


def check_answer(name: Protocol, item: Item, rating: Rating) -> tuple[str, ...]:
    """What is wrong with an answer: sentences for the reviewer; none if it can be saved."""
    return tuple(_problems(protocol(name), item, rating))


@cache
def _read(name: str) -> dict[str, Any]:
    path = assets_dir() / "protocols" / f"{name}.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _problems(asked: ProtocolText, item: Item, rating: Rating) -> Iterator[str]:
    texts = {output.id: output.text for output in item.outputs}
    if rating.item != item.id or sorted(rating.order) != sorted(texts):
        yield "This answer is about another item."
        return
    if not 0 <= rating.seconds <= _MOST_SECONDS:
        yield "The time of this answer cannot be."
    if len(rating.note) > LONGEST_NOTE:
        yield f"The note is too long: {LONGEST_NOTE:,} characters at most."
    if "choice" not in asked.asks:
        if rating.choice is not None:
            yield "There is nothing to choose in this comparison."
    elif rating.choice is None:
        yield "Choose one of the two, a tie, or both bad."
    elif rating.choice not in {*texts, TIE, BOTH_BAD}:
        yield "This choice is not on the page."
    judged = [judgement.output for judgement in rating.judgements]
    if len(set(judged)) < len(judged) or not set(judged) <= set(texts):
        yield "This answer is about another translation."
        return
    if set(judged) != set(texts) and "choice" not in asked.asks:
        yield "Not every translation has an answer yet."
    for judgement in rating.judgements:
        yield from _of_output(asked, judgement, texts[judgement.output])


def _of_output(asked: ProtocolText, judgement: Judgement, text: str) -> Iterator[str]:
    given: dict[Asks, bool] = {
        "score": judgement.score is not None,
        "spans": bool(judgement.spans),
        "verdict": judgement.verdict is not None,
        "edit": judgement.edit is not None,
    }
    if any(there and what not in asked.asks for what, there in given.items()):
        yield "This answer has more than the comparison asks for."
    missing: dict[Asks, str] = {
        "score": "Give every translation a score.",
        "verdict": "Say of every translation what it would take to deliver it.",
        "edit": "The corrected text is missing.",
    }
    yield from (said for what, said in missing.items() if what in asked.asks and not given[what])
    if judgement.score is not None and not 0 <= judgement.score <= 100:
        yield "A score is a number from 0 to 100."
    if judgement.edit is not None:
        if text.strip() and not judgement.edit.strip():
            yield "The corrected text is empty."
        if len(judgement.edit) > max(LONGEST_EDIT, 4 * len(text)):
            yield "The corrected text is too long."
    if not 0 <= judgement.keystrokes <= _MOST_KEYSTROKES:
        yield "The keystrokes of this answer cannot be."
    yield from _of_spans(asked, judgement.spans, text)


def _of_spans(asked: ProtocolText, spans: tuple[ErrorSpan, ...], text: str) -> Iterator[str]:
    if len(spans) > MOST_SPANS:
        yield f"There are too many marks: {MOST_SPANS} at most for one translation."
    severities = {severity.id for severity in asked.severities}
    kinds = {kind.id for category in asked.categories for kind in category.kinds}
    for span in spans:
        if span.severity not in severities:
            yield "This comparison has no errors of that severity."
        if kinds and span.category not in kinds:
            yield "Choose the kind of every error."
        if not kinds and span.category:
            yield "This comparison has no kinds of errors."
        if len(span.note) > LONGEST_NOTE:
            yield f"A note is too long: {LONGEST_NOTE:,} characters at most."
    if any(span.missing and (span.start, span.end) != (-1, -1) for span in spans):
        yield "What is missing has no place in the translation."
    placed = sorted((span.start, span.end) for span in spans if not span.missing)
    if any(not 0 <= start < end <= len(text) for start, end in placed):
        yield "A mark is outside of the translation."
    if any(end > start for (_, end), (start, _) in pairwise(placed)):
        yield "Two marks overlap."
