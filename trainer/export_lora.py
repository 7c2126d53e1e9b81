"""A LoRA adapter of PEFT as a GGUF adapter, which llama.cpp loads beside the base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from trainer.architectures import Family
from trainer.export_weights import Adapter, Array
from trainer.gguf_config import Measures
from translator.errors import ModelError
from translator.models import gguf_file
from translator.models.gguf_file import GgufFile, Made

_F16 = 1  # half the bytes of 32 bits; the proof after export compares what the model computes
_MERGE = "Export it merged into its base instead."


def check(adapter: Adapter, base: GgufFile, family: Family) -> None:
    """Raise :class:`ModelError`, with the way out, if llama.cpp cannot run it as an adapter."""
    if adapter.is_dora:
        raise ModelError("A DoRA adapter cannot be a GGUF adapter.", _MERGE)
    if adapter.saved:
        names = ", ".join(sorted(name.rpartition(".")[0] for name in adapter.saved))
        raise ModelError(
            f"The training also changed {names} whole: no adapter can do that.", _MERGE
        )
    shapes = {tensor.name: tensor.shape for tensor in base.tensors}
    for name, layer in adapter.layers.items():
        known = family.gguf_name(name)
        if layer.of_embedding or known == "token_embd.weight":
            raise ModelError("An adapter of the embedding does not run in llama.cpp.", _MERGE)
        if known not in shapes:
            raise ModelError(f"{base.path.name} has no layer for the adapter's {name}.", _MERGE)
        if shapes[known] != (layer.a.shape[1], layer.b.shape[0]):
            raise ModelError(f"The adapter does not fit {base.path.name} at {known}.")


def write(
    adapter: Adapter, base: GgufFile, family: Family, target: Path, facts: Mapping[str, str]
) -> None:
    """Write the adapter for the GGUF model ``base``; ``facts`` go into its metadata.

    llama.cpp scales by alpha / rank. Another scale (rsLoRA's, or one of some layers) is folded:
    into alpha if it is the same for all layers, else into their weights.

    Raises:
        ModelError: see :func:`check`.
    """
    check(adapter, base, family)
    alphas = {layer.scale * len(layer.a) for layer in adapter.layers.values()}
    alpha = alphas.pop() if len(alphas) == 1 else 0.0  # 0: not scaled at all
    measures = Measures(base)
    parts = []
    for name, layer in adapter.layers.items():
        known = family.gguf_name(name)
        assert known is not None
        b = layer.b if alpha else layer.b * np.float32(layer.scale)
        b = family.to_gguf(known, b, measures.heads_of(known))
        parts += [_part(f"{known}.lora_a", layer.a), _part(f"{known}.lora_b", b)]
    texts = {
        "general.architecture": family.gguf, "general.type": "adapter", "adapter.type": "lora",
        **facts,
    }  # fmt: skip
    entries = {key: gguf_file.text(value) for key, value in texts.items()}
    entries["adapter.lora.alpha"] = gguf_file.scalar(np.float32(alpha))
    gguf_file.write(target, None, entries, parts, lambda _written: None)


def _part(name: str, values: Array) -> Made:
    return Made(name, _F16, (values.shape[1], values.shape[0]), lambda: [values])
