"""The fields of a new training, made from its settings: what they are called, hold and mean.

The settings say themselves what each of them is (:mod:`trainer.config_fields`), so the page, the
file and the command line never differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import Field
from typing import Any, Literal, get_args, get_origin, get_type_hints

import gradio as gr

from trainer.config import RunSettings
from trainer.config_fields import settings_of
from translator.errors import InputError

# In the order of the page; a group may be in several parts of the settings.
FIRST = ("method.kind", "data.length", "training.epochs", "training.learning_rate")
GROUPS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("data", "Examples", ("too_long", "packing", "limit", "weights")),
    ("method", "Adapter", ("rank", "alpha", "dropout", "targets", "rslora", "dora")),
    (
        "training",
        "Steps",
        (
            "batch", "accumulation", "steps", "schedule", "warmup", "optimizer", "weight_decay",
            "max_grad_norm", "label_smoothing", "neftune", "precision", "checkpointing",
            "group_by_length", "save", "keep", "seed",
        ),
    ),
    (
        "evaluation",
        "Evaluation",
        ("every", "lines", "metric", "patience", "samples", "max_new_tokens"),
    ),
    (
        "preference",
        "Preferences and rewards",
        (
            "kind", "pairs", "margin", "beta", "sft_weight", "group", "temperature",
            "max_new_tokens", "sharpness", "rewards", "comet",
        ),
    ),
    ("model", "Start", ("style", "start", "revision")),
    ("machine", "Machine", ("threads", "processes")),
)  # fmt: skip
ALL = (*FIRST, *(f"{part}.{name}" for part, _, names in GROUPS for name in names))
_LABELS = {
    "method.kind": "Method",
    "data.length": "Longest example",
    "data.too_long": "Longer examples",
    "data.limit": "Most examples",
    "training.max_grad_norm": "Longest gradient",
    "training.neftune": "NEFTune",
    "training.group_by_length": "Group by length",
    "training.checkpointing": "Gradient checkpointing",
    "training.save": "Save every",
    "evaluation.every": "Evaluate every",
    "evaluation.lines": "Lines to translate",
    "evaluation.metric": "Best by",
    "model.style": "Prompt style",
    "model.start": "Go on from",
    "preference.kind": "Beyond imitating",
    "preference.pairs": "Pairs",
    "preference.margin": "Least margin",
    "preference.sft_weight": "Imitation beside",
    "preference.group": "Translations of a source",
    "preference.max_new_tokens": "Longest of them",
    "preference.comet": "COMET model",
    "method.rslora": "rsLoRA",
    "method.dora": "DoRA",
}
_WORDS = {
    "lora": "LoRA (an adapter)",
    "qlora": "QLoRA (4-bit base)",
    "full": "All weights",
    "chrf": "chrF++",
    "none": "Nothing else",
    "dpo": "DPO (pairs)",
    "grpo": "GRPO (rewards)",
    "mrt": "Minimum risk (rewards)",
}
# Shorter than in the file, where the page says the rest.
_INFO = {
    "method.kind": "Which weights change",
    "data.length": "In tokens, with the prompt",
    "training.learning_rate": "The highest one",
    "training.epochs": "How often all is seen",
}


class Fields:
    """The components of all settings that a person may set, by their path ("training.epochs")."""

    def __init__(self) -> None:
        self._components: dict[str, Any] = {}

    def show(self, *paths: str) -> None:
        """Put components into the Blocks that is open, with their defaults."""
        settings = RunSettings()
        for path in paths:
            self._components[path] = _component(path, _value(settings, path))

    @property
    def components(self) -> list[Any]:
        """In the order of :data:`ALL`."""
        return [self._components[path] for path in ALL]

    def filled(self, settings: RunSettings) -> dict[Any, Any]:
        """Updates that show the values of some settings."""
        return {self._components[path]: _shown(_value(settings, path), path) for path in ALL}

    def given(self, inputs: Mapping[Any, Any]) -> dict[str, Any]:
        """What the person set, for :meth:`RunSettings.with_values`. Emptied numbers are left out.

        Raises :class:`InputError` for a text that cannot be read.
        """
        values = {path: inputs[self._components[path]] for path in ALL}
        return {path: _parsed(value, path) for path, value in values.items() if value is not None}

    def take(self, path: str) -> Any:
        """The component of one setting."""
        return self._components[path]


def label(path: str) -> str:
    """What a setting is called on the page."""
    return _LABELS.get(path) or path.split(".")[-1].replace("_", " ").capitalize()


def said(settings: RunSettings) -> list[tuple[str, str]]:
    """All set values that differ from the defaults, and the first ones, for reading."""
    defaults = RunSettings()
    return [
        (label(path), _read(_value(settings, path), path))
        for path in ALL
        if path in FIRST or _value(settings, path) != _value(defaults, path)
    ]


def _component(path: str, value: Any) -> Any:
    part, name = path.split(".")
    field, kind = _field(part, name), _kind(part, name)
    given: dict[str, Any] = {
        "label": label(path),
        "info": _INFO.get(path) or field.metadata["about"],
        "elem_id": f"train-{part}-{name.replace('_', '-')}",
        "value": _shown(value, path),
    }
    if kind is bool:
        return gr.Checkbox(**given)
    if get_origin(kind) is Literal:
        return gr.Dropdown([(_WORDS.get(one, one), one) for one in get_args(kind)], **given)
    if kind in (int, float):
        step = 1 if kind is int else None
        return gr.Number(precision=0 if kind is int else None, step=step, **given)
    return gr.Textbox(max_lines=1, **given)


def _field(part: str, name: str) -> Field[Any]:
    fields = settings_of(type(getattr(RunSettings(), part)))
    return next(each for each in fields if each.name == name)


def _kind(part: str, name: str) -> Any:
    return get_type_hints(type(getattr(RunSettings(), part)))[name]


def _value(settings: RunSettings, path: str) -> Any:
    part, name = path.split(".")
    return getattr(getattr(settings, part), name)


def _shown(value: Any, path: str) -> Any:
    """A value as its component holds it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number:g}" for name, number in value.items())
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _read(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return _WORDS.get(str(value)) or str(_shown(value, path)) or "none"


def _parsed(value: Any, path: str) -> Any:
    if path in ("data.weights", "preference.rewards"):
        return _weights(str(value))
    if path == "method.targets" and "," in str(value):
        return _names(str(value))
    return value.strip() if isinstance(value, str) else value


def _names(text: str) -> Sequence[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _weights(text: str) -> dict[str, float]:
    weights = {}
    for part in _names(text):
        name, _, number = part.rpartition(" ")
        try:
            weights[name.strip(" :=")] = float(number)
        except ValueError as error:
            raise InputError(
                f"{part!r} is no weight.", "Write a name and a number, as in: bible 0.5"
            ) from error
    return weights
