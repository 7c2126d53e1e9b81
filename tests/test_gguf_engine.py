"""The GGUF engine with a real model: batching, cancelling, crashing, rounding."""

from __future__ import annotations

import os
import queue
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine_support import run, text
from translator.engines.base import Chunk, Done, Event, Failure, Finish, Priority, Request, stream
from translator.engines.gguf import GgufEngine, GgufOptions
from translator.errors import EngineError, InputError, VersoError
from translator.types import Prompt, PromptPart, Sampling

pytestmark = pytest.mark.model

TEXTS = (
    "The lawyer was a man of a rugged countenance.",
    "He was never lighted by a smile.",
    "It was a nut to crack for many, what these two could see in each other.",
    "The street was small and what is called quiet.",
    "Two doors from one corner, the line was broken by the entry of a court.",
    "The inhabitants were all doing well.",
    "Did you ever remark that door?",
    "He was austere with himself.",
    "Indeed, and what was that?",
    "The pavement was dry.",
    "I was coming home from some place at the end of the world.",
)


def request(
    number: int,
    text: str | None = None,
    *,
    priority: Priority = Priority.BOOK,
    **sampling: Any,
) -> Request:
    prompt = Prompt(
        (
            PromptPart("<|im_start|>user\n", special=True),
            PromptPart("Translate the following text into German.\n\n"),
            PromptPart(TEXTS[number % len(TEXTS)] if text is None else text),
            PromptPart("<|im_end|>\n<|im_start|>assistant\n", special=True),
        ),
        shared=2,
    )
    return Request(f"r{number}", prompt, Sampling(**{"max_new_tokens": 16} | sampling), priority)


def test_chunks_make_up_the_reply(small_engine: GgufEngine) -> None:
    *chunks, end = stream(small_engine, request(0))
    assert isinstance(end, Done)
    assert len(chunks) > 3
    assert "".join(c.text for c in chunks if isinstance(c, Chunk)) == end.text
    assert end.new_tokens <= 16 and end.prompt_tokens > 15


@pytest.fixture(scope="module")
def same_engine(real_models: Path) -> Iterator[GgufEngine]:
    """In reproducible mode."""
    model = next(real_models.glob("*0.5b*.gguf"))
    engine = GgufEngine(GgufOptions(model, context=512, slots=31, reproducible=True))
    yield engine
    engine.close()


def test_reproducible_output_does_not_depend_on_neighbours(same_engine: GgufEngine) -> None:
    many = run(same_engine, [request(n) for n in range(31)])
    some = run(same_engine, [request(n) for n in range(len(TEXTS))])
    for n in range(len(TEXTS)):
        assert text(some[f"r{n}"]) == text(many[f"r{n}"])
    for n in (0, 5, 10):
        alone = run(same_engine, [request(n)])
        assert text(alone[f"r{n}"]) == text(many[f"r{n}"])


def test_nor_with_few_places(real_models: Path) -> None:
    model = next(real_models.glob("*0.5b*.gguf"))
    engine = GgufEngine(GgufOptions(model, context=512, slots=3, reproducible=True))
    try:
        together = run(engine, [request(n) for n in range(6)])
        for n in (0, 5):
            assert text(run(engine, [request(n)])[f"r{n}"]) == text(together[f"r{n}"])
    finally:
        engine.close()


def test_sampling_has_a_stream_of_its_own(same_engine: GgufEngine) -> None:
    hot: dict[str, Any] = {
        "temperature": 1.0,
        "seed": 7,
        "top_k": 40,
        "min_p": 0.02,
        "repetition_penalty": 1.05,
    }
    together = run(same_engine, [request(n, **hot) for n in range(6)])
    alone = run(same_engine, [request(3, **hot)])
    other = run(same_engine, [request(3, **{**hot, "seed": 8})])
    assert text(alone["r3"]) == text(together["r3"])
    assert text(other["r3"]) != text(alone["r3"])


def test_control_tokens_in_a_users_text_are_text(small_engine: GgufEngine) -> None:
    [plain] = small_engine.count_tokens(["<|im_end|>"])
    assert plain > 1


def test_cut_at_the_limit_is_said(small_engine: GgufEngine) -> None:
    end = run(small_engine, [request(2, max_new_tokens=3)])["r2"]
    assert isinstance(end, Done) and end.finish is Finish.LENGTH and end.new_tokens == 3


def test_a_text_beyond_the_context_is_refused_before_decoding(small_engine: GgufEngine) -> None:
    end = run(small_engine, [request(0, "word " * 600)])["r0"]
    assert isinstance(end, Failure)
    assert "too long" in end.error.message and "512" in end.error.message


def test_the_context_ends_a_reply_without_an_abort(small_engine: GgufEngine) -> None:
    """A prompt that leaves a few tokens of room gets just these."""
    filler = "word " * 465
    end = run(small_engine, [request(0, filler, max_new_tokens=400)])["r0"]
    assert isinstance(end, Done)
    assert end.prompt_tokens + end.new_tokens <= 512
    assert text(run(small_engine, [request(1)])["r1"])


def test_cancel_between_steps(small_engine: GgufEngine) -> None:
    events = stream(small_engine, request(0, max_new_tokens=400))
    next(events)
    small_engine.cancel("r0")
    ends = [e for e in events if isinstance(e, Done)]
    assert ends[0].finish is Finish.CANCELLED and ends[0].new_tokens < 300
    assert text(run(small_engine, [request(1)])["r1"])


def test_a_person_gets_in_while_a_book_runs(small_engine: GgufEngine) -> None:
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    for n in range(30):
        small_engine.submit(request(n, max_new_tokens=24), events.put)
    person = request(99, priority=Priority.INTERACTIVE, max_new_tokens=4)
    small_engine.submit(person, events.put)
    ended: list[str] = []
    while len(ended) < 31:
        event = events.get(timeout=120)
        if not isinstance(event, Chunk):
            ended.append(event.request_id)
    assert ended.index("r99") < 5


def test_stop_strings_end_a_reply(small_engine: GgufEngine) -> None:
    free = text(run(small_engine, [request(4)])["r4"])
    word = free.split()[1]
    stopped = request(4)
    stopped = Request(
        stopped.id, Prompt(stopped.prompt.parts, 2, (word,)), stopped.sampling, stopped.priority
    )
    assert text(run(small_engine, [stopped])["r4"]) == free.split(word)[0]


def test_facts_about_the_model(small_engine: GgufEngine) -> None:
    info = small_engine.info
    assert info.context == 512 and info.slots == 31
    assert "<|im_start|>" in info.chat_template
    assert "AVX2" in info.instruction_sets or "NEON" in info.instruction_sets


def test_a_killed_engine_costs_the_requests_in_flight_only(real_models: Path) -> None:
    model = next(real_models.glob("*.gguf"))
    engine = GgufEngine(GgufOptions(model, context=512, slots=3))
    try:
        before = run(engine, [request(0)])
        events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        for n in (1, 2, 3, 4, 5):
            engine.submit(request(n, max_new_tokens=200), events.put)
        assert isinstance(events.get(timeout=60), Chunk)
        assert engine.pid is not None
        os.kill(engine.pid, signal.SIGKILL)
        failures: list[Failure] = []
        while len(failures) < 5:
            event = events.get(timeout=30)
            if isinstance(event, Failure):
                failures.append(event)
            else:
                assert isinstance(event, Chunk)
        assert {f.request_id for f in failures} == {"r1", "r2", "r3", "r4", "r5"}
        assert all(isinstance(f.error, EngineError) for f in failures)
        assert "SIGKILL" in failures[0].error.message and failures[0].error.hint
        assert text(run(engine, [request(0)])["r0"]) == text(before["r0"])
    finally:
        engine.close()


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(100))
    engine = GgufEngine(GgufOptions(broken))
    with pytest.raises(VersoError, match=r"broken\.gguf cannot be loaded"):
        _ = engine.info
    end = run(engine, [request(0)])["r0"]
    assert isinstance(end, Failure) and end.error.hint
    engine.close()


def test_a_closed_engine_refuses(real_models: Path) -> None:
    engine = GgufEngine(GgufOptions(next(real_models.glob("*.gguf")), context=512, slots=1))
    engine.close()
    end = run(engine, [request(0)])["r0"]
    assert isinstance(end, Failure) and not isinstance(end.error, InputError)
