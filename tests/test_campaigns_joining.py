"""Reviewers who come when a campaign has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.campaign_support import campaign_in, items_and_key
from trainer.campaigns import links, shown
from trainer.campaigns.files import CampaignFiles
from trainer.campaigns.folder import Campaigns
from trainer.campaigns.joining import add_reviewer
from trainer.campaigns.types import CampaignSettings
from translator.errors import InputError
from translator.settings import Settings


def test_one_more_reviewer_changes_nothing_for_the_others(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path, items=items_and_key([2] * 6), overlap=0.5)
    before, hashed = campaign.tasks(), campaign.settings.key_hash
    token = links.make(campaign, campaign.reviewers()[0].id)
    assert "x" not in shown.work_of(campaign).tasks
    added = add_reviewer(campaign, " Cleo ", "me")
    assert added.name == "Cleo" and campaign.reviewers()[-1] == added
    assert campaign.tasks()[: len(before)] == before
    assert len(campaign.tasks(added.id)) == (3 + 1) * 2
    assert shown.work_of(campaign).tasks[added.id] == tuple(campaign.tasks(added.id))
    assert campaign.log()[-1].items() >= {
        "event": "reviewer added", "who": "me", "reviewer": added.id
    }.items()  # fmt: skip
    assert "Cleo" not in (campaign.path / "log.jsonl").read_text()
    home = Campaigns(Settings(tmp_path))
    assert links.check(home, links.make(campaign, added.id)) == (campaign.id, added.id)
    assert links.check(home, token)[1] == campaign.reviewers()[0].id
    assert campaign.key() and campaign.settings.key_hash == hashed


def test_who_joins_before_the_opening_is_one_of_all(tmp_path: Path) -> None:
    asked = CampaignSettings("", "Soon", 0.0, "en", "de", overlap=0.0)
    campaign = Campaigns(Settings(tmp_path)).create(asked, ["Anna"])
    added = add_reviewer(campaign, "Ben")
    assert campaign.tasks() == []
    campaign.open(*items_and_key([1, 1]))
    assert len(campaign.tasks(added.id)) == 1


def test_who_cannot_join(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    with pytest.raises(InputError, match="already"):
        add_reviewer(campaign, "Anna")
    with pytest.raises(InputError, match="1 to 120"):
        add_reviewer(campaign, " ")
    campaign.lock("me")
    with pytest.raises(InputError, match="locked"):
        add_reviewer(campaign, "Cleo")
    assert len(campaign.reviewers()) == 2


def test_a_crash_while_somebody_joins_leaves_nobody_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = campaign_in(tmp_path)
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(CampaignFiles, "write_reviewer_rows", _killed)
        add_reviewer(campaign, "Cleo")
    assert len(campaign.reviewers()) == 2
    added = add_reviewer(campaign, "Cleo")
    assert {task.reviewer for task in campaign.tasks()} == {
        *(one.id for one in campaign.reviewers())
    }
    assert campaign.tasks(added.id)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt
