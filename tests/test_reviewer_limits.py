"""What a reviewer's browser cannot do to the server, and what the server says in need."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.rate_support import answer_to, named_campaign, tokens
from trainer.campaigns import desk, drafts, links
from trainer.campaigns.folder import RATINGS, Campaign, Campaigns
from trainer.campaigns.reviewer_app import reviewer_app
from trainer.campaigns.types import CampaignSettings
from trainer.ratings.log import RatingsLog
from translator.settings import Settings


@pytest.fixture
def made(tmp_path: Path) -> Campaign:
    return named_campaign(tmp_path)


def post(made: Campaign, what: str, data: Any, token: str = "") -> Any:
    page = TestClient(reviewer_app(Settings(made.path.parent.parent)))
    address = f"/r/{token or tokens(made)[0]}/{what}"
    return page.post(address, json=data, headers={"x-verso": "rate"})


def state(made: Campaign) -> Any:
    page = TestClient(reviewer_app(Settings(made.path.parent.parent)))
    return page.get(f"/r/{tokens(made)[0]}/state").json()


def test_what_the_disk_does_not_take_is_to_be_sent_again(
    made: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = state(made)
    answer = answer_to(shown, shown["items"][1])
    sent = (("answers", answer), ("drafts", {"item": answer["item"], "draft": {}}),
            ("consent", {"agree": True}))  # fmt: skip

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        for what, data in sent:
            reply = post(made, what, data)
            assert reply.status_code == 503 and "No space left" in reply.json()["error"]
    assert [post(made, what, data).status_code for what, data in sent] == [200, 200, 200]
    assert state(made)["progress"]["done"] == 1


def test_a_campaign_that_another_process_holds_takes_it_later(
    made: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = state(made)
    monkeypatch.setattr("trainer.campaigns.files._PATIENCE", 0.05)
    with made.changing():
        reply = post(made, "answers", answer_to(shown, shown["items"][1]), tokens_of(made))
    assert reply.status_code == 503 and "another process" in reply.json()["error"]


def tokens_of(made: Campaign) -> str:
    """A link that is there already: nothing is changed for it."""
    row = made.reviewer_rows()[0]
    head = f"{made.id}.{row['id']}.{row['expires']:x}"
    return f"{head}.{links._signature(made.path.parent, row['link'], head)}"


def test_a_campaign_that_has_not_begun_is_not_closed(tmp_path: Path) -> None:
    asked = CampaignSettings("", "Soon", 0.0, "en", "de")
    soon = Campaigns(Settings(tmp_path)).create(asked, ["Anna"])
    shown = state(soon)
    assert shown["campaign"]["locked"] is False and shown["items"] == []
    reply = post(soon, "drafts", {"item": "i", "draft": {}})
    assert reply.status_code == 409 and reply.json()["locked"] is False
    assert "not begun" in reply.json()["error"]


def test_nobody_fills_the_disk_with_versions(
    made: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "_MOST_VERSIONS", 3)
    shown = state(made)
    sent = [answer_to(shown, shown["items"][1], number) for number in range(5)]
    assert [post(made, "answers", one).status_code for one in sent] == [200, 200, 200, 422, 422]
    assert post(made, "answers", sent[0]).status_code == 200  # it is there
    assert len(RatingsLog(made.path / RATINGS).all()) == 3
    assert post(made, "answers", answer_to(shown, shown["items"][2])).status_code == 200


def test_no_is_always_heard(made: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_MOST_TURNS", 2)
    said = [True, False, True, True, False, True, False]
    heard = [post(made, "consent", {"agree": agree}).status_code for agree in said]
    assert heard == [200, 200, 200, 200, 200, 422, 200]
    assert made.consent(made.reviewers()[0].id) is False


def test_drafts_have_an_end(made: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "LARGEST_OF_ALL", 1000)
    ids = [item["id"] for item in state(made)["items"][:3]]
    draft = {"note": "x" * 400}
    sent = [post(made, "drafts", {"item": one, "draft": draft}).status_code for one in ids]
    assert sent == [200, 200, 422]
    assert post(made, "drafts", {"item": ids[0], "draft": None}).status_code == 200
    assert post(made, "drafts", {"item": ids[2], "draft": draft}).status_code == 200


@pytest.mark.parametrize("depth", [30, 900, 100_000])
def test_what_is_nested_too_deeply_is_refused(made: Campaign, depth: int) -> None:
    page = TestClient(reviewer_app(Settings(made.path.parent.parent)))
    item = state(made)["items"][0]["id"]
    body = f'{{"item": "{item}", "draft": {{"a": {"[" * depth}{"]" * depth}}}}}'
    reply = page.post(f"/r/{tokens(made)[0]}/drafts", content=body, headers={"x-verso": "rate"})
    assert reply.status_code == 422
    assert state(made)["drafts"] == {}
