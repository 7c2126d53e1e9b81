"""A trained model as a GGUF file of 16 bits, from which llama.cpp makes the quantized ones.

A model whose base is a GGUF file keeps that file's metadata byte by byte, tokenizer included;
only the tensors that were trained are new. A model of transformers gets its metadata from
:mod:`trainer.export_metadata`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np

from trainer import bases_gguf, export_metadata
from trainer.architectures import Family
from trainer.export_weights import Array, Trained, check_fits
from trainer.gguf_config import Measures
from translator.errors import ModelError
from translator.models import gguf_file
from translator.models.gguf_file import Entry, GgufFile, Made, Part, Tensor

_F32, _F16 = 0, 1
_FILE_TYPE_F16 = 1
Report = Callable[[int], None]


def write_over(
    trained: Trained,
    base: GgufFile,
    family: Family,
    target: Path,
    facts: Mapping[str, str],
    report: Report,
    *,
    keep: bool,
) -> None:
    """Write a model whose base is a GGUF file.

    ``keep``: tensors that were not trained stay as they are in the base, quantized or not (for a
    file that is quantized next: what already has its type is then not rounded twice). Else they
    are written in 16 bits, too.

    Raises:
        ModelError: the trained model does not fit the base.
    """
    check_fits(trained)
    known = set(trained.names)
    measures = Measures(base)
    parts: list[Part | Made] = []
    for tensor in base.tensors:
        name = family.hf_name(tensor.name)
        # A model trained whole has no adapter: every tensor is new.
        new = name in known and (trained.adapter is None or trained.changed(name))
        if new and name is not None:
            parts.append(_made(trained, name, tensor.name, tensor.shape, family, measures))
        elif keep or tensor.kind in (_F32, _F16):
            parts.append(Part(tensor))
        else:
            parts.append(_plain(base, tensor))
    entries = dict(base.entries)
    entries["general.file_type"] = gguf_file.whole(_FILE_TYPE_F16)
    entries |= {key: gguf_file.text(value) for key, value in facts.items()}
    gguf_file.write(target, base.path, entries, parts, report)


def write_new(
    trained: Trained, family: Family, target: Path, facts: Mapping[str, str], report: Report
) -> None:
    """Write a model of transformers, its tokenizer included.

    Raises:
        ModelError: a part of the model is not known here.
    """
    check_fits(trained)
    entries: dict[str, Entry] = export_metadata.entries(family, trained)
    entries |= {key: gguf_file.text(value) for key, value in facts.items()}
    entries["general.file_type"] = gguf_file.whole(_FILE_TYPE_F16)
    file = GgufFile(trained.folder, entries, ())
    measures = Measures(file)
    parts: list[Part | Made] = []
    tied = export_metadata.is_tied(trained.folder)
    for name in trained.names:
        known = family.gguf_name(name)
        if known is None:
            raise ModelError(
                f"{trained.folder.name} has a layer that Verso does not know ({name})."
            )
        if known == "output.weight" and tied:
            continue
        shape = tuple(reversed(trained.shape(name)))
        if known.endswith(".shortconv.conv.weight"):
            shape = (shape[0], shape[2])
        parts.append(_made(trained, name, known, shape, family, measures))
    factors = export_metadata.rope_factors(trained.folder)
    if factors is not None:
        parts.append(Made("rope_freqs.weight", _F32, factors.shape, lambda: [factors]))
    gguf_file.write(target, None, entries, parts, report)


def _made(
    trained: Trained,
    name: str,
    known: str,
    shape: tuple[int, ...],
    family: Family,
    measures: Measures,
) -> Made:
    """A tensor of the trained model under its name in GGUF."""

    def chunks() -> Iterator[Array]:
        parts = trained.chunks(name)
        if known.startswith("blk."):  # some change their order of rows
            parts = iter([np.concatenate(list(parts))])
        for part in parts:
            yield family.to_gguf(known, part, measures.heads_of(known))

    small = len(shape) == 1 or known.endswith(".shortconv.conv.weight")
    return Made(known, _F32 if small else _F16, shape, chunks)


def _plain(base: GgufFile, tensor: Tensor) -> Made:
    kind = _F32 if len(tensor.shape) == 1 else _F16
    return Made(tensor.name, kind, tensor.shape, lambda: bases_gguf.values(base, tensor))
