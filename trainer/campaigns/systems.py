"""The systems of a campaign: from what a person named to what can be run, and what decides it.

Whatever decides a system's outputs goes into its entry of the key: hashes of weights, prompt
style, sampling, the scale of an adapter. So it can be said afterwards what was compared.
"""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from trainer import runs
from trainer.campaigns.types import SystemSpec
from trainer.evaluate_systems import decoding
from trainer.export_order import source as weights_of
from trainer.runs import Run
from translator.brief import checked_instruction
from translator.engines.hf import missing_packages
from translator.errors import InputError
from translator.job_setup import file_hash, require_installed
from translator.memory import Memory
from translator.models import local_folder
from translator.models.registry import Registry
from translator.models.spec import ModelKind, ModelSpec
from translator.settings import Settings
from translator.types import Sampling

Report = Callable[[str, float | None], None]

MEMORY_SCORE = 75.0  # percent of likeness from which on the memory's translation is taken
_CHECKPOINT = re.compile(r"(.+)/checkpoint-(\d+)")


class Models(Registry):
    """All models, and those that a campaign made for itself."""

    def __init__(self, settings: Settings, own: Sequence[ModelSpec] = ()) -> None:
        super().__init__(settings)
        self._made = tuple(own)

    def list(self) -> tuple[ModelSpec, ...]:
        """See :meth:`Registry.list`."""
        return (*super().list(), *self._made)


def known(
    wishes: Sequence[SystemSpec], settings: Settings, languages: tuple[str, str]
) -> tuple[SystemSpec, ...]:
    """The systems with all that decides their outputs, each under a name of its own.

    Raises :class:`VersoError` for one that does not exist, is not installed or cannot be run.
    """
    registry = Registry(settings)
    found = [_known(wish, registry, settings, languages) for wish in wishes]
    same = Counter((one.kind, one.reference, *sorted(one.settings.items())) for one in found)
    if twice := next((key[1] for key, count in same.items() if count > 1), None):
        raise InputError(f"{twice or 'The memory'} is there twice.", "Compare systems that differ.")
    names = Counter(one.name for one in found)
    return tuple(
        one if names[one.name] == 1 else replace(one, name=f"{one.name} ({one.id})")
        for one in found
    )


def _known(
    wish: SystemSpec, registry: Registry, settings: Settings, languages: tuple[str, str]
) -> SystemSpec:
    if wish.kind == "memory":
        return _memory(wish, settings, languages)
    if wish.kind == "file":
        path = Path(wish.reference)
        details: dict[str, str | float | int | bool] = {"sha256": file_hash(path)}
        return replace(wish, name=wish.name or path.name, reference=path.name, settings=details)
    if wish.kind == "run":
        run, checkpoint, folder = _run(wish, settings)
        _require_packages(wish.name or run.id, local_folder.is_adapter(folder))
        reference = f"{run.id}/checkpoint-{checkpoint}" if checkpoint else run.id
        name = wish.name or f"{run.settings.name}, " + (
            f"step {checkpoint}" if checkpoint else "best checkpoint"
        )
        details = {
            "base": run.settings.model.base,
            "sha256": _weights_hash(folder),
            "scale": _scale(wish, local_folder.is_adapter(folder), name),
            **_how(wish, Sampling()),
        }
        return replace(wish, name=name, reference=reference, settings=details)
    spec = registry.get(wish.reference)
    require_installed(registry, spec)
    if spec.kind is ModelKind.HF:
        _require_packages(spec.name, bool(spec.adapter))
    checked_instruction(spec, str(wish.settings.get("style", "")), "")
    scale = _scale(wish, bool(spec.adapter), spec.name, spec.adapter_scale)
    details = {
        "sha256": spec.sha256,
        "adapter": registry.adapter_hash(spec),
        "scale": scale,
        "prompt": spec.style,
        **_how(wish, spec.sampling),
    }
    name = wish.name or (spec.name if scale == spec.adapter_scale else f"{spec.name} × {scale:g}")
    return replace(wish, name=name, reference=spec.id, settings=details)


def sampling_of(system: SystemSpec, spec: ModelSpec) -> Sampling:
    """How a model is sampled for a campaign: as in the app, or greedily if that is wished."""
    return decoding(spec, own=not system.settings.get("greedy"))


def model_of(system: SystemSpec, settings: Settings, folder: Path, report: Report) -> ModelSpec:
    """The model of a ``model`` or ``run`` system, ready to be run as one of :class:`Models`.

    ``folder`` is for files that have to be made; ``report`` gets (what is done, the fraction).
    Raises :class:`VersoError` if it is not there any more or cannot be made ready.
    """
    scale = float(system.settings.get("scale", 1.0))
    if system.kind == "model":
        registry = Registry(settings)
        spec = registry.get(system.reference)
        adapter = registry.adapter(spec)
        if spec.kind is ModelKind.HF and adapter and scale != 1.0:
            spec = replace(spec, adapter=str(_scaled(adapter, scale, folder)))
        return replace(spec, id=f"campaign-{system.id}", aliases=(), adapter_scale=scale)
    from trainer import bases

    run, _, weights = _run(system, settings)
    base = bases.resolve(
        run.settings.model.base, settings, report, revision=run.settings.model.revision
    )
    style = run.status().style or run.settings.model.style or base.style
    made = local_folder.describe(base.folder, id=f"campaign-{system.id}", style=style)
    if local_folder.is_adapter(weights):
        place = weights if scale == 1.0 else _scaled(weights, scale, folder)
        return replace(made, adapter=str(place))
    return replace(made, file=str(_whole(weights, base.folder, folder)))


def _memory(wish: SystemSpec, settings: Settings, languages: tuple[str, str]) -> SystemSpec:
    counts: dict[str, int] = {}
    if settings.memory.exists():
        memory = Memory(settings.memory)
        counts = {str(o): n for o, n in memory.counts().get(languages, {}).items()}
        memory.close()
    if not counts:
        raise InputError(
            f"The memory has nothing from {languages[0]} to {languages[1]}.",
            "Import a TMX file (`verso memory import`), or choose another system.",
        )
    details: dict[str, str | float | int | bool] = {
        "minimum": MEMORY_SCORE,
        "units": sum(counts.values()),
    }
    name = wish.name or "Translation memory"
    return replace(wish, name=name, reference="memory", settings=details)


def _run(system: SystemSpec, settings: Settings) -> tuple[Run, int, Path]:
    """The run, the number of its checkpoint (0: the best) and the folder of the weights."""
    match = _CHECKPOINT.fullmatch(system.reference.rstrip("/"))
    name, checkpoint = (match[1], int(match[2])) if match else (system.reference, 0)
    run = runs.find(settings.home, name)
    return run, checkpoint, weights_of(run, checkpoint)


def _how(wish: SystemSpec, sampling: Sampling) -> dict[str, str | float | int | bool]:
    """Wishes about how it is asked, and what they mean."""
    greedy = bool(wish.settings.get("greedy", False))
    used = replace(sampling, temperature=0.0) if greedy else sampling
    return {"style": str(wish.settings.get("style", "")), "greedy": greedy, **asdict(used)}


def _scale(wish: SystemSpec, has_adapter: bool, name: str, usual: float = 1.0) -> float:
    scale = float(wish.settings.get("scale", usual))
    if scale != usual and not has_adapter:
        raise InputError(f"{name} has no adapter to scale.", "Leave the scale out.")
    if not 0 <= scale <= 4:
        raise InputError(f"The scale of {name} is {scale:g}.", "Choose one from 0 to 4.")
    return scale


def _require_packages(name: str, adapter: bool) -> None:
    if missing := missing_packages(adapter=adapter):
        raise InputError(
            f"{name} needs packages that are not installed: {', '.join(missing)}.",
            "Install them on the Train tab, or with `verso train --install`.",
        )


def _weights_hash(folder: Path) -> str:
    """The SHA-256 of the weights of a checkpoint; of several files, of their hashes."""
    hashes = [file_hash(path) for path in sorted(folder.glob("*.safetensors"))]
    return "+".join(hashes)


def _scaled(adapter: Path, scale: float, folder: Path) -> Path:
    """A copy of a PEFT adapter whose effect is ``scale`` times as strong: alpha is linear in it."""
    values = json.loads((adapter / "adapter_config.json").read_text("utf-8"))
    if values.get("use_dora") or values.get("modules_to_save"):
        raise InputError(
            f"The adapter {adapter.name} has whole layers, which have no strength.",
            "Compare it at the scale 1.",
        )
    place = folder / f"{adapter.name}-{scale:g}"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copyfile(adapter / "adapter_model.safetensors", place / "adapter_model.safetensors")
    values["lora_alpha"] *= scale
    values["alpha_pattern"] = {k: v * scale for k, v in (values.get("alpha_pattern") or {}).items()}
    (place / "adapter_config.json").write_text(json.dumps(values), "utf-8")
    return place


def _whole(weights: Path, base: Path, folder: Path) -> Path:
    """A checkpoint of full training with the tokenizer of its base, which it may lack."""
    if (weights / "tokenizer_config.json").is_file():
        return weights
    place = folder / weights.name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in [*base.iterdir(), *weights.iterdir()]:
        if path.is_file() and (path.parent == weights or path.suffix != ".safetensors"):
            (place / path.name).unlink(missing_ok=True)
            (place / path.name).symlink_to(path.resolve())
    return place
