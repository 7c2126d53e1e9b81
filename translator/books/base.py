"""The one protocol behind every book format, and the table of formats.

A format is one module with a class that has :class:`Book`'s members, and one line in
:data:`FORMATS`. Nothing else in Verso knows formats.
"""

from __future__ import annotations

import importlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, cast

from translator.errors import BookError
from translator.types import Block

Bilingual = Literal["none", "above", "below", "side"]


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """How a translated book is written.

    ``source`` and ``target`` are BCP-47 tags. ``bilingual`` says where the source text stands
    in the output: nowhere, above or below its translation, or beside it.
    """

    source: str
    target: str
    bilingual: Bilingual = "none"


@dataclass(frozen=True, slots=True)
class Found:
    """What a written file says: the visible text of the translation for each block id of the
    source book (empty: not there), and the file's inventory."""

    texts: dict[str, str]
    inventory: Counter[str] = field(default_factory=Counter)


class Book(Protocol):
    """A book that was read. Reading changes nothing on disk and fetches nothing."""

    @property
    def format(self) -> str:
        """Short name of the format, e.g. ``epub``."""

    @property
    def path(self) -> Path:
        """The file that was read."""

    @property
    def title(self) -> str:
        """The declared title, or an empty string."""

    @property
    def language(self) -> str:
        """The declared language (BCP-47), or an empty string."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know about the reading: encoding, repairs, missing parts."""

    @property
    def bilingual(self) -> tuple[Bilingual, ...]:
        """The editions that this format can hold."""

    def blocks(self) -> list[Block]:
        """All text in document order.

        Ids come from the structure (part and running number), never from the content: reading
        the same file again gives the same ids in the same order.
        """

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` (canonical tagged form) cannot be written in place of a block, or ``""``.

        Call it when a translation arrives: :meth:`write` refuses what this refuses.
        """

    def write(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        """Write the book with the blocks in ``texts`` replaced; all others stay as they are.

        A text equal to the source leaves that place of the file byte for byte as it was. The
        file appears complete or not at all. Raises :class:`BookError`.
        """

    def visible(self, block_id: str, text: str) -> str:
        """What a reader sees when ``text`` stands in the block: placeholders spelled out."""

    def found(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> Found:
        """Read ``output`` (written by :meth:`write` with the same arguments) again."""

    def inventory(self) -> Counter[str]:
        """Ids, links, images, formulas and code, counted: the same before and after writing."""


@dataclass(frozen=True, slots=True)
class Format:
    """A line of the table: where the reader is and how its files are recognised."""

    name: str
    suffixes: tuple[str, ...]
    module: str  # has ``read(path: Path) -> Book``
    magic: bytes = b""  # first bytes of such a file; empty: recognised by suffix only
    output: str = ""  # suffix of what is written; empty: that of the source


FORMATS = (
    Format("epub", (".epub",), "translator.books.epub", b"PK\x03\x04"),
    Format("pdf", (".pdf",), "translator.books.pdf", b"%PDF-", ".epub"),
    Format("docx", (".docx", ".docm"), "translator.books.docx", b"PK\x03\x04"),
    Format("txt", (".txt", ".text"), "translator.books.txt"),
    Format("html", (".html", ".htm", ".xhtml"), "translator.books.html"),
    Format("markdown", (".md", ".markdown", ".mkd"), "translator.books.markdown"),
    Format("fb2", (".fb2",), "translator.books.fb2"),
    Format("subtitles", (".srt", ".vtt"), "translator.books.subtitles"),
)
SUFFIXES: tuple[str, ...] = tuple(suffix for f in FORMATS for suffix in f.suffixes)

# What other files begin with, to answer a wrong suffix with a clear sentence.
_FOREIGN = (
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"GIF8", "an image"),
)
_OWN_PART = re.compile("[a-z0-9_]{8}~")  # what mkstemp puts into a name
_SUPPORTED = f"Verso reads {', '.join(f.name.upper() for f in FORMATS)}."


def open_book(path: Path | str) -> Book:
    """Open a book: by its first bytes where they tell, else by its suffix.

    Raises :class:`BookError` when the file is missing, empty, of another kind, or broken.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError as error:
        raise BookError(f"{path.name} cannot be read.", f"{error.strerror}.") from error
    if not head:
        raise BookError(f"{path.name} is empty.", "Choose a file with text in it.")
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise BookError(f"{path.name} is {what}, which cannot be opened yet.", _SUPPORTED)
    if _is_mobi(head):
        raise BookError(f"{path.name} is a Kindle book.", "Convert it to EPUB first.")
    suffix = path.suffix.lower()
    known = [f for f in FORMATS if f.magic and head.startswith(f.magic)]
    known.sort(key=lambda f: suffix not in f.suffixes)  # several formats are ZIP archives
    if known:
        return _read(known[0], path)
    for book_format in FORMATS:
        if suffix in book_format.suffixes:
            if book_format.magic:
                raise BookError(
                    f"{path.name} is not a real {book_format.name.upper()} file.",
                    "It may be damaged or have the wrong suffix.",
                )
            return _read(book_format, path)
    raise BookError(f"{path.name} has an unknown format.", _SUPPORTED)


def output_suffix(path: Path) -> str:
    """The suffix of the translation of a book, e.g. ``.epub`` for a PDF."""
    suffix = path.suffix.lower()
    return next((f.output for f in FORMATS if f.output and suffix in f.suffixes), path.suffix)


def _is_mobi(head: bytes) -> bool:
    return head[60:68] in (b"BOOKMOBI", b"TEXtREAd")


def _read(book_format: Format, path: Path) -> Book:
    module = importlib.import_module(book_format.module)
    return cast(Book, module.read(path))


def require_mode(book: Book, options: WriteOptions) -> None:
    """Raise :class:`BookError` when the book's format cannot hold the wanted edition."""
    if options.bilingual not in book.bilingual:
        known = ", ".join(book.bilingual)
        raise BookError(
            f"A {book.format.upper()} file cannot hold a “{options.bilingual}” edition.",
            f"Choose one of: {known}.",
        )


def require_writable(book: Book, texts: Mapping[str, str], known: Iterable[str]) -> None:
    """Raise :class:`BookError` for an unknown block id or a text that cannot be written."""
    ids = set(known)
    for block_id, text in texts.items():
        if block_id not in ids:
            raise BookError(f"The book has no block {block_id}.", "Was the file changed?")
        if problem := book.check(block_id, text):
            raise BookError(f"The translation of {block_id} cannot be written: {problem}.")


@contextmanager
def atomic_output(path: Path) -> Iterator[BinaryIO]:
    """A binary file that becomes ``path`` when the block ends well, and vanishes otherwise.

    What a killed process left behind vanishes too. Of two that write the same file at once, the
    first one fails.
    """
    name = ""
    try:
        prefix = f".{path.name[:60]}."
        for left in path.parent.iterdir():
            if left.name.startswith(prefix) and _OWN_PART.fullmatch(left.name[len(prefix) :]):
                left.unlink(missing_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix="~")
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        Path(name).chmod(0o666 & ~umask)  # mkstemp's 0600 would hide the book from others
        Path(name).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise BookError(f"{path.name} cannot be written.", f"{reason}.") from error
    finally:
        if name:
            Path(name).unlink(missing_ok=True)
