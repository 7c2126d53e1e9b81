"""A training run is a folder that says everything of itself; any process may read it.

``run.toml`` (:class:`RunSettings`), ``status.json`` (:class:`Status`), ``metrics.jsonl``,
``samples.jsonl``, ``log.txt``, ``checkpoints/checkpoint-N``, ``adapter/`` (or ``model/`` after full
training) and ``exports.json``. Who trains holds the operating-system lock ``run.lock``; it ends
with the process, however that ends. A file ``stop`` is the wish to save and end.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainer import run_files
from trainer.config import RunSettings
from trainer.run_status import BUSY as BUSY
from trainer.run_status import Status as Status
from translator.errors import InputError

RUNS = "runs"
SETTINGS = "run.toml"
STATUS = "status.json"
METRICS = "metrics.jsonl"
SAMPLES = "samples.jsonl"
LOG = "log.txt"
STOP = "stop"
ADAPTER = "adapter"
MODEL = "model"
EXPORTS = "exports.json"

_GRACE = {"run.lock": 30.0, "launch.lock": 2.0}  # seconds: a look at a lock holds it for a moment
_BIRTH = 90.0  # seconds until a process that was started must hold the run
_TICK = 0.05  # seconds
_CHECKPOINT = re.compile(r"checkpoint-(\d+)")


@dataclass(frozen=True, slots=True)
class Run:
    """A run folder."""

    folder: Path

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def settings(self) -> RunSettings:
        """Raises :class:`InputError` if the file was broken by hand."""
        return RunSettings.load(self.folder / SETTINGS)

    @property
    def adapter(self) -> Path:
        """The trained weights of the best checkpoint, when there are any: PEFT's files."""
        return self.folder / ADAPTER

    @property
    def model(self) -> Path:
        """The same after full training: a model folder."""
        return self.folder / MODEL

    @property
    def stopping(self) -> bool:
        """Whether somebody wishes that the run saves and ends."""
        return (self.folder / STOP).exists()

    def status(self) -> Status:
        """Where the run is, as true as can be known."""
        status = self._written()
        if not status.busy:
            return status
        if not self.is_held():
            status = self._written()  # it may have ended between the two looks
            born = status.state != "queued" or time.time() > status.queued + _BIRTH
            if status.busy and born and not self.is_held():
                return status.lost()
        elif self.stopping:
            return replace(status, state="stopping")
        return status

    def _written(self) -> Status:
        try:
            values = json.loads((self.folder / STATUS).read_text("utf-8"))
        except FileNotFoundError:
            return Status()
        except (OSError, ValueError) as error:
            message = f"The status of the run {self.id} cannot be read: {error}."
            return Status("failed", message=message, hint="Resume it, or delete it.")
        known = {each.name for each in fields(Status)}
        return Status(**{name: value for name, value in values.items() if name in known})

    def write_status(self, **changes: Any) -> Status:
        """Change some fields; a reader sees all of them or none. One process writes at a time."""
        status = replace(self._written(), **{"updated": time.time(), **changes})
        run_files.write_atomically(
            self.folder / STATUS, json.dumps(asdict(status), indent=1) + "\n"
        )
        return status

    def metrics(self, since: int = -1) -> list[dict[str, Any]]:
        """The rows of the curves with a step above ``since``, by step; step 0 is the base itself.

        A resumed run does some steps again: the later row counts. A row has ``step``, ``time`` and
        either ``loss``, ``learning_rate``, ``tokens_per_second``, ``grad_norm`` or ``dev_loss``,
        ``chrf`` (by direction), ``chrf_mean``.
        """
        rows: dict[tuple[int, bool], dict[str, Any]] = {}
        last = 0
        for row in run_files.rows(self.folder / METRICS):
            step = row["step"]
            if step < last:  # gone on with from an earlier checkpoint
                rows = {key: kept for key, kept in rows.items() if key[0] <= step}
            last = step
            rows[step, "dev_loss" in row] = row
        return [rows[key] for key in sorted(rows) if key[0] > since]

    def samples(self) -> list[dict[str, Any]]:
        """Translations of dev lines: ``step``, ``from``, ``to``, ``source``, ``reference``,
        ``hypothesis``; in the order they were made."""
        return list(run_files.rows(self.folder / SAMPLES))

    def add_line(self, name: str, row: dict[str, Any]) -> None:
        """Append a row to :data:`METRICS` or :data:`SAMPLES`."""
        run_files.add_line(self.folder / name, row)

    def log_tail(self, lines: int = 200) -> str:
        """The end of the log."""
        return run_files.tail(self.folder / LOG, lines)

    def checkpoints(self) -> list[Path]:
        """Folders of complete checkpoints, the earliest first."""
        found = []
        for path in (self.folder / "checkpoints").glob("checkpoint-*"):
            match = _CHECKPOINT.fullmatch(path.name)
            # transformers writes this file last.
            if match and (path / "trainer_state.json").is_file():
                found.append((int(match[1]), path))
        return [path for _, path in sorted(found)]

    def exports(self) -> list[dict[str, Any]]:
        """What was made of the run, the earliest first."""
        try:
            exports: list[dict[str, Any]] = json.loads((self.folder / EXPORTS).read_text("utf-8"))
        except FileNotFoundError:
            return []
        return exports

    def add_export(self, row: dict[str, Any]) -> None:
        """Note something that was made of the run."""
        rows = [*self.exports(), row]
        text = json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
        run_files.write_atomically(self.folder / EXPORTS, text)

    def is_held(self) -> bool:
        """Whether a process trains the run, or waits for its turn."""
        return any(_is_held(self.folder / name) for name in _GRACE)

    def is_free(self, patience: float = 1.0) -> bool:
        """Whether no process has the run. A process that leaves, or looks, may take seconds."""
        end = time.monotonic() + patience
        while self.is_held():
            if time.monotonic() >= end:
                return False
            time.sleep(_TICK)
        return True

    @contextmanager
    def hold(self, launching: bool = False, patience: float | None = None) -> Iterator[None]:
        """Hold the run as its trainer, or as the process that starts one (``launching``).

        ``patience``: seconds until somebody who has it is believed; a look takes a moment too.

        Raises :class:`InputError` if another process does.
        """
        name = "launch.lock" if launching else "run.lock"
        lock = FileLock(self.folder / name, thread_local=False)
        try:
            lock.acquire(timeout=_GRACE[name] if patience is None else patience)
        except Timeout as error:
            raise InputError(
                f"The run {self.id} is being trained by another process.",
                f"`verso runs stop {self.id}` stops it.",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def clone(self, home: Path, **changes: Any) -> Run:
        """A new run with the same settings, not started. ``changes`` may set ``name``."""
        return create(replace(self.settings, **changes), home)


def create(settings: RunSettings, home: Path) -> Run:
    """Make a run folder. Raises :class:`InputError` if settings or corpus are not complete."""
    from trainer.corpus import Corpus

    settings.require_complete()
    corpus = Corpus.load(Path(settings.data.corpus))
    folder = new_folder(home / RUNS, settings.name)
    run = Run(folder)
    settings.write(folder / SETTINGS)
    run.write_status(created=time.time(), base=settings.model.base, corpus_hash=corpus.hash)
    return run


def all(home: Path) -> list[Run]:
    """All runs of a data home, the latest first."""
    found = [Run(path.parent) for path in (home / RUNS).glob(f"*/{SETTINGS}")]
    return sorted(found, key=lambda run: (_stamp(run.id), run.id), reverse=True)


def siblings(run: Run) -> list[Run]:
    """The other runs of the same data home."""
    return [other for other in all(run.folder.parent.parent) if other.id != run.id]


def find(home: Path, name: str) -> Run:
    """The run with an id, the beginning of one, or a folder. Raises :class:`InputError`."""
    if os.sep in name or name in (".", ".."):
        if (Path(name).expanduser() / SETTINGS).is_file():
            return Run(Path(name).expanduser().resolve())
        raise InputError(f"{name} is no run folder.", "See `verso runs list`.")
    found = [run for run in all(home) if run.id.startswith(name)]
    exact = [run for run in found if run.id == name]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise InputError(f"There is no run {name!r}.", "See `verso runs list`.")
    raise InputError(
        f"{len(found)} runs begin with {name!r}.", f"Say which: {', '.join(r.id for r in found)}."
    )


def delete(run: Run) -> None:
    """Delete a run with its checkpoints. Raises :class:`InputError` while a process has it."""
    if not run.is_free():
        raise InputError(f"The run {run.id} is being trained.", "Stop it first.")
    try:
        # Without its settings it is no run any more, whatever else cannot be deleted.
        (run.folder / SETTINGS).unlink(missing_ok=True)
        shutil.rmtree(run.folder)
    except OSError as error:
        message = f"The run {run.id} cannot be deleted: {error.strerror}."
        raise InputError(message, f"Delete {run.folder} yourself.") from error


def new_folder(above: Path, name: str) -> Path:
    """A new folder with the time in its name, which no other run ever had."""
    try:
        above.mkdir(parents=True, exist_ok=True)
        while True:
            folder = above / f"{run_files.slug(name)}-{datetime.now():%Y%m%d-%H%M%S}"
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                time.sleep(0.2)  # made in the same second
    except OSError as error:
        message = f"The run cannot be made in {above}: {error.strerror}."
        raise InputError(message, "Is the disk full?") from error


def _stamp(run_id: str) -> str:
    return run_id[-15:]


def _is_held(path: Path) -> bool:
    if not path.exists():
        return False
    lock = FileLock(path, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False
