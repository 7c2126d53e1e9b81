"""How good the model is meanwhile: loss on the dev part, and chrF++ of lines that it translates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer import evaluate_scores, train_world
from trainer.config import EvaluationPart
from trainer.corpus import Corpus
from trainer.dataset_examples import IGNORED
from trainer.train_batches import Batch
from trainer.train_loss import TargetLoss
from trainer.train_writing import Line, Writer, line_of
from translator.prompts import PromptStyle

_LOSS_ROWS = 256  # dev examples whose loss is computed


@dataclass(frozen=True, slots=True)
class Found:
    """An evaluation. ``chrf``: by direction, as in ``en>de``; empty if nothing was translated."""

    loss: float
    chrf: dict[str, float]
    translations: list[tuple[Line, str]]

    @property
    def chrf_mean(self) -> float | None:
        """The mean over the directions."""
        return sum(self.chrf.values()) / len(self.chrf) if self.chrf else None


@dataclass(frozen=True, slots=True)
class DevSet:
    """What evaluations of a run read; the same lines each time."""

    rows: list[dict[str, Any]]
    lines: list[Line]
    writer: Writer
    collate: Callable[[Sequence[dict[str, Any]]], Batch]
    batch: int

    @classmethod
    def of(
        cls,
        dataset: Any,
        corpus: Corpus,
        style: PromptStyle,
        tokenizer: Any,
        collate: Callable[[Sequence[dict[str, Any]]], Batch],
        settings: EvaluationPart,
        batch: int,
    ) -> DevSet:
        """Chooses from the prepared dev part, evenly from its beginning to its end."""
        rows = [dataset[at] for at in _spread(range(len(dataset)), _LOSS_ROWS)]
        places = defaultdict(list)
        if settings.lines:
            for at, direction in enumerate(dataset["direction"]):
                places[direction].append(at)
        chosen = [at for each in places.values() for at in _spread(each, settings.lines)]
        numbers = {int(dataset[at]["row"]) for at in chosen}
        texts = {n: row for n, row in enumerate(corpus.rows("dev")) if n in numbers}
        lines = [line_of(dataset[at], texts[dataset[at]["row"]], style) for at in chosen]
        writer = Writer(style, tokenizer, settings.max_new_tokens)
        return cls(rows, lines, writer, collate, batch)

    def evaluate(self, model: Any, loss: TargetLoss, stopping: Callable[[], bool]) -> Found | None:
        """Evaluate a model, which is not wrapped; ``None``: somebody wished to stop meanwhile.

        Several processes share the rows; each gets the whole result.
        """
        training = model.training
        model.eval()
        try:
            with torch.no_grad():
                return self._evaluate(model, loss, stopping)
        finally:
            model.train(training)

    def _evaluate(self, model: Any, loss: TargetLoss, stopping: Callable[[], bool]) -> Found | None:
        own = slice(train_world.rank(), None, train_world.size())
        total, count = 0.0, 0
        for rows in _batches(self.rows[own], lambda row: len(row["input_ids"]), self.batch):
            batch = {name: tensor.to(model.device) for name, tensor in self.collate(rows).items()}
            total += float(loss(model, batch))
            labels = batch["labels"]
            counted = labels if model.config.is_encoder_decoder else labels[:, 1:]
            count += int((counted != IGNORED).sum())
        sums = train_world.gathered((total, count))
        translations = []
        for lines in _batches(self.lines[own], lambda line: len(line.prompt), self.batch):
            if train_world.size() == 1 and stopping():
                return None
            texts = [reply.text for reply in self.writer.write(model, lines)]
            translations += list(zip(lines, texts, strict=True))
        together = [each for part in train_world.gathered(translations) for each in part]
        mean = sum(each for each, _ in sums) / max(1, sum(each for _, each in sums))
        return Found(mean, _chrf(together), together)


def _chrf(translations: Iterable[tuple[Line, str]]) -> dict[str, float]:
    """ChrF++ of each direction."""
    directions = defaultdict(list)
    for line, text in translations:
        directions[line.task.source, line.task.target].append((text, line.reference))
    scores = {}
    for (source, target), pairs in directions.items():
        texts, references = zip(*pairs, strict=True)
        found = evaluate_scores.score(texts, references, target, metrics=("chrf++",))
        scores[f"{source}>{target}"] = round(found["chrf++"].score, 2)
    return scores


def _spread(places: Sequence[int], count: int) -> list[int]:
    """Up to so many of them, evenly from the first to the last."""
    if len(places) <= count:
        return list(places)
    return [places[number * len(places) // count] for number in range(count)]


def _batches(items: Iterable[Any], size: Callable[[Any], int], batch: int) -> Iterator[list[Any]]:
    """Items in batches of like size, the largest first."""
    ordered = sorted(items, key=size, reverse=True)
    return (ordered[at : at + batch] for at in range(0, len(ordered), batch))
