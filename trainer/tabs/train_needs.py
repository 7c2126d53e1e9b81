"""Which models can be trained here, and what it takes: memory, disk, downloads."""

from __future__ import annotations

import re
from pathlib import Path

from trainer.architectures import FAMILIES
from translator.engines.pool import free_memory
from translator.errors import VersoError
from translator.models.spec import ModelKind, ModelSpec
from translator.tabs import views
from translator.tabs.context import AppContext

# Bytes a parameter while training, beside the examples: weights; for all of them also gradients
# and the two moments of Adam.
_BYTES = {"lora": 4.0, "qlora": 0.7, "full": 16.0}
_OVERHEAD = 600_000_000  # bytes: the libraries, and a small batch
_SIZE = re.compile(r"([\d.]+)\s*([MB])")
_HUB = re.compile(r"[\w.-]+/[\w.-]+")


def choices(context: AppContext) -> list[tuple[str, str]]:
    """The models of the registry that can be trained, those on this machine first."""
    known = [
        (spec, context.registry.installed(spec))
        for spec in context.registry.list()
        if trainable(spec)
    ]
    known.sort(key=lambda pair: not pair[1])
    return [(views.model_label(spec, there), spec.id) for spec, there in known]


def trainable(spec: ModelSpec) -> bool:
    """Whether a model of the registry can be the base of a training."""
    if spec.kind is ModelKind.GGUF:
        families = {family.gguf for family in FAMILIES}
        return spec.architecture in families and not spec.encoder_decoder and not spec.adapter
    return spec.kind is ModelKind.HF and not spec.base


def said(context: AppContext, base: str, method: str) -> str:
    """What training a base takes, in HTML; ``method`` is "lora", "qlora" or "full"."""
    base = base.strip()
    if not base:
        return ""
    spec = context.registry.holder(base)
    if spec is None:
        return _other(base)
    lines = []
    if not context.registry.installed(spec):
        lines.append(
            views.notice(
                f"{spec.name} is not on this machine yet ({views.size(spec.bytes)}).",
                "Download it in the Models tab first.",
                kind="warning",
            )
        )
    count = parameters(spec)
    if count:
        needed, free = int(count * _BYTES[method]) + _OVERHEAD, free_memory()
        fact = f"Takes about {views.size(needed)} of memory; {views.size(free)} are free"
        if needed > free:
            hint = "A smaller base or another method takes less."
            lines.append(views.notice(f"{fact} now.", hint, kind="warning"))
            fact = ""
        disk = ""
        if spec.kind is ModelKind.GGUF:
            disk = f"unpacked once to {views.size(int(count * 2))} on disk"
        facts = views.figures((spec.parameters, fact, disk))
        lines.append(facts)
    return f'<div class="v-need">{"".join(lines)}</div>' if lines else ""


def parameters(spec: ModelSpec) -> int:
    """How many a model of the catalogue has, as far as it says (``270M``, ``1.5B``)."""
    found = _SIZE.search(spec.parameters)
    return round(float(found[1]) * (1e9 if found[2] == "B" else 1e6)) if found else 0


def _other(base: str) -> str:
    if Path(base).expanduser().is_dir():
        text = "A folder of this machine with safetensors. It stays as it is."
    elif Path(base).suffix == ".gguf" and Path(base).expanduser().is_file():
        text = "A GGUF file of this machine; it is unpacked once."
    elif _HUB.fullmatch(base):
        text = "A hub repository: its safetensors are downloaded once, no code of it is run."
    else:
        problem = VersoError(
            "There is no such model.", "Choose one, or give a folder or owner/name of a hub."
        )
        return views.error(problem)
    return f'<div class="v-need"><span>{views.escape(text)}</span></div>'
