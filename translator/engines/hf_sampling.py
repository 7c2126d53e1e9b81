"""The next token of each row, chosen as llama.cpp's chain of samplers does.

Penalty of repeated tokens, the ``top_k`` likeliest, the likeliest that make up ``top_p``, those
at least ``min_p`` times as likely as the first, temperature, then a draw. Each sequence draws
from a random stream of its own, so neighbours never change it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from translator.types import Sampling

_REMEMBERED = 64  # tokens of the reply that a penalty looks back


@dataclass(slots=True)
class Choice:
    """How one sequence chooses. ``new`` are its tokens so far, the engine's own list."""

    sampling: Sampling
    request_id: str
    new: list[int]
    _random: Any = field(default=None, repr=False)

    def draw(self) -> float:
        """The next number of this sequence's stream, from 0 up to 1."""
        if self._random is None:
            self._random = torch.Generator()
            self._random.manual_seed(_seed(self.sampling.seed, self.request_id))
        return float(torch.rand((), generator=self._random, dtype=torch.float64))


def choose(logits: Any, choices: Sequence[Choice]) -> list[int]:
    """A token for each row of ``logits``, shape [rows, vocabulary]; -1: its numbers are broken."""
    _penalize(logits, choices)
    best, tokens = logits.max(dim=-1)
    tokens = torch.where(best.isfinite(), tokens, -1)
    drawing = [row for row, choice in enumerate(choices) if choice.sampling.temperature > 0]
    if drawing:
        rows = torch.tensor(drawing, device=logits.device)
        drawn = _draw(logits[rows].float(), [choices[row] for row in drawing])
        tokens[rows] = torch.where(tokens[rows] < 0, tokens[rows], drawn)
    result: list[int] = tokens.tolist()
    return result


def _penalize(logits: Any, choices: Sequence[Choice]) -> None:
    """Make the last tokens of a reply less likely, for the rows that want it, all at once."""
    wanting = [
        row
        for row, choice in enumerate(choices)
        if choice.sampling.repetition_penalty != 1.0 and choice.new
    ]
    if not wanting:
        return
    recent = [choices[row].new[-_REMEMBERED:] for row in wanting]
    width = max(map(len, recent))
    # Filled up with a token that is there anyway: each gets its new value any number of times.
    filled = [ids + ids[:1] * (width - len(ids)) for ids in recent]
    places = torch.tensor(filled, device=logits.device)
    rows = torch.tensor(wanting, device=logits.device)[:, None]
    strengths = [choices[row].sampling.repetition_penalty for row in wanting]
    penalty = torch.tensor(strengths, device=logits.device, dtype=logits.dtype)[:, None]
    values = logits[rows, places]
    logits[rows, places] = torch.where(values > 0, values / penalty, values * penalty)


def _draw(logits: Any, choices: Sequence[Choice]) -> Any:
    """The drawn token of each row, all rows at once."""

    def column(values: Sequence[float]) -> Any:
        return torch.tensor(values, device=logits.device, dtype=logits.dtype)[:, None]

    size = logits.shape[1]
    counts = [choice.sampling.top_k if choice.sampling.top_k > 0 else size for choice in choices]
    values, tokens = logits.topk(min(max(counts), size), dim=-1)
    places = torch.arange(values.shape[1], device=logits.device)[None, :]
    values = values.masked_fill(places >= column(counts), -torch.inf)
    shares = values.softmax(dim=-1)
    before = shares.cumsum(dim=-1) - shares
    keep = (before < column([choice.sampling.top_p for choice in choices])) & (
        shares >= shares[:, :1] * column([choice.sampling.min_p for choice in choices])
    )
    keep[:, 0] = True
    values = values.masked_fill(~keep, -torch.inf)
    shares = (values / column([choice.sampling.temperature for choice in choices])).softmax(dim=-1)
    sums = shares.cumsum(dim=-1)
    targets = column([choice.draw() for choice in choices]) * sums[:, -1:]
    drawn = torch.searchsorted(sums, targets, right=True).clamp(max=values.shape[1] - 1)
    return tokens.gather(1, drawn)[:, 0]


def _seed(seed: int, request_id: str) -> int:
    digest = hashlib.blake2b(f"{seed}\0{request_id}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")
