"""Writes translations into the places of a PDF, and reads pages, in a process of its own.

:func:`write` takes the source's text off the pages and draws the translations over them: all of a
book's paragraphs go into one PDF of their own first, whose fonts are then reduced to what is used,
and whose pages are laid over those of the book. Both functions write JSON lines to standard output,
at least one a page, so that the process which waits for them can tell work from a hang.
"""

from __future__ import annotations

import json
import os
from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pymupdf

from translator.books.pdf_worker import TEXT_FLAGS, limit_memory

# Sizes that are tried, as shares of the source's size.
_SCALES = (1.0, 0.97, 0.94, 0.9, 0.86, 0.82, 0.77, 0.72, 0.66, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
_SHARES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # of the height of all places but the last
_ROTATIONS = {(1, 0): 0, (0, -1): 90, (-1, 0): 180, (0, 1): 270}
_BROKEN = (RuntimeError, ValueError, TypeError, IndexError, MemoryError)  # all that MuPDF raises

Box = list[float]


def pages(path: str) -> int:
    """Say what the pages of a PDF hold; first its title and the titles of its outline."""
    out = _prepared()
    document = pymupdf.open(path, filetype="pdf")
    metadata = document.metadata or {}
    titles = [entry[1] for entry in document.get_toc()]
    _say(out, {"title": metadata.get("title") or "", "outline": titles})
    for number in range(document.page_count):
        try:
            page = document[number]
            links = [_target(link) for link in page.get_links()]
            images = len(page.get_image_info())
            text = page.get_text("text", flags=TEXT_FLAGS)
        except _BROKEN:
            links, images, text = [], 0, ""
        _say(out, {"page": number, "text": text, "links": links, "images": images})
    return 0


def _target(link: dict[str, Any]) -> str:
    return str(link.get("uri") or link.get("nameddest") or link.get("file") or link.get("page"))


def write(order: str) -> int:
    """Carry out the order in the JSON file ``order``; see :mod:`translator.books.pdf_layout`."""
    out = _prepared()
    job = json.loads(Path(order).read_text(encoding="utf-8"))
    overlay_path = Path(order).with_name("overlay.pdf")
    drawn = _draw(job, overlay_path, out)
    document = pymupdf.open(job["source"], filetype="pdf")
    if drawn:
        overlay = pymupdf.open(overlay_path)
        overlay.subset_fonts()
        _say(out, {"fonts": True})
        for place, number in enumerate(drawn):
            page = document[number]
            turn = page.rotation
            page.set_rotation(0)  # places are those on the page that is not turned
            wanted = job["pages"][str(number)]
            _redact(document, page, wanted["redact"])
            page = document[number]  # what was taken off is known to a new object only
            rotation = _ROTATIONS[tuple(wanted["turned"])]
            page.show_pdf_page(page.rect, overlay, place, rotate=rotation)
            page.set_rotation(turn)
            _say(out, {"page": number})
    _name(document, job)
    # More than 2: all objects are compared with each other, which took ten times as long.
    document.save(job["output"], garbage=2, deflate=True, no_new_id=True)
    _say(out, {"done": True})
    return 0


def _prepared() -> TextIO:
    limit_memory()
    # The library prints hints of its own to standard output.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)
    return out


def _say(out: TextIO, value: dict[str, Any]) -> None:
    out.write(json.dumps(value, ensure_ascii=True) + "\n")
    out.flush()


def _name(document: pymupdf.Document, job: dict[str, Any]) -> None:
    """Outline, title and language."""
    entries = document.get_outline_xrefs()
    if len(entries) == len(job["outline"]):  # else some cannot be reached
        for xref, title in zip(entries, job["outline"], strict=True):
            if title is not None:
                document.xref_set_key(xref, "Title", pymupdf.get_pdf_str(title))
    if job["title"] is not None:
        document.set_metadata({**(document.metadata or {}), "title": job["title"]})
    document.set_language(job["language"])


def _redact(document: pymupdf.Document, page: pymupdf.Page, boxes: list[Box]) -> None:
    """Take off the text that the boxes touch; pictures, drawings, links and notes stay."""
    kind, annotations = document.xref_get_key(page.xref, "Annots")
    if kind != "null":  # MuPDF takes off the links that a box touches
        document.xref_set_key(page.xref, "Annots", "null")
        page = document.reload_page(page)
    # One annotation with all places: a page's annotations take time with their square.
    whole = page.add_redact_annot(page.rect, fill=False, cross_out=False)
    to_file = ~page.transformation_matrix
    quads = [pymupdf.Rect(box).quad * to_file for box in boxes]
    corners = (f"{p.x:.3f} {p.y:.3f}" for q in quads for p in (q.ul, q.ur, q.ll, q.lr))
    document.xref_set_key(whole.xref, "QuadPoints", f"[{' '.join(corners)}]")
    page.apply_redactions(
        images=pymupdf.PDF_REDACT_IMAGE_NONE,
        graphics=pymupdf.PDF_REDACT_LINE_ART_NONE,
        text=pymupdf.PDF_REDACT_TEXT_REMOVE,
    )
    if kind != "null":
        document.xref_set_key(page.xref, "Annots", annotations)


@dataclass(slots=True)
class _Text:
    """A paragraph on its way over its places."""

    story: pymupdf.Story
    scale: float
    rests: list[tuple[int, pymupdf.Rect]]  # (page, box) that are not filled yet


def _draw(job: dict[str, Any], output: Path, out: TextIO) -> list[int]:
    """Draw all texts into a PDF; the numbers of the book's pages that its pages belong to."""
    by_page: dict[int, list[int]] = {}
    for index, text in enumerate(job["texts"]):
        for number in dict.fromkeys(place[0] for place in text["places"]):
            by_page.setdefault(number, []).append(index)
    if not by_page:
        return []
    running: dict[int, _Text] = {}
    small = 0
    writer = pymupdf.DocumentWriter(str(output), "compress")
    for number in sorted(by_page):
        page = job["pages"][str(number)]
        device = writer.begin_page(pymupdf.Rect(0, 0, page["width"], page["height"]))
        for index in by_page[number]:
            wanted = job["texts"][index]
            if index not in running:
                running[index] = _fitted(wanted)
                small += running[index].scale * wanted["size"] < job["smallest"]
            text = running[index]
            while text.rests and text.rests[0][0] == number:
                _, box = text.rests.pop(0)
                _place(text.story, box, text.scale)
                text.story.draw(device, pymupdf.Matrix(text.scale, text.scale))
            if not text.rests:
                del running[index]
        writer.end_page()
        _say(out, {"page": number})
    writer.close()
    _say(out, {"small": small})
    return sorted(by_page)


def _fitted(wanted: dict[str, Any]) -> _Text:
    """The largest size at which the text has room: in its own places, else below them too."""
    story = pymupdf.Story(wanted["html"], user_css=wanted["css"])
    numbers = [place[0] for place in wanted["places"]]
    own = [pymupdf.Rect(place[1]) for place in wanted["places"]]
    free = [pymupdf.Rect(place[2]) for place in wanted["places"]]

    def fits(boxes: list[pymupdf.Rect], scale: float) -> bool:
        story.reset()
        more = True
        for box in boxes:
            more, filled = _place(story, box, scale)
            around = pymupdf.Rect(box.x0 - 1, box.y0 - 1, box.x1 + 1, box.y1 + 1)
            if filled.is_empty or filled * scale not in around:
                return False  # nothing has room here, or it reaches out
            story.draw(None)
            if not more:
                break
        return not more

    boxes, scale = free, 1.0
    if fits(own, 1.0):
        shares = _SHARES if len(own) > 1 else (1.0,)
        least = 2 * wanted["size"]
        divided = [[*(_cut(box, share, least) for box in own[:-1]), own[-1]] for share in shares]
        boxes = divided[bisect_left(divided, True, key=lambda each: fits(each, 1.0))]
    else:
        best = bisect_left(_SCALES, True, key=lambda each: fits(free, each))
        scale = _SCALES[min(best, len(_SCALES) - 1)]
    story.reset()
    return _Text(story, scale, list(zip(numbers, boxes, strict=True)))


def _place(story: pymupdf.Story, box: pymupdf.Rect, scale: float) -> tuple[bool, pymupdf.Rect]:
    more, filled = story.place(pymupdf.Rect(*(side / scale for side in box)))
    return bool(more), pymupdf.Rect(filled)


def _cut(box: pymupdf.Rect, share: float, least: float) -> pymupdf.Rect:
    height = min(box.height, max(share * box.height, least))
    return pymupdf.Rect(box.x0, box.y0, box.x1, box.y0 + height)
