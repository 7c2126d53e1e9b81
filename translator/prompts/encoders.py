"""Styles for encoder-decoder models that were trained to translate and read nothing else.

Terms, context, notes and styles have no place in these forms and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from translator import languages
from translator.errors import ModelError
from translator.prompts.base import Style, fingerprint
from translator.types import Prompt, PromptPart, TranslationTask

# NLLB's codes are those of FLORES-200: ISO 639-3 and the script. These are the first parts.
_FLORES = {
    "en": "eng", "zh-Hans": "zho", "zh-Hant": "zho", "ja": "jpn", "ko": "kor", "de": "deu",
    "fr": "fra", "es": "spa", "af": "afr", "sq": "als", "am": "amh", "ar": "arb", "hy": "hye",
    "az": "azj", "eu": "eus", "be": "bel", "bn": "ben", "bs": "bos", "bg": "bul", "my": "mya",
    "ca": "cat", "hr": "hrv", "cs": "ces", "da": "dan", "nl": "nld", "eo": "epo", "et": "est",
    "fil": "tgl", "fi": "fin", "gl": "glg", "ka": "kat", "el": "ell", "gu": "guj", "he": "heb",
    "hi": "hin", "hu": "hun", "is": "isl", "id": "ind", "ga": "gle", "it": "ita", "kn": "kan",
    "kk": "kaz", "km": "khm", "lo": "lao", "lv": "lvs", "lt": "lit", "mk": "mkd", "ms": "zsm",
    "ml": "mal", "mr": "mar", "mn": "khk", "ne": "npi", "nb": "nob", "fa": "pes", "pl": "pol",
    "pt-BR": "por", "pt-PT": "por", "pa": "pan", "ro": "ron", "ru": "rus", "sr": "srp",
    "si": "sin", "sk": "slk", "sl": "slv", "so": "som", "sw": "swh", "sv": "swe", "ta": "tam",
    "te": "tel", "th": "tha", "bo": "bod", "tr": "tur", "uk": "ukr", "ur": "urd", "uz": "uzn",
    "vi": "vie", "cy": "cym", "yi": "ydd",
}  # fmt: skip
_SCRIPTS = {"Kore": "Hang"}  # FLORES names Korean by its alphabet


@dataclass(frozen=True, slots=True)
class NllbStyle(Style):
    """``nllb``: the source's code before the text, the target's at the start of the reply."""

    id = "nllb"
    needs_source = True

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        return fingerprint(self.id, self.render(TranslationTask("", "en", "zh-Hant")).text)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        self.require_source(task)
        head = PromptPart(_flores(task.source), special=True)
        reply = (PromptPart(_flores(task.target), special=True),)
        return Prompt((head, PromptPart(task.text)), 1, reply=reply)


@dataclass(frozen=True, slots=True)
class BareStyle(Style):
    """``bare``: the text alone, for a model of one pair of languages (Marian's, OPUS-MT's)."""

    id = "bare"

    @property
    def fingerprint(self) -> str:
        """See :class:`PromptStyle`."""
        return fingerprint(self.id)

    def render(self, task: TranslationTask) -> Prompt:
        """See :class:`PromptStyle`."""
        return Prompt((PromptPart(task.text),))


def _flores(tag: str) -> str:
    language = languages.get(tag)
    code = _FLORES.get(language.tag)
    if code is None:
        raise ModelError(f"NLLB models do not know {language.name}.", "Choose another model.")
    return f"{code}_{_SCRIPTS.get(language.script, language.script)}"
