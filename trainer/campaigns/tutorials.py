"""The example at the beginning: what reviewers try before they rate, and what they hear of it.

Its texts are in ``assets/protocols/tutorial.toml``, by language; a language that is not there gets
the English one. Tutorial items belong into a campaign's ``items.jsonl``; their answers are kept
like others and count for nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations

from rapidfuzz.distance import Levenshtein

from trainer.campaigns.folder import new_id
from trainer.campaigns.protocols import BOTH_BAD, protocol
from trainer.campaigns.types import Item, Judgement, Output, Protocol, Rating, Source
from translator import languages
from translator.errors import InputError
from translator.settings import assets_dir

DOCUMENT = "tutorial"
_FALLBACK = "en"
_CLOSE = 3.0  # times as many changes as needed
_SLACK = 10  # characters


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reviewer hears of one thing in a tutorial's answer."""

    good: bool
    text: str


@dataclass(frozen=True, slots=True)
class _Example:
    """A translation of the example. ``left_out`` says whether the Sundays are not in it."""

    text: str
    rank: int  # 0 is best
    wrong: str = ""
    left_out: bool = False
    severity: str = ""  # of what is wrong


def tutorial_items(name: Protocol, source: str, target: str) -> list[Item]:
    """Items to try a protocol with: one that shows all, or two that show one translation each."""
    good, evening, shorter = _examples(target)
    shown: list[tuple[_Example, ...]]
    if name == "pairwise":
        shown = [(evening, good)]
    elif protocol(name).side_by_side:
        shown = [(evening, good, shorter)]
    else:
        shown = [(evening,), (shorter,)]
    return [
        Item(
            new_id("i"),
            Source(DOCUMENT, number, str(_of_language(source)["text"])),
            tuple(Output(new_id("o"), one.text) for one in each),
            tutorial=True,
        )
        for number, each in enumerate(shown)
    ]


def hint(target: str) -> str:
    """What to say where the example is not in the language of the campaign; else empty."""
    language = languages.get(target)
    if language.tag in _all():
        return ""
    return f"There is no example in {language.name}: the one that you begin with is in English."


def feedback(name: Protocol, item: Item, rating: Rating, target: str) -> tuple[Feedback, ...]:
    """What to tell a reviewer of the answer to a tutorial item (that passed ``check_answer``)."""
    examples = _examples(target)
    known = {example.text: example for example in examples}
    shown = {output.id: known[output.text] for output in item.outputs if output.text in known}
    asks = protocol(name).asks
    said: list[Feedback] = []
    if "choice" in asks:
        said += _of_choice(shown, rating.choice)
    for judgement in rating.judgements:
        if (example := shown.get(judgement.output)) is None:
            continue
        label = _label(rating, judgement.output) if len(rating.order) > 1 else "This one"
        if "spans" in asks:
            said += _of_spans(label, example, judgement)
        if "edit" in asks:
            said += _of_edit(example, judgement, examples[0].text)
        if "verdict" in asks:
            said.append(_of_verdict(label, example, judgement))
        if "score" in asks and len(rating.order) == 1:
            said.append(_of_score(example, judgement))
    if "score" in asks and len(rating.order) > 1:
        said.append(_of_scores(shown, rating))
    return tuple(said)


def _of_choice(shown: dict[str, _Example], choice: str | None) -> Iterator[Feedback]:
    best = min(shown, key=lambda output: shown[output].rank, default="")
    if choice == best:
        yield Feedback(True, "Yes: the other one has the ferry leave in the evening.")
    elif choice == BOTH_BAD:
        yield Feedback(False, "One of them is right in all: it was to be preferred.")
    else:
        yield Feedback(
            False, "One of them has the ferry leave in the evening: the other is better."
        )


def _of_spans(label: str, example: _Example, judgement: Judgement) -> Iterator[Feedback]:
    marks = [span for span in judgement.spans if not span.missing]
    if not example.wrong:
        if judgement.spans:
            yield Feedback(False, f"{label} is right as it stands: nothing was to be marked.")
        else:
            yield Feedback(True, f"{label} is right as it stands, and you marked nothing.")
        return
    start = example.text.index(example.wrong)
    end = start + len(example.wrong)
    hits = [span for span in marks if span.start < end and start < span.end]
    if not hits:
        yield Feedback(False, f"{label}: “{example.wrong}” is wrong and was to be marked.")
    elif max(span.end - span.start for span in hits) > 2 * len(example.wrong) + _SLACK:
        yield Feedback(False, f"{label}: mark only the words that are wrong: “{example.wrong}”.")
    elif example.severity not in [span.severity for span in hits]:
        why = "who comes in the evening misses the ferry" if example.severity == "major" else (
            "everybody understands it")  # fmt: skip
        yield Feedback(False, f"{label}: “{example.wrong}” is {example.severity}: {why}.")
    else:
        yield Feedback(True, f"{label}: you found “{example.wrong}”.")
    if example.left_out:
        if any(span.missing for span in judgement.spans):
            yield Feedback(True, f"{label}: you saw that the Sundays are missing.")
        else:
            yield Feedback(False, f"{label} does not say that there is no ferry on Sundays: that "
                           "is what [missing] is for.")  # fmt: skip


def _of_edit(example: _Example, judgement: Judgement, good: str) -> Iterator[Feedback]:
    edit = judgement.edit or ""
    if example.wrong and example.wrong in edit:
        yield Feedback(False, f"“{example.wrong}” is still there, and it is wrong.")
        return
    needed = Levenshtein.distance(example.text, good)
    if Levenshtein.distance(example.text, edit) > _CLOSE * needed + _SLACK:
        yield Feedback(False, "That reads well, but fewer changes would have done.")
    else:
        yield Feedback(True, "That is the way: what was wrong is mended, the rest is as it was.")
    if example.left_out:
        yield Feedback(True, "Did you see that the Sundays were missing? They belong into it too.")


def _of_verdict(label: str, example: _Example, judgement: Judgement) -> Feedback:
    ready = judgement.verdict == "as-is"
    if example.rank == 0:
        fine = judgement.verdict in ("as-is", "light-edit")
        said = "can be delivered" if fine else "has no error: it can be delivered"
        return Feedback(fine, f"{label} {said}.")
    what = "the ferry does not leave in the evening" if not example.left_out else (
        "the Sundays are missing")  # fmt: skip
    return Feedback(not ready, f"{label} cannot be delivered as it is: {what}.")


def _of_score(example: _Example, judgement: Judgement) -> Feedback:
    what = "the Sundays are missing" if example.left_out else "the time of day is wrong"
    if (judgement.score or 0) <= 80:
        return Feedback(True, f"A reader would be misled, since {what}: your score shows it.")
    return Feedback(False, f"A reader would be misled, since {what}: the score is too high.")


def _of_scores(shown: dict[str, _Example], rating: Rating) -> Feedback:
    scores = {judgement.output: judgement.score or 0 for judgement in rating.judgements}
    judged = [output for output in shown if output in scores]
    for one, other in combinations(sorted(judged, key=lambda output: shown[output].rank), 2):
        if shown[one].rank == 0 and scores[one] <= scores[other]:
            label = _label(rating, one)
            return Feedback(False, f"{label} is the only one without an error: it gets the highest "
                            "score.")  # fmt: skip
    return Feedback(True, "The scores are in the right order.")


def _label(rating: Rating, output: str) -> str:
    return "ABCD"[rating.order.index(output)]


@cache
def _all() -> dict[str, dict[str, object]]:
    path = assets_dir() / "protocols" / "tutorial.toml"
    return tomllib.loads(path.read_text("utf-8"))


def _examples(target: str) -> tuple[_Example, _Example, _Example]:
    """The good translation, and the two bad ones."""
    row = _of_language(target)
    evening, shorter = row["evening"], row["shorter"]
    assert isinstance(evening, dict) and isinstance(shorter, dict)
    return (
        _Example(str(row["good"]), 0),
        _Example(evening["text"], 1, evening["wrong"], severity="major"),
        _Example(shorter["text"], 1, shorter["wrong"], left_out=True, severity="minor"),
    )


def _of_language(tag: str) -> dict[str, object]:
    try:
        known = languages.get(tag).tag
    except InputError:
        known = _FALLBACK
    return _all().get(known, _all()[_FALLBACK])
