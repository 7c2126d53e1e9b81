"""How fast a job goes and how long it will still take, measured while it runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from translator.records import Counts, Job
from translator.types import Provenance, Segment, Translation

_LEAST_SECONDS = 1.0
_LEAST_SEGMENTS = 3
_OVERHEAD = 16  # characters that a segment costs beyond its text


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

    An engine works on ``slots`` segments at once, so at any moment about half of that many are
    done that no one has seen yet: without them the first estimates would be far too long.
    ``times``: how often the run will go over the segments in all; this is the first time.
    """

    def __init__(
        self,
        segments: Iterable[Segment],
        slots: int,
        clock: Callable[[], float] = time.monotonic,
        times: int = 1,
    ) -> None:
        self._cost = {s.id: len(s.text) + _OVERHEAD for s in segments if s.keep is None}
        self._left = sum(self._cost.values())
        self._mean = self._left / len(self._cost) if self._cost else 0.0
        self._left *= times
        self._slots = slots
        self._clock = clock
        self._began = clock()
        self._done = 0
        self._finished = 0
        self._tokens = 0
        self._lock = threading.Lock()

    def add(self, translation: Translation) -> None:
        """Count a finished segment."""
        with self._lock:
            cost = self._cost.pop(translation.segment_id, None)
            self._tokens += translation.new_tokens
            if cost is None:
                return
            self._left -= cost
            # What the memory knew took no time and tells nothing about the rest.
            if translation.provenance is not Provenance.MEMORY:
                self._done += cost
                self._finished += 1

    @property
    def speed(self) -> float:
        """New tokens a second since the start."""
        seconds = self._clock() - self._began
        return self._tokens / seconds if seconds > 0 else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds until the end; ``None`` while there is too little to tell from."""
        with self._lock:
            seconds = self._clock() - self._began
            if not self._cost:
                return 0.0
            if self._finished < _LEAST_SEGMENTS or seconds < _LEAST_SECONDS:
                return None
            under_way = min(self._slots, len(self._cost)) * self._mean / 2
            return max(0.0, self._left - under_way) * seconds / (self._done + under_way)
