"""What a model would learn from a corpus, before it does: prompts, lengths, what a limit cuts."""

from __future__ import annotations

import json
import random
import tempfile
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainer.dataset_documents import Line
from trainer.dataset_examples import Example, Renderer
from trainer.dataset_making import Making
from trainer.dataset_report import BOUNDS
from translator.errors import InputError
from translator.prompts import PromptStyle

if TYPE_CHECKING:
    from trainer.config import DataPart, Stage
    from trainer.corpus import Corpus
    from translator.settings import Settings

Span = tuple[str, bool]  # a piece of text, and whether the model is trained to write it

LOOKED_AT = 5000  # lines
_USUAL = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072)
_SHOWN = 5  # limits beside that of the settings
_WHOLE = 0.99  # of the examples: what is enough


@dataclass(frozen=True, slots=True)
class Sample:
    """An example as the model gets it. ``row`` is the number of its line in the corpus part."""

    spans: tuple[Span, ...]
    direction: str
    row: int
    prompt_tokens: int
    target_tokens: int


@dataclass(frozen=True, slots=True)
class Limit:
    """What a limit of ``length`` tokens does, in shares of 0 to 1.

    ``too_long``: of the examples. ``dropped``: of the target text, if these examples are dropped.
    ``cut``: of the target text, if they were cut off at the limit, as other programs do.
    """

    length: int
    too_long: float
    dropped: float
    cut: float


@dataclass(frozen=True, slots=True)
class Preview:
    """``examples`` were looked at, of about ``estimated`` in all; ``tokens``, ``target_tokens``
    and ``longest`` are theirs. ``lengths``: (bound, count), the last bound 0 for what is longer.
    ``enough``: the shortest of the usual limits that keeps 99% of them. ``limit`` is that of the
    settings; ``limits`` has others, none for documents, which are cut to fit.
    """

    style: str
    examples: int
    estimated: int
    tokens: int
    target_tokens: int
    longest: int
    enough: int
    samples: tuple[Sample, ...]
    lengths: tuple[tuple[int, int], ...]
    limit: Limit
    limits: tuple[Limit, ...]
    unusable: dict[str, int]


def preview(
    corpus: Corpus,
    tokenizer: Any,
    style: PromptStyle,
    data: DataPart,
    *,
    part: str = "train",
    encoder_decoder: bool = False,
    stage: Stage | None = None,
    samples: int = 3,
    looked_at: int = LOOKED_AT,
    seed: int = 1,
) -> Preview:
    """Look at about ``looked_at`` lines of a part of a corpus, drawn at random (0: at all).

    Raises :class:`InputError` if they give no example.
    """
    length = stage.length if stage else data.length
    renderer = Renderer(tokenizer, style, length, encoder_decoder=encoder_decoder)
    making = Making(corpus, part, data, stage.parts if stage else (), renderer)
    share = min(1.0, (looked_at or 1 << 60) / max(1, corpus.report["lines"][part]))
    rng = random.Random(seed)
    sizes: list[tuple[int, int, int]] = []
    unusable: Counter[str] = Counter()
    drawn: list[tuple[Line, Example]] = []
    for unit, often in making.units():
        if not often or rng.random() >= share:
            continue
        for line, text, example in making.made(unit):
            if reason := making.unusable(text):
                unusable[reason] += 1
                continue
            size = (len(example.prompt), len(example.target), renderer.size(example))
            sizes += [size] * often
            _draw(drawn, (line, example), samples, len(sizes), rng)
    if not sizes:
        raise InputError(
            f"Nothing of {part} can be trained with.", "Check the directions and the weights."
        )
    table = _Sizes(np.array(sizes, np.int64), encoder_decoder)
    longest = int(table.sizes.max())
    enough = next((n for n in _USUAL if table.limit(n).too_long <= 1 - _WHOLE), longest)
    others = [n for n in _USUAL if n <= longest][-_SHOWN + 1 :]
    others += [n for n in _USUAL if n > longest][:1]
    counts = Counter(bisect_left(BOUNDS, int(n)) for n in table.sizes)
    return Preview(
        style=style.id,
        examples=len(sizes),
        estimated=round(len(sizes) / share),
        tokens=int(table.prompts.sum() + table.targets.sum()),
        target_tokens=int(table.targets.sum()),
        longest=longest,
        enough=enough,
        samples=tuple(_sample(tokenizer, *each) for each in drawn),
        lengths=tuple((bound, counts[at]) for at, bound in enumerate((*BOUNDS, 0))),
        limit=table.limit(length),
        limits=() if making.parts else tuple(map(table.limit, others)),
        unusable=dict(unusable),
    )


def _draw(
    drawn: list[tuple[Line, Example]],
    new: tuple[Line, Example],
    wanted: int,
    seen: int,
    rng: random.Random,
) -> None:
    """Keep some of a stream, each with the same chance (reservoir sampling)."""
    if len(drawn) < wanted:
        drawn.append(new)
    elif (place := rng.randrange(seen)) < wanted:
        drawn[place] = new


@dataclass(frozen=True)
class _Sizes:
    """Tokens of prompt and target, and what counts against the limit, a row an example."""

    table: NDArray[np.int64]
    encoder_decoder: bool

    @property
    def prompts(self) -> NDArray[np.int64]:
        return self.table[:, 0]

    @property
    def targets(self) -> NDArray[np.int64]:
        return self.table[:, 1]

    @property
    def sizes(self) -> NDArray[np.int64]:
        return self.table[:, 2]

    def limit(self, length: int) -> Limit:
        over = self.sizes > length
        whole = self.targets.sum()
        before = 0 if self.encoder_decoder else self.prompts
        left = np.clip(length - before, 0, self.targets)
        return Limit(
            length,
            float(over.mean()),
            float(self.targets[over].sum() / whole),
            float((self.targets - left).sum() / whole),
        )


def _sample(tokenizer: Any, line: Line, example: Example) -> Sample:
    return Sample(
        spans(tokenizer, example),
        line.direction,
        line.number,
        len(example.prompt),
        len(example.target),
    )


def spans(tokenizer: Any, example: Example) -> tuple[Span, ...]:
    """An example as text, read back from its tokens, with what is trained marked."""
    return tuple(
        (tokenizer.decode(ids, skip_special_tokens=False), trained)
        for ids, trained in ((example.prompt, False), (example.target, True))
    )


def tokenizer_of(base: str, settings: Settings) -> tuple[Any, str, bool]:
    """The tokenizer of a base, the style it was made for, and whether it has an encoder.

    Only the vocabulary of a GGUF file is read: the weights need not be written out yet.
    Raises what :func:`trainer.bases.resolve` raises.
    """
    from transformers import AutoTokenizer

    from trainer import bases, gguf_tokenizer
    from translator.models import gguf_file, gguf_meta, local_file
    from translator.models.registry import Registry
    from translator.models.spec import ModelKind

    registry = Registry(settings)
    spec = registry.holder(base.strip())
    path = None
    if spec is not None and spec.kind is ModelKind.GGUF and not spec.adapter:
        path = registry.path(spec)
    elif spec is None and Path(base.strip()).expanduser().is_file():
        path = Path(base.strip()).expanduser()
    if path is None or (info := gguf_meta.read(path)).encoder_decoder:
        found = bases.resolve(base, settings)
        return AutoTokenizer.from_pretrained(found.folder), found.style, found.encoder_decoder
    made = gguf_tokenizer.convert(gguf_file.read(path))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (
            ("tokenizer.json", made.tokenizer),
            ("tokenizer_config.json", made.config),
        ):
            (Path(folder) / name).write_text(json.dumps(content), "utf-8")
        style = spec.style if spec else local_file.prompt_style(info, path.stem)
        return AutoTokenizer.from_pretrained(folder), style, False
