"""What a prompt style is, and the words that several styles share."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import ClassVar, Protocol

from translator import languages
from translator.errors import ModelError
from translator.types import Prompt, TranslationTask

UNKNOWN = "und"  # BCP-47's "undetermined": the source language of a task may be this

STYLE_INSTRUCTIONS = {
    "literary": "Write literary prose that keeps the author's voice, rhythm and images.",
    "formal": "Write in a formal, polite register.",
    "plain": "Write in plain, simple words.",
}

TAG_INSTRUCTION = (
    "The text contains numbered tags such as <1>, </1> and <2/>. Copy every tag unchanged, "
    "around the translation of the words that it belongs to."
)


class StyleContext(Protocol):
    """What a style must know of a model. An engine's ``EngineInfo`` is one."""

    @property
    def chat_template(self) -> str:
        """The Jinja template in the model's file; empty if there is none."""
        ...

    @property
    def bos_text(self) -> str:
        """The control token that begins a text, for templates that write it.

        Other forms leave it out: the engine puts it there if the model wants it, once.
        """
        ...

    @property
    def eos_text(self) -> str:
        """The control token that ends a text."""
        ...


@dataclass(frozen=True, slots=True)
class StyleInfo:
    """A :class:`StyleContext` for those who have no engine (training, previews, tests)."""

    chat_template: str = ""
    bos_text: str = ""
    eos_text: str = ""


class PromptStyle(Protocol):
    """Renders a request and reads the reply; one object for translation, training, evaluation."""

    @property
    def id(self) -> str:
        """The short name used in the catalogue."""
        ...

    @property
    def fingerprint(self) -> str:
        """A hash of everything in the style that can change an output."""
        ...

    @property
    def needs_source(self) -> bool:
        """Whether the source language must be known (``UNKNOWN`` is refused)."""
        ...

    @property
    def takes_notes(self) -> bool:
        """Whether a task's note, style, terms and context reach the model, or are left out."""
        ...

    @property
    def revises(self) -> bool:
        """Whether :meth:`render` can show a task's draft and ask for a better one."""
        ...

    @property
    def dry_run(self) -> bool:
        """Whether the result is a stand-in, to which no check on language applies."""
        ...

    def render(self, task: TranslationTask) -> Prompt:
        """The prompt for a task. Raises :class:`ModelError` if the form cannot express it."""
        ...

    def parse(self, reply: str, task: TranslationTask) -> str:
        """The translation inside a reply. Removes only what is provably no translation."""
        ...


@dataclass(frozen=True, slots=True)
class Style:
    """What most styles have in common; see :class:`PromptStyle`."""

    info: StyleContext

    id: ClassVar[str]
    needs_source: ClassVar[bool] = False
    takes_notes: ClassVar[bool] = False
    revises: ClassVar[bool] = False
    dry_run: ClassVar[bool] = False

    def parse(self, reply: str, task: TranslationTask) -> str:
        """See :class:`PromptStyle`. A trained form has no labels or fences to remove."""
        return reply.strip()

    def require_source(self, task: TranslationTask) -> None:
        """Raise :class:`ModelError` for a task without a source language."""
        if task.source == UNKNOWN:
            raise ModelError(
                "This model must be told the source language.",
                "Choose it (on the command line: --from en).",
            )


def fingerprint(*parts: object) -> str:
    """A short stable hash of JSON-able values."""
    data = json.dumps([*parts, extras(_FULL)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(data.encode()).hexdigest()[:16]


_PROMPT_NAMES = {
    "zh-Hans": "Simplified Chinese",
    "zh-Hant": "Traditional Chinese",
    "pt-BR": "Brazilian Portuguese",
    "pt-PT": "European Portuguese",
}


def language_name(tag: str) -> str:
    """The language's English name as it reads in a sentence; empty for ``UNKNOWN``."""
    if tag == UNKNOWN:
        return ""
    language = languages.get(tag)
    return _PROMPT_NAMES.get(language.tag, language.name)


def underscored(tag: str) -> str:
    """The form of a tag that corpora and their models use: ``zh_TW``, ``zh_CN``, ``pt_BR``."""
    regions = {"zh-Hans": "zh_CN", "zh-Hant": "zh_TW"}
    return regions.get(tag, tag.replace("-", "_"))


def sentence(text: str) -> str:
    """The text as a sentence: trimmed, with a full stop if it has no end mark."""
    text = text.strip()
    return text if not text or text[-1] in ".!?:。！？" else text + "."


def style_instruction(style: str) -> str:
    """The sentence for a task's ``style``: a known name or an instruction of the user's own."""
    return STYLE_INSTRUCTIONS.get(style.strip().lower(), sentence(style))


def extras(task: TranslationTask) -> str:
    """What differs from segment to segment: terms, context and a note, a line each."""
    lines = []
    if task.terms:
        lines.append("Use these translations:")
        lines += [f"{source} = {target}" for source, target in task.terms]
    if untranslated := [source for source, target in task.context if not target]:
        lines.append("The text before, only to understand what follows, not to be translated:")
        lines += untranslated
    if translated := [pair for pair in task.context if pair[1]]:
        lines.append("For context, the text before, with its translation:")
        for pair in translated:
            lines += pair
    if task.note:
        lines.append(sentence(task.note))
    return "\n".join(lines)


# A task with everything that :func:`extras` has words for.
_FULL = TranslationTask(
    "", "en", "de", note="note", terms=(("a", "b"),), context=(("c", ""), ("d", "e"))
)
