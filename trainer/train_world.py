"""The processes that share a training; one alone is the usual case."""

from __future__ import annotations

import os
from typing import Any, TypeVar

import torch

Value = TypeVar("Value")


def size() -> int:
    """How many processes there are."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def rank() -> int:
    """The number of this one, from 0. The first one writes into the run folder."""
    return int(os.environ.get("RANK", "0"))


def is_first() -> bool:
    """Whether this process speaks for all."""
    return rank() == 0


def of_first(value: Value) -> Value:
    """What the first process has, for all: where each sees the world at another moment."""
    if not _together():
        return value
    values: list[Any] = [value]
    torch.distributed.broadcast_object_list(values, src=0)
    found: Value = values[0]
    return found


def gathered(value: Value) -> list[Value]:
    """What each process has, by their numbers."""
    if not _together():
        return [value]
    values: list[Any] = [None] * size()
    torch.distributed.all_gather_object(values, value)
    return values


def leave() -> None:
    """Part, when all processes have come this far.

    Threads of a group that is still open can abort a process that ends.
    """
    if _together():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def _together() -> bool:
    return bool(torch.distributed.is_available() and torch.distributed.is_initialized())
