"""Segments to translations: prompts, token budgets, markup, checks and repair, for one engine."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from translator import checks, languages, markup, segmenting
from translator.budget import budget_for
from translator.engines.base import Engine, Priority
from translator.ladder import Ask, Climb, Judge, Ladder
from translator.memory import Asked, Remembers
from translator.prompts import UNKNOWN, PromptStyle
from translator.recall import Recall
from translator.refine import SecondLook
from translator.scheduler import PartialSink, Rendered, Scheduler, Work
from translator.types import (
    Block,
    Check,
    Sampling,
    Segment,
    Status,
    Translation,
    TranslationTask,
)

SEGMENT_TOKENS = 320  # longer texts come back shortened, and hold up the others
_COUNTED_TOGETHER = 256

Pairs = tuple[tuple[str, str], ...]
Hook = Callable[[Segment], Pairs]


class Checker(Protocol):
    """The form of :func:`translator.checks.check`."""

    def __call__(
        self,
        segment: Segment,
        target_text: str,
        source: str,
        target: str,
        *,
        finish_length: bool = False,
    ) -> tuple[Check, ...]:
        """All findings about a translation of the segment."""
        ...


_RUNS = itertools.count(1)


@dataclass(frozen=True, slots=True)
class PipelineOptions:
    """What a run is asked to do. ``source`` may be ``UNKNOWN`` where the prompt style allows it.

    ``style`` is "", "literary", "formal", "plain" or a free instruction. ``max_attempts`` is how
    often a whole segment is tried before it is divided. ``terms`` and ``context`` are asked
    for each segment: glossary entries that apply, and previous (source, target) pairs.
    ``run_id`` names the run's requests: the same id gives the same random streams again.
    ``check`` decides what is acceptable. What ``memory`` knows is not asked again; ``model_key``
    changes when the model's outputs may change under the same id. ``refine``: there will be a
    second look (:meth:`Pipeline.refine`), whose longer prompts have to fit.
    """

    source: str
    target: str
    sampling: Sampling = field(default_factory=Sampling)
    style: str = ""
    max_attempts: int = 3
    priority: Priority = Priority.INTERACTIVE
    segment_tokens: int = SEGMENT_TOKENS
    terms: Hook | None = None
    context: Hook | None = None
    run_id: str = ""
    check: Checker = checks.check
    memory: Remembers | None = None
    model_key: str = ""
    refine: bool = False


class Pipeline:
    """Translates segments with one engine, one prompt style and one set of options."""

    def __init__(
        self, engine: Engine, style: PromptStyle, options: PipelineOptions, model_id: str = ""
    ) -> None:
        self._engine = engine
        self._style = style
        self._options = options
        self._model_id = model_id
        target = languages.get(options.target)
        draft = "x" if options.refine else ""
        sample = TranslationTask(
            "x", options.source, target.tag, options.style, has_tags=True, draft=draft
        )
        hooks = bool(options.terms or options.context)
        longest = options.sampling.max_new_tokens
        self._budget = budget_for(engine, style, sample, longest, hooks=hooks)
        self._judge = Judge(
            check=self._check,
            sampling=options.sampling,
            room=self._budget.room,
            target=target.tag,
            target_name=target.name,
            spaced=target.spaced,
            takes_notes=style.takes_notes,
            max_attempts=options.max_attempts,
        )
        self._fingerprint = style.fingerprint if options.memory else ""
        self._recall = self._opened(options.memory, model_id) if options.memory else None

    def segments(self, blocks: Sequence[Block]) -> list[Segment]:
        """Segments small enough that prompt and translation fit the context together.

        Raises :class:`EngineError` if the model's context is too small for any text.
        """
        return segmenting.split_blocks(
            blocks,
            self._budget.limit(self._options.segment_tokens),
            self._engine.count_tokens,
            self._known_source(),
        )

    def run(
        self,
        segments: Iterable[Segment],
        *,
        on_partial: PartialSink | None = None,
        stop: threading.Event | None = None,
    ) -> Iterator[Translation]:
        """Yield one translation for each segment, in the order of completion.

        ``on_partial`` gets a segment and its visible text so far, from the calling thread; the
        text starts over when a segment is tried again. Closing the iterator cancels the rest.
        Raises :class:`Cancelled` after ``stop`` was set and everything complete was yielded,
        :class:`EngineError` if the engine fails for good.
        """
        return self._scheduler("", on_partial, stop).run(self._work(segments))

    def refine(
        self,
        drafts: Iterable[tuple[Segment, Translation]],
        *,
        stop: threading.Event | None = None,
    ) -> Iterator[Translation]:
        """Yield for each segment its draft or what a second look at it gave (see :meth:`run`)."""
        return self._scheduler("-again", None, stop).run(self._looks(drafts))

    def _scheduler(
        self, suffix: str, on_partial: PartialSink | None, stop: threading.Event | None
    ) -> Scheduler:
        return Scheduler(
            self._engine,
            self._render,
            run_id=(self._options.run_id or f"run{next(_RUNS)}") + suffix,
            priority=self._options.priority,
            on_partial=on_partial,
            stop=stop,
        )

    def _looks(self, drafts: Iterable[tuple[Segment, Translation]]) -> Iterator[Work]:
        rest = iter(drafts)
        while batch := list(itertools.islice(rest, _COUNTED_TOGETHER)):
            sizes = self._engine.count_tokens([_shown(segment.text) for segment, _ in batch])
            for (segment, draft), size in zip(batch, sizes, strict=True):
                yield Work(segment, SecondLook(self._judge, segment, size, draft).climb())

    def _work(self, segments: Iterable[Segment]) -> Iterator[Work]:
        rest = iter(segments)
        while batch := list(itertools.islice(rest, _COUNTED_TOGETHER)):
            known = {s.id: t for s in batch if (t := self._without_model(s)) is not None}
            wanted = [segment.text for segment in batch if segment.id not in known]
            sizes = iter(self._engine.count_tokens([_shown(t) for t in wanted]) if wanted else ())
            for segment in batch:
                if segment.id in known:
                    yield Work(segment, _ended(known[segment.id]))
                else:
                    ladder = Ladder(self._judge, segment, next(sizes))
                    yield Work(segment, self._signed(ladder), self._key(segment))

    def _opened(self, memory: Remembers, model_id: str) -> Recall:
        options = self._options
        sentences = memory.written(options.source, options.target)
        return Recall(memory, self._asked, self._check, model_id, self._style.id, sentences)

    def _without_model(self, segment: Segment) -> Translation | None:
        """The result of a segment that needs no model."""
        if segment.keep is not None:
            return Translation(segment.id, Status.KEPT, segment.text, reason=segment.keep)
        return self._recall.find(segment) if self._recall else None

    def _signed(self, ladder: Ladder) -> Climb:
        result = yield from ladder.climb()
        if self._recall and not self._style.dry_run:
            self._recall.learn(ladder.segment, result)
        return Translation(
            result.segment_id,
            result.status,
            result.text,
            result.reason,
            result.checks,
            self._model_id,
            self._style.id,
            result.provenance,
            result.attempts,
            result.prompt_tokens,
            result.new_tokens,
            result.seconds,
        )

    def _key(self, segment: Segment) -> object:
        """Equal for segments that would get equal prompts."""
        return (segment.text, segment.kind, *self._hooked(segment))

    def _hooked(self, segment: Segment) -> tuple[Pairs, Pairs]:
        """The terms and the context of a segment."""
        terms, context = self._options.terms, self._options.context
        return terms(segment) if terms else (), context(segment) if context else ()

    def _asked(self, segment: Segment) -> Asked:
        options = self._options
        terms, context = self._hooked(segment)
        return Asked(
            segment.text, options.source, options.target, options.model_key, self._fingerprint,
            options.style, terms, context, options.sampling,
        )  # fmt: skip

    def _render(self, segment: Segment, ask: Ask) -> Rendered:
        family = None
        shown = ask.text
        note = ask.note
        if markup.has_placeholders(ask.text):
            family = markup.choose_family(ask.text + ask.draft)
            if family is None:
                # Every kind of tag occurs in the text itself: the model gets no tags, the check
                # on placeholders fails, and the text between them is translated by itself.
                shown = markup.plain(ask.text)
            else:
                shown = markup.show(ask.text, family)
                if family is not markup.FAMILIES[0]:
                    form = f"{family.open.format(1)} and {family.close.format(1)}"
                    note = f"{note} Tags look like {form} here.".strip()
        options = self._options
        terms, context = self._hooked(segment)
        task = TranslationTask(
            shown,
            options.source,
            options.target,
            options.style,
            note,
            family is not None,
            terms,
            context,
            markup.show(ask.draft, family) if family else markup.plain(ask.draft),
        )

        def read(reply: str) -> str:
            text = self._style.parse(reply, task)
            return markup.hide(text, family, ask.text) if family else markup.without_reserved(text)

        return Rendered(
            self._style.render(task), read, lambda reply: _preview(read(reply), segment)
        )

    def _check(self, segment: Segment, text: str, finish_length: bool) -> tuple[Check, ...]:
        if self._style.dry_run:
            wrong = markup.problems(segment.text, text)
            return (Check("placeholders", wrong, fatal=True),) if wrong else ()
        return self._options.check(
            segment,
            text,
            self._known_source(),
            self._options.target,
            finish_length=finish_length,
        )

    def _known_source(self) -> str:
        return "" if self._options.source == UNKNOWN else self._options.source


def _shown(text: str) -> str:
    return markup.show(text, markup.FAMILIES[0]) if markup.has_placeholders(text) else text


def _preview(text: str, segment: Segment) -> str:
    return markup.plain(text) if markup.has_placeholders(segment.text) else text


def _ended(translation: Translation) -> Climb:
    """A ladder with no rung."""
    yield from ()
    return translation
