"""A PDF file -> its pages, through a child process with limits of time and memory.

A page on which the parser hangs or dies becomes a page with a problem; the rest is read by a new
process.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from translator.books.pdf_ocr import Recognition
from translator.books.pdf_page import Page, page_from
from translator.errors import BookError

MAX_FILE = 1 << 30  # bytes
MAX_PAGES = 10_000
MAX_LINE = 64 << 20  # characters that the worker may say of one page
PAGE_SECONDS = 60.0
OCR_SECONDS = 240.0
_MAX_CRASHES = 5
_ROOT = str(Path(__file__).resolve().parents[2])
_AGAIN = "Get the file again, or print it to a new PDF."


@dataclass(slots=True)
class Source:
    """What a PDF says of itself, and its pages. ``outline``: (level, title, page from 1)."""

    title: str = ""
    author: str = ""
    language: str = ""
    outline: list[tuple[int, str, int]] = field(default_factory=list)
    pages: list[Page] = field(default_factory=list)


def read_source(
    path: Path,
    folder: Path,
    ocr: Recognition | None = None,
    page_seconds: float = PAGE_SECONDS,
) -> Source:
    """Read all pages; pictures are put into ``folder``. ``ocr``: recognise the text.

    Raises :class:`BookError` when the file cannot be opened, is locked or beyond all measure.
    """
    if path.stat().st_size > MAX_FILE:
        raise BookError(f"{path.name} is larger than any book.", "Split it.")
    source: Source | None = None
    total, crashes = 1, 0
    while source is None or len(source.pages) < total:
        first = len(source.pages) if source else 0
        for value in _say(path, folder, first, ocr, page_seconds):
            if "page" not in value:
                total = _checked(value, path)
                source = source or _about(value)
            elif source is not None:
                source.pages.append(page_from(value))
        if source is None:
            raise BookError(f"{path.name} cannot be read: the PDF reader failed on it.", _AGAIN)
        if len(source.pages) < total:
            crashes += 1
            if crashes > _MAX_CRASHES:
                raise BookError(
                    f"{path.name} is damaged: the PDF reader failed on page after page.", _AGAIN
                )
            source.pages.append(
                Page(len(source.pages), problem="the PDF reader crashed or did not come to an end")
            )
    return source


def _say(
    path: Path, folder: Path, first: int, ocr: Recognition | None, seconds: float
) -> Iterator[dict[str, Any]]:
    arguments = [str(path), str(folder), str(first)]
    if ocr is not None:
        arguments += [ocr.languages, ocr.folder]
    return told("pdf_worker", "read", arguments, seconds)


def told(module: str, task: str, arguments: list[str], seconds: float) -> Iterator[dict[str, Any]]:
    """The JSON lines that a function of a module of this folder writes in a process of its own,
    until it ends, dies, or says nothing for ``seconds`` and is killed."""
    # The folder of Verso comes last: nothing in it may hide a module of the library.
    start = (
        f"import sys; sys.path.append({_ROOT!r}); from translator.books import {module}; "
        f"sys.exit({module}.{task}(*sys.argv[1:]))"
    )
    with subprocess.Popen(
        [sys.executable, "-P", "-c", start, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        # Tesseract's threads wait for each other in loops: 200 times slower on a busy machine.
        env={**os.environ, "OMP_THREAD_LIMIT": "1"},
    ) as child:
        assert child.stdout is not None
        try:
            while True:
                timer = threading.Timer(seconds, child.kill)
                timer.start()
                try:
                    line = child.stdout.readline(MAX_LINE)
                finally:
                    timer.cancel()
                if not line.endswith("\n"):
                    return  # it ended, well or not, or says more of a page than any page holds
                yield json.loads(line)
        finally:
            child.kill()


def _checked(value: dict[str, Any], path: Path) -> int:
    """The number of pages. Raises :class:`BookError` for what cannot be a book."""
    if value.get("locked"):
        raise BookError(
            f"{path.name} is locked with a password.",
            "Open it in a PDF viewer, save or print a copy without the password, and use that.",
        )
    problem = value.get("error")
    if problem and "encryption handler" in str(
        value.get("cause")
    ):  # MuPDF knows those of passwords only
        raise BookError(
            f"{path.name} is protected by DRM.",
            "Verso cannot open protected books. Use a copy without DRM.",
        )
    if problem:
        raise BookError(f"{path.name} is a PDF that is damaged or cut off.", _AGAIN)
    pages = int(value["pages"])
    if not 0 < pages <= MAX_PAGES:
        raise BookError(f"{path.name} has {pages} pages, which is no book.", "Is it damaged?")
    return pages


def _about(value: dict[str, Any]) -> Source:
    outline = [
        (int(level), " ".join(str(title).split()), int(page))
        for level, title, page in value["outline"]
    ]
    return Source(value["title"].strip(), value["author"].strip(), value["language"], outline)
