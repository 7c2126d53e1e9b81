"""Keeps an engine busy: many ladders at once, about twice as many requests as it has slots.

Every segment that goes in comes out exactly once. Equal texts are asked once. Requests that an
engine's crash took down are asked again, in the end one by one, so that a text that kills the
engine cannot take its neighbours with it.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from translator.engines.base import (
    Chunk,
    Done,
    Engine,
    Event,
    Failure,
    Finish,
    Priority,
    Request,
)
from translator.errors import Cancelled, EngineError, VersoError
from translator.ladder import Answer, Ask, Climb
from translator.types import Prompt, Segment, Status, Translation

CRASH_TRIES = 3  # the last one alone
_POLL = 0.2  # seconds between looks at the stop event
_DRAIN = 10.0  # seconds to wait for the engine after a stop
_REUSED_LENGTH = 400  # characters; longer texts repeat too seldom to be kept

PartialSink = Callable[[Segment, str], None]


@dataclass(frozen=True, slots=True)
class Rendered:
    """An :class:`Ask` ready for the engine, and how to read its reply and a part of it."""

    prompt: Prompt
    read: Callable[[str], str]
    preview: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Work:
    """One segment's ladder and what makes its result usable for another segment."""

    segment: Segment
    climb: Climb
    key: object = None  # equal keys: equal results; ``None``: never reused


@dataclass(slots=True)
class _Climber:
    work: Work
    asks: list[Ask] = field(default_factory=list)
    answers: list[Answer | None] = field(default_factory=list)
    asked: int = 0


@dataclass(slots=True)
class _Flight:
    """A question on its way: asked of the engine, or waiting for its turn."""

    climber: _Climber
    index: int
    rendered: Rendered
    tries: int = 1
    text: str = ""

    @property
    def ask(self) -> Ask:
        return self.climber.asks[self.index]


class Scheduler:
    """One run over some work. Use it once, from one thread."""

    def __init__(
        self,
        engine: Engine,
        render: Callable[[Segment, Ask], Rendered],
        *,
        run_id: str,
        priority: Priority,
        on_partial: PartialSink | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._engine = engine
        self._render = render
        self._run_id = run_id
        self._priority = priority
        self._on_partial = on_partial
        self._stop = stop
        self._width = 2 * max(1, engine.info.slots)
        # Of the last so many segments the longest goes first; a person reads along: nothing is
        # put off. More would help little, and a book's first pages would come late.
        self._window = 1 if priority is Priority.INTERACTIVE else max(1, engine.info.slots)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._waiting: deque[_Flight] = deque()
        self._flying: dict[str, _Flight] = {}
        self._results: deque[Translation] = deque()
        self._ahead: deque[Work] = deque()
        self._followers: dict[object, list[Segment]] = {}
        self._known: dict[object, Translation] = {}
        self._failures = 0  # in a row

    def run(self, work: Iterable[Work]) -> Iterator[Translation]:
        """Yield a translation for every piece of work, in the order of completion.

        Raises :class:`Cancelled` after a stop, once what was complete has been yielded, and the
        engine's own error when it fails again and again without a single answer between.
        """
        source = iter(work)
        exhausted = False
        try:
            while True:
                self._check_stop()
                exhausted = self._fill(source, exhausted)
                while self._results:
                    yield self._results.popleft()
                if self._flying:
                    self._receive(_POLL)
                elif exhausted and not self._waiting:
                    return
        except _Stopped:
            self._drain()
            yield from self._results
            raise Cancelled from None
        finally:
            for request_id in list(self._flying):
                self._engine.cancel(request_id)

    def _check_stop(self) -> None:
        if self._stop is not None and self._stop.is_set():
            raise _Stopped

    def _fill(self, source: Iterator[Work], exhausted: bool) -> bool:
        """Submit until the engine has enough; tell whether the source is used up."""
        while len(self._flying) < self._width:
            if self._waiting:
                alone = self._waiting[0].tries >= CRASH_TRIES
                if self._flying and (alone or self._one_alone()):
                    return exhausted
                self._submit(self._waiting.popleft())
                if alone:
                    return exhausted
            elif exhausted or self._one_alone():
                return exhausted
            else:
                work = self._next(source)
                if work is None:
                    return True
                self._start(work)
                if len(self._results) >= self._width:
                    return exhausted
        return exhausted

    def _next(self, source: Iterator[Work]) -> Work | None:
        """The next work: in order, but towards the end of a book the longest segment first.

        A long segment that is begun last decodes alone, at a fraction of the batch's speed.
        """
        ahead = self._ahead
        ahead.extend(itertools.islice(source, self._window - len(ahead)))
        if len(ahead) == self._window:
            return ahead.popleft()
        if not ahead:
            return None
        longest = max(range(len(ahead)), key=lambda i: len(ahead[i].segment.text))
        work = ahead[longest]
        del ahead[longest]
        return work

    def _one_alone(self) -> bool:
        return len(self._flying) == 1 and next(iter(self._flying.values())).tries >= CRASH_TRIES

    def _start(self, work: Work) -> None:
        key = work.key
        if key is not None:
            known = self._known.get(key)
            if known is not None:
                self._results.append(_reused(known, work.segment))
                return
            if key in self._followers:
                self._followers[key].append(work.segment)
                return
            self._followers[key] = []
        climber = _Climber(work)
        self._advance(climber, first=True)

    def _advance(self, climber: _Climber, *, first: bool = False) -> None:
        """Give the ladder its answers; queue its next questions or take its result."""
        answers = [answer for answer in climber.answers if answer is not None]
        try:
            climber.asks = next(climber.work.climb) if first else climber.work.climb.send(answers)
        except StopIteration as end:
            self._finish(climber.work, end.value)
            return
        climber.answers = [None] * len(climber.asks)
        # Questions of ladders that are under way go before new segments.
        for index, ask in enumerate(climber.asks):
            self._waiting.append(_Flight(climber, index, self._render(climber.work.segment, ask)))

    def _finish(self, work: Work, result: Translation) -> None:
        self._results.append(result)
        if work.key is None:
            return
        for segment in self._followers.pop(work.key):
            self._results.append(_reused(result, segment))
        if len(work.segment.text) <= _REUSED_LENGTH:
            self._known[work.key] = result

    def _submit(self, flight: _Flight) -> None:
        climber = flight.climber
        climber.asked += 1
        # The same job asks with the same ids, so that its random streams can be repeated.
        request_id = f"{self._run_id}/{climber.work.segment.id}/{climber.asked}"
        flight.text = ""
        self._flying[request_id] = flight
        request = Request(request_id, flight.rendered.prompt, flight.ask.sampling, self._priority)
        self._engine.submit(request, self._events.put)

    def _receive(self, timeout: float) -> None:
        try:
            event = self._events.get(timeout=timeout)
        except queue.Empty:
            return
        flight = self._flying.get(event.request_id)
        if flight is None:
            return
        if isinstance(event, Chunk):
            self._partial(flight, event.text)
            return
        del self._flying[event.request_id]
        if isinstance(event, Failure):
            self._failed(flight, event.error)
        else:
            self._answered(flight, event)

    def _partial(self, flight: _Flight, text: str) -> None:
        flight.text += text
        if self._on_partial is not None and flight.ask.whole:
            self._on_partial(flight.climber.work.segment, flight.rendered.preview(flight.text))

    def _answered(self, flight: _Flight, done: Done) -> None:
        self._failures = 0
        if done.finish is Finish.CANCELLED:
            # Nobody here asked for it: the engine is closing.
            error = EngineError("The engine was stopped.", "Start the translation again.")
            answer = Answer(error=error, tries=flight.tries)
        else:
            answer = Answer(
                flight.rendered.read(done.text),
                done.finish,
                None,
                done.prompt_tokens,
                done.new_tokens,
                done.seconds,
                flight.tries,
            )
        self._take(flight, answer)

    def _failed(self, flight: _Flight, error: VersoError) -> None:
        self._failures += 1
        if self._failures > 2 * self._width + CRASH_TRIES:
            raise error
        if flight.tries < CRASH_TRIES:
            flight.tries += 1
            self._waiting.append(flight)
        else:
            self._take(flight, Answer(error=error, tries=flight.tries))

    def _take(self, flight: _Flight, answer: Answer) -> None:
        climber = flight.climber
        climber.answers[flight.index] = answer
        if all(answer is not None for answer in climber.answers):
            self._advance(climber)

    def _drain(self) -> None:
        """After a stop: cancel everything, but keep what turns out to be complete."""
        for request_id in list(self._flying):
            self._engine.cancel(request_id)
        deadline = time.monotonic() + _DRAIN
        while self._flying and time.monotonic() < deadline:
            try:
                event = self._events.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(event, Chunk):
                continue
            flight = self._flying.pop(event.request_id, None)
            if flight and isinstance(event, Done) and event.finish is not Finish.CANCELLED:
                self._answered(flight, event)


class _Stopped(Exception):
    """The stop event was set."""


def _reused(result: Translation, segment: Segment) -> Translation:
    """The result of an equal text. Its cost is counted once, with the first."""
    text = result.text if result.status is Status.TRANSLATED else segment.text
    return replace(
        result,
        segment_id=segment.id,
        text=text,
        attempts=0,
        prompt_tokens=0,
        new_tokens=0,
        seconds=0.0,
    )
