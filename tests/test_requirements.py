"""The packages that training needs: what is missing, and installing them."""

from __future__ import annotations

import importlib.util
import sys
import threading
from typing import Any

import pytest

from trainer import requirements
from translator.errors import Cancelled, InputError, VersoError


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec

    def find(name: str, *rest: Any) -> Any:
        return None if name in ("torch", "peft") else real(name, *rest)

    monkeypatch.setattr(importlib.util, "find_spec", find)


def test_looking_imports_nothing() -> None:
    before = set(sys.modules)
    requirements.missing()
    assert not {"torch", "transformers", "datasets"} & (set(sys.modules) - before)


@pytest.mark.usefixtures("without_torch")
def test_says_what_is_missing_and_how_large_it_is() -> None:
    assert requirements.missing() == ("torch", "peft")
    with pytest.raises(InputError) as caught:
        requirements.require()
    assert caught.value.message == "Training needs packages that are missing: torch, peft."
    assert "verso train --install" in caught.value.hint
    assert 100e6 < requirements.download_size(cuda=False) < 400e6
    if sys.platform == "linux":
        assert requirements.download_size(cuda=True) > 2e9


def test_asks_pip_for_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = requirements.wanted()
    assert {line.split("=")[0].split(">")[0] for line in wanted} >= {"torch", "transformers"}
    monkeypatch.setattr(sys, "platform", "linux")
    plain = requirements.command(cuda=True)
    assert plain[:4] == [sys.executable, "-m", "pip", "install"]
    assert plain[-len(wanted) :] == wanted
    slim = requirements.command(cuda=False)
    assert "--extra-index-url" in slim
    (torch,) = [part for part in slim if part.startswith("torch==")]
    assert torch.endswith("+cpu")


def script(code: str) -> list[str]:
    return [sys.executable, "-u", "-c", code]


def test_every_line_is_told() -> None:
    lines: list[str] = []
    requirements.install(lines.append, command_line=script("print('one'); print(); print('two')"))
    assert lines == ["one", "two"]


def test_a_failed_installation_says_why() -> None:
    with pytest.raises(VersoError) as caught:
        requirements.install(
            lambda _: None, command_line=script("print('No space left'); raise SystemExit(1)")
        )
    assert caught.value.hint == "No space left"


@pytest.mark.usefixtures("without_torch")
def test_an_installation_that_brought_nothing_is_no_success() -> None:
    with pytest.raises(VersoError, match="still missing: torch, peft"):
        requirements.install(lambda _: None, command_line=script("print('fine')"))


def test_an_installation_can_be_stopped() -> None:
    stop = threading.Event()
    with pytest.raises(Cancelled):
        requirements.install(
            lambda _: stop.set(), stop, script("import time; print('began'); time.sleep(60)")
        )
