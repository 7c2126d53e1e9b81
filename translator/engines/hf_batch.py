"""Continuous batching on transformers: sequences join and leave while others decode.

Prompts are read several at a time. A decoder-only model's newcomers then join the batch that is
under way; an encoder-decoder's stay a batch of their own, since their replies must begin at the
same place. Rows that have finished are taken out once they are an eighth of the batch: taking
one out copies the cache.

When memory runs out, the sequences of that batch go back into the queue with what they have, and
from then on half as many decode together.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import torch

from translator.engines.base import Chunk, Done, Event, Failure, Finish, Priority, Request
from translator.engines.gguf_text import ReplyText
from translator.engines.hf_decoding import DecoderBatch
from translator.engines.hf_load import out_of_memory
from translator.engines.hf_model import HfModel
from translator.engines.hf_rows import Group, Kind, Row
from translator.engines.hf_sampling import Choice, choose
from translator.engines.hf_text import Tail
from translator.errors import EngineError, InputError, ModelError

_BOOK_EVERY = 5  # steps; the share of a book while a person's text is translated on a CPU
_SHARE = 8  # of the places: so many must be free, or finished, before the batch is formed anew


class Batcher:
    """Runs requests on a model. Not thread-safe: one thread owns it."""

    def __init__(self, model: HfModel) -> None:
        self._model = model
        self._slots = model.slots
        self._waiting: list[Row] = []
        self._groups: list[Group] = []
        self._order = count()
        self._cancelled: set[str] = set()
        self._early: list[Event] = []  # of requests that never got into the queue
        self._steps_alone = 0

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        return not (self._waiting or self._groups or self._early)

    def submit(self, request: Request) -> None:
        """Queue a request."""
        tokens = self._model.prompt_ids(request.prompt)
        new = self._model.reply_ids(request.prompt)
        room = self._model.room(len(tokens)) - len(new)
        if room < 1:
            error = InputError(
                f"The text is too long for this model: {len(tokens)} tokens with the "
                f"instructions, and it can hold {self._model.context}.",
                "Choose a model with a larger context, or translate it in parts.",
            )
            self._early.append(Failure(request.id, error))
            return
        row = Row(
            request,
            tokens,
            limit=max(1, min(request.sampling.max_new_tokens, room)),
            reply=ReplyText(request.prompt.stop),
            submitted=time.monotonic(),
            order=next(self._order),
            choice=Choice(request.sampling, request.id, new),
            new=new,
            given=len(new),
        )
        heapq.heappush(self._waiting, row)

    def cancel(self, request_id: str) -> None:
        """End a request before its next step."""
        self._cancelled.add(request_id)

    def step(self) -> list[Event]:
        """Do one piece of work and return what came of it.

        Raises:
            EngineError: the device has failed; nothing more can be done with it.
        """
        events, self._early = self._early, []
        self._drop_cancelled(events)
        newcomers = self._newcomers()
        with torch.inference_mode():
            if newcomers:
                self._guarded(newcomers, self._read, newcomers, events)
            elif self._groups:
                group = self._turn()
                self._guarded(group.rows, self._decode, group, events)
        return events

    # --- coming and going ------------------------------------------------------------------

    def _drop_cancelled(self, events: list[Event]) -> None:
        if not self._cancelled:
            return
        for row in [*self._waiting, *(row for group in self._groups for row in group.rows)]:
            if row.request.id in self._cancelled and not row.ended:
                self._end(row, Finish.CANCELLED, events)
        self._waiting = [row for row in self._waiting if not row.ended]
        heapq.heapify(self._waiting)
        self._tidy()
        self._cancelled.clear()

    def _newcomers(self) -> list[Row]:
        """Who is to be read now: nobody until it is worth it, but a person at once."""
        if not self._waiting:
            return []
        person = self._waiting[0].request.priority is Priority.INTERACTIVE
        free = self._slots + person - sum(len(group.living) for group in self._groups)
        share = _SHARE if self._model.joins else 2
        worth = 1 if person else min(len(self._waiting), max(1, self._slots // share))
        if free < worth:
            return []
        kind = self._kind(self._waiting[0])
        chosen: list[Row] = []
        left: list[Row] = []
        widest = 0
        while self._waiting and len(chosen) < free:
            row = heapq.heappop(self._waiting)
            width = max(widest, len(row.tokens) + len(row.new))
            if self._kind(row) != kind:
                left.append(row)
            elif chosen and width * (len(chosen) + 1) > self._model.prompt_budget:
                left.append(row)
                break
            else:
                chosen.append(row)
                widest = width
        for row in left:
            heapq.heappush(self._waiting, row)
        return chosen

    def _read(self, rows: Sequence[Row], events: list[Event]) -> None:
        kind = self._kind(rows[0])
        self._model.use(kind[0])
        if self._model.joins:
            batch = self._model.read([row.tokens + row.new for row in rows])
            for row in rows:
                row.read = len(row.new)
        else:
            batch = self._model.read([row.tokens for row in rows])
            for row in rows:
                row.read = 0
        group = Group(kind, list(rows), batch)
        self._take(group, events)
        if not group.living:
            return
        mate = next((each for each in self._groups if each.kind == kind), None)
        if (
            mate is None
            or not isinstance(mate.batch, DecoderBatch)
            or not isinstance(batch, DecoderBatch)
        ):
            self._groups.append(group)
            return
        both = [(mate, mate.living), (group, group.living)]
        mate.batch.join([(mate.batch, mate.living), (batch, group.living)])
        mate.rows = [each.rows[index] for each, living in both for index in living]

    def _end(self, row: Row, finish: Finish, events: list[Event]) -> None:
        if finish is not Finish.CANCELLED:
            rest, stopped = row.reply.add(self._model.text.rest(row.tail).encode())
            finish = Finish.STOP if stopped else finish
            rest += row.reply.close()
            if rest:
                events.append(Chunk(row.request.id, rest))
        row.ended = True
        seconds = time.monotonic() - row.submitted
        events.append(
            Done(
                row.request.id,
                row.reply.text,
                finish,
                len(row.tokens),
                len(row.new) - row.given,
                seconds,
            )
        )

    def _tidy(self) -> None:
        """Take finished rows out of their batches where that is worth the copy."""
        for group in list(self._groups):
            living = group.living
            if not living:
                self._groups.remove(group)
            elif len(group.rows) - len(living) >= max(1, len(group.rows) // _SHARE):
                group.batch.keep(living)
                group.rows = [group.rows[index] for index in living]

    # --- work ------------------------------------------------------------------------------

    def _kind(self, row: Row) -> Kind:
        together = self._model.device != "cpu"
        return row.request.adapter, Priority.BOOK if together else row.request.priority

    def _turn(self) -> Group:
        """Whose turn it is: one after the other, but people take most steps from books."""
        people = [each for each in self._groups if each.kind[1] is Priority.INTERACTIVE]
        line = self._groups
        if people and len(people) < len(line):
            self._steps_alone = (self._steps_alone + 1) % _BOOK_EVERY
            books = [each for each in line if each.kind[1] is not Priority.INTERACTIVE]
            line = people if self._steps_alone else books
        group = line[0]
        self._groups.remove(group)
        self._groups.append(group)
        return group

    def _decode(self, group: Group, events: list[Event]) -> None:
        self._model.use(group.kind[0])
        group.batch.step([row.new[row.read] if not row.ended else 0 for row in group.rows])
        for row in group.rows:
            row.read += not row.ended
        self._take(group, events)
        self._tidy()

    def _take(self, group: Group, events: list[Event]) -> None:
        """Choose each row's next token and add its text; the reply may end with it."""
        group.batch.logits[:, self._model.never] = -torch.inf
        tokens = choose(group.batch.logits, [row.choice for row in group.rows])
        writing: list[tuple[Row, int]] = []
        for row, token in zip(group.rows, tokens, strict=True):
            if row.ended or row.read < len(row.new):
                continue  # done, or reading what it had written before memory ran out
            if token < 0:
                row.ended = True
                events.append(Failure(row.request.id, self._model.overflow()))
            elif token in self._model.ends:
                self._end(row, Finish.STOP, events)
            else:
                row.new.append(token)
                writing.append((row, token))
        pieces = self._model.text.add([row.tail for row, _ in writing], [t for _, t in writing])
        for (row, _), piece in zip(writing, pieces, strict=True):
            text, stopped = row.reply.add(piece.encode("utf-8", errors="replace"))
            if text:
                events.append(Chunk(row.request.id, text))
            if stopped:
                row.tail = Tail()
                self._end(row, Finish.STOP, events)
            elif len(row.new) - row.given >= row.limit:
                self._end(row, Finish.LENGTH, events)

    # --- trouble ---------------------------------------------------------------------------

    def _guarded(self, rows: Sequence[Row], work: Any, argument: Any, events: list[Event]) -> None:
        """Do some work; if memory runs out on the way, go on with fewer rows at a time."""
        try:
            work(argument, events)
            return
        except ModelError as error:  # an adapter that does not fit
            for row in rows:
                row.ended = True
                events.append(Failure(row.request.id, error))
            return
        except (RuntimeError, MemoryError) as error:
            if not out_of_memory(error):
                raise EngineError(
                    f"{self._model.device.upper()} failed while translating: "
                    f"{str(error).splitlines()[0]}",
                    "The model is loaded again with the next text.",
                ) from error
        self._make_room(rows, events)

    def _make_room(self, rows: Sequence[Row], events: list[Event]) -> None:
        """Free every batch; all rows wait again, and half as many will decode together."""
        everyone = {id(row): row for row in rows}
        everyone |= {id(row): row for group in self._groups for row in group.rows}
        living = [row for row in everyone.values() if not row.ended]
        self._groups.clear()
        self._model.free_memory()
        if len(living) <= 1:
            for row in living:
                row.ended = True
                events.append(Failure(row.request.id, self._model.too_little_memory()))
            return
        self._slots = max(1, min(self._slots, len(living)) // 2)
        for row in living:
            heapq.heappush(self._waiting, row)
