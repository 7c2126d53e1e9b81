"""What a book job draws on besides its model: a glossary, memories, context.

The files that a person names are copied or read into the job's folder when the job is made, so
that a resumed job works with what it began with.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from translator import languages
from translator.context import SourceContext
from translator.errors import InputError
from translator.glossary import Glossary, Term
from translator.glossary_files import load
from translator.memory import LayeredMemory, Memory
from translator.pipeline import PipelineOptions
from translator.prompts import UNKNOWN
from translator.types import Check, Segment

if TYPE_CHECKING:
    from translator.records import Job

_MEMORY = "memory.db"


def bring(
    folder: Path, glossaries: Sequence[Path], memory: Path | None, source: str, target: str
) -> None:
    """Put glossaries and a TMX file into a job's folder.

    Raises :class:`InputError` if one of them cannot be read or has nothing for the languages.
    """
    if glossaries:
        glossary_for(glossaries, source, target)
    for number, path in enumerate(glossaries):
        shutil.copyfile(path, folder / f"glossary-{number:03}{path.suffix.lower()}")
    if memory is not None:
        _read_memory(memory, folder / _MEMORY, source, target)


def glossary_for(paths: Sequence[Path], source: str, target: str) -> Glossary:
    """The terms of all these files; of equal ones the first counts.

    Raises :class:`InputError`, also for an unknown source language.
    """
    require_known(source)
    terms = (term for path in paths for term in load(path, source, target).terms)
    return Glossary(terms, source, target)


def require_known(source: str) -> None:
    """Raise :class:`InputError` for an unknown source language."""
    if source == UNKNOWN:
        raise InputError(
            "For a glossary, names or a memory the source language must be known.",
            "Name it, e.g. --from en.",
        )


def _read_memory(path: Path, into: Path, source: str, target: str) -> None:
    from translator import tmx

    require_known(source)
    pair = (source, target)
    units = (u for u in tmx.read(path) if (u.source_language, u.target_language) == pair)
    memory = Memory(into)
    try:
        count = memory.add(units)
    finally:
        memory.close()
    if not count:
        names = f"from {languages.get(source).name} into {languages.get(target).name}"
        raise InputError(f"{path.name} has no translations {names}.", "Are the languages right?")


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job that runs has at hand."""

    glossary: Glossary | None = None
    memory: LayeredMemory | None = None
    context: bool = False
    names: tuple[Term, ...] = ()

    def added_to(
        self,
        options: PipelineOptions,
        segments: Sequence[Segment],
        count_tokens: Callable[[Sequence[str]], list[int]],
    ) -> PipelineOptions:
        """The options of a run, with everything the job draws on."""
        if self.context:
            options = replace(options, context=SourceContext(segments, count_tokens))
        if self.glossary is not None:
            options = with_glossary(options, self.glossary)
        if self.names:
            # What a person says of a name comes first; only that is checked afterwards.
            known = self.glossary.terms if self.glossary is not None else ()
            terms = Glossary((*known, *self.names), options.source, options.target)
            options = replace(options, terms=terms.terms_of)
        return replace(options, memory=self.memory)


@contextmanager
def opened(job: Job, folder: Path, shared: Memory | None) -> Iterator[Resources]:
    """The resources of a job, for as long as the context lasts."""
    # Named "glossary.csv" and the like by earlier versions.
    paths = sorted([*folder.glob("glossary-*"), *folder.glob("glossary.*")])
    glossary = glossary_for(paths, job.source_language, job.target_language) if paths else None
    own = Memory(folder / _MEMORY) if (folder / _MEMORY).exists() else None
    shared = shared if job.options.get("remember", True) else None
    memory = LayeredMemory(shared, own) if shared or own else None
    try:
        yield Resources(glossary, memory, bool(job.options.get("context")))
    finally:
        if own is not None:
            own.close()


def with_glossary(options: PipelineOptions, glossary: Glossary) -> PipelineOptions:
    """The options with the glossary's terms in the prompts and checked afterwards."""
    check = options.check

    def both(
        segment: Segment,
        target_text: str,
        source: str,
        target: str,
        *,
        finish_length: bool = False,
    ) -> tuple[Check, ...]:
        found = check(segment, target_text, source, target, finish_length=finish_length)
        return (*found, *glossary.check(segment.text, target_text))

    return replace(options, terms=glossary.terms_of, check=both)
