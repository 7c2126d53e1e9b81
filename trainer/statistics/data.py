"""The observations that all statistics start from.

Ids are any strings. A segment is known by its document and its own id together, so segment ids need
to be unique in a document only. Repeats, spoiled items and tutorial items are no observations of
quality: they come as ``Repeat`` and ``Spoiled`` or stay out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Numbers = NDArray[np.int64]

LEVEL = 0.05  # p-values below it count as significant; intervals hold 95 %
RESAMPLES = 2000  # behind every resampled interval
SEED = 12345


@dataclass(frozen=True, slots=True)
class Score:
    """One reviewer's number for one system's output: the higher the better.

    ``place`` is where the output stood, 0 for the leftmost; ``None`` where it stood alone.
    """

    document: str
    segment: str
    system: str
    reviewer: str
    value: float
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Preference:
    """One choice between two outputs, ``first`` shown to the left of ``second`` (systems' ids).

    ``winner`` is one of the two, or ``None`` for a tie; ``both_bad`` says why a tie was one.
    """

    document: str
    segment: str
    reviewer: str
    first: str
    second: str
    winner: str | None
    both_bad: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """One error marked in an output of ``length`` code points: ``[start, end)``.

    ``start`` and ``end`` are -1 where something is missing: the mark is of the whole output.
    """

    document: str
    segment: str
    system: str
    reviewer: str
    start: int
    end: int
    severity: str  # "minor", "major" or "critical"
    category: str  # of the MQM typology, or empty
    length: int


@dataclass(frozen=True, slots=True)
class Looked:
    """One output that a reviewer looked through for errors, whether or not any was marked.

    Without these, an output without errors and one that nobody read would look alike.
    """

    document: str
    segment: str
    system: str
    reviewer: str
    length: int  # code points of the output


@dataclass(frozen=True, slots=True)
class Repeat:
    """The two scores that one reviewer gave to the same output at two times."""

    reviewer: str
    system: str
    first: float
    second: float


@dataclass(frozen=True, slots=True)
class Spoiled:
    """The scores of a reviewer for an output and for its copy that was spoiled on purpose."""

    reviewer: str
    how: str  # what was done: "number", "deletion", …
    intact: float
    spoiled: float


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of attention that a reviewer gave to an item."""

    reviewer: str
    document: str
    segment: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Interval:
    """Bounds of a 95 % interval; ``nan`` where the data can't bound it (see ``Estimate.note``)."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, how sure it is, and from how much it comes. ``note`` says what limits it."""

    value: float
    interval: Interval
    documents: int
    reviewers: int
    count: int  # observations
    note: str = ""


class Observed(Protocol):
    """What ``Score``, ``Mark``, ``Looked`` and ``Timing`` share."""

    @property
    def document(self) -> str: ...
    @property
    def segment(self) -> str: ...
    @property
    def reviewer(self) -> str: ...


Name = TypeVar("Name", bound=Hashable)


def names(values: Iterable[Name]) -> list[Name]:
    """The different values, in order of first appearance."""
    return list(dict.fromkeys(values))


def numbered(values: Iterable[Name], among: Sequence[Name]) -> Numbers:
    """The place of each value in ``among``."""
    place = {name: number for number, name in enumerate(among)}
    return np.array([place[value] for value in values], dtype=np.int64)
