"""What ``verso bench`` measured, as a value that can be printed and written as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from translator.bench.latency import Latency, percentile
from translator.bench.overhead import Cost
from translator.bench.speed import Series
from translator.engines.base import EngineInfo
from translator.engines.gguf_cpu import machine

BATCH = 16  # sequences from which on a decode counts as batched


@dataclass(frozen=True, slots=True)
class Limits:
    """What the machine allows, with this model.

    ``prompt``: tokens a second of prompt evaluation in full batches, by llama.cpp as it comes.
    ``decode``: tokens a second by rows of one decode, prompts left out. ``bandwidth``: bytes a
    second that all threads read from memory. ``weights``: bytes of the model file. ``load``:
    seconds to load it.
    """

    prompt: float
    decode: Mapping[int, float]
    bandwidth: float
    weights: int
    load: float

    @property
    def single(self) -> float:
        """Tokens a second of one sequence if reading the weights were all."""
        return self.bandwidth / self.weights

    @property
    def batched(self) -> float:
        """The fastest batched decode."""
        return max((v for rows, v in self.decode.items() if rows >= BATCH), default=0.0)


@dataclass(frozen=True, slots=True)
class Overhead:
    """Costs of all that is not the model: a dry run of a book, of 1, 10 and 100 times a text,
    and the seconds of ``verso --help``."""

    book: Cost
    growth: Mapping[int, Cost]
    start_up: float


@dataclass(frozen=True, slots=True)
class Result:
    """Speeds are medians in new tokens a second, prompts included.

    ``loop`` has as many threads as the engine, ``untuned_loop`` as many as llama-cpp-python
    takes by itself, as in most apps.
    """

    model: str
    info: EngineInfo
    options: Mapping[str, Any]
    segments: int
    repeats: int
    loop: Series
    untuned_loop: Series
    engine: Mapping[int, Series]
    limits: Limits
    load_average: float
    server: Mapping[int, Series] = field(default_factory=dict)
    latency: Latency | None = None
    overhead: Overhead | None = None

    @property
    def best(self) -> Series:
        """The fastest width."""
        return max(self.engine.values(), key=lambda series: series.speed)

    def facts(self) -> dict[str, Any]:
        """Everything as plain data."""
        facts: dict[str, Any] = {
            "model": self.model,
            "machine": machine(),
            "backend": self.info.backend,
            "instruction_sets": list(self.info.instruction_sets),
            "options": dict(self.options),
            "segments": self.segments,
            "repeats": self.repeats,
            "load_average_before": round(self.load_average, 2),
            "systems": [self._system(s) for s in self._systems()],
            "limits": {
                "prompt_tokens_per_second": round(self.limits.prompt, 1),
                "decode_tokens_per_second": {
                    str(rows): round(speed, 1) for rows, speed in self.limits.decode.items()
                },
                "bandwidth_gb_per_second": round(self.limits.bandwidth / 1e9, 1),
                "single_stream_tokens_per_second": round(self.limits.single, 1),
                "load_seconds": round(self.limits.load, 2),
            },
            "ratios": {
                "plain_loop": round(self.best.speed / self.loop.speed, 2),
                "untuned_loop": round(self.best.speed / self.untuned_loop.speed, 2),
                "llama_server": self._server_ratio(),
                "prompt_share": round(self.limits.batched / self.limits.prompt, 2),
                "single_stream_share": round(self.limits.decode[1] / self.limits.single, 2),
            },
        }
        if self.latency is not None:
            facts["first_text_seconds"] = _latency_facts(self.latency)
        if self.overhead is not None:
            facts["overhead"] = _overhead_facts(self.overhead)
        return facts

    def _systems(self) -> list[Series]:
        return [self.loop, self.untuned_loop, *self.engine.values(), *self.server.values()]

    def _system(self, series: Series) -> dict[str, Any]:
        reference = self.best.trials[0].texts
        texts = series.trials[0].texts
        shared = texts.keys() & reference.keys()
        return {
            "name": series.name,
            "segments": len(texts),
            "tokens_per_second": round(series.speed, 2),
            "seconds": [round(trial.seconds, 2) for trial in series.trials],
            "new_tokens": series.trials[0].new_tokens,
            "peak_mb": series.peak_mb,
            "same_texts": sum(texts[n] == reference[n] for n in shared),
            "compared_texts": len(shared),
        }

    def _server_ratio(self) -> float | None:
        """Verso's engine against llama-server with equal slots, the worst of those measured."""
        ratios = [self.engine[w].speed / s.speed for w, s in self.server.items()]
        return round(min(ratios), 2) if ratios else None


def _latency_facts(latency: Latency) -> dict[str, float]:
    return {
        f"{name}_p{round(100 * share)}": round(percentile(values, share), 3)
        for name, values in (("idle", latency.idle), ("book_running", latency.busy))
        for share in (0.5, 0.95)
    }


def _overhead_facts(overhead: Overhead) -> dict[str, Any]:
    return {
        "seconds": round(overhead.book.seconds, 2),
        "peak_mb": overhead.book.peak_mb,
        "help_seconds": round(overhead.start_up, 3),
        "growth": {
            str(times): {"seconds": round(cost.seconds, 2), "peak_mb": cost.peak_mb}
            for times, cost in overhead.growth.items()
        },
    }
