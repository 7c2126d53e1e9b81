"""``verso compare``: a campaign's whole life at a terminal."""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.command_support import Verso
from trainer import background
from trainer.campaigns import job
from trainer.campaigns.folder import RATINGS, Campaigns
from trainer.campaigns.types import Judgement, Rating
from trainer.config import RunSettings
from trainer.ratings.log import RatingsLog
from translator.memory import Memory
from translator.settings import Settings

SOURCE = [f"He counted {n} birds over the harbour. None was white." for n in range(10)]
GERMAN = [f"Er zählte {n} Vögel über dem Hafen. Keiner war weiß." for n in range(10)]
ROUGH = [f"Er zählt {n} Vogel am Hafen. Keine weiß." for n in range(10)]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A home of its own, and campaigns that are made at once instead of in another process."""
    monkeypatch.setenv("VERSO_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    found = Settings.load()

    def at_once(folder: Path, module: str, home: Path) -> None:
        assert (module, home) == ("trainer.campaigns.job", found.home)
        job.run(folder, found)

    monkeypatch.setattr(background, "start", at_once)
    for name, lines in {"a.txt": SOURCE, "h.txt": GERMAN, "r.txt": ROUGH}.items():
        Path(name).write_text("".join(f"{line}\n" for line in lines), "utf-8")
    yield found


NEW = (
    "compare", "new", "--name", "Harbour", "--from", "en", "--to", "de", "--lines", "a.txt",
    "--file", "Fine=h.txt", "--file", "Rough=r.txt", "--reviewer", "Ada", "--reviewer", "Blaise",
    "--segments", "0", "--excerpt", "2",
)  # fmt: skip


def _rate(settings: Settings, campaign_id: str) -> None:
    """Everybody agrees, and finds the second system worse."""
    campaign = Campaigns(settings).get(campaign_id)
    log = RatingsLog(campaign.path / RATINGS)
    key, items = campaign.key(), {item.id: item for item in campaign.items()}
    for reviewer in campaign.reviewers():
        campaign.set_consent(reviewer.id, True)
    for number, task in enumerate(campaign.tasks()):
        judgements = tuple(
            Judgement(output.id, score=90.0 if key.outputs.get(output.id) == "s1" else 40.0)
            for output in items[task.item].outputs
        )
        log.append(
            Rating(f"x{number}", 1.0 + number, task.reviewer, task.item, task.order, judgements,
                   seconds=30.0)
        )  # fmt: skip


def test_from_new_to_the_next_run(verso: Verso, settings: Settings, tmp_path: Path) -> None:
    assert "no campaigns yet" in verso("compare")[1]
    out, said = verso(*NEW, "--set", "overlap=1", "--set", "degraded=0.2")
    campaign_id = out.strip()
    assert re.fullmatch(r"c[0-9a-f]{16}", campaign_id) and "Open." in said

    facts = json.loads(verso("compare", "show", "Harbour", "--json")[0])
    assert (facts["stage"], facts["overlap"], facts["systems"]) == ("open", 1.0, ["Fine", "Rough"])
    assert [one["name"] for one in facts["reviewers"]] == ["Ada", "Blaise"]
    assert facts["reviewers"][0]["total"] > 10
    out, _ = verso("compare", "show", campaign_id[:6])
    assert "SHA-256" in out and "Ada" in out
    assert "contrastive-esa" in verso("compare", "list")[0]

    out, _ = verso("compare", "links", campaign_id, "--base", "http://here:1/")
    links = dict(line.split("\t") for line in out.splitlines()[1:])
    assert links["Ada"].startswith(f"http://here:1/r/{campaign_id}.r")
    out, _ = verso("compare", "links", campaign_id, "--base", "http://here:1", "--revoke", "Ada")
    new = dict(line.split("\t") for line in out.splitlines()[1:])
    assert new["Ada"] != links["Ada"] and new["Blaise"] == links["Blaise"]
    out, said = verso("compare", "links", campaign_id, "--base", "http://here:1", "--add", "Cleo")
    assert re.search(r"Cleo rates [1-9]\d* items", said) and out.count("/r/") == 3
    assert "already" in verso("compare", "links", campaign_id, "--add", "Cleo", code=1)[1]

    _rate(settings, campaign_id)
    out, said = verso("compare", "results", campaign_id)
    assert "Fine" not in out and "Letters stand for the systems" in said
    assert "Lock the campaign first" in verso("compare", "reveal", campaign_id, code=1)[1]
    assert "Lock it first" in verso("compare", "train", campaign_id, code=1)[1]
    assert "Add --yes" in verso("compare", "lock", campaign_id, code=1)[1]
    verso("compare", "lock", campaign_id, "--yes")
    assert "not open but locked" in verso("compare", "links", campaign_id, code=1)[1]
    out, _ = verso("compare", "reveal", campaign_id)
    assert {tuple(line.split("\t")[1:]) for line in out.splitlines()[1:]} == {
        ("Fine", "file", "h.txt"), ("Rough", "file", "r.txt"),
    }  # fmt: skip
    assert Campaigns(settings).get(campaign_id).log()[-1]["event"] == "revealed"

    numbers = json.loads(verso("compare", "results", campaign_id, "--json")[0])
    means = {one["system"]: one["estimate"]["value"] for one in numbers["means"]}
    assert means == {"Fine": pytest.approx(90.0), "Rough": pytest.approx(40.0)}

    out, _ = verso("compare", "export", campaign_id)
    with zipfile.ZipFile(out.strip()) as archive:
        assert {"report.html", "results.json", "systems.csv"} <= set(archive.namelist())
        rows = next(name for name in archive.namelist() if name.endswith(".jsonl"))
        archive.extract(rows, tmp_path)
    out, _ = verso("compare", "import", rows)
    assert "Fine" in out and "Rough" in out

    out, said = verso("compare", "train", campaign_id, "--base", "gemma", "-o", "next.toml")
    assert out.strip() == "next.toml" and "verso train next.toml" in said
    run = RunSettings.load(Path("next.toml"))
    assert (run.model.base, run.preference.kind) == ("gemma", "dpo")
    assert "0 texts" in verso("compare", "edits", campaign_id)[1]
    Memory(settings.memory).close()

    verso("compare", "delete", campaign_id, "--yes")
    assert json.loads(verso("compare", "list", "--json")[0]) == []


def test_a_settings_file_and_options_that_win(
    verso: Verso, settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "plans"
    folder.mkdir()
    sample, _ = verso("compare", "new", "--sample")
    plan = folder / "plan.toml"
    plan.write_text(sample, "utf-8")
    options = [*NEW[4:6], *NEW[8:16], "--excerpt", "5"]
    out, _ = verso("compare", "new", str(plan), "--name", "Mine", *options)
    found = Campaigns(settings).get(out.strip()).settings
    assert (found.name, found.overlap, found.protocol) == ("Mine", 0.2, "contrastive-esa")
    assert len(Campaigns(settings).get(found.id).reviewers()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "de"], "not clear what is to be translated"),
        (["--to", "de", "--text", "Hello."], "0 systems are to be compared"),
        (["--to", "de", "--model", "pseudo@much"], "'much' is no strength of an adapter"),
        (["--to", "de", "--file", "h.txt"], "Write NAME=FILE"),
        (["--to", "de", "--set", "nonsense"], "Write name=value"),
        (["none.toml"], "none.toml cannot be read"),
        (
            ["--to", "de", "--model", "pseudo", "--memory", "--text", " ", "--reviewer", "A"],
            "no text",
        ),
    ],
)
def test_what_is_wrong_is_said(
    verso: Verso, settings: Settings, options: list[str], said: str
) -> None:
    assert said in verso("compare", "new", *options, code=1)[1]
    assert Campaigns(settings).list() == []


def test_what_cannot_be_steered(verso: Verso, settings: Settings) -> None:
    out, _ = verso(*NEW)
    assert "nothing to stop" in verso("compare", "stop", out.strip(), code=1)[1]
    assert "made already" in verso("compare", "resume", out.strip(), code=1)[1]
    assert (
        "no reviewer 'Eve'" in verso("compare", "links", out.strip(), "--revoke", "Eve", code=1)[1]
    )
    assert "verso compare list" in verso("compare", "show", "nonesuch", code=1)[1]


def test_a_port_that_is_taken_is_one_sentence(verso: Verso, settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        _, said = verso("compare", "serve", "--port", port, code=1)
    reason = os.strerror(errno.EADDRINUSE)
    assert f"Nobody can be served at 127.0.0.1:{port}: {reason}.\n" in said
    assert "Nobody can be served" in verso("compare", "serve", "--port", "99999", code=1)[1]
    assert "no campaign 'Eve'" in verso("compare", "show", "Eve", code=1)[1]
