"""Whether reviewers mark the same places as errors.

Krippendorff's alpha with each character of each output as a unit whose value is how bad it was
marked, or that it was not. That needs no rule for which two marks are "the same", and an output
that both found clean counts as agreement; WMT's span tasks compare by characters too (C. Zerva et
al., "Findings of the Quality Estimation Shared Task at WMT 2024"). An omission is one more
character after the last, as the ``[missing]`` token of error span annotation.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import nan

import numpy as np

from trainer.statistics.agreement import Agreement
from trainer.statistics.data import Estimate, Interval, Looked, Mark, Values, names
from trainer.statistics.resample import sampling, spreads

_KINDS = ("", "minor", "major", "critical")
_Output = tuple[str, str, str]


def span_agreement(
    marks: Sequence[Mark], looked: Sequence[Looked], *, severity: bool = True
) -> Agreement:
    """Nominal alpha by characters; without ``severity`` only whether a place is marked.

    ``looked`` has all outputs that a reviewer went through. The interval leaves out documents.
    """
    readers: dict[_Output, list[Looked]] = defaultdict(list)
    for one in looked:
        readers[one.document, one.segment, one.system].append(one)
    shared = {output: ones for output, ones in readers.items() if len(ones) > 1}
    if not shared:
        note = "no output was marked by two reviewers"
        return Agreement("nominal", 0, Estimate(nan, Interval(nan, nan), 0, 0, 0, note))
    of: dict[tuple[_Output, str], list[Mark]] = defaultdict(list)
    for mark in marks:
        of[(mark.document, mark.segment, mark.system), mark.reviewer].append(mark)
    rows = []
    for output, ones in shared.items():
        labels = np.array([_labels(one.length, of[output, one.reviewer]) for one in ones])
        rows.append(_counts(labels if severity else np.minimum(labels, 1)))
    counts = np.array(rows)

    def statistic(weights: Values) -> Values:
        values, disagreed = weights @ counts[:, :-1], weights @ counts[:, -1]
        total = values.sum(axis=1)
        by_chance = total**2 - (values**2).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Values = np.where(by_chance > 0, 1 - (total - 1) * disagreed / by_chance, np.nan)
        return found[:, None]

    sample = sampling([ones[0] for ones in shared.values()])
    (spread,) = spreads(statistic, replace(sample, reviewers=np.zeros_like(sample.reviewers)))
    found = sample.estimate(spread)
    people = names(one.reviewer for ones in shared.values() for one in ones)
    return Agreement(
        "nominal",
        int(sum(ones[0].length + 1 for ones in shared.values())),
        replace(
            found,
            interval=Interval(found.interval.low, float(np.minimum(1.0, found.interval.high))),
            reviewers=len(people),
            note="one document" if sample.document_count == 1 else "",
        ),
    )


def _labels(length: int, marks: Sequence[Mark]) -> list[int]:
    """How bad each character was marked, the worst of marks that overlap; last, what is missing."""
    found = [0] * (length + 1)
    for mark in marks:
        places = range(max(0, mark.start), min(mark.end, length))
        for place in [length] if mark.start < 0 else places:
            found[place] = max(found[place], _KINDS.index(mark.severity))
    return found


def _counts(labels: Values) -> list[float]:
    """How often each value was given in one output, and how much its values disagree.

    ``labels``: reviewers by characters. Disagreement as in alpha: of each character the ordered
    pairs of different values, over one less than its values.
    """
    people = len(labels)
    given = np.array([(labels == kind).sum(axis=0) for kind in range(len(_KINDS))])
    disagreed = (people**2 - (given**2).sum(axis=0)) / (people - 1)
    return [*given.sum(axis=1).tolist(), float(disagreed.sum())]
