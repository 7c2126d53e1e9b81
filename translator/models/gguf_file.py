"""GGUF files as parts that can be taken over, changed and written again.

:mod:`translator.models.gguf_meta` looks at a file without trusting it; only a file that passed
there is taken apart here. What is not changed is copied as bytes, so that nothing that Verso
does not know is lost. (The ``gguf`` package's reader takes ten seconds for a vocabulary of
262,144 tokens, this one a tenth of one.)

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from translator.errors import ModelError
from translator.models import gguf_meta

_STRING, _ARRAY, _UINT32, _INT32 = 8, 9, 4, 5
_WIDTHS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_DTYPES = {
    0: "u1", 1: "i1", 2: "<u2", 3: "<i2", _UINT32: "<u4", _INT32: "<i4", 6: "<f4", 7: "?",
    10: "<u8", 11: "<i8", 12: "<f8",
}  # fmt: skip
_ALIGNMENT = 32
_CHUNK = 16 * 2**20

Report = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Entry:
    """A metadata value as the file holds it: its type number and its bytes.

    For an array, ``kind`` is that of the items and ``count`` how many there are; else
    ``count`` is -1.
    """

    kind: int
    raw: bytes
    count: int = -1

    def number(self) -> int | float:
        """A scalar number."""
        value: int | float = self.numbers().item()
        return value

    def text(self) -> str:
        """A scalar text."""
        return self.raw[8:].decode("utf-8", "replace")

    def numbers(self) -> npt.NDArray[np.generic]:
        """The items of an array of numbers (or the one of a scalar)."""
        return np.frombuffer(self.raw, dtype=_DTYPES[self.kind])

    def strings(self) -> list[bytes]:
        """The items of an array of texts."""
        items, at = [], 0
        for _ in range(self.count):
            (length,) = struct.unpack_from("<Q", self.raw, at)
            items.append(self.raw[at + 8 : at + 8 + length])
            at += 8 + length
        return items

    @property
    def is_text(self) -> bool:
        """Whether its items, or it itself, are texts."""
        return self.kind == _STRING


def text(value: str) -> Entry:
    """An entry for a text."""
    return Entry(_STRING, _packed(value.encode()))


def strings(values: Iterable[bytes]) -> Entry:
    """An entry for an array of texts."""
    items = [_packed(value) for value in values]
    return Entry(_STRING, b"".join(items), len(items))


def whole(value: int) -> Entry:
    """An entry for a number that is not negative (uint32)."""
    return Entry(_UINT32, struct.pack("<I", value))


def wholes(values: npt.NDArray[np.integer]) -> Entry:
    """An entry for an array of such numbers."""
    return Entry(_UINT32, values.astype("<u4").tobytes(), len(values))


def array(values: npt.NDArray[np.generic]) -> Entry:
    """An entry for an array of numbers of any type that GGUF knows."""
    return Entry(_kind(values), values.tobytes(), len(values))


def scalar(value: np.generic) -> Entry:
    """An entry for one number, stored as the type that it has."""
    return Entry(_kind(value), value.tobytes())


def _kind(values: npt.NDArray[np.generic] | np.generic) -> int:
    dtypes = {np.dtype(name): kind for kind, name in _DTYPES.items()}
    return dtypes[values.dtype]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor: ``shape`` with the length of a row first, ``offset`` from the file's start."""

    name: str
    shape: tuple[int, ...]
    kind: int
    offset: int
    size: int  # bytes

    @property
    def rows(self) -> int:
        """The length of the outermost dimension."""
        return self.shape[-1]


@dataclass(frozen=True, slots=True)
class GgufFile:
    """A file's metadata in order, and where its tensors lie."""

    path: Path
    entries: Mapping[str, Entry]
    tensors: tuple[Tensor, ...]


def read(path: Path) -> GgufFile:
    """Take a file apart. Raises :class:`ModelError` when it is no sound GGUF file."""
    gguf_meta.read(path)  # every count and length was checked when this returns
    try:
        return _parse(path, np.memmap(path, mode="r").data)
    except OSError as error:
        raise ModelError(f"Cannot read {path}: {error.strerror or error}.") from error


def _parse(path: Path, data: memoryview) -> GgufFile:
    _, _, count, keys = struct.unpack_from("<4sIQQ", data)
    at = 24
    entries: dict[str, Entry] = {}
    for _ in range(keys):
        key, at = _text(data, at)
        (kind,) = struct.unpack_from("<I", data, at)
        at += 4
        items = -1
        if kind == _ARRAY:
            kind, items = struct.unpack_from("<IQ", data, at)
            at += 12
        end = _end(data, at, kind, abs(items))
        entries[key] = Entry(kind, bytes(data[at:end]), items)
        at = end
    heads: list[tuple[str, tuple[int, ...], int, int]] = []
    for _ in range(count):
        name, at = _text(data, at)
        (dimensions,) = struct.unpack_from("<I", data, at)
        *shape, tensor_kind, offset = struct.unpack_from(f"<{dimensions}QIQ", data, at + 4)
        at += 16 + 8 * dimensions
        heads.append((name, tuple(shape), tensor_kind, offset))
    alignment = entries.get("general.alignment", whole(_ALIGNMENT)).number()
    start = -(-at // int(alignment)) * int(alignment)
    tensors = tuple(
        Tensor(name, shape, kind, start + offset, _bytes(path, name, shape, kind))
        for name, shape, kind, offset in heads
    )
    return GgufFile(path, entries, tensors)


def _end(data: memoryview, at: int, kind: int, count: int) -> int:
    if kind != _STRING:
        return at + _WIDTHS[kind] * count
    for _ in range(count):
        (length,) = struct.unpack_from("<Q", data, at)
        at += 8 + length
    return at


def _text(data: memoryview, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from("<Q", data, at)
    end = at + 8 + length
    return bytes(data[at + 8 : end]).decode("utf-8", "replace"), end


def _bytes(path: Path, name: str, shape: Sequence[int], kind: int) -> int:
    block, width = gguf_meta.BLOCKS.get(kind, (1, 0))
    if not width or shape[0] % block:
        raise ModelError(f"{path.name} has a tensor of a kind that Verso does not know ({name}).")
    return int(np.prod(shape, dtype=np.int64)) // block * width


@dataclass(frozen=True, slots=True)
class Part:
    """A tensor to write: all of one of the origin's, or some of its ``rows``, in that order."""

    tensor: Tensor
    rows: npt.NDArray[np.int64] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape in the new file."""
        if self.rows is None:
            return self.tensor.shape
        return (*self.tensor.shape[:-1], len(self.rows))

    @property
    def size(self) -> int:
        """Its bytes in the new file. Rows are stored one after the other in every format, so
        a row can be left out without touching the values of others."""
        if self.rows is None:
            return self.tensor.size
        return self.tensor.size // self.tensor.rows * len(self.rows)


@dataclass(frozen=True, slots=True)
class Made:
    """A tensor to write whose values are new. ``kind`` is 0 (F32) or 1 (F16); ``shape`` has the
    length of a row first; ``chunks`` gives the values in order, in pieces of any size."""

    name: str
    kind: int
    shape: tuple[int, ...]
    chunks: Callable[[], Iterable[npt.NDArray[np.float32]]]

    @property
    def size(self) -> int:
        """Its bytes in the new file."""
        return int(np.prod(self.shape, dtype=np.int64)) * (2 if self.kind else 4)


def write(
    target: Path,
    origin: Path | None,
    entries: Mapping[str, Entry],
    parts: Sequence[Part | Made],
    report: Report,
) -> None:
    """Write a GGUF file with values of ``origin``, new ones, or both; ``report`` gets the bytes
    written.

    Raises:
        ModelError: a new value is too large for 16 bits.
    """
    entries = {key: entry for key, entry in entries.items() if key != "general.alignment"}
    head = bytearray(struct.pack("<4sIQQ", b"GGUF", 3, len(parts), len(entries)))
    for key, entry in entries.items():
        head += _packed(key.encode())
        if entry.count >= 0:
            head += struct.pack("<IIQ", _ARRAY, entry.kind, entry.count)
        else:
            head += struct.pack("<I", entry.kind)
        head += entry.raw
    offset = 0
    for part in parts:
        shape = part.shape
        told = part if isinstance(part, Made) else part.tensor
        head += _packed(told.name.encode())
        head += struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, told.kind, offset)
        offset += part.size + -part.size % _ALIGNMENT
    values = np.memmap(origin, mode="r") if origin is not None else np.empty(0, np.uint8)
    with target.open("wb") as file:
        file.write(head + bytes(-len(head) % _ALIGNMENT))
        for part in parts:
            if isinstance(part, Made):
                _make(file, part, report)
            else:
                _copy(file, values, part, report)
            file.write(bytes(-part.size % _ALIGNMENT))


def _make(file: BinaryIO, part: Made, report: Report) -> None:
    for values in part.chunks():
        with np.errstate(over="ignore"):
            stored = np.ascontiguousarray(values, dtype="<f2" if part.kind else "<f4")
        if not np.isfinite(stored).all():
            raise ModelError(
                f"The model cannot be written: {part.name} has values that are no numbers or too "
                "large for 16 bits.",
                "The training may have diverged: look at its loss.",
            )
        file.write(stored.data)
        report(file.tell())


def _copy(file: BinaryIO, values: npt.NDArray[np.uint8], part: Part, report: Report) -> None:
    tensor = part.tensor
    data = values[tensor.offset : tensor.offset + tensor.size].reshape(tensor.rows, -1)
    step = max(_CHUNK // data.shape[1], 1)
    count = tensor.rows if part.rows is None else len(part.rows)
    for first in range(0, count, step):
        chosen = (
            slice(first, first + step) if part.rows is None else part.rows[first : first + step]
        )
        file.write(np.ascontiguousarray(data[chosen]).data)
        report(file.tell())


def _packed(data: bytes) -> bytes:
    return struct.pack("<Q", len(data)) + data
