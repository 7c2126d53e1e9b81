"""Training by preferences and rewards, on tiny models that first learned a little."""

from __future__ import annotations

import json
import math
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("peft")

import torch

from tests.killing import killed_at
from tests.runs_support import tiny_corpus
from tests.tiny_hf import write_causal, write_encoder_decoder
from trainer import runs, train
from trainer.config import RunSettings
from trainer.corpus import Corpus
from trainer.runs import Run
from trainer.train_batches import CausalBatch
from trainer.train_grpo import Grpo
from trainer.train_loss import TargetLoss
from trainer.train_mrt import MinimumRisk

LEARNT: dict[str, Any] = {
    "data": {"length": 128},
    "training": {
        "batch": 8, "accumulation": 1, "steps": 55, "save": 100, "learning-rate": 5e-3,
        "precision": "fp32", "schedule": "constant",
    },
    "evaluation": {"every": 0, "lines": 0, "metric": "loss"},
    "method": {"kind": "full"},
}  # fmt: skip
SAMPLED: dict[str, Any] = {
    "training": {
        "batch": 4, "accumulation": 1, "steps": 12, "save": 6, "learning-rate": 1.5e-3,
        "precision": "fp32", "schedule": "constant",
    },
    "preference": {"kind": "grpo", "group": 6, "max-new-tokens": 40},
}  # fmt: skip
FEW = 4  # sources, the same at each step: what it earns by them can be compared


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data home with a corpus, pairs and two bases."""
    folder = tmp_path_factory.mktemp("home")
    tiny_corpus(folder / "corpus", lines=64)
    write_causal(folder / "qwen2", "qwen2")
    write_encoder_decoder(folder / "t5", "t5")
    pairs = [
        {
            "source": row["source"], "chosen": row["target"],
            "rejected": row["target"].replace("Mal", "mal das"), "from": "en", "to": "de",
            "kind": "preference",
        }
        for row in Corpus.load(folder / "corpus").rows("train")
    ]  # fmt: skip
    (folder / "pairs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in pairs), "utf-8")
    return folder


@pytest.fixture(autouse=True)
def _in_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSO_HOME", str(home))


def _run(home: Path, base: Path, parts: dict[str, Any], **changes: Any) -> Run:
    model = {"model": {"base": str(base), "style": "tagged"}}
    values = {**LEARNT, **parts, **model}
    limit = FEW if "preference" in parts else 0
    values["data"] = {"length": 128, "corpus": str(home / "corpus"), "limit": limit}
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return runs.create(RunSettings.of(values).with_values(named), home)


@pytest.fixture(scope="module")
def learnt(home: Path) -> dict[str, Path]:
    """The bases after they learned to write something like a translation, and to end it."""
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERSO_HOME", str(home))
        for base in ("qwen2", "t5"):
            run = _run(home, home / base, {})
            assert train.main([str(run.folder)]) == 0, run.status()
            found[base] = run.model
    return found


def _signals(run: Run, name: str) -> list[float]:
    return [row["signals"][name] for row in run.metrics() if "signals" in row]


def _curve(run: Run) -> list[tuple[Any, ...]]:
    names = ("step", "loss", "tokens", "grad_norm", "dev_loss", "signals")
    return [tuple(row.get(name) for name in names) for row in run.metrics(-1)]


def test_preferences_are_learnt_from_where_the_run_began(
    home: Path, learnt: dict[str, Path]
) -> None:
    pairs = {"kind": "dpo", "pairs": str(home / "pairs.jsonl")}
    parts = {"preference": pairs, "method": {"kind": "lora", "rank": 4}}
    run = _run(
        home, learnt["qwen2"], parts, training__steps=12, training__learning_rate=5e-3,
        training__warmup=0.0,
    )  # fmt: skip
    assert train.main([str(run.folder)]) == 0, run.status()
    margins = _signals(run, "margin")
    assert margins[0] == pytest.approx(0.0, abs=1e-5), "the reference is the model as it was"
    first = next(row for row in run.metrics() if "signals" in row)
    assert first["loss"] == pytest.approx(math.log(2), rel=1e-4)
    assert margins[-1] > 0.5
    assert _signals(run, "accuracy")[-1] == 1.0
    assert (run.adapter / "adapter_model.safetensors").is_file()
    assert run.status().tokens > 1000


def test_an_encoder_decoder_learns_preferences_and_keeps_what_it_could(
    home: Path, learnt: dict[str, Path]
) -> None:
    pairs = {"kind": "dpo", "pairs": str(home / "pairs.jsonl"), "sft-weight": 1.0}
    run = _run(home, learnt["t5"], {"preference": pairs}, training__steps=8)
    assert train.main([str(run.folder)]) == 0, run.status()
    margins, chosen = _signals(run, "margin"), _signals(run, "chosen")
    assert margins[0] == pytest.approx(0.0, abs=1e-5), "dropout is off"
    assert margins[-1] > 0.5
    assert chosen[-1] > chosen[0] - 0.1


def test_rewards_rise_and_what_was_killed_goes_on_the_same(
    home: Path, learnt: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = _run(home, learnt["qwen2"], SAMPLED, preference__rewards={"chrf": 1, "tags": 0.1})
    assert train.main([str(whole.folder)]) == 0, whole.status()
    reward = _signals(whole, "reward")
    assert len(reward) == 12
    assert fmean(reward[-6:]) > fmean(reward[:3]) + 0.03, reward
    assert len(_signals(whole, "reward.chrf")) == len(_signals(whole, "cut")) == 12
    assert _signals(whole, "reward.tags") == [1.0] * 12

    killed = whole.clone(home)
    killed_at(killed, 8, monkeypatch)
    assert train.main([str(killed.folder), "--resume"]) == 0
    assert killed.status().resumed_from == 6
    assert _curve(killed) == _curve(whole)


def test_the_risk_of_an_encoder_decoder_falls(home: Path, learnt: dict[str, Path]) -> None:
    run = _run(
        home, learnt["t5"], SAMPLED, preference__kind="mrt", preference__sft_weight=0.1,
        preference__rewards={"chrf": 1}, preference__sharpness=0.05,
    )  # fmt: skip
    assert train.main([str(run.folder)]) == 0, run.status()
    risk = _signals(run, "risk")
    assert fmean(risk[-4:]) < fmean(risk[:4]) - 0.01, risk


def test_probabilities_are_those_of_the_whole_distribution(home: Path) -> None:
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(str(home / "qwen2"))
    rows = [
        {"input_ids": [5, 6, 7, 8, 9], "labels": [-100, -100, 7, 8, 9]},
        {"input_ids": [5, 6, 9], "labels": [-100, 6, 9]},
    ]
    batch = CausalBatch(0)(rows)
    found = TargetLoss(model).logs(model, batch, 0.7)
    logits = model(input_ids=batch["input_ids"]).logits[:, :-1] / 0.7
    labels = batch["labels"][:, 1:]
    each = logits.log_softmax(-1).gather(2, labels.clamp_min(0)[..., None])[..., 0]
    known = (each * (labels >= 0)).sum(1)
    torch.testing.assert_close(found, known)
    weight = model.lm_head.weight
    ours, theirs = (
        torch.autograd.grad((one * torch.tensor([1.0, -2.0])).sum(), weight)[0]
        for one in (found, known)
    )
    torch.testing.assert_close(ours, theirs)


def test_long_and_short_translations_weigh_the_same() -> None:
    """Dr. GRPO: neither divided by the length of each, nor by the spread of a group."""
    grpo = Grpo.__new__(Grpo)
    grpo._wanted = RunSettings.of(SAMPLED).preference
    logs = torch.tensor([-3.0, -30.0, -5.0], requires_grad=True)
    advantage = torch.tensor([1.0, -1.0, 0.0])
    loss = grpo._policy_loss(logs, advantage, advantage, torch.zeros(3))
    (slope,) = torch.autograd.grad(loss, logs)
    assert (slope * 6 * 40).tolist() == pytest.approx([-1.0, 1.0, 0.0])


def test_risk_is_what_is_expected_under_the_sharpened_probabilities() -> None:
    notes: list[dict[str, float]] = []
    risk = MinimumRisk.__new__(MinimumRisk)
    risk._wanted = RunSettings.of(SAMPLED).with_values({"preference.sharpness": 0.5}).preference
    risk._note = notes.append
    logs = torch.tensor([-1.0, -3.0, -2.0], requires_grad=True)
    reward = torch.tensor([0.9, 0.1, 0.5])
    group = torch.tensor([0, 0, 1])
    loss = risk._policy_loss(logs, reward, reward, group)
    share = 1 / (1 + math.exp(-1))  # exp(0.5 * -1) against exp(0.5 * -3)
    assert float(loss.detach()) == pytest.approx(-(share * 0.9 + (1 - share) * 0.1) - 0.5)
    assert [note["risk"] for note in notes] == pytest.approx(
        [1 - (share * 0.9 + (1 - share) * 0.1), 0.5]
    )
    (slope,) = torch.autograd.grad(loss, logs)
    assert float(slope[0]) == pytest.approx(-0.5 * share * (1 - share) * 0.8, rel=1e-4)
    assert float(slope[2]) == 0.0, "a set of one has nothing to choose"
