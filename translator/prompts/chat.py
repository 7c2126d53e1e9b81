"""Styles that talk to a chat model through the template in its file."""

from __future__ import annotations

from dataclasses import dataclass, replace

from translator import languages
from translator.prompts import replies
from translator.prompts.base import (
    TAG_INSTRUCTION,
    Style,
    StyleContext,
    extras,
    fingerprint,
    language_name,
    sentence,
    style_instruction,
)
from translator.prompts.examples import EXAMPLES
from translator.prompts.template import TemplateRefused, frame
from translator.types import Prompt, PromptPart, TranslationTask

# A piece of a message's content, and whether it is the same for every request of its kind.
Piece = tuple[str, bool]
Message = tuple[str, list[Piece]]


def assemble(info: StyleContext, messages: list[Message], stop: tuple[str, ...] = ()) -> Prompt:
    """Put messages into the model's template, a part for each piece.

    A template without a system role gets the system message at the start of the first user
    message. Raises :class:`ModelError` if the template cannot render that either.
    """
    try:
        control = _frame(info, messages)
    except TemplateRefused:
        if messages[0][0] != "system" or len(messages) < 2:
            raise
        (_, system), (role, first), *rest = messages
        messages = [(role, [*system, ("\n\n", True), *first]), *rest]
        control = _frame(info, messages)
    parts: list[PromptPart] = []
    shared = 0
    common = True
    for before, (_, pieces) in zip(control, messages, strict=False):
        for text, special, same in [(before, True, True), *((t, False, s) for t, s in pieces)]:
            if text:
                common = common and same
                parts.append(PromptPart(text, special))
                shared += common
    parts.append(PromptPart(control[-1], special=True))
    return Prompt(tuple(parts), shared, stop)


def _frame(info: StyleContext, messages: list[Message]) -> tuple[str, ...]:
    roles = tuple(role for role, _ in messages)
    return frame(info.chat_template, roles, info.bos_text, info.eos_text)


def instruction(task: TranslationTask) -> str:
    """What is asked, as a system message: everything that is the same for a whole book."""
    source, target = language_name(task.source), language_name(task.target)
    sentences = [
        f"You are a professional translator from {source} into {target}."
        if source
        else f"You are a professional translator into {target}.",
        f"The user sends {source} text; you reply with its {target} translation and nothing else."
        if source
        else f"The user sends text; you reply with its {target} translation and nothing else.",
    ]
    if task.style:
        sentences.append(style_instruction(task.style))
    if task.has_tags:
        sentences.append(TAG_INSTRUCTION)
    return " ".join(sentences)


def revision(task: TranslationTask, own: str) -> list[Message]:
    """What is asked about a draft: an editor's work, with source and draft in one message.

    To a small model that is told to look again at its own answer, a refusal comes to mind.
    """
    source, target = language_name(task.source) or "Source", language_name(task.target)
    sentences = [
        f"You are a professional editor of translations into {target}. The user sends a text and a "
        f"draft of its {target} translation; you reply with the corrected {target} translation "
        "and nothing else. You mend what is wrong, missing or clumsy and keep what is good."
    ]
    if task.style:
        sentences.append(style_instruction(task.style))
    if task.has_tags:
        sentences.append(TAG_INSTRUCTION)
    system: list[Piece] = [(" ".join(sentences), True), ("\n" + own if own else "", False)]
    shown = f"{source}: {task.text}\n\n{target}: {task.draft}"
    return [("system", system), ("user", [(shown, False)])]


@dataclass(frozen=True, slots=True)
class ChatStyle(Style):
    """``chat``: instruction as the system message, example turns, then the bare text.

    Translated context comes as turns of the same conversation; untranslated context, terms and
    notes stand at the end of the system message. The examples are shown where they exist in both
    languages. Measured on the starter model (chrF++, 24 lines of NTREX, greedy): no examples /
    three / five: de-en 49.4 / 50.5 / 47.9, en-ko 13.5 / 15.0 / -, en-zh 15.5 / 15.9 / -, en-de
    36.2 / 36.0 / -. The instruction in the user's message was no better, tags in an example were
    worse than the explanation alone.
    """

    shots: int = 3

    id = "chat"
    takes_notes = True
    revises = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        wording = instruction(TranslationTask("", "en", "de", "plain", has_tags=True))
        examples = {tag: list(sentences[: self.shots]) for tag, sentences in EXAMPLES.items()}
        return fingerprint(self.id, wording, self.info.chat_template, examples)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        turns = [pair for pair in task.context if pair[1]]
        untranslated = tuple(pair for pair in task.context if not pair[1])
        own = extras(replace(task, context=untranslated))
        if task.draft:
            return assemble(self.info, revision(task, own))
        system: list[Piece] = [(instruction(task), True), ("\n" + own if own else "", False)]
        messages: list[Message] = [("system", system)]
        sources, targets = EXAMPLES.get(task.source, ()), EXAMPLES.get(task.target, ())
        for source, target in list(zip(sources, targets, strict=False))[: self.shots]:
            messages += [("user", [(source, True)]), ("assistant", [(target, True)])]
        for source, target in turns:
            messages += [("user", [(source, False)]), ("assistant", [(target, False)])]
        messages.append(("user", [(task.text, False)]))
        return assemble(self.info, messages)

    def parse(self, reply: str, task: TranslationTask) -> str:
        """See :class:`PromptStyle`."""
        return replies.clean(reply, task.text, language_name(task.target))


# The names that Hunyuan-MT's model card uses in its Chinese prompts.
_CHINESE_NAMES = {
    "zh-Hans": "中文", "zh-Hant": "繁体中文", "en": "英语", "fr": "法语", "pt-BR": "葡萄牙语",
    "pt-PT": "葡萄牙语", "es": "西班牙语", "ja": "日语", "tr": "土耳其语", "ru": "俄语",
    "ar": "阿拉伯语", "ko": "韩语", "th": "泰语", "it": "意大利语", "de": "德语",
    "vi": "越南语", "ms": "马来语", "id": "印尼语", "fil": "菲律宾语", "hi": "印地语",
    "pl": "波兰语", "cs": "捷克语", "nl": "荷兰语", "km": "高棉语", "my": "缅甸语",
    "fa": "波斯语", "gu": "古吉拉特语", "ur": "乌尔都语", "te": "泰卢固语", "mr": "马拉地语",
    "he": "希伯来语", "bn": "孟加拉语", "ta": "泰米尔语", "uk": "乌克兰语", "bo": "藏语",
    "kk": "哈萨克语", "mn": "蒙古语",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HyMtStyle(Style):
    """``hy-mt``: the forms that Tencent's HY-MT models were trained on.

    No system message. Chinese on either side: a Chinese instruction, with the model's forms
    for terms and context; else an English one. A style and a note have no trained form: they go
    in front, where the model expects reference material.
    """

    id = "hy-mt"
    takes_notes = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        forms = [self._content(TranslationTask("", "en", to, has_tags=True)) for to in ("de", "ja")]
        forms.append(self._content(TranslationTask("", "zh-Hans", "de")))
        extra = (("a", "b"),)
        full = TranslationTask("", "en", "de", "plain", terms=extra, context=extra)
        forms.append(self._content(full))
        return fingerprint(self.id, forms, self.info.chat_template)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        return assemble(self.info, [("user", [*self._content(task), (task.text, False)])])

    def _content(self, task: TranslationTask) -> list[Piece]:
        chinese = task.source.startswith("zh") or task.target.startswith("zh")
        chinese = chinese or bool(task.terms or task.context)
        target = _CHINESE_NAMES.get(task.target, "") if chinese else ""
        before = []
        if task.context and target:  # an English form for it is not known
            before.append("\n".join(source for source, _ in task.context))
        if task.terms and target:
            terms = "\n".join(f"{source} 翻译成 {to}" for source, to in task.terms)
            before.append(f"参考下面的翻译：\n{terms}\n")
        elif task.terms:
            before.append("\n".join(f"{source} = {to}" for source, to in task.terms) + "\n")
        if task.style:
            before.append(style_instruction(task.style))
        if task.note:
            before.append(sentence(task.note))
        own = "\n".join(before) + "\n" if before else ""
        if task.has_tags:
            own += TAG_INSTRUCTION + "\n\n"
        if target and task.context:
            ask = (
                f"参考上面的信息，把下面的文本翻译成{target}，"
                "注意不需要翻译上文，也不要额外解释：\n"
            )
        elif target:
            ask = f"将以下文本翻译为{target}，注意只需要输出翻译后的结果，不要额外解释：\n\n"
        else:
            ask = (
                f"Translate the following segment into {language_name(task.target)}, "
                "without additional explanation.\n\n"
            )
        return [(own, not before), (ask, True)]

    def parse(self, reply: str, task: TranslationTask) -> str:
        """See :class:`PromptStyle`."""
        return replies.clean(reply, task.text, language_name(task.target))


@dataclass(frozen=True, slots=True)
class TranslateGemmaStyle(Style):
    """``translategemma``: the form of Google's TranslateGemma models.

    Their template wants structured messages and builds this very text, so it is written out
    here, with Gemma's turn marks. The form has no place for style, terms, context or notes.
    """

    id = "translategemma"
    needs_source = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        return fingerprint(self.id, self.render(TranslationTask("", "en", "de")).text)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        self.require_source(task)
        source, target = languages.get(task.source), languages.get(task.target)
        head = (
            f"You are a professional {source.name} ({source.tag}) to {target.name} "
            f"({target.tag}) translator. Your goal is to accurately convey the meaning and "
            f"nuances of the original {source.name} text while adhering to {target.name} "
            "grammar, vocabulary, and cultural sensitivities.\n"
            f"Produce only the {target.name} translation, without any additional explanations "
            f"or commentary. Please translate the following {source.name} text into "
            f"{target.name}:\n\n\n"
        )
        return Prompt(
            (
                PromptPart("<start_of_turn>user\n", special=True),
                PromptPart(head),
                PromptPart(task.text),
                PromptPart("<end_of_turn>\n<start_of_turn>model\n", special=True),
            ),
            shared=2,
        )

    def parse(self, reply: str, task: TranslationTask) -> str:
        """See :class:`PromptStyle`."""
        return replies.clean(reply, task.text, languages.get(task.target).name)
