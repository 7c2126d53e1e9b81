"""Review: what a person sees of a book's segments, writes, tries again, and gets written."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from tests.epubs import make_epub
from tests.fake_engine import Act, Fail
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
from translator import again, markup
from translator.editing import tags_for, to_write, written
from translator.engines.base import Request
from translator.engines.pseudo import PseudoEngine, pseudo
from translator.errors import InputError
from translator.jobs import BookJobs, BookOptions, JobState
from translator.markup import closing, opening, single
from translator.memory import Asked, Memory, Origin
from translator.pipeline import PipelineOptions
from translator.records import Entry
from translator.review import Filter, Review, unwritten_edits
from translator.store import Store
from translator.types import Check, Provenance, Sampling, Segment, Status, Translation

DE = BookOptions("de", model="pseudo")
TEXT = ("The first paragraph is about a house.", "The second one is about a dog.", "1234")
BODIES = {
    "one.xhtml": "<h1>Loomings</h1><p>Call me <em>Ishmael</em>, said the <b>sailor</b> to us.</p>"
    "<p>Some years ago I went to sea.</p>",
    "two.xhtml": "<h1>The Carpet-Bag</h1><p>I stuffed a shirt or two into my old bag.</p>",
}


def done(jobs: BookJobs, book: Path, options: BookOptions = DE) -> str:
    job_id = jobs.create(book, options, queue=False)
    jobs.run(job_id)
    return job_id


def id_of(jobs: BookJobs, job_id: str, words: str) -> str:
    return next(
        e.segment.id for e in jobs.store.entries(job_id) if words in markup.plain(e.segment.text)
    )


def number_of(jobs: BookJobs, job_id: str, words: str) -> int:
    review = Review(jobs.store, job_id)
    rows = review.rows(Filter(text=words), 0, 10)
    assert len(rows) == 1
    return rows[0].number


def test_filters_pages_and_chapters(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    job_id = done(jobs, small_epub(tmp_path / "a.epub"))
    store, review = jobs.store, Review(jobs.store, job_id)
    entries = store.entries(job_id)
    total = len(entries)
    assert [row.entry for row in review.rows(Filter(), 0, total)] == entries
    assert [row.number for row in review.rows(Filter(), 50, 20)] == list(range(50, 70))
    assert [c.title for c in review.chapters() if c.title] == ["Chapter 1", "Chapter 2"]
    assert sum(c.segments for c in review.chapters()) == total
    section = next(c.section for c in review.chapters() if c.title == "Chapter 2")
    assert review.count(Filter(section=section)) == 42
    # Found across the tags, in either language, whatever the case.
    assert review.count(Filter(text="a WHITE whale before")) == 20
    assert review.count(Filter(text=pseudo("white", "de")[1:-1])) >= 20

    texts = {e.segment.id: e.segment.text for e in entries}
    bad, worse, other = (id_of(jobs, job_id, f"Number 2 and {n}:") for n in (7, 20, 30))
    findings = (Check("numbers", "missing 7"), Check("length"), Check("numbers", "missing 2"))
    store.save(job_id, Translation(bad, Status.TRANSLATED, texts[bad], checks=findings))
    store.save(job_id, Translation(worse, Status.FAILED, texts[worse], "engine failed"))
    store.save(job_id, Translation(other, Status.TRANSLATED, "x", checks=findings[1:2]))
    summary = review.summary()
    assert summary.checks == {"length": 2, "numbers": 1}
    assert (summary.shown["flagged"], summary.shown["failed"]) == (3, 1)
    numbers = review.numbers(Filter("flagged"))
    assert review.numbers(Filter(check="numbers")) == numbers[:1]
    assert review.numbers(Filter("failed", section=section)) == numbers[1:2]
    assert review.flagged_after(-1, Filter()) == numbers[0]
    assert review.flagged_after(numbers[0], Filter()) == numbers[1]
    assert review.flagged_after(numbers[0], Filter(check="length")) == numbers[2]
    assert review.flagged_after(numbers[2], Filter()) is None
    assert review.flagged_after(numbers[2], Filter(), -1) == numbers[1]
    assert review.count(Filter("flagged"), before=numbers[1]) == 1
    jobs.edit(job_id, bad, texts[bad] + " Ja.")
    assert review.summary().shown["flagged"] == 2
    assert review.summary().stamp != summary.stamp
    assert review.numbers(Filter("edited")) == numbers[:1]


def test_hostile_search_is_only_text(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    review = Review(jobs.store, done(jobs, small_text(tmp_path / "a.txt", *TEXT)))
    for text in ("'", "%", "_", "') OR 1=1 --", "\\", "\0"):
        assert review.count(Filter(text=text)) == 0
    assert review.count(Filter(check="' OR 1 --")) == 0
    assert review.count(Filter(shown="nonsense")) == 3


def test_tags_a_person_types() -> None:
    source = f"a {opening(1)}big{closing(1)} dog{single(2)} ran"
    assert tags_for(source, "").name == "person"
    typed = "ein ⟨1⟩großer⟨/1⟩ Hund⟨2/⟩ lief "
    tagged = f"ein {opening(1)}großer{closing(1)} Hund{single(2)} lief"
    assert written(typed, source, "") == tagged
    for wrong, said in (
        ("ein ⟨1⟩großer Hund⟨2/⟩", "The tag ⟨/1⟩ is missing."),
        ("ein großer Hund", "The tags ⟨1⟩, ⟨/1⟩, ⟨2/⟩ are missing."),
        (typed + "⟨2/⟩", "The tag ⟨2/⟩ is there more than once."),
        (typed + "⟨7⟩", "no tag ⟨7⟩"),
        ("⟨/1⟩ein⟨1⟩ Hund⟨2/⟩", "overlap"),
        ("⟨1⟩ ⟨/1⟩⟨2/⟩", "empty"),
    ):
        with pytest.raises(InputError, match=said):
            written(wrong, source, "")
    isolated = to_write(tagged, tags_for(source, ""), rtl=True)
    assert "\u2066⟨1⟩\u2069großer" in isolated
    assert written(isolated, source, "") == tagged
    literal = f"see ⟨1⟩ and {opening(1)}this{closing(1)}"
    assert tags_for(literal, "").name == "angle"
    assert written("siehe ⟨1⟩ und <1>dies</1>", literal, "").count("⟨1⟩") == 1


def test_an_edit_always_wins(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    book = make_epub(tmp_path / "a.epub", BODIES)
    job_id = done(jobs, book)
    job = jobs.store.job(job_id)
    segment = next(e.segment for e in jobs.store.entries(job_id) if "Ishmael" in e.segment.text)
    tagged = f"Nennt mich {opening(1)}Ismael{closing(1)}, sagte der {opening(2)}Maat{closing(2)}."
    with pytest.raises(InputError, match="missing"):
        jobs.edit(job_id, segment.id, "Nennt mich Ismael.")
    assert unwritten_edits(jobs.store, [job_id]) == {}
    jobs.edit(job_id, segment.id, tagged)
    edited = stored(jobs, job_id)[segment.id]
    assert (edited.text, edited.provenance) == (tagged, Provenance.PERSON)
    assert unwritten_edits(jobs.store, [job_id]) == {job_id: 1}

    # Neither a late result of the model nor a retry takes its place.
    jobs.store.save(job_id, Translation(segment.id, Status.TRANSLATED, "late"))
    with pytest.raises(InputError, match="nothing to translate again"):
        jobs.retry(job_id, [number_of(jobs, job_id, "Ishmael")])
    assert jobs.retry(job_id, range(100), queue=False) > 3
    jobs.run(job_id)
    assert stored(jobs, job_id)[segment.id] == edited
    assert unwritten_edits(jobs.store, [job_id]) == {}
    from translator.books.base import open_book

    texts = [block.text for block in open_book(Path(job.output)).blocks()]
    assert any("Ismael" in text and "Maat" in text for text in texts)
    # Another book, another run: the memory knows it.
    other = stored(jobs, done(jobs, make_epub(tmp_path / "b.epub", BODIES)))
    found = next(t for t in other.values() if "Ismael" in t.text)
    assert (found.text, found.provenance) == (tagged, Provenance.MEMORY)


def test_confirming_the_source_counts_as_an_edit(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    job_id = done(jobs, small_text(tmp_path / "a.txt", *TEXT))
    segment_id = id_of(jobs, job_id, "dog")
    jobs.edit(job_id, segment_id, TEXT[1])
    ended = stored(jobs, job_id)[segment_id]
    assert (ended.status, ended.provenance) == (Status.KEPT, Provenance.PERSON)
    jobs.write(job_id)
    jobs.run(job_id)
    assert TEXT[1] in Path(jobs.store.job(job_id).output).read_text(encoding="utf-8")


def test_edits_while_the_job_runs(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(SlowEngine(0.03))
    job_id = jobs.create(small_epub(tmp_path / "a.epub"), DE)
    jobs.start()
    wait_for(lambda: jobs.store.counts(job_id).done > 3)
    last = jobs.store.entries(job_id)[-1].segment
    first = next(iter(stored(jobs, job_id)))
    jobs.edit(job_id, last.id, "Das schrieb ein Mensch, bevor das Modell dort war.")
    assert jobs.retry(job_id, [0]) == 1  # taken along by whoever runs it
    with pytest.raises(InputError, match="to its end"):
        jobs.write(job_id)
    wait_for(lambda: state(jobs, job_id) is JobState.DONE, 60)
    after = stored(jobs, job_id)
    assert after[last.id].provenance is Provenance.PERSON
    assert after[first].status is Status.TRANSLATED
    assert jobs.store.missing(job_id) == 0
    assert unwritten_edits(jobs.store, [job_id]) == {}


def test_retry_of_a_paused_book_waits_for_the_rest(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(SlowEngine(0.03))
    job_id = jobs.create(small_epub(tmp_path / "a.epub"), DE)
    jobs.start()
    wait_for(lambda: jobs.store.counts(job_id).done > 3)
    jobs.pause(job_id)
    wait_for(lambda: state(jobs, job_id) is JobState.PAUSED)
    assert jobs.retry(job_id, [0]) == 1
    time.sleep(0.3)
    assert state(jobs, job_id) is JobState.PAUSED
    assert jobs.store.entries(job_id)[0].again == ""


def test_a_failed_try_leaves_what_was_there(make_jobs: MakeJobs, tmp_path: Path) -> None:
    failing = False

    def script(request: Request, text: str, count: int) -> Act:
        return Fail() if failing and "dog" in text else as_pseudo(request, text, count)

    with scripted(script) as engine:
        jobs = make_jobs(engine)
        job_id = done(jobs, small_text(tmp_path / "a.txt", *TEXT))
        segment_id = id_of(jobs, job_id, "dog")
        before = stored(jobs, job_id)[segment_id]
        failing = True
        assert jobs.retry(job_id, [1], queue=False) == 1
        assert jobs.run(job_id).complete
        after = stored(jobs, job_id)[segment_id]
    assert after.text == before.text
    assert after.status is Status.TRANSLATED
    assert "another try failed" in after.reason
    assert after.attempts > before.attempts


def test_a_retry_of_all_that_failed(make_jobs: MakeJobs, tmp_path: Path) -> None:
    healthy = False

    def script(request: Request, text: str, count: int) -> Act:
        return as_pseudo(request, text, count) if healthy else Fail()

    with scripted(script) as engine:
        jobs = make_jobs(engine)
        job_id = done(jobs, small_text(tmp_path / "a.txt", *TEXT))
        assert jobs.store.counts(job_id).failed == 2
        healthy = True
        jobs.start()
        assert jobs.retry(job_id) == 2
        wait_for(lambda: state(jobs, job_id) is JobState.DONE and not jobs.store.missing(job_id))
        assert jobs.store.counts(job_id).failed == 0
        report = jobs.report(job_id)
        assert report is not None and report["coverage"] == 1.0


def test_a_second_try_is_another_one(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.db")
    options = PipelineOptions("en", "de", Sampling(seed=5), "literary", memory=memory)
    asked = Asked("A whale.", "en", "de", "m", "p", "", (), (), options.sampling)
    memory.learn(asked, "Ein Wal.", "m")

    def entry(name: str, translation: Translation | None, wish: str | None) -> Entry:
        return Entry(Segment(name, name, 0, "A whale."), translation, wish)

    tried = Translation("x", Status.TRANSLATED, "Wal", attempts=3)
    parts = list(
        again.batches(
            [entry("a", tried, ""), entry("b", None, None), entry("c", tried, "Say fish.")],
            options,
        )
    )
    assert [[s.id for s in segments] for _, segments in parts] == [["b"], ["a"], ["c"]]
    first, second, third = (chosen for chosen, _ in parts)
    assert first is options
    assert second.style == "literary" and third.style.endswith("Say fish.")
    assert "literary" in third.style
    for chosen in (second, third):
        assert chosen.sampling.temperature > 0 and chosen.sampling.seed == 5 + 4
        assert chosen.memory is not None and chosen.memory.find(asked) == []
    memory.edit("A whale.", "Ein Walfisch.", "en", "de")
    assert second.memory and [u.origin for u in second.memory.find(asked)] == [Origin.PERSON]
    memory.close()


def test_matches_carry_the_tags_of_the_segment(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    job_id = done(jobs, small_text(tmp_path / "a.txt", *TEXT))
    job = jobs.store.job(job_id)
    jobs.memory.edit(
        f"A {opening(1)}white{closing(1)} whale.",
        f"Ein {opening(1)}weißer{closing(1)} Wal.",
        "en",
        "de",
    )
    text = f"A {opening(4)}white{closing(4)} whale."
    exact, *_ = jobs.editor.matches(job, text)
    assert (exact.score, exact.origin) == (100.0, Origin.PERSON)
    assert exact.target == f"Ein {opening(4)}weißer{closing(4)} Wal."
    fuzzy, *_ = jobs.editor.matches(job, f"A {opening(4)}white{closing(4)} whale{single(5)}!")
    assert 80 < fuzzy.score < 100
    assert fuzzy.target == "Ein weißer Wal."
    assert jobs.editor.matches(job, f"A {opening(4)}white{closing(4)} whale!", exact=True) == []


def test_a_short_job_need_not_wait_for_a_long_one(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(SlowEngine(0.05))
    short = done(jobs, small_text(tmp_path / "a.txt", *TEXT))
    long = jobs.create(small_epub(tmp_path / "b.epub", 100), DE)
    jobs.start()
    wait_for(lambda: state(jobs, long) is JobState.RUNNING)
    jobs.edit(short, id_of(jobs, short, "dog"), "Der zweite handelt von einem Hund.")
    jobs.write(short)
    wait_for(lambda: unwritten_edits(jobs.store, [short]) == {})
    assert state(jobs, long) is JobState.RUNNING
    text = Path(jobs.store.job(short).output).read_text(encoding="utf-8")
    assert "Der zweite handelt von einem Hund." in text


def test_an_unforeseen_error_ends_the_job_with_a_sentence(
    make_jobs: MakeJobs, tmp_path: Path
) -> None:
    class Broken:
        info = PseudoEngine().info

        def count_tokens(self, texts: object) -> list[int]:
            raise KeyError("vocabulary")

    jobs = make_jobs(Broken())  # type: ignore[arg-type]
    first = jobs.create(small_text(tmp_path / "a.txt", *TEXT), DE)
    second = jobs.create(small_text(tmp_path / "b.txt", *TEXT), DE)
    folder = tmp_path / "home" / "books" / second
    for path in folder.iterdir():
        path.rename(tmp_path / f"moved-{path.name}")
    folder.rmdir()
    folder.write_text("a file in the place of the job's folder", encoding="utf-8")
    jobs.start()
    wait_for(lambda: all(state(jobs, i) is JobState.FAILED for i in (first, second)))
    assert "error of its own: KeyError: 'vocabulary'" in jobs.store.job(first).error
    assert jobs.store.job(second).error.startswith("The computer refused something")
    assert len(jobs.jobs()) == 2


def test_the_report_names_the_file_as_its_owner_does(make_jobs: MakeJobs, tmp_path: Path) -> None:
    jobs = make_jobs(PseudoEngine())
    upload = small_text(tmp_path / "upload.txt", *TEXT)
    job_id = jobs.create(upload, DE, queue=False, name="Mein Buch.txt")
    jobs.run(job_id)
    report = jobs.report(job_id)
    assert report is not None and report["input"] == "Mein Buch.txt"


def test_a_store_of_the_first_version_is_read_on(tmp_path: Path) -> None:
    path = tmp_path / "verso.db"
    jobs = Store(path)
    jobs.close()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE jobs DROP COLUMN written")
        db.execute("DROP INDEX segments_status")
        db.execute("ALTER TABLE segments DROP COLUMN again")
        db.execute(
            "INSERT INTO jobs (id, kind, title, input, source, sha256, output, options, model,"
            " source_language, target_language, words, state, created, finished) VALUES"
            " ('ab', 'book', 't', 'i', 's', '0', 'o', '{}', 'm', 'en', 'de', 1, 'done', 1, 7.5)"
        )
        db.execute("PRAGMA user_version=1")
    db.close()
    store = Store(path)
    assert store.job("ab").written == 7.5
    assert store.missing("ab") == 0
    store.close()
