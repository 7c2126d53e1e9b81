"""How long one step of a model takes, by the number of sequences that decode together."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from translator.engines.gguf_model import PROMPT_CHUNK, LlamaModel, ModelOptions

_REPEATS = 2
_TEXT = (
    "The street was small and what is called quiet, but it drove a thriving trade on the weekdays. "
    "The inhabitants were all doing well, it seemed, and all hoping to do better still. "
)


@dataclass(frozen=True, slots=True)
class StepTimes:
    """Seconds of a decode by its rows at a depth of one prompt chunk, of reading a token of a
    prompt (the best of a few each), and of loading the model.

    ``same``: a row's logits were the same bit by bit whatever the number of rows. ``slots`` is
    how many sequences the memory allowed.
    """

    rows: dict[int, float]
    prompt: float
    load: float
    same: bool
    slots: int


def step_times(options: ModelOptions, rows: Sequence[int]) -> StepTimes:
    """Load a model and time it. ``rows`` beyond what the memory allows are left out.

    Raises:
        VersoError: the model cannot be loaded.
    """
    start = time.monotonic()
    model = LlamaModel(options, lambda _fraction: None)
    load = time.monotonic() - start
    tokens = (model.tokenize(_TEXT, special=False) * PROMPT_CHUNK)[:PROMPT_CHUNK]
    prompt = min(_reading(model, tokens) for _ in range(_REPEATS))
    state = model.save(0)
    seconds: dict[int, float] = {}
    first: dict[int, bytes] = {}
    for count in (n for n in rows if n <= model.places):
        for sequence in range(count):
            model.restore(sequence, state)
        batch = [(sequence, tokens[sequence % PROMPT_CHUNK]) for sequence in range(count)]
        for step in range(_REPEATS + 1):  # the first warms up
            start = time.monotonic()
            model.step([(s, token, PROMPT_CHUNK + step) for s, token in batch], count)
            logits = model.logits(count)
            took = time.monotonic() - start
            if step == 0:
                first[count] = logits[0].tobytes()
            else:
                seconds[count] = min(took, seconds.get(count, took))
    tiles = {first[count] for count in first if count % 16 == 0}
    return StepTimes(seconds, prompt / PROMPT_CHUNK, load, len(tiles) <= 1, model.slots)


def _reading(model: LlamaModel, tokens: Sequence[int]) -> float:
    model.forget(0)
    start = time.monotonic()
    model.read(0, tokens, 0, logits=True)
    model.logits(1)
    return time.monotonic() - start
