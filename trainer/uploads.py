"""Texts that someone sends: checked and unpacked into a folder of their own."""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from trainer.readers_text import bare_name
from translator.books import safety
from translator.books.base import SUFFIXES
from translator.errors import InputError

_OPENERS: dict[str, Callable[..., Any]] = {
    ".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open,
}  # fmt: skip
_PIECE = 1 << 20
_LONGEST_LINE = 16 << 20  # bytes; a line is read whole
_NO_LINES = (".tmx", ".xml", *SUFFIXES)  # read in other ways, with limits of their own


def take(uploads: Sequence[Path], folder: Path) -> None:
    """Put files into a new folder, the contents of ZIP archives too.

    Raises :class:`InputError` for an archive that is a trap or damaged, two files of one name, or
    a text that cannot be read line by line; the folder is then gone again.
    """
    folder.mkdir(parents=True)
    try:
        for path in uploads:
            if path.suffix.lower() == ".zip":
                _unpack(path, folder)
            else:
                shutil.copyfile(path, _free(folder / path.name))
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                _require_lines(path)
        if not any(path.is_file() for path in folder.rglob("*")):
            raise InputError("There is no file in it.", "Choose files or a ZIP of files.")
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        why = error.strerror or str(error)
        raise InputError(f"The files cannot be stored: {why}.") from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _unpack(path: Path, folder: Path) -> None:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as error:
        raise InputError(f"{path.name} is damaged or cut off.", "Get it again.") from error
    with archive:
        safety.check_container(archive, path.name)
        for info in archive.infolist():
            parts = PurePosixPath(info.filename.replace("\\", "/")).parts
            hidden = any(part.startswith((".", "__MACOSX")) for part in parts)
            if info.is_dir() or hidden or not parts:
                continue
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as source, _free(place).open("xb") as sink:
                shutil.copyfileobj(source, sink, _PIECE)


def _free(path: Path) -> Path:
    if path.exists():
        raise InputError(f"There are two files called {path.name}.", "Give them different names.")
    return path


def _require_lines(path: Path) -> None:
    """Refuse a text whose lines, unpacked, would fill the memory or the disk."""
    if Path(bare_name(path)).suffix.lower() in _NO_LINES:
        return
    opener = _OPENERS.get(path.suffix.lower(), open)
    packed = path.stat().st_size
    total = line = 0
    try:
        with opener(path, "rb") as file:
            while piece := file.read(_PIECE):
                total += len(piece)
                first, last = piece.find(b"\n"), piece.rfind(b"\n")
                line = line + len(piece) if first < 0 else len(piece) - last
                if line > _LONGEST_LINE:
                    raise InputError(
                        f"{path.name} has a line of more than {_LONGEST_LINE >> 20} MiB.",
                        "One line should hold one sentence or paragraph.",
                    )
                ratio = total > safety.MAX_RATIO * max(packed, 1)
                if total > safety.MAX_TOTAL or (total > safety.RATIO_FREE and ratio):
                    raise InputError(
                        f"{path.name} would unpack to more than {total >> 20} MiB, which looks "
                        "like a trap.",
                        "Verso does not open such a file.",
                    )
    except (gzip.BadGzipFile, lzma.LZMAError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path.name} is damaged, or not compressed as its name says.", "Get it again."
        ) from error
