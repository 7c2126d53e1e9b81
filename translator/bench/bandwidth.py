"""How fast this machine reads memory: the limit of decoding one sequence."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np

_BYTES = 256 << 20  # for each thread: far more than any cache
_REPEATS = 4


def read_bandwidth(threads: int) -> float:
    """Bytes a second that so many threads read together (the best of a few)."""
    arrays = [np.ones(_BYTES // 4, dtype=np.float32) for _ in range(threads)]
    best = 0.0
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(_REPEATS):
            start = time.monotonic()
            list(pool.map(np.max, arrays))  # numpy lets go of the interpreter's lock
            best = max(best, threads * _BYTES / (time.monotonic() - start))
    return best
