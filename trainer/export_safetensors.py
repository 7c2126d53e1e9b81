"""A trained model as a folder of transformers: merged weights beside the base's other files."""

from __future__ import annotations

import shutil
from pathlib import Path

from trainer import safetensors_file
from trainer.export_weights import Trained, check_fits
from trainer.safetensors_file import Output, Report

_LEFT_OUT = (".safetensors", ".safetensors.index.json", ".lock")


def write(trained: Trained, folder: Path, report: Report) -> None:
    """Write into ``folder``, which is there; ``report`` gets the bytes of weights written so far.

    Raises:
        ModelError: the adapter does not fit its base.
    """
    check_fits(trained)
    for path in sorted(trained.folder.iterdir()):
        # Notes of Verso say what a folder was made from; this one was made from something else.
        if path.is_file() and not path.name.endswith(_LEFT_OUT) and "verso-" not in path.name:
            shutil.copyfile(path, folder / path.name)
    outputs = [_output(trained, name) for name in trained.names]
    safetensors_file.write(folder / "model.safetensors", outputs, report)


def size(trained: Trained) -> int:
    """Bytes of the weights."""
    return sum(_output(trained, name).size for name in trained.names)


def _output(trained: Trained, name: str) -> Output:
    return Output(name, trained.kind(name), trained.shape(name), lambda: trained.chunks(name))
