"""Which pairs of a corpus go where: whole documents to train, dev and test, and the mix of train.

Everything is decided by hashes of names and texts with a seed, so the same input always gives the
same split, and a document stays where it is when others come or go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
TRAIN, DEV, TEST = 0, 1, 2
NAMES = ("train", "dev", "test")
_SURPLUS = 1.25  # how far a part may grow past its size with its last document


def hashed(*parts: object) -> int:
    """A number of 64 bits that depends on nothing but the parts."""
    data = "\0".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def split(documents: Mapping[str, int], dev: int, test: int, seed: int) -> dict[str, int]:
    """The part of each document (:data:`TRAIN`, :data:`DEV` or :data:`TEST`).

    ``documents`` has the number of pairs of each; ``dev`` and ``test`` are how many pairs are
    wanted there. A document that is too large for what is missing stays in train, so a part may
    end up smaller, or empty where all is one document.
    """
    parts = dict.fromkeys(documents, TRAIN)
    free = sorted(documents, key=lambda name: (hashed(seed, "split", name), name))
    for part, wanted in ((DEV, dev), (TEST, test)):
        count = 0
        for name in free:
            if count < wanted and count + documents[name] <= max(wanted * _SURPLUS, 1):
                parts[name] = part
                count += documents[name]
        free = [name for name in free if parts[name] == TRAIN]
    return parts


def tempered(sizes: Mapping[str, int], temperature: float) -> dict[str, float]:
    """How often the pairs of each group come on average so that sizes become more alike.

    The shares are as ``size ** (1 / temperature)`` (as in N. Arivazhagan et al., "Massively
    Multilingual Neural Machine Translation in the Wild", 2019): 1 keeps them. The sum stays.
    """
    powers = {name: size ** (1.0 / temperature) for name, size in sizes.items() if size}
    scale = sum(sizes.values()) / sum(powers.values()) if powers else 0.0
    return {name: powers[name] * scale / sizes[name] for name in powers}


def quotas(sizes: Sequence[int], weights: Sequence[float], limit: int, repeats: int) -> list[int]:
    """How many pairs of each group are written, repetitions included.

    ``weights`` say how often a pair of each group comes on average. A ``limit`` (0: none) takes
    from all groups alike. No pair comes more than ``repeats`` times; with a limit, what a small
    group cannot give is asked of the others.
    """
    size = np.array(sizes, np.float64)
    shares = size * np.array(weights, np.float64)
    most = size * repeats
    wanted = np.minimum(shares, most)
    if limit and wanted.sum() > limit:
        wanted = np.zeros_like(size)
        free = shares > 0
        while free.any():
            wanted[free] = shares[free] * (limit - wanted[~free].sum()) / shares[free].sum()
            over = free & (wanted > most)
            if not over.any():
                break
            wanted[over] = most[over]
            free &= ~over
    return _whole(wanted)


def _whole(values: NDArray[np.float64]) -> list[int]:
    """Rounded so that the sum stays: the largest fractions go up."""
    floor = np.floor(values)
    rest = round(float(values.sum() - floor.sum()))
    order = np.argsort(floor - values, kind="stable")
    floor[order[:rest]] += 1
    return [int(n) for n in floor]


def shuffled(keys: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Other numbers for the same pairs, in another order for each seed."""
    salt = np.uint64(hashed(seed, "mix"))
    return ((keys ^ salt) * np.uint64(0x9E3779B97F4A7C15)) ^ (salt >> np.uint64(1))


def times(groups: Counts, keys: NDArray[np.uint64], quotas: Sequence[int]) -> Counts:
    """How often each pair is written, given its group and a hash of its own.

    Within a group the numbers differ by one at most; the smallest hashes get the surplus.
    """
    result = np.zeros(len(groups), np.int64)
    for group, quota in enumerate(quotas):
        members = np.flatnonzero(groups == group)
        if not len(members):
            continue
        every, rest = divmod(quota, len(members))
        result[members] = every
        result[members[np.argsort(keys[members], kind="stable")[:rest]]] += 1
    return result
