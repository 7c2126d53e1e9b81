"""A model's measures (width, layers, heads, ...): from a GGUF file to ``config.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer.architectures import Family
from translator.errors import ModelError
from translator.models.gguf_file import Entry, GgufFile

_GEMMA3_PATTERN = 6  # of so many layers, one sees the whole text
_LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0}
_LLAMA3_ORIGINAL = 8192  # tokens


class Measures:
    """What a GGUF file says of its model, by the part of the key after the architecture."""

    def __init__(self, file: GgufFile) -> None:
        self._entries: Mapping[str, Entry] = file.entries
        self.name = file.path.name
        self.architecture = file.entries["general.architecture"].text()

    def numbers(self, key: str) -> list[float]:
        """A number, or one for each layer; empty if the file does not say."""
        entry = self._entries.get(f"{self.architecture}.{key}")
        return [] if entry is None or entry.is_text else [float(n) for n in entry.numbers()]

    def number(self, key: str, default: float | None = None) -> float:
        """One number. Raises :class:`ModelError` when it is missing and has no default."""
        found = self.numbers(key)
        if found:
            return max(found)
        if default is None:
            raise ModelError(f"{self.name} does not say its {self.architecture}.{key}.")
        return default

    def whole(self, key: str, default: int | None = None) -> int:
        """One whole number, as :meth:`number`."""
        return int(self.number(key, default))

    def text(self, key: str) -> str:
        """A text; empty if the file does not say."""
        entry = self._entries.get(f"{self.architecture}.{key}")
        return entry.text() if entry is not None and entry.is_text else ""

    @property
    def heads(self) -> int:
        """Heads of attention."""
        return self.whole("attention.head_count")

    @property
    def kv_heads(self) -> int:
        """Heads of keys and values."""
        return self.whole("attention.head_count_kv", self.heads)

    def heads_of(self, tensor: str) -> int:
        """Heads of the queries or of the keys, by a tensor's name."""
        return self.kv_heads if ".attn_k." in tensor else self.heads


def config(
    family: Family, file: GgufFile, rope_factors: npt.NDArray[np.float32] | None
) -> dict[str, Any]:
    """The ``config.json`` of a GGUF file's model, without its special tokens.

    ``rope_factors``: the file's tensor ``rope_freqs.weight``, if it has one. Raises
    :class:`ModelError` for a model with a part that is not known here.
    """
    measures = Measures(file)
    names = {tensor.name for tensor in file.tensors}
    rows = next(t.rows for t in file.tensors if t.name == "token_embd.weight")
    width = measures.whole("embedding_length")
    layers = measures.whole("block_count")
    eps = measures.number("attention.layer_norm_rms_epsilon")
    values: dict[str, Any] = {
        "architectures": [family.causal_class],
        "model_type": family.model_type,
        "vocab_size": rows,
        "hidden_size": width,
        "intermediate_size": measures.whole("feed_forward_length"),
        "num_hidden_layers": layers,
        "num_attention_heads": measures.heads,
        "num_key_value_heads": measures.kv_heads,
        "max_position_embeddings": measures.whole("context_length"),
        "rms_norm_eps": eps,
        "tie_word_embeddings": "output.weight" not in names,
        "rope_parameters": _rope(measures, rope_factors),
        "dtype": "bfloat16",
    }
    head = measures.whole("attention.key_length", width // measures.heads)
    if family.model_type in ("llama", "qwen3", "gemma3_text"):
        values["head_dim"] = head
    if family.model_type == "llama":
        values["attention_bias"] = "blk.0.attn_q.bias" in names
        values["mlp_bias"] = "blk.0.ffn_up.bias" in names
    elif family.model_type == "gemma3_text":
        values |= _gemma3(measures, values["rope_parameters"], layers, head, width)
    elif family.model_type == "lfm2":
        kinds = measures.numbers("attention.head_count_kv")
        values |= {
            "norm_eps": values.pop("rms_norm_eps"),
            "layer_types": ["full_attention" if heads else "conv" for heads in kinds],
            "conv_L_cache": measures.whole("shortconv.l_cache"),
            "conv_bias": "blk.0.shortconv.conv.bias" in names,
            "block_auto_adjust_ff_dim": False,  # the file says the width that comes of it
        }
    return values


def _rope(measures: Measures, factors: npt.NDArray[np.float32] | None) -> dict[str, Any]:
    rope: dict[str, Any] = {
        "rope_theta": measures.number("rope.freq_base", 10_000.0),
        "rope_type": "default",
    }
    if factors is not None:
        return rope | _llama3(measures, factors, rope["rope_theta"])
    kind = measures.text("rope.scaling.type")
    if kind in ("", "none"):
        return rope
    factor = measures.number("rope.scaling.factor")
    if kind == "linear":
        return rope | {"rope_type": "linear", "factor": factor}
    if kind == "yarn":
        original = measures.whole("rope.scaling.original_context_length")
        return rope | {
            "rope_type": "yarn", "factor": factor, "original_max_position_embeddings": original,
        }  # fmt: skip
    raise ModelError(
        f"{measures.name} stretches its context in a way that Verso does not know ({kind!r})."
    )


def _llama3(measures: Measures, factors: npt.NDArray[np.float32], theta: float) -> dict[str, Any]:
    """Llama 3's stretched context: the file has its result, from which the factor is read."""
    scaling = {"factor": float(factors.max()), **_LLAMA3}
    if not np.allclose(llama3_factors(scaling, theta, 2 * len(factors)), factors, rtol=1e-3):
        raise ModelError(f"{measures.name} stretches its context in a way that is not Llama 3's.")
    return {
        "rope_type": "llama3", "original_max_position_embeddings": _LLAMA3_ORIGINAL, **scaling,
    }  # fmt: skip


def llama3_factors(
    scaling: Mapping[str, float], theta: float, size: int, original: int = _LLAMA3_ORIGINAL
) -> npt.NDArray[np.float32]:
    """What Llama 3 divides each frequency by: 1 for short waves, ``factor`` for long ones."""
    waves = 2 * np.pi * theta ** (np.arange(0, size, 2) / size)
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    smooth = np.clip((original / waves - low) / (high - low), 0.0, 1.0)
    factors = 1 / ((1 - smooth) / scaling["factor"] + smooth)
    return np.asarray(factors, dtype=np.float32)


def _gemma3(
    measures: Measures, rope: dict[str, Any], layers: int, head: int, width: int
) -> dict[str, Any]:
    window = measures.whole("attention.sliding_window", 0)
    kinds = ["sliding_attention"] * layers
    for layer in range(layers):
        if not window or not (layer + 1) % _GEMMA3_PATTERN:
            kinds[layer] = "full_attention"
    local = measures.number("rope.freq_base_swa", 10_000.0)
    # As llama.cpp does: only Gemma 3 27B (62 layers) scales by the width of the whole layer.
    scalar = width // measures.heads if layers == 62 else head
    soft = measures.number("final_logit_softcapping", 0.0)
    return {
        "layer_types": kinds,
        "sliding_window": window or measures.whole("context_length"),
        "query_pre_attn_scalar": scalar,
        "hidden_activation": "gelu_pytorch_tanh",
        "final_logit_softcapping": soft or None,
        "rope_parameters": {
            "full_attention": rope,
            "sliding_attention": {"rope_type": "default", "rope_theta": local},
        },
    }
