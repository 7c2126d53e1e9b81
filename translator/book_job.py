"""One run of one book job: segment, translate what is missing, write, read again, report."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from translator import again, book_names, brief, chapters, markup, refine
from translator.books.base import Bilingual, Book
from translator.books.export import open_for
from translator.editions import edition_path, options_of, require_same, texts_of, written
from translator.engines.base import Engine, Priority
from translator.memory import Memory
from translator.models.spec import ModelSpec
from translator.pipeline import Pipeline, PipelineOptions
from translator.progress import Meter
from translator.prompts import get_style
from translator.records import Entry, Job
from translator.report import Report, against_file, write_json
from translator.resources import Resources, opened
from translator.store import Store
from translator.translator import merged_sampling
from translator.types import Block, Provenance, Segment, Status, Translation
from translator.validation import Validation, validate

UNCHANGED = "the model left it unchanged"
_SAME_IN_MEMORY = "the translation memory leaves it unchanged"


class Engines(Protocol):
    """Where loaded models come from (:class:`translator.engines.pool.EnginePool` is one)."""

    def engine(self, model_id: str) -> AbstractContextManager[Engine]:
        """The model's engine, loaded, for as long as the context lasts."""


@dataclass(frozen=True, slots=True)
class BookOptions:
    """What a person asks of a book job. Languages are tags or names, ``source`` may be "auto".

    ``model`` is an id or alias ("": the default). ``sampling`` replaces single fields of the
    model's own. ``output`` is where the book goes (``None``: into the job's folder, as a file
    with ``suffix``, one of :func:`translator.books.export.outputs`, or the usual one), ``report``
    where a second copy of the report goes. ``validate`` runs epubcheck before and after.
    ``glossaries`` (CSV, TSV, TBX; of equal terms the first counts) and ``memory`` (TMX) are files
    that the job works with. ``remember``:
    use the memory of this data home, and add to it. ``context``: show the model the sentences
    before (``None``: where its catalogue entry says that it reads them). ``also``: an edition to
    write besides the one that ``bilingual`` says, from the same translations. ``chapters`` are
    the numbers of those to translate (:mod:`translator.chapters`; ``None``: all), ``skip`` the
    kinds of parts that stay as they are. ``brief`` tells the model about the book, ``refine`` lets
    it look at each draft a second time. ``names``: the book's names are translated first and are
    terms for the rest.
    """

    target: str
    source: str = "auto"
    model: str = ""
    bilingual: Bilingual = "none"
    style: str = ""
    sampling: Mapping[str, float] = field(default_factory=dict)
    output: Path | None = None
    report: Path | None = None
    validate: bool = False
    glossaries: tuple[Path, ...] = ()
    memory: Path | None = None
    remember: bool = True
    context: bool | None = None
    also: Bilingual | None = None
    chapters: tuple[int, ...] | None = None
    skip: tuple[str, ...] = ()
    brief: str = ""
    refine: bool = False
    names: bool = False
    suffix: str = ""

    def stored(self) -> dict[str, Any]:
        """As a row of the store keeps it."""
        paths = ("output", "report", "memory")
        named = {name: str(getattr(self, name) or "") for name in paths}
        glossaries = [str(path) for path in self.glossaries]
        return {**asdict(self), "sampling": dict(self.sampling), "glossaries": glossaries, **named}


class BookRun:
    """Runs a job that nobody else runs. ``phase`` and ``meter`` may be read from any thread."""

    def __init__(
        self,
        store: Store,
        job: Job,
        spec: ModelSpec,
        engines: Engines,
        folder: Path,
        memory: Memory | None = None,
    ) -> None:
        self._store = store
        self._job = job
        self._spec = spec
        self._engines = engines
        self._folder = folder
        self._memory = memory
        self.phase = "reading the book"
        self.meter: Meter | None = None
        self.seen = 0.0  # when the translations that are written were read from the store

    def run(self, stop: threading.Event, book: Book | None = None) -> Report:
        """Do what is missing and write the book and its report.

        ``book`` is the job's source if it happens to be open. Raises :class:`VersoError`.
        """
        book = book or open_for(Path(self._job.source), Path(self._job.output))
        blocks = book.blocks()
        entries = self._entries()
        # More than once when a person asks for another try while this runs.
        while not entries or any(entry.missing for entry in entries) or self._drafts(entries):
            with opened(self._job, self._folder, self._memory) as resources:
                self._translate(blocks, entries, resources, stop)
            entries = self._entries()
        self.phase = "writing the book and reading it again"
        return self._write(book, blocks, entries)

    def _drafts(self, entries: list[Entry]) -> list[Entry]:
        """What waits for a second look."""
        return refine.drafts(entries) if self._job.options.get("refine") else []

    def _entries(self) -> list[Entry]:
        self.seen = time.time()
        return self._store.entries(self._job.id)

    def _translate(
        self,
        blocks: list[Block],
        entries: list[Entry],
        resources: Resources,
        stop: threading.Event,
    ) -> None:
        job = self._job
        self.phase = "loading the model"
        with self._engines.engine(job.model) as engine:
            asked = job.options.get("chapters"), job.options.get("skip", ())
            wanted = chapters.chosen(blocks, *asked)

            def options_for(segments: list[Segment]) -> PipelineOptions:
                return resources.added_to(self._options(), segments, engine.count_tokens)

            def pipeline(options: PipelineOptions) -> Pipeline:
                style = get_style(self._spec.style, engine.info)
                return Pipeline(engine, style, options, job.model)

            if job.options.get("names"):
                self.phase = "translating the names"
                own = self._options()
                names = book_names.settled(self._folder, wanted, own, pipeline, stop)
                resources = replace(resources, names=tuple(names))
            if not entries:
                self.phase = "dividing the text"
                self._store.add_segments(job.id, pipeline(options_for([])).segments(wanted))
                entries = self._store.entries(job.id)
            require_same(blocks, entries)
            missing = {entry.segment.id: entry for entry in entries if entry.missing}
            meter = refine.FirstRound if job.options.get("refine") else Meter
            self.meter = meter([entry.segment for entry in missing.values()], engine.info.slots)
            self.phase = "translating"
            options = options_for([entry.segment for entry in entries])
            for chosen, segments in again.batches(missing.values(), options):
                for translation in pipeline(chosen).run(segments, stop=stop):
                    entry = missing[translation.segment_id]
                    ended = again.settled(entry, _honest(translation, entry.segment.text))
                    self._store.save(job.id, ended)
                    self.meter.add(ended)
            drafts = {e.segment.id: e for e in self._drafts(self._store.entries(job.id))}
            if drafts:
                self._look_again(pipeline(options), drafts, engine.info.slots, stop)

    def _look_again(
        self, pipeline: Pipeline, drafts: dict[str, Entry], slots: int, stop: threading.Event
    ) -> None:
        self.phase = "taking a second look"
        self.meter = Meter([entry.segment for entry in drafts.values()], slots)
        pairs = [(e.segment, e.translation) for e in drafts.values() if e.translation is not None]
        for looked in pipeline.refine(pairs, stop=stop):
            self._store.save(self._job.id, looked)
            self.meter.add(looked)

    def _options(self) -> PipelineOptions:
        job = self._job
        return PipelineOptions(
            job.source_language,
            job.target_language,
            merged_sampling(self._spec.sampling, job.options["sampling"]),
            brief.instruction(job.options["style"], job.options.get("brief", "")),
            priority=Priority.BOOK,
            # The same book with the same options gets the same random streams.
            run_id=f"book-{job.sha256[:12]}-{job.target_language}-{job.model}",
            model_key=job.options["model_key"],
            refine=job.options.get("refine", False),
        )

    def _write(self, book: Book, blocks: list[Block], entries: list[Entry]) -> Report:
        job = self._job
        require_same(blocks, entries)
        entries = self._refuse_unwritable(book, entries)
        output = Path(job.output)
        seen, problems = written(book, entries, output, options_of(job, job.options["bilingual"]))
        entries = self._store_failures(entries, seen)
        looks = refine.summary(entries)
        notes = (*book.notes, looks) if looks else book.notes
        if also := job.options.get("also"):
            self.phase = "writing the other edition"
            second = edition_path(job, also)
            seen, others = written(book, entries, second, options_of(job, also))
            entries = self._store_failures(entries, seen)
            problems, notes = (*problems, *others), (*notes, f"Also written: {second}")
        validation = Validation(reason="not asked for")
        if job.options["validate"]:
            self.phase = "validating"
            validation = validate(Path(job.source), output)
        report = Report(job, tuple(entries), problems, notes, validation)
        asked = job.options["report"]
        copies = [Path(asked)] if asked else []
        write_json(report.as_dict(), [self._folder / "report.json", *copies])
        return report

    def _refuse_unwritable(self, book: Book, entries: list[Entry]) -> list[Entry]:
        """Fail the segments of blocks whose translation the book cannot hold."""
        wrong = {
            block_id: f"it cannot be written into the book: {problem}"
            for block_id, text in texts_of(entries, self._job.target_language).items()
            if (problem := book.check(block_id, text))
        }
        failed = [
            replace(e, translation=replace(e.translation, text=e.segment.text))
            if e.segment.block_id in wrong and e.translation is not None
            else e
            for e in against_file(entries, wrong)
        ]
        return self._store_failures(entries, failed)

    def _store_failures(self, before: list[Entry], after: list[Entry]) -> list[Entry]:
        """Store what failed only now, so that a retry does it again."""
        for old, new in zip(before, after, strict=True):
            if old != new and new.translation is not None:
                self._store.fail(self._job.id, new.translation, self.seen)
        return after


def _honest(translation: Translation, source: str) -> Translation:
    """A reply that says what the source says is no translation, however right it may be."""
    if translation.status is not Status.TRANSLATED:
        return translation
    if markup.plain(translation.text).split() != markup.plain(source).split():
        return translation
    return replace(
        translation,
        status=Status.KEPT,
        text=source,
        reason=_SAME_IN_MEMORY if translation.provenance is Provenance.MEMORY else UNCHANGED,
        provenance=Provenance.NONE,
    )
