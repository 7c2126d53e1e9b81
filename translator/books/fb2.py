"""FictionBook (FB2): one XML file with text, verse, notes and pictures.

The description's title and annotation, and all text of the bodies are translated. Authors, genres,
publisher, document history, code and pictures stay; ``lang`` says the target, ``src-lang`` the
source. In a bilingual edition paragraphs, verses and subtitles stand twice, cells have both texts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from translator.books import base, safety
from translator.books.assemble import build
from translator.books.base import Bilingual, WriteOptions
from translator.books.decoding import Encoding, decode_xml
from translator.books.runs import collapse, strip_ids
from translator.books.spliced import (
    Copies,
    Part,
    SplicedBook,
    changed_units,
    compose,
    plain_render,
)
from translator.books.xhtml import Unit, attribute_run
from translator.books.xmltree import Attribute, Edit, Node, NodeKind, error, escape, parse
from translator.errors import BookError
from translator.types import BlockKind

_BLOCK_NAMES = (
    "FictionBook description title-info src-title-info document-info publish-info custom-info "
    "author translator book-title annotation keywords coverpage body section title epigraph p "
    "v subtitle text-author date poem stanza cite table tr td th empty-line binary stylesheet "
    "history sequence output genre lang src-lang"
)
BLOCKS = frozenset(_BLOCK_NAMES.split())
NAMES, EDITION = "name or fact about the book", "about another edition or the file"
_EDITIONS = frozenset({"src-title-info", "document-info", "publish-info", "custom-info"})
_TRANSLATED = frozenset({"book-title", "annotation", "keywords"})  # of a description
_HEADINGS = frozenset({"title", "subtitle"})
_ILLEGIBLE = frozenset({"binary", "stylesheet", "lang", "src-lang"})
_TWICE = frozenset({"p", "v", "subtitle", "text-author"})
_LANG = re.compile(r"\sxml:lang\s*=\s*(?:\"[^\"]*\"|'[^']*')")
_STYLE = re.compile(r"(</?)style(?=[\s/>])")
_NAME = re.compile(r"<[^\s/>]+")
_LINKS = ("id", "href", "type", "name")


def read(path: Path) -> Fb2Book:
    """Read a FictionBook file. Raises :class:`BookError` when it is damaged or hostile."""
    safety.check_size(path, safety.MAX_MARKUP, "markup", "Split the book.")
    return Fb2Book(path, *decode_xml(path.read_bytes()))


class Fb2Book(SplicedBook):
    """A FictionBook that was read; see :class:`translator.books.base.Book`."""

    format = "fb2"
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below")

    def __init__(self, path: Path, source: str, encoding: Encoding) -> None:
        self._encoding = encoding
        if problem := error(source, path.name):
            raise BookError(f"{path.name} is damaged ({problem}).", "Get the file again.")
        # <style> is text of a certain look here; in HTML, which the tree knows, it is no text.
        self._tree = parse(_STYLE.sub(r"\1span_", source), BLOCKS, path.name)
        root = next((n for n in self._tree.children if n.name == "FictionBook"), None)
        if root is None:
            raise BookError(f"{path.name} is not a FictionBook.", "It may have the wrong suffix.")
        self._number = 0
        self._elements: dict[str, Node] = {}  # by unit id: the paragraph that the unit fills
        self._inventory: Counter[str] = Counter()
        part = Part("text", source)
        part.units = list(self._units_in(source, root, BlockKind.PARAGRAPH, None))
        info = root.first("title-info")
        self._info = info
        titles = [n for n in info.children if n.name == "book-title"] if info else []
        self.title = collapse(source[titles[0].inner_start : titles[0].inner_end]) if titles else ""
        self._lang = next((n for n in info.children if n.name == "lang"), None) if info else None
        if self._lang is not None:
            self.language = source[self._lang.inner_start : self._lang.inner_end].strip()
        super().__init__(path, [part])
        if all(unit.kind is BlockKind.METADATA for unit in part.units):
            raise BookError(f"{path.name} has no text.", "It may hold pictures of pages only.")

    def _units_in(
        self, source: str, node: Node, kind: BlockKind, keep: str | None
    ) -> Iterator[Unit]:
        self._count(node)
        if node.name in _ILLEGIBLE:
            return
        kind, keep = _enter(node, kind, keep)
        stretch: list[Node] = []
        for child in [*node.children, None]:
            is_block = child is not None and (child.name in BLOCKS or child.has_block)
            if child is not None and not (child.kind is NodeKind.ELEMENT and is_block):
                stretch.append(child)
                continue
            for unit in self._text(source, stretch, kind, keep):
                if not unit.quote and node.name in _TWICE and not node.has_block:
                    self._elements[unit.id] = node
                yield unit
            stretch = []
            if child is not None:
                yield from self._units_in(source, child, kind, keep)

    def _text(
        self, source: str, nodes: list[Node], kind: BlockKind, keep: str | None
    ) -> Iterator[Unit]:
        for node in nodes:
            for element in node.iter():
                self._count(element)
                if element.name == "a" and element.get("type") == "note":
                    place = Attribute("noteref", element.start, element.start, '"')
                    element.attributes["epub:type"] = place
        runs = build(source, nodes)
        self._number += bool(runs)
        for index, run in enumerate(runs, 1):
            part = f".{index}" if len(runs) > 1 else ""
            yield Unit(f"text#{self._number}{part}", run, kind, keep or run.keep)
        for node in nodes:
            yield from self._descriptions(source, node, keep)

    def _descriptions(self, source: str, node: Node, keep: str | None) -> Iterator[Unit]:
        for element in node.iter("image"):
            for name in ("alt", "title"):
                found = element.attributes.get(name)
                if found is not None and found.value.strip():
                    self._number += 1
                    run = attribute_run(source, found)
                    reason = keep or run.keep
                    unit_id = f"text#{self._number}"
                    yield Unit(unit_id, run, BlockKind.ALT, reason, found.quote, plain=True)

    def _count(self, node: Node) -> None:
        if node.kind is not NodeKind.ELEMENT:
            return
        for name, found in node.attributes.items():
            if name.rpartition(":")[2] in _LINKS and name != "epub:type":
                self._inventory[f"{node.name} {name}={found.value}"] += 1
        if node.name in ("image", "binary", "empty-line", "table", "code"):
            self._inventory[f"<{node.name}>"] += 1

    def inventory(self) -> Counter[str]:
        """Ids, links, pictures, tables and code."""
        return self._inventory

    def _compose(self, texts: Mapping[str, str], options: WriteOptions, copies: Copies) -> str:
        part = self._parts[0]
        changed = changed_units(part.units, texts)
        edits = list(self._edits(options)) if changed else []
        if options.bilingual == "none":
            return compose(part, texts, edits)
        tags = (escape(options.source or self.language, '"'), escape(options.target, '"'))
        for unit in changed:
            if node := self._elements.get(unit.id):
                edits += _twice(part.source, node, tags, options, copies)

        def render(unit: Unit, text: str, take: Callable[[int, int], str]) -> str:
            new = plain_render(unit, text, take)
            if unit.plain or unit.kind is BlockKind.METADATA or unit.id in self._elements:
                return new
            raw = strip_ids(part.source[unit.run.start : unit.run.end])
            copy = f'<style name="source" xml:lang="{tags[0]}">{raw}</style>'
            if options.bilingual == "above":
                return copies.mark(f"{copy} / ") + new
            return new + copies.mark(f" / {copy}")

        return compose(part, texts, edits, render)

    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Fb2Book:
        source, encoding = decode_xml(output.read_bytes())
        if options.bilingual != "none":
            copies = Copies(self._parts[0].source, texts)
            marked = self._compose(texts, options, copies)
            source = copies.left_out(marked, source, encoding.again)
        return Fb2Book(output, source, encoding)

    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        copies = Copies(self._parts[0].source, texts)
        text = copies.written(self._compose(texts, options, copies))
        with base.atomic_output(output) as file:
            file.write(self._encoding.encode(text))

    def _edits(self, options: WriteOptions) -> Iterator[Edit]:
        if self._lang is None or self._info is None:
            return
        target = escape(options.target)
        yield Edit(self._lang.inner_start, self._lang.inner_end, target)
        if not any(n.name == "src-lang" for n in self._info.children):
            source = escape(options.source or self.language)
            if source:
                place = self._lang.end
                yield Edit(place, place, f"<src-lang>{source}</src-lang>")


def _enter(node: Node, kind: BlockKind, keep: str | None) -> tuple[BlockKind, str | None]:
    """What text inside an element is, and why it stays."""
    if node.name == "description":
        return BlockKind.METADATA, NAMES
    if node.name in _EDITIONS:
        return BlockKind.METADATA, EDITION
    if node.name in _TRANSLATED and keep == NAMES:
        return BlockKind.METADATA, None
    if node.name == "body" and node.get("name") in ("notes", "comments", "footnotes"):
        return BlockKind.NOTE, keep
    if node.name in ("td", "th"):
        return BlockKind.CELL, keep
    if node.name in _HEADINGS and kind is not BlockKind.METADATA:
        return BlockKind.HEADING, keep
    return kind, keep


def _twice(
    source: str, node: Node, tags: tuple[str, str], options: WriteOptions, copies: Copies
) -> Iterator[Edit]:
    """A copy of a paragraph beside it, both with their language."""
    start = strip_ids(source[node.start : node.inner_start])
    copy = _with_language(start, tags[0]) + strip_ids(source[node.inner_start : node.end])
    place = node.start if options.bilingual == "above" else node.end
    yield Edit(place, place, copies.mark(copy))
    start = source[node.start : node.inner_start]
    yield Edit(node.start, node.inner_start, _with_language(start, tags[1]))


def _with_language(tag: str, language: str) -> str:
    name = _NAME.match(tag)
    end = name.end() if name else 0
    return f'{tag[:end]} xml:lang="{language}"{_LANG.sub("", tag[end:])}'
