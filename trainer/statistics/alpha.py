"""Krippendorff's alpha: agreement beyond chance of any number of reviewers, with gaps.

K. Krippendorff, "Content Analysis: An Introduction to Its Methodology", 4th edition, 2018, chapter
12. 1 is full agreement, 0 what chance gives. All three levels are one here: the disagreement of two
values is the squared distance of two vectors. A vector is a number (interval), the number's
mid-rank among all values (ordinal: the same as Krippendorff's sum of frequencies between two
ranks), or a 1 among zeros (nominal; that doubles all distances, which cancels).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Literal

import numpy as np

from trainer.statistics.data import Numbers, Values, names, numbered
from trainer.statistics.resample import Statistic

Level = Literal["nominal", "ordinal", "interval"]


def vectors(values: Sequence[Hashable], level: Level) -> Values:
    """The values as vectors (values by dimensions) whose squared distance is the disagreement.

    Numbers for ordinal and interval; anything for nominal.
    """
    if level == "nominal":
        kinds = names(values)
        flags: Values = np.eye(len(kinds))[numbered(values, kinds)]
        return flags
    column = np.array(values, dtype=np.float64)
    if level == "ordinal":
        _, place, times = np.unique(column, return_inverse=True, return_counts=True)
        column = (np.cumsum(times) - times / 2)[place]
    centred: Values = column - column.mean()
    return centred[:, None]


def alpha_statistic(units: Numbers, points: Values) -> Statistic:
    """Alpha as a statistic of the values; ``units`` says of what each value is.

    ``nan`` where no unit has two values, or all values are the same.
    """
    order = np.argsort(units, kind="stable")
    starts = np.unique(units[order], return_index=True)[1]
    points = points[order]
    squares = (points**2).sum(axis=1)

    def statistic(weights: Values) -> Values:
        weights = weights[:, order]
        sizes = np.add.reduceat(weights, starts, axis=1)
        pairable = sizes > 1
        of = np.repeat(pairable, np.diff([*starts, len(order)]), axis=1)
        weights = weights * of
        total = weights.sum(axis=1)
        inside = np.zeros(len(weights))
        overall = total * (weights @ squares) - ((weights @ points) ** 2).sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.where(pairable, 1 / (sizes - 1), 0)
            inside += (sizes * np.add.reduceat(weights * squares, starts, axis=1) * share).sum(
                axis=1
            )
            for column in points.T:
                sums = np.add.reduceat(weights * column, starts, axis=1)
                inside -= (sums**2 * share).sum(axis=1)
            found = np.where(
                (total > 1) & (overall > 1e-12), 1 - (total - 1) * inside / overall, np.nan
            )
        return found[:, None]

    return statistic


def alpha(table: Sequence[Sequence[Hashable | None]], level: Level) -> float:
    """Alpha of a table of reviewers by units; ``None`` where a reviewer skipped a unit.

    ``nan`` where no unit was judged twice, or nobody saw a difference between any two.
    """
    found = [
        (unit, value)
        for row in table
        for unit, value in enumerate(row)
        if value is not None and sum(other[unit] is not None for other in table) > 1
    ]
    if not found:
        return float("nan")
    units = np.array([unit for unit, _ in found])
    points = vectors([value for _, value in found], level)
    return float(alpha_statistic(units, points)(np.ones((1, len(found))))[0, 0])
