"""The names of a book come first and are the same throughout, also when a job goes on."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.fake_engine import Act, FakeEngine, Say
from tests.jobs_support import OnePool
from tests.models_support import gguf
from tests.test_cli import verso
from translator.book_names import FILE, settled
from translator.engines.base import Request
from translator.errors import Cancelled, InputError
from translator.glossary import Term
from translator.jobs import BookJobs, BookOptions
from translator.models.registry import Registry
from translator.pipeline import Pipeline, PipelineOptions
from translator.prompts import StyleInfo, get_style
from translator.settings import Settings
from translator.types import Block

TEXT = (
    "At last Captain Nemo came in.",
    "We saw Captain Nemo again, and he was calm.",
    "Nobody spoke to Captain Nemo that day, for Ned was ill.",
    "In the evening Ned slept, and all looked at Ned in silence.",
)
RENDERED = {"Captain Nemo": "Kapitän Nemo", "Ned": "Ned Land, ein Kanadier, der Wale jagt."}
BOOK = [Block(f"b{n}", text) for n, text in enumerate(TEXT)]
OPTIONS = PipelineOptions("en", "de")


def asked(request: Request) -> str:
    """What stands at the end of a few-shot prompt."""
    return request.prompt.text.rpartition("English: ")[2].removesuffix("\nGerman:")


def answers(request: Request, text: str, count: int) -> Act:
    return Say(RENDERED.get(text) or f"Ein deutscher Satz für die Zeile: {len(text)} Zeichen.")


def engine() -> FakeEngine:
    return FakeEngine(answers, text_of=asked)


def run(folder: Path, running: FakeEngine, stop: threading.Event | None = None) -> list[Term]:
    def pipeline(options: PipelineOptions) -> Pipeline:
        return Pipeline(running, get_style("few-shot", StyleInfo()), options, "m")

    return settled(folder, BOOK, OPTIONS, pipeline, stop or threading.Event())


def test_names_are_asked_with_a_sentence_and_only_names_are_taken(tmp_path: Path) -> None:
    with engine() as running:
        terms = run(tmp_path, running)
        prompts = [request.prompt.text for request in running.seen]
    assert terms == [Term(("Captain Nemo",), ("Kapitän Nemo",))]
    assert len(prompts) == 2 and all("only to understand" in text for text in prompts)
    assert TEXT[0] in prompts[0]
    assert json.loads((tmp_path / FILE).read_text()) == [["Captain Nemo", "Kapitän Nemo"]]


def test_they_are_asked_once(tmp_path: Path) -> None:
    with engine() as running:
        first = run(tmp_path, running)
        before = len(running.seen)
        assert run(tmp_path, running) == first
        assert len(running.seen) == before


def test_a_stop_leaves_nothing_half_done(tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with engine() as running, pytest.raises(Cancelled):
        run(tmp_path, running, stop)
    assert not list(tmp_path.iterdir())


def test_a_job_keeps_to_them(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(gguf())
    settings = Settings(tmp_path / "home")
    registry = Registry(settings)
    registry.add(tmp_path / "tiny.gguf", id="tiny", style="few-shot")
    registry.add(tmp_path / "tiny.gguf", id="trained", style="tagged")
    book = tmp_path / "b.txt"
    book.write_text("\n\n".join(TEXT), encoding="utf-8")
    with engine() as running:
        jobs = BookJobs(settings, OnePool(running), registry)
        job_id = jobs.create(book, BookOptions("de", "en", "tiny", names=True), queue=False)
        jobs.run(job_id)
        prompts = {asked(r): r.prompt.text for r in running.seen}
        assert all("Captain Nemo = Kapitän Nemo" in prompts[text] for text in TEXT[:3])
        assert "Kapitän" not in prompts[TEXT[3]]
        # What a person says of a name goes before.
        terms = tmp_path / "terms.csv"
        terms.write_text("en,de\nCaptain Nemo,Kapitän Niemand\n", encoding="utf-8")
        own = BookOptions("de", "en", "tiny", names=True, glossaries=(terms,))
        jobs.run(jobs.create(book, own, queue=False))
        last = {asked(r): r.prompt.text for r in running.seen}
        assert "Captain Nemo = Kapitän Niemand" in last[TEXT[0]]
        assert "Kapitän Nemo" not in last[TEXT[0]]
        with pytest.raises(InputError, match="takes no names"):
            jobs.create(book, BookOptions("de", "en", "trained", names=True))
        jobs.close()


def test_command_line(tmp_path: Path) -> None:
    book = tmp_path / "b.txt"
    book.write_text("\n\n".join(TEXT), encoding="utf-8")
    verso("book", str(book), "--to", "de", "--from", "en", "--model", "pseudo", "--names")
    assert (tmp_path / "b.de.txt").exists()
