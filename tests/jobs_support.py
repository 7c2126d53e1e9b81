"""Books, engines and pools for the tests of jobs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.epubs import make_epub
from tests.fake_engine import Act, FakeEngine, Say, Script
from translator.engines.base import Engine, EngineInfo, Request, Sink
from translator.engines.pseudo import PseudoEngine, pseudo
from translator.jobs import BookJobs, JobState
from translator.models.registry import Registry
from translator.settings import Settings
from translator.types import Translation

SENTENCES = (
    "The old sailor told a long story about the sea and its storms.",
    "Nobody in the village had ever seen a <b>white whale</b> before that morning.",
    "She opened the window, and the wind took the letters from the table.",
    "They walked for <i>seven days</i> through the woods without a word.",
)


def small_epub(path: Path, paragraphs: int = 40) -> Path:
    """An EPUB of two chapters with that many different paragraphs each."""
    chapters = {
        f"c{chapter}.xhtml": f"<h1>Chapter {chapter}</h1>"
        + "".join(
            f"<p>Number {chapter} and {n}: {SENTENCES[n % len(SENTENCES)]}</p>"
            for n in range(paragraphs)
        )
        for chapter in (1, 2)
    }
    return make_epub(path, chapters)


def small_text(path: Path, *paragraphs: str) -> Path:
    """A text file with these paragraphs."""
    path.write_text("\n\n".join(paragraphs) + "\n", encoding="utf-8")
    return path


def text_of(request: Request) -> str:
    """The source text in a prompt of the style ``pseudo``."""
    return "".join(part.text for part in request.prompt.parts[1:])


def scripted(script: Script, slots: int = 4) -> FakeEngine:
    """An engine for the model ``pseudo`` that follows a script."""
    return FakeEngine(script, slots=slots, text_of=text_of)


def as_pseudo(request: Request, text: str, count: int) -> Act:
    """The script that answers as the dry run does, for German."""
    return Say(pseudo(text, "de"))


MakeJobs = Callable[[Engine], BookJobs]


class SlowEngine:
    """The dry run, a request after the other, with a pause before each answer."""

    def __init__(self, pause: float) -> None:
        self._inner = PseudoEngine()
        self._pause = pause
        self._waiting: queue.SimpleQueue[tuple[Request, Sink]] = queue.SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("slow", 1_000_000, slots=4, deterministic=True)

    def submit(self, request: Request, sink: Sink) -> None:
        self._waiting.put((request, sink))

    def cancel(self, request_id: str) -> None:
        self._inner.cancel(request_id)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return self._inner.count_tokens(texts)

    def close(self) -> None:
        self._inner.close()

    def _serve(self) -> None:
        while True:
            request, sink = self._waiting.get()
            time.sleep(self._pause)
            self._inner.submit(request, sink)


class OnePool:
    """Always the same engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def engine(self, model_id: str) -> Iterator[Engine]:
        yield self._engine


def jobs_with(engine: Engine, home: Path) -> BookJobs:
    """The jobs of a data home, run by an engine that plays the model ``pseudo``."""
    settings = Settings(home)
    return BookJobs(settings, OnePool(engine), Registry(settings))


def wait_for(truth: Callable[[], bool], seconds: float = 20.0) -> None:
    """Fail unless it becomes true in time."""
    end = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def state(jobs: BookJobs, job_id: str) -> JobState:
    """A job's state now."""
    return jobs.store.job(job_id).state


def stored(jobs: BookJobs, job_id: str) -> dict[str, Translation]:
    """The translations that are stored, by segment id."""
    return {
        e.segment.id: e.translation for e in jobs.store.entries(job_id) if e.translation is not None
    }
