"""Trainings from run folder to adapter, on tiny models: whole, interrupted, stopped, shared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

from tests.killing import killed_at
from tests.runs_support import tiny_corpus
from tests.tiny_hf import write_causal, write_encoder_decoder
from trainer import corpus, runs, train, train_watch
from trainer.config import RunSettings
from trainer.corpus_settings import CorpusSettings
from trainer.runs import Run

SETTINGS: dict[str, Any] = {
    "training": {
        "batch": 4, "accumulation": 2, "steps": 8, "save": 4, "keep": 2, "learning-rate": 2e-3,
        "precision": "fp32",
    },
    "evaluation": {"every": 4, "lines": 2, "max-new-tokens": 6, "samples": 1},
    "method": {"rank": 4},
}  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data home with a corpus and two bases."""
    folder = tmp_path_factory.mktemp("home")
    tiny_corpus(folder / "corpus", lines=64)
    write_causal(folder / "qwen2", "qwen2")
    write_encoder_decoder(folder / "t5", "t5")
    return folder


@pytest.fixture(autouse=True)
def _in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSO_HOME", str(home))


def _run(home: Path, base: str = "qwen2", **changes: Any) -> Run:
    parts = {"model": {"base": str(home / base), "style": "tagged"}}
    settings = RunSettings.of(SETTINGS | parts | {"data": {"corpus": str(home / "corpus")}})
    values = {name.replace("__", "."): value for name, value in changes.items()}
    return runs.create(settings.with_values(values), home)


def _curve(run: Run) -> list[tuple[Any, ...]]:
    names = ("step", "loss", "tokens", "learning_rate", "grad_norm", "dev_loss", "chrf_mean")
    return [tuple(row.get(name) or 0.0 for name in names) for row in run.metrics(-1)]


def test_a_run_ends_with_an_adapter_and_says_how_it_went(home: Path) -> None:
    run = _run(home)
    assert train.main([str(run.folder)]) == 0
    status = run.status()
    assert (status.state, status.step, status.steps) == ("done", 8, 8)
    assert status.tokens > 1000
    assert status.style == "tagged"
    rows = run.metrics(-1)
    assert [row["step"] for row in rows if "dev_loss" in row] == [0, 4, 8]
    losses = [row["dev_loss"] for row in rows if "dev_loss" in row]
    assert losses[-1] < losses[0]
    assert set(rows[0]["chrf"]) == {"en>de"}
    assert [path.name for path in run.checkpoints()] == ["checkpoint-4", "checkpoint-8"]
    best = run.folder / "checkpoints" / f"checkpoint-{status.best_step}"
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        assert (run.adapter / name).read_bytes() == (best / name).read_bytes()
    sample = run.samples()[0]
    assert sample["reference"].startswith("Wir sahen")
    assert sample["source"].startswith("We saw")


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Everything with chance in it: dropout, noise, the order.
    chance: dict[str, Any] = {
        "method__dropout": 0.2,
        "training__neftune": 5.0,
        "evaluation__metric": "loss",
    }
    whole = _run(home, **chance)
    train.main([str(whole.folder)])
    killed = _run(home, **chance)
    killed_at(killed, 7, monkeypatch)
    assert killed.status().state == "lost"
    assert train.main([str(killed.folder), "--resume"]) == 0
    assert _curve(killed) == _curve(whole)
    assert killed.status().resumed_from == 4
    weights = "adapter_model.safetensors"
    assert (killed.adapter / weights).read_bytes() == (whole.adapter / weights).read_bytes()


def test_a_wish_to_stop_is_heard_and_the_work_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(home, evaluation__every=0)
    before = train_watch.Watch.on_step_begin

    def wish(self: Any, args: Any, state: Any, control: Any, **more: Any) -> None:
        before(self, args, state, control, **more)
        if state.global_step == 2:
            (run.folder / runs.STOP).touch()

    monkeypatch.setattr(train_watch.Watch, "on_step_begin", wish)
    assert train.main([str(run.folder)]) == 0
    assert run.status().state == "stopped"
    assert [path.name for path in run.checkpoints()] == ["checkpoint-3"]
    assert (run.adapter / "adapter_model.safetensors").is_file()


def test_full_training_of_an_encoder_decoder(home: Path) -> None:
    run = _run(home, "t5", method__kind="full", training__steps=4)
    assert train.main([str(run.folder)]) == 0, run.status()
    assert (run.model / "model.safetensors").is_file()
    from transformers import AutoModelForSeq2SeqLM

    AutoModelForSeq2SeqLM.from_pretrained(str(run.model))


def test_stages_and_packing_and_a_start_from_another_run(home: Path) -> None:
    first = _run(home, training__steps=4, evaluation__lines=0, evaluation__metric="loss")
    assert train.main([str(first.folder)]) == 0
    stages = [
        {"name": "lines", "length": 128, "steps": 2},
        {"name": "documents", "length": 400, "steps": 2, "parts": [1, 2], "replay": 0.2},
    ]
    second = _run(
        home, stages=stages, model__start=first.id, data__packing=True, data__length=128,
        evaluation__lines=0, evaluation__metric="loss", training__batch=2,
    )  # fmt: skip
    assert train.main([str(second.folder)]) == 0, second.status()
    status = second.status()
    assert (status.stage, status.step) == ("documents", 4)
    start = next(row["dev_loss"] for row in second.metrics(-1) if "dev_loss" in row)
    assert start == pytest.approx(first.status().dev_loss, rel=1e-4)


def test_enough_is_enough(home: Path) -> None:
    run = _run(
        home, training__steps=50, training__learning_rate=0.0, evaluation__every=1,
        evaluation__lines=0, evaluation__metric="loss", evaluation__patience=2,
    )  # fmt: skip
    assert train.main([str(run.folder)]) == 0
    assert run.status().step == 3
    assert run.status().best_step == 1


def test_texts_too_few_to_be_watched_with_still_train(home: Path) -> None:
    inputs = (str(home / "corpus-texts"),)
    settings = CorpusSettings(inputs=inputs, source="en", targets=("de",), dev=0, test=0)
    corpus.build(settings, home / "few")
    run = _run(home, data__corpus=str(home / "few"), training__steps=4, evaluation__every=1)
    assert train.main([str(run.folder)]) == 0, run.status()
    assert not any("dev_loss" in row for row in run.metrics(-1))
    assert (run.adapter / "adapter_model.safetensors").is_file()


def test_what_cannot_be_is_said_in_the_status(home: Path, capsys: Any) -> None:
    run = _run(home, method__targets=["no_such_layer"])
    assert train.main([str(run.folder)]) == 1
    status = run.status()
    assert status.state == "failed"
    assert status.hint == "Set method.targets to all-linear."
    assert "Traceback" not in capsys.readouterr().err


def test_two_processes_have_the_curve_of_one(home: Path) -> None:
    alone = _run(home, training__steps=4, training__save=10, evaluation__lines=1)
    train.main([str(alone.folder)])
    shared = _run(
        home, training__steps=4, training__save=10, evaluation__lines=1, training__accumulation=1
    )
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2",
        "-m", "trainer.train", str(shared.folder),
    ]  # fmt: skip
    done = subprocess.run(
        command, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True,
        timeout=200, check=False, cwd=Path(__file__).parent.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = _curve(alone), _curve(shared)
    assert [row[0] for row in one] == [row[0] for row in two]
    for first, second in zip(one, two, strict=True):
        assert second == pytest.approx(first, rel=1e-4)
