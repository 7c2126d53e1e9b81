"""A corpus as token ids on disk, ready to be trained with.

The dataset is an Arrow file that is mapped into memory, so its size does not matter. It is made
once for the same corpus, tokenizer, prompt style and settings, and found again later.

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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer import dataset_rows, split
from trainer.dataset_documents import Line, Unit, documents, examples
from trainer.dataset_examples import Example, Renderer, Text
from trainer.dataset_report import DatasetReport
from trainer.dataset_rows import Kept
from translator.errors import InputError
from translator.prompts import PromptStyle

if TYPE_CHECKING:
    from trainer.config import DataPart, Stage
    from trainer.corpus import Corpus

Progress = Callable[[str, float], None]  # what is done, and the share of it from 0 to 1

_VERSION = 1  # of how examples are made: older files are not used again
_DATA, _REPORT = "data.arrow", "report.json"
_REPEATS = 100  # times a line may come: a weight of more is a mistake


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
        making = _Making(corpus, part, wanted, parts, renderer, progress)
        _write(making, folder)
    import datasets

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


@dataclass(frozen=True)
class _Making:
    """One run over a part of a corpus."""

    corpus: Corpus
    part: str
    data: DataPart
    parts: tuple[int, ...]
    renderer: Renderer
    progress: Progress

    def kept(self, report: DatasetReport) -> Iterator[Kept]:
        """All examples, and an account of them."""
        times = self._times()
        total = max(1, self.corpus.report["lines"][self.part])
        for number, unit in enumerate(self._units()):
            often = int(times[number]) if times is not None else 1
            if not often:
                report.skipped("left out by the weights or the limit")
                continue
            if number % 1000 == 0:
                self.progress(f"Preparing {self.part}", unit[-1].number / total)
            found = list(self._examples(unit, report))
            for _ in range(often):
                for kept in found:
                    report.kept(kept[0].direction, kept[1], self.renderer.size(kept[1]))
                    yield kept
        counts = report.all
        if counts.too_long and self.data.too_long == "refuse":
            raise InputError(
                f"{counts.too_long:,} of {counts.lines:,} lines of {self.part} are longer than "
                f"{self.data.length:,} tokens.",
                "Set data.length higher, or data.too-long to drop or split.",
            )
        if not counts.examples:
            raise InputError(
                f"Nothing of {self.part} is left to train with.",
                "Check data.directions, data.weights and data.length.",
            )

    def _lines(self) -> Iterator[Line]:
        """Those of the directions that are wanted; a corpus of one direction is turned for it."""
        wanted = self.data.directions
        both = self.corpus.settings.get("both", False)
        for number, row in enumerate(self.corpus.rows(self.part)):
            here, back = f"{row['from']}>{row['to']}", f"{row['to']}>{row['from']}"
            if not wanted or here in wanted:
                yield Line.of(number, row)
            if back in wanted and not both:
                yield Line.of(number, row, turned=True)

    def _units(self) -> Iterator[Unit]:
        return documents(self._lines()) if self.parts else ((line,) for line in self._lines())

    def _times(self) -> split.Counts | None:
        """How often each unit comes, if weights or a limit ask for it."""
        weights = self.data.weights
        if not weights and not self.data.limit:
            return None
        names: dict[tuple[str, str, str], int] = {}
        groups, keys = [], []
        for unit in self._units():
            groups.append(names.setdefault(unit[0].group, len(names)))
            keys.append(split.hashed(unit[0].number, unit[0].direction))
        shares = [float(np.prod([weights.get(n, 1.0) for n in set(name)])) for name in names]
        found = np.array(groups, np.int64)
        sizes = [int(n) for n in np.bincount(found, minlength=len(names))]
        quotas = split.quotas(sizes, shares, self.data.limit, _REPEATS)
        return split.times(found, np.array(keys, np.uint64), quotas)

    def _examples(self, unit: Unit, report: DatasetReport) -> Iterator[Kept]:
        if self.parts:
            found = examples(self.renderer, unit, self.parts)
        else:
            line = unit[0]
            found = iter([(line, line.text, self.renderer.example(line.text))])
        direction = unit[0].direction
        over = False
        for counts in report.both(direction):
            counts.lines += 1
        for line, text, example in found:
            report.saw(self.renderer.size(example))
            if reason := self._unusable(text, example):
                report.skipped(reason)
            elif self.renderer.fits(example):
                yield line, example
            else:
                over = True
                for piece in self._too_long(text, example, direction, report):
                    yield line, piece
        for counts in report.both(direction):
            counts.too_long += over

    def _unusable(self, text: Text, example: Example) -> str:
        if not text.source.strip() or not text.target.strip():
            return "a side is empty"
        if self.renderer.ends_early(text):
            return "the translation has a line break where a reply ends"
        return ""

    def _too_long(
        self, text: Text, example: Example, direction: str, report: DatasetReport
    ) -> Iterator[Example]:
        pieces = [example]
        if self.data.too_long == "split":
            pieces = [piece for _, piece in self.renderer.split(text)]
        for piece in pieces:
            fits = self.renderer.fits(piece)
            for counts in report.both(direction):
                counts.split += fits
                counts.dropped += not fits
                counts.dropped_target_tokens += 0 if fits else len(piece.target)
            if fits:
                yield piece


def _write(making: _Making, folder: Path) -> None:
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
