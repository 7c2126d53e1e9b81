"""``verso train`` and ``verso runs``."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_support import Verso
from tests.runs_support import FAKE, make_run, tiny_corpus, wait_for
from trainer import launcher, runs
from trainer.config import RunSettings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_corpus(tmp_path_factory.mktemp("texts") / "corpus")


@pytest.fixture
def home() -> Path:
    return Path(os.environ["VERSO_HOME"])


def test_a_settings_file_to_begin_with(verso: Verso, tmp_path: Path, corpus: Path) -> None:
    path = tmp_path / "run.toml"
    out, _ = verso(
        "train", "--new", str(path), "--preset", "small-model", "--base", "gemma",
        "--corpus", str(corpus), "--set", "method.rank=4", "--set", "data.directions=en>de",
    )  # fmt: skip
    assert out.strip() == str(path)
    settings = RunSettings.load(path)
    assert (settings.name, settings.preset, settings.model.base) == (
        "gemma",
        "small-model",
        "gemma",
    )
    assert (settings.method.rank, settings.method.alpha) == (4, 64)
    assert settings.data.directions == ("en>de",)
    assert settings.data.corpus == str(corpus)
    _, said = verso("train", "--new", str(path), "--preset", "small-model", code=1)
    assert "exists already" in said


def test_says_what_is_not_understood(verso: Verso, tmp_path: Path) -> None:
    for arguments, words in (
        (("train",), "Neither a settings file nor a preset"),
        (("train", str(tmp_path / "no.toml")), "cannot be read"),
        (("train", "--preset", "huge"), "There is no preset 'huge'."),
        (("train", "--preset", "qlora"), "No base model is named."),
        (("train", "--preset", "qlora", "--base", "x"), "No corpus is named."),
        (("train", "--preset", "qlora", "--set", "rank"), "'rank' is not understood."),
        (("train", "--preset", "qlora", "--set", "a.b=1"), "There is no setting 'a.b'."),
        (("runs", "show", "nothing"), "There is no run 'nothing'."),
        (("runs", "stop", "nothing"), "There is no run 'nothing'."),
    ):
        out, said = verso(*arguments, code=1)
        assert out == ""
        assert said.startswith(f"verso: {words}") or words in said.splitlines()[0]
        assert len(said.splitlines()) == 2, "one line and a hint"


def test_lists_recipes(verso: Verso) -> None:
    out, _ = verso("train", "--presets")
    assert "qwen3-lora\t" in out


def test_lists_shows_clones_and_deletes(verso: Verso, home: Path, corpus: Path) -> None:
    out, said = verso("runs")
    assert "There are no runs yet." in said
    run = make_run(home, corpus, name="first", training__steps=5)
    launcher.start(run, trainer=FAKE)
    wait_for(run, lambda status: not status.busy)
    run.add_line(runs.SAMPLES, {
        "step": 5, "from": "en", "to": "de", "source": "A house.", "reference": "Ein Haus.",
        "hypothesis": "Haus ein.",
    })  # fmt: skip
    out, _ = verso("runs", "list")
    assert f"{run.id}\tbase\tlora\tdone\t5 of 5\t" in out
    (facts,) = json.loads(verso("runs", "list", "--json")[0])
    assert (facts["id"], facts["status"]["state"]) == (run.id, "done")
    out, _ = verso("runs", "show", "first", "--log")
    assert "state:       done" in out
    assert "[de] Haus ein." in out
    shown = json.loads(verso("runs", "show", "first", "--json")[0])
    assert len(shown["metrics"]) == 5
    assert shown["settings"]["training"]["steps"] == 5
    clone = verso("runs", "clone", run.id, "--name", "second")[0].strip()
    assert runs.find(home, clone).settings.name == "second"
    verso("runs", "delete", run.id)
    assert [run.id for run in runs.all(home)] == [clone]
    (home / "runs" / clone / runs.SETTINGS).write_text("[model\n")
    out, _ = verso("runs")
    assert clone in out
    assert "no valid TOML" in verso("runs", "show", clone)[0]


def test_follows_and_control_c_saves_and_stops(home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=2000, training__save=5000)
    launcher.start(run, trainer=FAKE)
    following = subprocess.Popen(
        [sys.executable, "-m", "translator.cli", "runs", "follow", run.id],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    assert following.stderr is not None
    for line in following.stderr:
        if line.startswith("step "):
            break
    assert "loss" in line
    following.send_signal(signal.SIGINT)
    out, said = following.communicate(timeout=30)
    assert following.returncode == 130
    assert "Saving a checkpoint." in said
    assert f"`verso runs resume {run.id}` goes on." in said
    assert run.status().state == "stopped"
    assert len(run.checkpoints()) == 1
    assert out == ""


def test_stops_from_elsewhere(verso: Verso, home: Path, corpus: Path) -> None:
    run = make_run(home, corpus, training__steps=2000)
    launcher.start(run, trainer=FAKE)
    wait_for(run, lambda status: status.step > 0)
    verso("runs", "stop", "run")
    assert wait_for(run, lambda status: not status.busy).state == "stopped"
    _, said = verso("runs", "stop", "run", code=1)
    assert "is not running" in said
