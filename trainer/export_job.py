"""``python -m trainer.export_job FOLDER``: an export that the page asked for, in a process of its
own (:mod:`trainer.background`): it may take a minute and some gigabytes of memory."""

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
class Order:
    """``kind`` is "merged", "adapter" or "safetensors"; ``quantization`` counts for "merged"."""

    kind: str
    quantization: str
    name: str


def folder(run: Run) -> Path:
    """Where the order and the status of a run's export are."""
    return run.folder / "export"


def start(run: Run, order: Order, home: Path) -> None:
    """Begin an export. Raises :class:`InputError` if one goes on already."""
    place = folder(run)
    if background.status(place).running:
        raise InputError("An export of this training is at work.", "Wait for it, or stop it.")
    place.mkdir(exist_ok=True)
    (place / _ORDER).write_text(json.dumps(asdict(order)), "utf-8")
    background.start(place, "trainer.export_job", home)
