"""How fast a job goes and how long it will still take, measured while it runs."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from translator.records import Counts, Job
from translator.types import Provenance, Segment, Translation

_LEAST_SECONDS = 1.0
_LEAST_SEGMENTS = 3
_OVERHEAD = 30  # characters that a segment costs beyond its text
_MOST_RECENT = 200  # segments that say how much the memory knows
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Progress:
    """A job and how far it is. ``recent`` holds (source, target) pairs, the latest first."""

    job: Job
    counts: Counts
    recent: tuple[tuple[str, str], ...] = ()

    @property
    def fraction(self) -> float:
        """The share of the words that is done, from 0 to 1."""
        if self.counts.words:
            return self.counts.words_done / self.counts.words
        return self.counts.done / self.counts.total if self.counts.total else 0.0


class Meter:
    """Measures one run over some segments, in characters of the source.

    An engine works on ``slots`` segments at once, in the order they were given, and the short
    ones of the first lot are done first. What counts is therefore also the work that is under way:
    how long each of those segments has been worked on, at the speed of those that are done.
    """

    def __init__(
        self,
        segments: Iterable[Segment],
        slots: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cost = {s.id: len(s.text) + _OVERHEAD for s in segments if s.keep is None}
        self._left = sum(self._cost.values())
        self._slots = slots
        self._clock = clock
        self._began = clock()
        self._waiting = deque(self._cost)
        self._started: dict[str, float] = {}
        self._places = {segment_id: place for place, segment_id in enumerate(self._cost)}
        self._front = 0  # the place of the last segment that was looked at
        self._recent = min(_MOST_RECENT, max(2 * slots, len(self._cost) // 10))
        self._remembered: set[int] = set()  # places
        self._finished = 0
        self._done = 0  # cost of what the engine has finished
        self._worked = 0.0  # seconds of slots that this took
        self._tokens = 0
        self._lock = threading.Lock()
        self._start(self._began)

    def add(self, translation: Translation) -> None:
        """Count a finished segment."""
        with self._lock:
            now = self._clock()
            cost = self._cost.pop(translation.segment_id, None)
            self._tokens += translation.new_tokens
            if cost is None:
                return
            self._left -= cost
            place = self._places[translation.segment_id]
            self._front = max(self._front, place)
            began = self._started.pop(translation.segment_id, None)
            # What the memory knew took no time and tells nothing about the speed.
            if translation.provenance is Provenance.MEMORY:
                self._remembered.add(place)
            elif began is not None:
                self._finished += 1
                self._done += cost
                self._worked += now - began
            self._start(now)

    def _start(self, now: float) -> None:
        """Note that free slots take the next segments."""
        while self._waiting and len(self._started) < self._slots:
            segment_id = self._waiting.popleft()
            if segment_id in self._cost:
                self._started[segment_id] = now

    @property
    def speed(self) -> float:
        """New tokens a second since the start."""
        seconds = self._clock() - self._began
        return self._tokens / seconds if seconds > 0 else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds until the end; ``None`` while there is too little to tell from."""
        with self._lock:
            now = self._clock()
            seconds = now - self._began
            if not self._cost:
                return 0.0
            if self._finished < _LEAST_SEGMENTS or seconds < _LEAST_SECONDS or not self._worked:
                return None
            under_way = self._under_way(now)
            waiting = self._left - sum(self._cost[i] for i in self._started)
            running = self._left - waiting - under_way
            return (running + self._new() * waiting) * seconds / (self._done + under_way)

    def _new(self) -> float:
        """The share of the rest that the memory will not know, if it goes on as it did of late."""
        recent = range(max(0, self._front - self._recent), self._front + 1)
        return 1 - sum(place in self._remembered for place in recent) / len(recent)

    def _under_way(self, now: float) -> float:
        """How much of what is being worked on is done, as far as one can tell."""
        ages = [(now - began, self._cost[i]) for i, began in self._started.items()]
        worked = self._worked + sum(age for age, _ in ages)
        speed, done = self._done / self._worked, 0.0
        for _ in range(_ROUNDS):  # those that take longer than they should lower the speed
            done = sum(min(age * speed, cost) for age, cost in ages)
            speed = (self._done + done) / worked
        return done
