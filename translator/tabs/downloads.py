"""Model downloads in the background: any page can start, watch and stop them."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from translator.errors import Cancelled, VersoError

if TYPE_CHECKING:
    from translator.models.spec import ModelSpec


class DownloadState(StrEnum):
    """Where a download is."""

    RUNNING = "running"
    STOPPED = "stopped"
    FAILED = "failed"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Download:
    """One download as seen now. ``done`` and ``total`` in bytes, ``speed`` in bytes a second."""

    state: DownloadState
    done: int = 0
    total: int = 0
    label: str = ""
    speed: float = 0.0
    error: VersoError | None = None


@dataclass(slots=True)
class _Work:
    seen: Download
    stop: threading.Event = field(default_factory=threading.Event)
    began: float = 0.0  # time and bytes from which the speed is counted
    at: int = 0


class Downloads:
    """One background thread a model; what has arrived is kept when one is stopped."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._work: dict[str, _Work] = {}

    def start(self, spec: ModelSpec, *, accept_terms: bool = False) -> None:
        """Start or resume a download; does nothing while it runs."""
        with self._lock:
            work = self._work.get(spec.id)
            if work and work.seen.state is DownloadState.RUNNING:
                return
            work = _Work(Download(DownloadState.RUNNING, total=spec.bytes, label="connecting"))
            self._work[spec.id] = work
        threading.Thread(
            target=self._run, args=(spec, work, accept_terms), name="verso-download", daemon=True
        ).start()

    def stop(self, model_id: str) -> None:
        """Ask a download to stop; it does between two chunks."""
        with self._lock:
            if work := self._work.get(model_id):
                work.stop.set()

    def get(self, model_id: str) -> Download | None:
        """The download of this model that was started last, if any."""
        with self._lock:
            work = self._work.get(model_id)
            return work.seen if work else None

    def running(self) -> bool:
        """Whether anything is on its way."""
        with self._lock:
            return any(w.seen.state is DownloadState.RUNNING for w in self._work.values())

    def close(self) -> None:
        """Stop all downloads."""
        with self._lock:
            for work in self._work.values():
                work.stop.set()

    def _run(self, spec: ModelSpec, work: _Work, accept_terms: bool) -> None:
        from translator.models.download import pull

        def progress(done: int, total: int, label: str) -> None:
            now = time.monotonic()
            with self._lock:
                if not work.began or done < work.seen.done or label != work.seen.label:
                    work.began, work.at = now, done
                elapsed = now - work.began
                speed = (done - work.at) / elapsed if elapsed > 0.5 else 0.0
                work.seen = replace(work.seen, done=done, total=total, label=label, speed=speed)

        end: tuple[DownloadState, VersoError | None]
        try:
            pull(spec, self._folder, progress=progress, stop=work.stop, accept_terms=accept_terms)
        except Cancelled:
            end = DownloadState.STOPPED, None
        except VersoError as error:
            end = DownloadState.FAILED, error
        except BaseException:
            # A bug: the thread's traceback goes to the terminal, the page must not wait forever.
            self._end(
                work,
                DownloadState.FAILED,
                VersoError(f"Downloading {spec.name} failed.", "The terminal says more."),
            )
            raise
        else:
            end = DownloadState.FINISHED, None
        self._end(work, *end)

    def _end(self, work: _Work, state: DownloadState, error: VersoError | None) -> None:
        with self._lock:
            work.seen = replace(work.seen, state=state, error=error, speed=0.0)
