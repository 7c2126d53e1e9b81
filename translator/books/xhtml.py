"""An XHTML page -> units of text, and back.

All that a reader of the page can see or hear is a unit: the content of every block element,
bare text beside blocks, the page's title, and attributes such as alt, title and aria-label.
"""

from __future__ import annotations

import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from translator import markup
from translator.books import inline
from translator.books.assemble import build
from translator.books.inline import forbids_translation, inner_text
from translator.books.runs import Run, collapse, has_letters
from translator.books.xmltree import Attribute, Node, NodeKind, escape, parse
from translator.part_titles import ROLES
from translator.types import Block, BlockKind

_BLOCK_NAMES = (
    "address article aside blockquote body caption case center col colgroup dd default details "
    "dialog dir div dl dt fieldset figcaption figure footer form frameset h1 h2 h3 h4 h5 h6 head "
    "header hgroup hr html legend li main menu nav noscript ol optgroup option p pre search "
    "section select summary switch table tbody td tfoot th thead tr ul"
)
BLOCKS = frozenset(_BLOCK_NAMES.split())
_KINDS = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "summary"), BlockKind.HEADING),
    **dict.fromkeys(("li", "dt", "dd", "option"), BlockKind.LIST_ITEM),
    **dict.fromkeys(("td", "th"), BlockKind.CELL),
    **dict.fromkeys(("caption", "figcaption", "legend"), BlockKind.CAPTION),
    "nav": BlockKind.TOC,
}
_VERBATIM = frozenset({"pre", "code", "kbd", "samp", "textarea"})
_NOTES = frozenset({"footnote", "endnote", "rearnote", "note", "doc-footnote", "doc-endnote"})
_HEADING = re.compile("h[1-6]")
_TEXT_ATTRIBUTES = ("alt", "title", "aria-label", "aria-description", "summary", "abbr")
# Their title or alt is not text of the page.
_SILENT = frozenset({"link", "style", "meta", "script", "head", "base"})
_ROMAN = re.compile(r"(?=.)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})[.:)]?")
_ADDRESS = re.compile(r"(?:[a-z][a-z0-9+.-]*://|www\.)\S+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+", re.I)
ROMAN, ADDRESS = "a Roman numeral", "an address"

# What counts for the inventory: attributes as a multiset of values, elements by name.
_LINKS = ("id", "xml:id", "href", "xlink:href", "src", "data", "poster", "epub:type", "name")
_EXACT = frozenset({"math", "svg", "code", "pre"})  # also their content stays as it is
_COUNTED = ("img", "math", "svg", "code", "pre", "audio", "video", "br", "hr", "a", "table")


@dataclass(slots=True)
class Unit:
    """A run, and what it is in its page. ``quote`` is set for an attribute's value.

    ``plain``: the place takes text only, so a bilingual edition has the target alone there.
    ``level`` and ``role`` are those of :class:`translator.types.Block`.
    """

    id: str
    run: Run
    kind: BlockKind
    keep: str | None
    quote: str = ""
    plain: bool = False
    level: int = 0
    role: str = ""

    def blocks(self, section: str) -> list[Block]:
        """The unit's block, and one for each reason why something inside stays."""
        if self.keep is not None:
            text = self.run.text
            if markup.has_placeholders(text):
                text = self.run.visible(text)
            return [Block(self.id, text, self.kind, section, self.keep, self.level, self.role)]
        text = self.run.text
        blocks = [Block(self.id, text, self.kind, section, None, self.level, self.role)]
        reasons: dict[str, list[str]] = {}
        for reason, text in self.run.kept:
            reasons.setdefault(reason, []).append(text)
        for reason, texts in reasons.items():
            kind = BlockKind.CODE if reason in (inline.CODE, inline.MATH) else self.kind
            block_id = f"{self.id}+{reason.split()[0]}"
            blocks.append(Block(block_id, "\n".join(texts), kind, section, reason))
        return blocks


@dataclass(frozen=True, slots=True)
class _Context:
    kind: BlockKind = BlockKind.PARAGRAPH
    keep: str | None = None
    preserve: bool = False
    plain: bool = False
    level: int = 0
    role: str = ""


@dataclass(slots=True)
class Page:
    """The units of one markup file, and its elements that carry language, direction or style."""

    source: str
    units: list[Unit] = field(default_factory=list)
    styled: list[tuple[Node, bool]] = field(default_factory=list)  # (element, may be changed)
    styles: list[Node] = field(default_factory=list)  # <style>
    root: Node | None = None
    inventory: Counter[str] = field(default_factory=Counter)


def read_page(source: str, member: str, rereading: bool = False, tree: Node | None = None) -> Page:
    """Find all text of a page. ``member`` names it in ids and messages.

    ``tree`` is the page as somebody else parsed it; without it the page must be well-formed.
    """
    return _Reader(source, member, rereading).read(tree or parse(source, BLOCKS, member))


class _Reader:
    def __init__(self, source: str, member: str, rereading: bool) -> None:
        self._source = source
        self._member = member
        self._rereading = rereading
        self._page = Page(source)
        self._number = 0

    def read(self, tree: Node) -> Page:
        self._page.root = next((c for c in tree.children if c.kind is NodeKind.ELEMENT), None)
        self._walk(tree, _Context())
        return self._page

    def _walk(self, parent: Node, context: _Context) -> None:
        stretch: list[Node] = []
        for node in parent.children:
            is_element = node.kind is NodeKind.ELEMENT
            if is_element and (node.name in BLOCKS or node.has_block):
                self._flush(stretch, context)
                self._element(node, context)
            else:
                stretch.append(node)
        self._flush(stretch, context)

    def _element(self, node: Node, context: _Context) -> None:
        context = _enter(node, context)
        self._attributes(node, context)
        if node.name == "head":
            self._head(node)
        elif node.name == "pre":
            self._verbatim(node, context)
        else:
            self._walk(node, context)

    def _head(self, head: Node) -> None:
        for node in head.iter():
            if node is not head:
                self._look(node, may_change=True)
        for title in outermost(head.iter("title")):
            if title.children:
                context = _Context(BlockKind.METADATA, plain=True)
                self._add(build(self._source, title.children), context)

    def _flush(self, stretch: list[Node], context: _Context) -> None:
        if not stretch:
            return
        if any(n.kind is not NodeKind.OTHER for n in stretch):
            self._add(build(self._source, stretch, context.preserve, self._rereading), context)
            for node in stretch:
                self._inline_attributes(node, context)
        stretch.clear()

    def _verbatim(self, node: Node, context: _Context) -> None:
        seen = inner_text(self._source, node)
        if seen.strip():
            run = Run(node.inner_start, node.inner_end, seen.strip("\r\n"), {}, {})
            run.keep = inline.CODE if has_letters(seen) else inline.NOTHING
            self._add([run], _Context(BlockKind.CODE, context.keep))
        for child in node.children:
            self._inline_attributes(child, _Context(context.kind, context.keep or inline.CODE))

    def _inline_attributes(self, node: Node, context: _Context) -> None:
        if node.kind is not NodeKind.ELEMENT:
            return
        if self._rereading and inline.SOURCE_CLASS in node.get("class").split():
            return
        context = _enter(node, context)
        self._attributes(node, context)
        for child in node.children:
            self._inline_attributes(child, context)

    def _attributes(self, node: Node, context: _Context) -> None:
        self._look(node, may_change=context.keep is None)
        if node.name in _SILENT:
            return
        for name in _TEXT_ATTRIBUTES:
            found = node.attributes.get(name)
            if found is not None and found.value.strip():
                run = attribute_run(self._source, found)
                self._add([run], _Context(BlockKind.ALT, context.keep), found.quote)

    def _look(self, node: Node, may_change: bool) -> None:
        """Note what later steps need of an element."""
        inventory = self._page.inventory
        if node.name in _COUNTED:
            raw = self._source[node.start : node.inner_end] if node.name in _EXACT else ""
            inventory[f"<{node.name}> {zlib.crc32(raw.encode('utf-8', 'replace')):08x}"] += 1
        if node.name == "style":
            self._page.styles.append(node)
        if node.attributes:
            for name in _LINKS:
                if name in node.attributes:
                    inventory[f"{name}={node.get(name)}"] += 1
            if not node.attributes.keys().isdisjoint(("lang", "xml:lang", "dir", "style")):
                self._page.styled.append((node, may_change))

    def _add(self, runs: list[Run], context: _Context, quote: str = "") -> None:
        if not runs:
            return
        self._number += 1
        for index, run in enumerate(runs, 1):
            part = f".{index}" if len(runs) > 1 else ""
            keep = context.keep or run.keep or nothing_in(run)
            plain = bool(quote) or context.plain or context.kind is BlockKind.TOC
            unit_id = f"{self._member}#{self._number}{part}"
            at = context.level, context.role
            self._page.units.append(Unit(unit_id, run, context.kind, keep, quote, plain, *at))


def _enter(node: Node, context: _Context) -> _Context:
    """The context inside an element."""
    attributes = node.attributes
    kind, keep, preserve = context.kind, context.keep, context.preserve
    level = int(node.name[1]) if _HEADING.fullmatch(node.name) else 0
    role = context.role
    if context.kind is not BlockKind.TOC:
        kind = _KINDS.get(node.name, kind)
    if attributes:
        if node.get("translate") == "yes":
            keep = None
        elif forbids_translation(node):
            keep = inline.NO_TRANSLATE
        types = f"{node.get('epub:type')} {node.get('role')}".split()
        if not _NOTES.isdisjoint(types):
            kind = BlockKind.NOTE
        role = next((ROLES[name] for name in types if name in ROLES), role)
        preserve = preserve or node.get("xml:space") == "preserve"
    if node.name in _VERBATIM:
        keep = keep or inline.CODE
    if context.kind is BlockKind.NOTE and kind in (BlockKind.PARAGRAPH, BlockKind.LIST_ITEM):
        kind = BlockKind.NOTE
    plain = context.plain or node.name in ("option", "title")
    return _Context(kind, keep, preserve, plain, level, role)


def nothing_in(run: Run) -> str | None:
    """Why a run with letters has nothing to translate."""
    text = collapse(markup.plain(run.text))
    if _ROMAN.fullmatch(text):
        return ROMAN
    return ADDRESS if _ADDRESS.fullmatch(text) else None


def attribute_run(source: str, found: Attribute) -> Run:
    """The run of an attribute's value."""
    value = Node(NodeKind.TEXT, found.start, found.end, found.start, found.end)
    return build(source, [value])[0]


def outermost(nodes: Iterator[Node]) -> Iterator[Node]:
    """Nodes in document order without those inside another one, which are part of it."""
    end = 0
    for node in nodes:
        if node.start >= end:
            end = node.end
            yield node


def plain_units(source: str, nodes: Iterator[Node], member: str, kind: BlockKind) -> list[Unit]:
    """Units of elements that hold text only (NCX labels, OPF metadata)."""
    units: list[Unit] = []
    for node in outermost(nodes):
        for run in build(source, node.children):
            keep = run.keep or nothing_in(run)
            units.append(Unit(f"{member}#{len(units) + 1}", run, kind, keep, plain=True))
    return units


# Less than half each: a paragraph's first line may be indented, which moves both.
_COLUMN = "inline-block;width:45%;margin:0 1.5%;text-indent:0;vertical-align:top"


def side_by_side(source: str, target: str, attributes: tuple[str, str], mode: str) -> str:
    """The markup of a block in a bilingual edition.

    Spans are allowed wherever text is; their display makes lines or columns of them. ``attributes``
    are those of the source and of the target (language, direction).
    """
    display = _COLUMN if mode == "side" else "block"
    style = f'style="display:{display}"'
    first = f'<span class="{inline.SOURCE_CLASS}"{attributes[0]} {style}>{source}</span>'
    second = f'<span class="{inline.TARGET_CLASS}"{attributes[1]} {style}>{target}</span>'
    if mode == "side":
        return f"{first} {second}"
    return first + second if mode == "above" else second + first


def language_attributes(tag: str, direction: str, both: bool) -> str:
    """`` xml:lang="de"`` and so on. ``both``: also the plain ``lang`` (not in EPUB 2)."""
    safe = escape(tag, '"')
    plain = f' lang="{safe}"' if both else ""
    return f'{plain} xml:lang="{safe}"' + (f' dir="{direction}"' if direction else "")
