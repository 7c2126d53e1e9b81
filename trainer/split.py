"""Which pairs of a corpus go where: whole documents to train, dev and test, and the mix of train.

Everything is decided by hashes of names and texts with a seed, so the same input always gives the
same split, and a document stays where it is when others come or go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from translator.errors import InputError

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
    wanted there. A document that is too large for what is missing stays in train.

    Raises :class:`InputError` if the corpus cannot be split so.
    """
    total = sum(documents.values())
    if 2 * (dev + test) > total and dev + test:
        raise InputError(
            f"{total:,} pairs are too few for {dev:,} in dev and {test:,} in test.",
            "Ask for less with --dev and --test; 0 leaves a part out.",
        )
    parts = dict.fromkeys(documents, TRAIN)
    order = iter(sorted(documents, key=lambda name: (hashed(seed, "split", name), name)))
    for part, wanted in ((DEV, dev), (TEST, test)):
        count = 0
        while count < wanted:
            name = next(order, None)
            if name is None:
                raise InputError(
                    f"No documents are small enough for {wanted:,} pairs in {NAMES[part]}.",
                    "Ask for more pairs, or give the files' documents smaller parts.",
                )
            if count + documents[name] <= max(wanted * _SURPLUS, 1):
                parts[name] = part
                count += documents[name]
    return parts


@dataclass(frozen=True, slots=True)
class Mix:
    """How often the pairs of each group come in train.

    ``temperature`` 1 keeps the groups' sizes, higher ones make them more alike (their shares are
    as ``size ** (1 / temperature)``, as in M. Johnson et al. 2017 and N. Arivazhagan et al. 2019).
    ``limit`` is the number of pairs wanted, 0 for as many as there are. No pair comes more than
    ``repeats`` times.
    """

    temperature: float = 1.0
    limit: int = 0
    repeats: int = 4

    def quotas(self, sizes: Sequence[int], weights: Sequence[float]) -> list[int]:
        """How many pairs of each group are written, repetitions included.

        With no limit the weights are how often a pair comes on average.
        """
        total = sum(sizes)
        if not total:
            return [0 for _ in sizes]
        size = np.array(sizes, np.float64)
        spread = np.where(size > 0, size, 1.0) ** (1.0 / self.temperature) * (size > 0)
        shares = spread * np.array(weights, np.float64)
        if self.temperature != 1.0:
            shares *= total / spread.sum()
        most = size * self.repeats
        if not self.limit or shares.sum() <= 0:
            return [round(float(n)) for n in np.minimum(shares, most)]
        # What a small group cannot give is asked of the others.
        given = np.zeros_like(size)
        free = shares > 0
        limit = float(min(self.limit, most[free].sum()))
        if (shares <= size).all() and shares.sum() <= limit:
            return [round(float(n)) for n in shares]
        while free.any():
            given[free] = shares[free] * (limit - given[~free].sum()) / shares[free].sum()
            over = free & (given > most)
            if not over.any():
                break
            given[over] = most[over]
            free &= ~over
        return _whole(given)


def _whole(values: NDArray[np.float64]) -> list[int]:
    """Rounded so that the sum stays: the largest fractions go up."""
    floor = np.floor(values)
    rest = round(float(values.sum() - floor.sum()))
    order = np.argsort(floor - values, kind="stable")
    floor[order[:rest]] += 1
    return [int(n) for n in floor]


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
