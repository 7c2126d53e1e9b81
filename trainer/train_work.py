"""What a run works on: base, tokenizer, prompt style, corpus, and its examples as token ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trainer import bases, dataset, preference_data, train_plan
from trainer.bases import Base
from trainer.config import RunSettings
from trainer.corpus import Corpus
from trainer.dataset_examples import Renderer, style_for
from trainer.dataset_report import DatasetReport
from trainer.preference_data import ChoiceReport
from trainer.runs import Run
from trainer.train_batches import CausalBatch, EncoderDecoderBatch, Placed
from trainer.train_dev import DevSet
from trainer.train_plan import Numbers, Plan
from trainer.train_watch import Watch
from translator.errors import InputError
from translator.prompts import PromptStyle
from translator.settings import Settings

Progress = Callable[[str, float], None]

# These mix in what stands before, also where packed examples must not see each other.
_MIXING = ("lfm2", "mamba", "mamba2", "falcon_h1", "bamba", "jamba", "granitemoehybrid", "zamba2")


@dataclass(frozen=True, slots=True)
class Work:
    """``dataset`` holds the examples of all stages, behind one another; ``lengths`` of each."""

    run: Run
    settings: RunSettings
    base: Base
    tokenizer: Any
    style: PromptStyle
    corpus: Corpus
    dataset: Any
    lengths: list[Numbers]
    reports: list[DatasetReport] | list[ChoiceReport]
    dev_rows: Any

    @classmethod
    def of(cls, run: Run, settings: RunSettings, progress: Progress) -> Work:
        """Raises :class:`VersoError` if something of it cannot be had."""
        import datasets
        import transformers

        datasets.disable_progress_bars()
        own = Settings.load()
        base = bases.resolve(settings.model.base, own, progress, settings.model.revision)
        if settings.data.packing and base.architecture in _MIXING:
            raise InputError(
                f"Models of the kind {base.architecture} cannot take packed rows.",
                "Set data.packing to false.",
            )
        corpus = Corpus.load(Path(settings.data.corpus))
        tokenizer = transformers.AutoTokenizer.from_pretrained(str(base.folder))
        style = style_for(tokenizer, settings.model.style, base.style)
        cache = own.home / "datasets"

        def prepare(part: str, stage: Any = None) -> Any:
            return dataset.prepare(
                corpus, part, tokenizer, style, settings.data, cache,
                encoder_decoder=base.encoder_decoder, stage=stage, progress=progress,
            )  # fmt: skip

        # A small campaign has no text to spare: its run is not watched, and its last weights count.
        dev = prepare("dev").dataset if corpus.report["lines"]["dev"] else None
        if settings.preference.kind == "dpo":
            renderer = Renderer(
                tokenizer, style, settings.data.length, encoder_decoder=base.encoder_decoder
            )
            rows, report = preference_data.rows(settings.preference, settings.data, renderer)
            lengths = [np.array([row["length"] for row in rows], np.int64)]
            return cls(
                run, settings, base, tokenizer, style, corpus, rows, lengths, [report], dev
            )  # fmt: skip
        made = [prepare("train", stage) for stage in train_plan.stages(settings)]
        every = datasets.concatenate_datasets([each.dataset for each in made])
        return cls(
            run, settings, base, tokenizer, style, corpus,
            Placed(every) if settings.preference.samples else every,
            [np.asarray(each.dataset["length"], np.int64) for each in made],
            [each.report for each in made],
            dev,
        )  # fmt: skip

    def account(self) -> Iterator[str]:
        """What is trained with, for the log."""
        yield f"Base {self.base.id} ({self.base.architecture}), prompt style {self.style.id}."
        for report in self.reports:
            yield from report.sentences()
        if self.dev_rows is None:
            yield "The corpus has no dev part: nothing is evaluated, and the last weights are kept."

    @property
    def collate(self) -> CausalBatch | EncoderDecoderBatch:
        """Makes batches of rows."""
        pad = self.tokenizer.pad_token_id
        pad = self.tokenizer.eos_token_id if pad is None else pad
        if self.base.encoder_decoder:
            return EncoderDecoderBatch(pad, _decoder_start(self.base, pad))
        return CausalBatch(pad)

    def dev(self) -> DevSet | None:
        """What evaluations read; ``None`` for a corpus without a dev part."""
        if self.dev_rows is None:
            return None
        return DevSet.of(
            self.dev_rows, self.corpus, self.style, self.tokenizer, self.collate,
            self.settings.evaluation, self._rows_at_once,
        )  # fmt: skip

    @property
    def _rows_at_once(self) -> int:
        """What a step of training has in memory on each device."""
        beyond = self.settings.preference
        times = {"none": 1, "dpo": 2}.get(beyond.kind, beyond.group)
        return self.settings.training.batch * times

    def watch(self, plan: Plan) -> Watch:
        """Who tells the run folder."""
        looks = self.dev_rows is not None
        return Watch(self.run, self.settings, plan, self.tokenizer, looks=looks)


def _decoder_start(base: Base, pad: int) -> int:
    import transformers

    config = transformers.AutoConfig.from_pretrained(str(base.folder))
    start = getattr(config, "decoder_start_token_id", None)
    return int(pad if start is None else start)
