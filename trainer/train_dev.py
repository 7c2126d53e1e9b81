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
from trainer.dataset_examples import IGNORED, end_id, reply_room
from trainer.train_batches import Batch, padded
from trainer.train_loss import TargetLoss
from translator.prompts import PromptStyle
from translator.types import TranslationTask

_LOSS_ROWS = 256  # dev examples whose loss is computed
_TAIL = 12  # tokens that are looked at for the end of a reply


@dataclass(frozen=True, slots=True)
class Line:
    """A dev line that is translated."""

    prompt: list[int]
    task: TranslationTask
    reference: str
    stop: tuple[str, ...]


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
    style: PromptStyle
    tokenizer: Any
    collate: Callable[[Sequence[dict[str, Any]]], Batch]
    settings: EvaluationPart
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
        lines = [_line(dataset[at], texts[dataset[at]["row"]], style) for at in chosen]
        return cls(rows, lines, style, tokenizer, collate, settings, batch)

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
            translations += list(zip(lines, self.translate(model, lines), strict=True))
        together = [each for part in train_world.gathered(translations) for each in part]
        mean = sum(each for each, _ in sums) / max(1, sum(each for _, each in sums))
        return Found(mean, _chrf(together), together)

    def translate(self, model: Any, lines: Sequence[Line]) -> list[str]:
        """Greedy translations, all at once."""
        import transformers

        decoder_only = not model.config.is_encoder_decoder
        ids = padded([line.prompt for line in lines], IGNORED, left=decoder_only)
        longest = max(len(line.prompt) for line in lines)
        pad = self.tokenizer.pad_token_id
        pad = pad if pad is not None else self.tokenizer.eos_token_id
        plan = transformers.GenerationConfig(
            do_sample=False,
            max_new_tokens=reply_room(longest, self.settings.max_new_tokens),
            eos_token_id=end_id(self.tokenizer, self.style),
            pad_token_id=pad,
            decoder_start_token_id=model.config.decoder_start_token_id
            if not decoder_only
            else None,
            use_cache=True,
        )
        found = model.generate(
            input_ids=ids.masked_fill(ids == IGNORED, pad).to(model.device),
            attention_mask=(ids != IGNORED).long().to(model.device),
            generation_config=plan,
            stopping_criteria=[_Ends(self._text, lines)],
        )
        new = found[:, ids.shape[1] :] if decoder_only else found[:, 1:]
        return [
            self.style.parse(_before(self._text(row.tolist()), line.stop), line.task)
            for row, line in zip(new, lines, strict=True)
        ]

    def _text(self, ids: list[int]) -> str:
        text: str = self.tokenizer.decode(ids, skip_special_tokens=True)
        return text


class _Ends:
    """A stopping criterion: a reply is over when one of its stop strings has come."""

    def __init__(self, text: Callable[[list[int]], str], lines: Sequence[Line]) -> None:
        self._text = text
        self._lines = lines
        self._start = 0

    def __call__(self, ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        """Whether each of the rows is over. It is asked after every new token."""
        width = ids.shape[1]
        self._start = self._start or width - 1  # where the replies begin
        ends = ids[:, max(self._start, width - _TAIL) :].tolist()
        texts = [self._text(end) for end in ends]
        found = [
            any(stop in text for stop in line.stop)
            for text, line in zip(texts, self._lines, strict=True)
        ]
        return torch.tensor(found, device=ids.device)


def _line(row: dict[str, Any], text: dict[str, Any], style: PromptStyle) -> Line:
    labels = row["labels"]
    prompt = row["input_ids"]
    if len(labels) == len(prompt) and IGNORED in labels:  # causal: both in one row
        prompt = [token for token, label in zip(prompt, labels, strict=True) if label == IGNORED]
    source, target = row["direction"].split(">")
    texts = text["source"], text["target"]
    if (text["from"], text["to"]) != (source, target):
        texts = texts[::-1]
    task = TranslationTask(texts[0], source, target)
    return Line(prompt, task, texts[1], style.render(task).stop)


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


def _before(text: str, stops: Sequence[str]) -> str:
    ends = [at for at in (text.find(stop) for stop in stops) if at >= 0]
    return text[: min(ends)] if ends else text


def _spread(places: Sequence[int], count: int) -> list[int]:
    """Up to so many of them, evenly from the first to the last."""
    if len(places) <= count:
        return list(places)
    return [places[number * len(places) // count] for number in range(count)]


def _batches(items: Iterable[Any], size: Callable[[Any], int], batch: int) -> Iterator[list[Any]]:
    """Items in batches of like size, the largest first."""
    ordered = sorted(items, key=size, reverse=True)
    return (ordered[at : at + batch] for at in range(0, len(ordered), batch))
