"""Run a book job in front of a person, and say how it ended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from translator.commands.terminal import complain, duration, errors_console, interruptible, say
from translator.commands.translate import FAILED_SEGMENTS
from translator.errors import Cancelled, VersoError

if TYPE_CHECKING:
    from translator.jobs import BookJobs, Progress, Report
    from translator.models.registry import Registry
    from translator.settings import Settings

INTERRUPTED = 130
_SHOWN_FAILURES = 10


@contextmanager
def open_jobs() -> Iterator[tuple[BookJobs, Registry, Settings]]:
    """The jobs of this data home, with engines to run them."""
    from translator.engines.pool import EnginePool
    from translator.jobs import BookJobs
    from translator.models.registry import Registry
    from translator.settings import Settings

    settings = Settings.load()
    registry = Registry(settings)
    pool = EnginePool(settings, registry)
    try:
        jobs = BookJobs(settings, pool, registry)
        try:
            yield jobs, registry, settings
        finally:
            jobs.close()
    finally:
        pool.close()


def run_job(jobs: BookJobs, job_id: str) -> int:
    """Run a job with a progress bar; return the exit code."""
    job = jobs.store.job(job_id)
    say(
        f"Job {job.id}: {job.title}, {job.words:,} words, "
        f"{job.source_language} → {job.target_language}, {job.model}"
    )
    go_on = f"`verso jobs resume {job.id}` goes on."
    try:
        with interruptible() as stop:
            report = _run(jobs, job.id, stop)
    except (Cancelled, KeyboardInterrupt):
        counts = jobs.store.counts(job.id)
        state = jobs.store.job(job.id).state.value
        say(f"The job is {state}, {counts.done:,} of {counts.total:,} segments are done. {go_on}")
        return INTERRUPTED
    except VersoError as error:
        complain(error)
        say(f"  Nothing that was translated is lost: {go_on}")
        return 1
    return summarize(report)


def summarize(report: Report) -> int:
    """Say how a book ended, on standard error, and where it is, on standard output."""
    from translator.types import Status

    say(
        f"{len(report.entries):,} segments: {report.count(Status.TRANSLATED):,} translated, "
        f"{report.count(Status.KEPT):,} kept, {report.count(Status.FAILED):,} failed."
    )
    for problem in (*report.notes, *report.problems):
        say(problem)
    checked = report.validation
    if checked.introduced is not None:
        say(
            f"epubcheck: {checked.before} errors before, {checked.after} after, "
            f"{checked.introduced} introduced."
        )
    elif report.job.options["validate"]:
        say(f"Not validated: {checked.reason}.")
    print(report.job.output)
    if report.complete:
        return 0
    failed = [e for e in report.entries if e.translation and e.translation.status is Status.FAILED]
    if failed:
        say("verso: Some segments stand in the source language:")
    for entry in failed[:_SHOWN_FAILURES]:
        reason = entry.translation.reason if entry.translation else ""
        say(f"  {entry.segment.id} ({reason})")
    if len(failed) > _SHOWN_FAILURES:
        say(f"  and {len(failed) - _SHOWN_FAILURES} more; the report lists them all")
    if failed:
        say(f"  `verso jobs retry {report.job.id}` tries them again.")
    return FAILED_SEGMENTS


def _run(jobs: BookJobs, job_id: str, stop: threading.Event) -> Report:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = errors_console()
    columns = (
        TextColumn("{task.fields[phase]}"),
        BarColumn(bar_width=None),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[detail]}"),
    )
    disable = not console.is_terminal
    with Bar(*columns, console=console, expand=True, transient=True, disable=disable) as bar:
        task = bar.add_task("", total=1.0, phase="starting", detail="")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                completed=progress.fraction,
                phase=progress.job.phase,
                detail=detail(progress),
            )

        return jobs.run(job_id, show, stop)


def detail(progress: Progress) -> str:
    """Segments, words, speed and time left in one line."""
    counts, job = progress.counts, progress.job
    parts = []
    if counts.total:
        parts.append(f"{counts.done:,}/{counts.total:,} segments")
        parts.append(f"{counts.words_done:,} words")
    if counts.failed:
        parts.append(f"{counts.failed:,} failed")
    if job.speed:
        parts.append(f"{job.speed:,.0f} tokens/s")
    if job.eta:
        parts.append(f"{duration(job.eta)} left")
    return ", ".join(parts)
