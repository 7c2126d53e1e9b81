"""What a person tells the model about a text: a style and a brief, as one instruction."""

from __future__ import annotations

from translator.errors import InputError
from translator.models.spec import ModelSpec
from translator.prompts import StyleInfo, get_style
from translator.prompts.base import sentence, style_instruction

LONGEST = 2000  # characters: it stands in every prompt


def checked_instruction(
    spec: ModelSpec, style: str, brief: str, *, refine: bool = False, names: bool = False
) -> str:
    """The instruction for the prompts of a run.

    Raises :class:`InputError` when the brief is too long, or when the model was trained on a form
    of prompt that has no place for what is asked: it would be left out in silence.
    """
    prompts = get_style(spec.style, StyleInfo())
    if len(brief) > LONGEST:
        raise InputError(
            f"The brief has {len(brief):,} characters.", f"{LONGEST:,} are the most: shorten it."
        )
    wishes = {"style": bool(style.strip()), "brief": bool(brief.strip()), "names": names}
    for name, wished in wishes.items():
        if wished and not (prompts.takes_notes or prompts.dry_run):
            raise InputError(
                f"{spec.name} takes no {name}: it was trained to see the text alone.",
                f"Leave the {name} out, or choose a chat model.",
            )
    if refine and not (prompts.revises or prompts.dry_run):
        raise InputError(
            f"{spec.name} cannot look at a draft again: it was trained to translate only.",
            "Leave the second look out, or choose a chat model.",
        )
    return instruction(style, brief)


def instruction(style: str, brief: str) -> str:
    """A style and a brief in one text; without a brief the style as it is."""
    if not brief.strip():
        return style.strip()
    told = f"About the text: {sentence(' '.join(brief.split()))}"
    return f"{style_instruction(style)} {told}".strip()
