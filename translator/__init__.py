"""Verso's translation room. ``from translator import Translator`` is the whole library."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translator.translator import (
        SegmentResult,
        TextResult,
        TextUpdate,
        Translator,
        UpdateKind,
    )

__all__ = ["SegmentResult", "TextResult", "TextUpdate", "Translator", "UpdateKind", "__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> object:
    # Imported on first use: `verso --help` and the errors alone must not pay for the pipeline.
    if name in __all__:
        from translator import translator

        return getattr(translator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
