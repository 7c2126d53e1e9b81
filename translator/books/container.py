"""The ZIP container of an EPUB: safe reading, and writing with unchanged members as they were."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from translator.books import safety
from translator.books.base import atomic_output
from translator.books.decoding import Encoding, decode_xml
from translator.books.repair import repair
from translator.books.xmltree import BROKEN, error
from translator.errors import BookError

MIMETYPE = "mimetype"
_PAGE_START = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title></title></head><body>'


class Container:
    """An open EPUB file. Raises :class:`BookError` for a damaged, encrypted or hostile one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notes: list[str] = []
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError) as problem:
            raise BookError(
                f"{path.name} is damaged or cut off ({problem}).", "Get the file again."
            ) from problem
        try:
            safety.check_container(self._archive, path.name)
            # A later entry of the same name wins, as in every unzip.
            infos = {i.filename: i for i in self._archive.infolist() if not i.is_dir()}
            self._infos = infos
            if "META-INF/encryption.xml" in infos:
                safety.check_encryption(self.text("META-INF/encryption.xml")[0], path.name)
        except BaseException:
            self.close()
            raise

    @property
    def names(self) -> list[str]:
        """All members, in the order of the file."""
        return list(self._infos)

    def close(self) -> None:
        """Release the file."""
        self._archive.close()

    def text(self, member: str) -> tuple[str, Encoding]:
        """A member as text."""
        info = self._infos[member]
        if info.file_size > safety.MAX_MARKUP:
            raise BookError(
                f"{member} in {self.path.name} is {info.file_size >> 20} MiB of markup.",
                "No reader could open it; split the book.",
            )
        return decode_xml(self._archive.read(info))

    def markup(self, member: str) -> tuple[str, Encoding]:
        """A member as well-formed XML text, repaired when it is not (said in ``notes``).

        Raises :class:`BookError` when even that is in vain.
        """
        text, encoding = self.text(member)
        problem = error(text, member)
        if not problem:
            return text, encoding
        for attempt in (text, _PAGE_START + text):
            repaired = repair(attempt)
            if not error(repaired, member):
                self.notes.append(f"{member} is not well-formed ({problem}); Verso repairs it.")
                return repaired, encoding
        raise BookError(f"{member} in {self.path.name} cannot be read ({problem}).", BROKEN)

    def rewrite(self, output: Path, changed: Mapping[str, bytes]) -> None:
        """Write a copy with new contents for some members.

        Order, time stamps and compression stay; ``mimetype`` comes first and uncompressed, as
        the EPUB standard demands.
        """
        names = sorted(self._infos, key=lambda name: name != MIMETYPE)  # stable
        with atomic_output(output) as file, zipfile.ZipFile(file, "w") as target:
            for name in names:
                info = self._infos[name]
                copy = zipfile.ZipInfo(name, info.date_time)
                copy.external_attr = info.external_attr
                copy.create_system = info.create_system
                stored = name == MIMETYPE or info.compress_type == zipfile.ZIP_STORED
                copy.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
                if name in changed:
                    target.writestr(copy, changed[name])
                    continue
                copy.file_size = info.file_size
                with self._archive.open(info) as source, target.open(copy, "w") as sink:
                    shutil.copyfileobj(source, sink, 1 << 18)
