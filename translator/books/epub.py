"""EPUB 2 and 3.

Blocks are the metadata's title and description, every page (spine first, then pages outside it,
such as the navigation), and the labels of the NCX. Creators, identifiers, code, formulas, drawings
and whatever is marked ``translate="no"`` stay; see :mod:`translator.books.inline` for ruby.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from translator.books import base
from translator.books.base import Bilingual, Found, WriteOptions
from translator.books.container import Container
from translator.books.decoding import Encoding
from translator.books.opf import (
    Members,
    Package,
    ncx_language,
    ncx_units,
    package_member,
    read_package,
)
from translator.books.runs import collapse, strip_ids
from translator.books.turning import Turn
from translator.books.xhtml import Page, Unit, language_attributes, read_page, side_by_side
from translator.books.xmltree import Edit, splice
from translator.errors import BookError
from translator.types import Block

_CONTAINER = "META-INF/container.xml"


@dataclass(slots=True)
class _Part:
    """A member with text."""

    member: str
    source: str
    encoding: Encoding
    units: list[Unit] = field(default_factory=list)
    page: Page | None = None


def read(path: Path) -> EpubBook:
    """Read an EPUB. Raises :class:`BookError` when it is damaged, protected or hostile."""
    return EpubBook(path)


class EpubBook:
    """An EPUB that was read; see :class:`translator.books.base.Book`.

    ``rereading``: the file is a bilingual edition that Verso wrote, and only the translation is
    of interest.
    """

    format = "epub"
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below", "side")

    def __init__(self, path: Path, rereading: bool = False) -> None:
        self.path = path
        self._rereading = rereading
        container = Container(path)
        try:
            self._parts = self._read(container)
        finally:
            container.close()
        self.notes = tuple(container.notes)
        self._units = {unit.id: (unit, part) for part in self._parts for unit in part.units}
        self._blocks = [
            block
            for part in self._parts
            for unit in part.units
            for block in unit.blocks(part.member)
        ]
        self._texts = {block.id: block.text for block in self._blocks}
        if not any(block.section in self._package.pages for block in self._blocks):
            raise BookError(f"{path.name} has no text.", "It may hold pictures of pages only.")

    def _read(self, container: Container) -> list[_Part]:
        members = Members(container.names)
        if _CONTAINER not in members:
            raise BookError(
                f"{self.path.name} is a ZIP archive but not an EPUB.",
                "Unpack it and open the book.",
            )
        container_xml, _ = container.markup(_CONTAINER)
        opf = package_member(container_xml, members, self.path.name)
        source, encoding = container.markup(opf)
        self._package: Package = read_package(source, opf, members)
        container.notes += self._package.warnings
        if missing := self._package.missing:
            listed = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
            container.notes.append(f"Listed in the book but not in it: {listed}.")
        parts = [_Part(opf, source, encoding, self._package.units)]
        for member in self._package.pages:
            source, encoding = container.markup(member)
            page = read_page(source, member, self._rereading)
            parts.append(_Part(member, source, encoding, page.units, page))
        for member in self._package.ncx:
            source, encoding = container.markup(member)
            parts.append(_Part(member, source, encoding, ncx_units(source, member)))
        return parts

    @property
    def title(self) -> str:
        """``dc:title``."""
        return self._package.metadata("title")

    @property
    def language(self) -> str:
        """``dc:language``."""
        return self._package.metadata("language")

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

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read a written file again; see :meth:`translator.books.base.Book.found`."""
        again = EpubBook(output, rereading=options.bilingual != "none")
        seen: dict[str, list[str]] = {}
        for block in again.blocks():
            text = again.visible(block.id, block.text)
            seen.setdefault(block.id, []).append(text)
            whole, dot, _ = block.id.rpartition(".")
            if dot and "#" in whole:  # lines of what was one block
                seen.setdefault(whole, []).append(text)
        in_place = {block.id: " ".join(seen.get(block.id, ())) for block in self._blocks}
        return Found(in_place, again.inventory())

    def inventory(self) -> Counter[str]:
        """Ids, links, images, formulas and code of all pages."""
        total: Counter[str] = Counter()
        for part in self._parts:
            if part.page is not None:
                total += part.page.inventory
        return total

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the translated book; see :meth:`translator.books.base.Book.write`."""
        base.require_mode(self, options)
        base.require_writable(self, texts, self._texts)
        container = Container(self.path)
        try:
            container.rewrite(output, self._changes(container, texts, options))
        finally:
            container.close()

    def _changes(
        self, container: Container, texts: Mapping[str, str], options: WriteOptions
    ) -> dict[str, bytes]:
        turn = Turn(options, self.language, self._package.modern)
        old, changed = self._texts, dict[str, bytes]()
        for part in self._parts:
            units = [u for u in part.units if texts.get(u.id, old[u.id]) != old[u.id]]
            edits: list[Edit] = []
            if part.source is self._package.source:
                edits = self._package.edits(turn)
            elif units and part.page is not None:
                edits = turn.page_edits(part.page)
            elif units:
                edits = ncx_language(part.source, part.member, turn)
            if units or edits:
                text = _rewrite(part, units, texts, edits, turn)
                changed[part.member] = part.encoding.encode(text)
        if set(changed) - {self._package.member}:
            for member in self._package.styles:
                css, encoding = container.text(member)
                if (turned := turn.css(css)) != css:
                    changed[member] = encoding.encode(turned)
        return changed


class _Layer:
    """A source with edits inside its tags, to be taken piece by piece."""

    def __init__(self, source: str, edits: Iterable[Edit]) -> None:
        self._source = source
        self._edits = sorted(edits)
        self._starts = [edit.start for edit in self._edits]

    def take(self, start: int, end: int) -> str:
        """``source[start:end]``, edited."""
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        inside = [Edit(e.start - start, e.end - start, e.text) for e in self._edits[first:last]]
        return splice(self._source[start:end], inside)


def _rewrite(
    part: _Part, units: list[Unit], texts: Mapping[str, str], edits: list[Edit], turn: Turn
) -> str:
    runs: list[Unit] = []
    for unit in units:
        if unit.quote:
            text = unit.run.render(texts[unit.id], _Layer(part.source, ()).take, unit.quote)
            edits.append(Edit(unit.run.start, unit.run.end, text))
        else:
            runs.append(unit)
    layer = _Layer(part.source, edits)
    pieces, position = [], 0
    for unit in sorted(runs, key=lambda u: u.run.start):
        run = unit.run
        text = run.render(texts[unit.id], layer.take)
        if turn.options.bilingual != "none" and not unit.plain:
            text = _bilingual(part.source[run.start : run.end], text, turn)
        pieces += [layer.take(position, run.start), text]
        position = run.end
    pieces.append(layer.take(position, len(part.source)))
    return "".join(pieces)


def _bilingual(source: str, target: str, turn: Turn) -> str:
    mixed = turn.forward != turn.backward
    tags = (turn.options.source or turn.declared, turn.target)
    directions = (turn.backward, turn.forward)
    both = [
        language_attributes(tag, direction if mixed else "", turn.modern)
        for tag, direction in zip(tags, directions, strict=True)
    ]
    mode = turn.options.bilingual
    return side_by_side(strip_ids(source), target, (both[0], both[1]), mode)
