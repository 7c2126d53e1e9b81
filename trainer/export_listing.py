"""The entry of an exported model in the app's registry."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainer.bases import Base
from trainer.corpus import Corpus
from trainer.export_proof import Proof
from trainer.runs import Run
from translator import __version__
from translator.models import local_file, local_folder
from translator.models.derived import derived
from translator.models.registry import Registry
from translator.models.spec import ModelSpec
from translator.types import Sampling


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an exported model comes from. ``style``: the prompt style it was trained with."""

    base: Base
    run: Run
    style: str
    proof: Proof
    registry: Registry


def listed(origin: Origin, path: Path, identity: str, name: str, kind: str) -> ModelSpec:
    """Enter the model at ``path`` (a GGUF file, a GGUF adapter or a folder) and return its entry.

    It translates greedily, as it did when it was scored; licence and terms are the base's.
    """
    how = f"trained in the run {origin.run.id} by Verso {__version__}"
    spec = _spec(origin, path, identity, name, kind, how)
    stages = origin.run.settings.stages
    spec = replace(
        spec,
        style=origin.style,
        languages=_languages(origin.run),
        sampling=Sampling(),
        made_from=origin.base.id,
        made_how=how,
        corpus=origin.run.status().corpus_hash,
        scores={f"chrF++ {way}": round(s, 2) for way, s in origin.proof.exported.items()},
        reads_context=any(part > 1 for stage in stages for part in stage.parts),
    )
    origin.registry.enter(spec)
    return spec


def _languages(run: Run) -> tuple[str, ...]:
    """What the model was trained to translate; dev lines may be of a few languages only."""
    data = run.settings.data
    if data.directions:
        return tuple(dict.fromkeys(part for way in data.directions for part in way.split(">")))
    found = Corpus.load(Path(data.corpus).expanduser()).report["languages"]
    return tuple(dict.fromkeys((found["from"], *found["to"])))


def _spec(origin: Origin, path: Path, identity: str, name: str, kind: str, how: str) -> ModelSpec:
    base = origin.base.spec
    if kind == "adapter":
        assert base is not None
        return replace(
            base,
            id=identity,
            name=name,
            file="" if origin.registry.holder(base.id) else base.file,
            base=base.id,
            adapter=path.name,
            bytes=0,
            sha256="",
            sources=(),
            aliases=(),
            default=False,
            description="",
        )
    if kind == "safetensors":
        spec = local_folder.describe(path, id=identity, name=name, style=origin.style)
        licence = base.licence if base else spec.licence
        return replace(spec, file=path.name, licence=licence)
    if base is None:
        spec = local_file.describe(path, id=identity, name=name, style=origin.style)
    else:
        spec = replace(derived(base, path, id=identity, name=name, how=how), description="")
    return replace(spec, file=path.name)
