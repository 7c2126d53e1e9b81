"""A model's vocabulary: which of its tokens a set of languages needs.

Two families are known: SentencePiece (``llama`` in GGUF files: Gemma, Llama 2, Mistral, ...) and
byte-level BPE as GPT-2 does it (``gpt2``: Qwen, Llama 3, LFM2, ...). Both build a token out of
smaller ones, merge by merge. A vocabulary that holds, besides the tokens that a text is made of,
everything that their merges pass through, cuts this text exactly as the whole vocabulary does:
the merges that were made are all still possible, none was added, and their order is the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import cached_property
from itertools import chain

import numpy as np
import numpy.typing as npt

from translator import languages
from translator.detection import script_of
from translator.errors import ModelError
from translator.models.gguf_file import Entry, GgufFile

# Token types, as in llama.h.
_NORMAL, _UNKNOWN, _CONTROL, _USER_DEFINED, _BYTE = 1, 2, 3, 4, 6

# Control tokens that stand by for later uses of a model, and have none.
_SPARE = re.compile(
    r"\W*(unused|reserved|special|dummy|extra_id|placeholder|pad)\D*\d+\W*", re.IGNORECASE
)
# A file that does not name its special tokens gets them by number, all below this.
_NUMBERED = 12
_SPACE = "▁"  # in a SentencePiece vocabulary

_SCRIPTS = {"Hans": {"Hani"}, "Hant": {"Hani"}, "Jpan": {"Hani", "Kana"}, "Kore": {"Hang"}}


def scripts(tags: Iterable[str]) -> frozenset[str]:
    """The scripts that languages are written in, as :func:`~translator.detection.script_of`
    names them. Raises :class:`InputError` for an unknown language."""
    found = (languages.get(tag).script for tag in tags)
    return frozenset().union(*(_SCRIPTS.get(script, {script}) for script in found))


class Vocabulary:
    """The tokens of a GGUF file.

    Raises:
        ModelError: the file's tokenizer is of a kind whose tokens cannot be left out safely.
    """

    def __init__(self, file: GgufFile) -> None:
        self.file = file
        self._entries = file.entries
        kind = self._entry("model").text()
        if kind not in ("llama", "gpt2"):
            raise ModelError(
                f"{file.path.name} has a tokenizer of the kind {kind!r}, which cannot be trimmed.",
                "Models with SentencePiece or byte-level BPE vocabularies can be.",
            )
        self.is_bpe = kind == "gpt2"
        self.tokens = [raw.decode("utf-8", "replace") for raw in self._entry("tokens").strings()]
        self._types = self._entry("token_type").numbers()
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        if len(self._bytes) != 256:
            raise ModelError(
                f"{file.path.name} cannot be trimmed: its vocabulary has no tokens for bytes, so "
                "that some texts could no longer be written."
            )

    def _entry(self, name: str) -> Entry:
        entry = self._entries.get(f"tokenizer.ggml.{name}")
        if entry is None:
            raise ModelError(f"The model's file has no tokenizer.ggml.{name}.")
        return entry

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def _bytes(self) -> list[int]:
        """The tokens that stand for a single byte."""
        if self.is_bpe:
            return [self._numbers[char] for char in BYTE_CHARS if char in self._numbers]
        return [n for n, kind in enumerate(self._types) if kind == _BYTE]

    # --- what has to stay --------------------------------------------------------------------

    def essential(self) -> set[int]:
        """What every use of the model needs: bytes, control tokens, what the file refers to."""
        template = self._entries.get("tokenizer.chat_template")
        prompt = template.text() if template is not None else ""
        kept = {
            number
            for number, (token, kind) in enumerate(zip(self.tokens, self._types, strict=True))
            if kind == _UNKNOWN
            or (
                kind in (_CONTROL, _USER_DEFINED)
                and (token in prompt or not _SPARE.fullmatch(token))
            )
        }
        named = (int(n) for entry in self.special().values() for n in entry.numbers())
        kept |= {number for number in named if number < len(self)}
        return kept | {*self._bytes, *range(min(_NUMBERED, len(self)))}

    def special(self) -> dict[str, Entry]:
        """The metadata that names tokens by number (``tokenizer.ggml.eos_token_id``, ...)."""
        return {
            key: entry
            for key, entry in self._entries.items()
            if re.fullmatch(r"tokenizer\.ggml\..*_token_ids?", key)
        }

    def characters(self, wanted: Collection[str]) -> set[int]:
        """Tokens of one character: letters of the scripts, the Latin ones, marks and digits."""
        return {
            number
            for number, token in self._texts()
            if len(token) == 1 and _is_basic(token, wanted)
        }

    def written_in(self, wanted: Collection[str]) -> set[int]:
        """All tokens without letters of other scripts, and all pieces of characters."""
        return {
            number
            for number, token in self._texts()
            if all(script_of(char) in ("", *wanted) for char in token)
        }

    def of_text(self) -> set[int]:
        """All tokens that are neither bytes nor for control."""
        return {number for number, _ in self._texts()}

    def _texts(self) -> Iterator[tuple[int, str]]:
        """The tokens of text, as a person reads them; no letters for a piece of a character."""
        for number, token in enumerate(self.tokens):
            if self._types[number] == _NORMAL:
                yield number, _readable(token) if self.is_bpe else token.replace(_SPACE, " ")

    # --- merges ------------------------------------------------------------------------------

    @cached_property
    def _ranks(self) -> dict[str, int]:
        merges = self._entry("merges").strings()
        return {raw.decode("utf-8", "replace"): rank for rank, raw in enumerate(merges)}

    def closed(self, kept: Collection[int]) -> set[int]:
        """``kept`` and every token that the merges pass through on the way to one of them.

        Single characters, too: llama.cpp merges any, the tokenizers of transformers only those
        that are tokens.
        """
        rank: Callable[[str, str], float | None]
        if self.is_bpe:
            ranks = self._ranks

            def rank(left: str, right: str) -> float | None:
                return ranks.get(f"{left} {right}")
        else:
            scores = self._entry("scores").numbers()
            numbers = self._numbers

            def rank(left: str, right: str) -> float | None:
                number = numbers.get(left + right)
                return None if number is None else -float(scores[number])

        closed = set(kept)
        for number in kept:
            if self._types[number] == _NORMAL:
                token = self.tokens[number]
                pieces = (*token, *passed(token, rank))
                closed.update(self._numbers[piece] for piece in pieces if piece in self._numbers)
        return closed

    def merges(self, kept: Collection[int]) -> list[bytes] | None:
        """The merges in their order, of which both parts and the whole are in ``kept``."""
        if "tokenizer.ggml.merges" not in self._entries:
            return None
        tokens = {self.tokens[number] for number in kept}

        def possible(merge: str) -> bool:
            left, space, right = merge[1:].partition(" ")  # a part may itself begin with a space
            left = merge[:1] + left
            return bool(space) and left in tokens and right in tokens and left + right in tokens

        merges = self._entry("merges").strings()
        return [raw for raw in merges if possible(raw.decode("utf-8", "replace"))]


def passed(token: str, rank: Callable[[str, str], float | None]) -> list[str]:
    """What is merged, in order, when ``token`` is put together from its characters.

    ``rank`` gives a pair's place in the order of merges, or ``None`` if it is not one; of equal
    ones the first in the text goes first. This is how llama.cpp's tokenizers work, too.
    """
    parts = list(token)
    made: list[str] = []
    while len(parts) > 1:
        ranked = [(rank(parts[i], parts[i + 1]), i) for i in range(len(parts) - 1)]
        possible = [(order, i) for order, i in ranked if order is not None]
        if not possible:
            break
        _, at = min(possible)
        parts[at : at + 2] = [parts[at] + parts[at + 1]]
        made.append(parts[at])
    return made


def _is_basic(char: str, wanted: Collection[str]) -> bool:
    script = script_of(char)
    if script:
        return script == "Latn" or script in wanted
    return unicodedata.category(char) in _BASIC


# Punctuation, numbers, spaces, signs of money and arithmetic.
_BASIC = frozenset(
    ["Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Nd", "Nl", "No", "Zs", "Sc", "Sm", "Sk"]
)


def _byte_chars() -> str:
    """The characters that GPT-2's vocabulary writes the bytes 0 to 255 with."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = iter(range(0x100, 0x200))
    return "".join(chr(byte) if byte in shown else chr(next(rest)) for byte in range(256))


BYTE_CHARS = _byte_chars()
_BYTE_OF = {char: byte for byte, char in enumerate(BYTE_CHARS)}


def _readable(token: str) -> str:
    try:
        return bytes(_BYTE_OF[char] for char in token).decode()
    except (KeyError, UnicodeDecodeError):
        return ""


def used(ids: Iterable[Iterable[int]], size: int) -> npt.NDArray[np.int64]:
    """How often each of ``size`` tokens occurs."""
    flat = np.fromiter(chain.from_iterable(ids), dtype=np.int64)
    return np.bincount(flat, minlength=size).astype(np.int64)
