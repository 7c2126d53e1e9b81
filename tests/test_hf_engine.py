"""The hf engine in its process: the contract of engines, adapters on one base, the pool."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine_support import run, text
from tests.tiny_hf import write_adapter, write_causal
from translator.engines import pool as pool_module
from translator.engines.base import Chunk, Done, Engine, Event, Failure, Finish, Request, stream
from translator.engines.hf import HfOptions, SharedBases
from translator.engines.pool import EnginePool
from translator.errors import EngineError, ModelError, VersoError
from translator.models.registry import Registry
from translator.models.spec import ModelKind
from translator.settings import Settings
from translator.translator import Translator
from translator.types import Prompt, PromptPart, Sampling

TEXT = "The old sailor told us a story."


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_causal(tmp_path_factory.mktemp("tiny") / "tiny-llama")


@pytest.fixture(scope="module")
def adapter(base: Path) -> Path:
    return write_adapter(base, base.parent / "tiny-adapter")


@pytest.fixture(scope="module")
def bases() -> SharedBases:
    return SharedBases()


@pytest.fixture(scope="module")
def engine(base: Path, bases: SharedBases) -> Iterator[Engine]:
    engine = bases.engine(HfOptions(base, context=512, slots=4, precision="fp32", device="cpu"))
    yield engine
    engine.close()


def request(number: int, text: str = TEXT, **sampling: Any) -> Request:
    prompt = Prompt((PromptPart("<|im_start|>", special=True), PromptPart(f"{number} {text}")))
    return Request(f"r{number}", prompt, Sampling(**{"max_new_tokens": 16} | sampling))


def test_facts_about_the_model(engine: Engine) -> None:
    info = engine.info
    assert info.name == "tiny-llama" and info.context == 512 and info.slots == 4
    assert info.eos_text == "<|im_end|>" and "<|im_start|>" in info.chat_template
    assert "CPU" in info.backend and "fp32" in info.backend


def test_chunks_make_up_the_reply(engine: Engine) -> None:
    *chunks, end = stream(engine, request(0))
    assert isinstance(end, Done)
    assert len(chunks) > 3
    assert "".join(c.text for c in chunks if isinstance(c, Chunk)) == end.text


def test_the_same_request_gives_the_same_reply(engine: Engine) -> None:
    many = run(engine, [request(n) for n in range(9)])
    again = run(engine, [request(n) for n in range(9)])
    assert {n: text(e) for n, e in many.items()} == {n: text(e) for n, e in again.items()}


def test_nothing_in_a_plain_text_is_a_control_token(engine: Engine) -> None:
    plain, control = engine.count_tokens(["<|im_end|>", ""])
    assert plain > 1 and control == 0


def test_cancel_between_steps(engine: Engine) -> None:
    events = stream(engine, request(0, max_new_tokens=400))
    next(events)
    engine.cancel("r0")
    ends = [event for event in events if isinstance(event, Done)]
    assert ends[0].finish is Finish.CANCELLED and ends[0].new_tokens < 400


def test_adapters_share_a_base_and_do_not_touch_it(
    engine: Engine, bases: SharedBases, base: Path, adapter: Path
) -> None:
    before = text(run(engine, [request(1)])["r1"])
    options = HfOptions(base, context=512, slots=4, precision="fp32", device="cpu")
    adapted = bases.engine(options, adapter)
    assert adapted.info.name == "tiny-llama + tiny-adapter"
    assert adapted.pid == engine.pid  # type: ignore[attr-defined]
    other = text(run(adapted, [request(1)])["r1"])
    assert other != before
    assert text(run(engine, [request(1)])["r1"]) == before
    adapted.close()
    assert isinstance(run(adapted, [request(1)])["r1"], Failure)
    assert text(run(engine, [request(1)])["r1"]) == before


def test_a_broken_adapter_is_one_sentence(
    engine: Engine, bases: SharedBases, base: Path, tmp_path: Path
) -> None:
    options = HfOptions(base, context=512, slots=4, precision="fp32", device="cpu")
    broken = bases.engine(options, tmp_path)
    with pytest.raises(VersoError, match="has no adapter_model"):
        _ = broken.info
    broken.close()
    assert text(run(engine, [request(1)])["r1"])


def test_a_killed_engine_costs_the_requests_in_flight_only(engine: Engine) -> None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    for number in range(3):
        engine.submit(request(number, max_new_tokens=400), events.put)
    assert isinstance(events.get(timeout=60), Chunk)
    os.kill(engine.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    failures: list[Failure] = []
    while len(failures) < 3:
        event = events.get(timeout=30)
        if isinstance(event, Failure):
            failures.append(event)
    assert all(isinstance(one.error, EngineError) for one in failures)
    assert "SIGKILL" in failures[0].error.message
    assert text(run(engine, [request(1)])["r1"])


def test_a_folder_becomes_a_model_that_translates(
    base: Path, adapter: Path, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, threads=1, slots=2)
    registry = Registry(settings)
    spec = registry.add(base, style="tagged")
    assert spec.kind is ModelKind.HF and spec.architecture == "llama" and spec.bytes
    assert registry.installed(spec) and registry.path(spec) == base
    with pytest.raises(ModelError, match="with --base ID"):
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        for file in adapter.iterdir():
            (elsewhere / file.name).write_bytes(file.read_bytes())
        config = elsewhere / "adapter_config.json"
        config.write_text(config.read_text().replace(str(base), "someone/base"))
        registry.add(elsewhere)
    tuned = registry.add(adapter)
    assert tuned.base == spec.id and tuned.style == "tagged" and registry.installed(tuned)
    assert registry.adapter_hash(tuned) != "" == registry.adapter_hash(spec)
    assert registry.get(tuned.id) == tuned
    pool = EnginePool(settings, registry)
    sampling = Sampling(max_new_tokens=12)
    try:
        results = [
            Translator(model.id, settings=settings, pool=pool).translate(
                TEXT, source="en", to="de", sampling=sampling
            )
            for model in (spec, tuned)
        ]
        pids = set()
        for model in (spec, tuned):
            with pool.engine(model.id) as loaded:
                pids.add(loaded.pid)  # type: ignore[attr-defined]
    finally:
        pool.close()
    assert len(pids) == 1
    assert results[0] != results[1]
    registry.remove(tuned.id)
    assert adapter.is_dir() and base.is_dir()


def test_packages_that_are_missing_are_named(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(home=tmp_path)
    spec = Registry(settings).add(base)
    monkeypatch.setattr(pool_module, "missing_packages", lambda *, adapter: ["torch"])
    pool = EnginePool(settings, Registry(settings))
    with pytest.raises(ModelError, match="not installed: torch") as error, pool.engine(spec.id):
        pass
    assert "Train tab" in error.value.hint
    pool.close()
