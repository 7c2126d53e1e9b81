"""The report counts what is in the written file, not what was sent to it."""

from __future__ import annotations

import json
import shutil
import threading
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.epubs import make_epub
from tests.jobs_support import OnePool, jobs_with, small_epub, small_text
from translator.book_job import BookOptions, BookRun
from translator.books.base import WriteOptions
from translator.books.epub import EpubBook
from translator.engines.pseudo import PseudoEngine
from translator.errors import InputError
from translator.models.registry import Registry
from translator.report import readable, write_json
from translator.settings import Settings
from translator.types import Status
from translator.validation import unavailable, validate

KEYS = [
    "input", "output", "source_language", "target_language", "model", "segments", "coverage",
    "problems", "notes", "items", "validation",
]  # fmt: skip


class ForgetfulBook(EpubBook):
    """Writes all translations but two, and says nothing."""

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        forgotten = [block_id for block_id in texts if "c1" in block_id][3:5]
        kept = {block_id: text for block_id, text in texts.items() if block_id not in forgotten}
        super().write(output, kept, options)


class StrictBook(EpubBook):
    """Refuses a translation, as a format may that cannot hold it."""

    def check(self, block_id: str, text: str) -> str:
        return "no room" if "ŵĥíţé" in text and "1 áñđ 1" in text else super().check(block_id, text)


def run_with(kind: type[EpubBook], tmp_path: Path) -> BookRun:
    """A run of a job over a book that misbehaves."""
    home = Settings(tmp_path / "home")
    jobs = jobs_with(PseudoEngine(), home.home)
    path = small_epub(tmp_path / "a.epub", 6)
    job = jobs.store.job(jobs.create(path, BookOptions("de", model="pseudo"), queue=False))
    spec = Registry(home).get("pseudo")
    return BookRun(jobs.store, job, spec, OnePool(PseudoEngine()), home.books / job.id)


def test_report_has_the_promised_form(tmp_path: Path) -> None:
    jobs = jobs_with(PseudoEngine(), tmp_path / "home")
    book = small_text(tmp_path / "a.txt", "A house stood by the sea.", "42")
    jobs.run(job_id := jobs.create(book, BookOptions("ja", model="pseudo"), queue=False))
    report = json.loads(jobs.report_path(job_id).read_text(encoding="utf-8"))
    assert list(report) == KEYS
    assert report["input"] == str(book)
    assert Path(report["output"]).exists()
    assert (report["source_language"], report["target_language"]) == ("en", "ja")
    assert report["segments"] == {"total": 2, "translated": 1, "kept": 1, "failed": 0}
    assert report["coverage"] == 1.0
    assert [list(item) for item in report["items"]] == [
        ["id", "status", "reason", "checks", "source", "target"]
    ] * 2
    assert report["items"][1]["reason"]
    assert report["validation"]["introduced"] is None


def test_source_text_in_the_output_is_a_failure(tmp_path: Path) -> None:
    run = run_with(ForgetfulBook, tmp_path)
    report = run.run(threading.Event(), ForgetfulBook(Path(run._job.source)))
    assert report.count(Status.FAILED) == 2
    assert not report.complete
    for entry in report.entries:
        if entry.translation and entry.translation.status is Status.FAILED:
            assert "the written file says" in entry.translation.reason
    # The store knows it too, so that a retry does them again.
    assert run._store.counts(run._job.id).failed == 2
    assert run._store.ask_again(run._job.id) == 2
    assert run.run(threading.Event(), EpubBook(Path(run._job.source))).complete


def test_translation_that_the_book_cannot_hold(tmp_path: Path) -> None:
    run = run_with(StrictBook, tmp_path)
    report = run.run(threading.Event(), StrictBook(Path(run._job.source)))
    failed = [e for e in report.entries if e.translation and e.translation.status == "failed"]
    assert len(failed) == 1
    assert failed[0].translation is not None
    assert failed[0].translation.text == failed[0].segment.text
    assert "no room" in failed[0].translation.reason


def test_unwritable_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="report"):
        write_json({}, [tmp_path])
    assert list(tmp_path.iterdir()) == []


def test_readable_tags_are_not_the_texts_own() -> None:
    from translator import markup

    text = f"{markup.opening(1)}word{markup.closing(1)}{markup.single(2)}"
    assert readable(text) == "<1>word</1><2/>"
    assert "<1>" not in readable(text, "a literal <1>")
    assert readable("plain <1>") == "plain <1>"


def test_no_validation_of_other_formats(tmp_path: Path) -> None:
    result = validate(tmp_path / "a.txt", tmp_path / "b.txt")
    assert result.introduced is None
    assert "EPUB" in result.reason


@pytest.mark.skipif(bool(unavailable()), reason=unavailable())
def test_introduced_errors_are_counted(tmp_path: Path) -> None:
    good = make_epub(tmp_path / "good.epub", {"c1.xhtml": "<p>Text</p>"})
    bad = make_epub(tmp_path / "bad.epub", {"c1.xhtml": "<p>Text</p><p><li>x</li></p>"})
    result = validate(good, bad)
    assert result.before is not None
    assert result.after is not None
    assert result.introduced == result.after - result.before >= 1


@pytest.mark.skipif(bool(unavailable()), reason=unavailable())
def test_a_files_own_name_makes_no_difference(tmp_path: Path) -> None:
    one = make_epub(tmp_path / "one.epub", {"c1.xhtml": "<p>Text</p>"})
    with zipfile.ZipFile(one, "a") as archive:
        archive.writestr('OEBPS/a"b.txt', "a name that may not be")
    two = shutil.copy(one, tmp_path / "another name.epub")
    result = validate(one, Path(two))
    assert result.before and result.before == result.after
    assert result.introduced == 0
