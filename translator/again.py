"""A second try at segments that are finished already, since a person asked for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from translator.engines.base import Priority
from translator.ladder import RETRY_TEMPERATURE
from translator.memory import Asked, Origin, Remembers, Unit
from translator.pipeline import PipelineOptions
from translator.prompts.base import style_instruction
from translator.records import Entry
from translator.types import Segment, Status, Translation

_FEW = 8  # segments


def batches(
    entries: Iterable[Entry], options: PipelineOptions
) -> Iterator[tuple[PipelineOptions, list[Segment]]]:
    """The segments that go to a pipeline together, and the options for them.

    The book's new segments come first, as ``options`` say. Those that are done again follow, by
    note: the note joins the style instruction, the model's earlier outputs are not remembered,
    and the random choices are others than before. A few go before other books: somebody waits.
    """
    new: list[Segment] = []
    wished: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.translation is None:
            new.append(entry.segment)
        elif entry.again is not None:
            wished.setdefault(entry.again, []).append(entry)
    if new:
        yield options, new
    for note, group in wished.items():
        tries = max(entry.translation.attempts for entry in group if entry.translation) + 1
        sampling = replace(
            options.sampling,
            temperature=max(RETRY_TEMPERATURE, options.sampling.temperature),
            seed=options.sampling.seed + tries,
        )
        style = f"{style_instruction(options.style)} {note}".strip() if note else options.style
        memory = _People(options.memory) if options.memory else None
        priority = Priority.INTERACTIVE if len(group) <= _FEW else options.priority
        yield (
            replace(options, sampling=sampling, style=style, memory=memory, priority=priority),
            [entry.segment for entry in group],
        )


def settled(entry: Entry, result: Translation) -> Translation:
    """What is stored when a try ended: a failed one does not take the place of a translation."""
    before = entry.translation
    if before is None:
        return result
    attempts = before.attempts + result.attempts
    if result.status is Status.FAILED and before.status is Status.TRANSLATED:
        why = f"another try failed ({result.reason}); this is the one before"
        return replace(before, reason=why, attempts=attempts)
    return replace(result, attempts=attempts)


@dataclass(frozen=True, slots=True)
class _People:
    """A memory without what models wrote; it learns nothing either."""

    memory: Remembers

    def find(self, asked: Asked) -> list[Unit]:
        return [unit for unit in self.memory.find(asked) if unit.origin is not Origin.MODEL]

    def written(self, source: str, target: str) -> bool:
        return self.memory.written(source, target)

    def learn(self, asked: Asked, target: str, model: str) -> None:
        return
