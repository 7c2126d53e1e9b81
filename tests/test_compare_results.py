"""Results on the Compare tab: counted in the background, drawn, and fetched as files."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.campaign_support import NAMES, campaign_in, items_and_key
from trainer.campaigns.folder import Campaign
from trainer.campaigns.types import Judgement, Rating
from trainer.ratings.log import RatingsLog
from trainer.tabs import compare_files, own_campaigns
from trainer.tabs.compare_results import ResultsPanel
from trainer.tabs.own_campaigns import OwnCampaigns
from trainer.tabs.own_texts import OwnTexts
from translator.errors import InputError
from translator.models.registry import Registry
from translator.settings import Settings
from translator.tabs.context import AppContext
from translator.tabs.owner import COOKIE, note_owner


def _rated(home: Path, name: str = "A test") -> Campaign:
    """Two systems, of which the first is the better one wherever somebody looks."""
    campaign = campaign_in(home, ("Anna", "Ben"), items_and_key((3, 3, 3)), name=name, overlap=1.0)
    key, log = campaign.key(), RatingsLog(campaign.path / "ratings.jsonl")
    for number, task in enumerate(campaign.tasks()):
        scores = {output: 80.0 if key.outputs[output] == "s1" else 40.0 for output in task.order}
        judgements = tuple(
            Judgement(output, score=score + number % 5) for output, score in scores.items()
        )
        log.append(
            Rating(f"x{number}", time.time(), task.reviewer, task.item, task.order, judgements,
                   seconds=20.0)
        )  # fmt: skip
    return campaign


def _shown(panel: ResultsPanel, campaign: Campaign) -> str:
    """What the page shows in the end; it asks each second."""
    for _ in range(600):
        html = panel.html(campaign, own_campaigns.seen(campaign))
        if "Counting" not in html and (campaign.revealed == (NAMES[0] in html)):
            return html
        time.sleep(0.1)
    raise AssertionError("nothing was counted")


def test_results_are_letters_until_the_systems_are_revealed(tmp_path: Path) -> None:
    campaign, panel = _rated(tmp_path), ResultsPanel()
    first = panel.html(campaign, own_campaigns.seen(campaign))
    assert "Counting" in first and "still blind" in first
    blind = _shown(panel, campaign)
    assert not any(name in blind for name in NAMES)
    assert "18 answers of 18" in blind and "<svg" in blind
    campaign.lock("test")
    campaign.reveal("test")
    named = _shown(panel, campaign)
    assert named.index(NAMES[0]) < named.index(NAMES[1])  # the better one first
    assert "still blind" not in named and "Where the systems differ most" in named


def test_a_campaign_without_answers_says_what_will_come(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    html = ResultsPanel().html(campaign, own_campaigns.seen(campaign))
    assert "first answers" in html and "download" not in html


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    nothing: Any = None
    settings = Settings(tmp_path)
    context = AppContext(settings, Registry(settings), nothing, nothing, nothing, shared=True)
    app = FastAPI()
    app.include_router(compare_files.routes(context))
    return TestClient(app, cookies={COOKIE: "me"})


def test_files_are_for_the_browser_whose_campaign_it_is(tmp_path: Path, client: TestClient) -> None:
    mine, other = _rated(tmp_path, "Sea <1>/..: “stories”"), campaign_in(tmp_path)
    note_owner(mine.path / own_campaigns.OWNER, "me")
    note_owner(other.path / own_campaigns.OWNER, "somebody")
    got = client.get(f"/campaigns/{mine.id}/ratings.csv")
    assert got.headers["content-disposition"] == 'attachment; filename="Sea-1-stories ratings.csv"'
    assert got.text.count("\r\n") == 1 + 36 and not any(name in got.text for name in NAMES)
    for missing in (f"{other.id}/ratings.csv", f"{mine.id}/key.json", "c0/ratings.csv"):
        assert client.get(f"/campaigns/{missing}").status_code == 404


def test_what_a_campaign_teaches_is_its_owners_on_a_shared_page(tmp_path: Path) -> None:
    nothing: Any = None
    settings = Settings(tmp_path)
    context = AppContext(settings, Registry(settings), nothing, nothing, nothing, shared=True)
    campaign = _rated(tmp_path)
    note_owner(campaign.path / own_campaigns.OWNER, "me")
    for reviewer in campaign.reviewers():
        campaign.set_consent(reviewer.id, True)
    campaign.lock("test")
    run = OwnCampaigns(context, "me").teach(campaign.id)
    assert run.preference.kind == "dpo" and Path(run.preference.pairs).is_file()
    mine = [str(entry.folder) for entry in OwnTexts(context, "me").corpora()]
    assert mine == [run.data.corpus]
    assert OwnTexts(context, "somebody").corpora() == []
    with pytest.raises(InputError):
        OwnCampaigns(context, "somebody").teach(campaign.id)
