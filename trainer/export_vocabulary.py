"""A tokenizer of transformers as the vocabulary of a GGUF file; see :mod:`trainer.gguf_tokenizer`
for the way back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from trainer.architectures import Family
from trainer.gguf_tokenizer import SPLITS, WHOLE_PIECES
from translator.engines.hf_tokens import CONTROL
from translator.errors import ModelError
from translator.models import gguf_file
from translator.models.gguf_file import Entry

Json = dict[str, Any]

_NORMAL, _UNKNOWN, _CONTROL_TYPE, _USER_DEFINED, _UNUSED, _BYTE = 1, 2, 3, 4, 5, 6
_SPACE = "▁"
_BYTES = frozenset(f"<0x{byte:02X}>" for byte in range(256))


def entries(folder: Path, family: Family, rows: int) -> dict[str, Entry]:
    """The metadata of the tokenizer in ``folder``, for an embedding of ``rows`` rows.

    Raises:
        ModelError: llama.cpp has no tokenizer that works like it.
    """
    from tokenizers import Tokenizer
    from transformers import AutoTokenizer

    loaded = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    path = folder / "tokenizer.json"
    if not path.is_file() and not loaded.is_fast:
        raise ModelError(f"{folder.name} has no tokenizer.json.", "Export it as safetensors.")
    text = path.read_text("utf-8") if path.is_file() else loaded.backend_tokenizer.to_str()
    description: Json = json.loads(text)
    model = description["model"]
    if model.get("type") != "BPE":
        raise ModelError(
            f"{folder.name} has a tokenizer of the kind {model.get('type')!r}, which Verso cannot "
            "write as GGUF.",
            "Export it as safetensors.",
        )
    special = {
        name: getattr(loaded, f"{attribute}_token_id")
        for name, attribute in _SPECIAL.items()
        if getattr(loaded, f"{attribute}_token_id") is not None
    }
    tokens, types = _tokens(description, rows, special.get("unknown"))
    is_bpe = not model.get("byte_fallback")
    values: dict[str, Entry] = {
        "tokenizer.ggml.model": gguf_file.text("gpt2" if is_bpe else "llama"),
        "tokenizer.ggml.tokens": gguf_file.strings(token.encode() for token in tokens),
        "tokenizer.ggml.token_type": gguf_file.array(np.array(types, dtype=np.int32)),
    }
    merges = [tuple(m) if isinstance(m, list) else _halves(m) for m in model["merges"]]
    if is_bpe:
        pre = _split(folder, description, family)
        values["tokenizer.ggml.pre"] = gguf_file.text(pre)
        joined = (f"{left} {right}".encode() for left, right in merges)
        values["tokenizer.ggml.merges"] = gguf_file.strings(joined)
    else:
        ranks: dict[str, int] = {}
        for rank, (left, right) in enumerate(merges):
            ranks.setdefault(left + right, rank)
        scores = np.array([-ranks.get(token, 0) for token in tokens], dtype=np.float32)
        values["tokenizer.ggml.pre"] = gguf_file.text("default")
        values["tokenizer.ggml.scores"] = gguf_file.array(scores)
        values["tokenizer.ggml.add_space_prefix"] = _flag(_has_prefix(description))
    for name, number in special.items():
        values[f"tokenizer.ggml.{name}_token_id"] = gguf_file.whole(number)
    ids = Tokenizer.from_str(text).encode("a").ids
    values["tokenizer.ggml.add_bos_token"] = _flag(bool(ids) and ids[0] == special.get("bos"))
    values["tokenizer.ggml.add_eos_token"] = _flag(False)
    if isinstance(loaded.chat_template, str):
        values["tokenizer.chat_template"] = gguf_file.text(loaded.chat_template)
    return values


_SPECIAL = {"bos": "bos", "eos": "eos", "unknown": "unk", "padding": "pad"}


def _tokens(description: Json, rows: int, unknown: int | None) -> tuple[list[str], list[int]]:
    """The text and the type of each token, by number. Rows without a token get a stand-in."""
    tokens = [f"[PAD{number}]" for number in range(rows)]
    types = [_UNUSED] * rows
    for token, number in description["model"]["vocab"].items():
        if number < rows:
            tokens[number] = token
            types[number] = _BYTE if token in _BYTES else _NORMAL
    for added in description.get("added_tokens", ()):
        number, text = added["id"], added["content"]
        if number >= rows:
            continue
        control = added["special"] or CONTROL.fullmatch(text) is not None
        tokens[number] = text if control else text.replace(_SPACE, " ")
        types[number] = _CONTROL_TYPE if control else _USER_DEFINED
    if unknown is not None and not description["model"].get("byte_fallback"):
        unknown = None  # byte-level vocabularies know every text
    if unknown is not None:
        types[unknown] = _UNKNOWN
    return tokens, types


def _split(folder: Path, description: Json, family: Family) -> str:
    """llama.cpp's name for the way in which a text is split before merging."""
    before = description.get("pre_tokenizer") or {}
    regexes: list[str] = []
    for step in before.get("pretokenizers", [before]):
        kind = step.get("type")
        if kind == "Split" and "Regex" in step["pattern"]:
            regexes.append(step["pattern"]["Regex"])
        elif kind == "Digits" and step.get("individual_digits"):
            regexes.append(r"\p{N}")
        elif kind == "ByteLevel" and not step.get("add_prefix_space"):
            regexes += SPLITS["gpt-2"] if step.get("use_regex", True) else ()
        else:
            regexes.append(f"{kind}")
    whole = bool(description["model"].get("ignore_merges"))
    names = [
        name
        for name, known in SPLITS.items()
        if known == tuple(regexes) and (name in WHOLE_PIECES) == whole
    ]
    if not names:
        raise ModelError(
            f"{folder.name} splits texts before it cuts them into tokens in a way that Verso does "
            "not know.",
            "Export it as safetensors.",
        )
    return family.gguf if family.gguf in names else names[0]


def _has_prefix(description: Json) -> bool:
    """Whether a space is put before a text."""
    normalizer = description.get("normalizer") or {}
    steps = normalizer.get("normalizers", [normalizer])
    before = description.get("pre_tokenizer") or {}
    if before.get("type") == "Metaspace":
        return bool(before.get("prepend_scheme", "always") != "never")
    return any(step.get("type") == "Prepend" for step in steps)


def _halves(merge: str) -> tuple[str, str]:
    left, _, right = merge[1:].partition(" ")
    return merge[0] + left, right


def _flag(value: bool) -> Entry:
    return gguf_file.scalar(np.bool_(value))
