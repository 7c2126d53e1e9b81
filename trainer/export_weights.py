"""The weights that a run has trained, tensor by tensor, merged into those of the base.

Merging is what PEFT's ``merge_and_unload`` does, in 32 bits and for one tensor at a time, so that
no second copy of the model has to fit into memory.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from translator.errors import ModelError

Array = npt.NDArray[np.float32]

_CONFIG, _WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_PREFIX = "base_model.model."
_ROWS = 2**24  # values in memory at once, of a tensor that is not trained


@dataclass(frozen=True, slots=True)
class Lora:
    """What an adapter adds to one layer: ``scale * b @ a``.

    ``a``: [rank, inputs], ``b``: [outputs, rank]; of an embedding, inputs are the tokens.
    ``magnitude`` (DoRA): the length of each row of the sum, [outputs].
    """

    a: Array
    b: Array
    scale: float
    of_embedding: bool = False
    magnitude: Array | None = None

    def merged(self, weight: Array) -> Array:
        """The layer's weight with it."""
        delta = (self.b @ self.a) * np.float32(self.scale)
        total = weight + (delta.T if self.of_embedding else delta)
        if self.magnitude is None:
            return total
        norm = np.linalg.norm(total, axis=1, keepdims=True)
        merged: Array = total * (self.magnitude[:, None] / norm)
        return merged


class Adapter:
    """A PEFT adapter folder: LoRA with its relatives rsLoRA and DoRA, and layers saved whole.

    Raises:
        ModelError: it is of another kind, or broken.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        try:
            self.config: dict[str, Any] = json.loads((folder / _CONFIG).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ModelError(f"There is no adapter in {folder}: {error}.") from error
        kind = self.config.get("peft_type")
        strange = [name for name in _UNKNOWN if self.config.get(name)]
        if kind != "LORA" or self.config.get("bias", "none") != "none" or strange:
            what = ", ".join(strange) or f"of the kind {kind}, bias {self.config.get('bias')}"
            raise ModelError(f"The adapter in {folder} cannot be exported: it is {what}.")
        self.layers: dict[str, Lora] = {}
        self.saved: dict[str, Array] = {}
        self._read(_tensors(folder / _WEIGHTS))

    @cached_property
    def is_dora(self) -> bool:
        """Whether it also trains the lengths of rows."""
        return any(layer.magnitude is not None for layer in self.layers.values())

    def _read(self, tensors: Mapping[str, Array]) -> None:
        parts: dict[str, dict[str, Array]] = {}
        for key, values in tensors.items():
            name = key.removeprefix(_PREFIX)
            if ".base_layer." in name:
                continue  # the base's own weight, which PEFT saves along
            found = re.fullmatch(
                r"(.+)\.lora_(?:(embedding)_)?(A|B|magnitude_vector)(?:\.weight)?", name
            )
            if found:
                part = ("e" if found[2] else "") + found[3]
                parts.setdefault(found[1], {})[part] = values
            else:
                self.saved[name.replace(".modules_to_save", "")] = values
        for module, halves in parts.items():
            embedding = "eA" in halves
            a, b = (halves.get(f"e{n}" if embedding else n) for n in "AB")
            if a is None or b is None:
                raise ModelError(f"The adapter in {self.folder} is broken: {module} lacks a half.")
            magnitude = halves.get("magnitude_vector")
            if magnitude is not None and embedding:
                raise ModelError("DoRA on embeddings cannot be exported.")
            self.layers[f"{module}.weight"] = Lora(
                a, b, self._scale(module, len(a)), embedding, magnitude
            )

    def _scale(self, module: str, rank: int) -> float:
        alpha = self.config.get("lora_alpha", rank)
        for pattern, value in (self.config.get("alpha_pattern") or {}).items():
            if re.fullmatch(rf"(?:.*\.)?(?:{pattern})", module):
                alpha = value
                break
        scale: float = alpha / (math.sqrt(rank) if self.config.get("use_rslora") else rank)
        return scale


# Variants of LoRA whose files look alike and mean something else.
_UNKNOWN = (
    "fan_in_fan_out", "layer_replication", "alora_invocation_tokens", "trainable_token_indices",
    "use_qalora", "lora_bias", "target_parameters", "arrow_config", "use_bdlora",
)  # fmt: skip


class Trained:
    """A model as a run left it: a base folder with an adapter, or a folder of its own.

    Names and shapes are those of transformers; values come in 32 bits.
    """

    def __init__(self, folder: Path, adapter: Adapter | None = None) -> None:
        self.folder = folder
        self.adapter = adapter
        self._files = _where(folder)

    @property
    def names(self) -> list[str]:
        """All tensors of the model."""
        return list(self._files)

    def changed(self, name: str) -> bool:
        """Whether the adapter has a part in a tensor."""
        adapter = self.adapter
        return adapter is not None and (name in adapter.layers or name in adapter.saved)

    def shape(self, name: str) -> tuple[int, ...]:
        """A tensor's shape."""
        with _opened(self._files[name]) as file:
            return tuple(file.get_slice(name).get_shape())

    def kind(self, name: str) -> str:
        """How a tensor is stored: ``F32``, ``F16`` or ``BF16``."""
        with _opened(self._files[name]) as file:
            kind = str(file.get_slice(name).get_dtype())
        if kind not in ("F32", "F16", "BF16"):
            raise ModelError(f"{self.folder.name} is quantized ({kind}): it cannot be exported.")
        return kind

    def chunks(self, name: str) -> Iterator[Array]:
        """A tensor's values: whole if the adapter changes them, else some rows at a time.

        Raises:
            ModelError: the adapter does not fit.
        """
        adapter = self.adapter
        if adapter is not None and name in adapter.saved:
            yield adapter.saved[name]
            return
        with _opened(self._files[name]) as file:
            if adapter is not None and name in adapter.layers:
                try:
                    yield adapter.layers[name].merged(_numbers(file.get_tensor(name)))
                except ValueError:
                    raise ModelError(f"The adapter does not fit its base at {name}.") from None
                return
            part = file.get_slice(name)
            rows, *rest = part.get_shape()
            step = max(_ROWS // math.prod(rest), 1)
            for first in range(0, rows, step):
                yield _numbers(part[first : first + step])


def check_fits(trained: Trained) -> None:
    """Raise :class:`ModelError` if the adapter has parts for layers that the model lacks."""
    adapter = trained.adapter
    known = set(trained.names)
    for name in (*adapter.layers, *adapter.saved) if adapter is not None else ():
        if name not in known:
            raise ModelError(
                f"The adapter has a part for {name}, which its base does not have.",
                "It was trained on another model.",
            )


def _where(folder: Path) -> dict[str, Path]:
    """The file of each tensor."""
    files = {}
    for path in sorted(folder.glob("*.safetensors")):
        with _opened(path) as file:
            files.update(dict.fromkeys(file.keys(), path))
    if not files:
        raise ModelError(f"There are no weights in {folder}.")
    return files


def _opened(path: Path) -> Any:
    from safetensors import SafetensorError, safe_open

    try:
        return safe_open(path, framework="pt")
    except (OSError, SafetensorError) as error:
        raise ModelError(f"Cannot read {path}: {error}.") from error


def _tensors(path: Path) -> dict[str, Array]:
    with _opened(path) as file:
        return {name: _numbers(file.get_tensor(name)) for name in file.keys()}  # noqa: SIM118


def _numbers(tensor: Any) -> Array:
    numbers: Array = tensor.float().numpy()
    return numbers
