"""A text and its translation as the tokens that a model is trained on.

The prompt is made by the prompt style and cut into tokens by the same functions as for a
translation (:mod:`translator.engines.hf_tokens`), so a model sees in training what it sees later.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from trainer.align import Bead, align
from trainer.align_text import Sentence
from translator import languages, sentences
from translator.engines.hf_tokens import prompt_ids, reply_ids, text_ids
from translator.errors import InputError
from translator.prompts import PromptStyle, StyleInfo, get_style
from translator.prompts.template import frame
from translator.types import Prompt, PromptPart, TranslationTask

_ROOM = 32  # tokens that a translation may have beyond three times its prompt
IGNORED = -100  # the label of a token that is not trained, for PyTorch's cross entropy
_SURE = 0.5  # confidence from which on a text is cut beside a bead
_TEMPLATE_STYLES = ("chat", "hy-mt")


@dataclass(frozen=True, slots=True)
class Example:
    """Token ids. Only ``target`` is trained: the translation and the token that ends it.

    Where a prompt gives the tokens that a reply begins with, ``target`` begins with them.
    """

    prompt: list[int]
    target: list[int]

    def row(self, *, encoder_decoder: bool) -> dict[str, list[int]]:
        """``input_ids`` and ``labels`` as a model takes them."""
        if encoder_decoder:
            return {"input_ids": self.prompt, "labels": self.target}
        labels = [IGNORED] * len(self.prompt) + self.target
        return {"input_ids": self.prompt + self.target, "labels": labels}


@dataclass(frozen=True, slots=True)
class Text:
    """A source and its translation; ``context`` has what comes before, with its translation."""

    source: str
    target: str
    of: str
    to: str
    context: tuple[tuple[str, str], ...] = ()


def style_for(tokenizer: Any, wanted: str, own: str) -> PromptStyle:
    """The prompt style to train: the one that is ``wanted``, else the base's ``own``.

    A base that was never trained to translate has none of its own; it learns ``tagged``.
    """
    info = StyleInfo(
        tokenizer.chat_template or "", tokenizer.bos_token or "", tokenizer.eos_token or ""
    )
    return get_style(wanted or (own if own not in ("", "few-shot") else "tagged"), info)


def end_id(tokenizer: Any, style: PromptStyle) -> int:
    """The token after which a translation is complete.

    In a chat it is what the model's template writes after a reply, else the model's end of text.
    Raises :class:`InputError` for a tokenizer that has neither.
    """
    after = ""
    if style.id in _TEMPLATE_STYLES:
        bos, eos = tokenizer.bos_token or "", tokenizer.eos_token or ""
        after = frame(tokenizer.chat_template or "", ("user", "assistant"), bos, eos)[-1]
    elif style.id == "translategemma":
        after = "<end_of_turn>"
    if after:
        ids = prompt_ids(tokenizer, Prompt((PromptPart(after, special=True),)))
        first = next((token for token in ids if token != tokenizer.bos_token_id), None)
        if first is not None and first in tokenizer.added_tokens_decoder:
            return first
    if tokenizer.eos_token_id is None:
        raise InputError("This model has no token that ends a text.", "Choose another model.")
    return int(tokenizer.eos_token_id)


class Renderer:
    """Makes examples for one model. ``length``: the most tokens, see :meth:`size`."""

    def __init__(
        self, tokenizer: Any, style: PromptStyle, length: int, *, encoder_decoder: bool = False
    ) -> None:
        self._tokenizer = tokenizer
        self._style = style
        self._length = length
        self.encoder_decoder = encoder_decoder
        # After "German:" a text goes on with a blank; every other form ends in a mark or a line.
        self._lead = " " if style.id == "few-shot" else ""
        self.end = end_id(tokenizer, style)

    def example(self, text: Text) -> Example:
        """The tokens of a text, however many. Raises :class:`ModelError` as the style does."""
        task = TranslationTask(text.source, text.of, text.to, context=text.context)
        rendered = self._style.render(task)
        prompt = prompt_ids(self._tokenizer, rendered, encoder=self.encoder_decoder)
        target = [
            *reply_ids(self._tokenizer, rendered),
            *text_ids(self._tokenizer, self._lead + text.target),
            self.end,
        ]
        return Example(prompt, target)

    def completion(self, prompt: Any, reply: str) -> Example:
        """The tokens of a prompt that is no source: a text, or messages for the chat template.

        Raises :class:`InputError` for messages where the model has no template.
        """
        if not isinstance(prompt, str):
            if not self._tokenizer.chat_template:
                raise InputError(
                    "The prompts are messages, and this model has no chat template.",
                    "Give prompts as plain texts, or lines with source, from and to.",
                )
            prompt = self._tokenizer.apply_chat_template(
                prompt, tokenize=False, add_generation_prompt=True
            )
        ids = prompt_ids(
            self._tokenizer,
            Prompt((PromptPart(prompt, special=True),)),
            encoder=self.encoder_decoder,
        )
        return Example(ids, [*text_ids(self._tokenizer, reply), self.end])

    @property
    def reads_context(self) -> bool:
        """Whether the prompts show what comes before a text."""
        task = TranslationTask("c", "en", "de")
        shown = self._style.render(replace(task, context=(("a", "b"),)))
        return shown != self._style.render(task)

    def ends_early(self, text: Text) -> bool:
        """Whether a stop string of the prompt is in the translation: no reply could have it."""
        task = TranslationTask(text.source, text.of, text.to, context=text.context)
        return any(stop in text.target for stop in self._style.render(task).stop)

    def size(self, example: Example) -> int:
        """What counts against the limit: prompt and target, or the longer where each has its own
        place (encoder and decoder).
        """
        prompt, target = len(example.prompt), len(example.target)
        return max(prompt, target) if self.encoder_decoder else prompt + target

    def fits(self, example: Example) -> bool:
        """Whether an example is within the limit."""
        return self.size(example) <= self._length

    def tokens(self, text: str) -> int:
        """How many tokens a text has by itself."""
        return len(text_ids(self._tokenizer, text))

    def room(self, of: str, to: str) -> int:
        """The tokens that are left for the texts of an example, about, beside its frame."""
        frame = self.example(Text("", "", of, to))
        return max(1, self._length - self.size(frame))

    def split(self, text: Text) -> Iterator[tuple[Text, Example]]:
        """A text that is too long, cut where sentences end on both sides.

        The parts follow each other and leave nothing out. A part may still be too long: where no
        place is sure enough, nothing is cut.
        """
        source, target = _Cut.of(text.source, text.of), _Cut.of(text.target, text.to)
        beads = align(
            source.sentences, target.sentences, languages.get(text.of), languages.get(text.to)
        )
        places = [(0, 0), *_cuts(beads)]

        def part(first: int, last: int) -> tuple[Text, Example]:
            (a, b), (c, d) = places[first], places[last]
            piece = replace(text, source=source.text(a, c), target=target.text(b, d))
            return piece, self.example(piece)

        first = 0
        while first < len(places) - 1:
            last = first + 1
            found = part(first, last)
            while last + 1 < len(places) and self.fits((longer := part(first, last + 1))[1]):
                found, last = longer, last + 1
            yield found
            first = last


@dataclass(frozen=True, slots=True)
class _Cut:
    """A text and where its sentences begin and end."""

    whole: str
    ends: list[int]
    sentences: list[Sentence]

    @classmethod
    def of(cls, whole: str, language: str) -> _Cut:
        ends = sorted({0, *sentences.sentence_ends(whole, language), len(whole)})
        found = [Sentence(whole[a:b].strip(), not a) for a, b in pairwise(ends)]
        return cls(whole, ends, found)

    def text(self, start: int, stop: int) -> str:
        return self.whole[self.ends[start] : self.ends[stop]].strip()


def _cuts(beads: Sequence[Bead]) -> Iterator[tuple[int, int]]:
    """Places (sentences before them on both sides) between beads that are sure, and the end."""
    for bead, after in pairwise(beads):
        if all(b.linked and b.confidence >= _SURE for b in (bead, after)):
            yield bead.source.stop, bead.target.stop
    yield beads[-1].source.stop, beads[-1].target.stop


def reply_room(prompt: int, most: int) -> int:
    """The most tokens that a dev line's translation may have, for the tokens of its prompt."""
    return min(most, 3 * prompt + _ROOM)
