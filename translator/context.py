"""What a model is shown around a segment: the chapter's title and the sentences before it.

Only the source side, on purpose. The translations of the sentences before are not there yet
when segments are decoded together, and which of them happen to be would differ from run to run.
The source never changes: a job that is stopped and resumed asks exactly what it would have asked,
equal questions stay equal (so the memory can answer them), and batches stay full.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from translator import markup, segmenting
from translator.types import BlockKind, Segment

CONTEXT_TOKENS = 160
SENTENCES = 3

_RUNNING_TEXT = frozenset({BlockKind.PARAGRAPH, BlockKind.LIST_ITEM, BlockKind.NOTE, BlockKind.CUE})


class SourceContext:
    """Answers for each segment of a document; ``segments`` are all of them, in order."""

    def __init__(
        self,
        segments: Sequence[Segment],
        count_tokens: Callable[[Sequence[str]], list[int]],
        budget: int = CONTEXT_TOKENS,
    ) -> None:
        self._segments = segments
        self._count = count_tokens
        self._budget = budget
        self._place = {segment.id: place for place, segment in enumerate(segments)}
        self._titles = _titles(segments)
        self._known: dict[str, tuple[tuple[str, str], ...]] = {}

    def __call__(self, segment: Segment) -> tuple[tuple[str, str], ...]:
        """Pairs of a source text and an empty translation, in reading order.

        Empty for what is no running text (headings, table cells, the table of contents).
        """
        if segment.kind not in _RUNNING_TEXT:
            return ()
        if segment.id not in self._known:
            self._known[segment.id] = self._of(self._place[segment.id])
        return self._known[segment.id]

    def _of(self, place: int) -> tuple[tuple[str, str], ...]:
        title = self._titles[place]
        texts = [title] * bool(title) + self._before(place)
        if not texts:
            return ()
        sizes = self._count(texts)
        left = self._budget
        kept: list[str] = []
        # The title first, then back from the nearest sentence as far as the budget goes.
        for text, size in zip(texts, sizes, strict=True):
            if size > left:
                break
            left -= size
            kept.append(text)
        head = 1 if title and kept else 0
        return tuple((text, "") for text in (*kept[:head], *reversed(kept[head:])))

    def _before(self, place: int) -> list[str]:
        """The last sentences before a segment in its section, the nearest first."""
        found: list[str] = []
        section = self._segments[place].section
        for at in range(place - 1, -1, -1):
            segment = self._segments[at]
            if segment.section != section or segment.kind is BlockKind.HEADING:
                break
            if segment.keep is not None or segment.kind not in _RUNNING_TEXT:
                continue
            sentences = segmenting.sentences(markup.plain(segment.text))
            found += [text for s in reversed(sentences) if (text := " ".join(s.split()))]
            if len(found) >= SENTENCES:
                break
        return found[:SENTENCES]


def _titles(segments: Sequence[Segment]) -> list[str]:
    """For each segment the last heading before it in its section."""
    titles: list[str] = []
    title, section = "", ""
    for segment in segments:
        if segment.section != section:
            title, section = "", segment.section
        titles.append(title)
        if segment.kind is BlockKind.HEADING:
            title = " ".join(markup.plain(segment.text).split())
    return titles
