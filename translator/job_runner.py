"""One process at a time runs a job, and always leaves a true state behind.

Who works on a job holds an operating-system lock in the job's folder. The lock ends with the
process, however that ends: a job that is ``running`` without its lock was orphaned by a crash.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from translator.book_job import BookRun, Engines
from translator.books.base import Book
from translator.errors import Cancelled, InputError, VersoError
from translator.job_setup import model_key, require_installed
from translator.memory import Memory
from translator.models.registry import Registry
from translator.progress import Progress
from translator.records import Job, JobState
from translator.report import Report, readable
from translator.store import Store

ProgressSink = Callable[[Progress], None]

_TICK = 0.4  # seconds between looks at wishes and writing down the speed
_RECENT = 8


class Busy(InputError):
    """Somebody else holds the job."""


class JobRunner:
    """Locks jobs and runs them. May be used from any thread."""

    def __init__(
        self, store: Store, folder: Path, pool: Engines, registry: Registry, memory: Memory
    ) -> None:
        self._store = store
        self._folder = folder
        self._pool = pool
        self._registry = registry
        self._memory = memory

    @contextmanager
    def locked(self, job_id: str, timeout: float = 0.0) -> Iterator[Job]:
        """Hold a job; gives it as it is now. Raises :class:`Busy` if somebody has it."""
        job = self._store.job(job_id)
        lock = FileLock(self._folder / job.id / "lock", thread_local=False)
        try:
            lock.acquire(timeout=timeout)
        except Timeout as error:
            raise Busy(
                f"The job {job.id} is being run by another Verso (process {job.process}).",
                f"See `verso jobs show {job.id}`; `verso jobs pause {job.id}` stops it.",
            ) from error
        try:
            yield self._store.job(job.id)
        finally:
            lock.release()

    def orphaned(self, job: Job) -> bool:
        """Whether the process that ran the job has died."""
        if job.state is not JobState.RUNNING:
            return False
        try:
            with self.locked(job.id) as now:
                return now.state is JobState.RUNNING
        except InputError:
            return False  # it is alive, or the job is gone

    def progress(self, job_id: str) -> Progress:
        """How far a job is, whoever runs it."""
        job = self._store.job(job_id)
        return Progress(
            job,
            self._store.counts(job.id),
            tuple(
                (readable(entry.segment.text), readable(entry.translation.text))
                for entry in self._store.recent(job.id, _RECENT)
                if entry.translation is not None
            ),
        )

    def run(
        self,
        job_id: str,
        on_progress: ProgressSink | None,
        stop: threading.Event,
        stopped: JobState,
        book: Book | None = None,
    ) -> Report:
        """Run a job to its end; ``stopped`` is its state when ``stop`` ends it before.

        See :meth:`translator.jobs.BookJobs.run`.
        """
        with self.locked(job_id) as job:
            self._store.update_job(
                job.id, state=JobState.RUNNING, error="", process=os.getpid(), speed=0.0, eta=None,
                started=time.time(), finished=None,
            )  # fmt: skip
            state, problem = JobState.FAILED, ""
            try:
                report = self._run(job, on_progress, stop, book)
                # A person may have asked for another try when the translating was over.
                state = JobState.QUEUED if self._store.missing(job.id) else JobState.DONE
                return report
            except (Cancelled, KeyboardInterrupt):
                wishes = {"cancel": JobState.CANCELLED, "pause": JobState.PAUSED}
                state = wishes.get(self._store.job(job.id).wish, stopped)
                raise
            except VersoError as error:
                problem = str(error)
                raise
            except BaseException as error:
                problem = said(error)
                raise
            finally:
                self._store.update_job(
                    job.id, state=state, error=problem, wish="", phase="", process=0, eta=None,
                    finished=time.time(),
                )  # fmt: skip

    def _run(
        self,
        job: Job,
        on_progress: ProgressSink | None,
        stop: threading.Event,
        book: Book | None,
    ) -> Report:
        spec = self._registry.get(job.model)
        if job.options["model_key"] != model_key(self._registry, spec):
            raise InputError(
                f"The model {spec.id} is not the one that the job {job.id} began with.",
                "Bring that model back, or begin the book anew.",
            )
        require_installed(self._registry, spec)
        folder = self._folder / job.id
        run = BookRun(self._store, job, spec, self._pool, folder, self._memory)
        with self._watched(job.id, run, on_progress, stop) as halt:
            report = run.run(halt, book)
        self._store.update_job(job.id, written=run.seen)
        return report

    @contextmanager
    def _watched(
        self, job_id: str, run: BookRun, on_progress: ProgressSink | None, stop: threading.Event
    ) -> Iterator[threading.Event]:
        """While inside: obey wishes, write down the speed, report progress."""
        halt, over = threading.Event(), threading.Event()

        def look() -> None:
            if stop.is_set() or self._store.job(job_id).wish:
                halt.set()
            meter = run.meter
            self._store.update_job(
                job_id,
                phase="stopping" if halt.is_set() else run.phase,
                speed=meter.speed if meter else 0.0,
                eta=meter.eta if meter else None,
            )
            if on_progress is not None:
                on_progress(self.progress(job_id))

        def watch() -> None:
            try:
                look()
                while not over.wait(_TICK):
                    look()
            except BaseException:
                halt.set()  # a job that nobody can stop must not go on
                raise

        watcher = threading.Thread(target=watch, name=f"verso-job-{job_id}", daemon=True)
        watcher.start()
        try:
            yield halt
        finally:
            over.set()
            watcher.join()


def said(error: BaseException) -> str:
    """What a person is told of an error that nobody foresaw."""
    if isinstance(error, OSError) and error.strerror:
        return f"The computer refused something: {error.strerror}."
    return f"Verso met an error of its own: {type(error).__name__}: {error}."
