"""What the engine pool is doing, for the head of the page and the Models tab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from translator.errors import VersoError
from translator.models.spec import ModelKind
from translator.tabs import views
from translator.tabs.context import AppContext

if TYPE_CHECKING:
    from translator.engines.pool import LoadedModel


def chips(context: AppContext) -> str:
    """Each model in memory as a small label; the dry run takes none and is left out."""
    loaded = [held for held in context.pool.status() if _is_real(context, held.model)]
    if not loaded:
        return '<span class="v-chip"><span class="v-dot"></span>no model in memory</span>'
    return "".join(_chip(context, held) for held in loaded)


def in_memory(context: AppContext, model_id: str) -> LoadedModel | None:
    """What the pool holds of a model, if anything."""
    return next((held for held in context.pool.status() if held.model == model_id), None)


def describe(held: LoadedModel) -> str:
    """What the engine says of itself and the machine, or how loading goes, in HTML."""
    if held.error:
        return views.error(held.error)
    if held.info is None:
        return views.progress(held.fraction or None, "Loading") + views.figures(("Loading",))
    info = held.info
    sets = ", ".join(info.instruction_sets)
    return views.figures(
        (
            info.backend,
            f"instruction sets: {sets}" if sets else "",
            f"{info.slots} segments at once",
            f"{info.context:,} tokens for each",
        )
    )


def _chip(context: AppContext, held: LoadedModel) -> str:
    kind, word = "v-ready", "ready"
    if held.state == "failed":
        kind, word = "v-broken", "could not be loaded"
    elif held.state == "loading":
        kind, word = "v-loading", f"loading {held.fraction:.0%}"
    elif held.users:
        kind, word = "v-working", "at work"
    title = f' title="{views.escape(held.error)}"' if held.error else ""
    name = views.escape(context.registry.get(held.model).name)
    return (
        f'<span class="v-chip {kind}"{title}><span class="v-dot"></span><b>{name}</b> {word}</span>'
    )


def _is_real(context: AppContext, model_id: str) -> bool:
    try:
        return context.registry.get(model_id).kind is not ModelKind.PSEUDO
    except VersoError:
        return False  # removed from the list while in memory
