"""Following a training run at a terminal."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import duration, interruptible, say
from translator.errors import Cancelled, VersoError

if TYPE_CHECKING:
    from trainer.runs import Run, Status

_EVERY = 1.0  # seconds between looks
_SELDOM = 5.0  # seconds between lines that are no evaluation


def follow(run: Run) -> int:
    """Say what happens until the run ends. Ctrl+C saves and stops it; a second one only leaves.

    Raises :class:`VersoError` if it failed, :class:`Cancelled` if it was stopped.
    """
    from trainer import launcher

    shown = -1
    state = ""
    asked = False
    began, said = time.time(), 0.0
    with interruptible() as stop:
        while True:
            status = run.status()
            if status.state != state:
                state = status.state
                if state in _WORDS:
                    say(f"{_WORDS[state]}.")
            for row in run.metrics(since=shown):
                shown = max(shown, row["step"])
                seldom = "dev_loss" in row or row["time"] > said + _SELDOM
                if row["time"] > began and seldom:
                    said = row["time"]
                    say(line(row, status))
            if not status.busy:
                break
            if stop.is_set() and not asked:
                asked = True
                if run.is_held():
                    launcher.stop(run)
                    say("Saving a checkpoint. Ctrl+C again leaves it to itself.")
            time.sleep(_EVERY)
    return ended(run, status)


def ended(run: Run, status: Status) -> int:
    """Say how a run ended."""
    if status.state == "done":
        say(status.message or "Finished.")
        if status.best_score is not None:
            metric = {"chrf": "dev chrF++", "loss": "dev loss"}[run.settings.evaluation.metric]
            say(f"The best is step {status.best_step:,}: {metric} {status.best_score:.2f}.")
        say(f"`verso export {run.id}` makes a model of it.")
        print(run.adapter if run.adapter.is_dir() else run.model)
        return 0
    if status.state == "stopped":
        hint = status.hint or f"`verso runs resume {run.id}` goes on."
        raise Cancelled(status.message or "Stopped and saved.", hint)
    raise VersoError(status.message or f"The training ended as {status.state}.", status.hint)


def line(row: dict[str, Any], status: Status) -> str:
    """A row of the curves as a line."""
    words = [f"step {row['step']:,}" + (f" of {status.steps:,}" if status.steps else "")]
    for name, title, form in _SHOWN:
        value = row.get(name)
        if value is not None and math.isfinite(value):
            words.append(f"{title} {value:{form}}")
    if status.eta and "loss" in row:
        words.append(f"{duration(status.eta)} left")
    return ", ".join(words)


_SHOWN = (
    ("loss", "loss", ".3f"),
    ("dev_loss", "dev loss", ".3f"),
    ("chrf_mean", "dev chrF++", ".2f"),
    ("learning_rate", "rate", ".2g"),
    ("tokens_per_second", "tokens a second", ".0f"),
)
_WORDS = {
    "queued": "Waiting until the training before it is over",
    "starting": "Starting",
    "training": "Training",
    "evaluating": "Evaluating",
    "stopping": "Stopping",
}
