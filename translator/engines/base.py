"""The contract between the pipeline and whatever produces text.

An engine gets rendered prompts and yields text. It knows nothing of languages, books or
memory, so llama.cpp, transformers, a remote server and the dry run are interchangeable.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol, runtime_checkable

from translator.errors import VersoError
from translator.types import Prompt, Sampling


class Priority(IntEnum):
    """Lower goes first. A person who waits in front of the page goes before a book."""

    INTERACTIVE = 0
    BOOK = 1


class Finish(StrEnum):
    """Why a reply ended."""

    STOP = "stop"  # the model ended its reply, or a stop string came
    LENGTH = "length"  # max_new_tokens or the context was reached: the reply is cut
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt to answer. ``id`` is unique among the requests in flight.

    ``adapter`` names the one of a shared base model's adapters that answers (empty: none).
    """

    id: str
    prompt: Prompt
    sampling: Sampling = field(default_factory=Sampling)
    priority: Priority = Priority.INTERACTIVE
    adapter: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some more text of a reply (whole characters only)."""

    request_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Done:
    """A reply is complete. ``text`` is all of it."""

    request_id: str
    text: str
    finish: Finish
    prompt_tokens: int = 0
    new_tokens: int = 0
    seconds: float = 0.0  # from submission to the end


@dataclass(frozen=True, slots=True)
class Failure:
    """A request ended with an error that a person can read."""

    request_id: str
    error: VersoError


Event = Chunk | Done | Failure
Sink = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """Facts about a loaded model. Sizes in tokens; ``context`` is what one request may use."""

    name: str
    context: int
    slots: int
    chat_template: str = ""
    bos_text: str = ""
    eos_text: str = ""
    instruction_sets: tuple[str, ...] = ()
    backend: str = ""  # e.g. "llama.cpp 0.5.0, zen4"
    deterministic: bool = False


@runtime_checkable
class Engine(Protocol):
    """Anything that answers prompts. All methods may be called from any thread."""

    @property
    def info(self) -> EngineInfo:
        """Facts about the loaded model."""
        ...

    def submit(self, request: Request, sink: Sink) -> None:
        """Queue a request and return at once.

        ``sink`` is called from the engine's own thread, in order: any number of chunks, then
        exactly one :class:`Done` or :class:`Failure`. It must return quickly (``queue.put``).
        """
        ...

    def cancel(self, request_id: str) -> None:
        """Stop a request between two steps; it ends with ``Done(finish=CANCELLED)``."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text (no control tokens, nothing added)."""
        ...

    def close(self) -> None:
        """Free the model. Requests in flight end with a failure."""
        ...


def stream(engine: Engine, request: Request) -> Iterator[Event]:
    """Submit one request and yield its events; leaving the loop early cancels it."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    engine.submit(request, events.put)
    finished = False
    try:
        while not finished:
            event = events.get()
            finished = not isinstance(event, Chunk)
            yield event
    finally:
        if not finished:
            engine.cancel(request.id)
