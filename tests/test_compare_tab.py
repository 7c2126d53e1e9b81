"""What the Compare tab is made of, without a browser."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.campaign_support import NAMES, campaign_in, items_and_key
from tests.runs_support import tiny_corpus
from tests.train_support import written_run
from trainer.background import Status
from trainer.campaigns.types import CampaignSettings, Judgement, Rating
from trainer.ratings.log import RatingsLog
from trainer.tabs import compare_view, own_campaigns
from trainer.tabs.compare_new import NewCampaign
from trainer.tabs.compare_view import Flag, Rater, Seen
from trainer.tabs.own_campaigns import OwnCampaigns
from translator.errors import InputError
from translator.models.registry import Registry
from translator.settings import Settings
from translator.tabs.context import AppContext
from translator.tabs.owner import note_owner

HOSTILE = '<img src=x onerror=alert(1)> "quoted" & ${evil}'
SETTINGS = CampaignSettings("c1", HOSTILE, 0.0, "en", "de", key_hash="ab" * 32)


def _context(home: Path, *, shared: bool = False) -> AppContext:
    """A context that knows its folders and models only."""
    nothing: Any = None
    settings = Settings(home)
    return AppContext(settings, Registry(settings), nothing, nothing, nothing, shared)


def _rate(campaign: Any, reviewer: str, count: int) -> None:
    log = RatingsLog(campaign.path / "ratings.jsonl")
    for number, task in enumerate(campaign.tasks(reviewer)[:count]):
        judgements = tuple(Judgement(output, score=50.0) for output in task.order)
        log.append(
            Rating(f"x{number}", time.time(), reviewer, task.item, task.order, judgements,
                   seconds=30.0)
        )  # fmt: skip


def test_nothing_that_people_wrote_becomes_markup() -> None:
    rater = Rater("r1", HOSTILE, "r/token", 1, 4, 30.0, agreed=False)
    flag = Flag(HOSTILE, HOSTILE, 2, HOSTILE)
    one = Seen(SETTINGS, "open", None, (HOSTILE, "B"), 4, 1, (rater,), (flag,))
    pages = (
        compare_view.listing([one], "c1"), compare_view.head(one), compare_view.flags(one),
        compare_view.raters(one, reach="on this machine"), compare_view.seal(one),
    )  # fmt: skip
    for page in pages:
        assert "<img" not in page and "&lt;img" in page
    assert "may not be used to train" in pages[3]


@pytest.mark.parametrize(
    ("stage", "making", "revealed", "offered"),
    [
        ("making", Status("running", "Gemma", 0.5), "", ["stop"]),
        ("making", Status("stopped"), "", ["resume", "delete"]),
        ("failed", Status("failed", message="Out of memory."), "", ["resume", "delete"]),
        ("open", None, "", ["lock", "delete"]),
        ("locked", None, "", ["reveal", "delete"]),
        ("locked", None, "by the owner", ["delete"]),
    ],
)
def test_each_stage_offers_what_can_be_done(
    stage: Any, making: Status | None, revealed: str, offered: list[str]
) -> None:
    one = Seen(SETTINGS, stage, making, raters=(Rater("r1", "Ada", "", 0, 4),), revealed=revealed)
    head = compare_view.head(one)
    found = [word.split('"')[0] for word in head.split('data-action="')[1:]]
    assert found == offered
    if making is not None and making.message:
        assert making.message in head


def test_a_lock_says_how_much_will_be_missing() -> None:
    raters = (Rater("r1", "Ada", "", 3, 4), Rater("r2", "Ben", "", 4, 4))
    assert "1 answer will be missing" in compare_view.head(Seen(SETTINGS, "open", raters=raters))
    done = (Rater("r1", "Ada", "", 4, 4),)
    assert "will be missing" not in compare_view.head(Seen(SETTINGS, "open", raters=done))


def test_a_campaign_as_its_owner_sees_it(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path, ("Anna", "Ben"), items_and_key((3, 2), 3, tutorial=True))
    anna, ben = campaign.reviewers()
    _rate(campaign, anna.id, 2)
    one = own_campaigns.seen(campaign)
    assert (one.stage, one.items, one.documents) == ("open", 5, 2)
    assert one.systems == tuple(sorted(NAMES[:3]))
    by_name = {rater.name: rater for rater in one.raters}
    assert by_name["Anna"].done == 2 and by_name["Anna"].seconds == 60.0
    assert by_name["Ben"].done == 0 and by_name["Ben"].total == len(campaign.tasks(ben.id))
    assert by_name["Anna"].link.startswith(f"r/{campaign.id}.{anna.id}.")
    # The list needs no links, and makes none.
    assert own_campaigns.seen(campaign, whole=False).raters[0].link == ""


def test_a_campaign_whose_texts_were_exchanged_says_so(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    items = campaign.path / "items.jsonl"
    items.write_text(items.read_text("utf-8").replace("Ziel", "Mein Ziel"), "utf-8")
    assert own_campaigns.seen(campaign, whole=False).settings == campaign.settings
    head = compare_view.head(own_campaigns.seen(campaign))
    assert 'role="alert"' in head and "items.jsonl" in head


def test_actions_lock_reveal_renew_and_delete(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    own = OwnCampaigns(_context(tmp_path), "")
    before = own_campaigns.seen(campaign).raters[0]
    own.act("renew", campaign.id, before.id)
    assert own_campaigns.seen(campaign).raters[0].link not in ("", before.link)
    with pytest.raises(InputError, match="locked"):
        own.act("reveal", campaign.id)
    own.act("lock", campaign.id)
    assert own_campaigns.seen(campaign).raters[0].link == ""
    own.act("reveal", campaign.id)
    assert own_campaigns.seen(campaign).revealed.startswith("by the owner on ")
    own.act("delete", campaign.id)
    assert own.all() == [] and own.find(campaign.id) is None


def test_on_a_shared_page_a_browser_sees_its_own_campaigns_only(tmp_path: Path) -> None:
    mine, other = campaign_in(tmp_path), campaign_in(tmp_path)
    note_owner(mine.path / own_campaigns.OWNER, "me")
    note_owner(other.path / own_campaigns.OWNER, "somebody")
    own = OwnCampaigns(_context(tmp_path, shared=True), "me")
    assert [one.id for one in own.all()] == [mine.id]
    with pytest.raises(InputError):
        own.act("lock", other.id)
    assert other.stage == "open"


@pytest.fixture
def form(tmp_path: Path) -> tuple[NewCampaign, dict[Any, Any], Path]:
    """The form, and what it holds when it is opened."""
    with gr.Blocks() as page, gr.Tab("Compare") as tab:
        new = NewCampaign(_context(tmp_path), page, tab)
    given = {part: getattr(part, "value", None) for part in new.inputs}
    return new, given, tmp_path


def _named(new: NewCampaign, elem_id: str) -> Any:
    return next(part for part in new.inputs if part.elem_id == elem_id)


def test_the_form_says_what_is_missing_step_by_step(
    form: tuple[NewCampaign, dict[Any, Any], Path],
) -> None:
    new, given, _ = form
    steps = [
        ("compare-systems", ["model:pseudo"], "1 system cannot"),
        ("compare-outputs", ["/sent/mine.txt"], "no text"),
        ("compare-text", "One. Two.", "No reviewer"),
        ("compare-reviewers", "Ada\n Blaise ,Ada\n", ""),
    ]
    with pytest.raises(InputError, match="No system"):
        new.plan(given, "")
    for elem_id, value, missing in steps:
        given[_named(new, elem_id)] = value
        if missing:
            with pytest.raises(InputError, match=missing):
                new.plan(given, "")
    plan = new.plan(given, "")
    assert plan.reviewers == ("Ada", "Blaise")
    assert [(one.kind, one.reference) for one in plan.systems] == [
        ("model", "pseudo"), ("file", "/sent/mine.txt"),
    ]  # fmt: skip
    assert plan.systems[1].name == "mine"
    assert plan.name == "English → German" and plan.protocol == "contrastive-esa"
    assert plan.texts.kind == "text" and plan.texts.segments == 40
    given[_named(new, "compare-to")] = "en"
    with pytest.raises(InputError, match="both source and target"):
        new.plan(given, "")


def test_systems_that_are_not_offered_are_refused(
    form: tuple[NewCampaign, dict[Any, Any], Path],
) -> None:
    new, given, _ = form
    given[_named(new, "compare-systems")] = ["model:pseudo", "file:/etc/passwd"]
    with pytest.raises(InputError, match="gone"):
        new.plan(given, "")


def test_checkpoints_of_a_training_enter_against_the_model_of_the_app(
    form: tuple[NewCampaign, dict[Any, Any], Path],
) -> None:
    new, _, home = form
    run = written_run(home, tiny_corpus(home / "corpora" / "sea"), "Sea", state="done")
    run.adapter.mkdir()
    for step in (20, 40, 60, 80):
        saved = run.folder / "checkpoints" / f"checkpoint-{step}"
        saved.mkdir(parents=True)
        (saved / "trainer_state.json").write_text("{}")
    changed = new.systems.entered(run, "")[new.systems.chosen]
    labels = {value: label for label, value in changed["choices"]}
    chosen = changed["value"]
    assert chosen == [f"run:{run.id}/checkpoint-{step}" for step in (40, 60, 80)]
    assert labels[f"run:{run.id}/checkpoint-60"] == "Sea, step 60"


def test_adapters_enter_at_other_scales_too(
    form: tuple[NewCampaign, dict[Any, Any], Path],
) -> None:
    new, given, home = form
    run = written_run(home, tiny_corpus(home / "corpora" / "sea"), "Sea", state="done")
    run.adapter.mkdir()
    given |= {
        _named(new, "compare-systems"): [f"run:{run.id}"],
        _named(new, "compare-scales"): "0.5, 1.5",
        _named(new, "compare-greedy"): True,
        _named(new, "compare-text"): "One.",
        _named(new, "compare-reviewers"): "Ada",
    }
    systems = new.plan(given, "").systems
    assert [one.settings.get("scale") for one in systems] == [None, 0.5, 1.5]
    assert all(one.settings["greedy"] is True for one in systems)
    given[_named(new, "compare-scales")] = "half"
    with pytest.raises(InputError, match="no scales"):
        new.plan(given, "")
