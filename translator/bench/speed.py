"""Tokens a second: a plain loop, Verso's engine at several widths, and the limit."""

from __future__ import annotations

import queue
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from translator.engines.base import Chunk, Done, Engine, EngineInfo, Event, Failure, Request, stream
from translator.engines.base import Priority as P
from translator.types import Prompt, Sampling


@dataclass(frozen=True, slots=True)
class Trial:
    """One run over all segments. ``seconds`` includes reading the prompts."""

    name: str
    seconds: float
    new_tokens: int
    peak_mb: int
    texts: tuple[str, ...]
    info: EngineInfo | None = None

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


def run_engine(engine: Engine, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[Event]:
    """Submit everything and yield the events; ends with the last request.

    With one slot the requests go one after the other, as a person's do.
    """
    if engine.info.slots == 1:
        for number, prompt in enumerate(prompts):
            yield from stream(engine, Request(str(number), prompt, sampling, P.INTERACTIVE))
        return
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    for number, prompt in enumerate(prompts):
        engine.submit(Request(str(number), prompt, sampling, P.BOOK), events.put)
    left = len(prompts)
    while left:
        event = events.get()
        left -= not isinstance(event, Chunk)
        yield event


def engine_trial(
    name: str,
    engine: Engine,
    prompts: Sequence[Prompt],
    sampling: Sampling,
    pid: Callable[[], int | None],
) -> Trial:
    """Run all prompts through an engine that is loaded and warm."""
    texts = [""] * len(prompts)
    tokens = 0
    start = time.monotonic()
    for event in run_engine(engine, prompts, sampling):
        if isinstance(event, Failure):
            raise event.error
        if isinstance(event, Done):
            texts[int(event.request_id)] = event.text
            tokens += event.new_tokens
    seconds = time.monotonic() - start
    return Trial(name, seconds, tokens, peak_memory(pid()), tuple(texts), engine.info)


def peak_memory(pid: int | None) -> int:
    """Peak memory of a process in MB, where the system tells (Linux)."""
    status = Path(f"/proc/{pid}/status")
    if pid is None or not status.exists():
        return 0
    for line in status.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0
