"""How long a person waits for the first word: with the engine idle, and while a book runs."""

from __future__ import annotations

import random
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count, cycle, islice

from translator.bench.speed import as_book
from translator.engines.base import Chunk, Engine, Failure, Priority, Request, stream
from translator.errors import Cancelled
from translator.types import Prompt, Sampling

_TOKENS = 4
_PAUSE = (0.3, 1.5)  # seconds between a person's requests: they come at any point of a step
_WARM = 5.0  # seconds after the book's first result

_ids = count()


@dataclass(frozen=True, slots=True)
class Latency:
    """Seconds until the first text of a request, sorted."""

    idle: tuple[float, ...]
    busy: tuple[float, ...]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of sorted ``values`` do not pass (0.5: the median)."""
    if share == 0.5:
        return statistics.median(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def measure(
    engine: Engine, prompts: dict[int, Prompt], sampling: Sampling, requests: int
) -> Latency:
    """Ask ``requests`` times without and with a book of ``prompts`` beside."""
    asked = list(islice(cycle(prompts.values()), 1, requests + 1))
    _first_text(engine, asked[0])  # warm-up: reads the head that all prompts share
    idle = [_first_text(engine, prompt) for prompt in asked]
    stop, running = threading.Event(), threading.Event()
    errors: list[Exception] = []

    def book() -> None:
        try:
            while not stop.is_set():
                for _ in as_book(engine, prompts, sampling, stop):
                    running.set()
        except Cancelled:
            pass  # by the stop below
        except Exception as error:
            errors.append(error)
            running.set()

    thread = threading.Thread(target=book, name="book")
    thread.start()
    try:
        running.wait()
        time.sleep(_WARM)
        pauses = random.Random(1)
        busy = []
        for prompt in asked:
            time.sleep(pauses.uniform(*_PAUSE))
            busy.append(_first_text(engine, prompt))
    finally:
        stop.set()
        thread.join()
    if errors:
        raise errors[0]
    return Latency(tuple(sorted(idle)), tuple(sorted(busy)))


def _first_text(engine: Engine, prompt: Prompt) -> float:
    start = time.monotonic()
    first = 0.0
    sampling = Sampling(max_new_tokens=_TOKENS)
    request = Request(f"latency/{next(_ids)}", prompt, sampling, Priority.INTERACTIVE)
    for event in stream(engine, request):
        if isinstance(event, Failure):
            raise event.error
        if isinstance(event, Chunk) and not first:
            first = time.monotonic() - start
    return first or time.monotonic() - start
