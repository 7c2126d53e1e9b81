"""The protocols: their texts are whole, and only whole answers pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trainer.campaigns import tutorials
from trainer.campaigns.protocols import (
    PROTOCOLS,
    check_answer,
    consent_line,
    protocol,
)
from trainer.campaigns.types import (
    SIDE_BY_SIDE,
    ErrorSpan,
    Item,
    Judgement,
    Output,
    Protocol,
    Rating,
    Source,
)
from trainer.statistics.errors import WEIGHTS, weight

ITEM = Item("i1", Source("d", 0, "One."), (Output("o1", "Eins 🂡."), Output("o2", "Zwei.")))
ALONE = replace(ITEM, outputs=ITEM.outputs[:1])
KINDS = [kind.id for category in protocol("mqm").categories for kind in category.kinds]


def rating(*judgements: Judgement, choice: str | None = None, **more: Any) -> Rating:
    order = ("o2", "o1") if len(judgements) != 1 else ("o1",)
    return replace(Rating("x", 0.0, "r", "i1", order, judgements, choice, 1.0), **more)


def esa(*spans: ErrorSpan, score: float | None = 50.0) -> tuple[str, ...]:
    return check_answer("esa", ALONE, rating(Judgement("o1", score, spans)))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_says_what_it_is(name: Protocol) -> None:
    text = protocol(name)
    assert text.title and text.summary.endswith(".") and len(text.instructions) > 200
    for part in text.instructions.split("\n\n"):
        lines = part.splitlines()
        assert len({line.startswith("- ") for line in lines}) == 1, part
    assert text.side_by_side == (name in SIDE_BY_SIDE)
    assert bool(text.severities) == ("spans" in text.asks)
    assert bool(text.anchors) == ("score" in text.asks)
    assert bool(text.verdicts) == ("verdict" in text.asks)
    assert bool(text.categories) == (name == "mqm")
    assert "train" in consent_line()


def test_the_typology_and_what_errors_weigh() -> None:
    assert {"accuracy/omission", "accuracy/mistranslation", "fluency/grammar"} <= set(KINDS)
    assert len(set(KINDS)) == len(KINDS)
    severities = {severity.id for name in PROTOCOLS for severity in protocol(name).severities}
    assert severities == set(WEIGHTS)
    commas = [kind for kind in KINDS if weight("minor", kind) < WEIGHTS["minor"]]
    assert commas == ["fluency/punctuation"]


def test_marks_lie_within_the_text_in_code_points_and_apart() -> None:
    whole = len("Eins 🂡.")
    missing = ErrorSpan(-1, -1, "major", missing=True)
    assert esa() == esa(ErrorSpan(0, whole, "minor"), missing) == ()
    assert esa(ErrorSpan(0, 2, "minor"), ErrorSpan(2, 4, "major")) == ()
    for spans in (
        [ErrorSpan(0, whole + 1, "minor")], [ErrorSpan(3, 3, "minor")], [ErrorSpan(-1, 2, "minor")],
        [ErrorSpan(0, 3, "minor"), ErrorSpan(2, 4, "minor")], [ErrorSpan(0, 2, "critical")],
        [ErrorSpan(0, 2, "minor", "accuracy/omission")], [replace(missing, start=0, end=2)],
        [ErrorSpan(0, 2, "minor", note="x" * 3000)], [missing] * 300,
    ):  # fmt: skip
        assert len(esa(*spans)) >= 1, spans


@pytest.mark.parametrize("score", [None, -1.0, 100.5, float("nan"), float("inf")])
def test_a_score_is_from_0_to_100(score: float | None) -> None:
    assert esa(score=score) != ()


def test_each_protocol_takes_its_own_answers_only() -> None:
    both = [Judgement("o1"), Judgement("o2")]
    marked = (ErrorSpan(0, 2, "minor"),)
    answers: dict[Protocol, tuple[Item, Rating]] = {
        "contrastive-esa": (ITEM, rating(*(replace(one, score=1.0, spans=marked) for one in both))),
        "da": (ALONE, rating(Judgement("o1", 80.0))),
        "mqm": (ALONE, rating(Judgement("o1", None, (ErrorSpan(0, 4, "critical", KINDS[0]),)))),
        "pairwise": (ITEM, rating(choice="tie")),
        "post-edit": (ALONE, rating(Judgement("o1", edit="Eins.", keystrokes=3))),
        "deliver": (ITEM, rating(*(replace(one, verdict="redo") for one in both))),
    }
    for name in answers:
        for other, (item, answer) in answers.items():
            own = name == other or (name, other) == ("contrastive-esa", "da")  # with no errors
            assert (check_answer(name, item, answer) == ()) == own, (name, other)


def test_half_answers_and_answers_about_something_else() -> None:
    scored = [Judgement("o1", 1.0), Judgement("o2", 2.0)]
    good = rating(*scored)
    assert check_answer("contrastive-esa", ITEM, good) == ()
    for wrong in (
        replace(good, judgements=()), replace(good, judgements=(scored[0],)),
        replace(good, judgements=(scored[0], scored[0])), replace(good, item="i2"),
        replace(good, judgements=(*scored, Judgement("o3", 1.0))), replace(good, order=("o1",)),
        replace(good, choice="o1"), replace(good, seconds=-1.0), replace(good, seconds=1e9),
        replace(good, seconds=float("nan")), replace(good, note="x" * 3000),
        replace(good, judgements=(replace(scored[0], keystrokes=-1), scored[1])),
    ):  # fmt: skip
        assert check_answer("contrastive-esa", ITEM, wrong) != (), wrong
    for choice in ("o1", "tie", "both-bad"):
        assert check_answer("pairwise", ITEM, rating(choice=choice)) == ()
    for no_choice in (None, "o3", ""):
        assert check_answer("pairwise", ITEM, rating(choice=no_choice)) != ()
    unwritten = rating(Judgement("o1", edit="  "))
    assert check_answer("post-edit", ALONE, unwritten) == ("The corrected text is empty.",)
    endless = rating(Judgement("o1", edit="x" * 30_000))
    assert check_answer("post-edit", ALONE, endless) == ("The corrected text is too long.",)


TAGS = ("de", "zh-Hans", "zh-Hant", "ja", "ko", "fr", "es", "en", "fi", "zh-CN")


@pytest.mark.parametrize("target", TAGS)
@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_example_praises_the_right_answer_and_corrects_the_wrong_one(
    name: Protocol, target: str
) -> None:
    source = "de" if target == "en" else "en"
    items = tutorials.tutorial_items(name, source, target)
    assert all(item.tutorial and item.source.text for item in items)
    assert len({len(item.outputs) for item in items}) == 1
    assert bool(tutorials.hint(target)) == (target == "fi")
    for item in items:
        good = careful(name, item, target)
        assert check_answer(name, item, good) == ()
        heard = tutorials.feedback(name, item, good, target)
        assert heard and all(one.good for one in heard), [one.text for one in heard]
        careless = hasty(name, item)
        assert check_answer(name, item, careless) == ()
        heard = tutorials.feedback(name, item, careless, target)
        assert any(not one.good for one in heard)


def careful(name: Protocol, item: Item, target: str) -> Rating:
    """What somebody answers who reads."""
    good, evening, shorter = tutorials._examples(target)
    asks = protocol(name).asks
    best = next((one.id for one in item.outputs if one.text == good.text), "")

    def judged(output: Output) -> Judgement:
        example = next(one for one in (good, evening, shorter) if one.text == output.text)
        spans: list[ErrorSpan] = []
        if example.wrong and "spans" in asks:
            start = output.text.index(example.wrong)
            kind = "accuracy/mistranslation" if name == "mqm" else ""
            severity = "major" if example is evening else "minor"
            spans.append(ErrorSpan(start, start + len(example.wrong), severity, kind))  # type: ignore[arg-type]
        if example.left_out and "spans" in asks:
            kind = "accuracy/omission" if name == "mqm" else ""
            spans.append(ErrorSpan(-1, -1, "major", kind, missing=True))
        return Judgement(
            output.id,
            (95.0 if example is good else 40.0) if "score" in asks else None,
            tuple(spans),
            ("as-is" if example is good else "light-edit") if "verdict" in asks else None,
            good.text if "edit" in asks else None,
        )

    judgements = tuple(map(judged, item.outputs)) if "choice" not in asks else ()
    order = tuple(output.id for output in item.outputs)
    choice = best if "choice" in asks else None
    return Rating("x", 0.0, "r", item.id, order, judgements, choice)


def hasty(name: Protocol, item: Item) -> Rating:
    """What somebody answers who does not."""
    asks = protocol(name).asks
    judgements = tuple(
        Judgement(
            output.id,
            100.0 if "score" in asks else None,
            (),
            "as-is" if "verdict" in asks else None,
            output.text if "edit" in asks else None,
        )
        for output in item.outputs
        if "choice" not in asks
    )
    order = tuple(output.id for output in item.outputs)
    return Rating("x", 0.0, "r", item.id, order, judgements, "tie" if "choice" in asks else None)
