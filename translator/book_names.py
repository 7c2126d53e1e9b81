"""The names of a book, translated before its text: the same name, the same rendering.

Segments are decoded together and end in any order, so what one of them made of a name cannot guide
the others without the result depending on chance. Therefore the names come first, each with a
sentence that it stands in. They are written into the job's folder once, and are terms in the
prompts of all segments from then on: a job that is resumed works with the same.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from translator.glossary import Term
from translator.names import Proposal, propose
from translator.pipeline import Pipeline, PipelineOptions
from translator.types import Block, Check, Segment, Status

FILE = "names.json"
MOST = 80  # names: the most frequent
_MARKS = frozenset('.!?:;,()[]<>«»„“”"\n。！？：；，「」')


def settled(
    folder: Path,
    blocks: Iterable[Block],
    options: PipelineOptions,
    pipeline: Callable[[PipelineOptions], Pipeline],
    stop: threading.Event,
) -> list[Term]:
    """The terms for a book's names: those in the job's folder, else translated now.

    Raises :class:`Cancelled` after ``stop``; then nothing is written.
    """
    path = folder / FILE
    if not path.exists():
        found = propose(blocks, options.source, MOST)
        pairs = _translated(found, options, pipeline, stop)
        temporary = path.with_name(f".{FILE}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(pairs, ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(path)
    stored: list[list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return [Term((source,), (target,)) for source, target in stored]


def _translated(
    names: Sequence[Proposal],
    options: PipelineOptions,
    pipeline: Callable[[PipelineOptions], Pipeline],
    stop: threading.Event,
) -> list[tuple[str, str]]:
    examples = {f"name/{number}": name.example for number, name in enumerate(names)}
    segments = [
        Segment(segment_id, segment_id, 0, name.name)
        for segment_id, name in zip(examples, names, strict=True)
    ]
    options = replace(
        options,
        context=lambda segment: ((examples[segment.id], ""),),
        check=_check,
        max_attempts=1,
        memory=None,
    )
    ended = {result.segment_id: result for result in pipeline(options).run(segments, stop=stop)}
    return [
        (segment.text, ended[segment.id].text)
        for segment in segments
        if ended[segment.id].status is Status.TRANSLATED
    ]


def _check(
    segment: Segment, target_text: str, source: str, target: str, *, finish_length: bool = False
) -> tuple[Check, ...]:
    """What is no name: nothing, a sentence, an explanation."""
    text = target_text.strip()
    named = bool(text) and not finish_length and len(text) <= 2 * len(segment.text) + 8
    fits = named and not (set(text) & _MARKS) - set(segment.text)
    return () if fits else (Check("name", text[:40], fatal=True),)
