"""What a person does to a translation: sees its tags, writes another, takes one from the memory."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from translator import markup, segmenting
from translator.books.base import Book
from translator.books.export import open_for
from translator.errors import InputError
from translator.markup import TagFamily
from translator.memory import Memory, Origin
from translator.memory_units import numbered, renumbered
from translator.recall import edited
from translator.records import Entry, Job, entry_of_row
from translator.resources import opened
from translator.store import Store
from translator.types import Translation

_FAMILIES = (markup.family("person", "⟨", "⟩"), *markup.FAMILIES)
_NAMED = 4  # tags in one sentence
_ISOLATE, _POP = "\u2066", "\u2069"  # left-to-right, whatever is around it


@dataclass(frozen=True, slots=True)
class Found:
    """A translation that the memory has for a text like this one; ``score`` is 0 to 100.

    ``target`` has the tags of the segment where they fit, else none.
    """

    score: float
    origin: Origin
    model: str
    source: str
    target: str


def tags_for(source: str, target: str) -> TagFamily:
    """How placeholders look to a person: as the text itself never does.

    Raises :class:`InputError` if all forms occur in the text.
    """
    texts = markup.plain(source) + markup.plain(target)
    family = next((f for f in _FAMILIES if not f.pattern.search(texts)), None)
    if family is None:
        raise InputError("This text holds every kind of tag itself, so it cannot be edited here.")
    return family


def to_write(text: str, family: TagFamily, rtl: bool) -> str:
    """A tagged text to be edited. From right to left, each tag is isolated from the words around
    it, else it would be drawn on the wrong side of a foreign name.
    """
    if not rtl:
        return markup.show(text, family)
    return "".join(
        token if isinstance(token, str) else f"{_ISOLATE}{markup.show(str(token), family)}{_POP}"
        for token in markup.tokenize(text)
    )


def written(text: str, source: str, before: str) -> str:
    """What a person typed, tagged; ``before`` is what they were shown in its place, see
    :func:`to_write`.

    Raises :class:`InputError`, with what is wrong with the tags.
    """
    family = tags_for(source, before)
    if _ISOLATE not in source + before:
        text = text.replace(_ISOLATE, "").replace(_POP, "")
    tagged = markup.hide(text.strip(), family, source)
    unknown = family.pattern.search(markup.plain(tagged))
    if unknown:
        raise InputError(f"The source has no tag {unknown[0]}.", "Remove it.")
    require_fit(source, tagged, family)
    return tagged


def require_fit(source: str, target: str, family: TagFamily = _FAMILIES[0]) -> None:
    """Raise :class:`InputError` if a translation is empty or its tags are not the source's."""
    if not markup.plain(target).strip():
        raise InputError("The translation is empty.", "Write one, or leave with Esc.")
    if problem := _tag_problem(source, target, family):
        raise InputError(problem, "Each tag of the source stands once in the translation.")


def _tag_problem(source: str, target: str, family: TagFamily) -> str:
    wanted, got = (Counter(markup.placeholders(text)) for text in (source, target))
    for tags, what in ((wanted - got, "missing"), (got - wanted, "there more than once")):
        if tags:
            names = [markup.show(str(tag), family) for tag in list(tags)[:_NAMED]]
            more = " and more" if len(tags) > _NAMED else ""
            verb = "is" if len(tags) == 1 else "are"
            return f"The tag{'s' * (len(tags) > 1)} {', '.join(names)}{more} {verb} {what}."
    if markup.problems(source, target):
        return "The tags overlap: close the inner one first."
    return ""


class Editor:
    """Edits segments of jobs. May be used from any thread."""

    def __init__(self, store: Store, memory: Memory, folder: Path) -> None:
        self._store = store
        self._memory = memory
        self._folder = folder
        self._lock = threading.Lock()
        self._book: tuple[str, Book] | None = None  # the last one: reading it takes a while

    def edit(self, job: Job, segment_id: str, text: str) -> Translation:
        """Put a person's translation (tagged) in the place of a segment's.

        It goes to the store and to the memory. Raises :class:`InputError` if there is no such
        segment, the tags do not fit, or the book cannot hold the text.
        """
        parts = self._block_of(job, segment_id)
        entry = next(part for part in parts if part.segment.id == segment_id)
        segment = entry.segment
        require_fit(segment.text, text)
        result = edited(segment, text, job.source_language, job.target_language)
        with opened(job, self._folder / job.id, None) as resources:
            if resources.glossary is not None:
                terms = resources.glossary.check(segment.text, text)
                result = replace(result, checks=(*result.checks, *terms))
        self._require_room(job, parts, entry, text)
        self._memory.edit(segment.text, text, job.source_language, job.target_language)
        self._store.save(job.id, result)
        return result

    def matches(self, job: Job, text: str, *, exact: bool = False, limit: int = 5) -> list[Found]:
        """What the memories have for a (tagged) text and for texts like it, the best first.

        ``exact``: only for this very text.
        """
        _, numbers = numbered(text)
        back = {new: old for old, new in numbers.items()}
        minimum = 99.0 if exact else 70.0
        with opened(job, self._folder / job.id, self._memory) as resources:
            layers = resources.memory
            units = [
                match
                for memory in ((layers.own, layers.shared) if layers else ())
                if memory is not None
                for match in memory.similar(
                    text, job.source_language, job.target_language, limit, minimum
                )
            ]
        found: dict[str, Found] = {}
        for match in sorted(units, key=lambda match: -match.score):
            unit = match.unit
            target = renumbered(unit.target, back)
            if markup.problems(text, target):
                target = markup.plain(target)
            one = Found(match.score, unit.origin, unit.model, markup.plain(unit.source), target)
            found.setdefault(target, one)
        return list(found.values())[:limit]

    def _block_of(self, job: Job, segment_id: str) -> list[Entry]:
        """The parts of the block that a segment belongs to."""
        rows = self._store.query(
            "SELECT * FROM segments WHERE job = ?1 AND block ="
            " (SELECT block FROM segments WHERE job = ?1 AND id = ?2) ORDER BY ordinal",
            job.id, segment_id,
        )  # fmt: skip
        if not rows:
            raise InputError(f"The job {job.id} has no segment {segment_id}.")
        return [entry_of_row(row) for row in rows]

    def _require_room(self, job: Job, parts: Sequence[Entry], entry: Entry, text: str) -> None:
        """Raise :class:`InputError` unless the book can hold the block with the new text."""
        texts = [p.translation.text if p.translation else p.segment.text for p in parts]
        texts[parts.index(entry)] = text
        block = segmenting.join([part.segment for part in parts], texts, job.target_language)
        with self._lock:
            if self._book is None or self._book[0] != job.id:
                self._book = (job.id, open_for(Path(job.source), Path(job.output)))
            problem = self._book[1].check(entry.segment.block_id, block)
        if problem:
            raise InputError(f"The book cannot hold this text: {problem}.")
