"""What a model writes while it is trained: greedy translations of dev lines, and drawn ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from trainer.dataset_examples import IGNORED, end_id, reply_room
from trainer.train_batches import padded
from translator.prompts import PromptStyle
from translator.types import TranslationTask

_TAIL = 12  # tokens that are looked at for the end of a reply


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is translated."""

    prompt: list[int]
    task: TranslationTask
    reference: str
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A translation. ``ids`` are its tokens with the one that ends it; ``finished``: it ended."""

    ids: list[int]
    text: str
    finished: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """Lets a model translate. ``most``: the longest reply, in tokens."""

    style: PromptStyle
    tokenizer: Any
    most: int

    def write(self, model: Any, lines: Sequence[Line], temperature: float = 0.0) -> list[Reply]:
        """One reply to each line, all at once; greedy where the temperature is 0.

        Else they are drawn from all of the model's distribution, by PyTorch's random numbers.
        """
        import transformers

        decoder_only = not model.config.is_encoder_decoder
        ids = padded([line.prompt for line in lines], IGNORED, left=decoder_only)
        longest = max(len(line.prompt) for line in lines)
        pad = self.tokenizer.pad_token_id
        pad = pad if pad is not None else self.tokenizer.eos_token_id
        end = end_id(self.tokenizer, self.style)
        # A model's own settings would fill in what is not said here.
        drawn = {"temperature": temperature, "top_k": 0, "top_p": 1.0, "min_p": None}
        plan = transformers.GenerationConfig(
            do_sample=temperature > 0,
            max_new_tokens=reply_room(longest, self.most),
            eos_token_id=end,
            pad_token_id=pad,
            decoder_start_token_id=model.config.decoder_start_token_id
            if not decoder_only
            else None,
            use_cache=True,
            **(drawn if temperature > 0 else {}),
        )
        found = model.generate(
            input_ids=ids.masked_fill(ids == IGNORED, pad).to(model.device),
            attention_mask=(ids != IGNORED).long().to(model.device),
            generation_config=plan,
            stopping_criteria=[_Ends(self._text, lines)],
        )
        new = found[:, ids.shape[1] :] if decoder_only else found[:, 1:]
        return [self._reply(row, line, end) for row, line in zip(new.tolist(), lines, strict=True)]

    def _reply(self, ids: list[int], line: Line, end: int) -> Reply:
        finished = end in ids
        ids = ids[: ids.index(end) + 1] if finished else ids
        if self._over(ids, line):
            # What stands behind is the filling of a row that was over before the others.
            ids = next(ids[:n] for n in range(len(ids) + 1) if self._over(ids[:n], line))
            text = self._text(ids)
            text = text[: min(text.find(stop) for stop in line.stop if stop in text)]
            return Reply(ids, self.style.parse(text, line.task), True)
        text = self._text(ids)
        return Reply(ids, self.style.parse(text, line.task), finished)

    def _over(self, ids: list[int], line: Line) -> bool:
        text = self._text(ids)
        return any(stop in text for stop in line.stop)

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


def line_of(row: dict[str, Any], text: dict[str, Any], style: PromptStyle) -> Line:
    """A row of a dataset as a line to be translated; ``text`` is its row of the corpus."""
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
