"""Lines of text files, plain or compressed, in any encoding."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from translator.books.decoding import decode_text
from translator.errors import BookError, InputError

_SAMPLE = 1 << 20  # bytes that tell the encoding
_OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open,
}  # fmt: skip
_HINT = "Save it as UTF-8."


def bare_name(path: Path) -> str:
    """The file's name without the suffix of its compression."""
    return path.stem if path.suffix.lower() in _OPENERS else path.name


@dataclass(frozen=True, slots=True)
class TextFile:
    """A text file and how it is encoded. ``sure``: by a byte order mark, or it is valid UTF-8."""

    path: Path
    encoding: str
    sure: bool

    @classmethod
    def sniff(cls, path: Path) -> TextFile:
        """Find out the encoding from the first megabyte.

        Raises :class:`InputError` if the file cannot be read or is no text.
        """
        with _opened(path) as file, _complaints(path):
            data = file.read(_SAMPLE)
        if len(data) == _SAMPLE:
            # Whole lines; the low byte of a line break may be the first or the second of two.
            data = data[: data.rfind(b"\n") + 1 & ~1] or data
        try:
            decoded = decode_text(data, path.name)
        except BookError as error:
            raise InputError(error.message, _HINT) from error
        # Python's names of UTF-16 and UTF-32 with a byte order mark take it away.
        encoding = decoded.encoding
        if decoded.bom:
            encoding = "utf-8-sig" if encoding == "utf-8" else encoding[:6]
        return cls(path, encoding, decoded.sure)

    def named(self) -> str:
        """The file and its encoding for a report, a guess with a question mark."""
        return f"{self.path.name}: {self.encoding}{'' if self.sure else '?'}"

    def lines(self) -> Iterator[str]:
        """The lines without their ends. Only line feeds end one: Moses lines may hold others.

        Raises :class:`InputError` at a line that is not in the encoding.
        """
        number = 0
        try:
            with (
                _opened(self.path) as file,
                _complaints(self.path),
                io.TextIOWrapper(file, encoding=self.encoding, newline="\n") as text,
            ):
                for line in text:
                    number += 1
                    yield line.rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise InputError(
                f"{self.path.name} is not {self.encoding} after line {number}.", _HINT
            ) from error


def _opened(path: Path) -> BinaryIO:
    opener = _OPENERS.get(path.suffix.lower())
    with _complaints(path):
        return cast(BinaryIO, opener(path, "rb") if opener else path.open("rb"))


@contextmanager
def _complaints(path: Path) -> Iterator[None]:
    """Turns what goes wrong with a file into an :class:`InputError`."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", "Check its name.") from error
    except (gzip.BadGzipFile, lzma.LZMAError, EOFError, zlib.error) as error:
        message = f"{path.name} is damaged, or not compressed as its name says."
        raise InputError(message, "Get it again.") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"{path} cannot be read: {why}.", "Check it.") from error
