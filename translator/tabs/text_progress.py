"""What the page shows of a text while it is translated, at a pace that it can bear."""

from __future__ import annotations

import time

from translator.tabs import segments_table, views
from translator.translator import SegmentResult, TextUpdate, UpdateKind
from translator.wording import plural

_STEP = 0.1  # seconds between two updates of the page
_STEP_PER_CHARACTER = 4e-6  # seconds more for each character that the page shows
_TABLE_STEP = 1.5  # seconds between two updates of the table


class TextProgress:
    """Follows one streamed text and says what the page should show, and when."""

    def __init__(self, target: str, source: str) -> None:
        self._target = target
        self._source = source
        self._page_at = 0.0
        self._table_at = 0.0
        self._results: dict[int, SegmentResult] = {}
        self._first: TextUpdate | None = None  # the first one with text in it
        self._last: TextUpdate | None = None
        self.failed = 0

    def take(self, update: TextUpdate) -> bool:
        """Note an update; whether the page should be told now."""
        self._last = update
        self._source = update.source
        if self._first is None and update.new_tokens:
            self._first = update
        if update.segment:
            self._results[update.index] = update.segment
        if update.result:
            self.failed = update.result.failed
            return True
        now = time.monotonic()
        step = _STEP + len(update.text) * _STEP_PER_CHARACTER
        if update.kind is not UpdateKind.START and now - self._page_at < step:
            return False
        self._page_at = now
        return True

    def table_due(self) -> bool:
        """Whether the table may be drawn anew: less often the longer it is."""
        now = time.monotonic()
        if now - self._table_at < _TABLE_STEP * (1 + len(self._results) / 100):
            return False
        self._table_at = now
        return True

    def table(self) -> str:
        """The table of finished segments."""
        total = self._last.total if self._last else 0
        return segments_table.table(self._results, self._source, self._target, total)

    def facts(self) -> str:
        """Figures of the moment, or of the end."""
        update = self._last
        if update is None:
            return ""
        if update.kind is UpdateKind.START:
            return views.figures(("Getting the model ready",))
        speed = self._speed(update)
        characters = plural(len(update.text.strip()), "character")
        if update.result:
            count = plural(update.total, "segment")
            first = f"Done in {views.duration(update.seconds)}"
            return views.figures((first, characters, count, _per_second(speed)))
        part = f"{update.done} of {plural(update.total, 'segment')}"
        return views.figures((part, characters, views.duration(update.seconds), _per_second(speed)))

    def _speed(self, update: TextUpdate) -> float:
        """New tokens a second since the first: loading and reading the prompt do not count."""
        if self._first is None:
            return 0.0
        seconds = update.seconds - self._first.seconds
        return (update.new_tokens - self._first.new_tokens) / seconds if seconds > 0.3 else 0.0

    def ended(self, how: str) -> str:
        """One sentence for an end before the end."""
        if self._last is None or not self._last.total:
            return views.figures((f"{how}.",))
        total = plural(self._last.total, "segment")
        return views.figures(
            (f"{how} after {self._last.done} of {total}", views.duration(self._last.seconds))
        )


def _per_second(speed: float) -> str:
    return f"{speed:.1f} tokens a second" if speed else ""
