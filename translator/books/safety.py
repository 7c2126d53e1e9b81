"""Limits on hostile files. Every refusal is one clear sentence, before any damage is done."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from translator.errors import BookError

MAX_TEXT_FILE = 256 << 20  # bytes of a plain text file
MAX_MEMBERS = 20_000  # files in a container
MAX_TOTAL = 2 << 30  # bytes of all members, unpacked
MAX_MARKUP = 96 << 20  # bytes of one XHTML, NCX or OPF member, unpacked
MAX_RATIO = 250  # unpacked to packed bytes of a whole container ...
RATIO_FREE = 64 << 20  # ... above this many unpacked bytes
MAX_DEPTH = 256  # nested elements (readers walk trees recursively)
MAX_ENTITY_TEXT = 65_536  # characters that one declared XML entity may expand to

_FONT_OBFUSCATION = {
    "http://www.idpf.org/2008/embedding",
    "http://ns.adobe.com/pdf/enc#RC",
}
_ALGORITHM = re.compile(r"<(?:\w+:)?EncryptionMethod\b[^>]*?\bAlgorithm\s*=\s*[\"']([^\"']*)")
_CIPHER = re.compile(r"<(?:\w+:)?EncryptedData\b")
_DRM_HINT = "Verso cannot open protected books. Use a copy without DRM."

# A general entity; parameter entities (%) cannot occur in the text of a document.
_ENTITY = re.compile(
    r"<!ENTITY\s+(?P<name>[^\s%\"']+)\s+(?:(?P<external>SYSTEM|PUBLIC)\b|\"(?P<a>[^\"]*)\"|'(?P<b>[^']*)')"
)
_REFERENCE = re.compile(r"&([^\s;&#]+);")


def check_size(path: Path, limit: int, what: str, hint: str) -> None:
    """Refuse a file of more bytes than the limit. Raises :class:`BookError`."""
    size = path.stat().st_size
    if size > limit:
        raise BookError(f"{path.name} is {size >> 20} MiB of {what}.", hint)


def check_container(archive: zipfile.ZipFile, name: str) -> None:
    """Refuse a container that is a bomb, leaves its folder, is encrypted or damaged.

    Every member is unpacked once in small pieces, so damage is found before hours of work.
    Raises :class:`BookError`.
    """
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise BookError(f"{name} holds {len(infos)} files, more than any book.", "Is it a book?")
    total = sum(info.file_size for info in infos)
    packed = sum(info.compress_size for info in infos)
    if total > MAX_TOTAL or (total > RATIO_FREE and total > MAX_RATIO * max(packed, 1)):
        raise BookError(
            f"{name} would unpack to {total >> 20} MiB, which looks like a trap.",
            "Verso does not open such a file.",
        )
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", str(path)):
            raise BookError(
                f"{name} has an entry that points outside the book ({info.filename[:60]!r}).",
                "Verso does not open such a file.",
            )
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BookError(
                f"{name} has an entry that is a link to another file ({info.filename[:60]!r}).",
                "Verso does not open such a file.",
            )
        if info.flag_bits & 0x1:
            raise BookError(f"{name} is locked with a password.", "Use an unlocked copy.")
    _check_damage(archive, name)


def _check_damage(archive: zipfile.ZipFile, name: str) -> None:
    try:
        bad = archive.testzip()
    except (zlib.error, EOFError, OSError, NotImplementedError, ValueError) as error:
        raise BookError(f"{name} is damaged ({error}).", "Get the file again.") from error
    if bad is not None:
        raise BookError(f"{name} is damaged: {bad} cannot be unpacked.", "Get the file again.")


def too_deep(name: str) -> BookError:
    """The error for elements inside elements beyond :data:`MAX_DEPTH`."""
    return BookError(
        f"{name} nests more than {MAX_DEPTH} elements.",
        "No book needs that: get another copy, or save it anew with the program that made it.",
    )


def check_encryption(encryption_xml: str, name: str) -> None:
    """Refuse a book whose text is encrypted; obfuscated fonts alone are fine.

    ``encryption_xml`` is the text of ``META-INF/encryption.xml``. Raises :class:`BookError`.
    """
    methods = _ALGORITHM.findall(encryption_xml)
    ciphers = len(_CIPHER.findall(encryption_xml))
    if set(methods) - _FONT_OBFUSCATION or ciphers > len(methods):
        raise BookError(f"{name} is protected by DRM.", _DRM_HINT)


def check_entities(doctype: str, name: str) -> None:
    """Refuse entity declarations that read other files or expand without measure.

    ``doctype`` is a DOCTYPE declaration with its internal subset. Verso never expands a declared
    entity, but the apps that open the result would. Raises :class:`BookError`.
    """
    values: dict[str, str] = {}
    for match in _ENTITY.finditer(doctype):
        if match["external"]:
            raise BookError(
                f"{name} declares an entity that reads another file ({match['name'][:40]}).",
                "Verso does not open such a file.",
            )
        values.setdefault(match["name"], match["a"] or match["b"] or "")
    sizes: dict[str, int] = {}
    for entity in values:
        if _expanded(entity, values, sizes, ()) > MAX_ENTITY_TEXT:
            raise BookError(
                f"{name} declares an XML entity that expands without measure ({entity[:40]}).",
                "Verso does not open such a file.",
            )


def _expanded(
    entity: str, values: dict[str, str], sizes: dict[str, int], path: tuple[str, ...]
) -> int:
    if entity in path or len(path) > 16:
        return MAX_ENTITY_TEXT + 1
    if entity not in sizes:
        value = values.get(entity, " ")
        inner = _REFERENCE.findall(value)
        size = len(value) + sum(_expanded(i, values, sizes, (*path, entity)) for i in inner)
        sizes[entity] = min(size, MAX_ENTITY_TEXT + 1)
    return sizes[entity]
