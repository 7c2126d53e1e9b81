"""Small PDFs for tests, made with the library that real ones are read with."""

from __future__ import annotations

from pathlib import Path

import pymupdf

WIDTH, HEIGHT = 420.0, 595.0
LEFT, TOP = 50.0, 70.0
PITCH, SIZE = 13.0, 10.0

LOREM = (
    "The keeper of the lighthouse climbed the stairs every evening before the sun went down. "
    "He carried a can of oil in one hand and a book in the other, for the nights were long. "
    "From the gallery he could see the harbour, the white houses and the road to the north. "
    "When the lamp was burning he sat down beside it and read until the morning came again. "
)


class Maker:
    """Writes lines at places of pages."""

    def __init__(self) -> None:
        self.document = pymupdf.open()
        self.page: pymupdf.Page = None

    def turn(self) -> Maker:
        """A new page."""
        self.page = self.document.new_page(width=WIDTH, height=HEIGHT)
        return self

    def line(
        self, text: str, y: float, x: float = LEFT, size: float = SIZE, font: str = "tiro"
    ) -> Maker:
        """A line whose baseline is at ``y``. ``font``: tiro, tibo (bold), tiit (italic), cour."""
        self.page.insert_text((x, y), text, fontsize=size, fontname=font)
        return self

    def lines(self, text: str, y: float, **more: float) -> float:
        """Lines below each other; the place of the next."""
        for line in text.splitlines():
            self.line(line, y, **more)  # type: ignore[arg-type]
            y += PITCH
        return y

    def text(self, text: str, box: tuple[float, float, float, float], size: float = SIZE) -> Maker:
        """Justified text in a box."""
        left = self.page.insert_textbox(box, text, fontsize=size, fontname="tiro", align=3)
        assert left >= 0, "the text does not fit into its box"
        return self

    def superscript(self, text: str, x: float, y: float) -> Maker:
        """A small raised marker."""
        return self.line(text, y - 4, x, 6)

    def save(self, path: Path, **options: object) -> Path:
        """Write the file."""
        self.document.save(path, **options)
        return path


def width(text: str, size: float = SIZE) -> float:
    """How wide a line is."""
    return float(pymupdf.get_text_length(text, fontname="tiro", fontsize=size))


def picture(shade: int = 90) -> bytes:
    """A PNG with something in it."""
    pixels = pymupdf.Pixmap(pymupdf.csRGB, (0, 0, 80, 60), False)
    pixels.clear_with(shade)
    pixels.set_rect((10, 10, 40, 30), (200, 30, 30))
    return bytes(pixels.tobytes("png"))
