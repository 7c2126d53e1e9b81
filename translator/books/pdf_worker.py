"""Reads a PDF in a process of its own: a hang, crash or memory bomb of the parser ends here.

Standard output is JSON lines: what the document says of itself, then a line for each page from a
first one (0) on. It imports nothing of Verso but what looks at pages: it starts in a quarter of a
second.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pymupdf

from translator.books.pdf_figures import figures, formulas, texts, within
from translator.books.pdf_tables import tables

MEMORY = 4 << 30  # bytes of address space
_DPI = 150
_OCR_DPI = 300
_SMALLEST = 20.0  # points: smaller pictures are ornaments
_BACKGROUND = 0.8  # share of the page
_MANY = 200  # characters that make a page a page of text
_MAX_DRAWINGS = 4000  # paths of a page above which no figure is looked for
_MAX_DRAWN = 500  # drawings of a page whose places are told
TEXT_FLAGS = pymupdf.TEXT_PRESERVE_WHITESPACE | pymupdf.TEXT_MEDIABOX_CLIP  # ligatures expanded


def read(path: str, folder: str, first: str, languages: str = "", data: str = "") -> int:
    """Write what the document holds to standard output, and its pictures into ``folder``.

    With ``languages`` the text is recognised by Tesseract, whose data is in ``data``. Returns 0
    also when the document cannot be opened.
    """
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
    for number in range(int(first), document.page_count):
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
    held = tables(page, rulers)
    regions = [] if rulers is None else figures(page, rulers, lines, held)
    drawn = len(regions)
    regions += [] if languages else formulas(page, lines)
    inside = [texts(lines, region) for region in regions]
    lines = [line for line in lines if not any(within(line, region) for region in regions)]
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
        "tables": held,
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
