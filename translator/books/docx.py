"""Word documents (DOCX).

Blocks are the title and description, every paragraph of the text with its lists, tables and text
boxes, footnotes, endnotes, comments, headers and footers, diagrams, and the descriptions of
pictures. Formatting, links, fields, pictures and formulas stay; so does deleted text of tracked
changes, which nobody sees. For bilingual editions see :mod:`translator.books.docx_bilingual`.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from translator.books.base import Bilingual, WriteOptions
from translator.books.container import Container
from translator.books.decoding import Encoding
from translator.books.docx_bilingual import Edition
from translator.books.docx_runs import DocxRun, paragraph_run
from translator.books.docx_turn import WordTurn, declared_language
from translator.books.runs import Run
from translator.books.spliced import Copies, Part, SplicedBook, changed_units, compose
from translator.books.turning import Turn
from translator.books.xhtml import Unit, attribute_run, plain_units
from translator.books.xmltree import BROKEN, Node, NodeKind, error, parse
from translator.errors import BookError
from translator.types import BlockKind

CHART = "label of a chart, from its data"
_NO_BLOCKS: frozenset[str] = frozenset()
_KINDS = {
    "footnotes": BlockKind.NOTE,
    "endnotes": BlockKind.NOTE,
    "comments": BlockKind.NOTE,
    "header": BlockKind.PARAGRAPH,
    "footer": BlockKind.PARAGRAPH,
    "diagramData": BlockKind.CELL,
    "chart": BlockKind.CAPTION,
}
_STYLE = re.compile(r"<w:style\b[^>]*\bw:styleId=\"([^\"]*)\".*?<w:name w:val=\"([^\"]*)\"", re.S)
_TEXT_ATTRIBUTES = {
    "docPr": ("descr", "title"),
    "cNvPr": ("descr", "title"),
    "shape": ("alt",),
    "textpath": ("string",),
}
_COUNTED = ("r:id", "r:embed", "r:link", "w:anchor", "w:id", "w:name")
_COUNTED_NAMES = (
    "hyperlink blip imagedata bookmarkStart footnoteReference endnoteReference commentReference "
    "commentRangeStart commentRangeEnd headerReference footerReference chart"
)
_COUNTED_IN = frozenset(_COUNTED_NAMES.split())
_COUNTED_ALONE = frozenset(["drawing", "pict", "object", "oMath", "tbl", "fldChar", "sdt"])


def read(path: Path) -> DocxBook:
    """Read a Word document. Raises :class:`BookError` when it is damaged or hostile."""
    return DocxBook(path)


@dataclass(slots=True)
class _WordPart(Part):
    """A member of the document."""

    encoding: Encoding = field(default_factory=lambda: Encoding("utf-8"))
    paragraphs: dict[str, Node] = field(default_factory=dict)  # by unit id
    body: list[Node] = field(default_factory=list)  # elements of the text's top level


class DocxBook(SplicedBook):
    """A Word document that was read; see :class:`translator.books.base.Book`."""

    format = "docx"
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below", "side")

    def __init__(self, path: Path, cut: Callable[[str, str], str] | None = None) -> None:
        """``cut`` gets a member's name and text and leaves out copies of source text."""
        container = Container(path)
        self._cut = cut
        self._inventory: Counter[str] = Counter()
        self._headings: dict[str, str] = {}
        try:
            parts = self._read(path, container)
        finally:
            container.close()
        super().__init__(path, [*parts], container.notes)

    def _read(self, path: Path, container: Container) -> list[_WordPart]:
        names = set(container.names)
        package = _relations(container, "", names)
        document = next((m for kind, m in package if kind == "officeDocument"), "")
        if not document or "[Content_Types].xml" not in names:
            raise BookError(f"{path.name} is a ZIP archive but not a Word document.", BROKEN)
        related = _relations(container, document, names)
        self._styles = next((m for kind, m in related if kind == "styles"), "")
        if self._styles:
            styles = container.text(self._styles)[0]
            self.language = declared_language(styles)
            self._headings = {key: name.lower() for key, name in _STYLE.findall(styles)}
        parts = []
        core = next((m for kind, m in package if kind == "core-properties"), "")
        if core:
            parts.append(self._metadata(container, core))
        wanted = [(document, BlockKind.PARAGRAPH)]
        for kind, default in _KINDS.items():  # notes after the text, then headers and footers
            wanted += [(member, default) for found, member in related if found == kind]
        seen: set[str] = set()
        for member, default in wanted:
            if member not in seen:
                parts.append(self._text(container, member, default))
            seen.add(member)
        if not any(part.units for part in parts if part.section != core):
            raise BookError(f"{path.name} has no text.", "It may hold pictures of pages only.")
        return parts

    def _metadata(self, container: Container, member: str) -> _WordPart:
        source, encoding, tree = _open(container, member)
        nodes = [n for n in tree.iter("title", "subject", "description") if n.children]
        units = plain_units(source, iter(nodes), member, BlockKind.METADATA)
        title = next((u for u in units for n in tree.iter("title") if _inside(u.run, n)), None)
        self.title = title.run.visible(title.run.text) if title else ""
        return _WordPart(member, source, units, encoding)

    def _text(self, container: Container, member: str, default: BlockKind) -> _WordPart:
        source, encoding, tree = _open(container, member, self._cut)
        part = _WordPart(member, source, [], encoding)
        if body := tree.first("body"):
            part.body = [c for c in body.children if c.kind is NodeKind.ELEMENT]
        for node, kind in _paragraphs(tree, default):
            part.units += self._paragraph(part, node, kind)
        for number, node in enumerate(tree.iter("strCache"), 1):
            part.units += _chart_labels(source, node, f"{member}#label{number}")
        part.units += _descriptions(source, tree, member)
        self._count(tree)
        return part

    def _paragraph(self, part: _WordPart, node: Node, kind: BlockKind) -> Iterator[Unit]:
        unit_id = f"{part.section}#{len(part.paragraphs) + 1}"
        part.paragraphs[unit_id] = node
        run = paragraph_run(part.source, node)
        if run is not None:
            kind, level = self._kind(node, kind)
            yield Unit(unit_id, run, kind, run.keep, level=level)

    def _kind(self, node: Node, default: BlockKind) -> tuple[BlockKind, int]:
        """The kind of a paragraph, and the level of a heading."""
        properties = next((c for c in node.children if c.name == "pPr"), None)
        if properties is None or default is BlockKind.NOTE:
            return default, 0
        style = next((c.get("w:val") for c in properties.children if c.name == "pStyle"), "")
        name = self._headings.get(style, style.lower())
        if name.startswith("heading") or name in ("title", "subtitle"):
            return BlockKind.HEADING, int(name[-1]) if name[-1].isdecimal() else 1
        if name.startswith("toc "):
            return BlockKind.TOC, 0
        if name == "caption":
            return BlockKind.CAPTION, 0
        has_number = any(c.name == "numPr" for c in properties.children)
        if default is BlockKind.PARAGRAPH and (has_number or name.startswith("list")):
            return BlockKind.LIST_ITEM, 0
        return default, 0

    def _count(self, tree: Node) -> None:
        for node in tree.iter():
            if node.name in _COUNTED_IN:
                values = [f"{name}={node.get(name)}" for name in _COUNTED if node.get(name)]
                self._inventory[f"<{node.name}> {' '.join(values)}"] += 1
            elif node.name in _COUNTED_ALONE:
                self._inventory[f"<{node.name}>"] += 1

    def inventory(self) -> Counter[str]:
        """Links, bookmarks, notes, comments, pictures, formulas, fields and tables."""
        return self._inventory

    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> DocxBook:
        parts = {part.section: part for part in cast(list[_WordPart], self._parts)}

        def cut(member: str, text: str) -> str:
            part = parts[member]
            copies = Copies(part.source, texts)
            marked = self._compose(part, texts, options, copies)
            return copies.left_out(marked, text, part.encoding.again) if marked else text

        return DocxBook(output, cut if options.bilingual != "none" else None)

    def _compose(
        self, part: _WordPart, texts: Mapping[str, str], options: WriteOptions, copies: Copies
    ) -> str:
        """The marked text of a part; empty if nothing changes in it."""
        units = changed_units(part.units, texts)
        if not units:
            return ""
        turn = WordTurn(Turn(options, self.language), marked=options.bilingual != "none")
        nodes = [part.paragraphs.get(unit.id) for unit in units]
        edits = [e for n in nodes if n is not None for e in turn.paragraph(part.source, n)]
        if options.bilingual != "none":
            source = options.source or self.language or "und"
            back = WordTurn(Turn(WriteOptions("", source), source), marked=True)
            apart = bool(part.body)
            edition = Edition(part.source, options.bilingual, back, copies, apart)
            edits += edition.edits(units, part.paragraphs, part.body)
        return compose(part, texts, edits, _renderer(turn))

    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        turn = WordTurn(Turn(options, self.language))
        changed = {}
        for part in cast(list[_WordPart], self._parts):
            copies = Copies(part.source, texts)
            if text := copies.written(self._compose(part, texts, options, copies)):
                changed[part.section] = part.encoding.encode(text)
        container = Container(self.path)
        try:
            if changed and self._styles:
                styles, encoding = container.text(self._styles)
                if (turned := turn.styles(styles)) != styles:
                    changed[self._styles] = encoding.encode(turned)
            container.rewrite(output, changed)
        finally:
            container.close()


def _renderer(turn: WordTurn) -> Callable[[Unit, str, Callable[[int, int], str]], str]:
    def render(unit: Unit, text: str, take: Callable[[int, int], str]) -> str:
        run = unit.run
        if isinstance(run, DocxRun):
            run = replace(run, turn=turn.properties)
        return run.render(text, take, unit.quote)

    return render


def _open(
    container: Container, member: str, cut: Callable[[str, str], str] | None = None
) -> tuple[str, Encoding, Node]:
    source, encoding = container.text(member)
    source = cut(member, source) if cut else source
    if problem := error(source, member):
        raise BookError(f"{member} in {container.path.name} cannot be read ({problem}).", BROKEN)
    return source, encoding, parse(source, _NO_BLOCKS, member)


def _relations(container: Container, member: str, names: set[str]) -> list[tuple[str, str]]:
    """(kind, member) of what a member refers to, inside the package."""
    folder, name = posixpath.split(member)
    listed = posixpath.join(folder, "_rels", f"{name}.rels")
    if listed not in names:
        return []
    _, _, tree = _open(container, listed)
    found = []
    for node in tree.iter("Relationship"):
        target = posixpath.normpath(posixpath.join("/", folder, node.get("Target"))).lstrip("/")
        if node.get("TargetMode") != "External" and target in names:
            found.append((node.get("Type").rpartition("/")[2], target))
    return found


def _paragraphs(tree: Node, default: BlockKind) -> Iterator[tuple[Node, BlockKind]]:
    """All paragraphs, also those in text boxes inside another one."""
    stack = [(tree, default)]
    while stack:
        node, kind = stack.pop()
        if node.name == "p":
            yield node, kind
        if node.name == "tc" and kind is BlockKind.PARAGRAPH:
            kind = BlockKind.CELL
        stack += [(c, kind) for c in reversed(node.children) if c.kind is NodeKind.ELEMENT]


def _inside(run: Run, node: Node) -> bool:
    return node.start <= run.start < node.end


def _chart_labels(source: str, node: Node, unit_id: str) -> Iterator[Unit]:
    texts = [source[v.inner_start : v.inner_end] for v in node.iter("v")]
    if shown := "\n".join(text for text in texts if text.strip()):
        run = Run(node.inner_start, node.inner_end, shown, {}, {}, keep=CHART)
        yield Unit(unit_id, run, BlockKind.CAPTION, CHART)


def _descriptions(source: str, tree: Node, member: str) -> Iterator[Unit]:
    number = 0
    for node in tree.iter(*_TEXT_ATTRIBUTES):
        for name in _TEXT_ATTRIBUTES[node.name]:
            found = node.attributes.get(name)
            if found is not None and found.value.strip():
                number += 1
                run = attribute_run(source, found)
                unit_id = f"{member}#description{number}"
                yield Unit(unit_id, run, BlockKind.ALT, run.keep, found.quote, plain=True)
