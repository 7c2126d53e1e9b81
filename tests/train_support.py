"""Run folders as a training leaves them, written without one."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from trainer import runs
from trainer.config import RunSettings
from trainer.runs import METRICS, SAMPLES, Run

SAMPLE = (
    ("The sea was calm that night.", "Das Meer war ruhig in jener Nacht."),
    ("He opened the door & left.", "Er öffnete die Tür & ging."),
)


def written_run(home: Path, corpus: Path, name: str = "Sea stories", **status: Any) -> Run:
    """A run of that home with a corpus that is there; ``status`` as :meth:`Run.write_status`."""
    settings = RunSettings().with_values(
        {
            "name": name,
            "model.base": "gemma-3-270m-q4_k_m",
            "data.corpus": str(corpus),
            "data.directions": ["en>de"],
        }
    )
    run = runs.create(settings, home)
    run.write_status(**status)
    return run


def add_steps(run: Run, first: int, last: int, steps: int = 600, every: int = 100) -> None:
    """Curves of some steps, and an evaluation with samples at each ``every``."""
    for step in range(first, last + 1):
        if step:
            run.add_line(METRICS, _training(step, steps))
        if step % every == 0:
            chrf = 46 - 22 * math.exp(-step / 180)
            run.add_line(
                METRICS,
                {
                    "step": step, "time": time.time(), "chrf": {"en>de": chrf}, "chrf_mean": chrf,
                    "dev_loss": 1.7 + 1.5 * math.exp(-step / 150),
                },
            )  # fmt: skip
            for source, reference in SAMPLE:
                words = reference.split()
                known = words[: 2 + step * len(words) // steps]
                run.add_line(
                    SAMPLES,
                    {
                        "step": step, "from": "en", "to": "de", "source": source,
                        "reference": reference, "hypothesis": " ".join(known),
                    },
                )  # fmt: skip


def _training(step: int, steps: int) -> dict[str, Any]:
    wave = 0.16 * math.sin(step * 2.3) + 0.1 * math.sin(step * 0.91)
    rate = 2e-4 * min(step / 18, 0.5 + 0.5 * math.cos(math.pi * step / steps))
    return {
        "step": step, "time": time.time(), "loss": 1.6 + 1.7 * math.exp(-step / 120) + wave,
        "learning_rate": rate, "tokens_per_second": 810.0, "grad_norm": 1.0,
    }  # fmt: skip
