"""The metadata of a GGUF file for a model of transformers: its measures and its tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer import export_vocabulary, gguf_config
from trainer.architectures import Family
from trainer.export_weights import Trained
from translator.errors import ModelError
from translator.models import gguf_file
from translator.models.gguf_file import Entry

_QUANTIZATION_VERSION = 2  # of the layout of quantized blocks, as in ggml.h


def entries(family: Family, trained: Trained) -> dict[str, Entry]:
    """All metadata but the name of the model.

    Raises:
        ModelError: the model or its tokenizer has a part that llama.cpp does not have.
    """
    config = _config(trained.folder)
    rope = _rope(config)
    values: dict[str, Entry] = {
        "general.architecture": gguf_file.text(family.gguf),
        "general.type": gguf_file.text("model"),
        "general.quantization_version": gguf_file.whole(_QUANTIZATION_VERSION),
    }
    rows, width = trained.shape("model.embed_tokens.weight")
    gate = family.hf_name("blk.0.ffn_gate.weight")
    assert gate is not None
    head = getattr(config, "head_dim", None) or width // config.num_attention_heads
    eps = config.norm_eps if family.model_type == "lfm2" else config.rms_norm_eps
    numbers: dict[str, Any] = {
        "context_length": np.uint32(config.max_position_embeddings),
        "embedding_length": np.uint32(width),
        "block_count": np.uint32(config.num_hidden_layers),
        "feed_forward_length": np.uint32(trained.shape(gate)[0]),
        "attention.head_count": np.uint32(config.num_attention_heads),
        "attention.head_count_kv": np.uint32(config.num_key_value_heads),
        "attention.key_length": np.uint32(head),
        "attention.value_length": np.uint32(head),
        "attention.layer_norm_rms_epsilon": np.float32(eps),
        "rope.freq_base": np.float32(rope["rope_theta"]),
        "vocab_size": np.uint32(rows),
    }
    if family.gguf == "llama":
        numbers["rope.dimension_count"] = np.uint32(head)
    elif family.gguf == "gemma3":
        numbers |= _gemma3(config)
    elif family.gguf == "lfm2":
        numbers["shortconv.l_cache"] = np.uint32(config.conv_L_cache)
        numbers.pop("attention.head_count_kv")
    values |= {f"{family.gguf}.{key}": gguf_file.scalar(value) for key, value in numbers.items()}
    if family.gguf == "lfm2":
        kinds = [kind != "conv" for kind in config.layer_types]
        heads = np.array(kinds, dtype=np.int32) * config.num_key_value_heads
        values["lfm2.attention.head_count_kv"] = gguf_file.array(heads)
    values |= _scaling(family, rope)
    _refuse_windows(family, config)
    return values | export_vocabulary.entries(trained.folder, family, rows)


def is_tied(folder: Path) -> bool:
    """Whether the output layer of a folder's model is its embedding."""
    return bool(_config(folder).tie_word_embeddings)


def rope_factors(folder: Path) -> npt.NDArray[np.float32] | None:
    """What Llama 3's stretched context divides frequencies by (a tensor in GGUF files)."""
    config = _config(folder)
    rope = _rope(config)
    if rope.get("rope_type") != "llama3":
        return None
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    original = int(rope["original_max_position_embeddings"])
    return gguf_config.llama3_factors(rope, rope["rope_theta"], head, original)


def _config(folder: Path) -> Any:
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"Cannot read the model in {folder}: {error}.") from error


def _rope(config: Any) -> dict[str, Any]:
    rope = dict(config.rope_parameters)
    whole: dict[str, Any] = rope.get("full_attention", rope)
    return whole


def _scaling(family: Family, rope: dict[str, Any]) -> dict[str, Entry]:
    kind = rope.get("rope_type", "default")
    if kind in ("default", "llama3"):
        return {}
    if kind not in ("linear", "yarn"):
        raise ModelError(f"The model stretches its context in an unknown way ({kind!r}).")
    values = {
        f"{family.gguf}.rope.scaling.type": gguf_file.text(kind),
        f"{family.gguf}.rope.scaling.factor": gguf_file.scalar(np.float32(rope["factor"])),
    }
    if kind == "yarn":
        original = int(rope["original_max_position_embeddings"])
        key = f"{family.gguf}.rope.scaling.original_context_length"
        values[key] = gguf_file.whole(original)
    return values


def _gemma3(config: Any) -> dict[str, Any]:
    local = config.rope_parameters["sliding_attention"]["rope_theta"]
    numbers: dict[str, Any] = {"rope.freq_base_swa": np.float32(local)}
    if "sliding_attention" in config.layer_types:
        numbers["attention.sliding_window"] = np.uint32(config.sliding_window)
    if config.final_logit_softcapping:
        numbers["final_logit_softcapping"] = np.float32(config.final_logit_softcapping)
    return numbers


def _refuse_windows(family: Family, config: Any) -> None:
    """llama.cpp takes the layers with a window from a rule, not from the file."""
    kinds = list(getattr(config, "layer_types", None) or ())
    if family.gguf == "lfm2" or "sliding_attention" not in kinds:
        return
    usual = [
        "full_attention" if not n % 6 else "sliding_attention" for n in range(1, len(kinds) + 1)
    ]
    if family.gguf != "gemma3" or kinds != usual:
        raise ModelError("The model's layers look at other parts of a text than llama.cpp's would.")
