"""The process in which a model runs: JSON lines in, JSON lines out.

A process of its own, so that a native crash costs the requests in flight and nothing else.
The first line says what to load; later ones submit, cancel and ask. The process ends when
its input does, so it never outlives the app, however that ended.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TextIO

from translator.engines.base import Chunk, Done, Event, Failure, Priority, Request
from translator.errors import ModelError, VersoError
from translator.types import Prompt, PromptPart, Sampling

Message = dict[str, Any]


class Runner(Protocol):
    """Answers requests, a step at a time. One thread owns it."""

    @property
    def idle(self) -> bool:
        """Whether there is nothing to do."""
        ...

    def submit(self, request: Request) -> None:
        """Queue a request."""
        ...

    def cancel(self, request_id: str) -> None:
        """End a request before its next step."""
        ...

    def step(self) -> list[Event]:
        """Do one piece of work and return what came of it."""
        ...


def _no_adapters(_folder: str) -> None:
    raise ModelError("This engine takes its adapter when the model is loaded.")


@dataclass(frozen=True, slots=True)
class Service:
    """A loaded model. ``facts`` are fields of ``EngineInfo``.

    ``count`` is called from another thread than the rest; ``attach`` makes an adapter ready.
    """

    runner: Runner
    facts: Message
    count: Callable[[list[str]], list[int]]
    attach: Callable[[str], None] = _no_adapters


class _Wire:
    """The way out. Lines are written by two threads (work and counting), one at a time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write one message."""
        line = json.dumps(message, ensure_ascii=True)
        with self._lock:
            self._stream.write(line + "\n")
            self._stream.flush()


def serve(load: Callable[[Message, Callable[[float], None]], Service]) -> int:
    """Serve until the input ends; returns the exit code.

    ``load`` gets the first message and a place to tell the fraction that is loaded. An error
    that it or a step raises ends the process, with its sentence for every request in flight.
    """
    # Libraries may print; only our lines may reach the parent's pipe.
    wire = _Wire(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    first = sys.stdin.readline()
    if not first:
        return 0
    try:
        service = load(
            json.loads(first),
            lambda fraction: wire.send({"event": "loading", "fraction": fraction}),
        )
        wire.send({"event": "ready", **service.facts})
        inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(service, inbox, wire), daemon=True).start()
        _work(service, inbox, wire)
    except VersoError as error:
        wire.send({"event": "unusable", "message": error.message, "hint": error.hint})
        return 1
    return 0


def _listen(service: Service, inbox: queue.SimpleQueue[Message | None], wire: _Wire) -> None:
    """Read the input. Counting needs only the vocabulary, so it never waits for a step."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["op"] == "count":
            value = service.count(message["texts"])
            wire.send({"event": "answer", "ticket": message["ticket"], "value": value})
        else:
            inbox.put(message)
    inbox.put(None)


def _work(service: Service, inbox: queue.SimpleQueue[Message | None], wire: _Wire) -> None:
    runner = service.runner
    while True:
        # Sleep only when there is nothing to decode.
        while runner.idle or not inbox.empty():
            message = inbox.get()
            if message is None:
                return
            match message["op"]:
                case "submit":
                    runner.submit(_request(message))
                case "cancel":
                    runner.cancel(message["id"])
                case "attach":
                    wire.send(_attached(service, message))
        events = runner.step()
        if events:
            wire.send({"event": "progress", "items": [*_plain(events)]})


def _attached(service: Service, message: Message) -> Message:
    answer: Message = {"event": "answer", "ticket": message["ticket"], "value": None}
    try:
        service.attach(message["adapter"])
    except VersoError as error:
        answer["error"] = [error.message, error.hint]
    return answer


def _request(message: Message) -> Request:
    prompt = Prompt(
        tuple(PromptPart(text, special) for text, special in message["parts"]),
        message["shared"],
        tuple(message["stop"]),
        tuple(PromptPart(text, special) for text, special in message["reply"]),
    )
    sampling = Sampling(**message["sampling"])
    priority = Priority(message["priority"])
    return Request(message["id"], prompt, sampling, priority, message["adapter"])


def _plain(events: Iterable[Event]) -> Iterable[list[Any]]:
    for event in events:
        match event:
            case Chunk(request_id, text):
                yield ["chunk", request_id, text]
            case Done(request_id, text, finish, prompt_tokens, new_tokens, seconds):
                yield ["done", request_id, text, finish, prompt_tokens, new_tokens, seconds]
            case Failure(request_id, error):
                yield ["failure", request_id, error.message, error.hint]
