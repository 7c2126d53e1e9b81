"""What to make of a run, from which of its weights, and where the work on it is done."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from trainer.export_proof import Proof
from trainer.runs import Run
from translator.errors import Cancelled, InputError
from translator.models.spec import ModelSpec

Kind = Literal["merged", "adapter", "safetensors"]
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What to make of a run. ``quantization`` counts for ``merged``; ``name`` empty: the run's;
    ``checkpoint`` 0: the best one."""

    kind: Kind = "merged"
    quantization: str = "Q4_K_M"
    name: str = ""
    checkpoint: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """A model that was made, its file or folder, and what proves it."""

    spec: ModelSpec
    path: Path
    proof: Proof


def stoppable(progress: Progress, stop: threading.Event | None) -> Progress:
    """``progress`` that raises :class:`Cancelled` after ``stop``."""

    def report(what: str, fraction: float) -> None:
        if stop is not None and stop.is_set():
            raise Cancelled
        progress(what, min(fraction, 1.0))

    return report


@contextmanager
def workplace(run: Run) -> Iterator[Path]:
    """A folder for what is needed on the way, for one export of a run at a time."""
    folder = run.folder / "exporting"
    lock = FileLock(run.folder / "exporting.lock")
    try:
        with lock.acquire(timeout=0):
            shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
            folder.mkdir()
            try:
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except Timeout:
        raise InputError(f"{run.id} is being exported already.", "Wait until it is done.") from None


def source(run: Run, checkpoint: int) -> Path:
    """The trained weights to export."""
    if checkpoint:
        for folder in run.checkpoints():
            if folder.name == f"checkpoint-{checkpoint}":
                return folder
        known = ", ".join(path.name.rpartition("-")[2] for path in run.checkpoints())
        raise InputError(
            f"{run.id} has no checkpoint {checkpoint}.",
            f"It has: {known}." if known else "It has none yet.",
        )
    for folder in (run.model, run.adapter):
        if folder.is_dir():
            return folder
    if run.checkpoints():
        return run.checkpoints()[-1]
    raise InputError(f"{run.id} has nothing to export yet.", "Wait for its first checkpoint.")
