"""The head of the page: its name, and what the engine is doing."""

from __future__ import annotations

from typing import Any

import gradio as gr

from translator.tabs import engine_view
from translator.tabs.context import AppContext

_MARK = (
    '<svg class="v-mark" viewBox="0 0 64 64" aria-hidden="true">'
    '<path class="v-leaf" d="M30 16C23 11 14 10 4 11v38c10-1 19 0 26 5z"/>'
    '<path class="v-line" d="M34 16c7-5 16-6 26-5v38c-10-1-19 0-26 5z"/></svg>'
)


def build(context: AppContext, page: gr.Blocks) -> None:
    """Put the head into the Blocks that is open."""
    with gr.Row(elem_classes="v-head"):
        gr.HTML(
            f'<div class="v-brand">{_MARK}<h1>Verso</h1>'
            "<p>Translation on your own machine. Nothing leaves it.</p></div>"
        )
        status = gr.HTML(elem_id="engine-status")

    def show() -> str:
        return engine_view.chips(context)

    quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
    gr.Timer(2.0).tick(show, None, status, **quiet)
    page.load(show, None, status, **quiet)
