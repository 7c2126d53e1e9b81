"""Starts training as a process of its own, which survives the app, and stops it again.

The process is :mod:`trainer.supervisor`: it waits for its turn, runs the trainer as its child and
says how that ended. Everything is told through the run folder, so any other process can stop or
follow a run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from trainer import requirements
from trainer.runs import LOG, STOP, Run
from trainer.supervisor import TRAINER
from translator.errors import InputError, VersoError

_ROOT: Final = Path(__file__).resolve().parent.parent
_PATIENCE = 90.0  # seconds until the new process must have said a word
_LEAVING = 10.0  # seconds that a process may take to leave
_TICK = 0.05


def start(run: Run, resume: bool = False, *, trainer: Sequence[str] = TRAINER) -> None:
    """Start a run, or let it wait until others on this machine are over; returns at once.

    Raises :class:`InputError` if it is being trained already, was finished, if packages are
    missing or the corpus is not the one that it began with.
    """
    status = run.status()
    if not run.is_free(0.0 if status.busy else _LEAVING):
        raise InputError(f"The run {run.id} is being trained.", f"See `verso runs show {run.id}`.")
    if status.state == "done":
        raise InputError(f"The run {run.id} is finished.", "Clone it to train once more.")
    if trainer is TRAINER:
        requirements.require()
    _require_same_corpus(run, status.corpus_hash)
    (run.folder / STOP).unlink(missing_ok=True)
    run.write_status(
        state="queued", pid=0, queued=time.time(), finished=0.0, message="", hint="", eta=None
    )
    _wait_until_held(run, _spawn(run, resume, trainer))


def resume(run: Run) -> None:
    """Go on from the last checkpoint; without one, from the beginning. Raises as :func:`start`."""
    start(run, resume=True)


def stop(run: Run, *, now: bool = False) -> None:
    """Wish that a run saves a checkpoint and ends; ``now``: that it ends without saving.

    Returns at once; the run's state tells. Raises :class:`InputError` if it is not running.
    """
    if not run.status().busy:
        raise InputError(f"The run {run.id} is not running.", "There is nothing to stop.")
    (run.folder / STOP).write_text("now" if now else "", "utf-8")


def is_alive(run: Run) -> bool:
    """Whether a process trains the run, or waits for its turn."""
    return run.is_held()


def _require_same_corpus(run: Run, known: str) -> None:
    from trainer.corpus import Corpus

    settings = run.settings
    if known and Corpus.load(Path(settings.data.corpus)).hash != known:
        raise InputError(
            f"The corpus {settings.data.corpus} is not what it was when this run began.",
            "Clone the run to train with the new one.",
        )


def _spawn(run: Run, resume: bool, trainer: Sequence[str]) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "trainer.supervisor", *(["--resume"] if resume else [])]
    detached: dict[str, Any] = (
        {"creationflags": 0x00000008 | 0x00000200}  # DETACHED_PROCESS, CREATE_NEW_PROCESS_GROUP
        if os.name == "nt"
        else {"start_new_session": True}
    )
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH", "")]))
    with (run.folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            [*arguments, str(run.folder), "--", *trainer],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": path},
            **detached,
        )
    # Somebody has to wait for it, or it stays in the process table when it has ended.
    threading.Thread(target=process.wait, name=f"verso-run-{run.id}", daemon=True).start()
    return process


def _wait_until_held(run: Run, process: subprocess.Popen[bytes]) -> None:
    """Return when the new process has the run, or was so quick that it is over."""
    patience = time.monotonic() + _PATIENCE
    while not run.is_held() and process.poll() is None and time.monotonic() < patience:
        time.sleep(_TICK)
    if process.poll() and run.status().state == "queued":
        last = run.log_tail(1)
        run.write_status(state="failed", message="The training could not be started.", hint=last)
        raise VersoError(f"The run {run.id} could not be started.", last)
