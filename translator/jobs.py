"""Book jobs: made, queued, run one at a time, stopped, resumed, retried, deleted.

Everything that must outlive a process is in the store and in the job's folder.
"""

from __future__ import annotations

import json
import secrets
import shutil
import threading
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from translator import languages
from translator.book_job import BookOptions, Engines
from translator.books.base import Book
from translator.books.export import exported, open_for
from translator.editing import Editor
from translator.errors import InputError
from translator.job_runner import Busy, JobRunner, ProgressSink
from translator.job_setup import (
    KIND,
    checked_output,
    file_hash,
    new_job,
    output_name,
    settled,
    usable_model,
)
from translator.job_worker import JobWorker
from translator.memory import Memory
from translator.models.registry import Registry
from translator.progress import Progress
from translator.records import Counts, Job, JobState
from translator.report import Report
from translator.settings import Settings
from translator.store import Store

__all__ = [
    "BookJobs",
    "BookOptions",
    "Counts",
    "Job",
    "JobState",
    "Progress",
    "Report",
    "output_name",
]

_SHORT = 0.3  # seconds to wait for somebody who is about to let a job go


class BookJobs:
    """All book jobs of this data home. May be used from any thread.

    The command line runs a job with :meth:`run` in its own thread; the app calls :meth:`start`
    and leaves the queue to a background thread, until :meth:`stop` (before the engines close).
    """

    def __init__(self, settings: Settings, pool: Engines, registry: Registry) -> None:
        self._folder = settings.books
        self._registry = registry
        self.store = Store(settings.database)
        self.memory = Memory(settings.memory)
        self._runner = JobRunner(self.store, self._folder, pool, registry, self.memory)
        self.editor = Editor(self.store, self.memory, self._folder)
        self._opened: dict[str, Book] = {}
        self._worker = JobWorker(self.store, self._runner)

    def create(
        self, path: Path, options: BookOptions, *, queue: bool = True, name: str = ""
    ) -> str:
        """Make a job from a file and return its id.

        The file is copied, so it may change or go; ``name`` is what the user calls it, where that
        is not its path. With ``queue`` the background worker takes the job when its turn comes,
        else it waits for :meth:`run`. Raises :class:`VersoError`
        for anything that is wrong with the file, the languages, the model or the options.
        """
        job_id = secrets.token_hex(4)
        job, book = new_job(job_id, self._folder / job_id, Path(path), options, self._registry)
        job = replace(job, input=name or job.input)
        if queue:
            self.store.add_job(job)
            self._worker.wake()
        else:
            self.store.add_job(replace(job, state=JobState.PAUSED))
            self._opened = {job_id: book}
        return job_id

    def unfinished(self, path: Path, options: BookOptions) -> Job | None:
        """The latest unfinished job that would translate this very file in the same way.

        It may differ in how the result is written: see :meth:`adopt`.
        """
        now = settled(self._registry, usable_model(self._registry, options), options)
        target, sha256 = languages.get(options.target), file_hash(path)
        for job in reversed(self.jobs()):
            same = (
                job.sha256 == sha256
                and job.state is not JobState.DONE
                and exported(path, Path(job.output)) == exported(path, options.output)
                and job.target_language == target.tag
                and {name: job.options.get(name) for name in now} == now
                and job.options["source"] == options.source
                and job.options["style"] == options.style
                and job.options["sampling"] == dict(options.sampling)
            )
            if same:
                return job
        return None

    def adopt(self, job_id: str, path: Path, options: BookOptions) -> None:
        """Give an unfinished job other wishes for its output, and make it ready for
        :meth:`run`. Raises :class:`InputError` if somebody runs it.
        """
        with self._runner.locked(job_id) as job:
            folder = self._folder / job.id
            book = open_for(Path(job.source), options.output)
            output = checked_output(book, path, folder, job.target_language, options)
            now = settled(self._registry, usable_model(self._registry, options), options)
            kept = {name: job.options[name] for name in now if name in job.options}
            self.store.update_job(
                job.id,
                input=str(path.absolute()),
                output=str(output),
                options={**options.stored(), **kept},
                state=JobState.PAUSED,
                wish="",
            )
        self._opened = {job.id: book}

    def jobs(self) -> list[Job]:
        """All book jobs, the oldest first."""
        return [job for job in self.store.jobs() if job.kind == KIND]

    def interrupted(self, job: Job) -> bool:
        """Whether the process that ran a job has died, so that the job waits to go on."""
        return self._runner.orphaned(job)

    def progress(self, job_id: str) -> Progress:
        """How far a job is, whoever runs it."""
        return self._runner.progress(job_id)

    def report_path(self, job_id: str) -> Path:
        """Where the job's ``report.json`` is, or will be."""
        return self._folder / self.store.job(job_id).id / "report.json"

    def report(self, job_id: str) -> dict[str, Any] | None:
        """The report of a finished job, ``None`` before there is one."""
        path = self.report_path(job_id)
        if not path.exists():
            return None
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return data

    def run(
        self,
        job_id: str,
        on_progress: ProgressSink | None = None,
        stop: threading.Event | None = None,
    ) -> Report:
        """Do what is missing of a job, in this thread, and write the book.

        Stored segments stay as they are. ``on_progress`` is called about twice a second from
        another thread. Raises :class:`Cancelled` when ``stop`` was set (the job is then
        paused) or someone paused or cancelled it, and other :class:`VersoError` as they come.
        """
        book = self._opened.pop(self.store.job(job_id).id, None)
        halt = stop or threading.Event()
        return self._runner.run(job_id, on_progress, halt, JobState.PAUSED, book)

    def resume(self, job_id: str, *, queue: bool = True) -> None:
        """Let a job go on: in the background (``queue``) or with the next :meth:`run`.

        A job that is done is written again. Raises :class:`InputError` if somebody runs it.
        """
        with self._runner.locked(job_id) as job:
            state = JobState.QUEUED if queue else JobState.PAUSED
            self.store.update_job(job.id, state=state, wish="", error="")
        self._worker.wake()

    def retry(
        self,
        job_id: str,
        numbers: Iterable[int] | None = None,
        note: str = "",
        *,
        queue: bool = True,
    ) -> int:
        """Translate segments once more; return how many. See :meth:`Store.ask_again`.

        If somebody runs the job, the segments are done by the way; if a person stopped it, when it
        is resumed; else it is as with :meth:`resume`. What is stored of a segment stands until
        there is something new. Raises :class:`InputError` if there is nothing to try again.
        """
        job = self.store.job(job_id)
        rest = self.store.missing(job.id)
        count = self.store.ask_again(job.id, numbers, note)
        if not count:
            raise InputError(
                f"No segment of the job {job.id} has failed."
                if numbers is None
                else "There is nothing to translate again here.",
                "What a person wrote, and what is not to be translated, stays as it is.",
            )
        if queue and rest and job.state in (JobState.PAUSED, JobState.CANCELLED):
            return count  # a person stopped it: it is not for a retry to begin it again
        state = JobState.QUEUED if queue else JobState.PAUSED
        try:
            with self._runner.locked(job.id, timeout=_SHORT):
                self.store.update_job(job.id, state=state, wish="", error="")
        except Busy:
            return count  # whoever runs it sees what is wanted
        self._worker.wake()
        return count

    def write(self, job_id: str) -> None:
        """Write the book of a finished job again, in the background."""
        job = self.store.job(job_id)
        if self.store.missing(job.id) or not self.store.counts(job.id).total:
            raise InputError(
                "The book is not translated to its end yet, so it cannot be written.",
                "Resume it: it is written when the last segment is done.",
            )
        self.resume(job.id)

    def edit(self, job_id: str, segment_id: str, text: str) -> None:
        """Put a person's translation (tagged) in the place of a segment's.

        It stands in the book when that is written again (:meth:`write`), no later run changes
        it, and it is remembered for every other book. Raises :class:`InputError` if the text
        does not fit, into the book either.
        """
        self.editor.edit(self.store.job(job_id), segment_id, text)

    def pause(self, job_id: str) -> None:
        """Stop a job for now. It goes on with :meth:`resume`, not by itself."""
        self._wish(job_id, "pause", JobState.PAUSED)

    def cancel(self, job_id: str) -> None:
        """Stop a job for good. What is translated stays, :meth:`resume` still works."""
        self._wish(job_id, "cancel", JobState.CANCELLED)

    def delete(self, job_id: str) -> None:
        """Stop and forget a job, with its folder; an output elsewhere stays."""
        job = self.store.job(job_id)
        self.store.update_job(job.id, wish="cancel")
        with self._runner.locked(job.id, timeout=20.0):
            self.store.delete_job(job.id)
        shutil.rmtree(self._folder / job.id, ignore_errors=True)

    def start(self) -> None:
        """Run queued and orphaned jobs in the background, in their turn."""
        self._worker.start()

    def stop(self, timeout: float = 15.0) -> None:
        """Stop the background; the jobs it was at go on at the next :meth:`start`."""
        self._worker.stop(timeout)

    def close(self) -> None:
        """Stop the background thread and close the store and the memory."""
        self.stop()
        self.store.close()
        self.memory.close()

    def _wish(self, job_id: str, wish: str, state: JobState) -> None:
        job = self.store.job(job_id)
        if job.state is JobState.DONE:
            raise InputError(f"The job {job.id} is done already.")
        self.store.update_job(job.id, wish=wish)
        try:
            with self._runner.locked(job.id, timeout=_SHORT) as now:
                ended = now.state is JobState.DONE
                self.store.update_job(job.id, wish="", state=now.state if ended else state)
        except Busy:
            return  # whoever runs it sees the wish
