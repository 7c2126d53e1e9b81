"""The app's background work: queued and orphaned jobs are run in their turn."""

from __future__ import annotations

import logging
import threading

from translator.errors import Cancelled, VersoError
from translator.job_runner import Busy, JobRunner, said
from translator.job_setup import KIND
from translator.records import Job, JobState
from translator.store import Store

_IDLE = 1.0  # seconds between looks for work that other processes queued

_log = logging.getLogger(__name__)


class JobWorker:
    """Two threads that run jobs. May be used from any thread.

    One translates the books, one after the other. The other one takes books that were written
    before (a few segments once more, the file anew), so that they need not wait for a long one;
    they share its engine.
    """

    def __init__(self, store: Store, runner: JobRunner) -> None:
        self._store = store
        self._runner = runner
        self._news = (threading.Event(), threading.Event())
        self._halt = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, unless it works already."""
        if self._threads:
            return
        self._halt.clear()
        self._threads = [
            threading.Thread(target=self._work, args=lane, name="verso-books", daemon=True)
            for lane in zip((False, True), self._news, strict=True)
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """There is something new to do."""
        for news in self._news:
            news.set()

    def stop(self, timeout: float) -> None:
        """End; the jobs that are being run go on at the next :meth:`start`."""
        self._halt.set()
        self.wake()
        for thread in self._threads:
            thread.join(timeout)
        self._threads = []

    def _work(self, written: bool, news: threading.Event) -> None:
        while not self._halt.is_set():
            news.clear()
            try:
                job = self._next(written)
                if job is None:
                    news.wait(_IDLE)
                else:
                    self._run(job)
            except Exception:  # the store cannot be read or written now: later it may
                _log.exception("the queue of books")
                self._halt.wait(_IDLE)

    def _next(self, written: bool) -> Job | None:
        return next(
            (
                job
                for job in self._store.jobs()
                if job.kind == KIND
                and (job.written is not None) == written
                and (job.state is JobState.QUEUED or self._runner.orphaned(job))
            ),
            None,
        )

    def _run(self, job: Job) -> None:
        try:
            self._runner.run(job.id, None, self._halt, JobState.QUEUED)
        except Cancelled:
            _log.info("job %s was stopped", job.id)
        except Busy:
            self._halt.wait(_IDLE)  # another process was faster
        except Exception as error:
            _log.exception("job %s", job.id)
            if self._store.job(job.id).state in (JobState.QUEUED, JobState.RUNNING):
                # It could not even begin: to try that again at once would never end.
                problem = str(error) if isinstance(error, VersoError) else said(error)
                self._store.update_job(job.id, state=JobState.FAILED, error=problem)
