"""The process of a run: waits for its turn, runs the trainer, says how it ended.

``python -m trainer.supervisor [--resume] RUN_FOLDER [-- TRAINER ...]``. It is small (no torch)
and outlives nobody's training: when it is killed, the trainer goes on, and holds the run alone.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from filelock import FileLock, Timeout

from trainer import runs
from trainer.runs import STOP, Run
from translator.errors import InputError, VersoError

TRAINER: Final = ("-m", "trainer.train")
_TICK = 0.5  # seconds between looks
_LAST_WISH = 15.0  # seconds from asking a process to end until it is made to
_NICE = 5  # training is for later, the page for now


def main(argv: Sequence[str] | None = None) -> int:
    """Run the trainer of one run to its end."""
    parser = argparse.ArgumentParser(prog="trainer.supervisor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("trainer", nargs="*", default=TRAINER)
    arguments = parser.parse_args(argv)
    run = Run(arguments.folder)

    def wish(_: int, __: FrameType | None) -> None:
        (run.folder / STOP).touch()

    for each in (signal.SIGTERM, signal.SIGINT):  # the machine is shut down; somebody means well
        signal.signal(each, wish)
    try:
        with run.hold(launching=True):
            return _supervise(run, arguments.resume, arguments.trainer)
    except InputError as error:  # another process has it; its state is not ours to tell
        print(error, flush=True)
        return 1


def _supervise(run: Run, resume: bool, trainer: Sequence[str]) -> int:
    try:
        if not _has_turn(run):
            _end(run, "stopped", "Stopped before it began.")
            return 0
        return _train(run, resume, trainer)
    except VersoError as error:
        _end(run, "failed", error.message, error.hint)
    except OSError as error:
        _end(run, "failed", f"The training could not be started: {error.strerror}.")
    return 1


def _has_turn(run: Run) -> bool:
    """Wait until no other run trains on this machine; ``False``: stopped while waiting."""
    while not run.stopping:
        with _decision(run.folder.parent) as mine:
            if mine and not any(_goes_first(other, run) for other in runs.siblings(run)):
                run.write_status(
                    state="starting", pid=os.getpid(), started=time.time(), message="", hint=""
                )
                return True
        time.sleep(_TICK)
    return False


@contextmanager
def _decision(folder: Path) -> Iterator[bool]:
    """Whether this process alone may decide now whose turn it is."""
    lock = FileLock(folder / "turn.lock")
    try:
        lock.acquire(timeout=_TICK)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _goes_first(other: Run, run: Run) -> bool:
    status = other.status()  # "lost" if nobody works on it
    if status.state == "queued":
        return (status.queued, other.id) < (run.status().queued, run.id)
    return status.busy


def _train(run: Run, resume: bool, trainer: Sequence[str]) -> int:
    settings = run.settings
    command, environment = command_line(run, resume, trainer, settings.machine.processes)
    threads = settings.machine.threads
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    if settings.machine.processes > 1:
        threads = threads or max(1, (cores or 1) // settings.machine.processes)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    own: dict[str, Any] = {} if os.name == "nt" else {"process_group": 0}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env=environment, **own) as child:
        code = _watch(run, child)
    if run.status().busy:
        _explain(run, code)
    (run.folder / STOP).unlink(missing_ok=True)
    return code


def command_line(
    run: Run, resume: bool, trainer: Sequence[str], processes: int
) -> tuple[list[str], dict[str, str]]:
    """How the trainer is called, and its environment."""
    command = [sys.executable]
    if processes > 1:
        command += ["-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"]
    command += [*trainer, str(run.folder), *(["--resume"] if resume else [])]
    environment = {
        **os.environ,
        "VERSO_HOME": str(run.folder.parent.parent),
        "PYTHONUNBUFFERED": "1",
        "PYTHONFAULTHANDLER": "1",  # a native crash leaves its trace in the log
        "PYTHONIOENCODING": "utf-8",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    return command, environment


def _watch(run: Run, child: subprocess.Popen[bytes]) -> int:
    """Wait for the trainer; a wish that it ends now comes true."""
    asked = 0.0
    while True:
        try:
            return child.wait(timeout=_TICK)
        except subprocess.TimeoutExpired:
            pass
        if _wished_now(run):
            if not asked:
                asked = time.monotonic()
                child.terminate()
            elif time.monotonic() > asked + _LAST_WISH:
                child.kill()


def _wished_now(run: Run) -> bool:
    try:
        return (run.folder / STOP).read_text("utf-8") == "now"
    except FileNotFoundError:
        return False


def _explain(run: Run, code: int) -> None:
    """The trainer has ended and left no word."""
    if _wished_now(run):
        _end(run, "stopped", "Stopped without saving.", "Resume it from its last checkpoint.")
    elif code < 0:
        name = signal.Signals(-code).name
        hint = "Resume it: it goes on from its last checkpoint."
        if -code == signal.SIGKILL:
            hint = f"The system does so when memory runs out: try smaller batches. {hint}"
        _end(run, "lost", f"The training process was killed ({name}).", hint)
    else:
        _end(run, "failed", "The training process ended before its work.", run.log_tail(1))


def _end(run: Run, state: str, message: str, hint: str = "") -> None:
    (run.folder / STOP).unlink(missing_ok=True)
    run.write_status(state=state, pid=0, finished=time.time(), eta=None, message=message, hint=hint)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(_NICE)
    sys.exit(main())
