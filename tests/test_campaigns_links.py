"""Personal links: theirs alone, until they end."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.campaign_support import campaign_in
from trainer.campaigns import links
from trainer.campaigns.folder import Campaign, Campaigns
from translator.errors import InputError
from translator.settings import Settings


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return campaign_in(tmp_path_factory.mktemp("home"))


def campaigns_of(campaign: Campaign) -> Campaigns:
    return Campaigns(Settings(campaign.path.parent.parent))


def test_a_link_leads_to_its_reviewer_and_stays_the_same(campaign: Campaign) -> None:
    tokens = [links.make(campaign, reviewer.id) for reviewer in campaign.reviewers()]
    assert tokens == [links.make(campaign, reviewer.id) for reviewer in campaign.reviewers()]
    for token, reviewer in zip(tokens, campaign.reviewers(), strict=True):
        assert links.check(campaigns_of(campaign), token) == (campaign.id, reviewer.id)
        assert reviewer.name not in token.rpartition(".")[0]  # the signature is of any letters
    secret = campaign.path.parent / ".secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_bytes()) == 32
    assert [row["event"] for row in campaign.log()].count("link made") == 2


def test_every_changed_character_breaks_a_link(campaign: Campaign) -> None:
    first, second = (links.make(campaign, reviewer.id) for reviewer in campaign.reviewers())
    campaigns = campaigns_of(campaign)
    for place, letter in enumerate(first):
        if place == len(first) - 1:
            continue  # its lowest bits are padding; only "A", "Q", "g" and "w" are ever written
        other = "1" if letter != "1" else "2"
        with pytest.raises(InputError, match="does not work"):
            links.check(campaigns, first[:place] + other + first[place + 1 :])
    mixed = second.rpartition(".")[0] + "." + first.rpartition(".")[2]
    for wrong in (mixed, first + "x", first + "\n", first[:-1], "", first.upper()):
        with pytest.raises(InputError, match="does not work"):
            links.check(campaigns, wrong)


@given(st.text(max_size=80))
def test_no_text_is_a_link(campaign: Campaign, text: str) -> None:
    with pytest.raises(InputError, match="does not work"):
        links.check(campaigns_of(campaign), text)


def test_a_link_ends_in_time_and_when_it_is_revoked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = campaign_in(tmp_path, expires_days=2)
    campaigns = campaigns_of(campaign)
    anna, ben = (reviewer.id for reviewer in campaign.reviewers())
    token, other = links.make(campaign, anna), links.make(campaign, ben)
    links.revoke(campaign, anna, "owner")
    with pytest.raises(InputError, match="does not work"):
        links.check(campaigns, token)
    assert links.check(campaigns, other) == (campaign.id, ben)
    fresh = links.make(campaign, anna)
    assert fresh != token
    assert links.check(campaigns, fresh) == (campaign.id, anna)
    later = time.time() + 2 * 86_400 + 1
    monkeypatch.setattr(time, "time", lambda: later)
    with pytest.raises(InputError, match="does not work"):
        links.check(campaigns, fresh)
    renewed = links.make(campaign, anna)
    assert links.check(campaigns, renewed) == (campaign.id, anna)
    campaign.delete()
    with pytest.raises(InputError, match="does not work"):
        links.check(campaigns, renewed)


def test_another_server_and_an_unknown_reviewer_have_no_link(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    token = links.make(campaign, campaign.reviewers()[0].id)
    (tmp_path / "campaigns" / ".secret").unlink()
    with pytest.raises(InputError, match="does not work"):
        links.check(campaigns_of(campaign), token)
    for wrong in ("r" + "0" * 16, ""):
        with pytest.raises(InputError, match="no such reviewer"):
            links.make(campaign, wrong)
        with pytest.raises(InputError, match="no such reviewer"):
            links.revoke(campaign, wrong)
