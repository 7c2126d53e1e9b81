"""What a vocabulary is measured with before it is trimmed, and checked with afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from translator.engines.gguf_vocab import Tokenizer
from translator.errors import ModelError
from translator.models import vocabulary
from translator.models.gguf_file import GgufFile
from translator.models.spec import ModelSpec
from translator.models.trim import Choice, Ids
from translator.prompts import StyleInfo, get_style
from translator.prompts.base import STYLE_INSTRUCTIONS
from translator.types import TranslationTask

_CHECKED = 20_000  # lines whose tokens are compared after trimming


def prompts(file: GgufFile, model: ModelSpec, tags: Sequence[str]) -> list[str]:
    """What Verso asks the model, for every pair of the languages and every style."""
    template = file.entries.get("tokenizer.chat_template")
    style = get_style(model.style, StyleInfo(template.text() if template else ""))
    rendered = [
        style.render(TranslationTask("", source, target, style=tone))
        for source in tags
        for target in tags
        for tone in ("", *STYLE_INSTRUCTIONS)
        if source != target or len(tags) == 1
    ]
    return list(dict.fromkeys(part.text for prompt in rendered for part in prompt.parts))


def count(whole: Tokenizer, lines: Sequence[str], report: Callable[[int], None]) -> Ids:
    """How often each token occurs; ``report`` gets the lines read so far.

    A reply may begin with a space, and other tokens are used then: each line counts both ways.
    """

    def both() -> Iterator[list[int]]:
        for number, ids in enumerate(whole.ids(f"{line}\n {line}" for line in lines), 1):
            if not number % 1000:
                report(number)
            yield ids

    return vocabulary.used(both(), whole.size)


def compare(whole: Tokenizer, trimmed: Path, choice: Choice, lines: Sequence[str]) -> float:
    """The share of lines that the trimmed file cuts into the very same tokens.

    Raises :class:`ModelError` when a line is cut differently although all its tokens were kept.
    """
    sample = lines[:: max(1, len(lines) // _CHECKED)]
    kept = set(choice.kept.tolist())
    same = 0
    with Tokenizer(trimmed) as other:
        for line, before, after in zip(sample, whole.ids(sample), other.ids(sample), strict=True):
            if not kept.issuperset(before):
                continue
            if [int(choice.kept[number]) for number in after] != before:
                raise ModelError(
                    f"The trimmed vocabulary of {choice.file.path.name} reads a text "
                    f"differently, so the file was not kept: {line[:60]!r}."
                )
            same += 1
    return same / len(sample)
