"""Writing safetensors files tensor by tensor, so that no model has to fit into memory.

Format: https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import numpy.typing as npt

Report = Callable[[int], None]
Chunks = Callable[[], Iterable[npt.NDArray[np.float32]]]

_WIDTHS = {"F32": 4, "F16": 2, "BF16": 2}


@dataclass(frozen=True, slots=True)
class Output:
    """A tensor to write. ``chunks`` gives its values in order, in pieces of any size."""

    name: str
    kind: str  # "F32" | "F16" | "BF16"
    shape: tuple[int, ...]
    chunks: Chunks

    @property
    def size(self) -> int:
        """Its bytes in the file."""
        return prod(self.shape) * _WIDTHS[self.kind]


def write(path: Path, tensors: Sequence[Output], report: Report) -> None:
    """Write the file; ``report`` gets the bytes written so far."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    at = 0
    for tensor in tensors:
        header[tensor.name] = {
            "dtype": tensor.kind,
            "shape": list(tensor.shape),
            "data_offsets": [at, at + tensor.size],
        }
        at += tensor.size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors:
            for values in tensor.chunks():
                file.write(_packed(values, tensor.kind))
                report(file.tell())


def _packed(values: npt.NDArray[np.float32], kind: str) -> bytes:
    if kind == "BF16":
        return bfloat16(values).tobytes()
    return np.ascontiguousarray(values, dtype="<f4" if kind == "F32" else "<f2").tobytes()


def bfloat16(values: npt.NDArray[np.float32]) -> npt.NDArray[np.uint16]:
    """The upper halves of the numbers, rounded to the nearest even one (numpy has no bfloat16)."""
    bits = np.ascontiguousarray(values, dtype="<f4").view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")
