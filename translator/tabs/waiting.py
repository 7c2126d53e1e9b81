"""Work on a book that may take a minute: the page says that it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, TypeVar

READING = '<p class="v-empty">Reading the book …</p>'
_PATIENCE = 2.0  # seconds after which a person wonders
_STEP = 1.0  # seconds

T = TypeVar("T")


def for_(work: Callable[[], T], place: Any) -> Generator[dict[Any, Any], None, T]:  # a component
    """What ``work`` returns, or raises. Meanwhile ``place`` says for how long it has gone on."""
    start = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(work)
        if not wait([future], _PATIENCE).done:
            yield {place: READING}
        while not wait([future], _STEP).done:
            yield {place: _said(time.monotonic() - start)}
        return future.result()


def _said(seconds: float) -> str:
    return (
        f'<p class="v-empty" aria-live="off">Reading the book … {seconds:.0f} seconds so far. '
        "Hundreds of pages take up to a minute.</p>"
    )
