"""``python -m trainer.export_job FOLDER``: an export that the page asked for.

In a process of its own (:mod:`trainer.background`): it takes a minute and some gigabytes of
memory. The folder (``export`` in that of
the run) has the order and says how it goes.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from trainer import background
from trainer.runs import Run
from translator.errors import InputError

_ORDER = "order.json"


@dataclass(frozen=True, slots=True)
class Wish:
    """As :class:`trainer.export.Order`, which cannot be imported without torch's friends."""

    kind: str
    quantization: str
    name: str
    checkpoint: int = 0


def folder(run: Run) -> Path:
    """Where the order and the status of a run's export are."""
    return run.folder / "export"


def start(run: Run, wish: Wish, home: Path) -> None:
    """Begin an export. Raises :class:`InputError` if one goes on already."""
    place = folder(run)
    if background.status(place).running:
        raise InputError("An export of this training is at work.", "Wait for it, or stop it.")
    place.mkdir(exist_ok=True)
    (place / _ORDER).write_text(json.dumps(asdict(wish)), "utf-8")
    background.start(place, "trainer.export_job", home)


def work(place: Path) -> None:
    """Do what the order in this folder says; the run lists what was made."""
    with background.Reporter(place) as report:
        report("Starting")
        from trainer.export import Order, export
        from translator.settings import Settings

        order = Order(**json.loads((place / _ORDER).read_text("utf-8")))
        export(Run(place.parent), order, Settings.load(), report)


if __name__ == "__main__":
    work(Path(sys.argv[1]))
