"""Vocabulary trimming: a model file with only the tokens that some languages need.

A small multilingual model spends most of a step in its output layer: of Gemma 3 270M's 268
million parameters, 168 million serve 262,144 tokens. Leaving out the rows of tokens that never
come changes no value of any other, so for a text of the kept tokens the model computes what it
computed before. Text with other tokens is still read and written, in smaller pieces or bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from translator.errors import ModelError
from translator.models import gguf_file
from translator.models.gguf_file import Entry, GgufFile, Part
from translator.models.vocabulary import Vocabulary, scripts

Ids = npt.NDArray[np.int64]

# Tensors that have a row for each token.
_BY_TOKEN = ("token_embd.weight", "output.weight", "output.bias", "per_layer_token_embd.weight")
# Vocabularies list what was commonest in their training text first. So many tokens of the
# languages' scripts stay beside those of a text, which is never about everything.
_COMMON = 32_768
# llama.cpp's fast matrix kernels want the rows of the output layer in groups of 8 or 16; a
# multiple of this divides among several threads, too. Other sizes take a slow path.
_ROWS = 64
KEPT = "verso.trim.kept"  # for each token of the file, its number in the untrimmed model
_OF = "verso.trim.tokens"  # how many tokens the untrimmed model has


@dataclass(frozen=True, slots=True)
class Choice:
    """Which tokens of a file stay: their numbers, in order."""

    vocabulary: Vocabulary
    kept: Ids

    @property
    def file(self) -> GgufFile:
        """The file that the tokens are of."""
        return self.vocabulary.file

    @property
    def size(self) -> int:
        """Bytes of the file to be, without its metadata."""
        return sum(part.size for part in self.parts())

    def parts(self) -> list[Part]:
        """The tensors to write. Raises :class:`ModelError` for a layout that is not known."""
        parts = []
        for tensor in self.file.tensors:
            by_token = tensor.name in _BY_TOKEN
            if by_token != (tensor.rows == len(self.vocabulary)):
                raise ModelError(
                    f"{self.file.path.name} cannot be trimmed: its tensor {tensor.name} has "
                    f"{tensor.rows:,} rows, and the vocabulary {len(self.vocabulary):,} tokens."
                )
            parts.append(Part(tensor, self.kept if by_token else None))
        return parts


def choose(
    vocabulary: Vocabulary, tags: Sequence[str], counts: Ids | None, prompts: Ids, min_count: int
) -> Choice:
    """Choose the tokens for the languages ``tags``.

    ``counts``: how often each token occurs in a text of these languages; those that occur
    ``min_count`` times stay, and the commonest of the languages' scripts. Without it, all tokens
    of these scripts stay. ``prompts`` counts the tokens of Verso's own prompts, which all stay.
    Some more stay to make a round number, the commonest first.
    """
    wanted = scripts(tags)
    kept = vocabulary.essential() | vocabulary.characters(wanted) | {*np.flatnonzero(prompts)}
    written = vocabulary.written_in(wanted)
    if counts is None:
        kept |= written
    else:
        kept |= {number for number in written if number < _COMMON}
        kept |= {*np.flatnonzero(counts >= min_count)}
    kept = vocabulary.closed(kept)
    frequent = np.zeros(len(vocabulary)) if counts is None else counts
    left = vocabulary.of_text() - kept
    _fill_up(vocabulary, kept, sorted(left, key=lambda n: (n not in written, -frequent[n], n)))
    numbers = sorted(int(number) for number in kept)
    return Choice(vocabulary, np.array(numbers, dtype=np.int64))


def _fill_up(vocabulary: Vocabulary, kept: set[int], left: Sequence[int]) -> None:
    """Add tokens of ``left``, with what they are merged from, up to a multiple of the rows."""
    missing = -len(kept) % _ROWS
    for number in left:
        more = vocabulary.closed({number}) - kept
        if len(more) <= missing:
            kept |= more
            missing -= len(more)
        if not missing:
            return


def write(
    choice: Choice, target: Path, facts: dict[str, str], report: Callable[[int], None]
) -> None:
    """Write the trimmed model. ``facts`` go into its metadata; ``report`` gets bytes written."""
    parts = choice.parts()
    entries = {**_trimmed_entries(choice), **{key: gguf_file.text(facts[key]) for key in facts}}
    gguf_file.write(target, choice.file.path, entries, parts, report)


def kept_rows(file: GgufFile) -> Ids | None:
    """For each token of a trimmed model, its number in the whole one; ``None`` if not trimmed."""
    entry = file.entries.get(KEPT)
    return None if entry is None else entry.numbers().astype(np.int64)


def _trimmed_entries(choice: Choice) -> dict[str, Entry]:
    entries = dict(choice.file.entries)
    entries.pop("general.size_label", None)  # it counts the parameters of the whole model
    size, kept = len(choice.vocabulary), choice.kept
    for key, entry in entries.items():
        if key.startswith("tokenizer.ggml.") and entry.count == size:
            if entry.is_text:
                texts = entry.strings()
                entries[key] = gguf_file.strings(texts[number] for number in kept)
            else:
                entries[key] = Entry(entry.kind, entry.numbers()[kept].tobytes(), len(kept))
        elif key.endswith(".vocab_size"):
            entries[key] = gguf_file.whole(len(kept))
    new = np.full(size, -1, dtype=np.int64)
    new[kept] = np.arange(len(kept))
    for key, entry in choice.vocabulary.special().items():
        numbers = entry.numbers().astype(np.int64)
        if (numbers < size).all():  # -1 and the like mean that there is none
            raw = new[numbers].astype(entry.numbers().dtype).tobytes()
            entries[key] = Entry(entry.kind, raw, entry.count)
    merges = choice.vocabulary.merges(kept.tolist())
    if merges is not None:
        entries["tokenizer.ggml.merges"] = gguf_file.strings(merges)
    before = kept_rows(choice.file)
    entries[KEPT] = gguf_file.wholes(kept if before is None else before[kept])
    entries.setdefault(_OF, gguf_file.whole(size))
    return entries
