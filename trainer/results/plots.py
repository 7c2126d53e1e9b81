"""The results as pictures."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.results.drawing import COLOURS, INK, SOFT, Plot, available, figure, grid, look
from trainer.results.results import Results
from trainer.results.tables import VERDICTS
from trainer.statistics.agreement import Agreement
from trainer.statistics.data import Estimate
from trainer.statistics.errors import ErrorProfile
from trainer.statistics.wins import WinMatrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROW = 0.42  # inches of a system
_LONGEST_NAME = 34
_FEW = 6  # systems whose names fit beside each other
_MOST_PAIRS = 15  # of systems in one picture
_MOST_KINDS = 16  # of errors in one picture


def plots(results: Results) -> list[Plot]:
    """Those pictures that the ratings are enough for. Drawing one may take a second."""
    if results.empty:
        return []
    study = results.study
    made = [Plot("means", f"Mean {study.scale.title} with 95 % interval", lambda: _means(results))]
    if 0 < len(results.differences) <= _MOST_PAIRS:
        title = f"Difference of two systems in {study.scale.title} with 95 % interval"
        made.append(Plot("differences", title, lambda: _differences(results)))
    if results.wins is not None and len(results.wins.systems) > 1:
        wins = results.wins
        title = "How often the system of the row was preferred to that of the column, in percent"
        made.append(Plot("wins", title, lambda: _wins(wins)))
    if study.protocol == "deliver":
        made.append(Plot("verdicts", "Verdicts, in percent", lambda: _verdicts(results)))
    elif study.protocol != "pairwise":
        title = f"How often each {study.scale.title} was given"
        made.append(Plot("distributions", title, lambda: _distributions(results)))
    profile = results.errors
    if profile is not None and any(rate.count for rate in profile.overall):
        title = "Errors per 1,000 characters with 95 % interval"
        made.append(Plot("errors", title, lambda: _errors(profile, results)))
    if results.places:
        title = (
            f"Effect of the place on the {study.scale.title} with 95 % interval (without bias: 0)"
        )
        made.append(Plot("places", title, lambda: _places(results)))
    elif results.position is not None:
        left = results.position.left_wins
        title = "How often the left one of two was preferred, with 95 % interval, in percent"
        made.append(Plot("places", title, lambda: _left(left)))
    if any(not isnan(agreement.alpha.value) for _, agreement in _agreements(results)):
        title = "Krippendorff's alpha with 95 % interval: 1 is full agreement, 0 is chance"
        made.append(Plot("agreement", title, lambda: _agreement(results)))
    return made


def drawn(results: Results) -> list[tuple[Plot, str]]:
    """The pictures with their SVG; none where matplotlib is not installed."""
    return [(plot, plot.svg()) for plot in plots(results)] if available() else []


def _means(results: Results) -> Figure:
    estimates = {mean.system: mean.estimate for mean in results.means}
    made, axes = figure(0.9 + _ROW * len(estimates))
    _intervals(axes, estimates, results)
    axes.set_xlabel(results.study.scale.title)
    return made


def _differences(results: Results) -> Figure:
    """A row two systems: an interval that reaches 0 leaves open which is better."""
    found = results.differences
    made, axes = figure(0.9 + 1.3 * _ROW * len(found))
    axes.axvline(0, color=INK, linewidth=0.8)
    for row, one in enumerate(found):
        low, high = one.estimate.interval.low, one.estimate.interval.high
        if not isnan(low):
            axes.plot([low, high], [row, row], color=COLOURS[0], linewidth=2)
        axes.plot([one.estimate.value], [row], "o", markersize=8, color=COLOURS[0])
    names = [f"{short(one.a)}\n− {short(one.b)}" for one in found]
    axes.set_yticks(range(len(found)), names)
    axes.set_ylim(len(found) - 0.5, -0.5)
    axes.set_xlabel(f"difference in {results.study.scale.title}")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    grid(axes, "x")
    return made


def _intervals(axes: Any, estimates: dict[str, Estimate], results: Results) -> None:
    """A row a system: a mark at the value on a line from bound to bound, and the number."""
    for row, (system, estimate) in enumerate(estimates.items()):
        style = look(results.study.systems.index(system))
        low, high = estimate.interval.low, estimate.interval.high
        if not isnan(low):
            axes.plot([low, high], [row, row], color=style["color"], linewidth=2)
        axes.plot([estimate.value], [row], markersize=8, linestyle="none", **style)
    axes.set_yticks(range(len(estimates)), [short(name) for name in estimates])
    axes.set_ylim(len(estimates) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    grid(axes, "x")


def _wins(wins: WinMatrix) -> Figure:
    systems = wins.systems
    made, axes = figure(1.0 + 0.6 * len(systems), width=min(7.2, 3.4 + 1.0 * len(systems)))
    for row, a in enumerate(systems):
        for column, b in enumerate(systems):
            share = wins.share(a, b)
            if share is None:
                continue
            # The further from one half, the stronger: blue is a win of the row, orange a loss.
            colour = COLOURS[0] if share > 0.5 else COLOURS[1]
            strength = min(1.0, abs(share - 0.5) * 2)
            cell = (column - 0.5, row - 0.5)
            axes.add_patch(_rectangle(cell, 1, 1, color=colour, alpha=0.08 + 0.52 * strength))
            axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center")
    axes.set_xlim(-0.5, len(systems) - 0.5)
    axes.set_ylim(len(systems) - 0.5, -0.5)
    columns = [short(name, 18) for name in systems]
    slant = 20 if len(systems) <= _FEW else 65
    axes.set_xticks(range(len(systems)), columns, rotation=slant, ha="left")
    axes.set_yticks(range(len(systems)), [short(name) for name in systems])
    axes.xaxis.tick_top()
    _frameless(axes)
    return made


def _distributions(results: Results) -> Figure:
    """A small histogram a system, one above the other, on one scale."""
    study = results.study
    ranked = [mean.system for mean in results.means]
    values = {
        name: np.array([score.value for score in study.scores if score.system == name])
        for name in ranked
    }
    low, high = study.scale.low, study.scale.high
    every = np.concatenate(list(values.values()))
    low = float(every.min()) if low is None else low
    high = float(every.max()) if high is None else high
    edges = np.linspace(low, high if high > low else low + 1, 21)
    counts = {name: np.histogram(of, edges)[0] / max(1, len(of)) for name, of in values.items()}
    tallest = max(float(count.max()) for count in counts.values()) or 1.0
    made, axes = figure(0.9 + 0.7 * len(ranked))
    for row, name in enumerate(ranked):
        colour = look(study.systems.index(name))["color"]
        heights = counts[name] / tallest * 0.82
        axes.bar(
            edges[:-1], heights, np.diff(edges) * 0.92, bottom=-row, align="edge", color=colour
        )
        axes.plot([edges[0], edges[-1]], [-row, -row], color=INK, alpha=0.3, linewidth=0.8)
    axes.set_yticks([-row + 0.3 for row in range(len(ranked))], [short(name) for name in ranked])
    axes.set_ylim(-len(ranked) + 0.95, 1)
    axes.set_xlabel(study.scale.title)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    grid(axes, "x")
    return made


def _verdicts(results: Results) -> Figure:
    """A bar a system, parted by verdict, the best at the left."""
    study = results.study
    ranked = [mean.system for mean in results.means]
    made, axes = figure(1.3 + _ROW * len(ranked))
    colours = (COLOURS[1], COLOURS[3], "#56b4e9", COLOURS[0])
    for row, name in enumerate(ranked):
        given = [int(score.value) for score in study.scores if score.system == name]
        left = 0.0
        for level in (3, 2, 1, 0):
            share = 100 * given.count(level) / len(given)
            label = VERDICTS[level] if row == 0 else None
            axes.barh(row, share, left=left, height=0.62, color=colours[level], label=label)
            if share >= 6:
                ink = "#ffffff" if level == 3 else "#000000"
                place = left + share / 2, row
                axes.text(*place, f"{share:.0f}", ha="center", va="center", color=ink)
            left += share
    axes.set_yticks(range(len(ranked)), [short(name) for name in ranked])
    axes.set_ylim(len(ranked) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.legend(ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
    _frameless(axes)
    return made


def _errors(profile: ErrorProfile, results: Results) -> Figure:
    """A group of rows a kind of error (by severity, then by category), a row a system in it."""
    rates = [*profile.severities, *profile.categories]
    kinds = list(dict.fromkeys((rate.severity, rate.category) for rate in rates))[:_MOST_KINDS]
    systems = [mean.system for mean in results.means]
    step = 1.0 / (len(systems) + 1)
    made, axes = figure(1.3 + (0.2 + 0.2 * len(systems)) * len(kinds))
    for rate in sorted(rates, key=lambda rate: systems.index(rate.system)):
        kind = rate.severity, rate.category
        if kind not in kinds:
            continue
        style = look(results.study.systems.index(rate.system))
        row = kinds.index(kind) + step * (systems.index(rate.system) + 1) - 0.5
        bounds, value = rate.per_thousand.interval, rate.per_thousand.value
        if not isnan(bounds.high):
            axes.plot([bounds.low, bounds.high], [row, row], color=style["color"], linewidth=1.6)
        label = short(rate.system) if kind == kinds[0] else None
        axes.plot([value], [row], markersize=6, linestyle="none", label=label, **style)
    for row in range(1, len(kinds)):
        axes.axhline(row - 0.5, color=INK, alpha=0.15, linewidth=0.6)
    axes.set_yticks(range(len(kinds)), [severity or category for severity, category in kinds])
    axes.set_ylim(len(kinds) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.legend(ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    grid(axes, "x")
    return made


def _places(results: Results) -> Figure:
    made, axes = figure(2.4, width=4.6)
    for bias in results.places:
        low, high = bias.effect.interval.low, bias.effect.interval.high
        if not isnan(low):
            axes.plot([bias.place, bias.place], [low, high], color=COLOURS[0], linewidth=2)
        axes.plot([bias.place], [bias.effect.value], "o", color=COLOURS[0], markersize=8)
    axes.axhline(0, color=INK, alpha=SOFT, linewidth=0.8)
    places = [bias.place for bias in results.places]
    axes.set_xticks(places, [f"place {place + 1}" for place in places])
    axes.set_xlim(min(places) - 0.5, max(places) + 0.5)
    axes.tick_params(axis="x", length=0)
    grid(axes, "y")
    return made


def _left(share: Estimate) -> Figure:
    made, axes = figure(1.1)
    if not isnan(share.interval.low):
        bounds = [100 * share.interval.low, 100 * share.interval.high]
        axes.plot(bounds, [0, 0], color=COLOURS[0], linewidth=2)
    axes.plot([100 * share.value], [0], "o", color=COLOURS[0], markersize=8)
    axes.axvline(50, color=INK, alpha=SOFT, linewidth=0.8)
    axes.set_xlim(0, 100)
    axes.set_ylim(-1, 1)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    grid(axes, "x")
    return made


def _agreements(results: Results) -> list[tuple[str, Agreement]]:
    of = "choices" if results.study.protocol == "pairwise" else "ratings"
    found = [
        (of, results.agreement),
        ("z-scores", results.normalized_agreement),
        ("marked characters", results.marks_agreement),
    ]
    return [(what, agreement) for what, agreement in found if agreement is not None]


def _agreement(results: Results) -> Figure:
    shown = [(what, of.alpha) for what, of in _agreements(results) if not isnan(of.alpha.value)]
    made, axes = figure(0.8 + _ROW * len(shown))
    for row, (_, alpha) in enumerate(shown):
        if not isnan(alpha.interval.low):
            bounds = [alpha.interval.low, alpha.interval.high]
            axes.plot(bounds, [row, row], color=COLOURS[0], linewidth=2)
        axes.plot([alpha.value], [row], "o", color=COLOURS[0], markersize=8)
    axes.axvline(0, color=INK, alpha=SOFT, linewidth=0.8)
    axes.set_yticks(range(len(shown)), [what for what, _ in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(right=1.02)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    grid(axes, "x")
    return made


def short(name: str, longest: int = _LONGEST_NAME) -> str:
    """A system's name as there is room for it."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"


def _rectangle(corner: tuple[float, float], width: float, height: float, **look: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle(corner, width, height, linewidth=0, **look)


def _frameless(axes: Any) -> None:
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.tick_params(length=0)
