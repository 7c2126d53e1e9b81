"""Plots as SVG that takes the colours of the page around it, light or dark.

Text stays text. What matplotlib draws in the ink below becomes ``currentColor``; the systems'
colours are of a palette that people who see few colours can tell apart (M. Okabe and K. Ito, 2008)
and legible on both grounds, and each has a shape of its own too.
"""

from __future__ import annotations

import io
import re
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from translator.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK = "#010203"  # stands for the colour of text
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")
SHAPES = ("o", "s", "D", "^")
SOFT = 0.65  # opacity of what matters less
WIDTH = 7.2  # inches
_SIZE = 1.4  # pixels of a page for a point of a picture

_LOCK = threading.Lock()  # matplotlib's settings are those of the process
_STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "font.size": 10,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "figure.constrained_layout.use": True,
}
_FONT = re.compile(r"font: ([^;\"']*?px) [^;\"]*(?=[;\"])")
_ROOT = re.compile(r"<svg\b[^>]*>")
_IDS = re.compile(r'<g id="[^"]*">')
_PROLOGUE = re.compile(r"^.*?(?=<svg\b)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture: ``name`` for a file, ``title`` for people, and how it is drawn."""

    name: str
    title: str
    draw: Callable[[], Figure]

    def svg(self) -> str:
        """To stand in a page whose text colour it takes.

        Raises :class:`InputError` where matplotlib is not installed.
        """
        text = _METADATA.sub("", _PROLOGUE.sub("", self._saved("svg").decode()))
        text = _IDS.sub("<g>", text)  # of every picture the same
        text = _FONT.sub(r"font: \1 system-ui, sans-serif", text).replace(INK, "currentColor")
        return _ROOT.sub(self._root, text, count=1)

    def pdf(self) -> bytes:
        """For a paper: dark on nothing."""
        return self._saved("pdf")

    def _root(self, found: re.Match[str]) -> str:
        """The first tag: as wide as there is room, and named for those who cannot see it."""
        bare = re.sub(r' (?:width|height)="[^"]*"', "", found[0])
        points = float(re.findall(r'viewBox="0 0 ([\d.]+)', bare)[0])
        look = f"width:100%;max-width:{points * _SIZE:.0f}px;height:auto"
        about = f'role="img" aria-label={quoteattr(self.title)} style="{look}"'
        return bare.replace("<svg", f"<svg {about}", 1)

    def _saved(self, form: str) -> bytes:
        matplotlib = _matplotlib()
        out = io.BytesIO()
        # Ids in several pictures of one page must differ, and be the same each time.
        style = {**_STYLE, "svg.hashsalt": self.name, "font.family": _fonts()}
        dates = {"Date": None} if form == "svg" else {"CreationDate": None}
        with _LOCK, matplotlib.rc_context(style), warnings.catch_warnings():
            # In SVG the text stays text, and whoever shows it has the font.
            warnings.filterwarnings("ignore", message="Glyph .* missing from font")
            self.draw().savefig(out, format=form, metadata=dates)
        return out.getvalue()


def alone(svg: str) -> str:
    """A picture that stands in no page: dark on white."""
    return svg.replace('style="', 'style="color:#1e2321;background:#ffffff;', 1)


def available() -> bool:
    """Whether plots can be drawn here."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def figure(height: float, columns: int = 1, width: float = WIDTH) -> tuple[Figure, Any]:
    """A new figure (height in inches) and its axes: one, or an array of them."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height))
    return made, made.subplots(1, columns)


def look(number: int) -> dict[str, Any]:
    """Colour and shape of a system, by its number."""
    return {
        "color": COLOURS[number % len(COLOURS)],
        "marker": SHAPES[(number + number // len(COLOURS)) % len(SHAPES)],
    }


def grid(axes: Any, axis: str) -> None:
    """Thin lines behind the data."""
    axes.grid(axis=axis, color=INK, alpha=0.15, linewidth=0.6)
    axes.set_axisbelow(True)


@cache
def _fonts() -> list[str]:
    """Fonts for the names of systems in any script, as far as this machine has them."""
    from matplotlib import font_manager

    here = set(font_manager.get_font_names())
    wanted = (
        "DejaVu Sans",
        "Noto Sans",
        "Noto Sans CJK SC",
        "Noto Sans CJK JP",
        "Arial Unicode MS",
    )
    return [name for name in wanted if name in here] or ["sans-serif"]


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise InputError(
            "Plots need matplotlib, which is not installed.", "Install it: pip install matplotlib"
        ) from error
    return matplotlib
