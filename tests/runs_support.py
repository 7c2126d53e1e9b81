"""Small corpora and runs for tests of the trainer's room."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from trainer import corpus, runs
from trainer.config import RunSettings
from trainer.corpus_settings import CorpusSettings
from trainer.runs import Run

FAKE: Final = ("-m", "tests.fake_trainer")


def tiny_corpus(folder: Path, lines: int = 40) -> Path:
    """A corpus of English and German sentences."""
    texts = folder.parent / f"{folder.name}-texts"
    texts.mkdir(parents=True)
    numbers = range(1, lines + 1)
    words = ["house", "tree", "river", "stone", "cloud", "horse", "table"]
    german = ["Haus", "Baum", "Fluss", "Stein", "Wolke", "Pferd", "Tisch"]
    pairs = [
        (f"We saw {n} times the {words[n % 7]} of neighbour {n * n}.",
         f"Wir sahen {n} Mal {german[n % 7]} von Nachbar {n * n}.")
        for n in numbers
    ]  # fmt: skip
    (texts / "t.en").write_text("".join(f"{a}\n" for a, _ in pairs), "utf-8")
    (texts / "t.de").write_text("".join(f"{b}\n" for _, b in pairs), "utf-8")
    settings = CorpusSettings(inputs=(str(texts),), source="en", targets=("de",), block=5, dev=5)
    return corpus.build(settings, folder).folder


def make_run(home: Path, corpus_folder: Path, **changes: Any) -> Run:
    """A run of the stand-in trainer: 40 steps of 10 ms, saved every fifth."""
    settings = RunSettings.of({"model": {"base": "base"}, "data": {"corpus": str(corpus_folder)}})
    values = {"training.steps": 40, "training.save": 5, "machine.threads": 10}
    changed = {name.replace("__", "."): value for name, value in changes.items()}
    return runs.create(settings.with_values(values | {"evaluation.every": 10} | changed), home)


def wait_for(run: Run, what: Callable[[runs.Status], bool], seconds: float = 60.0) -> runs.Status:
    """The status, once it is so."""
    end = time.monotonic() + seconds
    while not what(status := run.status()):
        assert time.monotonic() < end, f"{status}\n{run.log_tail()}"
        time.sleep(0.02)
    return status
