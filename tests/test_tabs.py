"""What the tabs are made of, without a browser."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from tests.epubs import make_epub
from translator.errors import InputError, VersoError
from translator.glossary import Term
from translator.glossary_rows import Problem, Row
from translator.glossary_store import Saved
from translator.models.spec import ModelKind, ModelSpec, UrlSource
from translator.settings import Settings
from translator.tabs import terms_table, views
from translator.tabs.book_about import describe
from translator.tabs.context import AppContext
from translator.tabs.downloads import Downloads, DownloadState
from translator.tabs.own_glossaries import OwnGlossaries
from translator.tabs.running import Running
from translator.tabs.segments_table import table
from translator.tabs.text_progress import TextProgress
from translator.translator import SegmentResult, TextUpdate, UpdateKind
from translator.types import Check, Segment, Status, Translation

HOSTILE = '<img src=x onerror=alert(1)> "quoted" & ${evil}'


def _result(index: int, source: str = "Text", target: str = "Wort") -> SegmentResult:
    return SegmentResult(
        Segment(f"s{index}", f"b{index}", 0, source),
        Translation(f"s{index}", Status.TRANSLATED, target, checks=(Check("numbers", HOSTILE),)),
    )


def test_text_of_a_user_never_becomes_markup() -> None:
    shown = (
        table({0: _result(0, HOSTILE, HOSTILE)}, "en", "de", 1)
        + views.error(VersoError(HOSTILE, HOSTILE))
        + views.button(HOSTILE, HOSTILE, HOSTILE, confirm=HOSTILE)
        + views.figures((HOSTILE,))
        + views.progress(0.5, HOSTILE)
        + views.passage(HOSTILE, 'de" onclick="x')
        + terms_table.table(
            [Row(HOSTILE, HOSTILE, note=HOSTILE)],
            ("en", 'de" onclick="x'),
            [Problem(1, HOSTILE)],
            buttons="",
        )
    )
    assert "<img" not in shown
    assert 'onclick="x' not in shown
    assert "&lt;img" in shown


def test_passages_carry_their_language() -> None:
    assert 'lang="ar" dir="rtl"' in views.passage("x", "ar")
    assert 'dir="auto"' in views.passage("x", "")
    assert views.language_name("en-US") == "English"
    assert views.language_name("tlh") == "tlh"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (59.4, "59 s"), (61, "1 min 01 s"), (7322, "2 h 02 min")],
)
def test_durations(seconds: float, said: str) -> None:
    assert views.duration(seconds) == said


def test_sizes_are_those_of_shops() -> None:
    assert [views.size(n) for n in (12, 4_000, 491_400_064, 1_117_320_768)] == [
        "12 bytes",
        "4 KB",
        "491 MB",
        "1.1 GB",
    ]


def test_long_tables_say_what_they_leave_out() -> None:
    shown = table({n: _result(n) for n in range(1200)}, "en", "de", 1500)
    assert shown.count("<tr>") == 1001
    assert "200 more" in shown and "1,200 of 1,500 segments" in shown


def test_a_switch_reaches_its_own_page_only() -> None:
    running = Running()
    with running.begin("a") as one, running.begin("b") as two:
        running.stop("a")
        assert one.is_set() and not two.is_set()
        with running.begin("b") as three:
            assert two.is_set() and not three.is_set()
    assert three.is_set()
    running.stop("a")  # nothing runs any more: nothing happens


def test_updates_come_at_a_bearable_pace() -> None:
    progress = TextProgress("de", "en")
    shown = 0
    began = time.monotonic()
    while time.monotonic() - began < 0.5:
        shown += progress.take(
            TextUpdate(UpdateKind.PARTIAL, "Wort " * 10, "en", None, 0, "Wort", total=2)
        )
    assert 3 <= shown <= 6


def test_a_download_that_fails_says_why(tmp_path: Path) -> None:
    downloads = Downloads(tmp_path)
    spec = ModelSpec(
        "m", "A model", ModelKind.GGUF, "m.gguf", 10, sources=(UrlSource("http://127.0.0.1:9/m"),)
    )
    downloads.start(spec)
    deadline = time.monotonic() + 60
    while downloads.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    seen = downloads.get("m")
    assert seen is not None and seen.state is DownloadState.FAILED
    assert seen.error is not None and "A model" in seen.error.message
    assert downloads.get("other") is None


def test_a_download_is_started_once_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Semaphore(0)

    def slow(spec, folder, *, progress, stop, accept_terms):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        from translator.errors import Cancelled

        began.release()
        progress(3, 10, "here")
        stop.wait(20)
        raise Cancelled

    monkeypatch.setattr("translator.models.download.pull", slow)
    downloads = Downloads(tmp_path)
    spec = ModelSpec("m", "A model", ModelKind.GGUF, "m.gguf", 10)
    downloads.start(spec)
    assert began.acquire(timeout=5)
    downloads.start(spec)
    assert not began.acquire(timeout=0.2)
    downloads.stop("m")
    deadline = time.monotonic() + 5
    while downloads.running() and time.monotonic() < deadline:
        time.sleep(0.02)
    seen = downloads.get("m")
    assert seen is not None and seen.state is DownloadState.STOPPED and seen.done == 3


def _context(home: Path, *, shared: bool) -> AppContext:
    """A context that knows its folders only."""
    nothing: Any = None
    return AppContext(Settings(home), nothing, nothing, nothing, nothing, shared)


def test_glossaries_belong_to_their_browser_where_the_page_is_shared(tmp_path: Path) -> None:
    saved = Saved("Names", "en", "de", (Term(("Ahab",), ("Ahab",)),))
    shared = _context(tmp_path, shared=True)
    mine, theirs = OwnGlossaries(shared, "me"), OwnGlossaries(shared, "them")
    assert mine.save(saved) == saved
    assert mine.names() == ["Names"] and mine.get("Names") == saved
    assert [one.name for one in mine.for_language("en")] == ["Names"]
    assert theirs.names() == [] and theirs.for_language("en") == []
    assert OwnGlossaries(shared, "").names() == []
    for call in (theirs.get, theirs.delete, theirs.path):
        with pytest.raises(InputError, match="no glossary"):
            call("Names")
    with pytest.raises(InputError):
        theirs.save(saved, was="Names")
    with pytest.raises(InputError, match="already"):
        theirs.save(saved)
    # On one's own machine all are one's own.
    assert OwnGlossaries(_context(tmp_path, shared=False), "").names() == ["Names"]
    mine.save(Saved("People", "en", "de", saved.terms), was="Names")
    assert mine.names() == ["People"] and theirs.names() == []
    mine.delete("People")
    assert not [path for path in (tmp_path / "glossaries").rglob("*") if path.is_file()]


def test_a_file_becomes_a_glossary_of_its_languages(tmp_path: Path) -> None:
    own = OwnGlossaries(_context(tmp_path, shared=False), "")
    for name, text, pair in (
        ("named.csv", "fr,de\nbaleine,Wal\n", ("fr", "de")),
        ("bare.csv", "whale,Wal\n", ("en", "de")),
        ("many.csv", "fr,de,en\nbaleine,Wal,whale\n", ("en", "de")),
        ("others.csv", "fr,ja,it\nbaleine,鯨,balena\n", ("fr", "ja")),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        saved = own.take(path, ("en", "de"))
        assert (saved.name, saved.source, saved.target) == (path.stem, *pair)
    assert own.take(tmp_path / "bare.csv", ("en", "de")).name == "bare 2"


def test_what_a_book_offers(tmp_path: Path) -> None:
    pages = {
        "one.xhtml": "<h1>Loomings</h1><p>Call me Ishmael. Some years ago I went to sea.</p>",
        "two.xhtml": "<h1>Index</h1><p>Whales, 12, 40. Boats, 7. The sea, 1. Ropes, oars, 3.</p>",
    }
    path = make_epub(tmp_path / "whale.epub", pages, title="The Whale")
    about = describe(path)
    assert about.title == "The Whale" and about.language == "en"
    assert about.chapter_choices == [("Loomings · 13 words", 1), ("Index · 14 words", 2)]
    assert about.part_choices == [("Index · 14 words", "index")]
    assert [choice.suffix for choice in about.outputs] == [".epub", ".txt", ".docx"]
    assert "above" in about.editions
    assert describe(path, ".txt").editions == ("none",)


def test_a_table_for_editing(tmp_path: Path) -> None:
    shown = terms_table.table(
        [Row("whale", "Wal"), Row("Ahab", "Ahab", True)], ("en", "ar"), (), buttons="<b>"
    )
    assert shown.count("data-row") == 3  # and an empty one to be copied
    assert shown.count("readonly") == 1 and 'lang="ar" dir="rtl"' in shown
    assert "v-find" not in shown and "v-find" in terms_table.table(
        [Row(str(n)) for n in range(20)], ("en", "de"), (), buttons=""
    )
    assert terms_table.given([["a", "b", False, ""]]) == [Row("a", "b")]
