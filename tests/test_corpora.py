"""Corpora and alignments of a data home: built and aligned in the background, each its owner's."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from trainer import background, corpus_look
from trainer.alignments import Alignments
from trainer.corpora import Corpora
from trainer.corpus_settings import CorpusSettings
from trainer.tabs import corpus_cards, corpus_inside
from trainer.tabs.own_texts import OwnTexts
from translator.errors import InputError
from translator.settings import Settings
from translator.tabs.context import AppContext

EVIL = "<img src=x onerror=alert(1)>"
GERMAN = "Das ist der Satz Nummer {} und er handelt von {} alten Schiffen."
ENGLISH = "This is sentence number {} and it is about {} old ships."
WORDS = ("red", "tall", "slow", "brave", "quiet", "lost", "far", "grey", "warm", "small")


def moses(folder: Path, count: int = 40, stem: str = "ships") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for tag, text in (("en", ENGLISH), ("de", GERMAN)):
        lines = (text.format(n * 7, WORDS[n % 10] * (n % 3 + 1)) for n in range(count))
        (folder / f"{stem}.{tag}").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def until(met: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def context(home: Path, shared: bool = False) -> AppContext:
    return AppContext(Settings(home), None, None, None, None, shared)  # type: ignore[arg-type]


def test_from_sent_files_to_a_corpus_and_away_again(tmp_path: Path) -> None:
    sent = moses(tmp_path / "sent")
    (sent / "ships.en").write_text(EVIL + "\n" + (sent / "ships.en").read_text())
    (sent / "ships.de").write_text(EVIL + "\n" + (sent / "ships.de").read_text())
    texts = OwnTexts(context(tmp_path / "home"), "")
    staged = texts.stage(sorted(sent.iterdir()))
    assert corpus_look.languages_of([staged]) == ["en", "de"]
    assert corpus_look.readable([staged], "en", "de") == ["ships"]
    name, folder = texts.new_name("Ships & <b>Sea</b>")
    assert name == "ships-b-sea-b"
    staged.rename(folder / "texts")
    texts.build(name, CorpusSettings(inputs=(str(folder / "texts"),), targets=("de",)))
    assert texts.corpus(name).status.running
    with pytest.raises(InputError, match="being built"):
        texts.delete_corpus(name)
    until(lambda: not texts.corpus(name).status.running)
    [entry] = texts.corpora()
    assert entry.status.state == "done"
    assert entry.corpus is not None
    assert entry.corpus.report["read"] == 41
    shown = corpus_cards.listing([entry], str(entry.folder)) + corpus_inside.inside(entry)
    assert "chosen" in shown
    assert "not translated" in shown
    assert "&lt;img" in shown
    assert "<img" not in shown
    assert Corpora(tmp_path / "home").free_name("Ships b sea b") == "ships-b-sea-b-2"
    wanted, again = texts.restage(name)
    assert wanted.targets == ("de",)
    assert again is not None
    assert {path.name for path in again.iterdir()} == {"ships.en", "ships.de"}
    texts.delete_corpus(name)
    assert texts.corpora() == []
    assert not folder.exists()


def test_a_build_that_cannot_be_says_why(tmp_path: Path) -> None:
    corpora = Corpora(tmp_path)
    settings = CorpusSettings(inputs=(str(moses(tmp_path / "in")),), targets=("fr",))
    corpora.build("ships", settings)
    until(lambda: not corpora.get("ships").status.running)
    entry = corpora.get("ships")
    assert entry.status.state == "failed"
    assert "French" in entry.status.message
    assert "French" in corpus_cards.listing([entry], "")
    assert "Train on this" not in corpus_cards.listing([entry], "")


def test_each_browser_sees_its_own_when_the_page_is_shared(tmp_path: Path) -> None:
    shared = context(tmp_path, shared=True)
    mine, theirs = OwnTexts(shared, "mine"), OwnTexts(shared, "theirs")
    name, _ = mine.new_name("ships")
    settings = CorpusSettings(inputs=(str(moses(tmp_path / "in")),), targets=("de",))
    with pytest.raises(InputError, match="no such corpus"):
        theirs.build(name, settings)
    mine.build(name, settings)
    until(lambda: not mine.corpus(name).status.running)
    assert [entry.name for entry in mine.corpora()] == [name]
    assert theirs.corpora() == []
    assert OwnTexts(shared, "").corpora() == []
    for call in (theirs.corpus, theirs.stop_build, theirs.delete_corpus, theirs.restage):
        with pytest.raises(InputError, match="no such corpus"):
            call(name)
    assert [entry.name for entry in OwnTexts(context(tmp_path), "").corpora()] == [name]


@pytest.mark.parametrize("name", ["..", "../x", ".work", "", "A", "a/b", "x" * 61])
def test_names_never_leave_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        Corpora(tmp_path).get(name)
    with pytest.raises(InputError):
        Alignments(tmp_path).get(name)


def book(path: Path, text: str) -> Path:
    words = (("The captain", "Der Kapitän"), ("A sailor", "Ein Matrose"))
    english = text == ENGLISH
    lines = [
        f"{words[n % 2][not english]} {'saw' if english else 'sah'} {n} "
        f"{'birds over the cold water' if english else 'Vögel über dem kalten Wasser'}."
        for n in range(30)
    ]
    path.write_text("\n\n".join(lines), "utf-8")
    return path


def test_two_editions_are_aligned_and_proofread(tmp_path: Path) -> None:
    shared = context(tmp_path, shared=True)
    mine, theirs = OwnTexts(shared, "mine"), OwnTexts(shared, "theirs")
    a, b = book(tmp_path / "sea.en.txt", ENGLISH), book(tmp_path / "sea.de.txt", GERMAN)
    one = mine.align(a, b, "", "")
    until(lambda: not mine.alignment(one).status.running)
    assert mine.alignment(one).status.state == "done"
    work = mine.proofreading(one)
    assert (work.source.language.tag, work.target.language.tag) == ("en", "de")
    assert len(work.pairs()) == 30
    assert mine.proofreading(one) is work
    about = mine.alignment(one).about
    assert (about.source, about.target) == ("en", "de")
    work.merge(work.rows[0].id)
    assert len(OwnTexts(shared, "mine").proofreading(one).pairs()) == 29
    assert theirs.alignments() == []
    for call in (theirs.alignment, theirs.proofreading, theirs.delete_alignment):
        with pytest.raises(InputError, match="no such alignment"):
            call(one)
    mine.delete_alignment(one)
    assert mine.alignments() == []


def test_books_of_one_language_are_refused_with_a_reason(tmp_path: Path) -> None:
    texts = OwnTexts(context(tmp_path), "")
    a, b = book(tmp_path / "a.txt", ENGLISH), book(tmp_path / "b.txt", ENGLISH)
    one = texts.align(a, b, "", "")
    until(lambda: not texts.alignment(one).status.running)
    assert texts.alignment(one).status.message == "Both books are in English."
    assert not texts.alignment(one).ready
    with pytest.raises(InputError, match="not aligned yet"):
        texts.proofreading(one)
    with pytest.raises(InputError, match="no book"):
        texts.align(a, tmp_path / "b.exe", "", "")


def test_a_worker_that_is_killed_has_failed_and_can_start_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    texts = OwnTexts(context(home), "")
    a, b = book(tmp_path / "a.txt", ENGLISH), book(tmp_path / "b.txt", GERMAN)
    one = texts.align(a, b, "", "")
    folder = texts.alignment(one).folder

    def pid() -> int:
        return int(json.loads((folder / background.STATUS).read_text())["pid"])

    until(lambda: pid() > 0)
    os.kill(pid(), signal.SIGKILL)
    until(lambda: not texts.alignment(one).status.running)
    if texts.alignment(one).status.state == "failed":  # else it was faster than the signal
        assert "ended without a word" in texts.alignment(one).status.message
        texts.align_again(one)
        until(lambda: not texts.alignment(one).status.running)
    assert texts.alignment(one).status.state == "done"


def test_a_worker_stops_when_it_is_asked_to(tmp_path: Path) -> None:
    with background.Reporter(tmp_path) as report:
        assert background.status(tmp_path).running
        with pytest.raises(InputError, match="at work already"):
            background.start(tmp_path, "trainer.align_job", tmp_path)
        report("Working", 0.5)
        assert background.status(tmp_path).fraction == 0.5
        background.stop(tmp_path)
        report("Working still", 0.6)
        pytest.fail("it should have stopped")
    assert background.status(tmp_path).state == "stopped"


def test_a_bug_is_told_and_raised(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), background.Reporter(tmp_path) as report:
        report("Dividing")
        _ = 1 / 0
    assert "division" in background.status(tmp_path).message


def test_what_files_tell_of_their_languages(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").write_text("German\tEnglish\nJa\tYes\n")
    assert corpus_look.languages_of([tmp_path / "a.tsv"]) == ["en", "de"]
    (tmp_path / "b.jsonl").write_text('{"translation": {"fr": "Oui", "es": "Sí"}}\n')
    assert sorted(corpus_look.languages_of([tmp_path / "b.jsonl"])) == ["es", "fr"]
    (tmp_path / "en-ja.tsv").write_text("Yes\tはい\n")
    assert corpus_look.languages_of([tmp_path / "en-ja.tsv"]) == ["en", "ja"]
    (tmp_path / "broken.tmx").write_text("<tmx")
    (tmp_path / "odd.jsonl").write_bytes(b"\xff\xfe\x00")
    assert corpus_look.languages_of([tmp_path / "broken.tmx", tmp_path / "odd.jsonl"]) == []
