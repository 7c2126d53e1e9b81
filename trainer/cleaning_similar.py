"""Near-duplicates: pairs that say the same in nearly the same letters.

MinHash with banding (A. Broder, "On the resemblance and containment of documents", 1997; banding
as in J. Leskovec, A. Rajaraman, J. Ullman, "Mining of Massive Datasets", ch. 3) proposes
candidates; the exact Jaccard similarity of their runs of four letters decides. Both sides of a
pair count, so another translation of the same source is no duplicate.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_GRAM = 4  # letters
_BANDS, _ROWS = 5, 4
_SIGNS = re.compile(r"[\W_]+")
_COMPARED = 8  # of the earlier pairs of a bucket: boilerplate must not cost its square

_random = np.random.default_rng(20240607)
_FACTORS: Hashes = _random.integers(1, 1 << 63, (_BANDS * _ROWS,), dtype=np.uint64) * 2 + 1
_PLACES: Hashes = _random.integers(1, 1 << 63, (_GRAM,), dtype=np.uint64) * 2 + 1
_MIX = np.uint64(0x9E3779B97F4A7C15)


def letters(source: str, target: str) -> str:
    """What is compared: letters and digits only, without case."""
    return _SIGNS.sub("", source.casefold()) + "\0" + _SIGNS.sub("", target.casefold())


def signatures(texts: Sequence[str]) -> Hashes:
    """A row for each text (see :func:`letters`): a hash for each band of its MinHash."""
    if not texts:
        return np.empty((0, _BANDS), np.uint64)
    joined = "".join(texts) + "\0" * (_GRAM - 1)
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint64)
    size = len(codes) - _GRAM + 1
    # A run may reach into the next text: then it is a mark of nothing and is cut off below.
    grams = np.zeros(size, np.uint64)
    for place, factor in enumerate(_PLACES):
        grams += codes[place : place + size] * factor
    grams = _mixed(grams)
    ends = np.cumsum([len(text) for text in texts])
    starts = np.concatenate(([0], ends[:-1]))
    # Texts of fewer than four letters have one run, which is theirs and the next one's.
    last = np.maximum(ends - _GRAM + 1, starts + 1)
    bounds = np.stack([starts, last], axis=1).ravel()
    if bounds[-1] == size:
        bounds = bounds[:-1]
    minima = np.empty((len(texts), _BANDS * _ROWS), np.uint64)
    for column, factor in enumerate(_FACTORS):
        minima[:, column] = np.minimum.reduceat(grams * factor, bounds)[::2]
    bands = np.zeros((len(texts), _BANDS), np.uint64)
    for row in range(_ROWS):
        bands = _mixed(bands * _MIX + minima[:, row::_ROWS])
    return bands


def _mixed(values: Hashes) -> Hashes:
    """Every bit of the result depends on the bits above it (an xor-shift and a product)."""
    values = values ^ (values >> np.uint64(29))
    values *= _MIX
    values ^= values >> np.uint64(32)
    return values


def near_duplicates(
    bands: Hashes, least: float, text_of: Callable[[int], str]
) -> Iterator[tuple[int, int]]:
    """Pairs to remove, each with the earlier one it resembles by ``least`` (Jaccard) or more.

    ``bands`` are the signatures in order, ``text_of`` gives the :func:`letters` of a row again.
    """

    @lru_cache(maxsize=4096)
    def grams(index: int) -> frozenset[str]:
        text = text_of(index)
        return frozenset(text[i : i + _GRAM] for i in range(max(1, len(text) - _GRAM + 1)))

    gone: set[int] = set()
    for band in range(bands.shape[1]):
        column = bands[:, band]
        order = np.argsort(column, kind="stable")
        ranked = column[order]
        cuts = np.flatnonzero(np.diff(ranked)) + 1
        sizes = np.diff(np.concatenate(([0], cuts, [len(ranked)])))
        starts = np.concatenate(([0], cuts))
        for start, size in zip(starts[sizes > 1], sizes[sizes > 1], strict=True):
            leaders: deque[int] = deque(maxlen=_COMPARED)
            for index in map(int, order[start : start + size]):
                if index in gone:
                    continue
                mine = grams(index)
                for leader in leaders:
                    shared = len(mine & grams(leader))
                    if shared >= least * (len(mine) + len(grams(leader)) - shared):
                        gone.add(index)
                        yield index, leader
                        break
                else:
                    leaders.append(index)
