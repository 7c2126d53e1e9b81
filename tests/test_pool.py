"""The pool counts users, loads on demand, unloads when idle, and says what it does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from translator.engines.base import Done, Request, stream
from translator.engines.pool import EnginePool, free_memory
from translator.errors import ModelError, VersoError
from translator.models.registry import Registry
from translator.settings import Settings
from translator.types import Prompt, PromptPart


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def make_pool(tmp_path: Path, idle_unload: float = 0.0) -> EnginePool:
    settings = Settings(home=tmp_path, idle_unload=idle_unload)
    return EnginePool(settings, Registry(settings))


def test_two_users_share_one_engine(tmp_path: Path) -> None:
    pool = make_pool(tmp_path)
    with pool.engine("pseudo") as first, pool.engine("pseudo") as second:
        assert first is second
        [loaded] = pool.status()
        assert (loaded.model, loaded.state, loaded.users) == ("pseudo", "ready", 2)
    assert pool.status()[0].users == 0
    pool.close()
    assert pool.status() == []


def test_an_idle_model_is_unloaded_but_never_a_used_one(tmp_path: Path) -> None:
    pool = make_pool(tmp_path, idle_unload=0.2)
    with pool.engine("pseudo"):
        time.sleep(0.6)
        assert pool.status(), "in use"
    wait_for(lambda: not pool.status())
    pool.close()


def test_unknown_and_missing_models_say_what_to_do(tmp_path: Path) -> None:
    pool = make_pool(tmp_path)
    with pytest.raises(ModelError) as unknown, pool.engine("starterr"):
        pass
    assert "Did you mean" in unknown.value.hint
    with pytest.raises(ModelError) as missing, pool.engine("starter"):
        pass
    assert "verso models pull" in missing.value.hint
    [failed] = pool.status()
    assert failed.state == "failed" and failed.error is not None
    pool.close()


def test_a_failed_model_is_tried_again(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    settings.models.mkdir(parents=True)
    registry = Registry(settings)
    pool = EnginePool(settings, registry)
    for _ in range(2):
        with pytest.raises(VersoError), pool.engine("starter"):
            pass
    assert len(pool.status()) == 1
    pool.close()


def test_many_threads_get_the_same_engine(tmp_path: Path) -> None:
    pool = make_pool(tmp_path)
    seen: list[object] = []

    def use() -> None:
        with pool.engine("pseudo") as engine:
            seen.append(engine)
            time.sleep(0.01)

    threads = [threading.Thread(target=use) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 20 and len(set(map(id, seen))) == 1
    pool.close()


@pytest.mark.model
def test_a_real_model_loads_in_sight(real_models: Path, tmp_path: Path) -> None:
    (tmp_path / "models").symlink_to(real_models)
    pool = make_pool(tmp_path)
    model = "qwen2.5-coder-0.5b-instruct-q4_k_m"
    pool.preload(model)
    assert pool.status()[0].state == "loading"
    with pool.engine(model) as engine:
        prompt = Prompt(
            (
                PromptPart("<|im_start|>", special=True),
                PromptPart("user\nHello"),
            )
        )
        *_, end = stream(engine, Request("one", prompt))
        assert isinstance(end, Done)
        [loaded] = pool.status()
        assert loaded.state == "ready" and loaded.info is not None
        assert loaded.info.slots >= 1 and "llama.cpp" in loaded.info.backend
    pool.unload(model)
    assert pool.status() == []
    pool.close()


def test_free_memory_reads_what_the_kernel_says(tmp_path: Path) -> None:
    info = tmp_path / "meminfo"
    info.write_text("MemTotal: 100 kB\nMemAvailable:    2048 kB\n")
    assert free_memory(info) == 2048 * 1024
    assert free_memory(tmp_path / "none") == 8 * 2**30
