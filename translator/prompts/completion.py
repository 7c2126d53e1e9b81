"""Styles without a conversation: base models, models trained on tags, encoder-decoders."""

from __future__ import annotations

from dataclasses import dataclass, replace

from translator import languages
from translator.errors import ModelError
from translator.prompts import replies
from translator.prompts.base import (
    Style,
    extras,
    fingerprint,
    language_name,
    style_instruction,
    underscored,
)
from translator.prompts.examples import EXAMPLES
from translator.types import Prompt, PromptPart, TranslationTask

_AT_LINE_END = ("\n",)


@dataclass(frozen=True, slots=True)
class FewShotStyle(Style):
    """``few-shot``: labelled example pairs for a base model, which goes on with the pattern.

    The reply ends at a line break; for a text with line breaks, at the next label.
    """

    shots: int = 5

    id = "few-shot"
    needs_source = True
    takes_notes = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        prompts = [
            self.render(TranslationTask("", "en", tag, style="plain")).text
            for tag in EXAMPLES
            if tag != "en"
        ]
        return fingerprint(self.id, prompts)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        self.require_source(task)
        source, target = language_name(task.source), language_name(task.target)
        intro = f"{source} texts and their {target} translations."
        if task.style:
            intro += " " + style_instruction(task.style)
        pairs = zip(EXAMPLES.get(task.source, ()), EXAMPLES.get(task.target, ()), strict=False)
        head = "\n".join(
            [intro, "", *(f"{source}: {a}\n{target}: {b}\n" for a, b in list(pairs)[: self.shots])]
        )
        untranslated = tuple(pair for pair in task.context if not pair[1])
        own = extras(replace(task, context=untranslated))
        own += "\n\n" if own else ""
        own += "".join(f"{source}: {a}\n{target}: {b}\n\n" for a, b in task.context if b)
        parts = [PromptPart(head + "\n"), PromptPart(own)] if own else [PromptPart(head + "\n")]
        parts += [PromptPart(f"{source}: {task.text}\n{target}:")]
        stop = (f"\n{source}:", f"\n{target}:") if "\n" in task.text else _AT_LINE_END
        return Prompt(tuple(parts), 1, stop)

    def parse(self, reply: str, task: TranslationTask) -> str:
        """See :class:`PromptStyle`."""
        return replies.clean(reply, task.text)


@dataclass(frozen=True, slots=True)
class TaggedStyle(Style):
    """``tagged``: the form that Verso's own models are trained on.

    The prompt is ``<en> <zh_TW>``, a line break, the text, a line break; the reply is the
    translation and the model's end-of-text token. Training writes exactly that: the loss is on
    the translation and the end token. Languages are written as corpora do (``zh_CN``,
    ``zh_TW``, ``pt_BR``, else the plain code). A text without line breaks has a translation
    without line breaks, so there the reply also ends at the first one. Nothing else has a place
    in the form: style, terms, context and notes are left out.
    """

    id = "tagged"
    needs_source = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        return fingerprint(self.id, self.render(TranslationTask("", "en", "zh-Hant")).text)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        self.require_source(task)
        head = f"<{underscored(task.source)}> <{underscored(task.target)}>\n"
        stop = () if "\n" in task.text else _AT_LINE_END
        return Prompt((PromptPart(head), PromptPart(task.text + "\n")), 1, stop)


@dataclass(frozen=True, slots=True)
class TaggedContextStyle(TaggedStyle):
    """``tagged-context``: :class:`TaggedStyle` for models that are trained on long texts in parts.

    What comes before stands before, each text with its translation as if it were another request.
    Context without a translation is left out.
    """

    id = "tagged-context"

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        context = (("a", "b"),)
        task = TranslationTask("", "en", "zh-Hant", context=context)
        return fingerprint(self.id, self.render(task).text)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        bare = TaggedStyle.render(self, task)
        head = bare.parts[0]
        end = (PromptPart(self.info.eos_text, special=True),) if self.info.eos_text else ()
        before = tuple(
            part
            for source, target in task.context
            if target
            for part in (head, PromptPart(source + "\n"), PromptPart(target), *end)
        )
        return replace(bare, parts=(*before, *bare.parts))


@dataclass(frozen=True, slots=True)
class MadladStyle(Style):
    """``madlad``: ``<2de> text`` for the encoder of a MADLAD-400 model.

    The model reads no source language, style, terms, context or notes.
    """

    id = "madlad"

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        return fingerprint(self.id, self.render(TranslationTask("", "en", "de")).text)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        target = languages.get(task.target)
        if target.tag == "zh-Hant":
            raise ModelError(
                "MADLAD-400 models cannot write Traditional Chinese.",
                "Choose Simplified Chinese or another model.",
            )
        code = {"zh-Hans": "zh", "nb": "no"}.get(target.tag, target.tag.split("-")[0])
        end = (PromptPart(self.info.eos_text, special=True),) if self.info.eos_text else ()
        parts = (PromptPart(f"<2{code}>", special=True), PromptPart(" " + task.text))
        return Prompt((*parts, *end))


@dataclass(frozen=True, slots=True)
class PseudoStyle(Style):
    """``pseudo``: the bare text and where it should go, for the dry-run engine."""

    id = "pseudo"
    dry_run = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        return fingerprint(self.id)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`. The first part is the target's tag, the second the text."""
        parts = (PromptPart(f"<2{task.target}>", special=True), PromptPart(task.text))
        return Prompt(parts, shared=1)

    def parse(self, reply: str, task: TranslationTask) -> str:
        """See :class:`PromptStyle`."""
        return reply
