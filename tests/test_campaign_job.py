"""Making campaigns: systems, outputs, and the job that may be stopped and killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.fake_engine import FakeEngine, Say
from tests.slow_campaign import SlowEngine
from tests.train_support import written_run
from trainer import background
from trainer.background import Reporter
from trainer.campaigns import generate, job, plan, systems
from trainer.campaigns.folder import Campaign, Campaigns
from trainer.campaigns.outputs import Outputs
from trainer.campaigns.types import Source, SystemSpec
from translator.engines import pseudo
from translator.errors import InputError, ModelError, VersoError
from translator.memory import Memory, Origin, Unit
from translator.models.registry import Registry
from translator.models.spec import ModelKind, ModelSpec
from translator.settings import Settings
from translator.types import Check

LINES = [
    "The ship left at noon.",
    "Nobody on the pier saw it go, for there was fog over the harbour.",
    "It rained for 3 days.",
    "He slept.",
]
GERMAN = [
    "Das Schiff fuhr mittags ab.",
    "Niemand auf dem Pier sah es fahren, denn Nebel lag über dem Hafen.",
    "Es regnete 3 Tage.",
    "",
]
PAIR = ("en", "de")
SOURCES = [Source("d", n, text) for n, text in enumerate(LINES)]
PSEUDO = SystemSpec("s1", "Dry", "model", "pseudo")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home")


def _stage(campaign: Campaign) -> str:
    return campaign.stage


def _quiet(text: str, fraction: float | None = None) -> None: ...


def _plan(folder: Path, **changes: Any) -> plan.Plan:
    (folder / "a.txt").write_text("\n".join(LINES) + "\n", "utf-8")
    (folder / "b.txt").write_text("\n".join(GERMAN) + "\n", "utf-8")
    values = {
        "name": "Ship",
        "target": "de",
        "reviewers": ["Ada", "Blaise"],
        "texts": {"lines": "a.txt"},
        "systems": [{"model": "pseudo"}, {"file": "b.txt", "name": "Human"}],
    }
    return plan.of(values | changes, folder)


# --- the whole ---------------------------------------------------------------------------------


def test_from_a_plan_to_an_open_campaign(tmp_path: Path, settings: Settings) -> None:
    campaign = job.create(_plan(tmp_path), settings, "me", start=False)
    assert _stage(campaign) == "making"
    job.run(campaign.path, settings)
    assert background.status(campaign.path).state == "done"
    assert _stage(campaign) == "open"
    key = campaign.key()
    texts = {output.id: output.text for item in campaign.items() for output in item.outputs}
    human = [texts[output] for output, system in key.outputs.items() if system == "s2"]
    dry = [texts[output] for output, system in key.outputs.items() if system == "s1"]
    assert sorted(human) == sorted(GERMAN)
    assert len(dry) == 4 and all(text.startswith("⟪") for text in dry)
    flags = campaign.flags()["outputs"]
    assert [(f["system"], f["check"], f["position"]) for f in flags] == [("Human", "empty", 3)]
    shown = (campaign.path / "items.jsonl").read_text() + (
        campaign.path / "tasks.jsonl"
    ).read_text()
    for name in ("pseudo", "Human", "b.txt", "s1", "Ada"):
        assert name not in shown
    assert {system.name for system in key.systems} == {"Pseudo-translation (dry run)", "Human"}
    assert key.systems[1].reference == "b.txt"
    with pytest.raises(InputError, match="made already"):
        job.again(campaign, settings)


def test_nothing_is_left_of_a_plan_that_cannot_be(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "short.txt").write_text("Eins.\n")
    human = {"file": "short.txt", "name": "Human"}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"systems": [{"model": "pseudo"}, human]}, "short.txt has 1 lines; the source has 4"),
        ({"systems": [{"model": "pseudo"}, {"model": "nonesuch"}]}, "no model named 'nonesuch'"),
        ({"systems": [{"model": "pseudo"}, {"model": "pseudo"}]}, "pseudo is there twice"),
        ({"systems": [{"model": "pseudo"}, {"memory": True}]}, "memory has nothing from en to de"),
        ({"systems": [{"model": "pseudo"}, {"run": "mine"}]}, "no run 'mine'"),
        ({"systems": [{"model": "pseudo", "scale": 0.5}, human]}, "has no adapter to scale"),
        ({"systems": [{"model": "pseudo"}, {"file": "no.txt"}]}, "no.txt cannot be read"),
        ({"name": "Is Human better?"}, "Reviewers would read 'Human'"),
        ({"texts": {"lines": "none.txt"}}, "none.txt does not exist"),
    ]
    for changes, said in cases:
        with pytest.raises(VersoError, match=said):
            job.create(_plan(tmp_path, **changes), settings)
    assert not Campaigns(settings).list()
    assert not list(settings.home.rglob("items.jsonl"))


def test_what_was_made_outlives_a_kill_and_a_stop(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    many = "\n\n".join(f"He counted {n} birds." for n in range(60))
    human = tmp_path / "h.txt"
    human.write_text("".join(f"Er zählte {n} Vögel.\n" for n in range(60)), "utf-8")
    wish = _plan(tmp_path, texts={"text": many, "segments": 0})
    wish = replace(wish, systems=(wish.systems[0], plan.system("file", str(human), 2, name="Ms")))
    campaign = job.create(wish, settings, start=False)
    folder, written = campaign.path, Outputs(campaign.path, "s1")
    home = {**os.environ, "VERSO_HOME": str(settings.home)}
    process = subprocess.Popen([sys.executable, "-m", "tests.slow_campaign", str(folder)], env=home)
    end = time.monotonic() + 60
    while len(written.all()) < 3:
        assert process.poll() is None and time.monotonic() < end
        time.sleep(0.01)
    process.kill()
    process.wait()
    path = folder / "outputs" / "s1.jsonl"
    first = path.read_bytes()
    path.write_bytes(first[:-20])  # the last line was being written
    known = len(written.all())
    assert 2 <= known < 60

    monkeypatch.setattr(pseudo, "PseudoEngine", SlowEngine)

    def stop_soon() -> None:
        while len(written.all()) < known + 3:
            time.sleep(0.01)
        job.stop(campaign)

    threading.Thread(target=stop_soon, daemon=True).start()
    job.run(folder, settings)
    assert background.status(folder).state == "stopped"
    assert _stage(campaign) == "making"
    assert known < len(written.all()) < 60

    job.again(campaign, settings)
    end = time.monotonic() + 60
    while (status := background.status(folder)).running:
        assert time.monotonic() < end, status
        time.sleep(0.05)
    assert status.state == "done", (folder / "log.txt").read_text()
    assert _stage(campaign) == "open"
    whole = first[: first[:-1].rfind(b"\n") + 1]
    assert path.read_bytes().startswith(whole)
    rows = [line for line in path.read_bytes().split(b"\n") if line.endswith(b"}")]
    assert len(rows) == len(written.all()) == 60  # nothing was made twice


def test_a_failure_is_told_and_can_be_mended(tmp_path: Path, settings: Settings) -> None:
    campaign = job.create(_plan(tmp_path), settings, start=False)
    with pytest.raises(KeyError), Reporter(campaign.path):
        raise KeyError("disk")
    assert _stage(campaign) == "failed"
    job.run(campaign.path, settings)
    assert _stage(campaign) == "open"


# --- outputs -----------------------------------------------------------------------------------


class _Pool:
    """A pool with one engine, whatever is asked for."""

    def __init__(self, engine: FakeEngine) -> None:
        self._engine = engine

    @contextmanager
    def engine(self, model: str) -> Iterator[FakeEngine]:
        yield self._engine

    def close(self) -> None: ...


@pytest.fixture
def tagged(settings: Settings) -> SystemSpec:
    spec = ModelSpec("fake", "Fake", ModelKind.GGUF, file="/fake.gguf", style="tagged")
    Registry(settings).enter(spec)
    return SystemSpec("s1", "Fake", "model", "fake")


def test_where_all_tries_fail_the_last_reply_stands(
    tmp_path: Path, settings: Settings, tagged: SystemSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    replies = {LINES[0]: GERMAN[0], LINES[1]: LINES[1], LINES[2]: GERMAN[2]}
    told: list[str] = []
    with FakeEngine(lambda request, text, count: Say(replies.get(text, ""))) as engine:
        monkeypatch.setattr(generate, "EnginePool", lambda *_: _Pool(engine))
        generate.generate(
            tmp_path, tagged, SOURCES, PAIR, settings, lambda text, fraction: told.append(text)
        )
        count = len(engine.seen)
        generate.generate(tmp_path, tagged, SOURCES, PAIR, settings, _quiet)
        assert len(engine.seen) == count  # everything is there
    found = Outputs(tmp_path, "s1").all()
    assert [found["d", n].text for n in range(3)] == [GERMAN[0], LINES[1], GERMAN[2]]
    assert not found["d", 0].failed
    assert found["d", 1].failed and "copied-source" in {c.name for c in found["d", 1].checks}
    assert found["d", 3].text == "" and found["d", 3].failed
    assert told[-1] == "Fake: 4 of 4 segments"


def test_only_what_is_missing_is_made(
    tmp_path: Path, settings: Settings, tagged: SystemSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    def script(request: Any, text: str, count: int) -> Say:
        return Say(GERMAN[LINES.index(text)] or "Er schlief.")

    with FakeEngine(script) as engine:
        monkeypatch.setattr(generate, "EnginePool", lambda *_: _Pool(engine))
        generate.generate(tmp_path, tagged, SOURCES[:2], PAIR, settings, _quiet)
        asked = len(engine.seen)
        generate.generate(tmp_path, tagged, SOURCES, PAIR, settings, _quiet)
        assert len(engine.seen) == asked + 2
    assert len(Outputs(tmp_path, "s1").all()) == 4


def test_the_memory_as_a_system(tmp_path: Path, settings: Settings) -> None:
    memory = Memory(settings.memory)
    memory.add([
        Unit(LINES[0], GERMAN[0], *PAIR, Origin.PERSON),
        Unit("It rained for 4 days.", "Es regnete 4 Tage.", *PAIR, Origin.IMPORTED),
    ])  # fmt: skip
    memory.close()
    (system,) = systems.known([SystemSpec("s1", "", "memory", "")], settings, PAIR)
    assert (system.name, system.settings["units"]) == ("Translation memory", 2)
    generate.generate(tmp_path, system, SOURCES, PAIR, settings, _quiet)
    found = Outputs(tmp_path, "s1").all()
    assert found["d", 0].text == GERMAN[0] and not found["d", 0].checks
    assert found["d", 2].text == "Es regnete 4 Tage."
    assert [check.name for check in found["d", 2].checks] == ["fuzzy"]
    assert found["d", 3].text == "" and found["d", 3].failed


# --- systems -----------------------------------------------------------------------------------


def test_what_decides_an_output_is_in_the_key(settings: Settings) -> None:
    spec = ModelSpec(
        "small", "Small", ModelKind.GGUF, file="small.gguf", sha256="ab" * 32, style="chat",
        adapter="small.adapter.gguf", adapter_scale=1.0,
    )  # fmt: skip
    Registry(settings).enter(spec)
    (settings.models / "small.gguf").write_bytes(b"x")
    (settings.models / "small.adapter.gguf").write_bytes(b"y")
    wishes = [
        plan.system("model", "small", 1),
        plan.system("model", "small", 2, scale=0.5, greedy=True, style="literary"),
        plan.system("model", "small", 3, scale=0.5, name="Small"),
    ]
    found = systems.known(wishes, settings, PAIR)
    assert [one.name for one in found] == ["Small (s1)", "Small × 0.5", "Small (s3)"]
    assert found[0].settings["sha256"] == "ab" * 32 and found[0].settings["adapter"]
    assert found[1].settings["scale"] == 0.5 and found[1].settings["temperature"] == 0.0
    made = systems.model_of(found[1], settings, settings.home, _quiet)
    assert (made.id, made.adapter_scale) == ("campaign-s2", 0.5)
    assert systems.Models(settings, [made]).get("campaign-s2") == made
    with pytest.raises(InputError, match="from 0 to 4"):
        systems.known([plan.system("model", "small", 1, scale=9.0)], settings, PAIR)
    (settings.models / "small.gguf").unlink()
    with pytest.raises(ModelError, match="is gone"):
        systems.known(wishes[:1], settings, PAIR)


def test_checkpoints_of_a_run(tmp_path: Path, settings: Settings) -> None:
    pytest.importorskip("peft")
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    from tests.runs_support import tiny_corpus
    from tests.tiny_hf import write_adapter, write_causal

    base = write_causal(tmp_path / "tiny-llama")
    run = written_run(settings.home, tiny_corpus(tmp_path / "corpus"), state="done", style="tagged")
    run.settings.with_values({"model.base": str(base)}).write(run.folder / "run.toml")
    for step in (10, 20):
        folder = run.folder / "checkpoints" / f"checkpoint-{step}"
        write_adapter(base, folder, seed=step)
        (folder / "trainer_state.json").write_text("{}")
    wishes = [
        plan.system("run", f"{run.id}/checkpoint-10", 1),
        plan.system("run", run.id[:5] + run.id[5:] + "/checkpoint-20", 2),
        plan.system("run", f"{run.id}/checkpoint-20", 3, scale=0.0),
    ]
    found = systems.known(wishes, settings, PAIR)
    assert [one.name for one in found] == [
        "Sea stories, step 10", "Sea stories, step 20 (s2)", "Sea stories, step 20 (s3)",
    ]  # fmt: skip
    assert found[0].settings["sha256"] != found[1].settings["sha256"]
    with pytest.raises(InputError, match="no checkpoint 30"):
        systems.known([plan.system("run", f"{run.id}/checkpoint-30", 1)], settings, PAIR)
    made = [systems.model_of(one, settings, tmp_path, _quiet) for one in found]
    assert {Path(one.file) for one in made} == {base.resolve()} and made[0].style == "tagged"
    adapters = [Registry(settings).adapter(one) for one in made]
    ids = torch.arange(3, 9)[None]

    def logits(adapter: Path | None) -> torch.Tensor:
        model = AutoModelForCausalLM.from_pretrained(base)
        model = PeftModel.from_pretrained(model, str(adapter)) if adapter else model
        found: torch.Tensor = model.eval()(ids).logits
        return found

    with torch.no_grad():
        plain, *seen = map(logits, [None, *adapters])
    assert torch.equal(seen[2], plain)  # an adapter at no strength is its base
    assert not torch.allclose(seen[0], plain) and not torch.allclose(seen[0], seen[1])


def test_a_checkpoint_of_full_training_gets_the_words_of_its_base(tmp_path: Path) -> None:
    base, weights = tmp_path / "base", tmp_path / "checkpoint-5"
    for folder in (base, weights):
        folder.mkdir()
        (folder / "model.safetensors").write_text(folder.name)
        (folder / "config.json").write_text("{}")
    (base / "tokenizer_config.json").write_text("words")
    place = systems._whole(weights, base, tmp_path / "made")
    assert (place / "model.safetensors").read_text() == "checkpoint-5"
    assert (place / "tokenizer_config.json").read_text() == "words"
    shutil.rmtree(place)
    assert (base / "tokenizer_config.json").is_file()


def test_an_adapter_of_whole_layers_has_no_strength(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"lora_alpha": 8, "modules_to_save": ["head"]}')
    with pytest.raises(InputError, match="whole layers"):
        systems._scaled(adapter, 0.5, tmp_path / "made")
    assert not (tmp_path / "made").exists()


def test_rows_of_outputs_keep_their_checks(tmp_path: Path) -> None:
    from trainer.campaigns.outputs import Written

    rows = [Written("d", 0, "Zeile\u2028eins", (Check("empty", "x", True),), 0.5)]
    Outputs(tmp_path, "s1").add(rows)
    assert list(Outputs(tmp_path, "s1").all().values()) == rows
    assert Outputs(tmp_path, "s2").all() == {}
