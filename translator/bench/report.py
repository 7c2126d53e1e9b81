"""What ``verso bench`` measured, as a value that can be printed and written as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from translator.bench.speed import Series
from translator.engines.base import EngineInfo
from translator.engines.gguf_cpu import machine


@dataclass(frozen=True, slots=True)
class Result:
    """Speeds are medians in new tokens a second, prompts included; ``limit`` is the speed of
    prompt evaluation in full batches."""

    model: str
    info: EngineInfo
    segments: int
    repeats: int
    loop: Series
    engine: Sequence[Series]
    limit: float
    load_average: float

    @property
    def best(self) -> Series:
        """The fastest width."""
        return max(self.engine, key=lambda series: series.speed)

    def facts(self) -> dict[str, Any]:
        """Everything as plain data."""
        reference = self.best.trials[0].texts
        return {
            "model": self.model,
            "machine": machine(),
            "backend": self.info.backend,
            "instruction_sets": list(self.info.instruction_sets),
            "segments": self.segments,
            "repeats": self.repeats,
            "load_average_before": round(self.load_average, 2),
            "systems": [
                {
                    "name": series.name,
                    "tokens_per_second": round(series.speed, 2),
                    "seconds": [round(trial.seconds, 2) for trial in series.trials],
                    "new_tokens": series.trials[0].new_tokens,
                    "peak_mb": series.peak_mb,
                    "same_texts": sum(
                        a == b for a, b in zip(series.trials[0].texts, reference, strict=True)
                    ),
                }
                for series in (self.loop, *self.engine)
            ],
            "prompt_tokens_per_second": round(self.limit, 1),
            "ratios": {
                "plain_loop": round(self.best.speed / self.loop.speed, 2),
                "prompt_share": round(self.best.speed / self.limit, 2),
            },
        }
