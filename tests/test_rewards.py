"""What a translation is worth: the measures one by one, and together."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sacrebleu")

from trainer import rewards_text
from trainer.rewards import Hypothesis, Rewards
from translator.errors import InputError

SOURCE = "In 1851 the keeper climbed 214 steps, and <b>nobody</b> saw him go."
GOOD = "Im Jahr 1851 stieg der Wärter 214 Stufen hinauf, und <b>niemand</b> sah ihn gehen."


def hypothesis(text: str, source: str = SOURCE, reference: str = GOOD) -> Hypothesis:
    return Hypothesis(text, source, reference, "en", "de")


def test_a_good_translation_has_all_of_each_measure() -> None:
    one = hypothesis(GOOD)
    assert rewards_text.chrf([one]) == [pytest.approx(1.0)]
    assert {name: measure(one) for name, measure in rewards_text.MEASURES.items()} == {
        "length": 1.0, "language": 1.0, "numbers": 1.0, "tags": 1.0, "repetition": 1.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("measure", "text"),
    [
        ("length", "Im Jahr 1851."),
        ("length", GOOD * 4),
        ("language", SOURCE),
        ("language", "En 1851 le gardien monta les 214 marches, et personne ne le vit partir."),
        ("numbers", GOOD.replace("1851", "1815")),
        ("numbers", GOOD + " Es waren 990 Leute da."),
        ("tags", GOOD.replace("</b>", "")),
        ("tags", GOOD + " <i>Ende</i>"),
        ("repetition", "Im Jahr 1851 stieg der Wärter hinauf " + "und er ging und er ging " * 8),
    ],
)
def test_what_is_wrong_costs_its_measure(measure: str, text: str) -> None:
    assert 0.0 <= rewards_text.MEASURES[measure](hypothesis(text)) < 0.9


def test_chrf_is_that_of_sacrebleu_line_by_line() -> None:
    from sacrebleu.metrics import CHRF

    texts = [GOOD, "Im Jahr 1851 stieg er hinauf.", "x", ""]
    one = CHRF(word_order=2)
    known = [one.sentence_score(text, [GOOD]).score / 100 for text in texts]
    assert rewards_text.chrf([hypothesis(text) for text in texts]) == pytest.approx(known)


def test_nothing_written_is_worth_nothing() -> None:
    rewards = Rewards.of({"chrf": 1, "tags": 1, "numbers": 0}, "")
    assert list(rewards.measures) == ["chrf", "tags"]
    scores = rewards.score([hypothesis(" ", "No tags.", "Keine."), hypothesis(GOOD)])
    assert scores.tolist() == [[0.0, 0.0], [pytest.approx(1.0), 1.0]]


def test_no_measure_drowns_the_others() -> None:
    rewards = Rewards.of({"chrf": 1, "length": 1}, "")
    scores = np.random.default_rng(1).uniform(size=(12, 2))
    found = rewards.advantages(scores, 4)
    assert rewards.advantages(scores * [0.3, 1.0] + [0.5, 0.0], 4) == pytest.approx(found)
    assert found.reshape(3, 4).sum(axis=1) == pytest.approx(0.0)
    assert np.argmax(rewards.advantages(scores * [0.0, 1.0], 4)[:4]) == np.argmax(scores[:4, 1])


def test_a_source_whose_translations_hardly_differ_is_not_blown_up() -> None:
    rewards = Rewards.of({"chrf": 1}, "")
    scores = np.array([[0.2], [0.8], [0.500], [0.501]])
    found = rewards.advantages(scores, 2)
    assert abs(found[0]) > 1 > 0.01 > abs(found[2]) > 0


def test_comet_that_is_not_there_is_said() -> None:
    with pytest.raises(InputError, match="COMET is not installed"):
        Rewards.of({"chrf": 1, "comet": 1}, "Unbabel/wmt22-comet-da")
