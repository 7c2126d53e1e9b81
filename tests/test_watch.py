"""A watched folder: a corpus that appears is trained with, once."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from tests.runs_support import FAKE, tiny_corpus, wait_for
from trainer import watch
from trainer.config import RunSettings
from trainer.runs import Run
from translator.errors import InputError

SETTINGS = RunSettings.of({"name": "nightly", "model": {"base": "base"}}).with_values(
    {"training.steps": 3, "machine.threads": 1}
)


def look(folder: Path, home: Path) -> list[Run]:
    return list(watch.look(folder, SETTINGS, home, trainer=FAKE))


def test_each_corpus_is_trained_with_once(tmp_path: Path) -> None:
    folder, home = tmp_path / "watched", tmp_path / "home"
    with pytest.raises(InputError, match="is no folder"):
        look(folder, home)
    folder.mkdir()
    assert look(folder, home) == []
    ready = tiny_corpus(tmp_path / "made")
    (folder / "half").mkdir()
    shutil.copy(ready / "corpus.toml", folder / "half")
    shutil.copytree(ready, folder / ".hidden.tmp")
    assert look(folder, home) == [], "half copied, and being built"
    shutil.copytree(ready, folder / "first")
    (run,) = look(folder, home)
    assert run.settings.name == "nightly first"
    assert run.settings.data.corpus == str(folder / "first")
    assert wait_for(run, lambda status: not status.busy).state == "done"
    assert look(folder, home) == []
    # Built anew with other texts.
    shutil.rmtree(folder / "first")
    shutil.copytree(tiny_corpus(tmp_path / "second", 50), folder / "first")
    (again,) = look(folder, home)
    assert again.id != run.id
    wait_for(again, lambda status: not status.busy)


def test_watches_until_it_is_told_to_stop(tmp_path: Path) -> None:
    folder = tmp_path / "watched"
    tiny_corpus(folder / "one")
    stop, started = threading.Event(), []

    def tell(run: Run) -> None:
        started.append(run)
        stop.set()

    watch.watch(folder, SETTINGS, tmp_path / "home", stop, tell, trainer=FAKE)
    assert len(started) == 1
    wait_for(started[0], lambda status: not status.busy)
