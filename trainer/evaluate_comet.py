"""COMET: a learned score of a translation beside its source and reference, where installed.

R. Rei et al., "COMET: A Neural Framework for MT Evaluation", EMNLP 2020. Its package is not
one of Verso's, since it wants older releases of what training needs; install it beside them or
score saved translations (``--save``, ``--hypotheses``) in an environment of its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from trainer.evaluate_scores import Rows
from translator.errors import InputError

_BATCH = 8


@dataclass(frozen=True, slots=True)
class Comet:
    """The mean of a COMET model's scores of lines; a :class:`Metric`."""

    model: str
    version: str
    inner: Any
    name: str = "comet"
    title: str = "COMET"
    lower_is_better: bool = False

    @property
    def signature(self) -> str:
        """The model and the package's version."""
        return f"model:{self.model}|version:{self.version}"

    def rows(
        self, sources: Sequence[str], hypotheses: Sequence[str], references: Sequence[str]
    ) -> Rows:
        """For each line its score, and a one to count it by."""
        lines = zip(sources, hypotheses, references, strict=True)
        data = [{"src": src, "mt": mt, "ref": ref} for src, mt, ref in lines]
        made = self.inner.predict(data, batch_size=_BATCH, gpus=_gpus(), progress_bar=False)
        return np.array([(float(score), 1.0) for score in made.scores])

    def value(self, total: Sequence[float]) -> float:
        """The mean."""
        return total[0] / total[1]

    def details(self, total: Sequence[float]) -> dict[str, Any]:
        """Nothing more."""
        return {}


def load(model: str) -> Comet:
    """A COMET model: a checkpoint on disk, or a name, which the package downloads if need be.

    Raises :class:`InputError` if COMET is not installed or the model cannot be had.
    """
    try:
        comet: Any = importlib.import_module("comet")
        version = metadata.version("unbabel-comet")
    except ImportError as error:  # no metadata is one, too
        raise InputError(
            "COMET is not installed.", "pip install unbabel-comet, or leave --comet out."
        ) from error
    path = Path(model)
    try:
        checkpoint = path if path.is_file() else Path(comet.download_model(model))
        inner = comet.load_from_checkpoint(str(checkpoint))
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"The COMET model {model} cannot be loaded: {error}.",
            "Name a checkpoint on disk (model.ckpt), or a model that can be downloaded.",
        ) from error
    return Comet(path.name if path.is_file() else model, version, inner)


def _gpus() -> int:
    import torch

    return 1 if torch.cuda.is_available() else 0
