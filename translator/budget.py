"""How many tokens a segment and its translation may take in a model's context."""

from __future__ import annotations

import math
from dataclasses import dataclass

from translator import languages
from translator.engines.base import Engine
from translator.errors import EngineError
from translator.prompts import PromptStyle
from translator.types import TranslationTask

MARGIN = 32  # tokens: short texts vary more than the factors below
HOOKS_RESERVE = 400  # tokens kept free for terms and context
_SMALLEST = 16

# The most tokens a translation takes for each token of its source: above the 99th percentile
# over NTREX with the vocabularies of Qwen2.5 and Gemma 3, by the target's script.
_GROWTH = {"Latn": 2.5, "Hans": 2.3, "Hant": 2.3, "Jpan": 2.3, "Kore": 2.8, "Cyrl": 3.4}
_DEFAULT_GROWTH = 4.0


@dataclass(frozen=True, slots=True)
class Budget:
    """The division of a context. ``overhead`` is a prompt around its text, ``growth`` the most
    tokens of a translation for each of its source, ``texts`` what a segment takes in all, in
    tokens for each of its own: itself, its draft if the prompt shows one, its translation.
    """

    context: int
    longest_reply: int
    overhead: int
    growth: float
    texts: float

    def limit(self, most: int) -> int:
        """The most tokens of a segment: so many that prompt and translation fit, and no more than
        ``most``. Raises :class:`EngineError` if the context is too small for any text.
        """
        fits = (self.context - self.overhead - MARGIN) / self.texts
        if fits < _SMALLEST:
            raise EngineError(
                f"The model's context of {self.context} tokens is too small to translate with.",
                "Choose another model or a larger context, or shorten the brief.",
            )
        replies = (self.longest_reply - MARGIN) / self.growth
        return math.floor(min(most, fits, max(_SMALLEST, replies)))

    def room(self, tokens: int) -> int:
        """How many tokens the translation of so many may take."""
        return max(1, min(math.ceil(tokens * self.growth) + MARGIN, self.longest_reply))


def budget_for(
    engine: Engine, style: PromptStyle, task: TranslationTask, longest_reply: int, *, hooks: bool
) -> Budget:
    """The budget of a run. ``task`` is a sample of its requests, with an empty text; its draft
    says whether drafts are shown. ``hooks``: terms or context come on top.
    """
    target = languages.get(task.target)
    growth = _GROWTH.get(target.script, _DEFAULT_GROWTH)
    growth = 1.6 if target.tag == "en" and growth == _GROWTH["Latn"] else growth
    # Control tokens count as text: a safe guess.
    sizes = engine.count_tokens([part.text for part in style.render(task).parts])
    overhead = sum(sizes) + MARGIN + (HOOKS_RESERVE if hooks else 0)
    texts = 1 + growth * (2 if task.draft else 1)
    return Budget(engine.info.context, longest_reply, overhead, growth, texts)
