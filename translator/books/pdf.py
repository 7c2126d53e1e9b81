"""PDF with text, read as the EPUB that it would be if it had no pages.

The PDF is reflowed (see the ``pdf_*`` modules) into an EPUB in a temporary folder; blocks, writing
and the ledger are those of :class:`translator.books.epub.EpubBook` over it. Block ids begin with
the page on which their chapter begins: ``EPUB/p0012.xhtml#7``.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from translator.books.base import Bilingual, Found, WriteOptions
from translator.books.epub import EpubBook
from translator.books.pdf_chapters import chapters
from translator.books.pdf_columns import body_size
from translator.books.pdf_elements import Kind
from translator.books.pdf_epub import write_epub
from translator.books.pdf_flow import Flow
from translator.books.pdf_ocr import MAX_PAGES, recognition
from translator.books.pdf_page import Page, clean
from translator.books.pdf_source import OCR_SECONDS, Source, read_source
from translator.books.scratch import Scratch
from translator.errors import BookError
from translator.types import Block

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_NO_TITLE = re.compile(r"untitled|title|(?:microsoft word - )?\S+\.\w{2,5}|\W*", re.I)
_UNREADABLE = re.compile(r"Page \d+ of the PDF cannot be read: .*\.", re.S)
_TYPEWRITTEN = 0.6  # share of characters in monospaced type above which it is not code
_OCR_HINT = (
    "Recognise its text first, for example with `ocrmypdf scan.pdf text.pdf` (it uses Tesseract), "
    "and translate the result."
)


def read(path: Path) -> PdfBook:
    """Read a PDF. Raises :class:`BookError` when it is damaged, locked or holds pictures only."""
    return PdfBook(path)


class PdfBook:
    """A PDF that was read; see :class:`translator.books.base.Book`. It is written as an EPUB."""

    format = "pdf"
    bilingual: tuple[Bilingual, ...] = EpubBook.bilingual

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scratch = Scratch()  # it lives as long as the book
        folder = self._scratch.path
        source, recognised = _with_text(path, folder)
        untype(source.pages)
        flow = Flow(source.pages)
        language = language_of(source)
        title = title_of(source, flow, path)
        found = chapters(flow.elements, source.outline, title)
        with path.open("rb") as file:
            fingerprint = hashlib.file_digest(file, "sha256").hexdigest()
        epub = folder / f"{path.stem}.epub"
        about = title, clean(source.author), language or "und"
        write_epub(epub, found, folder, about, fingerprint)
        self._book = EpubBook(epub)
        self.language = language
        self._unread = {
            block.id: block.text
            for block in self._book.blocks()
            if block.keep and _UNREADABLE.fullmatch(block.text)
        }
        self.notes: tuple[str, ...] = (*_notes(source, flow), *recognised)

    @property
    def title(self) -> str:
        """The declared title, or the first heading."""
        return self._book.title

    def blocks(self) -> list[Block]:
        """All text in reading order."""
        return [
            replace(block, keep=self._unread[block.id]) if block.id in self._unread else block
            for block in self._book.blocks()
        ]

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` cannot be written in place of a block, or an empty string."""
        return self._book.check(block_id, text)

    def visible(self, block_id: str, text: str) -> str:
        """What a reader sees when ``text`` stands in the block."""
        return self._book.visible(block_id, text)

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the translated EPUB; see :meth:`translator.books.base.Book.write`."""
        self._book.write(output, texts, options)

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read a written EPUB again. A page that could not be read is never there: it failed."""
        found = self._book.found(output, texts, options)
        return Found({**found.texts, **dict.fromkeys(self._unread, "")}, found.inventory)

    def inventory(self) -> Counter[str]:
        """Ids, links, images and code of the reflowed book."""
        return self._book.inventory()


def _with_text(path: Path, folder: Path) -> tuple[Source, list[str]]:
    """The PDF, its text recognised by Tesseract where it has none; what to say about that."""
    source = read_source(path, folder)
    if problem := without_text(source, path):
        ocr = recognition(source.language) if len(source.pages) <= MAX_PAGES else None
        if ocr is None:
            raise BookError(problem, _OCR_HINT)
        source = read_source(path, folder, ocr, OCR_SECONDS)
        if problem := without_text(source, path):
            raise BookError(problem, "Tesseract found no text in it either.")
        _even_sizes(source.pages)
        return source, [f"The text was recognised by Tesseract ({ocr.languages}): expect errors."]
    return source, []


def _even_sizes(pages: list[Page]) -> None:
    """Recognised lines differ in size by their letters only."""
    body = body_size(pages)
    for page in pages:
        for line in page.lines:
            if 0.75 * body < line.size < 1.3 * body:
                line.spans = [replace(span, size=body, raised=False) for span in line.spans]


def without_text(source: Source, path: Path) -> str:
    """What is wrong with a PDF that has no text, or an empty string."""
    letters = sum(
        map(str.isalpha, (c for p in source.pages for line in p.lines for c in line.text))
    )
    readable = [page for page in source.pages if not page.problem]
    if not readable:
        return f"No page of {path.name} can be read: {source.pages[0].problem}."
    pictures = sum(bool(page.pictures) for page in readable)
    if letters < 20 or (pictures > 0.5 * len(readable) and letters < 10 * len(readable)):
        return f"{path.name} has no text, only pictures of pages."
    return ""


def untype(pages: list[Page]) -> None:
    """A book that is typewritten is not a book of code."""
    counts: Counter[bool] = Counter()
    for page in pages:
        for line in page.lines:
            for span in line.spans:
                counts[span.mono] += len(span.text)
    if counts[True] > _TYPEWRITTEN * counts.total():
        for page in pages:
            for line in page.lines:
                line.spans = [replace(span, mono=False) for span in line.spans]


def language_of(source: Source) -> str:
    """The declared language (BCP-47), or an empty string."""
    return source.language if _TAG.fullmatch(source.language) else ""


def title_of(source: Source, flow: Flow, path: Path) -> str:
    """The declared title, else the first heading of the first pages, else the file's name."""
    declared = clean(source.title)
    if not _NO_TITLE.fullmatch(declared):
        return declared
    headings = [e for e in flow.elements if e.kind is Kind.HEADING and e.page < 3 and e.plain]
    first = min(headings, key=lambda e: e.level, default=None)
    return first.plain if first is not None else path.stem


def _notes(source: Source, flow: Flow) -> list[str]:
    notes = ["The PDF is reflowed: the result is an EPUB."]
    if flow.furniture:
        notes.append(f"{flow.furniture} lines of headers, footers and page numbers are left out.")
    return notes + problems(source)


def problems(source: Source) -> list[str]:
    """What a person should know about pages that were read in part or not at all."""
    notes = []
    pictures = [p.number + 1 for p in source.pages if not p.lines and p.pictures and not p.problem]
    if pictures:
        listed = _listed(pictures)
        notes.append(f"Pages with a picture only, whose text (if any) stays as it is: {listed}.")
    unknown = sum(line.text.count("\ufffd") for page in source.pages for line in page.lines)
    if unknown:
        notes.append(f"{unknown} characters are unknown, for the fonts do not name them (\ufffd).")
    notes += [
        f"Page {page.number + 1} cannot be read: {page.problem}."
        for page in source.pages
        if page.problem
    ]
    return notes


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:20])) + (" …" if len(numbers) > 20 else "")
