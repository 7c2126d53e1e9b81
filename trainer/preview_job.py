"""``python -m trainer.preview_job FOLDER``: what a training would learn from, for the page.

In a process of its own (:mod:`trainer.background`): it loads libraries of some hundred megabytes.
The folder has the settings (``run.toml``) and gets the answer (``preview.json``).
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer import background
from trainer.config import RunSettings
from trainer.run_files import write_atomically
from trainer.runs import SETTINGS
from translator.errors import InputError
from translator.settings import Settings

_ANSWER = "preview.json"


def start(folder: Path, settings: RunSettings, home: Path) -> None:
    """Begin. Raises :class:`InputError` if it goes on already."""
    if background.status(folder).running:
        raise InputError("A preview is being made.", "Wait a moment.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _ANSWER).unlink(missing_ok=True)
    settings.write(folder / SETTINGS)
    background.start(folder, "trainer.preview_job", home)


def answer(folder: Path) -> dict[str, Any]:
    """What :class:`trainer.preview.Preview` holds, as JSON; empty while there is none."""
    try:
        found: dict[str, Any] = json.loads((folder / _ANSWER).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


def run(folder: Path) -> None:
    """Look, and write down what was seen."""
    with background.Reporter(folder) as report:
        report("Reading the vocabulary of the base model")
        from trainer.corpus import Corpus
        from trainer.dataset_examples import style_for
        from trainer.preview import preview, tokenizer_of

        settings = RunSettings.load(folder / SETTINGS)
        tokenizer, own, encoder_decoder = tokenizer_of(settings.model.base, Settings.load())
        report("Looking at the texts")
        found = preview(
            Corpus.load(Path(settings.data.corpus)),
            tokenizer,
            style_for(tokenizer, settings.model.style, own),
            settings.data,
            encoder_decoder=encoder_decoder,
            stage=settings.stages[0] if settings.stages else None,
        )
        write_atomically(folder / _ANSWER, json.dumps(asdict(found), ensure_ascii=False))


if __name__ == "__main__":
    run(Path(sys.argv[1]))
