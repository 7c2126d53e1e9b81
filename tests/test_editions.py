from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs_support import jobs_with, small_epub, small_text
from translator.book_job import BookOptions
from translator.books.base import open_book
from translator.editions import edition_path, write_edition
from translator.engines.pseudo import PseudoEngine, pseudo
from translator.errors import BookError, InputError
from translator.jobs import BookJobs

TEXT = ("The sea was calm.", "Nobody had seen the whale before.")


@pytest.fixture
def jobs(tmp_path: Path) -> BookJobs:
    return jobs_with(PseudoEngine(), tmp_path / "home")


def done(jobs: BookJobs, path: Path, **options: object) -> str:
    given = {"source": "en", "model": "pseudo", "output": path.with_name(f"out{path.suffix}")}
    job_id = jobs.create(path, BookOptions("de", **{**given, **options}), queue=False)  # type: ignore[arg-type]
    assert jobs.run(job_id).complete
    return job_id


def test_two_editions_from_one_run(tmp_path: Path, jobs: BookJobs) -> None:
    path = small_text(tmp_path / "a.txt", *TEXT)
    job_id = done(jobs, path, also="below")
    plain = (tmp_path / "out.txt").read_text(encoding="utf-8")
    both = (tmp_path / "a.de-below.txt").read_text(encoding="utf-8")
    targets = [pseudo(text, "de") for text in TEXT]
    assert plain == "\n\n".join(targets) + "\n"
    assert both == f"{targets[0]}\n\n{TEXT[0]}\n\n{targets[1]}\n\n{TEXT[1]}\n"
    report = jobs.report(job_id)
    assert report is not None
    assert any("a.de-below.txt" in note for note in report["notes"])
    assert report["segments"]["translated"] == 2


def test_any_edition_of_a_finished_job(tmp_path: Path, jobs: BookJobs) -> None:
    job = jobs.store.job(done(jobs, small_epub(tmp_path / "a.epub", 3)))
    before = (tmp_path / "out.epub").read_bytes()
    for mode in ("above", "below", "side"):
        report = write_edition(jobs.store, job, bilingual=mode)
        assert report.complete
        assert report.coverage == 1.0
        written = tmp_path / f"a.de-{mode}.epub"
        assert Path(report.job.output) == written
        shown = " ".join(block.text for block in open_book(written).blocks())
        assert "The old sailor" in shown
        assert pseudo("Chapter 1", "de") in shown
    text = write_edition(jobs.store, job, tmp_path / "a.txt")
    assert text.complete
    assert pseudo("Chapter 2", "de") in (tmp_path / "a.txt").read_text(encoding="utf-8")
    assert (tmp_path / "out.epub").read_bytes() == before
    assert write_edition(jobs.store, job).job.output == job.output
    assert (tmp_path / "out.epub").read_bytes() == before


def test_editions_that_cannot_be(tmp_path: Path, jobs: BookJobs) -> None:
    path = small_text(tmp_path / "a.txt", *TEXT)
    with pytest.raises(BookError, match="side"):
        jobs.create(path, BookOptions("de", "en", "pseudo", also="side"))
    waiting = jobs.store.job(jobs.create(path, BookOptions("de", "en", "pseudo"), queue=False))
    with pytest.raises(InputError, match="not finished"):
        write_edition(jobs.store, waiting, bilingual="below")
    job = jobs.store.job(done(jobs, path))
    for place, bilingual, match in (
        (tmp_path / "a.epub", "none", "has to be"),
        (path, "none", "replace the book itself"),
        (tmp_path / "out.txt", "below", "replace the one"),
        (tmp_path / "nowhere" / "b.txt", "none", "no place"),
        (tmp_path / "b.txt", "side", "cannot hold"),
    ):
        with pytest.raises((InputError, BookError), match=match):
            write_edition(jobs.store, job, place, bilingual)  # type: ignore[arg-type]


def test_an_edition_never_takes_the_place_of_the_jobs_own(tmp_path: Path, jobs: BookJobs) -> None:
    path = small_text(tmp_path / "a.txt", *TEXT)
    job = jobs.store.job(done(jobs, path, output=tmp_path / "a.de-below.txt"))
    assert edition_path(job, "none") == tmp_path / "a.de-below.txt"
    assert edition_path(job, "below") == tmp_path / "a.de-below-edition.txt"
