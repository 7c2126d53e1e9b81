"""Tokens a second over the same segments: a plain loop, and Verso's engine at several widths."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from translator.engines.base import Chunk, Done, Engine, Failure, Request, stream
from translator.engines.base import Priority as P
from translator.ladder import Ask, Climb
from translator.scheduler import Rendered, Scheduler, Work
from translator.types import Prompt, Sampling, Segment, Status, Translation

_FEWEST = 24  # segments of a trial, where there are as many
_FOR_EACH_PLACE = 4  # and for each sequence of a batch, so that its end counts for little

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Trial:
    """One run over some segments, texts by segment number. ``seconds`` includes the prompts."""

    seconds: float
    new_tokens: int
    peak_mb: int
    texts: dict[int, str]

    @property
    def speed(self) -> float:
        """New tokens a second."""
        return self.new_tokens / self.seconds


@dataclass(slots=True)
class Series:
    """Repeats of one trial."""

    name: str
    trials: list[Trial] = field(default_factory=list)

    @property
    def speed(self) -> float:
        """Median of new tokens a second."""
        return statistics.median(trial.speed for trial in self.trials)

    @property
    def peak_mb(self) -> int:
        """Largest peak of memory, in MB."""
        return max(trial.peak_mb for trial in self.trials)


def sample(items: Sequence[T], together: int) -> dict[int, T]:
    """As many items, evenly spread, as a trial with so many sequences needs, by their number."""
    count = min(len(items), max(_FEWEST, _FOR_EACH_PLACE * together))
    numbers = [round(n * (len(items) - 1) / max(count - 1, 1)) for n in range(count)]
    return {number: items[number] for number in numbers}


def engine_trial(
    engine: Engine,
    prompts: dict[int, Prompt],
    sampling: Sampling,
    peak_mb: Callable[[], int],
) -> Trial:
    """Run all prompts through an engine that is loaded and warm, as a book's segments are.

    With one slot the requests go one after the other, as a person's do.
    """
    texts: dict[int, str] = {}
    tokens = 0
    start = time.monotonic()
    for result in (one_by_one if engine.info.slots == 1 else as_book)(engine, prompts, sampling):
        texts[int(result.segment_id)] = result.text
        tokens += result.new_tokens
    seconds = time.monotonic() - start
    return Trial(seconds, tokens, peak_mb(), texts)


def as_book(
    engine: Engine,
    prompts: dict[int, Prompt],
    sampling: Sampling,
    stop: threading.Event | None = None,
) -> Iterator[Translation]:
    """Translate as a book job does, without its checks: each prompt is asked once."""
    scheduler = Scheduler(
        engine,
        lambda segment, _ask: Rendered(prompts[int(segment.id)], str, str),
        run_id="bench",
        priority=P.BOOK,
        stop=stop,
    )
    segments = (Segment(str(n), str(n), 0, prompt.text) for n, prompt in prompts.items())
    return scheduler.run(Work(segment, _asked_once(segment, sampling)) for segment in segments)


def _asked_once(segment: Segment, sampling: Sampling) -> Climb:
    (answer,) = yield [Ask(segment.text, sampling)]
    if answer.error is not None:
        raise answer.error
    return Translation(segment.id, Status.TRANSLATED, answer.text, new_tokens=answer.new_tokens)


def one_by_one(
    engine: Engine, prompts: dict[int, Prompt], sampling: Sampling
) -> Iterator[Translation]:
    """Ask one prompt after the other, as a person does."""
    for number, prompt in prompts.items():
        request = Request(f"person/{number}", prompt, sampling, P.INTERACTIVE)
        for event in stream(engine, request):
            match event:
                case Done(_, text, _, _, new_tokens):
                    yield Translation(str(number), Status.TRANSLATED, text, new_tokens=new_tokens)
                case Failure(_, error):
                    raise error
                case Chunk():
                    pass
