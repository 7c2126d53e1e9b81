"""Continuous batching: many requests decode together, joining and leaving at any step.

One :meth:`Batcher.step` either reads one chunk of one prompt or decodes one token for every
running sequence; after every two prompts comes a decode, so that the first replies of a book are
done long before the last place is taken. Prompts are read alone, so what a prompt gives never
depends on who else is there; the head that requests share is read once, saved, and copied into
each newcomer.

Rounding. llama.cpp's matrix kernels differ with the number of rows, so a greedy choice between
two close tokens can depend on how many neighbours decode. While a book runs, a decode of more
than a few sequences is filled up with throw-away rows to whole tiles of 16: all rows then go
through the same kernels in the same order, and the neighbours do not matter. A full batch costs
nothing more. The last few segments of a book, and a person's text without a book beside it, are
decoded as they are: filled up, they would take up to seven times as long. In reproducible mode
every decode is filled up, and a request's output is the same alone and among any neighbours.
"""

from __future__ import annotations

import hashlib
import heapq
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from translator.engines.base import Chunk, Done, Event, Failure, Finish, Request
from translator.engines.base import Priority as P
from translator.engines.gguf_model import PROMPT_CHUNK, LlamaModel, padded_rows
from translator.engines.gguf_text import ReplyText
from translator.errors import InputError

MIN_SHARED = 8  # a shorter common head is not worth a copy
BOOK_EVERY = 5  # steps; the share of a book while a person's text is translated
PEOPLE = 4  # from more sequences on, a person's text is work like a book's
PROMPTS = 2  # read between two decodes; with one, short segments leave before places fill up
FEW = 4  # sequences of a book that are decoded as they are
MAX_HEADS = 16  # saved heads; a head is one prompt style with one pair of languages


@dataclass(slots=True)
class _Sequence:
    """A request that has a place in the KV cache."""

    request: Request
    tokens: list[int]
    head: int  # tokens of the shared head
    limit: int  # most new tokens
    sampler: Any
    reply: ReplyText
    submitted: float
    position: int = 0  # tokens in the cache
    new: list[int] = field(default_factory=list)

    @property
    def reading(self) -> bool:
        return self.position < len(self.tokens)


class Batcher:
    """Runs requests on a model. Not thread-safe: one thread owns it."""

    def __init__(self, model: LlamaModel, *, reproducible: bool = False) -> None:
        self._model = model
        self._reproducible = reproducible
        self._waiting: list[tuple[P, int, Request, float]] = []
        self._order = count()
        self._running: list[_Sequence] = []  # index = sequence number in the KV cache
        self._heads: OrderedDict[tuple[int, ...], Any] = OrderedDict()
        self._cancelled: set[str] = set()
        self._steps_alone = 0
        self._just_read = 0  # prompts since the last decode

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not self._waiting and not self._running

    def submit(self, request: Request) -> None:
        """Queue a request."""
        heapq.heappush(
            self._waiting, (request.priority, next(self._order), request, time.monotonic())
        )

    def cancel(self, request_id: str) -> None:
        """End a request before its next step."""
        self._cancelled.add(request_id)

    def step(self) -> list[Event]:
        """Do one piece of work and return what came of it."""
        events: list[Event] = []
        self._drop_cancelled(events)
        self._admit(events)
        if self._running:
            turn = self._turn()
            reader = self._next_reader(turn)
            if reader is not None:
                self._read(reader, events)
            else:
                self._just_read = 0
                self._decode(turn, events)
        return events

    # --- coming and going ------------------------------------------------------------------

    def _drop_cancelled(self, events: list[Event]) -> None:
        if not self._cancelled:
            return
        keep = []
        for entry in self._waiting:
            if entry[2].id in self._cancelled:
                events.append(Done(entry[2].id, "", Finish.CANCELLED))
            else:
                keep.append(entry)
        self._waiting = keep
        heapq.heapify(self._waiting)
        for index in reversed(range(len(self._running))):
            if self._running[index].request.id in self._cancelled:
                self._finish(index, Finish.CANCELLED, events)
        self._cancelled.clear()

    def _admit(self, events: list[Event]) -> None:
        """Give waiting requests free places; one more than a book may take is for a person."""
        while self._waiting:
            is_book = self._waiting[0][0] is not P.INTERACTIVE
            if len(self._running) >= (self._model.slots if is_book else self._model.places):
                return
            reading = any(s.reading for s in self._running)
            # Nobody may be left to decode: a reply can end with its first token.
            if is_book and self._running and (reading or self._just_read >= PROMPTS):
                return  # one prompt after the other, and a decode after some
            _, _, request, submitted = heapq.heappop(self._waiting)
            sequence = self._place(request, submitted, events)
            if sequence is not None:
                self._running.append(sequence)

    def _place(self, request: Request, submitted: float, events: list[Event]) -> _Sequence | None:
        tokens, head = self._prompt_tokens(request)
        room = self._model.context - len(tokens)
        if room < 1:
            error = InputError(
                f"The text is too long for this model: {len(tokens)} tokens with the "
                f"instructions, and it can hold {self._model.context}.",
                "Choose a model with a larger context, or translate it in parts.",
            )
            events.append(Failure(request.id, error))
            return None
        sampling = request.sampling
        number = len(self._running)
        sequence = _Sequence(
            request,
            tokens,
            head,
            limit=max(1, min(sampling.max_new_tokens, room)),
            sampler=self._model.new_sampler(sampling, _seed(sampling.seed, request.id)),
            reply=ReplyText(request.prompt.stop),
            submitted=submitted,
        )
        self._model.forget(number)
        state = self._heads.get(tuple(tokens[:head])) if head else None
        if state is not None:
            self._heads.move_to_end(tuple(tokens[:head]))
            self._model.restore(number, state)
            sequence.position = head
        return sequence

    def _prompt_tokens(self, request: Request) -> tuple[list[int], int]:
        """All tokens of a prompt, and how many of them are its shareable head."""
        head: list[int] = []
        tokens: list[int] = [self._model.bos] if self._model.add_bos else []
        for index, part in enumerate((*request.prompt.parts, *request.prompt.reply)):
            if index == request.prompt.shared:
                head = list(tokens)
            tokens += self._model.tokenize(part.text, special=part.special)
        if len(tokens) > 1 and tokens[0] == tokens[1] == self._model.bos:
            del tokens[0]  # the template brought its own
            head = head[1:]
        # The last token must be read in any case: its logits choose the first new one.
        shared = min(len(head), len(tokens) - 1)
        return tokens, shared if shared >= MIN_SHARED else 0

    def _finish(self, index: int, finish: Finish, events: list[Event]) -> None:
        sequence = self._running[index]
        rest = sequence.reply.close()
        if rest and finish is not Finish.CANCELLED:
            events.append(Chunk(sequence.request.id, rest))
        events.append(
            Done(
                sequence.request.id,
                sequence.reply.text,
                finish,
                prompt_tokens=len(sequence.tokens),
                new_tokens=len(sequence.new),
                seconds=time.monotonic() - sequence.submitted,
            )
        )
        self._remove(index)

    def _remove(self, index: int) -> None:
        """Free a place; the last sequence moves into it, so that numbers stay dense."""
        self._model.free_sampler(self._running[index].sampler)
        last = len(self._running) - 1
        if index < last:
            self._running[index] = self._running[last]
            if self._running[last].position:
                self._model.restore(index, self._model.save(last))
            else:
                self._model.forget(index)
        self._model.forget(last)
        self._running.pop()

    # --- work ------------------------------------------------------------------------------

    def _next_reader(self, turn: list[int]) -> int | None:
        """The sequence whose prompt is to be read next: a person's before a book's."""
        readers = [i for i in turn if self._running[i].reading]
        return min(
            readers,
            key=lambda i: (self._running[i].request.priority, self._running[i].submitted),
            default=None,
        )

    def _read(self, index: int, events: list[Event]) -> None:
        sequence = self._running[index]
        start = sequence.position
        if start == 0 and sequence.head:
            # Another sequence with the same head may have read it since this one was placed.
            state = self._heads.get(tuple(sequence.tokens[: sequence.head]))
            if state is not None:
                self._model.restore(index, state)
                sequence.position = sequence.head
                return
        # The head ends a chunk, read before or copied: the same chunks, the same rounding.
        border = sequence.head if start < sequence.head else len(sequence.tokens)
        end = min(start + PROMPT_CHUNK, border)
        last = end == len(sequence.tokens)
        self._model.read(index, sequence.tokens[start:end], start, logits=last)
        sequence.position = end
        if end == sequence.head:
            self._heads[tuple(sequence.tokens[:end])] = self._model.save(index)
            if len(self._heads) > MAX_HEADS:
                self._heads.popitem(last=False)
        if last:
            self._just_read += 1
            row = end - start - 1
            token = (
                int(self._model.logits(1)[0].argmax())
                if sequence.sampler is None
                else self._model.sample(sequence.sampler, row)
            )
            self._take(index, token, events)

    def _decode(self, chosen: list[int], events: list[Event]) -> None:
        rows = [(i, self._running[i].new[-1], self._running[i].position) for i in chosen]
        fillers = range(len(self._running), len(self._running) + self._filling(chosen))
        rows += [(filler, self._model.filler, 0) for filler in fillers]
        self._model.step(rows, len(chosen))
        for filler in fillers:
            self._model.forget(filler)
        greedy = None
        if any(self._running[i].sampler is None for i in chosen):
            greedy = self._model.logits(len(chosen)).argmax(axis=1)
        tokens = []
        for row, index in enumerate(chosen):
            sequence = self._running[index]
            sequence.position += 1
            if sequence.sampler is None and greedy is not None:
                tokens.append(int(greedy[row]))
            else:
                tokens.append(self._model.sample(sequence.sampler, row))
        # From the end, since a sequence that leaves pulls the last one into its place.
        for index, token in reversed([*zip(chosen, tokens, strict=True)]):
            self._take(index, token, events)

    def _turn(self) -> list[int]:
        """Whose turn it is. A person's few sequences take most steps, a book every fifth."""
        everyone = list(range(len(self._running)))
        people = [i for i in everyone if self._running[i].request.priority is P.INTERACTIVE]
        if self._reproducible or not people or len(people) > PEOPLE or people == everyone:
            return everyone
        self._steps_alone = (self._steps_alone + 1) % BOOK_EVERY
        return people if self._steps_alone else everyone

    def _filling(self, chosen: list[int]) -> int:
        """How many throw-away rows a decode gets, see "Rounding" above."""
        book = any(self._running[i].request.priority is not P.INTERACTIVE for i in chosen)
        if not (self._reproducible or (book and len(chosen) > FEW)):
            return 0
        return padded_rows(len(chosen), self._model.places) - len(chosen)

    def _take(self, index: int, token: int, events: list[Event]) -> None:
        """Add a chosen token to a reply; the reply may end with it."""
        sequence = self._running[index]
        if self._model.ends_reply(token):
            self._finish(index, Finish.STOP, events)
            return
        sequence.new.append(token)
        text, stopped = sequence.reply.add(self._model.piece(token))
        if text:
            events.append(Chunk(sequence.request.id, text))
        if stopped:
            self._finish(index, Finish.STOP, events)
        elif len(sequence.new) >= sequence.limit:
            self._finish(index, Finish.LENGTH, events)


def _seed(seed: int, request_id: str) -> int:
    """A random stream of its own for each request, whatever runs beside it."""
    digest = hashlib.blake2b(f"{seed}\0{request_id}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
