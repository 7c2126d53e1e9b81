"""A corpus as token ids on disk, ready to be trained with.

The dataset is an Arrow file that is mapped into memory, so its size does not matter. It is made
once for the same corpus, tokenizer, prompt style and settings, and found again for as long as it
is used now and then.

Columns: ``input_ids``; ``labels``, of the same length with -100 on the prompt (causal models), or
the target alone (encoder-decoder ones); ``length`` in tokens; ``direction`` as in ``en>de``;
``row``, the number of the line in the corpus part, from 0. Packed rows also have ``position_ids``,
which begin again with each example.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer import dataset_rows
from trainer.dataset_examples import Renderer
from trainer.dataset_making import Making, Progress
from trainer.dataset_report import DatasetReport
from translator.errors import InputError
from translator.prompts import PromptStyle

if TYPE_CHECKING:
    from trainer.config import DataPart, Stage
    from trainer.corpus import Corpus

_VERSION = 1  # of how examples are made: older files are not used again
_DATA, _REPORT = "data.arrow", "report.json"
_UNUSED = 30 * 86_400.0  # seconds after which a dataset is not kept any longer


@dataclass(frozen=True, slots=True)
class Prepared:
    """A ``datasets.Dataset`` and what became of the corpus in it."""

    dataset: Any
    report: DatasetReport
    folder: Path


def prepare(
    corpus: Corpus,
    part: str,
    tokenizer: Any,
    style: PromptStyle,
    data: DataPart,
    cache: Path,
    *,
    encoder_decoder: bool = False,
    stage: Stage | None = None,
    progress: Progress = lambda _, __: None,
) -> Prepared:
    """The examples of a part of a corpus (``train``, ``dev``, ``test``), in its order.

    ``stage`` gives its own length and may ask for documents instead of lines. Weights and the
    limit of ``data`` are for ``train`` only; packing too.

    Raises :class:`InputError` if nothing is left, or something is too long and that is refused.
    """
    wanted = replace(data, length=stage.length) if stage else data
    if part != "train":
        wanted = replace(wanted, weights={}, limit=0, packing=False)
    if wanted.packing and encoder_decoder:
        raise InputError("Models with an encoder cannot take packed rows.", "Set packing to false.")
    parts = stage.parts if stage else ()
    key = _key(corpus, part, tokenizer, style, wanted, parts, encoder_decoder)
    folder = cache / key
    if not (folder / _REPORT).is_file():
        renderer = Renderer(tokenizer, style, wanted.length, encoder_decoder=encoder_decoder)
        making = Making(corpus, part, wanted, parts, renderer, progress)
        _forget_old(cache)
        _write(making, folder)
    import datasets

    (folder / _REPORT).touch()

    report = DatasetReport.of(json.loads((folder / _REPORT).read_text("utf-8")))
    return Prepared(datasets.Dataset.from_file(str(folder / _DATA)), report, folder)


def _key(
    corpus: Corpus,
    part: str,
    tokenizer: Any,
    style: PromptStyle,
    data: DataPart,
    parts: tuple[int, ...],
    encoder_decoder: bool,
) -> str:
    """A name for everything that decides what is in a dataset."""
    words = tokenizer.get_vocab()
    facts = [
        _VERSION, corpus.hash, part, style.id, style.fingerprint, encoder_decoder, list(parts),
        data.length, data.too_long, data.packing, data.limit, sorted(data.weights.items()),
        list(data.directions), tokenizer.chat_template, tokenizer.special_tokens_map,
        getattr(tokenizer, "add_bos_token", None),
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    digest.update(json.dumps(sorted(words.items(), key=lambda word: word[1])).encode())
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is not None:
        digest.update(backend.to_str().encode())
    return digest.hexdigest()[:20]


def _forget_old(cache: Path) -> None:
    """Remove datasets that nobody used for long, and what a killed process left."""
    oldest = time.time() - _UNUSED
    for folder in cache.glob("*"):
        report = folder / _REPORT
        with suppress(FileNotFoundError):  # another process may be at it
            if (report if report.exists() else folder).stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)


def _write(making: Making, folder: Path) -> None:
    """The dataset's folder, which appears when all is done."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        report = DatasetReport(making.data.length)
        kept = making.kept(report)
        if making.data.packing:
            rows = dataset_rows.packed(kept, making.data.length)
        else:
            other = making.renderer.encoder_decoder
            rows = (dataset_rows.row(*each, encoder_decoder=other) for each in kept)
        report.rows = dataset_rows.write(rows, temporary / _DATA, positions=making.data.packing)
        values = json.dumps(report.values(), ensure_ascii=False, indent=1)
        (temporary / _REPORT).write_text(values + "\n", "utf-8")
        temporary.chmod(0o755)
        try:
            temporary.rename(folder)
        except OSError:
            if not (folder / _REPORT).is_file():  # else another process was faster
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
