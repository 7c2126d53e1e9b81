"""An engine whose replies a test scripts: what no real model can be made to do on demand."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from translator.engines.base import Chunk, Done, EngineInfo, Failure, Finish, Request, Sink
from translator.errors import EngineError


@dataclass(frozen=True)
class Say:
    """Answer with this text. ``cut``: as if the token limit had been reached."""

    text: str
    cut: bool = False


@dataclass(frozen=True)
class Fail:
    """End this request with an error."""

    message: str = "The engine failed."


@dataclass(frozen=True)
class Crash:
    """Take everything in flight down, as a dying process does."""


Act = Say | Fail | Crash
# Called with the request, the text it carries and how often that text was asked before.
Script = Callable[[Request, str, int], Act]


def tagged_text(request: Request) -> str:
    """The source text in a prompt of the style ``tagged``."""
    return request.prompt.parts[-1].text.removesuffix("\n")


@dataclass
class _Flight:
    request: Request
    sink: Sink
    act: Act
    chunks: list[str]


@dataclass
class FakeEngine:
    """Runs a script in a thread of its own; who is served next is drawn at random.

    ``seen`` lists all requests, ``most`` is the largest number that was in flight at once.
    With ``hold`` set nothing is answered until the event is set.
    """

    script: Script
    slots: int = 4
    context: int = 4096
    seed: int = 0
    text_of: Callable[[Request], str] = tagged_text
    hold: threading.Event | None = None
    seen: list[Request] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    most: int = 0

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._asked: dict[str, int] = {}
        self._flights: list[_Flight] = []
        self._change = threading.Condition()
        self._open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("fake", self.context, self.slots, deterministic=True)

    def submit(self, request: Request, sink: Sink) -> None:
        with self._change:
            assert all(flight.request.id != request.id for flight in self._flights)
            self.seen.append(request)
            text = self.text_of(request)
            count = self._asked.get(text, 0)
            self._asked[text] = count + 1
            act = self.script(request, text, count)
            chunks = _chunks(act.text, self._random) if isinstance(act, Say) else []
            self._flights.append(_Flight(request, sink, act, chunks))
            self.most = max(self.most, len(self._flights))
            self._change.notify()

    def cancel(self, request_id: str) -> None:
        with self._change:
            self.cancelled.append(request_id)
            for flight in self._flights:
                if flight.request.id == request_id:
                    self._flights.remove(flight)
                    flight.sink(Done(request_id, "", Finish.CANCELLED))
                    return

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [(len(text) + 3) // 4 for text in texts]

    def close(self) -> None:
        with self._change:
            self._open = False
            self._change.notify()
        self._thread.join()

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _serve(self) -> None:
        while True:
            if self.hold is not None:
                self.hold.wait(5)
            with self._change:
                while self._open and not self._flights:
                    self._change.wait()
                if not self._open:
                    return
                self._step(self._random.choice(self._flights))

    def _step(self, flight: _Flight) -> None:
        request_id = flight.request.id
        if isinstance(flight.act, Crash):
            down, self._flights = self._flights, []
            for each in down:
                each.sink(Failure(each.request.id, EngineError("The engine crashed.")))
            return
        if flight.chunks:
            flight.sink(Chunk(request_id, flight.chunks.pop(0)))
            return
        self._flights.remove(flight)
        if isinstance(flight.act, Fail):
            flight.sink(Failure(request_id, EngineError(flight.act.message)))
            return
        text = flight.act.text
        finish = Finish.LENGTH if flight.act.cut else Finish.STOP
        flight.sink(Done(request_id, text, finish, 10, (len(text) + 3) // 4, 0.01))


def _chunks(text: str, rng: random.Random) -> list[str]:
    pieces = []
    while text:
        size = rng.randint(1, max(1, len(text)))
        pieces.append(text[:size])
        text = text[size:]
    return pieces
