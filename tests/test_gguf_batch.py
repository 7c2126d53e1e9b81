"""Continuous batching in llama.cpp: who decodes with whom, on a tiny model."""

from __future__ import annotations

import pytest

from tests.tiny_gguf import write_model
from translator.engines.base import Done, Event, Priority, Request
from translator.engines.gguf_batch import Batcher
from translator.engines.gguf_model import LlamaModel, ModelOptions
from translator.types import Prompt, PromptPart, Sampling

SLOTS = 15
NEW = 8  # tokens of a reply


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LlamaModel:
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    write_model(path, bpe=False, tied=True)
    return LlamaModel(ModelOptions(str(path), 128, slots=SLOTS, threads=1), lambda _: None)


def request(number: int, new: int = NEW) -> Request:
    prompt = Prompt((PromptPart(f"The house number {number} is small."),))
    return Request(f"r{number}", prompt, Sampling(max_new_tokens=new), Priority.BOOK)


def run(model: LlamaModel, requests: list[Request], most: int) -> tuple[list[Event], int]:
    """All events in at most so many steps, and how many replies were at most on their way."""
    batcher = Batcher(model)
    for one in requests:
        batcher.submit(one)
    events: list[Event] = []
    together = 0
    for _ in range(most):
        if batcher.idle:
            return events, together
        events += batcher.step()
        together = max(together, len(batcher._running))
    raise AssertionError("The batch does not come to its end.")


def test_places_fill_up_though_replies_are_short(
    model: LlamaModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model, "ends_reply", lambda _token: False)
    events, together = run(model, [request(n) for n in range(60)], 400)
    assert sum(isinstance(event, Done) for event in events) == 60
    # One prompt between two decodes would hold no more than a reply has tokens.
    assert together > NEW


def test_replies_of_one_token(model: LlamaModel) -> None:
    """Nobody is left to decode after such a prompt; the next one is read all the same."""
    events, _ = run(model, [request(n, new=1) for n in range(7)], 100)
    assert sum(isinstance(event, Done) for event in events) == 7
