"""Book jobs: made, run, killed, resumed, retried; nothing is lost or done twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fake_engine import Fail, Say
from tests.jobs_support import (
    SlowEngine,
    as_pseudo,
    jobs_with,
    scripted,
    small_epub,
    small_text,
)
from translator.engines.base import Engine
from translator.engines.pseudo import PseudoEngine, pseudo
from translator.errors import Cancelled, InputError, ModelError, VersoError
from translator.jobs import BookJobs, BookOptions, JobState, Progress
from translator.progress import Meter
from translator.records import Entry
from translator.types import Segment, Status, Translation

DE = BookOptions("de", model="pseudo")
ROOT = Path(__file__).resolve().parent.parent
TEXT = ("The first paragraph is about a house.", "The second one is about a dog.", "1234")

MakeJobs = Callable[[Engine], BookJobs]


@pytest.fixture
def make_jobs(tmp_path: Path) -> Iterator[MakeJobs]:
    made: list[BookJobs] = []

    def make(engine: Engine) -> BookJobs:
        made.append(jobs_with(engine, tmp_path / "home"))
        return made[-1]

    yield make
    for jobs in made:
        jobs.close()


def wait_for(truth: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def state(jobs: BookJobs, job_id: str) -> JobState:
    return jobs.store.job(job_id).state


def stored(jobs: BookJobs, job_id: str) -> dict[str, Translation]:
    return {
        e.segment.id: e.translation for e in jobs.store.entries(job_id) if e.translation is not None
    }


def test_text_from_start_to_end(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    book = small_text(tmp_path / "house.txt", *TEXT)
    seen: list[Progress] = []
    job_id = jobs.create(book, DE, queue=False)
    book.unlink()  # the job has its own copy
    report = jobs.run(job_id, seen.append)
    job = jobs.store.job(job_id)
    assert (job.state, job.source_language, job.target_language) == (JobState.DONE, "en", "de")
    assert Path(job.output).name == "house.de.txt"
    assert (
        Path(job.output).read_text(encoding="utf-8")
        == "\n\n".join([*(pseudo(text, "de") for text in TEXT[:2]), TEXT[2]]) + "\n"
    )
    assert report.complete
    assert report.coverage == 1.0
    assert [report.count(status) for status in Status] == [2, 1, 0]
    assert jobs.report(job_id) == report.as_dict()
    assert seen
    progress = jobs.progress(job_id)
    assert progress.fraction == 1.0
    assert progress.recent[0] == (TEXT[1], pseudo(TEXT[1], "de"))


def test_epub_and_its_second_copy_of_the_report(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    book = small_epub(tmp_path / "a.epub", 5)
    options = BookOptions(
        "de", model="pseudo", output=tmp_path / "out.epub", report=tmp_path / "r.json"
    )
    job_id = jobs.create(book, options, queue=False)
    report = jobs.run(job_id)
    assert report.complete
    assert (tmp_path / "r.json").read_bytes() == jobs.report_path(job_id).read_bytes()
    items = report.as_dict()["items"]
    tagged = next(item for item in items if "white whale" in item["source"])
    assert "<1>white whale</1>" in tagged["source"]
    assert tagged["target"].count("<1>") == tagged["target"].count("</1>") == 1


def test_wrong_wishes_leave_nothing_behind(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    book = small_text(tmp_path / "house.txt", *TEXT)
    empty = small_text(tmp_path / "empty.txt", "123", "---")
    wrong: list[tuple[Path, BookOptions, str]] = [
        (book, BookOptions("xx", model="pseudo"), "Unknown language"),
        (book, BookOptions("en", model="pseudo"), "already"),
        (book, BookOptions("de", "de", "pseudo"), "already"),
        (book, BookOptions("de", model="nonsense"), "no model"),
        (book, BookOptions("de"), "not downloaded"),
        (book, BookOptions("de", model="pseudo", sampling={"min_p": 7}), "min p"),
        (book, BookOptions("de", model="pseudo", output=book), "replace the book"),
        (book, BookOptions("de", model="pseudo", output=tmp_path / "a.epub"), "txt"),
        (book, BookOptions("de", model="pseudo", output=tmp_path / "no" / "a.txt"), "no place"),
        (book, BookOptions("de", model="pseudo", bilingual="side"), "side"),
        (empty, DE, "no text"),
        (tmp_path / "missing.txt", DE, "no file"),
        (tmp_path, DE, "no file"),
    ]
    for path, options, message in wrong:
        with pytest.raises(VersoError, match=message):
            jobs.create(path, options)
    assert jobs.jobs() == []
    assert list((tmp_path / "home" / "books").glob("*")) == []


def test_stop_keeps_what_is_done_and_a_run_goes_on(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(SlowEngine(0.02))
    job_id = jobs.create(small_epub(tmp_path / "a.epub"), DE, queue=False)
    stop = threading.Event()

    def stop_early(progress: Progress) -> None:
        if progress.counts.done > 10:
            stop.set()

    with pytest.raises(Cancelled):
        jobs.run(job_id, stop_early, stop)
    assert state(jobs, job_id) is JobState.PAUSED
    before = stored(jobs, job_id)
    assert 10 < len(before) < jobs.store.counts(job_id).total
    engine = scripted(as_pseudo)
    with engine:
        assert make_jobs(engine).run(job_id).complete
    after = stored(jobs, job_id)
    assert {key: after[key] for key in before} == before
    assert len(engine.seen) == sum(
        t.status is Status.TRANSLATED for key, t in after.items() if key not in before
    )


def test_failed_segments_are_said_and_retried(make_jobs: MakeJobs, tmp_path: Path) -> None:
    bad = "The second"
    with scripted(lambda r, text, n: Fail() if bad in text else as_pseudo(r, text, n)) as engine:
        jobs = make_jobs(engine)
        job_id = jobs.create(small_text(tmp_path / "a.txt", *TEXT), DE, queue=False)
        report = jobs.run(job_id)
    assert state(jobs, job_id) is JobState.DONE
    assert not report.complete
    assert report.count(Status.FAILED) == 1
    assert report.coverage == pytest.approx(2 / 3)
    failed = next(i for i in report.as_dict()["items"] if i["status"] == "failed")
    assert failed["source"] == failed["target"] == TEXT[1]
    assert "engine failed" in failed["reason"]
    assert TEXT[1] in Path(report.job.output).read_text(encoding="utf-8")
    healthy = make_jobs(PseudoEngine())
    assert healthy.retry(job_id, queue=False) == 1
    assert healthy.run(job_id).complete
    assert TEXT[1] not in Path(report.job.output).read_text(encoding="utf-8")
    with pytest.raises(InputError, match="No segment"):
        healthy.retry(job_id)


def test_unchanged_replies_are_no_translations(make_jobs: MakeJobs, tmp_path: Path) -> None:
    with scripted(lambda r, text, n: Say(text)) as engine:
        jobs = make_jobs(engine)
        report = jobs.run(jobs.create(small_text(tmp_path / "a.txt", *TEXT), DE, queue=False))
    assert [report.count(status) for status in Status] == [0, 3, 0]
    assert Path(report.job.output).read_bytes() == (tmp_path / "a.txt").read_bytes()


def test_dead_engine_fails_the_job_and_loses_nothing(make_jobs: MakeJobs, tmp_path: Path) -> None:
    broken = threading.Event()

    def script(request: object, text: str, count: int) -> Say | Fail:
        if "Number 1 and 20" in text:
            broken.set()
        return Fail("Out of memory.") if broken.is_set() else Say(pseudo(text, "de"))

    with scripted(script) as engine:
        jobs = make_jobs(engine)
        job_id = jobs.create(small_epub(tmp_path / "a.epub", 100), DE, queue=False)
        with pytest.raises(VersoError, match="Out of memory"):
            jobs.run(job_id)
    job = jobs.store.job(job_id)
    assert job.state is JobState.FAILED
    assert "Out of memory" in job.error
    assert jobs.store.counts(job_id).translated > 5
    jobs.store.forget_failed(job_id)
    assert make_jobs(PseudoEngine()).run(job_id).complete
    assert jobs.store.job(job_id).error == ""


def test_two_never_run_one_job(make_jobs: MakeJobs, tmp_path: Path) -> None:
    first, second = make_jobs(SlowEngine(0.02)), make_jobs(PseudoEngine())
    job_id = first.create(small_epub(tmp_path / "a.epub"), DE)
    first.start()
    wait_for(lambda: first.store.counts(job_id).done > 3)
    assert not second.interrupted(second.store.job(job_id))
    for step in (second.run, second.resume, second.retry):
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


def test_same_command_finds_its_unfinished_job(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    book = small_text(tmp_path / "a.txt", *TEXT)
    job_id = jobs.create(book, DE, queue=False)
    other = small_text(tmp_path / "b.txt", *TEXT, "Another end.")
    found = jobs.unfinished(book, DE)
    assert found is not None
    assert found.id == job_id
    assert jobs.unfinished(other, DE) is None
    for options in (
        BookOptions("fr", model="pseudo"),
        BookOptions("de", "en", model="pseudo"),
        BookOptions("de", model="pseudo", style="formal"),
        BookOptions("de", model="pseudo", sampling={"temperature": 0.5}),
    ):
        assert jobs.unfinished(book, options) is None
    moved = BookOptions("de", model="pseudo", output=tmp_path / "elsewhere.txt")
    jobs.adopt(job_id, book, moved)
    assert jobs.run(job_id).complete
    assert (tmp_path / "elsewhere.txt").exists()
    assert jobs.unfinished(book, DE) is None


def test_other_model_under_the_same_name_is_refused(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    job_id = jobs.create(small_text(tmp_path / "a.txt", *TEXT), DE, queue=False)
    options = {**jobs.store.job(job_id).options, "model_key": "pseudo|another"}
    jobs.store.update_job(job_id, options=options)
    with pytest.raises(InputError, match="not the one"):
        jobs.run(job_id)
    jobs.store.update_job(job_id, options={**options, "model_key": "x"}, model="gone")
    with pytest.raises(ModelError):
        jobs.run(job_id)


def test_changed_reading_of_the_book_is_refused(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    job_id = jobs.create(small_text(tmp_path / "a.txt", *TEXT), DE, queue=False)
    jobs.store.add_segments(job_id, [Segment("other", "other", 0, "Other text.")])
    with pytest.raises(InputError, match="differently"):
        jobs.run(job_id)


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


def test_source_language_of_a_book(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    german = small_text(
        tmp_path / "g.txt", "Der alte Mann ging langsam über die Straße und kaufte ein Brot."
    )
    options = BookOptions("fr", model="pseudo")
    assert jobs.store.job(jobs.create(german, options)).source_language == "de"
    told = BookOptions("fr", "Dutch", model="pseudo")
    assert jobs.store.job(jobs.create(german, told)).source_language == "nl"


def simulate(slots: int, lengths: list[int], checks: list[float]) -> list[float]:
    """Errors of the ETA (as a share of the truth) at these shares of a simulated run.

    Every segment takes as long as its length; ``slots`` of them are worked on at once.
    """
    now = 0.0
    segments = [Segment(str(n), str(n), 0, "x" * length) for n, length in enumerate(lengths)]
    meter = Meter(segments, slots, clock=lambda: now)
    free = [0.0] * slots
    ends = []
    for segment in segments:
        slot = free.index(min(free))
        free[slot] += len(segment.text) / 50
        ends.append((free[slot], segment.id))
    total = max(free)
    errors = []
    for end, segment_id in sorted(ends):
        now = end
        meter.add(Translation(segment_id, Status.TRANSLATED, "y", new_tokens=10))
        if checks and now / total >= checks[0]:
            checks.pop(0)
            assert meter.eta is not None
            errors.append(abs(meter.eta - (total - now)) / (total - now))
    return errors


@pytest.mark.parametrize("slots", [1, 16])
def test_eta_is_honest_from_the_first_two_percent_on(slots: int) -> None:
    random_source = random.Random(slots)
    lengths = [int(random_source.lognormvariate(5, 0.8)) + 5 for _ in range(3000)]
    assert max(simulate(slots, lengths, [0.02, 0.05, 0.3, 0.7])) < 0.25


def test_eta_is_unknown_at_first_and_nothing_at_the_end() -> None:
    now = 0.0
    segments = [Segment(str(n), str(n), 0, "text") for n in range(4)]
    meter = Meter(segments, 2, clock=lambda: now)
    assert meter.eta is None
    now = 10.0
    for segment in segments:
        meter.add(Translation(segment.id, Status.TRANSLATED, "y", new_tokens=5))
    assert meter.eta == 0.0
    assert meter.speed == 2.0
