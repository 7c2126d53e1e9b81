"""A GGUF model as a folder that transformers can train: weights, measures and tokenizer.

Quantized weights are written out as numbers of 16 bits, once. What the quantization has rounded
off does not come back; an adapter that is trained on the result fits the GGUF file it came from.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer import gguf_config, gguf_tokenizer, safetensors_file
from trainer.architectures import Family, of_gguf
from trainer.gguf_config import Measures
from trainer.safetensors_file import Output
from translator.errors import ModelError
from translator.models import gguf_file
from translator.models.gguf_file import GgufFile, Tensor

_F32, _F16, _BF16 = 0, 1, 30  # ggml's types
_KINDS = {_F32: "F32", _BF16: "BF16"}
_VALUES = 2**22  # dequantized at once
_ROPE = "rope_freqs.weight"


def size(file: GgufFile) -> int:
    """Bytes of the folder to be, about."""
    return sum(int(np.prod(t.shape)) * (4 if t.kind == _F32 else 2) for t in file.tensors)


def write(file: GgufFile, folder: Path, report: Callable[[float], None]) -> None:
    """Write the model into ``folder``, which is there; ``report`` gets the fraction.

    Raises:
        ModelError: its architecture, its tokenizer or a tensor's type is not known.
    """
    family = of_gguf(file.entries["general.architecture"].text(), file.path.name)
    tokenizer = gguf_tokenizer.convert(file)
    rope = next((t for t in file.tensors if t.name == _ROPE), None)
    factors = None if rope is None else next(values(file, rope)).ravel()
    config = gguf_config.config(family, file, factors) | tokenizer.tokens
    total = size(file)
    outputs = [_output(file, family, tensor) for tensor in file.tensors if tensor.name != _ROPE]
    safetensors_file.write(
        folder / "model.safetensors", outputs, lambda done: report(min(done / total, 1.0))
    )
    ends = {"eos_token_id": list(tokenizer.ends), "do_sample": False}
    for name, content in {
        "config.json": config,
        "generation_config.json": tokenizer.tokens | ends,
        "tokenizer.json": tokenizer.tokenizer,
        "tokenizer_config.json": tokenizer.config,
    }.items():
        _write_json(folder / name, content)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _output(file: GgufFile, family: Family, tensor: Tensor) -> Output:
    name = family.hf_name(tensor.name)
    if name is None:
        raise ModelError(f"{file.path.name} has a tensor that Verso does not know ({tensor.name}).")
    measures = Measures(file)
    shape = tuple(reversed(tensor.shape))
    if tensor.name.endswith(".shortconv.conv.weight"):
        shape = (shape[0], 1, shape[1])

    def chunks() -> Iterator[npt.NDArray[np.float32]]:
        # Layers are small enough to be taken whole, and some change their order of rows.
        parts = values(file, tensor)
        if tensor.name.startswith("blk."):
            parts = iter([np.concatenate(list(parts))])
        for part in parts:
            yield family.from_gguf(tensor.name, part, measures.heads_of(tensor.name))

    return Output(name, _KINDS.get(tensor.kind, "F16"), shape, chunks)


def values(file: GgufFile, tensor: Tensor) -> Iterator[npt.NDArray[np.float32]]:
    """The numbers that a tensor stands for, some rows at a time.

    Raises:
        ModelError: its type is one that the gguf package cannot read.
    """
    from gguf import GGMLQuantizationType
    from gguf.quants import dequantize

    rows = 1 if len(tensor.shape) == 1 else tensor.rows
    raw = np.memmap(file.path, mode="r", offset=tensor.offset, shape=(tensor.size,))
    data = raw.reshape(rows, -1)
    step = max(_VALUES // tensor.shape[0], 1)
    kind = GGMLQuantizationType(tensor.kind)
    for first in range(0, rows, step):
        part = data[first : first + step]
        try:
            numbers = _plain(part, tensor.kind) if tensor.kind in _PLAIN else dequantize(part, kind)
        except NotImplementedError:
            raise ModelError(
                f"{file.path.name} is quantized in a way that cannot be undone ({kind.name}).",
                "Train with its F16, Q8_0 or Q4_K_M file.",
            ) from None
        yield numbers.reshape(tensor.shape[:1]) if len(tensor.shape) == 1 else numbers


_PLAIN = (_F32, _F16, _BF16)


def _plain(part: npt.NDArray[np.uint8], kind: int) -> npt.NDArray[np.float32]:
    raw = np.ascontiguousarray(part)
    if kind == _BF16:
        return (raw.view("<u2").astype(np.uint32) << 16).view(np.float32)
    return raw.view("<f4" if kind == _F32 else "<f2").astype(np.float32)


def read(path: Path) -> GgufFile:
    """Take a GGUF file apart. Raises :class:`ModelError` when it is none."""
    return gguf_file.read(path)
