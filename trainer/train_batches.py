"""Rows of a dataset as the tensors of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer.dataset_examples import IGNORED
from trainer.train_plan import Numbers

Batch = dict[str, torch.Tensor]

_ROUND = 8  # lengths are multiples of it: fewer different shapes, for which kernels are prepared


class InOrder(torch.utils.data.Sampler):  # type: ignore[misc]
    """Gives the examples in an order that was decided before."""

    def __init__(self, order: Numbers) -> None:
        self._order = order

    def __iter__(self) -> Iterator[int]:
        return (int(number) for number in self._order)

    def __len__(self) -> int:
        return len(self._order)


Collate = Callable[[Sequence[dict[str, Any]]], Batch]


class Placed(torch.utils.data.Dataset):  # type: ignore[misc]
    """Rows that know their place in a dataset."""

    def __init__(self, rows: Any) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, place: int) -> dict[str, Any]:
        return {**self._rows[place], "place": place}


@dataclass(frozen=True, slots=True)
class PlacedBatch:
    """A batch that knows the places of its rows in a dataset, as ``place``."""

    collate: Collate

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Batch:
        """As the batch inside."""
        return self.collate(rows) | {"place": torch.tensor([row["place"] for row in rows])}


@dataclass(frozen=True, slots=True)
class PairBatch:
    """Pairs as one batch: all preferred translations, then all rejected ones."""

    collate: Collate

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Batch:
        """``place`` is that of the pairs."""
        both = [row[name] for name in ("chosen", "rejected") for row in rows]
        return self.collate(both) | {"place": torch.tensor([row["place"] for row in rows])}


@dataclass(frozen=True, slots=True)
class CausalBatch:
    """Puts prompt and translation into one row, filled up on the right.

    There is no attention mask: a token sees only what is before it, so it never sees the filling.
    In packed rows the positions begin again with each example, which keeps them apart.
    """

    pad: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Batch:
        """``labels`` are -100 on the prompt and the filling."""
        batch = {
            "input_ids": padded([row["input_ids"] for row in rows], self.pad),
            "labels": padded([row["labels"] for row in rows], IGNORED),
        }
        if "position_ids" in rows[0]:
            width = batch["input_ids"].shape[1]
            positions = [
                [*row["position_ids"], *range(width - len(row["position_ids"]))] for row in rows
            ]
            batch["position_ids"] = torch.tensor(positions)
        return batch


@dataclass(frozen=True, slots=True)
class EncoderDecoderBatch:
    """The prompt for the encoder; the decoder sees the labels one place to the right."""

    pad: int
    start: int

    def __call__(self, rows: Sequence[dict[str, Any]]) -> Batch:
        """``labels`` are -100 on the filling."""
        ids = padded([row["input_ids"] for row in rows], IGNORED)
        labels = padded([row["labels"] for row in rows], IGNORED)
        before = labels.roll(1, dims=1)
        before[:, 0] = self.start
        return {
            "input_ids": ids.masked_fill(ids == IGNORED, self.pad),
            "attention_mask": (ids != IGNORED).long(),
            "decoder_input_ids": before.masked_fill(before == IGNORED, self.pad),
            "labels": labels,
        }


def padded(rows: Sequence[Sequence[int]], value: int, *, left: bool = False) -> torch.Tensor:
    """Rows of like length, filled up with a value (``left``: at the beginning)."""
    width = -(-max(map(len, rows)) // _ROUND) * _ROUND
    filled = [
        [value] * (width - len(row)) * left + list(row) + [value] * (width - len(row)) * (not left)
        for row in rows
    ]
    return torch.tensor(filled)
