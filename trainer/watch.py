"""A folder is watched: when a prepared corpus appears in it, training with it starts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from trainer import launcher, runs
from trainer.config import RunSettings
from trainer.corpus import Corpus
from trainer.readers import CORPUS
from trainer.runs import Run
from trainer.supervisor import TRAINER
from translator.errors import InputError

_EVERY = 5.0  # seconds between looks


def prepared(folder: Path) -> list[Corpus]:
    """The corpora in a folder, or the folder itself as one; what is half written is passed over.

    Raises :class:`InputError` if there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder.", "Make it, or name another.")
    found = []
    for path in sorted(
        {file.parent for file in (*folder.glob(CORPUS), *folder.glob(f"*/{CORPUS}"))}
    ):
        if path.name.startswith(".") and path != folder:
            continue  # being built
        try:
            found.append(Corpus.load(path))
        except InputError:
            continue  # being copied; the next look will find it whole
    return found


def look(
    folder: Path, settings: RunSettings, home: Path, *, trainer: Sequence[str] = TRAINER
) -> Iterator[Run]:
    """Start a run for every corpus that has none with these settings' name; gives the new runs.

    A corpus that was built anew counts as new. Several runs wait for one another.
    """
    trained = {(run.settings.name, run.status().corpus_hash) for run in runs.all(home)}
    for corpus in prepared(folder):
        name = f"{settings.name} {corpus.folder.name}"
        if (name, corpus.hash) in trained:
            continue
        data = replace(settings.data, corpus=str(corpus.folder.resolve()))
        run = runs.create(replace(settings, name=name, data=data), home)
        launcher.start(run, trainer=trainer)
        yield run


def watch(
    folder: Path,
    settings: RunSettings,
    home: Path,
    stop: threading.Event,
    on_run: Callable[[Run], None],
    *,
    trainer: Sequence[str] = TRAINER,
) -> None:
    """Look again and again until ``stop`` is set. Raises as :func:`look`."""
    while not stop.is_set():
        for run in look(folder, settings, home, trainer=trainer):
            on_run(run)
        stop.wait(_EVERY)
