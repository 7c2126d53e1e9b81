"""Text to tokens with a tokenizer of transformers, as the GGUF engine does it.

Training, evaluation and both engines read the same token numbers for the same prompt. Three
rules make that so, and all are llama.cpp's: each part of a prompt is cut into tokens by itself;
control tokens are recognised in special parts only; the token that begins a text stands there
once, if the model wants one.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from translator.types import Prompt

# What llama.cpp's converter takes for control tokens, whatever their file calls them.
CONTROL = re.compile(
    r"<\|.*\|>|<｜.*｜>|<(?:pad|mask|bos|eos|start_of_turn|end_of_turn|2mass|\[@BOS@\])>"
    r"|<unused\d+>",
    re.DOTALL,
)
# MADLAD's language tags, which are plain entries of its vocabulary.
_TAG = re.compile(r"<2[A-Za-z_]+>")
_REMEMBERED = 500  # texts


def prompt_ids(tokenizer: Any, prompt: Prompt, *, encoder: bool = False) -> list[int]:
    """The tokens of a prompt: exactly those that the GGUF engine makes of it.

    ``encoder``: for the encoder of an encoder-decoder model, which (other than llama.cpp's
    decoders) also gets what its tokenizer puts behind a text.
    """
    reader = _reader(tokenizer)
    ids: list[int] = []
    for number, part in enumerate(prompt.parts):
        repeated = part.special or number < prompt.shared
        ids += (reader.known if repeated else reader.ids)(part.text, special=part.special)
    head, tail = reader.head, reader.tail if encoder else []
    if ids[: len(head)] == head or (encoder and prompt.parts and prompt.parts[0].special):
        head = []  # the prompt brought its own
    if tail and ids[-len(tail) :] == tail:
        tail = []
    return [*head, *ids, *tail]


def reply_ids(tokenizer: Any, prompt: Prompt) -> list[int]:
    """The tokens that the reply begins with, given and not written by the model."""
    reader = _reader(tokenizer)
    return [id for part in prompt.reply for id in reader.ids(part.text, special=part.special)]


def text_ids(tokenizer: Any, text: str) -> list[int]:
    """The tokens of a plain text: nothing in it is a control token, nothing is added."""
    return _reader(tokenizer).ids(text, special=False)


def text_lengths(tokenizer: Any, texts: list[str]) -> list[int]:
    """The number of tokens of each text, as :func:`text_ids` cuts them."""
    return _reader(tokenizer).lengths(texts)


@dataclass(slots=True)
class _Reader:
    """A tokenizer in both its ways of reading, and what it puts around a text."""

    special: Any
    plain: Any
    head: list[int]
    tail: list[int]
    _known: dict[tuple[str, bool], list[int]] = field(default_factory=dict)

    def known(self, text: str, *, special: bool) -> list[int]:
        """As :meth:`ids`, remembered: for the frame of prompts, which comes again and again."""
        found = self._known.get((text, special))
        if found is None:
            found = self.ids(text, special=special)
            if len(self._known) < _REMEMBERED:
                self._known[text, special] = found
        return found

    def ids(self, text: str, *, special: bool) -> list[int]:
        text = _clean(text)
        if not text:
            return []
        if special and _TAG.fullmatch(text):
            whole = self.special.token_to_id(text)
            if whole is not None:
                return [whole]
        return list((self.special if special else self.plain).encode(text))

    def lengths(self, texts: list[str]) -> list[int]:
        return list(self.plain.lengths([_clean(text) for text in texts]))


class _Fast:
    """A tokenizer of the library ``tokenizers``."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend

    def token_to_id(self, text: str) -> int | None:
        id: int | None = self._backend.token_to_id(text)
        return id

    def encode(self, text: str) -> list[int]:
        ids: list[int] = self._backend.encode(text, add_special_tokens=False).ids
        return ids

    def lengths(self, texts: list[str]) -> list[int]:
        encoded = self._backend.encode_batch(texts, add_special_tokens=False)
        return [len(one.ids) for one in encoded]


class _Slow:
    """A tokenizer written in Python (Marian's, for example)."""

    def __init__(self, tokenizer: Any, *, split: bool) -> None:
        self._tokenizer = tokenizer
        self._split = split

    def token_to_id(self, text: str) -> int | None:
        id: int | None = self._tokenizer.get_vocab().get(text)
        return id

    def encode(self, text: str) -> list[int]:
        pieces = self._tokenizer.tokenize(text, split_special_tokens=self._split)
        ids: list[int] = self._tokenizer.convert_tokens_to_ids(pieces)
        return ids

    def lengths(self, texts: list[str]) -> list[int]:
        return [len(self.encode(text)) for text in texts]


_readers: WeakKeyDictionary[Any, _Reader] = WeakKeyDictionary()
_lock = threading.Lock()


def _reader(tokenizer: Any) -> _Reader:
    with _lock:
        reader = _readers.get(tokenizer)
        if reader is None:
            reader = _readers[tokenizer] = _new_reader(tokenizer)
        return reader


def _new_reader(tokenizer: Any) -> _Reader:
    head, tail = _around(tokenizer)
    if not getattr(tokenizer, "is_fast", False):
        return _Reader(_Slow(tokenizer, split=False), _Slow(tokenizer, split=True), head, tail)
    from tokenizers import Tokenizer, normalizers

    # Copies of our own: a backend can be told to read in one way only, and not by two at once.
    description = tokenizer.backend_tokenizer.to_str()
    special, plain = Tokenizer.from_str(description), Tokenizer.from_str(description)
    for backend in (special, plain):
        backend.no_truncation()
        backend.no_padding()
        if isinstance(backend.normalizer, normalizers.NFC):
            backend.normalizer = None  # Qwen's; llama.cpp takes characters as they come
    added = plain.get_added_tokens_decoder().values()
    plain.add_special_tokens([one for one in added if CONTROL.fullmatch(one.content)])
    plain.encode_special_tokens = True
    return _Reader(_Fast(special), _Fast(plain), head, tail)


def _around(tokenizer: Any) -> tuple[list[int], list[int]]:
    """The tokens that the tokenizer puts before and after a text."""
    bare = tokenizer("a", add_special_tokens=False)["input_ids"]
    full = tokenizer("a")["input_ids"]
    start = next(at for at in range(len(full) + 1) if full[at : at + len(bare)] == bare)
    return list(full[:start]), list(full[start + len(bare) :])


def _clean(text: str) -> str:
    """Without halves of characters, which no tokenizer can read."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
