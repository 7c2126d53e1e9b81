"""From a campaign's answers to data: what becomes what, and what never does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaign_support import NAMES, campaign_in, items_and_key, specs
from tests.train_support import written_run
from trainer import corpus, readers
from trainer.campaigns import loop, loop_files
from trainer.campaigns.folder import RATINGS, Campaign
from trainer.campaigns.types import (
    ErrorSpan,
    Item,
    Judgement,
    Protocol,
    Rating,
    Reviewer,
)
from trainer.config import RunSettings
from trainer.corpus_settings import CorpusSettings
from trainer.pairs import Pair
from trainer.ratings.log import RatingsLog
from translator.errors import InputError
from translator.memory import Memory, Origin
from translator.models.registry import Registry
from translator.models.spec import ModelKind
from translator.settings import Settings


def rate(
    campaign: Campaign,
    reviewer: Reviewer,
    item: Item,
    judgements: Iterable[Judgement] = (),
    choice: str | None = None,
) -> None:
    order = tuple(output.id for output in item.outputs)
    log = RatingsLog(campaign.path / RATINGS)
    line = Rating(
        f"{reviewer.id}{item.id}{len(log.all())}", time.time(), reviewer.id, item.id, order,
        tuple(judgements), choice,
    )  # fmt: skip
    assert log.append(line)


def score(campaign: Campaign, reviewer: Reviewer, item: Item, *scores: float) -> None:
    pairs = zip(item.outputs, scores, strict=True)
    rate(campaign, reviewer, item, [Judgement(output.id, score=s) for output, s in pairs])


def lock(campaign: Campaign) -> None:
    for reviewer in campaign.reviewers():
        if campaign.consent(reviewer.id) is None:
            campaign.set_consent(reviewer.id, True)
    campaign.lock("owner")


def opened(home: Path, protocol: Protocol, sizes: tuple[int, ...] = (3, 2)) -> Campaign:
    return campaign_in(home, items=items_and_key(sizes, protocol=protocol), protocol=protocol)


def test_scores_become_ratings_and_large_gaps_preferences(tmp_path: Path) -> None:
    campaign = opened(tmp_path, "contrastive-esa")
    anna, ben = campaign.reviewers()
    first, second, third, *_ = campaign.items()
    score(campaign, anna, first, 90, 40)
    score(campaign, anna, second, 60, 79.9)
    score(campaign, ben, third, 10, 30)
    with pytest.raises(InputError, match="Lock it first"):
        loop.answers_of(campaign)
    lock(campaign)
    answers = loop.answers_of(campaign)
    assert [row["score"] for row in answers.ratings] == [90, 40, 60, 79.9, 10, 30]
    assert answers.ratings[1] == {
        "kind": "rating", "source": "Source 0 of 1.", "target": first.outputs[1].text,
        "from": "en", "to": "de", "campaign": campaign.id, "item": first.id, "document": "d1",
        "reviewer": anna.id, "score": 40,
    }  # fmt: skip
    large, edge = answers.preferences
    assert (large["chosen"], large["rejected"]) == tuple(o.text for o in first.outputs)
    assert (large["margin"], large["why"], large["reviewer"]) == (0.5, "scores", anna.id)
    assert (edge["chosen"], edge["margin"]) == (third.outputs[1].text, 0.2)
    assert len(loop.answers_of(campaign, gap=0).preferences) == 3
    assert len(loop.answers_of(campaign, gap=21).preferences) == 1
    assert answers.edits == ()
    assert not answers.left_out


def test_only_the_last_answer_of_a_reviewer_counts(tmp_path: Path) -> None:
    campaign = opened(tmp_path, "contrastive-esa")
    anna, ben = campaign.reviewers()
    item = campaign.items()[0]
    score(campaign, anna, item, 90, 40)
    score(campaign, ben, item, 80, 30)
    score(campaign, anna, item, 20, 70)
    lock(campaign)
    answers = loop.answers_of(campaign)
    assert {(row["reviewer"], row["score"]) for row in answers.ratings} == {
        (anna.id, 20), (anna.id, 70), (ben.id, 80), (ben.id, 30),
    }  # fmt: skip
    # They contradict each other now.
    assert answers.preferences == ()
    assert answers.left_out == {"the preference is contradicted by as many": 2}


def test_a_majority_settles_a_contradiction(tmp_path: Path) -> None:
    items = items_and_key(protocol="pairwise")
    campaign = campaign_in(tmp_path, ("A", "B", "C"), items, protocol="pairwise")
    first, second, third, fourth, _ = campaign.items()
    one, other = first.outputs
    for reviewer, chosen in zip(campaign.reviewers(), (one.id, other.id, one.id), strict=True):
        rate(campaign, reviewer, first, choice=chosen)
        rate(campaign, reviewer, second, choice="tie")
        rate(campaign, reviewer, third, choice="both-bad")
    rate(campaign, campaign.reviewers()[0], fourth, choice="tie")
    lock(campaign)
    answers = loop.answers_of(campaign)
    assert [row["chosen"] for row in answers.preferences] == [one.text, one.text]
    assert {row["margin"] for row in answers.preferences} == {1.0}
    assert answers.ratings == answers.edits == ()


def test_who_did_not_agree_controls_and_tutorials_are_in_no_row(tmp_path: Path) -> None:
    items = items_and_key((4, 4), repeats=2, degraded=2, tutorial=True)
    campaign = campaign_in(tmp_path, ("Anna", "Ben", "Cleo"), items)
    anna, ben, cleo = campaign.reviewers()
    campaign.set_consent(anna.id, True)
    campaign.set_consent(ben.id, True)
    campaign.set_consent(ben.id, False)
    for item in campaign.items():
        for reviewer in (anna, ben, cleo):
            score(campaign, reviewer, item, 95, 5)
    campaign.lock("owner")  # Cleo was never asked
    answers = loop.answers_of(campaign)
    rows = [*answers.ratings, *answers.preferences]
    tests = {item.id for item in campaign.items() if item.tutorial} | set(items[1].controls)
    assert {row["reviewer"] for row in rows} == {anna.id}
    assert len(tests) == 5
    assert not tests & {row["item"] for row in rows}
    assert (len(answers.ratings), len(answers.preferences)) == (16, 8)
    assert answers.left_out == {
        "the item tests or teaches the reviewer": 15, "the reviewer did not agree": 16,
    }  # fmt: skip
    assert loop.answers_of(campaign, without={anna.id}).ratings == ()
    everything = json.dumps([rows, answers.left_out])
    assert not any(name in everything for name in (*NAMES, "Anna", "Ben", '"s1"'))


def test_an_edit_is_a_pair_of_the_corpus_a_preference_and_in_the_memory(tmp_path: Path) -> None:
    campaign = opened(tmp_path, "post-edit", (2,))
    anna, ben = campaign.reviewers()
    one, two, three, four = campaign.items()
    better = "Etwas ganz anderes."
    rate(campaign, anna, one, [Judgement(one.outputs[0].id, edit=better, keystrokes=9)])
    rate(campaign, ben, one, [Judgement(one.outputs[0].id, edit="Noch etwas.")])
    kept = two.outputs[0]
    rate(campaign, anna, two, [Judgement(kept.id, edit=kept.text)])
    rate(campaign, anna, three, [Judgement(three.outputs[0].id, edit=" ")])
    rate(campaign, anna, four, [Judgement(four.outputs[0].id, edit="Ein \ufdd21\ufdd3 zu viel.")])
    lock(campaign)
    answers = loop.answers_of(campaign)
    assert [row["target"] for row in answers.edits] == [
        better, "Noch etwas.", kept.text, "Ein \ufdd21\ufdd3 zu viel.",
    ]  # fmt: skip
    assert [row["chosen"] for row in answers.preferences] == [
        better, "Noch etwas.", "Ein \ufdd21\ufdd3 zu viel.",
    ]  # fmt: skip
    for row in answers.preferences:
        assert 0 < row["margin"] <= 1
        assert row["why"] == "edit"
    assert answers.ratings == ()

    memory = Memory(tmp_path / "memory.db")
    saved = loop_files.save_edits(campaign, memory)
    units = {unit.source: unit for unit in memory.units("en", "de")}
    # The second item is of the same segment as the first, and came last.
    assert units["Source 0 of 1."].target == kept.text
    assert units["Source 0 of 1."].origin is Origin.PERSON
    assert units["Source 0 of 1."].model == f"campaign:{campaign.id}/{two.id}/{anna.id}"
    assert (saved.count, [item for item, _ in saved.refused]) == (1, [four.id])
    memory.edit("Source 0 of 1.", "Später.", "en", "de")
    loop_files.save_edits(campaign, memory)
    assert [unit.target for unit in memory.units()] == ["Später."]
    memory.close()

    loop_files.write_files(campaign)
    (reader,) = readers.find(campaign.path / "training", "en", "de")[:1]
    pairs = [each for each in reader.read() if isinstance(each, Pair)]
    assert {pair.target for pair in pairs} == {row["target"] for row in answers.edits}
    assert {pair.origin for pair in pairs} == {f"campaign:{campaign.id}"}


def test_one_output_at_a_time_scores_of_a_segment_are_compared(tmp_path: Path) -> None:
    campaign = opened(tmp_path, "esa", (2,))
    anna, ben = campaign.reviewers()
    by_text = {item.outputs[0].text: item for item in campaign.items()}
    (good, item), (bad, other), *rest = by_text.items()
    score(campaign, anna, item, 90)
    score(campaign, anna, other, 50)
    score(campaign, ben, rest[0][1], 10)  # of another segment, and of another reviewer
    lock(campaign)
    (row,) = loop.answers_of(campaign).preferences
    assert (row["chosen"], row["rejected"], row["margin"]) == (good, bad, 0.4)


@pytest.mark.parametrize(
    ("protocol", "judgement", "wanted"),
    [
        ("da", Judgement("o", score=33), 33),
        ("deliver", Judgement("o", verdict="as-is"), 100),
        ("deliver", Judgement("o", verdict="redo"), 0),
        ("post-edit", Judgement("o", edit="x"), None),
        ("mqm", Judgement("o"), 100),
        ("mqm", Judgement("o", spans=(ErrorSpan(0, 1, "minor"), ErrorSpan(1, 2, "major"))), 76),
        ("mqm", Judgement("o", spans=(ErrorSpan(0, 1, "critical"),) * 2), 0),
        ("mqm", Judgement("o", spans=(ErrorSpan(0, 1, "minor", "fluency/punctuation"),)), 99.6),
    ],
)
def test_what_is_said_as_a_score(
    protocol: Protocol, judgement: Judgement, wanted: float | None
) -> None:
    assert loop.score_of(protocol, judgement) == pytest.approx(wanted)


def long_campaign(home: Path, protocol: Protocol, *, model: str) -> Campaign:
    """Every item answered by Anna: the first system is good. The second one is ``model``."""
    items, key = items_and_key((8,) * 6, protocol=protocol)
    first, second = specs(2)
    key = replace(key, systems=(first, replace(second, reference=model)))
    words = ("der Hund", "eine Katze", "das Boot", "ein Wald", "die Stadt", "unser Haus", "Brot")
    said = []
    for number, item in enumerate(items):
        name = f"{words[number % 7]} und {words[number // 7 % 7]}"
        outputs = tuple(
            replace(output, text=f"Am {number}. Tag sah ich {name}, {'ja' * place}gewiss.")
            for place, output in enumerate(item.outputs)
        )
        source = replace(item.source, text=f"On day {number} I saw the thing and the other one.")
        said.append(replace(item, source=source, outputs=outputs))
    campaign = campaign_in(home, ("Anna",), (said, key), protocol=protocol)
    (anna,) = campaign.reviewers()
    log = RatingsLog(campaign.path / RATINGS)
    for item in campaign.items():
        order = tuple(output.id for output in item.outputs)
        judged: tuple[Judgement, ...] = ()
        if protocol != "pairwise":
            judged = tuple(Judgement(one, score=90 - 50 * n) for n, one in enumerate(order))
        choice = order[0] if protocol == "pairwise" else None
        log.append(Rating(item.id, time.time(), anna.id, item.id, order, judged, choice))
    lock(campaign)
    return campaign


@pytest.mark.parametrize("protocol", ["contrastive-esa", "pairwise"])
def test_a_run_on_a_campaign_is_ready_to_start(tmp_path: Path, protocol: Protocol) -> None:
    settings = Settings(tmp_path)
    kinds = (ModelKind.GGUF, ModelKind.HF)
    trainable = next(spec for spec in Registry(settings).list() if spec.kind in kinds)
    campaign = long_campaign(tmp_path, protocol, model=trainable.id)
    run = loop_files.prepared_run(campaign, settings)
    built = corpus.Corpus.load(Path(run.data.corpus))
    train, dev = list(built.rows("train")), list(built.rows("dev"))
    assert len(train) + len(dev) == 48  # what was rated well or chosen, nothing else
    assert dev
    assert all("jagewiss" not in row["target"] for row in (*train, *dev))
    assert run.preference.kind == "dpo"
    assert run.preference.sft_weight > 0
    lines = Path(run.preference.pairs).read_text("utf-8").splitlines()
    assert len(lines) == 48
    assert run.model.base == ""  # naming one would reveal a system
    path = tmp_path / "run.toml"
    run.write(path)
    assert RunSettings.load(path) == run

    sft = loop_files.prepared_run(campaign, settings, "sft", base="some-model")
    assert (sft.preference.kind, sft.model.base) == ("none", "some-model")
    assert sft.data.corpus == run.data.corpus  # not built twice
    assert loop_files.prepared_run(campaign, settings, "dpo").preference.sft_weight == 0
    if protocol == "contrastive-esa":
        other = loop_files.prepared_run(campaign, settings, gap=50.1)  # all gaps are 50
        assert other.preference.kind == "none"
        assert len(Path(run.preference.pairs).read_text("utf-8").splitlines()) == 48
    campaign.reveal("owner")
    assert loop_files.prepared_run(campaign, settings).model.base == trainable.id


def test_nothing_to_train_with_is_said(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    campaign = opened(tmp_path, "contrastive-esa")
    score(campaign, campaign.reviewers()[0], campaign.items()[0], 50, 50)
    lock(campaign)
    with pytest.raises(InputError, match="preferred"):
        loop_files.prepared_run(campaign, settings, "dpo")
    with pytest.raises(InputError, match="No edit, no good score"):
        loop_files.prepared_run(campaign, settings)


def test_checkpoints_of_a_run_meet_the_shipped_model(tmp_path: Path) -> None:
    texts = tmp_path / "texts.tsv"
    texts.write_text("".join(f"Line {n} of it.\tZeile {n} davon.\n" for n in range(30)))
    built = corpus.build(CorpusSettings((str(texts),), "en", ("de",)), tmp_path / "corpus")
    settings = Settings(tmp_path)
    run = written_run(tmp_path, built.folder, best_step=200)
    with pytest.raises(InputError, match="no checkpoint yet"):
        loop_files.systems_of_run(run, settings)
    for step in (100, 200, 300, 400, 500):
        folder = run.folder / "checkpoints" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        (folder / "trainer_state.json").write_text("{}")
    found = loop_files.systems_of_run(run, settings)
    assert [(one.kind, one.reference) for one in found] == [
        ("model", Registry(settings).default().id),
        *(("run", f"{run.id}/checkpoint-{step}") for step in (200, 400, 500)),
    ]
    assert len({one.id for one in found}) == 4
