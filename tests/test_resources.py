"""Books with a memory, a glossary and context: used, checked, and the same after a resume."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fake_engine import Act, FakeEngine, Say, tagged_text
from tests.jobs_support import OnePool, small_text, stored
from tests.models_support import gguf
from translator import tmx
from translator.engines.base import Request
from translator.errors import Cancelled, InputError
from translator.job_setup import model_key
from translator.jobs import BookJobs, BookOptions, JobState, Progress
from translator.memory import Origin, Unit
from translator.models.registry import Registry
from translator.settings import Settings
from translator.types import Provenance, Status

GERMAN = {
    "The old sailor saw a white whale in the morning.": "Der alte Seemann sah am Morgen einen "
    "weißen Wal.",
    "Nobody in the village believed a word of his story.": "Niemand im Dorf glaubte ein Wort "
    "seiner Geschichte.",
    "His daughter opened the window and looked at the sea.": "Seine Tochter öffnete das Fenster "
    "und schaute auf das Meer.",
}
FIRST, SECOND, THIRD = GERMAN


def translates(request: Request, text: str, count: int) -> Act:
    return Say(GERMAN[text])


class Home:
    """A data home whose model ``tiny`` is a scripted engine; each process is a new one."""

    def __init__(self, path: Path) -> None:
        self.settings = Settings(path / "home")
        (path / "tiny.gguf").write_bytes(gguf())
        self.registry = Registry(self.settings)
        self.registry.add(path / "tiny.gguf", id="tiny", style="tagged")
        self._open: list[BookJobs | FakeEngine] = []

    def start(self) -> tuple[BookJobs, FakeEngine]:
        engine = FakeEngine(translates)
        jobs = BookJobs(self.settings, OnePool(engine), self.registry)
        self._open += [jobs, engine]
        return jobs, engine

    def close(self) -> None:
        for each in self._open:
            each.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    home.close()


def options(**more: object) -> BookOptions:
    return BookOptions("de", "en", "tiny", **more)  # type: ignore[arg-type]


def test_second_run_is_all_memory_until_something_changes(home: Home, tmp_path: Path) -> None:
    book = small_text(tmp_path / "a.txt", *GERMAN)
    jobs, engine = home.start()
    first = jobs.run(jobs.create(book, options(), queue=False))
    assert first.complete
    assert len(engine.seen) == 3
    again = jobs.run(jobs.create(book, options(), queue=False))
    assert len(engine.seen) == 3
    ended = [entry.translation for entry in again.entries]
    assert [t and t.provenance for t in ended] == [Provenance.MEMORY] * 3
    assert [t and t.text for t in ended] == list(GERMAN.values())
    for other in (options(sampling={"seed": 1}), options(remember=False)):
        before = len(engine.seen)
        assert jobs.run(jobs.create(book, other, queue=False)).complete
        assert len(engine.seen) == before + 3


def test_a_person_wins_and_shows_findings_as_warnings(home: Home, tmp_path: Path) -> None:
    book = small_text(tmp_path / "a.txt", *GERMAN)
    jobs, engine = home.start()
    jobs.memory.edit(FIRST, "Wal.", "en", "de")  # far too short for a model
    jobs.memory.edit(SECOND, SECOND, "en", "de")
    job_id = jobs.create(book, options(), queue=False)
    report = jobs.run(job_id)
    first, second, third = (entry.translation for entry in report.entries)
    assert first and second and third
    assert (first.text, first.provenance) == ("Wal.", Provenance.MEMORY)
    assert first.checks and not any(check.fatal for check in first.checks)
    assert (second.status, second.reason) == (
        Status.KEPT, "the translation memory leaves it unchanged",
    )  # fmt: skip
    assert third.provenance is Provenance.MODEL
    assert len(engine.seen) == 1


def test_another_adapter_of_the_same_name_is_another_model(home: Home) -> None:
    tiny = replace(home.registry.get("tiny"), adapter="tuned.gguf")
    keys = {model_key(home.registry, tiny)}
    for content in (b"first", b"second"):
        (home.settings.models / "tuned.gguf").write_bytes(content)
        keys.add(model_key(home.registry, tiny))
    assert len(keys) == 3


def test_paragraphs_are_found_sentence_by_sentence(home: Home, tmp_path: Path) -> None:
    jobs, engine = home.start()
    units = [Unit(source, target, "en", "de") for source, target in GERMAN.items()]
    jobs.memory.add(units[:2])
    both = small_text(tmp_path / "a.txt", f"{FIRST} {SECOND}")
    report = jobs.run(jobs.create(both, options(), queue=False))
    (entry,) = report.entries
    assert entry.translation
    assert entry.translation.provenance is Provenance.MEMORY
    assert entry.translation.text == f"{GERMAN[FIRST]} {GERMAN[SECOND]}"
    third = small_text(tmp_path / "b.txt", THIRD)
    jobs.run(jobs.create(third, options(), queue=False))  # a model's sentence is no help
    engine.script = lambda request, text, count: Say(" ".join(GERMAN[s] for s in (FIRST, THIRD)))
    asked = len(engine.seen)
    mixed = small_text(tmp_path / "c.txt", f"{FIRST} {THIRD}")
    assert jobs.run(jobs.create(mixed, options(), queue=False)).complete
    assert len(engine.seen) == asked + 1
    jobs.memory.edit(THIRD, "Sie sah das Meer.", "en", "de")
    report = jobs.run(jobs.create(mixed, options(), queue=False))
    assert report.entries[0].translation  # people's sentences go before a model's paragraph
    assert report.entries[0].translation.text == f"{GERMAN[FIRST]} Sie sah das Meer."


def test_edits_reach_the_book_and_all_others(home: Home, tmp_path: Path) -> None:
    book = small_text(tmp_path / "a.txt", *GERMAN)
    jobs, engine = home.start()
    job_id = jobs.create(book, options(), queue=False)
    with pytest.raises(InputError, match="no segment"):
        jobs.edit(job_id, "nothing", "x")
    report = jobs.run(job_id)
    first, second, _ = (entry.segment.id for entry in report.entries)
    with pytest.raises(InputError, match="empty"):
        jobs.edit(job_id, first, " ")
    jobs.edit(job_id, first, "Der alte Matrose sah morgens einen weißen Wal.")
    jobs.edit(job_id, second, SECOND)
    jobs.resume(job_id, queue=False)
    again = jobs.run(job_id)
    assert again.complete
    assert [e.translation and e.translation.provenance for e in again.entries] == [
        Provenance.PERSON, Provenance.PERSON, Provenance.MODEL,
    ]  # fmt: skip
    text = Path(jobs.store.job(job_id).output).read_text(encoding="utf-8")
    assert text.split("\n\n")[:2] == ["Der alte Matrose sah morgens einen weißen Wal.", SECOND]
    asked = len(engine.seen)
    other = small_text(tmp_path / "b.txt", SECOND, FIRST)
    report = jobs.run(jobs.create(other, options(sampling={"seed": 1}), queue=False))
    assert len(engine.seen) == asked
    assert report.entries[1].translation
    assert report.entries[1].translation.text.startswith("Der alte Matrose")


def test_poor_results_are_not_remembered(home: Home, tmp_path: Path) -> None:
    terms = tmp_path / "terms.csv"
    terms.write_text("whale,Wal\nsailor,Matrose\n", encoding="utf-8")
    book = small_text(tmp_path / "a.txt", *GERMAN)
    jobs, engine = home.start()
    report = jobs.run(jobs.create(book, options(glossaries=(terms,)), queue=False))
    checks = [check for e in report.entries if e.translation for check in e.translation.checks]
    assert [(check.name, check.detail, check.fatal) for check in checks] == [
        ("glossary", "missing 'Matrose' for 'sailor'", False)
    ]
    assert {unit.source for unit in jobs.memory.units()} == {SECOND, THIRD}
    assert all(unit.origin is Origin.MODEL for unit in jobs.memory.units())
    # The terms of a segment belong to its key: the two without terms are known without them too.
    jobs.run(jobs.create(book, options(), queue=False))
    assert len(engine.seen) == 4


def test_files_stay_with_the_job(home: Home, tmp_path: Path) -> None:
    book = small_text(tmp_path / "a.txt", *GERMAN)
    terms, memory = tmp_path / "terms.csv", tmp_path / "memory.tmx"
    terms.write_text("sailor,Matrose\n", encoding="utf-8")
    tmx.write(memory, [Unit(SECOND, "Keiner glaubte ihm auch nur ein Wort.", "en", "de")])
    wishes = options(glossaries=(terms,), memory=memory)
    jobs, engine = home.start()
    engine.hold = threading.Event()
    job_id = jobs.create(book, wishes, queue=False)
    stop = threading.Event()

    def stop_after_the_first(progress: Progress) -> None:
        if progress.counts.done:
            stop.set()

    with pytest.raises(Cancelled):
        jobs.run(job_id, stop_after_the_first, stop)
    engine.hold.set()
    same = jobs.unfinished(book, wishes)
    assert same and same.id == job_id
    jobs.adopt(job_id, book, wishes)
    assert jobs.unfinished(book, options()) is None
    terms.write_text("sailor,Seebär\n", encoding="utf-8")
    assert jobs.unfinished(book, wishes) is None
    terms.unlink()
    memory.unlink()
    jobs.close()
    jobs, _ = home.start()
    report = jobs.run(job_id)
    texts = [translation.text for translation in stored(jobs, job_id).values()]
    assert texts == [GERMAN[FIRST], "Keiner glaubte ihm auch nur ein Wort.", GERMAN[THIRD]]
    assert "missing 'Matrose'" in str(report.as_dict()["items"][0]["checks"])
    # What the job brought along is not in the memory of everybody.
    assert SECOND not in [unit.source for unit in jobs.memory.units()]


def test_terms_and_context_reach_the_prompt(home: Home, tmp_path: Path) -> None:
    home.registry.add(tmp_path / "tiny.gguf", id="tiny", style="few-shot")
    terms = tmp_path / "terms.csv"
    terms.write_text("white whale,weißer Wal\n", encoding="utf-8")
    jobs, engine = home.start()
    engine.text_of = lambda request: (
        tagged_text(request).removeprefix("English: ").removesuffix("\nGerman:")
    )
    book = small_text(tmp_path / "a.txt", *GERMAN)
    wishes = options(glossaries=(terms,), context=True)
    for _ in range(2):
        job_id = jobs.create(book, wishes, queue=False)
        assert jobs.run(job_id).complete
        assert jobs.store.job(job_id).options["context"] is True
    assert len(engine.seen) == 3  # context is the same in every run, so the memory knows it
    prompts = {engine.text_of(request): request.prompt.text for request in engine.seen}
    assert "white whale = weißer Wal" in prompts[FIRST]
    assert "white whale =" not in prompts[THIRD]
    assert f"translated:\n{FIRST}\n{SECOND}\n" in prompts[THIRD]


def test_wrong_files_make_no_job(home: Home, tmp_path: Path) -> None:
    book = small_text(tmp_path / "a.txt", *GERMAN)
    french, broken = tmp_path / "fr.tmx", tmp_path / "broken.csv"
    tmx.write(french, [Unit("a", "b", "en", "fr")])
    broken.write_text("only\n", encoding="utf-8")
    jobs, _ = home.start()
    wrong = [
        (options(memory=french), "no translations from English into German"),
        (options(memory=tmp_path / "no.tmx"), "cannot be read"),
        (options(glossaries=(broken,)), "one column"),
        (options(glossaries=(tmp_path / "no.csv",)), "cannot be read"),
    ]
    for wishes, message in wrong:
        with pytest.raises(InputError, match=message):
            jobs.create(book, wishes, queue=False)
    assert jobs.jobs() == []
    assert list(home.settings.books.glob("*")) == []


def test_the_dry_run_uses_the_memory_and_adds_nothing(home: Home, tmp_path: Path) -> None:
    from translator.engines.pseudo import PseudoEngine

    book = small_text(tmp_path / "a.txt", *GERMAN)
    jobs = BookJobs(home.settings, OnePool(PseudoEngine()), home.registry)
    jobs.memory.edit(FIRST, "Ein Satz.", "en", "de")
    report = jobs.run(jobs.create(book, BookOptions("de", "en", "pseudo"), queue=False))
    first, second, _ = (entry.translation for entry in report.entries)
    assert first and first.text == "Ein Satz."
    assert second and second.provenance is Provenance.MODEL
    assert len(list(jobs.memory.units())) == 1
    assert jobs.store.jobs()[0].state is JobState.DONE
    jobs.close()
