"""Bytes -> text, without loss: plain text of any encoding, and members of XML containers."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from translator.errors import BookError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What to expect, most likely first. Supersets stand for their subsets (cp949 for EUC-KR, gb18030
# for GBK, cp932 for Shift-JIS).
_CANDIDATES = (
    "gb18030", "big5", "cp932", "euc_jp", "cp949", "cp1252", "cp1251", "koi8_r", "cp1250",
    "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "iso8859_2", "latin_1",
)  # fmt: skip
_XML_ENCODING = re.compile(rb"""^<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._-]+)["']""")
_PROBE = b"<A b='+AGE-'>\\u00e9&"  # escapes of UTF-7 and Python's own codecs must stay
_WRONG = 10  # no other encoding looks like UTF-8 with one wrong byte in so many characters
_SAMPLE = 1 << 16  # bytes that the detector sees
_CONTROLS = frozenset(range(32)) - {9, 10, 11, 12, 13, 26, 27}
_HINT = "Save it as UTF-8 text and open it again."


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded file. Encoding ``text`` with ``encoding`` after ``bom`` gives its exact bytes."""

    text: str
    encoding: str
    bom: bytes = b""
    sure: bool = True  # a byte order mark or valid UTF-8; otherwise a good guess


def decode_text(data: bytes, name: str) -> Decoded:
    """Decode a whole file: by byte order mark, as UTF-8, then by what charset-normalizer finds.

    A text that is UTF-8 but for some damaged bytes has U+FFFD in their places. Raises
    :class:`BookError` when it is not text, or when no encoding gives its exact bytes back.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom) and (text := _exact(data[len(bom) :], encoding)) is not None:
            return Decoded(text, encoding, bom)
    if (text := _exact(data, "utf-8")) is not None and "\0" not in text:
        return Decoded(text, "utf-8")
    head = data[:_SAMPLE]
    if head.count(0) > len(head) // 4:
        zeros_even = head[0::2].count(0)
        encoding = "utf-16-be" if zeros_even > head[1::2].count(0) else "utf-16-le"
        if (text := _exact(data, encoding)) is not None and "\0" not in text:
            return Decoded(text, encoding, sure=False)
    if any(byte in _CONTROLS for byte in head):
        raise BookError(f"{name} is not a text file.", "Choose a book in a known format.")
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if _WRONG * damaged < sum(not char.isascii() for char in text) - damaged:
        return Decoded(text, "utf-8", sure=False)
    for encoding in [*_guess(data), "gb18030", "cp1252", "latin_1"]:
        if (text := _exact(data, encoding)) is not None:
            return Decoded(text, encoding, sure=False)
    raise BookError(f"The encoding of {name} is unknown.", _HINT)


def _exact(data: bytes, encoding: str) -> str | None:
    try:
        text = data.decode(encoding)
        return text if text.encode(encoding) == data else None
    except UnicodeError:
        return None


def _guess(data: bytes) -> list[str]:
    from charset_normalizer import from_bytes  # slow to import

    # Bytes above ASCII tell; a line break is a safe place to cut.
    first = next((i for i, byte in enumerate(data) if byte > 127), 0)
    start = data.rfind(b"\n", 0, first) + 1
    stop = data.rfind(b"\n", start, start + _SAMPLE) + 1 or len(data)
    sample = data[start:stop]
    matches = from_bytes(sample, cp_isolation=list(_CANDIDATES), enable_fallback=False)
    best = matches.best()
    if best is None:
        return []
    # Sister encodings often read a text alike: then the more usual name is the better one.
    text = str(best)
    alike = [name for name in _CANDIDATES if _exact(sample, name) == text]
    return [*alike, *(match.encoding for match in matches)]


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a member's text was encoded."""

    codec: str
    bom: bytes = b""

    def encode(self, text: str) -> bytes:
        """Bytes of the text; characters the codec lacks become character references."""
        return self.bom + text.encode(self.codec, "xmlcharrefreplace")

    def again(self, text: str) -> str:
        """The text as it will be read again."""
        return text.encode(self.codec, "xmlcharrefreplace").decode(self.codec)


def decode_xml(data: bytes) -> tuple[str, Encoding]:
    """The text of an XML member, by its byte order mark, its declaration, or as UTF-8.

    Undeclared or wrongly declared bytes are read as windows-1252 unless they are UTF-8 for the
    most part. What is no character then becomes U+FFFD.
    """
    for bom, codec in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(bom):
            return data[len(bom) :].decode(codec, "replace"), Encoding(codec, bom)
    for prefix, codec in ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be")):
        if data.startswith(prefix):
            return data.decode(codec, "replace"), Encoding(codec)
    declared = _XML_ENCODING.match(data)
    names = [declared[1].decode("ascii")] if declared else []
    for codec in [*filter(is_ascii_based, names), "utf-8"]:
        try:
            return data.decode(codec), Encoding(codec)
        except UnicodeError:
            continue
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd")
    if damaged > sum(not char.isascii() for char in text) - damaged:
        return data.decode("cp1252", "replace"), Encoding("cp1252")
    return text, Encoding("utf-8")


def is_ascii_based(codec: str) -> bool:
    """Whether Python knows a codec of this name in which ASCII is ASCII.

    A declaration that could be read as ASCII cannot name any other, such as UTF-16.
    """
    try:
        return _PROBE.decode(codec).encode() == _PROBE
    except (LookupError, UnicodeError):
        return False
