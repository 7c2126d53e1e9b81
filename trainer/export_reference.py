"""What a trained model computes, as transformers runs it: the measure of every export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from trainer import evaluate_scores
from trainer.config import DataPart
from trainer.corpus import Corpus
from trainer.dataset_examples import Renderer, Text, reply_room
from trainer.dataset_making import Making
from trainer.dataset_report import DatasetReport
from trainer.runs import Run
from translator.engines.pool import free_memory
from translator.prompts import PromptStyle
from translator.types import Prompt, TranslationTask

PROMPTS = 20  # whose logits are compared
LINES = 12  # dev lines of each direction that are translated, if training has not done so
LONGEST = 4096  # tokens of a prompt and its translation
_TARGET = 16  # tokens of each reference after which logits are compared
_BATCH = 8  # lines translated together
_SPARE = 1.3  # memory that a model takes beyond its weights

Numbers = npt.NDArray[np.float32]
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Probe:
    """A dev line: its prompt, and the tokens of prompt and reference as in training.

    ``longest``: the most tokens that a translation had in training's evaluations.
    """

    text: Text
    prompt: Prompt
    prompt_ids: list[int]
    target_ids: list[int]
    longest: int

    @property
    def task(self) -> TranslationTask:
        """What is asked."""
        return TranslationTask(self.text.source, self.text.of, self.text.to)

    @property
    def ids(self) -> list[int]:
        """The prompt and the beginning of the reference."""
        return self.prompt_ids + self.target_ids[: _TARGET - 1]

    @property
    def room(self) -> int:
        """The most tokens that its translation may have."""
        return reply_room(len(self.prompt_ids), self.longest)

    @property
    def count(self) -> int:
        """After so many of the last tokens the logits count."""
        return len(self.ids) - len(self.prompt_ids) + 1


def probes(
    corpus: Corpus,
    data: DataPart,
    tokenizer: Any,
    style: PromptStyle,
    *,
    encoder_decoder: bool,
    longest: int,
) -> dict[str, list[Probe]]:
    """The dev lines that fit, by direction. Raises :class:`InputError` when there is none."""
    renderer = Renderer(tokenizer, style, data.length, encoder_decoder=encoder_decoder)
    plain = replace(data, too_long="drop", packing=False, weights={}, limit=0)
    making = Making(corpus, "dev", plain, (), renderer, lambda _what, _fraction: None)
    found: dict[str, list[Probe]] = {}
    for line, example in making.kept(DatasetReport(data.length)):
        prompt = style.render(TranslationTask(line.text.source, line.text.of, line.text.to))
        probe = Probe(line.text, prompt, example.prompt, example.target, longest)
        found.setdefault(line.direction, []).append(probe)
    return found


def recorded(run: Run, step: int) -> dict[str, float]:
    """chrF++ by direction that training measured at a step; empty if it cannot be compared."""
    settings = run.settings
    if settings.stages or settings.data.too_long == "split" or settings.data.length > LONGEST:
        return {}
    scores = (row.get("chrf", {}) for row in run.metrics() if row["step"] == step)
    return next((dict(found) for found in scores if found), {})


def _spread(items: Sequence[Any], count: int) -> list[Any]:
    if len(items) <= count:
        return list(items)
    return [items[at * len(items) // count] for at in range(count)]


class Reference:
    """What the trained model computes: logits (kept in ``folder``) for the probes in ``compared``,
    chrF++ of its translations of ``probes``, which are ``count`` lines of each direction, evenly
    from its beginning to its end.
    """

    def __init__(
        self,
        found: Mapping[str, Sequence[Probe]],
        count: int,
        tokenizer: Any,
        style: PromptStyle,
        folder: Path,
    ) -> None:
        # The lines that training itself translates for the same count.
        self.probes = [probe for each in found.values() for probe in _spread(each, count)]
        self.compared = [
            probe for each in found.values() for probe in _spread(each, -(-PROMPTS // len(found)))
        ]
        self.tokenizer = tokenizer
        self.style = style
        self.scores: dict[str, float] = {}
        self._folder = folder

    def logits(self, number: int) -> Numbers:
        """[count, vocabulary] for ``compared[number]``."""
        numbers: Numbers = np.load(self._folder / f"{number}.npy", mmap_mode="r")
        return numbers

    def compute(self, model: Any, known: dict[str, float], report: Report) -> None:
        """Ask a model of transformers. ``known``: its chrF++, if training has measured it."""
        for number, probe in enumerate(self.compared):
            report("asking the trained model", number / len(self.compared))
            np.save(self._folder / f"{number}.npy", answer(model, probe))
        self.scores = known or scores(self.probes, list(self._translated(model, report)))

    def _translated(self, model: Any, report: Report) -> Iterator[str]:
        from trainer.train_writing import Line, Writer

        lines = [Line(p.prompt_ids, p.task, p.text.target, p.prompt.stop) for p in self.probes]
        most = max(probe.longest for probe in self.probes)
        writer = Writer(self.style, self.tokenizer, most)
        for first in range(0, len(lines), _BATCH):
            report("translating with the trained model", first / len(lines))
            found = writer.write(model, lines[first : first + _BATCH])
            yield from (reply.text for reply in found)


def scores(probes: Sequence[Probe], translations: Sequence[str]) -> dict[str, float]:
    """chrF++ by direction."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for probe, translation in zip(probes, translations, strict=True):
        direction = f"{probe.text.of}>{probe.text.to}"
        groups.setdefault(direction, []).append((translation, probe.text.target))
    return {
        direction: evaluate_scores.score(
            [ours for ours, _ in pairs],
            [theirs for _, theirs in pairs],
            direction.partition(">")[2],
            ("chrf++",),
        )["chrf++"].score
        for direction, pairs in groups.items()
    }


def answer(model: Any, probe: Probe) -> Numbers:
    """The logits of a model of transformers for a probe, [count, vocabulary]."""
    import torch

    device, begun = model.device, probe.ids[len(probe.prompt_ids) :]
    with torch.no_grad():
        if model.config.is_encoder_decoder:
            prompt = torch.tensor([probe.prompt_ids], device=device)
            start = torch.tensor([[model.config.decoder_start_token_id, *begun]], device=device)
            logits = model(input_ids=prompt, decoder_input_ids=start).logits[0]
        else:
            ids = torch.tensor([probe.ids], device=device)
            logits = model(input_ids=ids, logits_to_keep=probe.count).logits[0]
    numbers: Numbers = logits.float().cpu().numpy()
    return numbers


def load(folder: Path, adapter: Path | None) -> Any:
    """The trained model, in 32 bits if the memory has room for them, else in 16."""
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    bytes_of = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    dtype = torch.float32 if 2 * bytes_of * _SPARE < free_memory() else torch.bfloat16
    config = transformers.AutoConfig.from_pretrained(str(folder), local_files_only=True)
    auto = (
        transformers.AutoModelForSeq2SeqLM
        if config.is_encoder_decoder
        else transformers.AutoModelForCausalLM
    )
    model = auto.from_pretrained(str(folder), dtype=dtype, local_files_only=True)
    if adapter is not None:
        import peft

        model = peft.PeftModel.from_pretrained(model, str(adapter))
    model.eval()
    return model
