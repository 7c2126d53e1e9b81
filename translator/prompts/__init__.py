"""Prompt styles: how a request for a translation is written, and how its reply is read."""

from __future__ import annotations

from collections.abc import Callable

from translator.errors import ModelError
from translator.prompts.base import UNKNOWN, PromptStyle, StyleContext, StyleInfo
from translator.prompts.chat import ChatStyle, HyMtStyle, TranslateGemmaStyle
from translator.prompts.completion import (
    FewShotStyle,
    MadladStyle,
    PseudoStyle,
    TaggedContextStyle,
    TaggedStyle,
)
from translator.prompts.encoders import BareStyle, NllbStyle

__all__ = ["STYLES", "UNKNOWN", "PromptStyle", "StyleContext", "StyleInfo", "get_style"]

STYLES: dict[str, Callable[[StyleContext], PromptStyle]] = {
    "chat": ChatStyle,
    "few-shot": FewShotStyle,
    "tagged": TaggedStyle,
    "tagged-context": TaggedContextStyle,
    "hy-mt": HyMtStyle,
    "translategemma": TranslateGemmaStyle,
    "madlad": MadladStyle,
    "nllb": NllbStyle,
    "bare": BareStyle,
    "pseudo": PseudoStyle,
}


def get_style(style_id: str, info: StyleContext) -> PromptStyle:
    """The style of that id for a model. Raises :class:`ModelError` for an unknown id."""
    try:
        return STYLES[style_id](info)
    except KeyError:
        raise ModelError(
            f"Unknown prompt style: {style_id!r}.", f"Known styles: {', '.join(STYLES)}."
        ) from None
