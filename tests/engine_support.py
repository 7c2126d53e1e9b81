"""Requests to an engine, and the ends of their replies."""

from __future__ import annotations

import queue
from collections.abc import Sequence

from translator.engines.base import Chunk, Done, Engine, Event, Request


def run(engine: Engine, requests: Sequence[Request]) -> dict[str, Event]:
    """Submit all at once and wait for the end of each."""
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    for one in requests:
        engine.submit(one, events.put)
    ends: dict[str, Event] = {}
    while len(ends) < len(requests):
        event = events.get(timeout=120)
        if not isinstance(event, Chunk):
            ends[event.request_id] = event
    return ends


def text(event: Event) -> str:
    """The reply of a request that was answered."""
    assert isinstance(event, Done), event
    return event.text
