"""A text's translation as a stream of updates, cheap enough to show each of them."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from enum import StrEnum

from translator import languages, segmenting
from translator.errors import Cancelled
from translator.pipeline import Pipeline, PipelineOptions
from translator.types import Segment, Status, Translation

_POLL = 0.1  # seconds
_STOP_WAIT = 3.0  # seconds for a worker that may be loading a model

# Calls the function with a pipeline for these options, on a loaded model.
PipelineRun = Callable[[PipelineOptions, Callable[[Pipeline], None]], None]


class UpdateKind(StrEnum):
    """What happened."""

    START = "start"  # the languages are known; the model may still have to be loaded
    PARTIAL = "partial"  # a segment grew
    SEGMENT = "segment"  # a segment is finished
    DONE = "done"  # everything is finished; ``result`` is set


@dataclass(frozen=True, slots=True)
class SegmentResult:
    """A segment of the source and what became of it."""

    segment: Segment
    translation: Translation


@dataclass(frozen=True, slots=True)
class TextResult:
    """A finished translation. ``source`` and ``target`` are BCP-47 tags.

    ``source`` is "und" if nobody said and the text does not tell; ``detection`` is ``None`` if
    the source was named. ``failed`` counts segments that stand in the source language.
    """

    text: str
    source: str
    detection: languages.Detection | None
    target: str
    model: str
    segments: tuple[SegmentResult, ...]
    seconds: float
    new_tokens: int
    failed: int


@dataclass(frozen=True, slots=True)
class TextUpdate:
    """One step of a streamed translation.

    ``text`` is the whole target so far, in order; what is not there yet is left out.
    ``index`` and ``segment_text`` tell which segment changed, ``segment`` is set when it is
    finished. ``new_tokens`` are about those made so far, ``seconds`` since the start.
    """

    kind: UpdateKind
    text: str
    source: str
    detection: languages.Detection | None
    index: int = -1
    segment_text: str = ""
    segment: SegmentResult | None = None
    done: int = 0
    total: int = 0
    new_tokens: int = 0
    seconds: float = 0.0
    result: TextResult | None = None


class TextStream:
    """One streamed text: a worker thread runs the pipeline, the caller's thread the updates."""

    def __init__(
        self,
        text: str,
        options: PipelineOptions,
        detection: languages.Detection | None,
        model: str,
        run: PipelineRun,
    ) -> None:
        self._options = options
        self._detection = detection
        self._model = model
        self._run = run
        self._source = segmenting.blocks_of_text(text)
        self._halt = threading.Event()
        # What the worker has to say: segments, a partial text, a result, its end.
        self._news: queue.SimpleQueue[
            list[Segment] | tuple[str, str] | Translation | BaseException | None
        ] = queue.SimpleQueue()
        self._segments: list[Segment] = []
        self._index: dict[str, int] = {}
        self._of_block: dict[str, list[int]] = {}
        self._partial: dict[int, str] = {}
        self._partial_tokens: dict[int, int] = {}
        self._finished: dict[int, Translation] = {}
        self._block_texts = {block.id: "" for block in self._source.blocks}
        self._new_tokens = 0
        self._began = time.monotonic()

    def updates(self, stop: threading.Event | None) -> Iterator[TextUpdate]:
        """Run to the end, see :meth:`Translator.stream`. Call it once."""
        self._began = time.monotonic()
        yield self._update(UpdateKind.START)
        if self._source.blocks:
            threading.Thread(target=self._work, name="verso-text", daemon=True).start()
        else:
            self._news.put(None)
        deadline = None
        try:
            while True:
                if deadline is None and stop is not None and stop.is_set():
                    self._halt.set()
                    deadline = time.monotonic() + _STOP_WAIT
                if deadline is not None and time.monotonic() > deadline:
                    raise Cancelled
                if (yield from self._deliver()):
                    break
        finally:
            self._halt.set()
        yield self._update(UpdateKind.DONE, result=self._result())

    def _work(self) -> None:
        try:
            self._run(self._options, self._translate)
        except BaseException as error:  # handed to the caller's thread, which raises it
            self._news.put(error)
        else:
            self._news.put(None)

    def _translate(self, pipeline: Pipeline) -> None:
        segments = pipeline.segments(self._source.blocks)
        self._news.put(segments)
        for translation in pipeline.run(
            segments,
            on_partial=lambda segment, text: self._news.put((segment.id, text)),
            stop=self._halt,
        ):
            self._news.put(translation)

    def _deliver(self) -> Generator[TextUpdate, None, bool]:
        """Yield updates for all news there is; return whether that was the end."""
        grown = -1
        ended = False
        timeout: float | None = _POLL
        while not ended:
            try:
                news = self._news.get(timeout=timeout) if timeout else self._news.get_nowait()
            except queue.Empty:
                break
            timeout = None
            if news is None:
                ended = True
            elif isinstance(news, BaseException):
                raise news
            elif isinstance(news, list):
                self._begin(news)
            elif isinstance(news, tuple):
                grown = self._grow(*news)
            else:
                yield self._finish(news)
        # Of many small steps the last one is enough: it shows all of them.
        if grown >= 0 and grown not in self._finished:
            yield self._update(UpdateKind.PARTIAL, grown)
        return ended

    def _begin(self, segments: list[Segment]) -> None:
        self._segments = segments
        self._index = {segment.id: i for i, segment in enumerate(segments)}
        for i, segment in enumerate(segments):
            self._of_block.setdefault(segment.block_id, []).append(i)

    def _grow(self, segment_id: str, text: str) -> int:
        index = self._index[segment_id]
        self._partial[index] = text
        self._partial_tokens[index] = self._partial_tokens.get(index, 0) + 1
        self._rebuild(index)
        return index

    def _finish(self, translation: Translation) -> TextUpdate:
        index = self._index[translation.segment_id]
        self._finished[index] = translation
        self._partial.pop(index, None)
        self._partial_tokens.pop(index, None)
        self._new_tokens += translation.new_tokens
        self._rebuild(index)
        return self._update(
            UpdateKind.SEGMENT, index, SegmentResult(self._segments[index], translation)
        )

    def _text_of(self, index: int) -> str:
        finished = self._finished.get(index)
        return finished.text if finished else self._partial.get(index, "")

    def _rebuild(self, index: int) -> None:
        block_id = self._segments[index].block_id
        of_block = self._of_block[block_id]
        self._block_texts[block_id] = segmenting.join(
            [self._segments[i] for i in of_block],
            [self._text_of(i) for i in of_block],
            self._options.target,
        )

    def _update(
        self,
        kind: UpdateKind,
        index: int = -1,
        segment: SegmentResult | None = None,
        result: TextResult | None = None,
    ) -> TextUpdate:
        return TextUpdate(
            kind,
            result.text if result else self._source.rebuild(self._block_texts),
            self._options.source,
            self._detection,
            index,
            self._text_of(index) if index >= 0 else "",
            segment,
            len(self._finished),
            len(self._segments),
            self._new_tokens + sum(self._partial_tokens.values()),
            time.monotonic() - self._began,
            result,
        )

    def _result(self) -> TextResult:
        pairs = tuple(
            SegmentResult(segment, self._finished[i]) for i, segment in enumerate(self._segments)
        )
        failed = sum(pair.translation.status is Status.FAILED for pair in pairs)
        return TextResult(
            self._source.rebuild(self._block_texts),
            self._options.source,
            self._detection,
            self._options.target,
            self._model,
            pairs,
            time.monotonic() - self._began,
            self._new_tokens,
            failed,
        )
