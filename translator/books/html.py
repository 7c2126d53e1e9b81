"""HTML pages: one file, as found on the web or saved from a browser.

Besides what EPUB pages have, the descriptions for search engines and previews, and the words of
form fields and buttons are translated.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from translator.books import base, safety
from translator.books.base import Bilingual, WriteOptions
from translator.books.decoding import Encoding, decode_text, is_ascii_based
from translator.books.html_tree import HtmlTree, balanced
from translator.books.inline import SOURCE_CLASS
from translator.books.runs import collapse, strip_ids
from translator.books.spliced import Part, SplicedBook, changed_units, compose, plain_render
from translator.books.turning import Turn
from translator.books.xhtml import (
    Page,
    Unit,
    attribute_run,
    read_page,
)
from translator.books.xmltree import Edit, Node, decode_references
from translator.markup import Mark
from translator.types import BlockKind

_CHARSET = re.compile(
    rb"(?:<meta[^>]+charset|\A<\?xml[^>]+encoding)\s*=\s*[\"']?\s*([A-Za-z0-9._:-]+)", re.I
)
# Browsers read these names as supersets.
_LABELS = {
    **dict.fromkeys(("iso-8859-1", "latin1", "us-ascii", "ascii"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601"), "cp949"),
    "iso-8859-9": "cp1254",
    "big5": "big5hkscs",
}
_META_NAMES = (
    "description og:title og:description og:image:alt twitter:title twitter:description "
    "twitter:image:alt application-name"
)
_META = frozenset(_META_NAMES.split())
_BUTTONS = frozenset({"submit", "button", "reset"})
_ADDED_XML_LANG = re.compile(r' xml:lang="[^"]*"')


def read(path: Path) -> HtmlBook:
    """Read an HTML file. Raises :class:`BookError` when it cannot be read or has no text."""
    return HtmlBook(path)


class HtmlBook(SplicedBook):
    """An HTML page that was read; see :class:`translator.books.base.Book`."""

    format = "html"
    bilingual: tuple[Bilingual, ...] = ("none", "above", "below", "side")

    def __init__(self, path: Path, rereading: bool = False) -> None:
        safety.check_size(path, safety.MAX_MARKUP, "markup", "Split the page.")
        source, self._encoding, self._declared, note = _decode(path.read_bytes(), path.name)
        tree = HtmlTree(source, path.name)
        self._unquoted = tree.unquoted
        self._page: Page = read_page(source, "page", rereading, tree.root)
        self._root = next(tree.root.iter("html"), None)
        self._page.root = self._root
        part = Part(
            path.name, source, [*self._page.units, *_extra_units(source, tree.root, rereading)]
        )
        super().__init__(path, [part], [note])
        head = next(tree.root.iter("title"), None)
        raw = source[head.inner_start : head.inner_end] if head else ""
        self.title = collapse(decode_references(raw))
        if self._root is not None:
            self.language = self._root.get("lang") or self._root.get("xml:lang")

    def inventory(self) -> Counter[str]:
        """Ids, links, images, formulas and code."""
        return self._page.inventory

    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> HtmlBook:
        return HtmlBook(output, rereading=options.bilingual != "none")

    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        part = self._parts[0]
        turn = Turn(options, self.language)
        changed = changed_units(part.units, texts)
        edits = self._edits(turn) if changed else []

        def render(unit: Unit, text: str, take: Callable[[int, int], str]) -> str:
            atoms = {f for mark, f in unit.run.fragments.items() if mark.mark is Mark.SINGLE}

            def closed(start: int, end: int) -> str:
                piece = take(start, end)
                # An element without an end must not swallow the text that follows it now.
                return balanced(piece, strays=True) if (start, end) in atoms else piece

            new = plain_render(unit, text, closed)
            if unit.run.start in self._unquoted and unit.quote:
                return f'"{new}"'
            if options.bilingual == "none" or unit.plain:
                return new
            source = strip_ids(part.source[unit.run.start : unit.run.end])
            return turn.both(balanced(source), balanced(new))

        text = compose(part, texts, edits, render)
        # Where the page does not say its encoding, a mark does: nobody has to guess again.
        guessed = bool(changed) and not self._declared and not text.isascii()
        encoding = Encoding("utf-8", codecs.BOM_UTF8) if guessed else self._encoding
        with base.atomic_output(output) as file:
            file.write(encoding.encode(text))

    def _edits(self, turn: Turn) -> list[Edit]:
        edits = turn.page_edits(self._page)
        root = self._root
        for meta in root.iter("meta") if root is not None else ():
            content = meta.attributes.get("content")
            if content and meta.get("http-equiv").lower() == "content-language":
                edits.append(Edit(content.start, content.end, turn.target))
        if root is None or root.get("xmlns"):
            return edits
        added = root.inner_start - 1  # plain HTML has no xml:lang
        return [
            Edit(e.start, e.end, _ADDED_XML_LANG.sub("", e.text)) if e.start == added else e
            for e in edits
        ]


def _extra_units(source: str, root: Node, rereading: bool) -> Iterator[Unit]:
    number = 0
    copies = [s for s in root.iter("span") if rereading and SOURCE_CLASS in s.get("class").split()]
    hidden = [(span.start, span.end) for span in copies]
    for node in root.iter("meta", "input", "textarea", "option", "optgroup", "track"):
        for name, kind in _spoken(node):
            found = node.attributes.get(name)
            if found is None or not found.value.strip():
                continue
            if any(start < found.start < end for start, end in hidden):
                continue
            number += 1
            run = attribute_run(source, found)
            yield Unit(f"page#attribute{number}", run, kind, run.keep, found.quote, plain=True)


def _spoken(node: Node) -> Iterator[tuple[str, BlockKind]]:
    """The attributes that a reader sees or hears."""
    if node.name == "meta":
        if {node.get("name").lower(), node.get("property").lower()} & _META:
            yield "content", BlockKind.METADATA
    elif node.name in ("option", "optgroup", "track"):
        yield "label", BlockKind.ALT
    else:
        yield "placeholder", BlockKind.ALT
        if node.name == "input" and node.get("type").lower() in _BUTTONS:
            yield "value", BlockKind.ALT


def _decode(data: bytes, name: str) -> tuple[str, Encoding, bool, str]:
    """The page's text; its encoding; whether the page declares that; what to tell a person."""
    declared = _CHARSET.search(data, 0, 4096)
    if declared and not data.startswith((codecs.BOM_UTF8, b"\xff\xfe", b"\xfe\xff")):
        label = declared[1].decode("ascii").lower()
        codec = _LABELS.get(label, label)
        try:
            text = data.decode(codec) if is_ascii_based(codec) else ""
            if text and text.encode(codec) == data:
                return text, Encoding(codec), True, f"The page is encoded as {codec}, as it says."
        except UnicodeError:
            pass  # a wrong declaration: look at the bytes
    decoded = decode_text(data, name)
    note = f"The page is encoded as {decoded.encoding}" + ("." if decoded.sure else " (it seems).")
    return decoded.text, Encoding(decoded.encoding, decoded.bom), bool(decoded.bom), note
