"""A translation on a terminal, as it grows."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from translator.commands.terminal import errors_console, say

if TYPE_CHECKING:
    from translator.streaming import TextResult, TextUpdate


class Frontier:
    """Finds what may be printed for good while many segments grow at once.

    That is everything up to the first segment that is not finished, and the beginning of that.
    """

    def __init__(self) -> None:
        self._texts: dict[int, str] = {}
        self._finished: set[int] = set()
        self._first = 0  # the first segment that is not printed in full
        self._done = ""  # printed before that segment
        self._grown = ""  # printed of that segment, with the white space before it

    @property
    def printed(self) -> str:
        """All that :meth:`feed` has returned."""
        return self._done + self._grown

    def feed(self, update: TextUpdate) -> str:
        """What to print after an update; often nothing."""
        if update.index < 0:
            return ""
        self._texts[update.index] = update.segment_text
        if update.segment is not None:
            self._finished.add(update.index)
        before = len(self.printed)
        while self._advance(update.text):
            pass
        return self.printed[before:]

    def _advance(self, whole: str) -> bool:
        """Take what there is of the first segment; tell whether it is finished."""
        text = self._texts.get(self._first, "")
        rest = whole.removeprefix(self._done)
        space = rest[: len(rest) - len(rest.lstrip())]
        known = bool(text) and whole.startswith(self._done) and rest.startswith(space + text)
        ready = space + text if known else ""
        if not ready.startswith(self._grown):
            return False  # the segment began anew with other words: the end will tell
        if self._first not in self._finished:
            self._grown = ready
            return False
        self._done, self._grown = self._done + ready, ""
        self._first += 1
        return True


def print_stream(updates: Iterator[TextUpdate], loading: str) -> TextResult:
    """Print a translation as it grows and return it; ends with one line end.

    ``loading`` is shown on standard error until the first words come.
    """
    frontier = Frontier()
    result = None
    with errors_console().status(loading) as status:
        for update in updates:
            if new := frontier.feed(update):
                status.stop()
                sys.stdout.write(new)
                sys.stdout.flush()
            result = update.result
    assert result is not None
    final = result.text.rstrip("\r\n")
    printed = frontier.printed.rstrip("\r\n")
    if final.startswith(printed):
        sys.stdout.write(final[len(printed) :] + "\n" if final else "")
    else:
        # A segment was tried again after its first words were out.
        sys.stdout.write("\n")
        sys.stdout.flush()
        say("A part had to be done again. The whole translation:")
        sys.stdout.write(final + "\n")
    sys.stdout.flush()
    return result
