"""The process in which llama.cpp runs: JSON lines in, JSON lines out.

A process of its own, so that a native crash costs the requests in flight and nothing else.
The first line says what to load; later ones submit, cancel and count. The process ends when
its input does, so it never outlives the app, however that ended.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Iterable
from typing import Any, TextIO

from translator.engines.base import Chunk, Done, Event, Failure, Priority, Request
from translator.engines.gguf_batch import Batcher
from translator.engines.gguf_load import instruction_sets
from translator.engines.gguf_model import LlamaModel, ModelOptions
from translator.errors import VersoError
from translator.types import Prompt, PromptPart, Sampling

Message = dict[str, Any]


class Wire:
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


def main() -> int:
    """Serve until the input ends."""
    # llama.cpp and its libraries may print; only our lines may reach the parent's pipe.
    wire = Wire(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    first = sys.stdin.readline()
    if not first:
        return 0
    load = json.loads(first)
    try:
        model = LlamaModel(
            ModelOptions(**load["options"]),
            lambda fraction: wire.send({"event": "loading", "fraction": fraction}),
        )
    except VersoError as error:
        wire.send({"event": "unusable", "message": error.message, "hint": error.hint})
        return 1
    batcher = Batcher(model, reproducible=load["reproducible"])
    wire.send(_ready(model))
    inbox: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(model, inbox, wire), daemon=True).start()
    _work(batcher, inbox, wire)
    return 0


def _ready(model: LlamaModel) -> Message:
    return {
        "event": "ready",
        "context": model.context,
        "slots": model.slots,
        "chat_template": model.metadata("tokenizer.chat_template"),
        "bos_text": model.token_text(model.bos),
        "eos_text": model.token_text(model.eos),
        "instruction_sets": instruction_sets(),
        "backend": model.backend,
    }


def _listen(model: LlamaModel, inbox: queue.SimpleQueue[Message | None], wire: Wire) -> None:
    """Read the input. Counting needs only the vocabulary, so it never waits for a step."""
    for line in sys.stdin:
        message = json.loads(line)
        if message["op"] == "count":
            counts = [len(model.tokenize(text, special=False)) for text in message["texts"]]
            wire.send({"event": "counted", "ticket": message["ticket"], "counts": counts})
        else:
            inbox.put(message)
    inbox.put(None)


def _work(batcher: Batcher, inbox: queue.SimpleQueue[Message | None], wire: Wire) -> None:
    while True:
        # Sleep only when there is nothing to decode.
        while batcher.idle or not inbox.empty():
            message = inbox.get()
            if message is None:
                return
            if message["op"] == "submit":
                batcher.submit(_request(message))
            elif message["op"] == "cancel":
                batcher.cancel(message["id"])
        events = batcher.step()
        if events:
            wire.send({"event": "progress", "items": [*_plain(events)]})


def _request(message: Message) -> Request:
    prompt = Prompt(
        tuple(PromptPart(text, special) for text, special in message["parts"]),
        message["shared"],
        tuple(message["stop"]),
    )
    sampling = Sampling(**message["sampling"])
    return Request(message["id"], prompt, sampling, Priority(message["priority"]))


def _plain(events: Iterable[Event]) -> Iterable[list[Any]]:
    for event in events:
        match event:
            case Chunk(request_id, text):
                yield ["chunk", request_id, text]
            case Done(request_id, text, finish, prompt_tokens, new_tokens, seconds):
                yield ["done", request_id, text, finish, prompt_tokens, new_tokens, seconds]
            case Failure(request_id, error):
                yield ["failure", request_id, error.message, error.hint]


if __name__ == "__main__":
    raise SystemExit(main())
