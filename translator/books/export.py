"""A translated book as plain text or as a Word document: its text and headings, nothing else.

Pictures, notes' links and inline formatting are not carried over. The contents, page titles and
descriptions of pictures are left out; the book's title comes first.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from translator.books import base
from translator.books.base import Bilingual, Book, Found, WriteOptions
from translator.books.docx import DocxBook
from translator.books.turning import direction
from translator.books.xmltree import escape
from translator.types import Block, BlockKind

_LEFT_OUT = frozenset({BlockKind.TOC, BlockKind.METADATA, BlockKind.ALT})
_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_TYPES = (
    f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/word/document.xml" ContentType="{_TYPE}.document.main+xml"/>'
    f'<Override PartName="/word/styles.xml" ContentType="{_TYPE}.styles+xml"/></Types>'
)
_STYLE_NAMES = {
    BlockKind.METADATA: ("Title", "Title", '<w:b/><w:sz w:val="44"/>'),
    BlockKind.HEADING: ("Heading1", "heading 1", '<w:b/><w:sz w:val="32"/>'),
    BlockKind.CODE: ("Code", "Code", '<w:rFonts w:ascii="Courier New" w:hAnsi="Courier New"/>'),
}


@dataclass(frozen=True, slots=True)
class OutputChoice:
    """A kind of file that a book can become: its suffix and what a person reads in a list."""

    suffix: str
    label: str


# What a book of a format can become; the first is what it becomes if nobody chooses.
_CHOICES = {
    ".epub": (
        OutputChoice(".epub", "EPUB, as the source"),
        OutputChoice(".txt", "Plain text"),
        OutputChoice(".docx", "Word document, text only"),
    ),
    ".pdf": (
        OutputChoice(".epub", "EPUB, reflowed"),
        OutputChoice(".pdf", "PDF with the same layout"),
    ),
}


def outputs(path: Path) -> tuple[OutputChoice, ...]:
    """What the book at ``path`` can become, the usual first. Looks at the file's name only."""
    suffix = path.suffix.lower()
    own = OutputChoice(base.output_suffix(path), "The same format as the source")
    return _CHOICES.get(suffix, (own,))


def exported(path: Path, output: Path | None) -> str:
    """The suffix of ``output`` if that is another format that the book at ``path`` can become;
    an empty string for the usual format."""
    suffix = output.suffix.lower() if output else ""
    return suffix if suffix in [choice.suffix for choice in outputs(path)[1:]] else ""


def open_for(path: Path, output: Path | None) -> Book:
    """Open a book that will be written to ``output``. Raises :class:`BookError`."""
    suffix = exported(path, output)
    if suffix == ".pdf":
        from translator.books.pdf_layout import LayoutBook

        return LayoutBook(path)
    book = base.open_book(path)
    return Export(book, suffix) if suffix and book.format == "epub" else book


class Export:
    """A book that is written in another format; see :class:`translator.books.base.Book`."""

    bilingual: tuple[Bilingual, ...] = ("none",)

    def __init__(self, book: Book, suffix: str) -> None:
        self._book = book
        self._suffix = suffix
        self.format = suffix.removeprefix(".")
        self.path, self.title, self.language = book.path, book.title, book.language
        left = "Pictures, links and formatting are not part of the text that is written."
        self.notes = (*book.notes, left)
        blocks = book.blocks()
        title = next((b for b in blocks if b.kind is BlockKind.METADATA and b.keep is None), None)
        self._blocks = [title] if title is not None and title.section.endswith(".opf") else []
        self._blocks += [b for b in blocks if b.kind not in _LEFT_OUT and "+" not in b.id]

    def blocks(self) -> list[Block]:
        """The title and the text of the pages, in reading order."""
        return list(self._blocks)

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` cannot be written in place of a block, or an empty string."""
        return self._book.check(block_id, text)

    def visible(self, block_id: str, text: str) -> str:
        """What a reader sees when ``text`` stands in the block."""
        return self._book.visible(block_id, text)

    def inventory(self) -> Counter[str]:
        """Text has no markup."""
        return Counter()

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the text; see :meth:`translator.books.base.Book.write`."""
        base.require_mode(self, options)
        base.require_writable(self, texts, [block.id for block in self._blocks])
        with base.atomic_output(output) as file:
            if self._suffix == ".docx":
                self._write_docx(file, texts, options)
            else:
                file.write(self._text(texts).encode("utf-8", "replace"))

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read a written file again; see :meth:`translator.books.base.Book.found`."""
        if self._suffix == ".docx":
            again = DocxBook(output)
            lines = [again.visible(block.id, block.text) for block in again.blocks()]
        else:
            raw = output.read_bytes().decode("utf-8", "replace").split("\n")
            lines = [line for line in raw if line]
        found, position = {}, 0
        for block in self._blocks:
            count = len(self._lines(block, texts))
            found[block.id] = " ".join(lines[position : position + count])
            position += count
        return Found(found)

    def _lines(self, block: Block, texts: Mapping[str, str]) -> list[str]:
        """The lines of a block: one, but for code."""
        if block.kind is BlockKind.CODE:
            # XML and readers of text agree on these line ends only.
            lines = block.text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
            return [line for line in lines if line.strip()]
        shown = " ".join(self.visible(block.id, texts.get(block.id, block.text)).split())
        return [shown] if shown else []

    def _text(self, texts: Mapping[str, str]) -> str:
        pieces: list[str] = []
        before = ""
        for block in self._blocks:
            for line in self._lines(block, texts):
                whole = _whole(block)
                pieces += [("\n" if whole == before else "\n\n") if pieces else "", line]
                before = whole
        return "".join(pieces) + "\n"

    def _write_docx(self, file: BinaryIO, texts: Mapping[str, str], options: WriteOptions) -> None:
        rtl = direction(options.target) == "rtl"
        paragraphs = [
            _paragraph(line, block.kind, rtl)
            for block in self._blocks
            for line in self._lines(block, texts)
        ]
        document = f"<w:document {_W}><w:body>{''.join(paragraphs)}</w:body></w:document>"
        members = {
            "[Content_Types].xml": _TYPES,
            "_rels/.rels": _relations("officeDocument", "word/document.xml"),
            "word/_rels/document.xml.rels": _relations("styles", "styles.xml"),
            "word/document.xml": _HEAD + document,
            "word/styles.xml": _HEAD + _styles(options.target),
        }
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in members.items():  # the same bytes at any time
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, text.encode("utf-8", "replace"))


def _whole(block: Block) -> str:
    """The block that a line of verse belongs to."""
    whole, dot, line = block.id.rpartition(".")
    return whole if dot and line.isdigit() and "#" in whole else block.id


def _relations(kind: str, target: str) -> str:
    return (
        f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELATION}/{kind}" Target="{target}"/></Relationships>'
    )


def _paragraph(line: str, kind: BlockKind, rtl: bool) -> str:
    style = f'<w:pStyle w:val="{_STYLE_NAMES[kind][0]}"/>' if kind in _STYLE_NAMES else ""
    style += "<w:bidi/>" if rtl else ""
    properties = f"<w:pPr>{style}</w:pPr>" if style else ""
    run = "<w:rPr><w:rtl/></w:rPr>" if rtl else ""
    text = f'<w:t xml:space="preserve">{escape(line)}</w:t>'
    return f"<w:p>{properties}<w:r>{run}{text}</w:r></w:p>"


def _styles(target: str) -> str:
    tag = escape(target, '"')
    named = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/>'
        f"<w:rPr>{look}</w:rPr></w:style>"
        for key, name, look in _STYLE_NAMES.values()
    )
    return (
        f'<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr><w:sz w:val="24"/>'
        f'<w:lang w:val="{tag}" w:eastAsia="{tag}" w:bidi="{tag}"/></w:rPr></w:rPrDefault>'
        '<w:pPrDefault><w:pPr><w:spacing w:after="120"/></w:pPr></w:pPrDefault></w:docDefaults>'
        f"{named}</w:styles>"
    )
