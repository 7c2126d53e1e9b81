"""How many more documents it takes to tell two systems apart.

The difference seen so far is taken as the true one, its variance per document as that of documents
to come. The variance between reviewers stays: more documents don't lessen it. J. Cohen,
"Statistical Power Analysis for the Behavioral Sciences", 1988; D. Card et al., "With Little Power
Comes Great Responsibility", 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan, sqrt

from trainer.evaluate_significance import holm
from trainer.statistics.data import LEVEL, Score
from trainer.statistics.means import Difference, differences

POWER = 0.8  # chance to find the difference
MOST = 10_000  # documents; more is "never"
LOOK = (
    "Looking again and again until a difference is significant finds differences that aren't "
    "there: fix the number of documents now, and decide at the lock."
)


@dataclass(frozen=True, slots=True)
class Needed:
    """Documents to separate ``a`` from ``b`` with 80 % power at the corrected level.

    ``more`` is 0 where they are separated, ``None`` where no number of documents would do it:
    then reviewers differ too much, and more of them are needed. ``few`` and ``many`` are the same
    number if the difference is in truth one standard error larger or smaller than it looks.
    """

    a: str
    b: str
    documents: int  # so far
    more: int | None
    few: int | None
    many: int | None

    @property
    def sentence(self) -> str:
        """In words, without the names of the systems."""
        if self.more == 0:
            return "Told apart already."
        if self.more is None:
            return "More documents alone won't tell them apart; more reviewers may."
        most = f"{self.many}" if self.many is not None else "any number"
        return f"About {self.more} more documents (between {self.few} and {most})."


def documents_needed(scores: Sequence[Score], *, normalized: bool = False) -> list[Needed]:
    """What is missing for each two systems, the most different pair first.

    Empty with one document, which tells nothing of how much documents differ.
    """
    if len({score.document for score in scores}) < 2:
        return []
    found = differences(scores, normalized=normalized)
    found = [one for one in found if not isnan(one.p_value)]
    adjusted = holm([one.p_value for one in found])
    return [
        _needed(one, LEVEL / len(found), separated=chance < LEVEL)
        for one, chance in zip(found, adjusted, strict=True)
    ]


def _needed(one: Difference, level: float, *, separated: bool) -> Needed:
    seen, spread = one.estimate.documents, one.spread
    counts = [
        documents(
            max(value, 0.0),
            spread.by_documents * seen,
            spread.by_reviewers,
            one.estimate.reviewers,
            level,
        )
        for value in (spread.value, spread.value + spread.error, spread.value - spread.error)
    ]
    if separated:
        return Needed(one.a, one.b, seen, 0, 0, 0)
    more, few, many = (None if count is None else max(1, count - seen) for count in counts)
    return Needed(one.a, one.b, seen, more, few, many)


def documents(
    difference: float, by_document: float, by_reviewers: float, reviewers: int, level: float
) -> int | None:
    """The least number of documents that finds a difference with 80 % power; ``None``: none does.

    ``by_document`` is the variance of one document's difference, ``by_reviewers`` that part of the
    variance that ``reviewers`` reviewers add however many documents they see. The test is that of
    ``resample``, with its degrees of freedom.
    """
    from scipy import special

    def enough(count: int) -> bool:
        part = by_document / count
        variance = part + by_reviewers
        if variance == 0:
            return difference > 0
        loss = part**2 / (count - 1) + by_reviewers * variance / max(1, reviewers - 1)
        freedom = max(1.0, variance**2 / loss)
        limit = float(special.stdtrit(freedom, 1 - level / 2))
        missed = float(special.nctdtr(freedom, difference / sqrt(variance), limit))
        return missed <= 1 - POWER

    low, high = 1, 2
    while not enough(high):
        low, high = high, 2 * high
        if low >= MOST:
            return None
    while high - low > 1:
        middle = ceil((low + high) / 2)
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
