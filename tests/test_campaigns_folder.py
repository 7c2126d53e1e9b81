"""A campaign's folder: stages, key, log, and what it refuses."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from tests.campaign_support import NAMES, campaign_in, items_and_key, specs
from trainer.campaigns.folder import Campaign, Campaigns, empty_key
from trainer.campaigns.key import key_bytes, key_of
from trainer.campaigns.types import CampaignSettings, Item, Key, Rating
from trainer.campaigns.values import plain, value_of
from translator.errors import InputError
from translator.settings import Settings

ASKED = CampaignSettings(id="", name=" My  first ", created=0, source="English", target="de")


def new(home: Path, settings: CampaignSettings = ASKED) -> Campaign:
    return Campaigns(Settings(home)).create(settings, ["Anna", "Ben"], "owner")


def test_a_campaign_goes_through_its_stages_and_its_log_says_who_did_it(tmp_path: Path) -> None:
    campaign = new(tmp_path)
    stages: list[str] = [campaign.stage]
    assert campaign.settings.name == "My first"
    assert campaign.settings.source == "en"
    assert [reviewer.name for reviewer in campaign.reviewers()] == ["Anna", "Ben"]
    items, key = items_and_key()
    campaign.open(items, key, "owner")
    stages.append(campaign.stage)
    assert campaign.items() == items
    assert replace(campaign.key(), items="") == key
    with pytest.raises(InputError, match="locked"):
        campaign.reveal("owner")
    campaign.lock("Ruth")
    stages.append(campaign.stage)
    assert not campaign.revealed
    assert campaign.reveal("Karl") == campaign.key()
    assert campaign.revealed
    assert stages == ["making", "open", "locked"]
    rows = [(row["event"], row["who"]) for row in campaign.log()]
    assert rows == [
        ("created", "owner"), ("opened", "owner"), ("locked", "Ruth"), ("revealed", "Karl"),
    ]  # fmt: skip
    assert all(row["time"] >= campaign.settings.created for row in campaign.log()[1:])
    with pytest.raises(InputError, match="not open but locked"):
        campaign.lock("Ruth")
    with pytest.raises(InputError, match="open already"):
        campaign.open(items, key)


def test_the_published_hash_is_that_of_the_file_and_a_changed_key_is_refused(
    tmp_path: Path,
) -> None:
    campaign = campaign_in(tmp_path)
    path = campaign.path / "key.json"
    data = path.read_bytes()
    assert hashlib.sha256(data).hexdigest() == campaign.settings.key_hash
    assert campaign.log()[1]["key_hash"] == campaign.settings.key_hash
    campaign.lock("owner")
    swapped = data.replace(b'"s1"', b'"s0"').replace(b'"s2"', b'"s1"').replace(b'"s0"', b'"s2"')
    assert swapped != data
    path.write_bytes(swapped)
    with pytest.raises(InputError, match="not the one whose hash"):
        campaign.reveal("owner")
    assert not campaign.revealed


def test_texts_that_changed_places_under_their_ids_are_found(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    path = campaign.path / "items.jsonl"
    one, other = (output.text for output in campaign.items()[0].outputs)
    text = path.read_text("utf-8")
    path.write_text(text.replace(one, "\0").replace(other, one).replace("\0", other), "utf-8")
    assert campaign.items()[0].outputs[0].text == other
    campaign.lock("owner")
    with pytest.raises(InputError, match="items are not those"):
        campaign.reveal("owner")
    path.write_text(text, "utf-8")
    campaign.reveal("owner")


def test_the_key_has_one_way_to_be_written_and_a_salt_of_its_own(tmp_path: Path) -> None:
    _, key = items_and_key(repeats=1, degraded=1)
    assert key_of(key_bytes(key)) == key
    turned = replace(key, outputs=dict(reversed(key.outputs.items())))
    assert key_bytes(turned) == key_bytes(key)
    assert empty_key().salt != empty_key().salt
    with pytest.raises(InputError):
        key_of(b"{}")
    with pytest.raises(InputError):
        key_of(b"[")


def test_what_is_public_names_no_system_and_what_is_secret_is_private(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    for path in campaign.path.iterdir():
        text = path.read_text("utf-8")
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.name in ("key.json", "reviewers.json"):
            assert mode == 0o600
        else:
            assert not any(name in text for name in (*NAMES, '"s1"', "Anna"))
    assert any(name in (campaign.path / "key.json").read_text() for name in NAMES)


def test_a_name_that_tells_a_system_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="zweigelt-7b"):
        campaign_in(tmp_path, name="Does Zweigelt-7B win?")
    campaign = campaign_in(tmp_path / "second")
    with pytest.raises(InputError, match="zweigelt-7b"):
        campaign.rename("zweigelt-7b")
    campaign.rename("Zweigelts")
    assert campaign.settings.name == "Zweigelts"


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda items, key: ([], key),
        lambda items, key: (items[:1] * 2, key),
        lambda items, key: (items, replace(key, outputs={})),
        lambda items, key: (items, replace(key, systems=specs(1))),
        lambda items, key: (items[:-1], key),
        lambda items, key: (items[1:], key),
    ],
)
def test_items_and_key_must_belong_together(tmp_path: Path, spoiled: object) -> None:
    assert callable(spoiled)
    items, key = items_and_key((1,), repeats=1)
    with pytest.raises(InputError):
        new(tmp_path).open(*spoiled(items, key))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"target": "en"}, "one language"),
        ({"overlap": 1.5}, "overlap"),
        ({"name": " "}, "name"),
        ({"protocol": "guess"}, "guess"),
        ({"expires_days": 0}, "days"),
    ],
)
def test_settings_that_make_no_campaign_are_refused(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        new(tmp_path, replace(ASKED, **changes))  # type: ignore[arg-type]
    assert not Campaigns(Settings(tmp_path)).list()


def test_reviewers_have_different_names(tmp_path: Path) -> None:
    campaigns = Campaigns(Settings(tmp_path))
    for names in ([], ["Anna", " Anna"], ["Anna", " "]):
        with pytest.raises(InputError):
            campaigns.create(ASKED, names)


def test_campaigns_are_listed_found_and_deleted(tmp_path: Path) -> None:
    campaigns = Campaigns(Settings(tmp_path))
    assert campaigns.list() == []
    old, late = new(tmp_path), new(tmp_path, replace(ASKED, name="Second"))
    assert campaigns.list() == [late, old]
    assert campaigns.get(old.id) == old
    assert campaigns.find("Second") == campaigns.find(late.id[:12]) == late
    for wrong in ("", "c", "../x", "c" + "0" * 16):
        with pytest.raises(InputError):
            campaigns.find(wrong)
    with pytest.raises(InputError):
        campaigns.get("../" + old.id)
    (old.path / "campaign.toml").write_text("name = ")
    assert campaigns.list() == [late]
    late.delete()
    assert not late.path.exists()
    with pytest.raises(InputError, match="no campaign"):
        _ = late.settings


def test_a_campaign_that_another_process_holds_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = campaign_in(tmp_path)
    monkeypatch.setattr("trainer.campaigns.files._PATIENCE", 0.05)
    with campaign.changing(), pytest.raises(InputError, match="another process"):
        campaign.lock("owner")
    assert campaign.stage == "open"
    campaign.lock("owner")
    campaign.delete()
    with pytest.raises(InputError):
        campaign.set_consent("r", True)
    assert not campaign.path.exists()


def test_the_last_word_on_consent_counts_and_a_torn_line_costs_nothing(tmp_path: Path) -> None:
    campaign = campaign_in(tmp_path)
    anna, ben = (reviewer.id for reviewer in campaign.reviewers())
    assert campaign.consent(anna) is None
    campaign.set_consent(anna, True)
    with (campaign.path / "log.jsonl").open("ab") as file:
        file.write(b'{"time": 1, "event": "conse')
    campaign.set_consent(ben, True)
    campaign.set_consent(ben, False)
    assert campaign.consent(anna) is True
    assert campaign.consent(ben) is False
    assert campaign.stage == "open"


def test_values_go_through_json_and_wrong_ones_are_refused() -> None:
    items, key = items_and_key(repeats=1)
    for value in (*items, key, ASKED):
        assert value_of(type(value), json.loads(json.dumps(plain(value)))) == value
    good = {"id": "1", "time": 2, "reviewer": "r", "item": "i", "order": ["o"]}
    assert value_of(Rating, good) == Rating("1", 2.0, "r", "i", ("o",))
    wrong: list[dict[str, object]] = [
        {"time": "2"}, {"order": "o"}, {"choice": 3}, {"judgements": [{}]}, {"id": True},
    ]  # fmt: skip
    for change in wrong:
        with pytest.raises(InputError, match="no Rating"):
            value_of(Rating, good | change)
    rows: list[object] = [[], "x", {"id": "1"}]
    for row in rows:
        with pytest.raises(InputError):
            value_of(Item, row)
    with pytest.raises(InputError):
        value_of(Key, {"salt": "", "systems": [], "outputs": [], "controls": {}})
