"""Reads a PDF in a process of its own: a hang, crash or memory bomb of the parser ends here.

Run as ``python -P pdf_worker.py FILE FOLDER FIRST [LANGUAGES DATA]``. Standard output is JSON
lines: what the document says of itself, then a line for each page from number FIRST (0: the first)
on. Pictures are written into FOLDER. With LANGUAGES the text is recognised by Tesseract, whose
data is in DATA. Imports nothing of Verso: it starts in a quarter of a second.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pymupdf

MEMORY = 4 << 30  # bytes of address space
_DPI = 150
_OCR_DPI = 300
_SMALLEST = 20.0  # points: smaller pictures are ornaments
_BACKGROUND = 0.8  # share of the page
_MANY = 200  # characters that make a page a page of text
_MATH_FONT = re.compile(
    r"math|^(?:[A-Z]{6}\+)?(?:cm(?:mi|sy|ex)|ms[ab]m|symbol|mtmi|mtsy|eu[frs]m|tx(?:sys|exs|mia|sya))",
    re.I,
)
_WORDS = re.compile(r"[^\W\d_]{3,}\s+[^\W\d_]{3,}")
_LONG_WORD = re.compile(r"[^\W\d_]{4,}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ufffd]")
_MAX_DRAWINGS = 4000  # paths of a page above which no figure is looked for
_MAX_DRAWN = 500  # drawings of a page whose places are told
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP  # ligatures expanded


def main(path: str, folder: str, first: int, languages: str = "", data: str = "") -> int:
    """Write what the document holds to standard output; 0 also when it cannot be opened."""
    limit_memory()
    # The library prints hints of its own to standard output.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)

    def say(value: dict[str, Any]) -> None:
        out.write(json.dumps(value, ensure_ascii=True) + "\n")
        out.flush()

    try:
        document = pymupdf.open(path, filetype="pdf")
        if document.needs_pass:
            say({"locked": True})
            return 0
        say(_about(document))
    except (RuntimeError, ValueError, TypeError) as error:  # all that MuPDF raises
        say({"error": str(error), "cause": str(error.__cause__ or "")})
        return 0
    for number in range(first, document.page_count):
        pymupdf.TOOLS.reset_mupdf_warnings()
        try:
            value = _page(document, number, Path(folder), languages, data)
        except (RuntimeError, ValueError, TypeError, IndexError, MemoryError) as error:
            value = {"page": number, "error": str(error) or type(error).__name__}
        value["warnings"] = pymupdf.TOOLS.mupdf_warnings()
        say(value)
    return 0


def limit_memory() -> None:
    """Let this process have :data:`MEMORY` and no more, where the system can do that."""
    try:
        import resource
    except ImportError:  # Windows
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    limit = MEMORY if hard == resource.RLIM_INFINITY else min(MEMORY, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))


def _about(document: pymupdf.Document) -> dict[str, Any]:
    metadata = document.metadata or {}
    try:
        outline = [list(entry[:3]) for entry in document.get_toc(simple=True)]
    except (RuntimeError, ValueError, TypeError, IndexError):
        outline = []  # a broken outline; headings remain
    return {
        "pages": document.page_count,
        "title": metadata.get("title") or "",
        "author": metadata.get("author") or "",
        "language": document.language or "",
        "outline": outline,
    }


def _page(
    document: pymupdf.Document, number: int, folder: Path, languages: str, data: str
) -> dict[str, Any]:
    page = document[number]
    turn = 0 if languages else page.rotation
    if turn:
        page.set_rotation(0)  # places are those on the page that is not turned
    recognised = None
    if languages:
        recognised = page.get_textpage_ocr(
            flags=TEXT_FLAGS, language=languages, dpi=_OCR_DPI, full=True, tessdata=data
        )
    lines = _lines(page, recognised)
    letters = sum(len(span[0]) for line in lines for span in line[6])
    rulers = _drawings(page)
    tables = _tables(page, rulers)
    regions = [] if rulers is None else _figures(page, rulers, lines, tables)
    drawn = len(regions)
    regions += [] if languages else _formulas(page, lines)
    inside = [_texts(lines, region) for region in regions]
    lines = [line for line in lines if not any(_within(line, region) for region in regions)]
    pictures = [
        [*_box(region), _render(page, region, folder, turn), text, number >= drawn]
        for number, (region, text) in enumerate(zip(regions, inside, strict=True))
    ]
    text_page = letters > (0 if languages else _MANY)
    pictures += _images(document, page, folder, text_page, regions, turn)
    return {
        "page": number,
        "width": page.rect.width,
        "height": page.rect.height,
        "lines": lines,
        "pictures": pictures,
        "tables": tables,
        "drawn": [_box(drawing["rect"]) for drawing in rulers or ()][:_MAX_DRAWN],
    }


def _lines(page: pymupdf.Page, recognised: pymupdf.TextPage | None) -> list[list[Any]]:
    lines = []
    for block in page.get_text("dict", flags=TEXT_FLAGS, textpage=recognised)["blocks"]:
        for line in block.get("lines", ()):
            spans = [
                [
                    s["text"],
                    s["size"],
                    s["flags"],
                    s["font"],
                    s["origin"][1],
                    s["color"],
                    *s["bbox"],
                ]
                for s in line["spans"]
                if s["text"]
            ]
            if any(span[0].strip() for span in spans):
                lines.append([*line["bbox"], *line["dir"], spans])
    return lines


def _drawings(page: pymupdf.Page) -> list[dict[str, Any]] | None:
    """The vector graphics of a page; ``None``: too many to look into."""
    drawings = page.get_cdrawings()
    if len(drawings) > _MAX_DRAWINGS:
        return None
    return [{**drawing, "rect": pymupdf.Rect(drawing["rect"])} for drawing in drawings]


def _tables(page: pymupdf.Page, drawings: list[dict[str, Any]] | None) -> list[list[Any]]:
    if not drawings or not _has_grid([drawing["rect"] for drawing in drawings]):
        return []  # looking for tables takes longer than all the rest
    found: list[list[Any]] = []
    for table in page.find_tables(strategy="lines_strict").tables:
        rows = [[cell or "" for cell in row] for row in table.extract()]
        places = [row.cells for row in table.rows]  # None: part of the cell before
        cells = [cell for row in rows for cell in row]
        filled = sum(bool(cell.strip()) for cell in cells)
        if table.row_count < 2 or table.col_count < 2 or filled < 0.4 * len(cells):
            continue
        if max(map(len, cells)) > 1500 or any(map(_CONTROL.search, cells)):
            continue  # a frame around the page, or a drawing with arrows
        if not any(pymupdf.Rect(table.bbox).intersects(other[:4]) for other in found):
            found.append([*table.bbox, rows, places])
    return found


def _has_grid(boxes: list[pymupdf.Rect]) -> bool:
    """Whether there are rules for at least two rows and two columns, or four shaded cells."""
    across = {round(b.y0 / 3) for b in boxes if b.width > 20 > 8 * b.height}
    down = {round(b.x0 / 3) for b in boxes if b.height > 8 > 4 * b.width}
    if len(across) >= 3 and len(down) >= 3:
        return True
    cells = [b for b in boxes if b.height > 8 and b.width > 20]
    lefts, tops = {round(b.x0 / 3) for b in cells}, {round(b.y0 / 3) for b in cells}
    return len(cells) >= 4 and len(lefts) >= 2 and len(tops) >= 2


def _figures(
    page: pymupdf.Page,
    drawings: list[dict[str, Any]],
    lines: list[list[Any]],
    tables: list[list[Any]],
) -> list[pymupdf.Rect]:
    """Regions that are drawings: many or slanted paths, and hardly any running text."""
    if not drawings:
        return []
    figures = []
    for cluster in page.cluster_drawings(drawings=drawings):
        region = pymupdf.Rect(cluster) & page.rect
        if region.width < 50 or region.height < 40:
            continue
        if any(region.intersects(pymupdf.Rect(table[:4])) for table in tables):
            continue
        inside = [d for d in drawings if d["rect"] in region]
        curved = sum(any(_slanted(item) for item in d["items"]) for d in inside)
        held = [line for line in lines if _within(line, region)]
        words = max((_words(line) for line in held), default=0)
        covered = sum(pymupdf.Rect(line[:4]).get_area() for line in held)
        if curved >= 3 and words <= 6 and covered < 0.3 * region.get_area():
            figures.append(region)
    return figures


def _formulas(page: pymupdf.Page, lines: list[list[Any]]) -> list[pymupdf.Rect]:
    """Regions of displayed formulas: pieces in mathematical type with no words beside them."""
    groups: list[tuple[pymupdf.Rect, bool]] = []
    pieces = [line for line in lines if _is_formula(line) or _is_scrap(line)]
    for line in sorted(pieces, key=lambda line: line[1]):
        box, sure = pymupdf.Rect(line[:4]), _is_formula(line)
        reach = box.x0 - 10, box.y0 - 3, box.x1 + 10, box.y1 + 3
        for group in [group for group in groups if group[0].intersects(reach)]:
            groups.remove(group)
            box, sure = box | group[0], sure or group[1]
        groups.append((box, sure))
    words = [line for line in lines if line not in pieces]
    return [
        pymupdf.Rect(box.x0 - 2, box.y0 - 1, box.x1 + 2, box.y1 + 1) & page.rect
        for box, sure in groups
        if sure
        and box.width > 25
        and box.height > 12
        and not any(_beside(line, box) for line in words)
    ]


def _beside(line: list[Any], box: pymupdf.Rect) -> bool:
    common = min(line[3], box.y1) - max(line[1], box.y0)
    near = line[0] < box.x1 + 80 and line[2] > box.x0 - 80  # a cell of a table otherwise
    return bool(near and common > 0.35 * (line[3] - line[1]))


def _is_scrap(line: list[Any]) -> bool:
    """A limit, an index, a bracket: too short for a word."""
    text = "".join(span[0] for span in line[6]).strip()
    return len(text) <= 6 and not _LONG_WORD.search(text)


def _is_formula(line: list[Any]) -> bool:
    text = "".join(span[0] for span in line[6]).strip()
    share = sum(len(span[0].strip()) for span in line[6] if _MATH_FONT.search(span[3]))
    return share > 0.35 * len(text) and not _WORDS.search(text)


def _slanted(item: tuple[Any, ...]) -> bool:
    if item[0] == "l":
        (x0, y0), (x1, y1) = item[1], item[2]
        return bool(abs(x0 - x1) > 2 and abs(y0 - y1) > 2)
    return bool(item[0] == "c")


def _words(line: list[Any]) -> int:
    return len("".join(span[0] for span in line[6]).split())


def _within(line: list[Any], region: pymupdf.Rect) -> bool:
    middle = pymupdf.Point((line[0] + line[2]) / 2, (line[1] + line[3]) / 2)
    return bool(middle in region)


def _texts(lines: Iterable[list[Any]], region: pymupdf.Rect) -> str:
    held = ["".join(span[0] for span in line[6]) for line in lines if _within(line, region)]
    return " ".join(" ".join(held).split())


def _images(
    document: pymupdf.Document,
    page: pymupdf.Page,
    folder: Path,
    text_page: bool,
    taken: list[pymupdf.Rect],
    turn: int,
) -> list[list[Any]]:
    groups: list[tuple[pymupdf.Rect, list[int]]] = []
    for info in page.get_image_info(xrefs=True):
        box = pymupdf.Rect(info["bbox"]) & page.rect
        if box.is_empty or any(box in region for region in taken):
            continue
        if text_page and box.get_area() > _BACKGROUND * page.rect.get_area():
            continue  # the scan behind recognised text, or a background
        xrefs = [info["xref"]]
        near = [
            g for g in groups if g[0].intersects((box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1))
        ]
        for group in near:  # a picture cut into strips
            groups.remove(group)
            box, xrefs = box | group[0], xrefs + group[1]
        groups.append((box, xrefs))
    found = []
    for box, xrefs in groups:
        if box.width >= _SMALLEST and box.height >= _SMALLEST:
            name = _stored(document, xrefs, folder) or _render(page, box, folder, turn)
            found.append([*_box(box), name, "", False])
    return found


def _stored(document: pymupdf.Document, xrefs: list[int], folder: Path) -> str:
    """The picture as it is in the file, if that is a plain JPEG or PNG; else an empty string."""
    if len(xrefs) != 1 or not xrefs[0]:
        return ""
    image = document.extract_image(xrefs[0])
    if not image or image["smask"] or image["ext"] not in ("jpeg", "png"):
        return ""
    if image["colorspace"] not in (1, 3):
        return ""
    return _save(image["image"], "jpg" if image["ext"] == "jpeg" else "png", folder)


def _render(page: pymupdf.Page, region: pymupdf.Rect, folder: Path, turn: int) -> str:
    matrix = pymupdf.Matrix(_DPI / 72, _DPI / 72).prerotate(turn)
    picture = page.get_pixmap(clip=region, matrix=matrix, alpha=False)
    return _save(picture.tobytes("png"), "png", folder)


def _save(data: bytes, suffix: str, folder: Path) -> str:
    name = f"{hashlib.sha256(data).hexdigest()[:16]}.{suffix}"
    (folder / name).write_bytes(data)
    return name


def _box(box: pymupdf.Rect) -> list[float]:
    return [box.x0, box.y0, box.x1, box.y1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:6]))
