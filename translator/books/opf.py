"""The package of an EPUB: which files it has, their order, its metadata."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from translator.books.assemble import build_pieces
from translator.books.inline import Flattener, Piece
from translator.books.runs import strip_ids
from translator.books.turning import Turn
from translator.books.xhtml import Unit, attribute_run, nothing_in, outermost, plain_units
from translator.books.xmltree import Edit, Node, NodeKind, decode_references, escape, parse
from translator.errors import BookError
from translator.types import BlockKind

_PAGES = frozenset({"application/xhtml+xml", "text/html", "text/x-oeb1-document"})
_SVG = "image/svg+xml"
_NCX = "application/x-dtbncx+xml"
# Names as git prints them, found in books that were zipped from a list of ``git ls-files``.
_ESCAPED = re.compile(r'"[ -~]*\\[0-3][0-7]{2}[ -~]*"')
_ESCAPED_TAG = re.compile(r"&lt;/?[A-Za-z](?:(?!&[lg]t;)[^<])*&gt;")
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_PAGE_SUFFIXES = (".xhtml", ".html", ".htm", ".xht")


@dataclass(slots=True)
class Package:
    """An OPF file. Members are names in the container."""

    member: str
    source: str
    tree: Node
    pages: list[str] = field(default_factory=list)  # spine first, then other pages
    ncx: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)  # listed but not in the container
    units: list[Unit] = field(default_factory=list)

    @property
    def modern(self) -> bool:
        """Whether this is EPUB 3 or later."""
        package = self.tree.first("package")
        return package is not None and not package.get("version").startswith(("1", "2"))

    @property
    def warnings(self) -> list[str]:
        """What no translation can do, a sentence each."""
        found = []
        if any(item.get("media-overlay") for item in self.tree.iter("item")):
            found.append("The book reads itself aloud: the recordings stay in the source language.")
        if any("pre-paginated" in _text(self.source, m) for m in self.tree.iter("meta")):
            found.append("The pages have a fixed layout: longer text may not fit into its place.")
        return found

    def metadata(self, name: str) -> str:
        """The text of the first Dublin Core element of this name, or an empty string."""
        for node in _metadata(self.tree, name):
            return " ".join(_text(self.source, node).split())
        return ""

    def edits(self, turn: Turn) -> list[Edit]:
        """Changes to everything but the units: language, direction, page progression."""
        return [*self._language(turn), *self._tags(turn), *self._spine(turn)]

    def _language(self, turn: Turn) -> Iterator[Edit]:
        first = next(_metadata(self.tree, "language"), None)
        if first is None or [c.kind for c in first.children] != [NodeKind.TEXT]:
            return
        source = _text(self.source, first).strip()
        text = escape(turn.target)
        if source != turn.target:
            yield Edit(first.inner_start, first.inner_end, text)
        if turn.options.bilingual != "none" and source and source != turn.target:
            start = strip_ids(self.source[first.start : first.inner_start])
            end = self.source[first.inner_end : first.end]
            yield Edit(first.end, first.end, start + escape(source) + end)

    def _tags(self, turn: Turn) -> Iterator[Edit]:
        for node in self.tree.iter("package", "title", "description", "meta"):
            lang = node.attributes.get("xml:lang")
            own = node.name != "meta"
            if lang and own and turn.replaces(lang.value) and lang.value != turn.target:
                yield Edit(lang.start, lang.end, escape(turn.target, lang.quote))
            direction = node.attributes.get("dir")
            if direction and direction.value == turn.backward != turn.forward:
                yield Edit(direction.start, direction.end, turn.forward)
            content = node.attributes.get("content")
            if content and node.get("name") == "primary-writing-mode" and turn.to_horizontal:
                mode = f"horizontal-{'rl' if turn.forward == 'rtl' else 'lr'}"
                if content.value != mode:
                    yield Edit(content.start, content.end, mode)

    def _spine(self, turn: Turn) -> Iterator[Edit]:
        spine = self.tree.first("spine")
        if spine is None:
            return
        found = spine.attributes.get("page-progression-direction")
        if found:
            if (turned := turn.progression(found.value)) != found.value:
                yield Edit(found.start, found.end, turned)
        elif self.modern and turn.progression("") == "rtl":
            place = spine.inner_start - 1
            yield Edit(place, place, ' page-progression-direction="rtl"')


class Members:
    """The names in a container, found also by references that are sloppy about case or accents."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._folded = {_fold(name): name for name in sorted(self._names)}

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def resolve(self, base: str, href: str) -> str:
        """The member that a (percent-encoded) reference in member ``base`` means, or ``""``."""
        try:
            parts = urlsplit(href.strip())
        except ValueError:
            return ""
        if parts.scheme or parts.netloc or not parts.path:
            return ""
        for path in (unquote(parts.path), parts.path):
            joined = posixpath.normpath(posixpath.join(posixpath.dirname(base), path)).lstrip("/")
            if joined in self._names:
                return joined
            if found := self._folded.get(_fold(joined)):
                return found
        return ""


def package_member(container_xml: str, members: Members, name: str) -> str:
    """The OPF named by ``META-INF/container.xml``. Raises :class:`BookError` without one."""
    tree = parse(container_xml, frozenset(), name)
    for root in tree.iter("rootfile"):
        if member := members.resolve("", root.get("full-path")):
            return member
    raise BookError(f"{name} does not say where its contents are.", "It may be damaged.")


def _fold(member: str) -> str:
    if _ESCAPED.fullmatch(member):
        raw = _OCTAL.sub(lambda m: chr(int(m[1], 8)), member[1:-1])
        member = raw.encode("latin-1", "replace").decode("utf-8", "replace")
    return unicodedata.normalize("NFC", member).casefold()


def read_package(source: str, member: str, members: Members) -> Package:
    """Read a well-formed OPF. Raises :class:`BookError` when it has no readable pages."""
    package = Package(member, source, parse(source, frozenset(), member))
    items: dict[str, tuple[str, str]] = {}
    for item in package.tree.iter("item"):
        href, media_type = item.get("href"), item.get("media-type").lower()
        found = members.resolve(member, href)
        if not found:
            if "://" not in href:
                package.missing.append(decode_references(href))
            continue
        items[item.get("id")] = (found, media_type)
    spine = [items[ref] for i in package.tree.iter("itemref") if (ref := i.get("idref")) in items]
    drawings = {found for found, media_type in spine if media_type == _SVG}
    for found, media_type in [*spine, *items.values()]:
        is_page = media_type in _PAGES or found.lower().endswith(_PAGE_SUFFIXES)
        is_page |= found in drawings
        kinds = package.pages if is_page else package.ncx if media_type == _NCX else None
        if media_type == "text/css":
            kinds = package.styles
        if kinds is not None and found not in kinds:
            kinds.append(found)
    if not package.pages:
        raise BookError("The book has no pages.", "It may be damaged, or hold pictures only.")
    package.units = _package_units(source, package.tree, member)
    return package


def _metadata(tree: Node, name: str) -> Iterator[Node]:
    metadata = tree.first("metadata")
    if metadata is not None:
        yield from metadata.iter(name)


def _package_units(source: str, tree: Node, member: str) -> list[Unit]:
    """Title, description, and the names of an EPUB 2's landmarks."""
    units = []
    metadata = tree.first("metadata")
    nodes = outermost(metadata.iter("title", "description")) if metadata else ()
    for node in sorted(nodes, key=lambda node: node.name, reverse=True):  # titles first
        pieces = [p for c in node.children for p in _described(source, c)]
        units += [(run, BlockKind.METADATA, "") for run in build_pieces(source, pieces)]
    for reference in tree.iter("reference"):
        found = reference.attributes.get("title")
        if found is not None and found.value.strip():
            units.append((attribute_run(source, found), BlockKind.TOC, found.quote))
    return [
        Unit(f"{member}#{number}", run, kind, run.keep or nothing_in(run), quote, plain=True)
        for number, (run, kind, quote) in enumerate(units, 1)
    ]


def _described(source: str, node: Node) -> list[Piece]:
    """The pieces of a text; HTML that stands in it as text, as descriptions often do, stays."""
    flattener, pieces, position = Flattener(source), list[Piece](), node.start
    if node.kind is not NodeKind.TEXT:
        return flattener.flatten([node])
    for tag in [*_ESCAPED_TAG.finditer(source, node.start, node.end), None]:
        end = tag.start() if tag else node.end
        if end > position:
            pieces += flattener.flatten([Node(node.kind, position, end, position, end)])
        if tag:
            pieces.append(Piece("atom", *tag.span(), ghost=True))
            position = tag.end()
    return pieces


def _text(source: str, node: Node) -> str:
    return decode_references(source[node.inner_start : node.inner_end])


def ncx_units(source: str, member: str) -> list[Unit]:
    """The labels of an NCX: title and entries, not the author."""
    tree = parse(source, frozenset(), member)
    texts = (
        text
        for label in tree.iter("docTitle", "navLabel", "navInfo")
        for text in label.iter("text")
    )
    return plain_units(source, texts, member, BlockKind.TOC)


def ncx_language(source: str, member: str, turn: Turn) -> list[Edit]:
    """Changes to an NCX's language."""
    edits = []
    for node in parse(source, frozenset(), member).iter("ncx", "text", "navLabel", "docTitle"):
        lang = node.attributes.get("xml:lang")
        if lang and turn.replaces(lang.value) and lang.value != turn.target:
            edits.append(Edit(lang.start, lang.end, escape(turn.target, lang.quote)))
    return edits
