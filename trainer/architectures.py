"""The same model in two worlds: how llama.cpp and transformers name and lay out its tensors.

One table serves both directions: a GGUF base that becomes safetensors for training, and a trained
model that becomes GGUF. Names follow llama.cpp's ``convert_hf_to_gguf.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from translator.errors import ModelError

Array = npt.NDArray[np.float32]

_LAYER = re.compile(r"\.(\d+)\.")

_EMBEDDING, _OUTPUT = "token_embd", "output"
_COMMON = {
    _EMBEDDING: "model.embed_tokens",
    _OUTPUT: "lm_head",
    "output_norm": "model.norm",
    "blk.{}.attn_norm": "model.layers.{}.input_layernorm",
    "blk.{}.attn_q": "model.layers.{}.self_attn.q_proj",
    "blk.{}.attn_k": "model.layers.{}.self_attn.k_proj",
    "blk.{}.attn_v": "model.layers.{}.self_attn.v_proj",
    "blk.{}.attn_output": "model.layers.{}.self_attn.o_proj",
    "blk.{}.ffn_norm": "model.layers.{}.post_attention_layernorm",
    "blk.{}.ffn_gate": "model.layers.{}.mlp.gate_proj",
    "blk.{}.ffn_up": "model.layers.{}.mlp.up_proj",
    "blk.{}.ffn_down": "model.layers.{}.mlp.down_proj",
}
_HEAD_NORMS = {
    "blk.{}.attn_q_norm": "model.layers.{}.self_attn.q_norm",
    "blk.{}.attn_k_norm": "model.layers.{}.self_attn.k_norm",
}
_GEMMA3 = {
    "blk.{}.ffn_norm": "model.layers.{}.pre_feedforward_layernorm",
    "blk.{}.post_attention_norm": "model.layers.{}.post_attention_layernorm",
    "blk.{}.post_ffw_norm": "model.layers.{}.post_feedforward_layernorm",
}
_LFM2 = {
    "token_embd_norm": "model.embedding_norm",
    "blk.{}.attn_norm": "model.layers.{}.operator_norm",
    "blk.{}.attn_output": "model.layers.{}.self_attn.out_proj",
    "blk.{}.attn_q_norm": "model.layers.{}.self_attn.q_layernorm",
    "blk.{}.attn_k_norm": "model.layers.{}.self_attn.k_layernorm",
    "blk.{}.ffn_norm": "model.layers.{}.ffn_norm",
    "blk.{}.ffn_gate": "model.layers.{}.feed_forward.w1",
    "blk.{}.ffn_up": "model.layers.{}.feed_forward.w3",
    "blk.{}.ffn_down": "model.layers.{}.feed_forward.w2",
    "blk.{}.shortconv.conv": "model.layers.{}.conv.conv",
    "blk.{}.shortconv.in_proj": "model.layers.{}.conv.in_proj",
    "blk.{}.shortconv.out_proj": "model.layers.{}.conv.out_proj",
}


@dataclass(frozen=True)
class Family:
    """An architecture. ``gguf`` is llama.cpp's name of it, ``model_type`` that of transformers.

    ``modules``: for llama.cpp's name of a layer, that of transformers (``{}``: the block's number).
    ``permuted``: the rows of queries and keys are in another order (Llama's rotary embedding takes
    neighbours as pairs in llama.cpp, and two halves in transformers). ``norm_shift`` is what
    llama.cpp's file adds to the weights of norms.
    """

    gguf: str
    model_type: str
    causal_class: str
    modules: Mapping[str, str] = field(repr=False)
    permuted: bool = False
    norm_shift: float = 0.0

    @cached_property
    def _back(self) -> dict[str, str]:
        return {theirs: ours for ours, theirs in self.modules.items()}

    def hf_name(self, name: str) -> str | None:
        """A tensor's name in transformers; ``None`` for one that only GGUF files have."""
        return _renamed(name, self.modules)

    def gguf_name(self, name: str) -> str | None:
        """A tensor's name in GGUF files; ``None`` for one of no known layer."""
        return _renamed(name, self._back)

    def from_gguf(self, name: str, values: Array, heads: int) -> Array:
        """Values as transformers keeps them. ``name`` is llama.cpp's; ``heads`` is how many heads
        the tensor has, if it is that of queries or keys."""
        if self._is_norm(name):
            return values - np.float32(self.norm_shift)
        if self._is_rotated(name):
            return _swapped(values, (heads, -1, 2))
        if name.endswith(".shortconv.conv.weight"):
            return values[:, None, :]
        return values

    def to_gguf(self, name: str, values: Array, heads: int) -> Array:
        """Values as llama.cpp keeps them: :meth:`from_gguf`, undone."""
        if self._is_norm(name):
            return values + np.float32(self.norm_shift)
        if self._is_rotated(name):
            return _swapped(values, (heads, 2, -1))
        if name.endswith(".shortconv.conv.weight"):
            return values[:, 0, :]
        return values

    def _is_norm(self, name: str) -> bool:
        return bool(self.norm_shift) and name.endswith("_norm.weight")

    def _is_rotated(self, name: str) -> bool:
        return (self.permuted and ".attn_q." in name) or (self.permuted and ".attn_k." in name)


def _renamed(name: str, table: Mapping[str, str]) -> str | None:
    stem, _, kind = name.rpartition(".")
    found = _LAYER.search(f"{stem}.")
    new = table.get(_LAYER.sub(".{}.", f"{stem}.", count=1)[:-1])
    if new is None or kind not in ("weight", "bias"):
        return None
    return f"{new.format(found[1]) if found else new}.{kind}"


def _swapped(values: Array, shape: tuple[int, int, int]) -> Array:
    heads, *rest = shape
    size = values.shape[0] // heads
    first, second = (part if part > 0 else size // 2 for part in rest)
    blocks = values.reshape(heads, first, second, *values.shape[1:])
    return blocks.swapaxes(1, 2).reshape(values.shape)


FAMILIES = (
    Family("llama", "llama", "LlamaForCausalLM", _COMMON, permuted=True),
    Family("llama", "mistral", "MistralForCausalLM", _COMMON, permuted=True),
    Family("qwen2", "qwen2", "Qwen2ForCausalLM", _COMMON),
    Family("qwen3", "qwen3", "Qwen3ForCausalLM", _COMMON | _HEAD_NORMS),
    Family(
        "gemma3", "gemma3_text", "Gemma3ForCausalLM", _COMMON | _HEAD_NORMS | _GEMMA3,
        norm_shift=1.0,
    ),
    Family(
        "lfm2", "lfm2", "Lfm2ForCausalLM",
        {name: _COMMON[name] for name in _COMMON if name != "output_norm"} | _LFM2,
    ),
)  # fmt: skip


def of_gguf(architecture: str, file: str) -> Family:
    """The family of a GGUF file. Raises :class:`ModelError` for one that is not in the table."""
    for family in FAMILIES:
        if family.gguf == architecture:
            return family
    raise ModelError(
        f"{file} is of the architecture {architecture!r}, which Verso cannot turn into a model "
        "to train.",
        f"Known are {_known()}. Name a folder or hub repository with the model's safetensors.",
    )


def of_config(model_type: str, name: str) -> Family:
    """The family of a transformers model. Raises :class:`ModelError` for an unknown one."""
    for family in FAMILIES:
        if family.model_type == model_type:
            return family
    raise ModelError(
        f"{name} is of the type {model_type!r}, which Verso cannot write as GGUF.",
        f"Known are {_known()}. Export it as safetensors.",
    )


def _known() -> str:
    return ", ".join(sorted({family.gguf for family in FAMILIES}))
