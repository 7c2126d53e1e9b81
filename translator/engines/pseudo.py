"""The dry run: text that looks translated, at once, so that coverage and layout can be seen.

Letters of the Latin alphabet get accents, every segment is put in ``⟪ ⟫`` (so text of any
script is marked) and grows as a translation into the target language would.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from translator.engines.base import Done, EngineInfo, Failure, Finish, Request, Sink
from translator.errors import EngineError

OPEN, CLOSE = "⟪", "⟫"

_ACCENTS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" + OPEN + CLOSE,
    "áƀçđéƒğĥíĵķļɱñöþɋŕšţüṽŵẋýžÁƁÇĐÉƑĞĤÍĴĶĻṀÑÖÞɊŔŠŢÜṼŴẊÝŽ" + "«»",
)
_FILLER = " ļöŕéɱ íþšüɱ đöļöŕ šíţ áɱéţ"
_TARGET = re.compile(r"<2([A-Za-z0-9-]+)>")
_ASCII_LETTER = re.compile("[A-Za-z]")

# Characters of a translation for each character of English, about, in running prose.
_LENGTH = {
    "zh": 0.35, "ja": 0.45, "ko": 0.55, "th": 0.95, "ar": 0.9, "he": 0.85, "fa": 0.95,
    "en": 1.0, "de": 1.2, "fr": 1.2, "es": 1.15, "it": 1.15, "pt": 1.1, "nl": 1.15,
    "ru": 1.1, "uk": 1.1, "pl": 1.15, "el": 1.2, "fi": 1.1, "hu": 1.15, "vi": 1.1,
}  # fmt: skip
_DEFAULT_LENGTH = 1.15
_DENSE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def pseudo(text: str, target: str) -> str:
    """Pseudo-translate one segment. Tags and placeholders hold no letters and stay as they are."""
    factor = _LENGTH.get(target.split("-")[0], _DEFAULT_LENGTH)
    if not text.isascii():
        dense = len(_DENSE.findall(text)) / len(text)
        factor /= 1 - 0.6 * dense
    extra = int(len(text) * (factor - 1))
    filler = (_FILLER * (extra // len(_FILLER) + 1))[:extra] if extra > 1 else ""
    return f"{OPEN}{text.translate(_ACCENTS)}{filler}{CLOSE}"


def is_pseudo(text: str) -> bool:
    """Whether all of a text (without its placeholders) came out of the dry run.

    White space may stand between segments; nothing else may stand outside the brackets, and no
    plain ASCII letter inside them. A text without letters outside brackets is not covered.
    """
    rest = text.strip()
    if not rest.startswith(OPEN) or _ASCII_LETTER.search(rest):
        return False
    while rest:
        inside, closed, rest = rest[1:].partition(CLOSE)
        rest = rest.lstrip()
        if not closed or OPEN in inside or (rest and not rest.startswith(OPEN)):
            return False
    return True


class PseudoEngine:
    """An :class:`~translator.engines.base.Engine` that answers inside ``submit``.

    It understands prompts of the style ``pseudo`` only: the target's tag, then the text.
    ``max_new_tokens`` does not apply: a dry run is never cut.
    """

    def __init__(self) -> None:
        self._info = EngineInfo(
            name="pseudo", context=1_000_000, slots=64, backend="dry run", deterministic=True
        )

    @property
    def info(self) -> EngineInfo:
        """Facts about the dry run."""
        return self._info

    def submit(self, request: Request, sink: Sink) -> None:
        """Answer at once, from the caller's thread."""
        first, *rest = request.prompt.parts
        target = _TARGET.fullmatch(first.text)
        if target is None:
            message = "The dry run cannot read this prompt."
            sink(Failure(request.id, EngineError(message, "Use the prompt style pseudo.")))
            return
        text = "".join(part.text for part in rest)
        answer = pseudo(text, target[1])
        tokens, new_tokens = self.count_tokens([text, answer])
        sink(Done(request.id, answer, Finish.STOP, tokens, new_tokens))

    def cancel(self, request_id: str) -> None:
        """Nothing is ever in flight."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """About as a real model would count: four characters a token, one for dense scripts."""
        return [(len(text.encode()) + 3) // 4 for text in texts]

    def close(self) -> None:
        """Nothing to free."""
