"""Where a training run is, as its process writes it down."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

# What a run says of itself while a process works on it.
BUSY: Final = ("queued", "starting", "training", "evaluating", "stopping")


@dataclass(frozen=True, slots=True)
class Status:
    """Where a run is. Times are seconds since 1970; ``eta`` is in seconds, ``None`` if unknown.

    ``state`` is ``prepared``, one of :data:`BUSY`, ``stopped`` (by a person; can be resumed),
    ``done``, ``failed``, or ``lost``: it says that it runs, and no process does. ``tokens`` are
    the target tokens trained on so far. ``fields`` that were never set keep their defaults.
    """

    state: str = "prepared"
    pid: int = 0
    created: float = 0.0
    queued: float = 0.0
    started: float = 0.0
    updated: float = 0.0
    finished: float = 0.0
    stage: str = ""
    step: int = 0
    steps: int = 0
    epoch: float = 0.0
    loss: float | None = None
    dev_loss: float | None = None
    chrf: float | None = None
    best_step: int = 0
    best_score: float | None = None
    learning_rate: float | None = None
    tokens: int = 0
    tokens_per_second: float | None = None
    eta: float | None = None
    memory_mb: float | None = None
    message: str = ""
    hint: str = ""
    base: str = ""
    base_hash: str = ""
    style: str = ""
    corpus_hash: str = ""
    rows: int = 0
    resumed_from: int = 0

    @property
    def busy(self) -> bool:
        """Whether a process works on the run, or waits for its turn."""
        return self.state in BUSY

    def lost(self) -> Status:
        """The same, of a run that says it is busy while no process has it."""
        message = (
            "The training process has ended without a word: the machine or somebody killed it."
        )
        hint = "Resume it: it goes on from its last checkpoint."
        return replace(self, state="lost", eta=None, message=message, hint=hint)
