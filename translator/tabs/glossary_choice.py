"""The choice of saved glossaries, as the Translate and Books tabs share it."""

from __future__ import annotations

from typing import Any

import gradio as gr

from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.own_glossaries import OwnGlossaries


def dropdown(tab: str) -> gr.Dropdown:
    """The dropdown, empty until :func:`offered`."""
    return gr.Dropdown(
        [],
        label="Glossaries",
        info="Of equal terms the first glossary counts",
        multiselect=True,
        elem_id=f"{tab}-glossaries",
    )


def offered(
    context: AppContext, owner: str, target: str, chosen: list[str] | None, also: str = ""
) -> Any:
    """An update of the dropdown: the glossaries that have the target language (BCP-47).

    ``chosen`` stay chosen as far as they fit, ``also`` is chosen besides.
    """
    saved = OwnGlossaries(context, owner).for_language(target)
    names = [one.name for one in saved]
    labels = [f"{one.name} · {views.language_pair(one.source, one.target)}" for one in saved]
    return gr.update(
        choices=list(zip(labels, names, strict=True)),
        value=[name for name in dict.fromkeys([*(chosen or ()), also]) if name in names],
    )
