"""Tiny GGUF models with random weights and real vocabularies, and adapters for them."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from translator.models.vocabulary import BYTE_CHARS

WIDTH, HEADS, LAYERS, CONTEXT = 64, 2, 2, 2048

SAMPLE = """\
The old sailor told us a story of the sea. The story was long, and the sea was calm.
Der alte Seemann erzählte uns eine Geschichte vom Meer. Die Geschichte war lang, das Meer ruhig.
We saw 12 ships (and 3 boats) that day; nobody said a word. Wir sahen an diesem Tag 12 Schiffe.
"""
OTHER = """\
Il vecchio marinaio raccontava una storia del mare. La storia era lunga, il mare era calmo.
Stary marynarz opowiadał historię o morzu. Historia była długa, a morze spokojne.
古い船乗りが海の話をしてくれた。話は長く、海は静かだった。
"""


def _learn(words: Counter[tuple[str, ...]], count: int) -> list[tuple[str, str]]:
    """Byte-pair encoding's training: the commonest pair becomes a merge, again and again."""
    merges: list[tuple[str, str]] = []
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                pairs[pair] += times
        if not pairs:
            break
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        merged: Counter[tuple[str, ...]] = Counter()
        for word, times in words.items():
            parts: list[str] = []
            for part in word:
                if parts and (parts[-1], part) == best:
                    parts[-1] += part
                else:
                    parts.append(part)
            merged[tuple(parts)] += times
        words = merged
    return merges


def _words(space: str) -> list[str]:
    return [space + word for line in (SAMPLE + OTHER).splitlines() for word in line.split()]


def write_model(path: Path, *, bpe: bool, seed: int = 1, tied: bool = True) -> list[str]:
    """A llama model with a SentencePiece or a byte-level BPE vocabulary; returns its tokens."""
    writer = gguf.GGUFWriter(path, "llama")
    tokens = _add_bpe(writer) if bpe else _add_spm(writer)
    writer.add_name("Tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(2 * WIDTH)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_vocab_size(len(tokens))
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    random = np.random.default_rng(seed)

    def add(name: str, *shape: int) -> None:
        values = random.normal(0, 0.3, shape)
        kind = np.float32 if len(shape) == 1 else np.float16
        writer.add_tensor(name, (values + (len(shape) == 1)).astype(kind))

    add("token_embd.weight", len(tokens), WIDTH)
    add("output_norm.weight", WIDTH)
    if not tied:
        add("output.weight", len(tokens), WIDTH)
    for layer in range(LAYERS):
        for name in ("attn_norm", "ffn_norm"):
            add(f"blk.{layer}.{name}.weight", WIDTH)
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", WIDTH, WIDTH)
        for name in ("ffn_gate", "ffn_up"):
            add(f"blk.{layer}.{name}.weight", 2 * WIDTH, WIDTH)
        add(f"blk.{layer}.ffn_down.weight", WIDTH, 2 * WIDTH)
    _close(writer)
    return tokens


def _add_spm(writer: Any) -> list[str]:
    kind = gguf.TokenType
    special = [("<unk>", kind.UNKNOWN), ("<s>", kind.CONTROL), ("</s>", kind.CONTROL)]
    special += [("<end_of_turn>", kind.CONTROL), ("\n\n", kind.USER_DEFINED)]
    special += [(f"<mark{n}>", kind.CONTROL) for n in "abcdefg"]
    special += [(f"<unused{n}>", kind.CONTROL) for n in range(9)]
    special += [(f"<0x{byte:02X}>", kind.BYTE) for byte in range(256)]
    words = Counter(tuple(word) for word in _words("▁"))
    merged = [left + right for left, right in _learn(words, 400)]
    letters = sorted({char for word in _words("▁") for char in word})
    texts = list(dict.fromkeys([*merged, *letters]))
    tokens = [token for token, _ in special] + texts
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(special) + [-float(n) for n in range(len(texts))])
    writer.add_token_types([*(k for _, k in special), *[kind.NORMAL] * len(texts)])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    return tokens


def _add_bpe(writer: Any) -> list[str]:
    kind = gguf.TokenType
    words = Counter(
        tuple(BYTE_CHARS[byte] for byte in word.encode()) for word in _words(" ") + _words("")
    )
    merges = _learn(words, 500)
    texts = list(dict.fromkeys([*BYTE_CHARS, *(left + right for left, right in merges)]))
    control = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|reserved_special_token_0|>"]
    padding = ["[PAD1]", "[PAD2]"]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list([*texts, *control, *padding])
    types = [kind.NORMAL] * len(texts) + [kind.CONTROL] * len(control) + [kind.UNUSED] * 2
    writer.add_token_types(types)
    writer.add_token_merges([f"{left} {right}" for left, right in merges])
    writer.add_eos_token_id(len(texts) + 2)
    writer.add_bos_token_id(len(texts))
    writer.add_pad_token_id(len(texts))
    writer.add_add_bos_token(False)
    writer.add_chat_template(
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "<|im_start|>assistant\n"
    )
    return [*texts, *control, *padding]


def write_adapter(path: Path, rows: dict[str, tuple[int, int]], rank: int = 4) -> None:
    """A LoRA adapter with random weights. ``rows``: for a tensor's name, its (outputs, inputs)."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", float(rank))
    random = np.random.default_rng(7)
    for name, (outputs, inputs) in rows.items():
        writer.add_tensor(f"{name}.lora_a", random.normal(0, 0.5, (rank, inputs)).astype("f4"))
        writer.add_tensor(f"{name}.lora_b", random.normal(0, 0.5, (outputs, rank)).astype("f4"))
    _close(writer)


def _close(writer: Any) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
