"""The cells of the alignment table that are looked at: a band around a path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trainer.align_text import Ints


@dataclass(frozen=True)
class Band:
    """Row ``i`` (so many source sentences are aligned) holds the target positions ``low[i]`` to
    ``high[i]``, both included. Both bounds never fall from one row to the next."""

    low: Ints
    high: Ints

    def landing(self, i: int, a: int, b: int, count: int) -> tuple[slice, slice]:
        """Which of the first ``count`` cells of row ``i`` stay in the band after a step of ``a``
        rows and ``b`` columns, and where in that row they land."""
        start = int(self.low[i] + b - self.low[i + a])
        end = min(start + count, int(self.high[i + a] - self.low[i + a]) + 1)
        skip = max(0, -start)
        return slice(skip, end - start), slice(start + skip, end)

    def turned(self, m: int) -> Band:
        """The same cells with rows and columns exchanged."""
        columns = np.arange(m + 1)
        first = np.searchsorted(self.high, columns, "left")
        last = np.searchsorted(self.low, columns, "right") - 1
        return Band(first, last)


def around(path: Sequence[tuple[int, int]], n: int, m: int, radius: int) -> Band:
    """All cells near a path from (0, 0) to (n, m): ``radius`` rows up and down, and columns left
    and right."""
    first = np.full(n + 1, m)
    last = np.zeros(n + 1, np.int64)
    for (i, j), (x, y) in pairwise(path):
        first[i : x + 1] = np.minimum(first[i : x + 1], j)
        last[i : x + 1] = np.maximum(last[i : x + 1], y)
    rows = np.arange(n + 1)
    low = np.maximum(first[np.maximum(rows - radius, 0)] - radius, 0)
    high = np.minimum(last[np.minimum(rows + radius, n)] + radius, m)
    return Band(low, high)


def diagonal(n: int, m: int, radius: int) -> Band:
    """The cells near the straight line from one end to the other."""
    centre = np.arange(n + 1) * m // max(1, n)
    return Band(np.maximum(centre - radius, 0), np.minimum(centre + radius, m))
