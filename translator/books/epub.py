"""EPUB 2 and 3.

Blocks are the metadata's title and description, every page (spine first, then pages outside it,
such as the navigation), and the labels of the NCX. Creators, identifiers, code, formulas, drawings
and whatever is marked ``translate="no"`` stay; see :mod:`translator.books.inline` for ruby.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from translator.books.base import Bilingual, WriteOptions
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
from translator.books.runs import strip_ids
from translator.books.spliced import (
    Part,
    Render,
    SplicedBook,
    changed_units,
    compose,
    plain_render,
)
from translator.books.turning import Turn
from translator.books.xhtml import Page, Unit, read_page
from translator.books.xmltree import Edit
from translator.errors import BookError

_CONTAINER = "META-INF/container.xml"


@dataclass(slots=True)
class _Member(Part):
    """A member of the container with text."""

    encoding: Encoding = field(default_factory=lambda: Encoding("utf-8"))
    page: Page | None = None


def read(path: Path) -> EpubBook:
    """Read an EPUB. Raises :class:`BookError` when it is damaged, protected or hostile."""
    return EpubBook(path)


class EpubBook(SplicedBook):
    """An EPUB that was read; see :class:`translator.books.base.Book`.

    ``rereading``: the file is a bilingual edition that Verso wrote, and only the translation is
    of interest.
    """

    format = "epub"
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below", "side")

    def __init__(self, path: Path, rereading: bool = False) -> None:
        self._rereading = rereading
        container = Container(path)
        try:
            self._members = self._read(path, container)
        finally:
            container.close()
        super().__init__(path, [*self._members], container.notes)
        if not any(block.section in self._package.pages for block in self._blocks):
            raise BookError(f"{path.name} has no text.", "It may hold pictures of pages only.")
        self.title = self._package.metadata("title")
        self.language = self._package.metadata("language")

    def _read(self, path: Path, container: Container) -> list[_Member]:
        members = Members(container.names)
        if _CONTAINER not in members:
            raise BookError(
                f"{path.name} is a ZIP archive but not an EPUB.",
                "Unpack it and open the book.",
            )
        container_xml, _ = container.markup(_CONTAINER)
        opf = package_member(container_xml, members, path.name)
        source, encoding = container.markup(opf)
        self._package: Package = read_package(source, opf, members)
        container.notes += self._package.warnings
        if missing := self._package.missing:
            listed = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
            container.notes.append(f"Listed in the book but not in it: {listed}.")
        parts = [_Member(opf, source, self._package.units, encoding)]
        for member in self._package.pages:
            source, encoding = container.markup(member)
            page = read_page(source, member, self._rereading)
            parts.append(_Member(member, source, page.units, encoding, page))
        for member in self._package.ncx:
            source, encoding = container.markup(member)
            parts.append(_Member(member, source, ncx_units(source, member), encoding))
        return parts

    def inventory(self) -> Counter[str]:
        """Ids, links, images, formulas and code of all pages."""
        total: Counter[str] = Counter()
        for part in self._members:
            if part.page is not None:
                total += part.page.inventory
        return total

    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> EpubBook:
        return EpubBook(output, rereading=options.bilingual != "none")

    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        container = Container(self.path)
        try:
            container.rewrite(output, self._changes(container, texts, options))
        finally:
            container.close()

    def _changes(
        self, container: Container, texts: Mapping[str, str], options: WriteOptions
    ) -> dict[str, bytes]:
        turn = Turn(options, self.language, self._package.modern)
        changed = dict[str, bytes]()
        for part in self._members:
            units = changed_units(part.units, texts)
            edits: list[Edit] = []
            if part.source is self._package.source:
                edits = self._package.edits(turn)
            elif units and part.page is not None:
                edits = turn.page_edits(part.page)
            elif units:
                edits = ncx_language(part.source, part.section, turn)
            if units or edits:
                text = compose(part, texts, edits, _renderer(part.source, turn))
                changed[part.section] = part.encoding.encode(text)
        if set(changed) - {self._package.member}:
            for member in self._package.styles:
                css, encoding = container.text(member)
                if (turned := turn.css(css)) != css:
                    changed[member] = encoding.encode(turned)
        return changed


def _renderer(source: str, turn: Turn) -> Render:
    def render(unit: Unit, text: str, take: Callable[[int, int], str]) -> str:
        new = plain_render(unit, text, take)
        if turn.options.bilingual == "none" or unit.plain:
            return new
        return turn.both(strip_ids(source[unit.run.start : unit.run.end]), new)

    return render
