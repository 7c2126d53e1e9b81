"""Where to cut long tagged texts, so that every part keeps to a token budget.

All texts of a call are divided together, one kind of boundary after the other, so that tokens
are counted in a few large batches (the counter may live in another process).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from translator import markup
from translator import sentences as cuts

CountTokens = Callable[[Sequence[str]], list[int]]

# Ways to divide a text, best first, and what a part boundary of that kind costs, as a share of
# the ideal part size that one would rather be off.
_PARAGRAPH, _LINE, _SENTENCE, _INNER, _CLAUSE, _WORD, _CHARACTER, _CODE_POINT = range(8)
_COST = (0.0, 0.05, 0.15, 0.3, 0.6, 1.2, 3.0, 5.0)
_INSIDE_MARKUP = 0.3

# Nothing this long fits: more characters a token than any vocabulary gives. Not counted, so
# that no tokenizer is fed megabytes at once.
_CHARACTERS_PER_TOKEN = 16


class Tagged:
    """A tagged text, its plain text, and the way from offsets in one to the other."""

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = markup.tokenize(text)
        self.plain = "".join(t for t in tokens if isinstance(t, str))
        # White space at the ends, and markup in it, belongs to the first and the last part.
        self.first = len(self.plain) - len(self.plain.lstrip())
        self.last = len(self.plain.rstrip())
        self._at: list[int] = []  # plain offset of each placeholder
        self._marks: list[markup.Placeholder] = []
        position = 0
        for token in tokens:
            if isinstance(token, str):
                position += len(token)
            else:
                self._at.append(position)
                self._marks.append(token)
        lengths = (len(str(mark)) for mark in self._marks)
        self._before = list(accumulate(lengths, initial=0))
        steps = ({markup.Mark.OPEN: 1, markup.Mark.CLOSE: -1}.get(m.mark, 0) for m in self._marks)
        self._depth = list(accumulate(steps, initial=0))

    def _first_after(self, plain_offset: int) -> int:
        """The first placeholder that belongs behind a cut: closing marks stay in front of it."""
        index = bisect_left(self._at, plain_offset)
        while (
            index < len(self._at)
            and self._at[index] == plain_offset
            and self._marks[index].mark is not markup.Mark.OPEN
        ):
            index += 1
        return index

    def offset(self, plain_offset: int) -> int:
        """Where to cut the tagged text for a cut in the plain one."""
        if plain_offset <= self.first:
            return 0
        if plain_offset >= self.last:
            return len(self.text)
        return plain_offset + self._before[self._first_after(plain_offset)]

    def inside_markup(self, plain_offset: int) -> bool:
        """Whether a cut there would separate a start from its end."""
        return self._depth[self._first_after(plain_offset)] > 0

    def shown(self, start: int, end: int) -> str:
        """About what a model will see of a span (the tag family is not chosen yet)."""
        piece = self.text[self.offset(start) : self.offset(end)].strip()
        return markup.show(piece, markup.FAMILIES[0]) if self._at else piece


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a block's plain text. ``level``: the kind of boundary at its end."""

    block: int
    start: int
    end: int
    level: int = _PARAGRAPH
    tried: int = -1  # the last kind of division that was tried on it
    tokens: int = 0


class Splitter:
    """Divides long blocks, all of them together, so that tokens are counted in large batches."""

    def __init__(
        self, work: Sequence[Tagged], limit: int, count: CountTokens, language: str
    ) -> None:
        self._work = work
        self._limit = limit
        self._count = count
        self._language = language

    def parts(self, spans: Sequence[Span]) -> dict[int, list[int]]:
        """The plain offsets at which each block is to be cut (none for a block that fits)."""
        pieces: dict[int, list[Span]] = {}
        for piece in self._divide(spans):
            pieces.setdefault(piece.block, []).append(piece)
        packed = {
            block: self._pack(sorted(all_of_it, key=lambda p: p.start), self._limit)
            for block, all_of_it in pieces.items()
            if len(all_of_it) > 1
        }
        self._verify(packed)
        return {block: [part[-1].end for part in parts[:-1]] for block, parts in packed.items()}

    def _counted(self, spans: Sequence[Span]) -> list[Span]:
        if not spans:
            return []
        counts = self._count([self._work[s.block].shown(s.start, s.end) for s in spans])
        return [replace(s, tokens=n) for s, n in zip(spans, counts, strict=True)]

    def _divide(self, spans: Sequence[Span]) -> Iterator[Span]:
        """Divide until every piece fits, one kind of boundary after the other."""
        pending = list(spans)
        while pending:
            too_long = self._limit * _CHARACTERS_PER_TOKEN
            divide: list[Span] = []
            short: list[Span] = []
            for span in pending:
                (divide if self._bare_length(span) > too_long else short).append(span)
            for span in self._counted(short):
                if span.tokens <= self._limit:
                    yield self._padded(span)
                else:
                    divide.append(span)
            pending = []
            for span in divide:
                pieces = self._division(span)
                if len(pieces) > 1:
                    pending += pieces
                else:
                    yield from self._counted([span])

    def _bare_length(self, span: Span) -> int:
        return len(self._work[span.block].plain[span.start : span.end].strip())

    def _padded(self, span: Span) -> Span:
        """With the white space after it, which counts once something follows in the same part."""
        blanks = span.end - span.start - self._bare_length(span)
        return replace(span, tokens=span.tokens + blanks // _CHARACTERS_PER_TOKEN)

    def _division(self, span: Span) -> list[Span]:
        """The pieces of a span at the best kind of boundary that it has."""
        text = self._work[span.block].plain[span.start : span.end]
        for kind in range(min(span.tried + 1, _CODE_POINT), _CODE_POINT + 1):
            ends = [end for end in self._boundaries(text, kind) if 0 < end < len(text)]
            if ends:
                return _cut(span, ends, kind)
        return [span]

    def _boundaries(self, text: str, kind: int) -> list[int]:
        if kind == _PARAGRAPH:
            return cuts.paragraphs(text)
        if kind == _LINE:
            return cuts.lines(text)
        if kind == _SENTENCE:
            return cuts.sentence_ends(text, self._language)
        if kind == _INNER:
            return cuts.inner_sentences(text)
        if kind == _CLAUSE:
            return cuts.clauses(text)
        # Not every word by itself: runs of them, small enough to fill parts evenly.
        size = max(1, min(self._limit, len(text.encode())) // 2)
        if kind == _WORD:
            return _spread(cuts.words(text), text, size)
        step = max(1, size * len(text) // len(text.encode()))
        if kind == _CHARACTER:
            return cuts.characters(text, step)
        return list(range(step, len(text), step))

    def _pack(self, pieces: Sequence[Span], limit: float) -> list[list[Span]]:
        """Neighbouring pieces to parts: as few as possible, about equally long.

        Greedy, looking at every end within the limit; linear in the number of pieces, as a part
        is at least 0.3 of the ideal size where the pieces allow it.
        """
        parts: list[list[Span]] = []
        start, rest = 0, sum(piece.tokens for piece in pieces)
        while rest > limit:
            ideal = rest / math.ceil(rest / limit)
            size, best, best_score, best_size = 0, start, math.inf, 0
            for at in range(start, len(pieces)):
                size += pieces[at].tokens
                if size > limit and at > start:
                    break
                score = abs(size - ideal) / ideal + self._cost(pieces[at])
                if size < 0.3 * ideal:
                    score += 10.0
                if score < best_score:
                    best, best_score, best_size = at, score, size
            parts.append(list(pieces[start : best + 1]))
            start, rest = best + 1, rest - best_size
        if start < len(pieces):
            parts.append(list(pieces[start:]))
        return parts

    def _cost(self, piece: Span) -> float:
        inside = self._work[piece.block].inside_markup(piece.end)
        return _COST[piece.level] + (_INSIDE_MARKUP if inside else 0.0)

    def _verify(self, packed: dict[int, list[list[Span]]]) -> None:
        """Count the parts as a whole: their pieces' counts need not add up. Repack what is over."""
        unsure = {block: set(range(len(parts))) for block, parts in packed.items()}
        while unsure:
            todo = [
                (block, i)
                for block, indexes in unsure.items()
                for i in sorted(indexes)
                if len(packed[block][i]) > 1
            ]
            wholes = [packed[block][i] for block, i in todo]
            counted = self._counted([Span(w[0].block, w[0].start, w[-1].end) for w in wholes])
            over = {
                key: span.tokens
                for key, span in zip(todo, counted, strict=True)
                if span.tokens > self._limit
            }
            unsure = {}
            for block in {block for block, _ in over}:
                parts: list[list[Span]] = []
                again: set[int] = set()
                for i, part in enumerate(packed[block]):
                    tokens = over.get((block, i))
                    if tokens is None:
                        parts.append(part)
                        continue
                    added = sum(piece.tokens for piece in part)
                    smaller = self._pack(part, min(0.98 * self._limit * added / tokens, added - 1))
                    again |= set(range(len(parts), len(parts) + len(smaller)))
                    parts += smaller
                packed[block] = parts
                unsure[block] = again


def _cut(span: Span, ends: Sequence[int], kind: int) -> list[Span]:
    at = [span.start, *(span.start + end for end in ends), span.end]
    last = len(at) - 2
    return [
        Span(span.block, a, b, span.level if i == last else kind, kind)
        for i, (a, b) in enumerate(pairwise(at))
    ]


def _spread(ends: Sequence[int], text: str, size: int) -> list[int]:
    """Those of the ends that leave pieces of at most about ``size`` UTF-8 bytes."""
    kept: list[int] = []
    start = previous = 0
    for end in [*ends, len(text)]:
        if previous > start and len(text[start:end].encode()) > size:
            kept.append(previous)
            start = previous
        previous = end
    return kept
