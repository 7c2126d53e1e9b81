"""What formats share whose text is replaced in place: units of source text, and their edits."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from translator.books import base
from translator.books.base import Bilingual, Found, WriteOptions
from translator.books.runs import collapse
from translator.books.xhtml import Unit
from translator.books.xmltree import Edit, splice
from translator.errors import BookError
from translator.types import Block

# Noncharacters, for a program's own use; the first ones are placeholders.
_MARKS = [chr(code) for code in (*range(0xFDD4, 0xFDF0), *range(0x1FFFE, 0x10FFFF, 0x10000))]
Render = Callable[[Unit, str, Callable[[int, int], str]], str]


@dataclass(slots=True)
class Part:
    """A text of the book with its units. ``section`` is what its blocks say they belong to."""

    section: str
    source: str
    units: list[Unit] = field(default_factory=list)


def plain_render(unit: Unit, text: str, take: Callable[[int, int], str]) -> str:
    """The markup of a unit's new text."""
    return unit.run.render(text, take, unit.quote)


def compose(
    part: Part,
    texts: Mapping[str, str],
    edits: Iterable[Edit] = (),
    render: Render = plain_render,
) -> str:
    """The part's source with the units in ``texts`` replaced.

    Units and edits may lie inside the placeholders of another unit (an image's description in a
    paragraph, a text box): then they move with them.
    """
    jobs: list[tuple[int, int, Unit | Edit]] = [(e.start, e.end, e) for e in edits]
    jobs += [(u.run.start, u.run.end, u) for u in changed_units(part.units, texts)]
    # An insertion stands before what begins in its place, not inside it.
    jobs.sort(key=lambda job: (job[0], job[1] > job[0], -job[1]))
    done: list[Edit] = []  # the last one starts first
    for start, end, job in reversed(jobs):
        inside: list[Edit] = []
        while done and done[-1].start < end:
            inside.append(done.pop())
        if isinstance(job, Edit):
            done.append(job)
            continue

        def take(a: int, b: int, inside: list[Edit] = inside) -> str:
            found = [
                Edit(e.start - a, e.end - a, e.text) for e in inside if a <= e.start and e.end <= b
            ]
            return splice(part.source[a:b], found)

        done.append(Edit(start, end, render(job, texts[job.id], take)))
    return splice(part.source, done)


class Copies:
    """Copies of source text in a bilingual edition.

    They are marked while the text is composed, so that their places in the written text are known
    and nothing in the file itself has to mark them.
    """

    def __init__(self, source: str, texts: Mapping[str, str]) -> None:
        used = set(source).union(*texts.values())
        self._mark = next(mark for mark in _MARKS if mark not in used)

    def mark(self, copy: str) -> str:
        """A copy, or other text of the edition that the translation alone would not have."""
        return f"{self._mark}{copy}{self._mark}"

    def written(self, marked: str) -> str:
        """The text as it goes into the file."""
        return marked.replace(self._mark, "")

    def left_out(self, marked: str, text: str, coded: Callable[[str], str] = str) -> str:
        """A text that was written as ``marked`` says, without the copies that are in place.

        ``coded`` says what a piece looks like after writing and reading.
        """
        pieces, position = [], 0
        first, *rest = map(coded, marked.split(self._mark))
        place = len(first)  # where the next copy should begin
        for copy, following in zip(rest[::2], rest[1::2], strict=True):
            if not text.startswith(copy, place):  # something before it is not as it was written
                place = text.find(copy, position)
            if place < 0:
                place = position + len(following)
                continue
            pieces.append(text[position:place])
            position = place + len(copy)
            place = position + len(following)
        return "".join([*pieces, text[position:]])


def changed_units(units: Iterable[Unit], texts: Mapping[str, str]) -> list[Unit]:
    """The units that get another text."""
    return [u for u in units if u.keep is None and texts.get(u.id, u.run.text) != u.run.text]


class SplicedBook(ABC):
    """The members of :class:`translator.books.base.Book` that are the same for these formats.

    A format adds ``format``, :meth:`_again` and :meth:`_save`. A unit's new text must not change
    how the written file divides into units: their ids are counted again there.
    """

    format = ""
    title = ""
    language = ""
    bilingual: tuple[Bilingual, ...] = ("none",)

    def __init__(self, path: Path, parts: list[Part], notes: Iterable[str] = ()) -> None:
        self.path = path
        self.notes = tuple(notes)
        self._parts = parts
        self._units = {unit.id: (unit, part) for part in parts for unit in part.units}
        self._blocks = [b for p in parts for u in p.units for b in u.blocks(p.section)]
        self._texts = {block.id: block.text for block in self._blocks}
        if not self._blocks:
            raise BookError(f"{path.name} has no text.", "Choose a file with text in it.")

    def blocks(self) -> list[Block]:
        """All text in document order."""
        return list(self._blocks)

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` cannot be written in place of a block, or an empty string."""
        if text == self._texts.get(block_id):
            return ""
        unit, part = self._units.get(block_id, (None, None))
        if unit is None or part is None or unit.keep is not None:
            return "this part of the book stays as it is"
        return unit.run.problem(text, part.source)

    def visible(self, block_id: str, text: str) -> str:
        """What a reader sees when ``text`` stands in the block."""
        unit, _ = self._units.get(block_id, (None, None))
        if unit is None or unit.keep is not None:
            return collapse(text)
        return unit.run.visible(text)

    def inventory(self) -> Counter[str]:
        """What must be the same before and after writing."""
        return Counter()

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read a written file again; lines of what was one block count as that block."""
        again = self._again(output, texts, options)
        seen: dict[str, str] = {}
        lines: dict[str, list[str]] = {}
        for block in again.blocks():
            seen[block.id] = again.visible(block.id, block.text)
            whole, dot, _ = block.id.rpartition(".")
            if dot and "#" in whole:
                lines.setdefault(whole, []).append(seen[block.id])
        in_place = {b.id: seen.get(b.id) or " ".join(lines.get(b.id, ())) for b in self._blocks}
        return Found(in_place, again.inventory())

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the translated book; see :meth:`translator.books.base.Book.write`."""
        base.require_mode(self, options)
        base.require_writable(self, texts, self._texts)
        self._save(output, texts, options)

    @abstractmethod
    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> SplicedBook:
        """Read what :meth:`_save` wrote."""

    @abstractmethod
    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the book; all was checked."""
