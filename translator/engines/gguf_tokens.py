"""Text to tokens and back, with a vocabulary of llama.cpp."""

from __future__ import annotations

import ctypes
from typing import Any

import llama_cpp as llama

_LONGEST_PIECE = 512  # bytes


def tokenize(vocab: Any, text: str, *, special: bool) -> list[int]:
    """Tokens of ``text``; control tokens are recognised only if ``special``."""
    data = text.encode("utf-8", errors="replace")
    size = len(data) + 8
    buffer = (llama.llama_token * size)()
    count = llama.llama_tokenize(vocab, data, len(data), buffer, size, False, special)
    if count < 0:
        buffer = (llama.llama_token * -count)()
        count = llama.llama_tokenize(vocab, data, len(data), buffer, -count, False, special)
    return list(buffer[:count])


def piece(vocab: Any, token: int) -> bytes:
    """The bytes a token stands for; a control token stands for none."""
    buffer = ctypes.create_string_buffer(_LONGEST_PIECE)
    size = llama.llama_token_to_piece(vocab, token, buffer, len(buffer), 0, False)
    return buffer.raw[: max(size, 0)]
