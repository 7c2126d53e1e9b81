"""New tokens of many replies to text, whole characters only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_WINDOW = 12  # tokens that are decoded together
_BROKEN = "\ufffd"  # how a character that is not all there yet decodes


@dataclass(slots=True)
class Tail:
    """The last tokens of a reply. ``given``: the part of their text that was given out."""

    ids: list[int] = field(default_factory=list)
    given: str = ""
    settled: int = 0  # so many of ``ids`` were there when text was last given out


class Detokenizer:
    """Turns tokens into text as they come, with a tokenizer of transformers.

    A token's text depends on its neighbours (spaces, characters in pieces), so the last few are
    decoded together each time, and what is new of their text is given out.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._backend = tokenizer.backend_tokenizer if tokenizer.is_fast else None

    def add(self, tails: Sequence[Tail], tokens: Sequence[int]) -> list[str]:
        """Add a token to each reply; returns each one's new text."""
        for tail, token in zip(tails, tokens, strict=True):
            tail.ids.append(token)
        new: list[str] = []
        long: list[Tail] = []
        for tail, text in zip(tails, self._decode([tail.ids for tail in tails]), strict=True):
            if text.endswith(_BROKEN):
                new.append("")
                continue
            new.append(text[len(tail.given) :])
            tail.given = text
            if len(tail.ids) > _WINDOW and tail.settled:
                tail.ids = tail.ids[tail.settled :]
                long.append(tail)
            tail.settled = len(tail.ids)
        for tail, text in zip(long, self._decode([tail.ids for tail in long]), strict=True):
            tail.given = text
        return new

    def rest(self, tail: Tail) -> str:
        """What is left at the end of a reply: a piece of a character shows as such."""
        return self._decode([tail.ids])[0][len(tail.given) :] if tail.ids else ""

    def _decode(self, lists: list[list[int]]) -> list[str]:
        if not lists:
            return []
        if self._backend is not None:
            texts: list[str] = self._backend.decode_batch(lists, skip_special_tokens=True)
            return texts
        return [
            self._tokenizer.decode(
                ids, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
            for ids in lists
        ]
