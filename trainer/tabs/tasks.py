"""Long work that the page starts and any page can watch: exports, installations, previews."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from translator.errors import VersoError

_LINES = 400


class Report(Protocol):
    """Says what is being done, and the share that is done."""

    def __call__(self, text: str, fraction: float | None = None) -> None: ...


@dataclass(frozen=True, slots=True)
class Task:
    """One piece of work as seen now. ``fraction`` is None while how far it is cannot be known."""

    state: Literal["running", "done", "failed"] = "running"
    text: str = ""
    fraction: float | None = None
    result: Any = None
    error: VersoError | None = None
    lines: tuple[str, ...] = field(default=())  # everything said so far, the last few hundred


class Tasks:
    """One background thread for each piece of work; equal keys never run at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[str, Task] = {}

    def start(self, key: str, work: Callable[[Report], Any], text: str = "") -> bool:
        """Begin, unless the same work runs already; whether it was begun."""
        with self._lock:
            if (old := self._seen.get(key)) and old.state == "running":
                return False
            self._seen[key] = Task(text=text)
        threading.Thread(
            target=self._run, args=(key, work), name=f"verso-{key}", daemon=True
        ).start()
        return True

    def get(self, key: str) -> Task | None:
        """The work that was started last under this key, if any."""
        with self._lock:
            return self._seen.get(key)

    def forget(self, key: str) -> None:
        """Leave work that has ended out of sight."""
        with self._lock:
            if (seen := self._seen.get(key)) and seen.state != "running":
                del self._seen[key]

    def _run(self, key: str, work: Callable[[Report], Any]) -> None:
        def report(text: str, fraction: float | None = None) -> None:
            with self._lock:
                seen = self._seen[key]
                lines = seen.lines if not text or text in seen.lines[-1:] else (*seen.lines, text)
                self._seen[key] = replace(
                    seen, text=text or seen.text, fraction=fraction, lines=lines[-_LINES:]
                )

        try:
            result = work(report)
        except VersoError as error:
            self._end(key, state="failed", error=error)
        except BaseException:
            # A bug: its traceback goes to the terminal, and the page must not wait forever.
            problem = VersoError("This ended with an error of Verso.", "The terminal says more.")
            self._end(key, state="failed", error=problem)
            raise
        else:
            self._end(key, state="done", result=result, fraction=1.0)

    def _end(self, key: str, **changes: Any) -> None:
        with self._lock:
            self._seen[key] = replace(self._seen[key], **changes)
