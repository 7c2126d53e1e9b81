"""Line charts as HTML: curves in an SVG that stretches, words and dots around it that do not.

Colours come from the page's variables (``assets/train.css``), so a chart follows dark and light.
What a point says is shown while the pointer is over its strip.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from translator.tabs import views

Point = tuple[float, float]
_MOST = 240  # points of one curve
_STRIPS = 120  # places that say their values
_TICKS = 5


@dataclass(frozen=True, slots=True)
class Series:
    """A curve. ``kind`` is a class of the style sheet: "one", "two" (with dots) or "faint"."""

    name: str
    points: Sequence[Point]
    kind: str = "one"


@dataclass(frozen=True, slots=True)
class Mark:
    """A vertical line at an x with a word."""

    x: float
    label: str


def chart(
    title: str,
    series: Iterable[Series],
    *,
    end: float = 0.0,
    marks: Sequence[Mark] = (),
    say: Callable[[float], str] = lambda value: f"{value:.4g}",
    from_zero: bool = False,
    empty: str = "",
) -> str:
    """A figure of curves over training steps.

    ``end`` is the last step of the x axis (at least that of the last point), ``say`` writes a
    value, ``from_zero`` starts the y axis at 0, ``empty`` is shown while there is no point.
    """
    drawn = [Series(one.name, _finite(one.points), one.kind) for one in series]
    drawn = [one for one in drawn if one.points]
    head = f"<figcaption><strong>{views.escape(title)}</strong>{_legend(drawn, say)}</figcaption>"
    if not drawn:
        return (
            f'<figure class="v-chart">{head}<div class="v-plot v-plot-empty">'
            f"<p>{views.escape(empty)}</p></div></figure>"
        )
    last = max(max(x for x, _ in one.points) for one in drawn)
    frame = _Frame.around(drawn, max(end, last, 1.0), from_zero)
    paths = "".join(
        f'<polyline class="v-curve v-{one.kind}" points="{_path(one.points, frame)}"/>'
        for one in drawn
    )
    lines = "".join(
        f'<line class="v-grid" x1="0" x2="100" y1="{frame.down(y):.2f}" y2="{frame.down(y):.2f}"/>'
        for y in frame.ticks
    ) + "".join(
        f'<line class="v-mark-line" y1="0" y2="100" x1="{frame.right(mark.x):.2f}" '
        f'x2="{frame.right(mark.x):.2f}"/>'
        for mark in marks
        if mark.x <= frame.end
    )
    words = "".join(
        f'<span class="v-tick-y" style="top:{frame.down(y):.2f}%">{_round(y, say)}</span>'
        for y in frame.ticks
    )
    words += "".join(
        f'<span class="v-mark-word{" v-left" if frame.right(mark.x) > 60 else ""}" '
        f'style="left:{frame.right(mark.x):.2f}%">{views.escape(mark.label)}</span>'
        for mark in marks
        if mark.x <= frame.end
    )
    words += "".join(
        f'<span class="v-tick-x" style="left:{frame.right(x):.2f}%">{x:,.0f}</span>'
        for x in _ticks(0, frame.end)
    )
    dots = "".join(
        f'<i class="v-point v-{one.kind}" style="left:{frame.right(x):.2f}%;'
        f'top:{frame.down(y):.2f}%"></i>'
        for one in drawn
        if one.kind == "two" or len(one.points) == 1
        for x, y in one.points[-_MOST:]
    )
    return (
        f'<figure class="v-chart" role="img" aria-label="{views.escape(_spoken(title, drawn, say))}'
        f'">{head}<div class="v-plot"><svg viewBox="0 0 100 100" preserveAspectRatio="none" '
        f'aria-hidden="true">{lines}{paths}</svg>{dots}{words}{_strips(drawn, frame, say)}'
        "</div></figure>"
    )


def smooth(points: Sequence[Point], share: float = 0.9) -> list[Point]:
    """An exponential moving average, corrected for its start (as in Adam's moments)."""
    kept, weight, smoothed = 0.0, 0.0, []
    for x, y in points:
        kept = share * kept + (1 - share) * y
        weight = share * weight + (1 - share)
        smoothed.append((x, kept / weight))
    return smoothed


@dataclass(frozen=True, slots=True)
class _Frame:
    """The ranges shown; places in percent of the plot."""

    end: float
    low: float
    high: float
    ticks: tuple[float, ...]

    @classmethod
    def around(cls, series: Sequence[Series], end: float, from_zero: bool) -> _Frame:
        values = [y for one in series for _, y in one.points]
        low, high = (0.0 if from_zero else min(values)), max(values)
        if high - low < 1e-12:
            room = abs(high) * 0.1 or 1.0
            low, high = (low if from_zero else low - room), high + room
        room = (high - low) * 0.06
        low, high = (low if from_zero else low - room), high + room
        return cls(end, low, high, _ticks(low, high))

    def right(self, x: float) -> float:
        return 100 * min(max(x / self.end, 0.0), 1.0)

    def down(self, y: float) -> float:
        return 100 * (self.high - y) / (self.high - self.low)


def _finite(points: Sequence[Point]) -> list[Point]:
    return [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)]


def _ticks(low: float, high: float) -> tuple[float, ...]:
    """Round numbers within a range, about ``_TICKS`` of them."""
    rough = (high - low) / _TICKS
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return tuple((first + n) * step for n in range(count))


def _round(value: float, say: Callable[[float], str]) -> str:
    return f"{value:.6g}" if value == 0 or abs(value) >= 0.001 else say(value)


def _path(points: Sequence[Point], frame: _Frame) -> str:
    return " ".join(f"{frame.right(x):.2f},{frame.down(y):.2f}" for x, y in _fewer(points, _MOST))


def _fewer(points: Sequence[Point], most: int) -> Sequence[Point]:
    """The same curve with fewer points: means of neighbours, the last point as it is."""
    if len(points) <= most:
        return points
    size = math.ceil(len(points) / most)
    groups = [points[n : n + size] for n in range(0, len(points), size)]
    means = [(sum(x for x, _ in g) / len(g), sum(y for _, y in g) / len(g)) for g in groups]
    return [*means[:-1], points[-1]]


def _strips(series: Sequence[Series], frame: _Frame, say: Callable[[float], str]) -> str:
    """Invisible columns that show the values at their place."""
    shown = [one for one in series if one.kind != "faint"]
    places = sorted({x for one in shown for x, _ in one.points})
    if len(places) > _STRIPS:
        every = math.ceil(len(places) / _STRIPS)
        dots = {x for one in shown if one.kind == "two" for x, _ in one.points}
        places = sorted({*places[::every], places[-1], *(dots if len(dots) < _STRIPS else ())})
    said: dict[float, list[str]] = {x: [] for x in places}
    for one in shown:
        for x, y in one.points:
            if x in said:
                said[x].append(f"{one.name} {say(y)}")
    edges = [0.0, *(frame.right((a + b) / 2) for a, b in pairwise(places)), 100.0]
    return "".join(
        f'<i class="v-strip{" v-left" if frame.right(x) > 55 else ""}" style="left:{left:.2f}%;'
        f'width:{right - left:.2f}%;--at:{_within(frame.right(x), left, right):.1f}%" '
        f'data-said="{views.escape(f"step {x:,.0f}: " + ", ".join(said[x]))}"></i>'
        for x, left, right in zip(places, edges[:-1], edges[1:], strict=True)
    )


def _within(at: float, left: float, right: float) -> float:
    return 100 * (at - left) / (right - left) if right > left else 0.0


def _legend(series: Sequence[Series], say: Callable[[float], str]) -> str:
    return "".join(
        f'<span class="v-legend v-{one.kind}">{views.escape(one.name)} '
        f"<b>{say(one.points[-1][1])}</b></span>"
        for one in series
        if one.kind != "faint"
    )


def _spoken(title: str, series: Sequence[Series], say: Callable[[float], str]) -> str:
    """What the figure shows, for who cannot see it."""
    parts = [
        f"{one.name} from {say(one.points[0][1])} at step {one.points[0][0]:,.0f} "
        f"to {say(one.points[-1][1])} at step {one.points[-1][0]:,.0f}"
        for one in series
        if one.kind != "faint"
    ]
    return f"{title}: {'; '.join(parts)}"
