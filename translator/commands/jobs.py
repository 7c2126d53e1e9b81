"""``verso jobs``: what is going on, and what to do about it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import print_json, say, table

if TYPE_CHECKING:
    from translator.jobs import BookJobs, Job

_SHOWN_RECENT = 3


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser("jobs", help="list and steer book jobs")
    parser.set_defaults(run=_list, json=False)
    actions = parser.add_subparsers(title="actions", metavar="")
    listed = actions.add_parser("list", help="all jobs")
    listed.add_argument("--json", action="store_true", help="as JSON")
    listed.set_defaults(run=_list)
    steps: tuple[tuple[str, Callable[[BookJobs, str], int], str], ...] = (
        ("resume", _resume, "go on with a job here, or write a finished one again"),
        ("retry", _retry, "do the failed segments of a job again"),
        ("pause", _pause, "stop a job for now"),
        ("cancel", _cancel, "stop a job; what is translated is kept"),
        ("delete", _delete, "stop a job and forget it; the written book stays"),
    )
    shown = actions.add_parser("show", help="everything about a job")
    shown.add_argument("id", metavar="ID", help="the job's id, or its beginning")
    shown.add_argument("--json", action="store_true", help="as JSON")
    shown.set_defaults(run=_show)
    another = actions.add_parser("write", help="write another edition of a finished job")
    another.add_argument("id", metavar="ID", help="the job's id, or its beginning")
    another.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="default: beside the job's own book"
    )
    another.add_argument(
        "--bilingual", choices=("none", "above", "below", "side"), default="none",
        help="where the source text stands (default: none)",
    )  # fmt: skip
    another.set_defaults(run=_write)
    for name, step, about in steps:
        action = actions.add_parser(name, help=about)
        action.add_argument("id", metavar="ID", help="the job's id, or its beginning")
        action.set_defaults(run=_on_job, step=step)


def _on_job(arguments: argparse.Namespace) -> int:
    from translator.commands.running import open_jobs

    step: Callable[[BookJobs, str], int] = arguments.step
    with open_jobs() as (jobs, _, _):
        return step(jobs, jobs.store.job(arguments.id).id)


def _resume(jobs: BookJobs, job_id: str) -> int:
    from translator.commands.running import run_job

    jobs.resume(job_id, queue=False)
    return run_job(jobs, job_id)


def _retry(jobs: BookJobs, job_id: str) -> int:
    from translator.commands.running import run_job

    say(f"Trying {jobs.retry(job_id, queue=False):,} segments again.")
    return run_job(jobs, job_id)


def _write(arguments: argparse.Namespace) -> int:
    from translator.commands.running import open_jobs, summarize
    from translator.editions import write_edition

    with open_jobs() as (jobs, _, _):
        job = jobs.store.job(arguments.id)
        return summarize(write_edition(jobs.store, job, arguments.output, arguments.bilingual))


def _pause(jobs: BookJobs, job_id: str) -> int:
    jobs.pause(job_id)
    say(f"Paused. `verso jobs resume {job_id}` goes on.")
    return 0


def _cancel(jobs: BookJobs, job_id: str) -> int:
    jobs.cancel(job_id)
    say(f"Cancelled. `verso jobs resume {job_id}` would still go on.")
    return 0


def _delete(jobs: BookJobs, job_id: str) -> int:
    jobs.delete(job_id)
    say("Deleted.")
    return 0


def _facts(jobs: BookJobs, job: Job) -> dict[str, Any]:
    counts = jobs.store.counts(job.id)
    return {
        **asdict(job),
        "state": state_of(jobs, job),
        "segments": {**asdict(counts), "done": counts.done},
    }


def state_of(jobs: BookJobs, job: Job) -> str:
    """The state of a job; one that its process left behind is ``interrupted``."""
    return "interrupted" if jobs.interrupted(job) else job.state.value


def _list(arguments: argparse.Namespace) -> int:
    from translator.commands.running import open_jobs

    with open_jobs() as (jobs, _, _):
        facts = [_facts(jobs, job) for job in jobs.jobs()]
    if arguments.json:
        print_json(facts)
        return 0
    if not facts:
        say("There are no jobs yet. `verso book FILE --to LANG` makes one.")
    table(
        ("id", "book", "languages", "model", "state", "segments", "failed", "made"),
        [
            (
                job["id"],
                job["title"],
                f"{job['source_language']} → {job['target_language']}",
                job["model"],
                job["state"],
                f"{job['segments']['done']}/{job['segments']['total']}",
                str(job["segments"]["failed"]),
                _when(job["created"]),
            )
            for job in facts
        ],
    )
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from translator.commands.running import detail, open_jobs
    from translator.types import Status

    with open_jobs() as (jobs, _, _):
        job = jobs.store.job(arguments.id)
        if arguments.json:
            print_json(_facts(jobs, job))
            return 0
        progress = jobs.progress(job.id)
        state = state_of(jobs, job)
        lines = {
            "id": job.id,
            "book": job.title,
            "file": job.input,
            "output": job.output,
            "report": str(jobs.report_path(job.id)) if jobs.report(job.id) else "",
            "languages": f"{job.source_language} → {job.target_language}",
            "model": job.model,
            "state": f"{state}, {job.phase}" if state == job.state and job.phase else state,
            "error": job.error,
            "progress": detail(progress),
            "made": _when(job.created),
            "finished": _when(job.finished) if job.finished else "",
        }
        for name, value in lines.items():
            if value:
                print(f"{name + ':':<10} {value}")
        for source, target in progress.recent[:_SHOWN_RECENT]:
            print(f"\n  {source}\n  {target}")
        for entry in jobs.store.entries(job.id):
            if entry.translation is not None and entry.translation.status is Status.FAILED:
                print(f"failed:    {entry.segment.id} ({entry.translation.reason})")
    return 0


def _when(moment: float) -> str:
    return datetime.fromtimestamp(moment).strftime("%Y-%m-%d %H:%M")
