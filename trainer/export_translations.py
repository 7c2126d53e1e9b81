"""How an exported GGUF model translates the dev lines of a proof."""

from __future__ import annotations

import queue
from dataclasses import replace

from trainer.export_reference import Reference, Report
from translator.engines.base import Chunk, Event, Failure, Request
from translator.engines.gguf import GgufEngine, GgufOptions
from translator.types import Sampling

_SLOTS = 8


def translated(options: GgufOptions, reference: Reference, report: Report) -> list[str]:
    """Greedy translations of the probes, in order, in the app's own engine.

    Raises:
        VersoError: the model cannot be loaded, or a line failed.
    """
    probes = reference.probes
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    replies: dict[str, str] = {}
    engine = GgufEngine(replace(options, slots=_SLOTS))
    try:
        for number, probe in enumerate(probes):
            sampling = Sampling(max_new_tokens=probe.room)
            engine.submit(Request(str(number), probe.prompt, sampling), events.put)
        while len(replies) < len(probes):
            event = events.get()
            if isinstance(event, Failure):
                raise event.error
            if not isinstance(event, Chunk):
                replies[event.request_id] = event.text
                report("translating with the exported model", len(replies) / len(probes))
    finally:
        engine.close()
    return [
        reference.style.parse(replies[str(number)], probe.task)
        for number, probe in enumerate(probes)
    ]
