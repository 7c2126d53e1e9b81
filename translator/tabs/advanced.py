"""The fold of advanced settings: sampling and style, with the model's own values shown."""

from __future__ import annotations

from typing import Any

import gradio as gr

from translator.models.spec import ModelSpec
from translator.tabs.context import AppContext

_FIELDS = ("max_new_tokens", "temperature", "min_p", "repetition_penalty")
_STYLES = [
    ("As it comes", ""),
    ("Literary", "literary"),
    ("Formal", "formal"),
    ("Plain", "plain"),
]


def style_field(tab: str) -> gr.Dropdown:
    """The style or an instruction, to be placed anywhere."""
    return gr.Dropdown(
        _STYLES,
        value="",
        label="Style",
        info="Choose one, or write an instruction of your own",
        allow_custom_value=True,
        elem_id=f"{tab}-style",
    )


def sampling_fields(context: AppContext, model: gr.Dropdown, tab: str) -> list[Any]:
    """The fields alone, in the order that :func:`sampling` expects."""
    own = gr.HTML(_said(context.registry.get(str(model.value))), elem_classes="v-facts")
    with gr.Row(elem_classes="v-settings"):
        longest = gr.Number(
            label="Max new tokens",
            info="The longest reply for one segment",
            precision=0,
            minimum=1,
            elem_id=f"{tab}-max-new-tokens",
        )
        temperature = gr.Slider(
            0,
            2,
            step=0.05,
            label="Temperature",
            info="0: always the likeliest token",
            elem_id=f"{tab}-temperature",
        )
        min_p = gr.Slider(
            0, 1, step=0.01, label="Min-p", info="Leaves out tokens less likely than this share"
        )
        penalty = gr.Slider(
            0.5, 2, step=0.01, label="Repetition penalty", info="1: off; more: fewer repeats"
        )
    reset = gr.Button(
        "Back to the model's own values", size="sm", elem_classes=["v-quiet", "v-alone"]
    )
    values = [longest, temperature, min_p, penalty]

    def defaults(model_id: str) -> list[Any]:
        spec = context.registry.get(model_id)
        return [_said(spec), *(getattr(spec.sampling, name) for name in _FIELDS)]

    for component, value in zip(values, defaults(str(model.value))[1:], strict=True):
        component.value = value
    for event in (model.change, reset.click):
        event(defaults, model, [own, *values], show_progress="hidden", api_visibility="private")
    return values


def sampling(values: tuple[Any, ...]) -> dict[str, float]:
    """Values of the components as the translator takes them. Emptied fields are left out."""
    named = zip(_FIELDS, values, strict=True)
    return {name: value for name, value in named if value is not None}


def _said(spec: ModelSpec) -> str:
    own = spec.sampling
    greedy = "greedy" if own.temperature == 0 else f"temperature {own.temperature:g}"
    return (
        f"<span>The model's own: {greedy}, min-p {own.min_p:g}, repetition penalty "
        f"{own.repetition_penalty:g}, up to {own.max_new_tokens:,} tokens a segment</span>"
    )
