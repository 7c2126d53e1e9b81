"""From a GGUF file's vocabulary to a tokenizer of transformers that cuts texts the same way.

llama.cpp knows two families: SentencePiece's BPE (``llama``: the pair whose token has the best
score is merged first) and byte-level BPE (``gpt2``: a list of merges, after a text was split by
regular expressions that the file names). Both are written as ``tokenizer.json`` of the library
tokenizers. Nothing is normalized, since llama.cpp does not either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from translator.errors import ModelError
from translator.models.gguf_file import Entry, GgufFile

Json = dict[str, Any]

# Token types, as in llama.h.
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 1, 2, 3, 4, 6
_SPACE = "▁"

_TAIL = r"|\s*[\r\n]+|\s+(?!\S)|\s+"
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
_MARKS = r"| ?[^\s\p{L}\p{N}]+[\r\n]*"
_LLAMA3 = (_WORDS + r"\p{N}{1,3}" + _MARKS + _TAIL,)
_QWEN2 = (_WORDS + r"\p{N}" + _MARKS + _TAIL,)
_QWEN35 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*" + _TAIL,
)
_GPT2 = (r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",)
_DEEPSEEK3 = (
    r"\p{N}{1,3}",
    "[一-龥\u3040-ゟ゠-ヿ]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
    r"| ?[\p{P}\p{S}]+[\r\n]*" + _TAIL,
)
# How a text is split before merging, by ``tokenizer.ggml.pre``.
SPLITS: dict[str, tuple[str, ...]] = {
    "llama-bpe": _LLAMA3, "llama3": _LLAMA3, "llama-v3": _LLAMA3, "lfm2": _LLAMA3,
    "falcon3": _LLAMA3, "smaug-bpe": _LLAMA3,
    "qwen2": _QWEN2, "deepseek-r1-qwen": _QWEN2, "hunyuan": _QWEN2,
    "qwen35": _QWEN35,
    "gpt-2": _GPT2, "mpt": _GPT2, "olmo": _GPT2,
    "smollm": (r"\p{N}", *_GPT2), "starcoder": (r"\p{N}", *_GPT2),
    "hunyuan-dense": _DEEPSEEK3, "deepseek-v3": _DEEPSEEK3,
}  # fmt: skip
# Of these, llama.cpp takes a piece that is a token as it is, without merging.
WHOLE_PIECES = frozenset(("llama-bpe", "llama3", "llama-v3", "lfm2", "falcon3"))

# A reply ends at these, whatever the file says (llama.cpp goes by their texts, too).
_ENDS = frozenset((
    "<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "</s>",
    "<|eom_id|>", "<|end_of_text|>", "<eos>",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class TokenizerFiles:
    """What a model's folder says of its tokenizer. ``ends``: the tokens that end a reply."""

    tokenizer: Json  # tokenizer.json
    config: Json  # tokenizer_config.json
    tokens: dict[str, int | None]  # bos_token_id, eos_token_id, pad_token_id
    ends: tuple[int, ...]


def convert(file: GgufFile) -> TokenizerFiles:
    """The tokenizer of a GGUF file.

    Raises:
        ModelError: it is of a kind that is not known here.
    """
    return _Converter(file).files()


class _Converter:
    def __init__(self, file: GgufFile) -> None:
        self._file = file
        self._entries = file.entries
        self._kind = self._text("model")
        if self._kind not in ("llama", "gpt2"):
            raise ModelError(
                f"{file.path.name} has a tokenizer of the kind {self._kind!r}, with which Verso "
                "cannot train.",
                "Name a folder or hub repository with the model's safetensors.",
            )
        self._tokens = [raw.decode("utf-8", "replace") for raw in self._need("tokens").strings()]
        self._types = [int(kind) for kind in self._need("token_type").numbers()]
        self._bos, self._eos = self._special("bos"), self._special("eos")
        self._pad = self._special("padding")
        if self._kind == "llama":  # the numbers that such files need not name
            self._bos = 1 if self._bos is None else self._bos
            self._eos = 2 if self._eos is None else self._eos

    def files(self) -> TokenizerFiles:
        model, before = self._sentencepiece() if self._kind == "llama" else self._byte_level()
        pad = self._eos if self._pad is None else self._pad
        names = {"bos_token": self._bos, "eos_token": self._eos, "pad_token": pad}
        unknown = self._special("unknown")
        if unknown is not None and self._kind == "llama":
            names["unk_token"] = unknown
        config: Json = {name: self._tokens[n] for name, n in names.items() if n is not None}
        template = self._entries.get("tokenizer.chat_template")
        if template is not None:
            config["chat_template"] = template.text()
        config |= {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "clean_up_tokenization_spaces": False,
            "model_max_length": 10**9,  # Verso counts for itself
        }
        tokenizer = {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": self._added(), **before, "model": model,
        }  # fmt: skip
        tokens = {"bos_token_id": self._bos, "eos_token_id": self._eos, "pad_token_id": pad}
        ends = [n for n, token in enumerate(self._tokens) if token in _ENDS]
        ends = [n for n in (self._eos, self._special("eot")) if n is not None] + ends
        return TokenizerFiles(tokenizer, config, tokens, tuple(dict.fromkeys(ends)))

    # --- the two families --------------------------------------------------------------------

    def _sentencepiece(self) -> tuple[Json, Json]:
        prefix = self._flag("add_space_prefix", True)
        replace: Json = {"type": "Replace", "pattern": {"String": " "}, "content": _SPACE}
        prepend = [{"type": "Prepend", "prepend": _SPACE}] if prefix else []
        strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefix else []
        unknown = self._special("unknown")
        model = self._model(
            self._ranked(),
            unk_token=None if unknown is None else self._tokens[unknown],
            fuse_unk=True,
            byte_fallback=True,
        )
        decoders = [
            {"type": "Replace", "pattern": {"String": _SPACE}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}, *strip,
        ]  # fmt: skip
        return model, {
            "normalizer": {"type": "Sequence", "normalizers": [*prepend, replace]},
            "pre_tokenizer": None,
            "post_processor": self._bos_first(None, self._flag("add_bos_token", True)),
            "decoder": {"type": "Sequence", "decoders": decoders},
        }

    def _ranked(self) -> list[list[str]]:
        """Every way to make a token of two others, the best score first."""
        scores = self._need("scores").numbers()
        known = {
            token: number
            for number, token in enumerate(self._tokens)
            if self._types[number] not in (_BYTE, _CONTROL, _UNKNOWN)
        }
        ranked = sorted(
            (-float(scores[number]), number, at)
            for token, number in known.items()
            for at in range(1, len(token))
            if token[:at] in known and token[at:] in known
        )
        return [[self._tokens[n][:at], self._tokens[n][at:]] for _, n, at in ranked]

    def _byte_level(self) -> tuple[Json, Json]:
        pre = self._text("pre") or "default"
        if pre not in SPLITS:
            raise ModelError(
                f"{self._file.path.name} splits texts in a way that Verso does not know ({pre!r}).",
                "Name a folder or hub repository with the model's safetensors.",
            )
        merges = [_halves(raw.decode("utf-8")) for raw in self._need("merges").strings()]
        level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False}
        splits = [
            {"type": "Split", "pattern": {"Regex": regex}, "behavior": "Isolated", "invert": False}
            for regex in SPLITS[pre]
        ]
        pieces = [*splits, {**level, "use_regex": False}]
        model = self._model(merges, ignore_merges=pre in WHOLE_PIECES)
        return model, {
            "normalizer": None,
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": pieces},
            "post_processor": self._bos_first(level, self._adds_bos(pre)),
            "decoder": level,
        }

    def _model(self, merges: Any, **options: Any) -> Json:
        return {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": False, **options,
            "vocab": {token: number for number, token in enumerate(self._tokens)},
            "merges": merges,
        }  # fmt: skip

    def _adds_bos(self, pre: str) -> bool:
        return self._flag("add_bos_token", pre in WHOLE_PIECES)

    def _bos_first(self, level: Json | None, wanted: bool) -> Json | None:
        if not wanted or self._bos is None:
            return level
        token = self._tokens[self._bos]
        text: Json = {"Sequence": {"id": "A", "type_id": 0}}
        begin: Json = {"SpecialToken": {"id": token, "type_id": 0}}
        return {
            "type": "TemplateProcessing",
            "single": [begin, text],
            "pair": [begin, text, begin, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {token: {"id": token, "ids": [self._bos], "tokens": [token]}},
        }

    def _added(self) -> list[Json]:
        return [
            {
                "id": number, "content": token, "single_word": False, "lstrip": False,
                "rstrip": False, "normalized": False, "special": special,
            }
            for number, token, special in self._marked()
        ]  # fmt: skip

    def _marked(self) -> Iterator[tuple[int, str, bool]]:
        """Tokens that are no pieces of words: number, text, and whether they are control tokens."""
        for number, (token, kind) in enumerate(zip(self._tokens, self._types, strict=True)):
            if kind in (_CONTROL, _UNKNOWN) or (kind == _USER_DEFINED and token in _ENDS):
                yield number, token, True
            elif kind == _USER_DEFINED:
                yield number, token, False

    # --- entries -----------------------------------------------------------------------------

    def _need(self, name: str) -> Entry:
        entry = self._entries.get(f"tokenizer.ggml.{name}")
        if entry is None:
            raise ModelError(f"{self._file.path.name} has no tokenizer.ggml.{name}.")
        return entry

    def _text(self, name: str) -> str:
        entry = self._entries.get(f"tokenizer.ggml.{name}")
        return entry.text() if entry is not None else ""

    def _flag(self, name: str, default: bool) -> bool:
        entry = self._entries.get(f"tokenizer.ggml.{name}")
        return default if entry is None else bool(entry.number())

    def _special(self, name: str) -> int | None:
        entry = self._entries.get(f"tokenizer.ggml.{name}_token_id")
        number = -1 if entry is None else int(entry.number())
        return number if 0 <= number < len(self._tokens) else None


def _halves(merge: str) -> list[str]:
    left, _, right = merge[1:].partition(" ")  # a part may itself begin with a space
    return [merge[0] + left, right]
