"""Tiny models of transformers with random weights and a real tokenizer, saved to disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.tiny_gguf import OTHER, SAMPLE

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "<|im_start|>assistant\n"
)
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<2de>"]


def write_tokenizer(folder: Path, *, ends_texts: bool = False) -> Any:
    """A byte-level BPE tokenizer; ``ends_texts``: it puts its last token behind each text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator((SAMPLE + OTHER).splitlines(), trainer)
    if ends_texts:
        backend.post_processor = processors.TemplateProcessing(
            single="$A <|endoftext|>", special_tokens=[("<|endoftext|>", 0)]
        )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend,
        eos_token="<|im_end|>" if not ends_texts else "<|endoftext|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        chat_template=None if ends_texts else TEMPLATE,
    )
    tokenizer.save_pretrained(folder)
    return tokenizer


def write_causal(folder: Path, kind: str = "llama", seed: int = 1, width: int = 48) -> Path:
    """A decoder-only model: llama, qwen2, gemma3_text (sliding windows) or lfm2 (convolutions)."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    tokenizer = write_tokenizer(folder)
    values: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": width,
        "intermediate_size": 96,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 12,
        "max_position_embeddings": 1024,
        "initializer_range": 0.4,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": 0,
        "tie_word_embeddings": False,
    }
    if kind == "gemma3_text":
        values |= {"sliding_window": 16, "layer_types": ["sliding_attention", "full_attention"]}
    if kind == "lfm2":
        values |= {"layer_types": ["conv", "full_attention"], "block_auto_adjust_ff_dim": False}
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **values))
    model.save_pretrained(folder)
    return folder


def write_encoder_decoder(folder: Path, kind: str = "t5", seed: int = 1) -> Path:
    """An encoder-decoder model: t5 (relative positions) or marian (absolute ones)."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM

    tokenizer = write_tokenizer(folder, ends_texts=True)
    common: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "d_model": 48,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": 0,
        "decoder_start_token_id": 0,
    }
    values: dict[str, Any]
    if kind == "t5":
        values = {
            "d_ff": 96,
            "num_layers": 2,
            "num_heads": 4,
            "d_kv": 12,
        }
    else:
        values = {
            "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4,
            "decoder_attention_heads": 4, "encoder_ffn_dim": 96, "decoder_ffn_dim": 96,
            "max_position_embeddings": 256, "init_std": 0.4,
        }  # fmt: skip
    torch.manual_seed(seed)
    model = AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model(kind, **common, **values))
    model.save_pretrained(folder)
    return folder


def write_adapter(base: Path, folder: Path, seed: int = 7) -> Path:
    """A LoRA adapter of a decoder-only model, with weights large enough to be seen."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(base)
    settings = LoraConfig(
        r=4, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
    )
    torch.manual_seed(seed)
    adapted = get_peft_model(model, settings)
    adapted.save_pretrained(folder)
    return folder
