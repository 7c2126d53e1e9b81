"""An evaluation as a picture: scores with their intervals, and scores by length, as SVG.

Two small charts of lines and dots need no plotting library.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from trainer.evaluate import Evaluation
from trainer.evaluate_tables import figure, main_metric

# Colours that also people who see few can tell apart (M. Okabe and K. Ito, 2008).
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
_SHAPES = ("circle", "square", "diamond", "triangle")
_INK, _SOFT, _RULE = "#1e2321", "#5a625e", "#dedacd"
_WIDTH, _TOP, _ROW = 960, 84, 48
_LEFT, _RIGHT = (32, 430), (540, 928)  # from x to x
_LONGEST_NAME = 48


@dataclass(frozen=True, slots=True)
class _Scale:
    """Values to pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        """About five round values."""
        rough = (self.high - self.low) / 5
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [n * step for n in range(first, last + 1)]


def _scale(values: Sequence[float], start: float, end: float) -> _Scale:
    """A scale that holds all values with some room at both ends."""
    low, high = min(values), max(values)
    room = 0.08 * (high - low) or 0.05 * abs(high) or 1.0
    return _Scale(low - room if low - room > 0 or low < 0 else 0.0, high + room, start, end)


def svg(evaluation: Evaluation) -> str:
    """The picture as a text in SVG."""
    height = max(330, _TOP + _ROW * len(evaluation.systems) + 62)
    test_set = evaluation.test_set
    title = (
        f"{test_set.source_language.name} to {test_set.target_language.name}, "
        f"{len(test_set.source):,} lines"
    )
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img" font-family="system-ui, sans-serif" '
        f'font-size="13" fill="{_INK}">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_LEFT[0], 30, title, size=17),
        *_scores(evaluation, height),
        *_lengths(evaluation, height),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _scores(evaluation: Evaluation, height: int) -> Iterator[str]:
    """The left chart: a row a system, its score as a dot on its interval."""
    name = main_metric(evaluation)
    metric = evaluation.systems[0].scores[name].metric
    bounds = [
        bound
        for system in evaluation.systems
        for bound in (system.intervals[name].low, system.intervals[name].high)
    ]
    scale = _scale(bounds, *_LEFT)
    bottom = height - 52
    note = ", lower is better" if metric.lower_is_better else ""
    yield _text(_LEFT[0], 58, f"{metric.title}{note}, with 95 % interval", colour=_SOFT)
    for tick in scale.ticks():
        yield _line(scale.at(tick), _TOP - 12, scale.at(tick), bottom, _RULE)
        yield _text(scale.at(tick), bottom + 18, f"{tick:g}", "middle", _SOFT)
    for n, system in enumerate(evaluation.systems):
        y = _TOP + n * _ROW
        score, interval = system.scores[name].score, system.intervals[name]
        yield _text(_LEFT[0], y + 6, _short(system.output.name))
        yield _text(_LEFT[1], y + 6, figure(name, score), "end")
        y += 22
        yield _line(scale.at(interval.low), y, scale.at(interval.high), y, _colour(n), 2)
        yield _mark(n, scale.at(score), y)


def _lengths(evaluation: Evaluation, height: int) -> Iterator[str]:
    """The right chart: a line a system over the lengths of the source."""
    name = main_metric(evaluation)
    metric = evaluation.systems[0].scores[name].metric
    bottom = height - 52
    values = [of[name].score for system in evaluation.systems for of in system.buckets]
    scale = _scale(values, bottom, _TOP - 4)
    yield _text(
        _RIGHT[0] - 34, 58, f"{metric.title} by {evaluation.unit} of the source", colour=_SOFT
    )
    for tick in scale.ticks():
        yield _line(_RIGHT[0], scale.at(tick), _RIGHT[1], scale.at(tick), _RULE)
        yield _text(_RIGHT[0] - 8, scale.at(tick) + 4, f"{tick:g}", "end", _SOFT)
    step = (_RIGHT[1] - _RIGHT[0]) / len(evaluation.buckets)
    places = [_RIGHT[0] + step * (n + 0.5) for n in range(len(evaluation.buckets))]
    for x, bucket in zip(places, evaluation.buckets, strict=True):
        yield _text(x, bottom + 18, bucket.label, "middle", _SOFT)
        yield _text(x, bottom + 36, f"{len(bucket.lines):,} lines", "middle", _SOFT, 11)
    for n, system in enumerate(evaluation.systems):
        heights = [scale.at(of[name].score) for of in system.buckets]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights, strict=True))
        yield f'<polyline points="{points}" fill="none" stroke="{_colour(n)}" stroke-width="2"/>'
        for x, y in zip(places, heights, strict=True):
            yield _mark(n, x, y)


def _mark(number: int, x: float, y: float) -> str:
    """A dot whose shape and colour are those of a system."""
    corners: tuple[tuple[float, float], ...]
    look = f'fill="{_colour(number)}" stroke="#ffffff"'
    match _SHAPES[number % len(_SHAPES)]:
        case "circle":
            return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5.5" {look}/>'
        case "square":
            return f'<rect x="{x - 5:.1f}" y="{y - 5:.1f}" width="10" height="10" {look}/>'
        case "diamond":
            corners = ((x, y - 7), (x + 7, y), (x, y + 7), (x - 7, y))
        case _:
            corners = ((x, y - 7), (x + 6.5, y + 5), (x - 6.5, y + 5))
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in corners)
    return f'<polygon points="{points}" {look}/>'


def _colour(number: int) -> str:
    return _COLOURS[number % len(_COLOURS)]


def _text(
    x: float, y: float, text: str, anchor: str = "start", colour: str = _INK, size: int = 13
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
        f'font-size="{size}" paint-order="stroke" stroke="#ffffff" stroke-width="4">'
        f"{escape(text)}</text>"
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}"/>'
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
