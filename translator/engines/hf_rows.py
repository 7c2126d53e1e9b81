"""Requests on their way through a batch of transformers, and who decodes together."""

from __future__ import annotations

from dataclasses import dataclass, field

from translator.engines.base import Priority, Request
from translator.engines.gguf_text import ReplyText
from translator.engines.hf_decoding import DecoderBatch, EncodedBatch
from translator.engines.hf_sampling import Choice
from translator.engines.hf_text import Tail


@dataclass(slots=True, eq=False)
class Row:
    """A request. ``read`` of its ``new`` tokens have gone through the model."""

    request: Request
    tokens: list[int]
    limit: int  # most new tokens
    reply: ReplyText
    submitted: float
    order: int
    choice: Choice
    new: list[int]
    given: int  # of ``new``; the model did not write them
    read: int = 0
    tail: Tail = field(default_factory=Tail)
    ended: bool = False

    def __lt__(self, other: Row) -> bool:
        return (self.request.priority, self.order) < (other.request.priority, other.order)


# What rows must have in common to decode together: the adapter and, on a CPU, the priority. There
# each further row makes a step longer, so a person's text does not wait for a book's rows.
Kind = tuple[str, Priority]


@dataclass(slots=True, eq=False)
class Group:
    """Rows that decode together."""

    kind: Kind
    rows: list[Row]
    batch: DecoderBatch | EncodedBatch

    @property
    def living(self) -> list[int]:
        return [index for index, row in enumerate(self.rows) if not row.ended]
