"""Book jobs: made, run, killed, resumed, retried; nothing is lost or done twice."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.fake_engine import Fail, Say
from tests.jobs_support import (
    MakeJobs,
    SlowEngine,
    as_pseudo,
    scripted,
    small_epub,
    small_text,
    state,
    stored,
)
from translator.engines.pseudo import PseudoEngine, pseudo
from translator.errors import Cancelled, InputError, ModelError, VersoError
from translator.jobs import BookOptions, JobState, Progress
from translator.types import Segment, Status

DE = BookOptions("de", model="pseudo")
ROOT = Path(__file__).resolve().parent.parent
TEXT = ("The first paragraph is about a house.", "The second one is about a dog.", "1234")


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
    jobs.store.ask_again(job_id)
    assert make_jobs(PseudoEngine()).run(job_id).complete
    assert jobs.store.job(job_id).error == ""


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


def test_source_language_of_a_book(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    german = small_text(
        tmp_path / "g.txt", "Der alte Mann ging langsam über die Straße und kaufte ein Brot."
    )
    options = BookOptions("fr", model="pseudo")
    assert jobs.store.job(jobs.create(german, options)).source_language == "de"
    told = BookOptions("fr", "Dutch", model="pseudo")
    assert jobs.store.job(jobs.create(german, told)).source_language == "nl"
