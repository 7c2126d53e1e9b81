"""What a GGUF file says of itself, read without trusting it.

The header of a GGUF file holds counts and lengths that a broken or hostile file can set to
anything. This reader checks each of them against the file's size and fixed limits before it
allocates or loops, and never keeps token tables. (The ``gguf`` package's reader maps and
parses every array, which takes seconds for a large vocabulary and has no limits.)

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from translator.errors import ModelError

# Generous: the largest vocabularies have about a million tokens and merges (some 30 MB).
_MAX_HEADER = 256 * 2**20
_MAX_ENTRIES = 100_000
_MAX_TENSORS = 200_000
_MAX_ARRAY = 4_000_000
_MAX_STRING = 4 * 2**20

_STRING, _ARRAY, _BOOL = 8, 9, 7
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", _BOOL: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip

# Tensor types: (values in a block, bytes of a block), as in ggml.
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
    27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66),
    39: (32, 17),
}  # fmt: skip

# ``general.file_type``, as in llama.h.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0",
    38: "MXFP4",
}  # fmt: skip

# Tokens that give away how a model was trained to be prompted.
_MARKERS = frozenset((b"<2de>", "<｜hy_User｜>".encode(), b"<start_of_turn>"))

Scalar = str | int | float | bool


@dataclass(frozen=True, slots=True)
class GgufInfo:
    """Facts from a GGUF header. Empty or zero: the file does not say."""

    version: int
    architecture: str
    name: str
    chat_template: str
    context_length: int  # tokens
    quantization: str
    parameters: int  # sum of all tensors' values
    tokenizer: str
    licence: str
    languages: tuple[str, ...]
    markers: frozenset[str]  # telling tokens found in the vocabulary
    encoder_decoder: bool
    values: dict[str, Scalar] = field(repr=False, compare=False)


def read(path: Path) -> GgufInfo:
    """Read the header of a GGUF file.

    Raises :class:`ModelError` with one clear sentence when the file is missing, is not a
    GGUF, is of the other byte order, truncated or malformed.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            return _Reader(file, size, path.name).info()
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror or error}.") from error


class _Reader:
    def __init__(self, file: BinaryIO, size: int, name: str) -> None:
        self._file = file
        self._size = size
        self._name = name
        self._data = bytearray()
        self._at = 0
        self._texts: dict[str, tuple[str, ...]] = {}
        self._markers: set[str] = set()

    def info(self) -> GgufInfo:
        version = self._version()
        tensors = self._count(_MAX_TENSORS, "tensors", 4)
        entries = self._count(_MAX_ENTRIES, "metadata entries", 8)
        values = dict(self._entry() for _ in range(entries))
        parameters = self._tensors(tensors, values)

        def text(key: str) -> str:
            value = values.get(key, "")
            return value if isinstance(value, str) else ""

        def number(key: str) -> int:
            value = values.get(key, 0)
            return value if isinstance(value, int) and value > 0 else 0

        architecture = text("general.architecture")
        if not architecture:
            raise self._bad("names no model architecture")
        file_type = values.get("general.file_type")
        return GgufInfo(
            version=version,
            architecture=architecture,
            name=text("general.name"),
            chat_template=text("tokenizer.chat_template"),
            context_length=number(f"{architecture}.context_length"),
            quantization=_FILE_TYPES.get(file_type, "") if isinstance(file_type, int) else "",
            parameters=parameters,
            tokenizer=text("tokenizer.ggml.model"),
            licence=text("general.license"),
            languages=self._texts.get("general.languages", ()),
            markers=frozenset(self._markers),
            encoder_decoder=architecture == "t5",
            values=values,
        )

    def _version(self) -> int:
        if self._size < 24:
            raise self._bad("is too short to be a GGUF model")
        magic = bytes(self._take(4))
        if magic != b"GGUF":
            raise ModelError(
                f"{self._name} is not a GGUF file.",
                "Verso loads models in llama.cpp's GGUF format (*.gguf).",
            )
        version = self._number("I")
        if version & 0xFFFF == 0:
            raise self._bad("has the byte order of another kind of machine (big-endian)")
        if version not in (2, 3):
            raise self._bad(f"has GGUF version {version}; versions 2 and 3 can be read")
        return version

    def _entry(self) -> tuple[str, Scalar]:
        key = self._string()
        kind = self._number("I")
        if kind in _SCALARS:
            value = self._scalar(_SCALARS[kind])
        elif kind == _STRING:
            value = self._string()
        elif kind == _ARRAY:
            value = self._array(key)
        else:
            raise self._bad(f"has a metadata entry of an unknown type ({kind})")
        return key, value

    def _array(self, key: str) -> int:
        """Step over an array (keeping the few texts of interest) and return its length."""
        kind = self._number("I")
        if kind == _STRING:
            length = self._count(_MAX_ARRAY, "array items", 8)
            keep = length <= 1000 and key == "general.languages"
            tokens = key == "tokenizer.ggml.tokens"
            kept: list[str] = []
            for _ in range(length):
                raw = self._bytes()
                if keep:
                    kept.append(raw.decode("utf-8", "replace"))
                elif tokens and raw in _MARKERS:
                    self._markers.add(raw.decode("utf-8"))
            self._texts[key] = tuple(kept)
        elif kind in _SCALARS:
            width = struct.calcsize("<" + _SCALARS[kind])
            length = self._count(_MAX_ARRAY * 4, "array items", width)
            self._take(length * width)
        else:
            raise self._bad(f"has an array of an unknown type ({kind})")
        return length

    def _tensors(self, count: int, values: dict[str, Scalar]) -> int:
        """Check that every tensor lies inside the file; return the number of parameters."""
        parameters = 0
        end = 0
        for _ in range(count):
            self._string()
            dimensions = self._number("I")
            if not 0 < dimensions <= 4:
                raise self._bad(f"has a tensor of {dimensions} dimensions")
            items = 1
            for _ in range(dimensions):
                items *= self._number("Q")
            kind = self._number("I")
            offset = self._number("Q")
            block, width = BLOCKS.get(kind, (1, 0))
            end = max(end, offset + items // block * width)
            parameters += items
        alignment = values.get("general.alignment", 32)
        if not isinstance(alignment, int) or not 0 < alignment <= 2**20:
            raise self._bad("has a nonsensical alignment")
        start = -(-self._at // alignment) * alignment
        if count and start + end > self._size:
            raise ModelError(
                f"{self._name} is cut short: {start + end:,} bytes are needed, "
                f"{self._size:,} are there.",
                "Download the file again.",
            )
        return parameters

    def _count(self, limit: int, what: str, least: int) -> int:
        """A number of items, each at least ``least`` bytes long, that the file can hold."""
        count = self._number("Q")
        if count > limit or count * least > self._size:
            raise self._bad(f"claims to have {count:,} {what}")
        return count

    def _string(self) -> str:
        return self._bytes().decode("utf-8", "replace")

    def _bytes(self) -> bytes:
        length = self._number("Q")
        if length > _MAX_STRING:
            raise self._bad(f"has a text of {length:,} bytes in its header")
        return bytes(self._take(length))

    def _number(self, code: str) -> int:
        value = self._scalar(code)
        assert isinstance(value, int)
        return value

    def _scalar(self, code: str) -> Scalar:
        width = struct.calcsize("<" + code)
        self._need(width)
        (value,) = struct.unpack_from("<" + code, self._data, self._at)
        self._at += width
        result: Scalar = value
        return result

    def _take(self, length: int) -> bytearray:
        self._need(length)
        start = self._at
        self._at += length
        return self._data[start : self._at]

    def _need(self, length: int) -> None:
        end = self._at + length
        if end > self._size:
            raise ModelError(
                f"{self._name} is cut short: its header does not end.", "Download the file again."
            )
        if end > _MAX_HEADER:
            raise self._bad(f"has a header of over {_MAX_HEADER // 2**20} MB")
        if end > len(self._data):
            self._data += self._file.read(max(end - len(self._data), 2**20))
            if end > len(self._data):
                raise self._bad("changed while it was read")

    def _bad(self, what: str) -> ModelError:
        return ModelError(
            f"{self._name} cannot be used: it {what}.", "The file is broken or not a model."
        )
