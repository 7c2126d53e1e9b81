"""Stop switches of the texts being translated, one for each open page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Running:
    """Lets one event of a page (stop, close) reach another one (the running translation)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._switches: dict[str, threading.Event] = {}

    @contextmanager
    def begin(self, session: str) -> Iterator[threading.Event]:
        """A switch for a new translation; one that still runs on this page is stopped."""
        switch = threading.Event()
        with self._lock:
            old = self._switches.get(session)
            self._switches[session] = switch
        if old:
            old.set()
        try:
            yield switch
        finally:
            switch.set()
            with self._lock:
                if self._switches.get(session) is switch:
                    del self._switches[session]

    def stop(self, session: str) -> None:
        """Stop what runs on this page, if anything does."""
        with self._lock:
            switch = self._switches.get(session)
        if switch:
            switch.set()
