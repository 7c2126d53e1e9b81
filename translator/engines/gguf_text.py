"""From a reply's bytes to its text: whole characters, and an end at a stop string."""

from __future__ import annotations

import codecs


class ReplyText:
    """Collects a reply. Tokens may end inside a character or inside a stop string."""

    def __init__(self, stop: tuple[str, ...]) -> None:
        self._stop = tuple(s for s in stop if s)
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""  # may turn out to begin a stop string
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """All text given out so far."""
        return "".join(self._parts)

    def add(self, data: bytes) -> tuple[str, bool]:
        """Take a token's bytes; returns the text that is certain, and whether a stop came."""
        self._held += self._decoder.decode(data)
        ends = [at for s in self._stop if (at := self._held.find(s)) >= 0]
        if ends:
            text, self._held = self._held[: min(ends)], ""
            return self._give(text), True
        keep = max((_overlap(self._held, s) for s in self._stop), default=0)
        split = len(self._held) - keep
        text, self._held = self._held[:split], self._held[split:]
        return self._give(text), False

    def close(self) -> str:
        """The end of the reply: what was held back was no stop string."""
        text = self._held + self._decoder.decode(b"", final=True)
        self._held = ""
        return self._give(text)

    def _give(self, text: str) -> str:
        if text:
            self._parts.append(text)
        return text


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of ``text`` that begins ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
