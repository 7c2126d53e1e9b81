"""Jobs and processes: locks, wishes, the background worker, kills at any moment."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.jobs_support import (
    MakeJobs,
    SlowEngine,
    as_pseudo,
    scripted,
    small_epub,
    small_text,
    state,
    stored,
    wait_for,
)
from translator.engines.pseudo import PseudoEngine
from translator.errors import InputError
from translator.jobs import BookOptions, JobState
from translator.records import Entry

DE = BookOptions("de", model="pseudo")
ROOT = Path(__file__).resolve().parent.parent
TEXT = ("The first paragraph is about a house.", "The second one is about a dog.", "1234")


def test_two_never_run_one_job(make_jobs: MakeJobs, tmp_path: Path) -> None:
    first, second = make_jobs(SlowEngine(0.02)), make_jobs(PseudoEngine())
    job_id = first.create(small_epub(tmp_path / "a.epub"), DE)
    first.start()
    wait_for(lambda: first.store.counts(job_id).done > 3)
    assert not second.interrupted(second.store.job(job_id))
    for step in (second.run, second.resume):
        with pytest.raises(InputError, match="another Verso"):
            step(job_id)
    with pytest.raises(InputError, match="another Verso"):
        second.adopt(job_id, tmp_path / "a.epub", DE)
    second.pause(job_id)
    wait_for(lambda: state(second, job_id) is JobState.PAUSED)
    done = stored(second, job_id)
    time.sleep(1.2)  # the worker does not take it up again by itself
    assert state(second, job_id) is JobState.PAUSED
    first.resume(job_id)
    wait_for(lambda: len(stored(second, job_id)) > len(done))
    second.cancel(job_id)
    wait_for(lambda: state(second, job_id) is JobState.CANCELLED)
    report = second.run(job_id)
    assert report.complete
    assert done.items() <= stored(second, job_id).items()
    with pytest.raises(InputError, match="done already"):
        second.cancel(job_id)


def test_worker_takes_jobs_in_turn_and_survives_bad_ones(
    make_jobs: MakeJobs, tmp_path: Path
) -> None:
    jobs = make_jobs(PseudoEngine())
    ids = [
        jobs.create(small_text(tmp_path / f"{n}.txt", *TEXT, f"And also number {n}."), DE)
        for n in range(3)
    ]
    Path(jobs.store.job(ids[1]).source).unlink()
    jobs.start()
    wait_for(lambda: state(jobs, ids[2]) is JobState.DONE)
    assert [state(jobs, i) for i in ids] == [JobState.DONE, JobState.FAILED, JobState.DONE]
    assert "cannot be read" in jobs.store.job(ids[1]).error
    started = [jobs.store.job(i).started or 0 for i in ids]
    assert started == sorted(started)


def test_stopped_app_goes_on_at_the_next_start(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(SlowEngine(0.02))
    job_id = jobs.create(small_epub(tmp_path / "a.epub"), DE)
    jobs.start()
    wait_for(lambda: jobs.store.counts(job_id).done > 3)
    jobs.stop()
    assert state(jobs, job_id) is JobState.QUEUED
    before = stored(jobs, job_id)
    again = make_jobs(PseudoEngine())
    again.start()
    wait_for(lambda: state(again, job_id) is JobState.DONE)
    assert before.items() <= stored(again, job_id).items()


def test_delete_stops_and_forgets(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs, other = make_jobs(SlowEngine(0.02)), make_jobs(PseudoEngine())
    out = tmp_path / "kept.epub"
    out.write_bytes(b"an older output")
    options = BookOptions("de", model="pseudo", output=out)
    job_id = jobs.create(small_epub(tmp_path / "a.epub"), options)
    jobs.start()
    wait_for(lambda: jobs.store.counts(job_id).done > 3)
    other.delete(job_id)
    assert jobs.jobs() == []
    assert not (tmp_path / "home" / "books" / job_id).exists()
    assert out.read_bytes() == b"an older output"


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_killed_at_any_moment(
    make_jobs: MakeJobs, tmp_path: Path, signal_number: signal.Signals
) -> None:
    """Six times killed, the book has the same bytes as if nothing had happened."""
    book = small_epub(tmp_path / "a.epub")
    jobs = make_jobs(PseudoEngine())
    whole = BookOptions("de", model="pseudo", output=tmp_path / "whole.epub")
    jobs.run(jobs.create(book, whole, queue=False))
    job_id = jobs.create(
        book, BookOptions("de", model="pseudo", output=tmp_path / "killed.epub"), queue=False
    )
    random_source = random.Random(7)
    before: list[Entry] = []
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.slow_book", str(tmp_path / "home"), job_id, "0.01"],
            cwd=ROOT,
            stderr=subprocess.DEVNULL,
            # In the background of a shell, where the tests may run, Ctrl+C is ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        least = len(stored(jobs, job_id))
        wait_for(lambda: len(stored(jobs, job_id)) > least or process.poll() is not None)  # noqa: B023
        time.sleep(random_source.uniform(0, 0.25))
        process.send_signal(signal_number)
        assert process.wait(20) != 0
        expected = JobState.RUNNING if signal_number is signal.SIGKILL else JobState.PAUSED
        assert state(jobs, job_id) is expected
        assert jobs.interrupted(jobs.store.job(job_id)) == (expected is JobState.RUNNING)
        assert not (tmp_path / "killed.epub").exists()
        after = jobs.store.entries(job_id)
        kept = [e for e in before if e.translation is not None]
        assert all(entry in after for entry in kept)
        before = after
    assert 10 < len(stored(jobs, job_id)) < len(before)
    missing = [e.segment for e in before if e.translation is None and e.segment.keep is None]
    with scripted(as_pseudo) as engine:
        resumed = make_jobs(engine)
        if signal_number is signal.SIGKILL:
            resumed.start()  # the app takes an orphan up by itself
            wait_for(lambda: state(resumed, job_id) is JobState.DONE)
        else:
            resumed.run(job_id)
        assert len(engine.seen) == len(missing)
    assert (tmp_path / "killed.epub").read_bytes() == (tmp_path / "whole.epub").read_bytes()
