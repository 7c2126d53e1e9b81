"""Batches of transformers: the same replies as ``generate``, whoever joins, leaves or fails."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tiny_hf import write_adapter, write_causal, write_encoder_decoder
from translator.engines.base import Chunk, Done, Event, Failure, Finish, Priority, Request
from translator.engines.hf_batch import Batcher
from translator.engines.hf_load import Loaded, LoadOptions, check_folder, load
from translator.engines.hf_model import HfModel
from translator.errors import EngineError, InputError, ModelError
from translator.types import Prompt, PromptPart, Sampling

TEXTS = (
    "The old sailor told us a story.",
    "Die Geschichte war lang, das Meer ruhig. Wir sahen an diesem Tag 12 Schiffe.",
    "We saw 12 ships",
    "語",
    "a",
    "Nobody said a word. Nobody said a word.",
    "<|im_end|> x y z",
)
CAUSAL = ("llama", "gemma3_text", "lfm2")


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Loaded]:
    """Tiny models by kind, each made once."""
    made: dict[str, Loaded] = {}

    def get(kind: str) -> Loaded:
        if kind not in made:
            folder = tmp_path_factory.mktemp(kind)
            (write_causal if kind in CAUSAL else write_encoder_decoder)(folder, kind)
            options = LoadOptions(str(folder), precision="fp32", device="cpu")
            made[kind] = load(options, lambda _fraction: None)
        return made[kind]

    return get


@pytest.fixture(scope="module")
def expected(model: Callable[[str], Loaded]) -> Callable[[str], dict[str, str]]:
    """What ``generate`` replies to the first nine requests, by kind of model."""
    known: dict[str, dict[str, str]] = {}

    def get(kind: str) -> dict[str, str]:
        if kind not in known:
            asked = [request(number) for number in range(9)]
            known[kind] = {one.id: generated(model(kind), one) for one in asked}
        return known[kind]

    return get


def request(number: int, text: str | None = None, adapter: str = "", **sampling: Any) -> Request:
    prompt = Prompt((PromptPart(TEXTS[number % len(TEXTS)] if text is None else text),))
    values = {"max_new_tokens": 10 + 6 * (number % 2)} | sampling
    return Request(f"r{number}", prompt, Sampling(**values), Priority.BOOK, adapter)


def run(
    batcher: Batcher, requests: Sequence[Request] = (), early: Sequence[Event] = ()
) -> dict[str, Event]:
    """Submit all and work until nothing is left; the ends, chunks checked against them."""
    for one in requests:
        batcher.submit(one)
    chunks: dict[str, str] = {}
    ends: dict[str, Event] = {}
    while early or not batcher.idle:
        events, early = early or batcher.step(), ()
        for event in events:
            if isinstance(event, Chunk):
                chunks[event.request_id] = chunks.get(event.request_id, "") + event.text
            else:
                assert event.request_id not in ends
                ends[event.request_id] = event
    for end in ends.values():
        if isinstance(end, Done):
            assert chunks.get(end.request_id, "") == end.text
    return ends


def texts(ends: dict[str, Event]) -> dict[str, str]:
    return {name: end.text for name, end in ends.items() if isinstance(end, Done)}


def generated(loaded: Loaded, one: Request) -> str:
    """The reply as transformers' own ``generate`` gives it, one at a time."""
    ids = HfModel(loaded, context=512).prompt_ids(one.prompt)
    output = loaded.model.generate(
        torch.tensor([ids]),
        attention_mask=torch.ones(1, len(ids), dtype=torch.long),
        max_new_tokens=one.sampling.max_new_tokens,
        do_sample=False,
        eos_token_id=sorted(loaded.ends),
        forced_eos_token_id=None,
    )[0].tolist()
    new = output[1:] if loaded.encoder_decoder else output[len(ids) :]
    return str(loaded.tokenizer.decode(new, skip_special_tokens=True))


@pytest.mark.parametrize("kind", [*CAUSAL, "t5", "marian"])
@pytest.mark.parametrize("slots", [1, 4])
def test_replies_are_those_of_generate(
    model: Callable[[str], Loaded],
    expected: Callable[[str], dict[str, str]],
    kind: str,
    slots: int,
) -> None:
    requests = [request(number) for number in range(9)]
    ends = run(Batcher(HfModel(model(kind), context=512, slots=slots)), requests)
    assert texts(ends) == expected(kind)


def test_a_prompt_is_cut_as_everywhere(model: Callable[[str], Loaded]) -> None:
    ends = run(Batcher(HfModel(model("llama"), context=512)), [request(6)])
    assert isinstance(end := ends["r6"], Done)
    assert end.prompt_tokens > len("x y z") + 1  # the control token is spelled out


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_a_reply_may_have_a_given_beginning(model: Callable[[str], Loaded], kind: str) -> None:
    """The target language of NLLB: the model reads it, and it is no part of the text."""
    loaded = model(kind)
    given = (PromptPart("<2de>", special=True), PromptPart("sea"))
    requests = [
        Request(f"r{n}", Prompt((PromptPart(TEXTS[n]),), reply=given), Sampling(12))
        for n in range(5)
    ]
    wrapped = HfModel(loaded, context=512, slots=3)
    ends = run(Batcher(wrapped), requests)
    for one in requests:
        ids, begin = wrapped.prompt_ids(one.prompt), wrapped.reply_ids(one.prompt)
        start = torch.tensor([[loaded.start, *begin] if loaded.encoder_decoder else ids + begin])
        arguments = {"decoder_input_ids": start} if loaded.encoder_decoder else {}
        output = loaded.model.generate(
            torch.tensor([ids]) if loaded.encoder_decoder else start,
            **arguments,
            max_new_tokens=12,
            do_sample=False,
            eos_token_id=sorted(loaded.ends),
        )[0].tolist()
        text = loaded.tokenizer.decode(output[start.shape[1] :], skip_special_tokens=True)
        assert isinstance(end := ends[one.id], Done)
        assert end.text == text and end.new_tokens <= 12


def test_sampling_has_a_stream_of_its_own(model: Callable[[str], Loaded]) -> None:
    hot: dict[str, Any] = {
        "temperature": 0.8,
        "top_k": 40,
        "top_p": 0.9,
        "min_p": 0.01,
        "repetition_penalty": 1.2,
    }
    together = run(
        Batcher(HfModel(model("llama"), context=512, slots=4)),
        [request(n, seed=7, **hot) for n in range(6)],
    )
    alone = run(Batcher(HfModel(model("llama"), context=512, slots=1)), [request(3, seed=7, **hot)])
    other = run(Batcher(HfModel(model("llama"), context=512, slots=1)), [request(3, seed=8, **hot)])
    assert texts(alone)["r3"] == texts(together)["r3"] != texts(other)["r3"]


def test_a_stop_string_ends_a_reply(model: Callable[[str], Loaded]) -> None:
    loaded = model("llama")
    free = texts(run(Batcher(HfModel(loaded, context=512)), [request(1)]))["r1"]
    stop = free[5:8]
    one = request(1)
    stopped = Request("r1", Prompt(one.prompt.parts, 0, (stop,)), one.sampling)
    assert isinstance(
        end := run(Batcher(HfModel(loaded, context=512)), [stopped, request(2)])["r1"], Done
    )
    assert end.finish is Finish.STOP and end.text == free.split(stop)[0]


def test_cancelling_leaves_the_neighbours_alone(
    model: Callable[[str], Loaded], expected: Callable[[str], dict[str, str]]
) -> None:
    loaded = model("llama")
    batcher = Batcher(HfModel(loaded, context=512, slots=3))
    for number in range(5):
        batcher.submit(request(number))
    early = [*batcher.step(), *batcher.step()]
    batcher.cancel("r1")  # decoding
    batcher.cancel("r4")  # waiting
    ends = run(batcher, early=early)
    for name in ("r1", "r4"):
        end = ends[name]
        assert isinstance(end, Done) and end.finish is Finish.CANCELLED
    for name in ("r0", "r2", "r3"):
        assert texts(ends)[name] == expected("llama")[name]


def test_a_person_goes_before_a_book(model: Callable[[str], Loaded]) -> None:
    batcher = Batcher(HfModel(model("llama"), context=512, slots=2))
    for number in range(8):
        batcher.submit(request(number, max_new_tokens=40))
    early = batcher.step()
    person = request(90, max_new_tokens=3)
    batcher.submit(Request(person.id, person.prompt, person.sampling, Priority.INTERACTIVE))
    assert next(iter(run(batcher, early=early))) == "r90"


def test_the_context_is_a_limit(model: Callable[[str], Loaded]) -> None:
    batcher = Batcher(HfModel(model("llama"), context=64))
    ends = run(batcher, [request(0, "sea " * 80), request(2, "sea " * 40, max_new_tokens=200)])
    assert isinstance(failed := ends["r0"], Failure) and isinstance(failed.error, InputError)
    assert "too long" in failed.error.message and "64" in failed.error.message
    assert isinstance(cut := ends["r2"], Done)
    assert cut.finish is Finish.LENGTH and cut.prompt_tokens + cut.new_tokens == 64


@pytest.mark.parametrize("kind", ["llama", "t5"])
@pytest.mark.parametrize("at", [0, 3])
def test_too_little_memory_halves_the_batch_and_goes_on(
    model: Callable[[str], Loaded],
    expected: Callable[[str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    at: int,
) -> None:
    """The device refuses more than two rows: while prompts are read, or some steps later."""
    loaded = model(kind)
    calls = 0
    widest: list[int] = []
    forward = loaded.model.forward

    @functools.wraps(forward)
    def refusing(*arguments: Any, **values: Any) -> Any:
        nonlocal calls
        ids = values["decoder_input_ids" if "decoder_input_ids" in values else "input_ids"]
        calls += 1
        widest.append(len(ids))
        if calls > at and len(ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
        return forward(*arguments, **values)

    replies = expected(kind)
    monkeypatch.setattr(loaded.model, "forward", refusing)
    ends = run(Batcher(HfModel(loaded, context=512, slots=8)), [request(n) for n in range(9)])
    assert texts(ends) == replies
    assert max(widest[at + 4 :]) <= 2


def test_a_persons_text_takes_most_steps_of_a_cpu(model: Callable[[str], Loaded]) -> None:
    batcher = Batcher(HfModel(model("llama"), context=512, slots=8))
    for number in range(6):
        batcher.submit(request(number, max_new_tokens=30))
    early = batcher.step()
    person = request(90, max_new_tokens=12)
    batcher.submit(Request(person.id, person.prompt, person.sampling, Priority.INTERACTIVE))
    events: list[Event] = []
    while not any(isinstance(event, Done) and event.request_id == "r90" for event in events):
        events += batcher.step()
    chunks = [event.request_id for event in events if isinstance(event, Chunk)]
    assert 0 < chunks.count("r0") < chunks.count("r90")
    assert len(run(batcher, early=[*early, *events])) == 7


def test_a_text_that_does_not_fit_even_alone_fails_in_one_sentence(
    model: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = model("llama")

    def refusing(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(loaded.model, "forward", refusing)
    ends = run(Batcher(HfModel(loaded, context=512, slots=8)), [request(n) for n in range(3)])
    errors = [end.error for end in ends.values() if isinstance(end, Failure)]
    assert len(errors) == 3
    assert "not enough memory" in errors[0].message and errors[0].hint


def test_numbers_that_overflow_are_said(
    model: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = model("llama")
    forward = loaded.model.forward

    @functools.wraps(forward)
    def broken(*arguments: Any, **values: Any) -> Any:
        output = forward(*arguments, **values)
        output.logits = output.logits * float("nan")
        return output

    monkeypatch.setattr(loaded.model, "forward", broken)
    ends = run(Batcher(HfModel(loaded, context=512)), [request(0)])
    assert isinstance(end := ends["r0"], Failure) and "overflow" in end.error.message


def test_a_broken_device_ends_the_engine(
    model: Callable[[str], Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = model("llama")

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nmore")

    monkeypatch.setattr(loaded.model, "forward", broken)
    with pytest.raises(EngineError, match="illegal memory access was encountered") as error:
        run(Batcher(HfModel(loaded, context=512)), [request(0)])
    assert "more" not in error.value.message and error.value.hint


def test_adapters_are_swapped_on_one_base(tmp_path: Path) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = write_causal(tmp_path / "base")
    folders = [write_adapter(base, tmp_path / name, seed) for name, seed in (("a", 3), ("b", 4))]
    loaded = load(LoadOptions(str(base), precision="fp32", device="cpu"), lambda _fraction: None)
    names = ["", str(folders[0]), str(folders[1])]
    requests = [request(number, adapter=names[number % 3]) for number in range(12)]
    ends = texts(run(Batcher(HfModel(loaded, context=512, slots=4)), requests))
    alone = {}
    for name in names:
        plain = AutoModelForCausalLM.from_pretrained(base)
        adapted = PeftModel.from_pretrained(plain, name) if name else plain
        single = Loaded(
            adapted.eval(), loaded.tokenizer, "cpu", "fp32", False, 512, 1, loaded.ends, 0, ()
        )
        for one in requests:
            if one.adapter == name:
                alone[one.id] = generated(single, one)
    assert ends == alone


@pytest.mark.parametrize("after", ["nothing", "a good one"])
def test_an_adapter_of_another_model_is_refused_and_leaves_no_trace(
    tmp_path: Path, after: str
) -> None:
    base = write_causal(tmp_path / "base")
    loaded = load(LoadOptions(str(base), precision="fp32", device="cpu"), lambda _fraction: None)
    good = str(write_adapter(base, tmp_path / "good"))
    bad = str(write_adapter(write_causal(tmp_path / "other", width=24), tmp_path / "bad"))
    batcher = Batcher(HfModel(loaded, context=512))
    plain = texts(run(batcher, [request(1)]))["r1"]
    tuned = texts(run(batcher, [request(1, adapter=good)]))["r1"] if after != "nothing" else ""
    ends = run(batcher, [request(0, adapter=bad), request(1)])
    assert isinstance(failed := ends["r0"], Failure)
    assert "does not fit" in failed.error.message
    assert texts(ends)["r1"] == plain
    again = texts(run(batcher, [request(1, adapter=good)]))["r1"]
    assert again != plain and again == (tuned or again)


def test_what_cannot_be_loaded_is_said_in_one_sentence(tmp_path: Path) -> None:
    folder = write_causal(tmp_path / "model")
    with pytest.raises(ModelError, match=r"no config\.json"):
        check_folder(tmp_path)
    with pytest.raises(ModelError, match="in 4bit numbers needs the package bitsandbytes"):
        load(LoadOptions(str(folder), precision="4bit", device="cpu"), lambda _fraction: None)
    with pytest.raises(ModelError, match="no device cuda"):
        load(LoadOptions(str(folder), device="cuda"), lambda _fraction: None)
    weights = folder / "model.safetensors"
    whole = weights.read_bytes()
    weights.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="cannot be loaded"):
        load(LoadOptions(str(folder), device="cpu"), lambda _fraction: None)
    weights.unlink()
    with pytest.raises(ModelError, match=r"no \*\.safetensors files"):
        check_folder(folder)
    (folder / "config.json").write_text('{"model_type": "chatglm"}')
    with pytest.raises(ModelError, match="kind chatglm, which transformers"):
        check_folder(folder)
