"""Tiny models of every architecture that can be exported, with adapters as PEFT writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.tiny_gguf import write_model
from trainer import gguf_tokenizer
from translator.models import gguf_file

KINDS = ("llama", "qwen2", "qwen3", "gemma3_text", "lfm2")
_SENTENCEPIECE = ("llama", "gemma3_text")
_LAYERS = {"gemma3_text": 6, "lfm2": 3}


def write_tokenizer(folder: Path, kind: str) -> dict[str, int | None]:
    """A tokenizer of the family that the architecture has; returns its special tokens."""
    source = folder / "words.gguf"
    write_model(source, bpe=kind not in _SENTENCEPIECE)
    files = gguf_tokenizer.convert(gguf_file.read(source))
    source.unlink()
    if kind == "lfm2":
        files.tokenizer["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {
            "Regex": gguf_tokenizer.SPLITS["lfm2"][0]
        }
        files.tokenizer["model"]["ignore_merges"] = True
    for name, content in {"tokenizer": files.tokenizer, "tokenizer_config": files.config}.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
    words = len(files.tokenizer["model"]["vocab"])
    return {"vocab_size": words, **files.tokens}


def write(folder: Path, kind: str, *, tied: bool = True, seed: int = 1) -> Path:
    """A model with random weights, large enough that each layer shows in the output."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    values: dict[str, Any] = {
        **write_tokenizer(folder, kind),
        "hidden_size": 64,
        "intermediate_size": 128,
        "num_hidden_layers": _LAYERS.get(kind, 2),
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": 16384,
        "initializer_range": 0.15,
        "tie_word_embeddings": tied,
    }
    if kind in ("qwen3", "gemma3_text"):
        values["head_dim"] = 32  # not width / heads
    if kind == "gemma3_text":
        values |= {"sliding_window": 8, "query_pre_attn_scalar": 32}
    if kind == "lfm2":
        layers = ["conv", "full_attention", "conv"]
        values |= {"layer_types": layers, "block_auto_adjust_ff_dim": False}
    if kind == "llama":
        values["rope_parameters"] = {
            "rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
            "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
        }  # fmt: skip
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **values))
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.dim() == 1:  # norms and biases begin as ones and zeros
                weight += torch.randn_like(weight) * 0.3
            elif ".conv.conv" in name:
                weight += torch.randn_like(weight) * 0.5
    model.save_pretrained(folder)
    return folder


def write_adapter(
    base: Path, folder: Path, seed: int = 7, scale: float = 0.05, **options: Any
) -> Path:
    """An adapter with weights that change the output visibly; ``options`` are those of LoRA."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    options = {"target_modules": "all-linear", "r": 4, "lora_alpha": 8} | options
    torch.manual_seed(seed)
    adapted = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **options))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name or "modules_to_save" in name:
                weight += torch.randn_like(weight) * scale
    adapted.save_pretrained(folder)
    return folder


def logits(folder: Path, ids: list[int], adapter: Path | None = None) -> Any:
    """What transformers computes after each token, [tokens, vocabulary]."""
    import torch

    from trainer import export_reference

    with torch.no_grad():
        return export_reference.load(folder, adapter)(torch.tensor([ids])).logits[0].numpy()
