"""The models that training starts from: from a name to a folder that transformers can load.

A base is named by the id of a model in the app, by a folder, a GGUF file or a hub repository.
GGUF models are written out as safetensors once, below ``bases`` in the data home.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from trainer import bases_gguf
from translator import __version__
from translator.errors import InputError, ModelError
from translator.models import gguf_file, local_folder
from translator.models.files import check_space
from translator.models.local_file import describe
from translator.models.registry import Registry
from translator.models.spec import ModelKind, ModelSpec
from translator.settings import Settings

Progress = Callable[[str, float], None]  # what is done, and the fraction of it

_NOTE = "verso-base.json"
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
# Their parts work as an encoder and a decoder, and a prompt goes into the encoder.
_ENCODER_DECODER = frozenset(
    ("t5", "mt5", "umt5", "m2m_100", "marian", "mbart", "bart", "nllb-moe")
)


@dataclass(frozen=True, slots=True)
class Base:
    """A model to train. ``folder`` has ``config.json``, safetensors and a tokenizer.

    ``id`` is the name it was found by; ``hash`` the SHA-256 of the GGUF file or of the folder's
    files, and ``architecture`` the model type of transformers. ``style`` is the prompt style it
    was made for. ``spec``: its entry in the app; ``gguf``: its GGUF file, if it is one.
    """

    id: str
    folder: Path
    architecture: str
    encoder_decoder: bool
    style: str
    languages: tuple[str, ...]
    hash: str
    spec: ModelSpec | None = None
    gguf: Path | None = None


def resolve(
    base: str, settings: Settings, progress: Progress | None = None, revision: str = "main"
) -> Base:
    """Find a base, and make it ready to be loaded: ``progress`` gets (what, fraction).

    Raises:
        ModelError: there is no such model, it is not downloaded, or cannot be trained.
        DownloadError: a hub repository cannot be had, or the disk is full.
        InputError: no base was named.
    """
    name = base.strip()
    if not name:
        raise InputError("No base model was named.", "Say which model is to be trained.")
    report = progress or (lambda _what, _fraction: None)
    registry = Registry(settings)
    spec = registry.holder(name)
    if spec is not None:
        return _of_spec(spec, registry, settings, report)
    path = Path(name).expanduser()
    if path.is_dir():
        return of_folder(path.resolve(), report)
    if path.is_file():
        path = path.resolve()
        registered = next((s for s in registry.list() if _is_file(s, path, settings)), None)
        found = registered or describe(path, progress=_hashing(report))
        return _of_gguf(found, path, settings, report)
    if _REPOSITORY.fullmatch(name):
        return _of_hub(name, revision, settings, report)
    registry.get(name)  # says what is near
    raise ModelError(f"There is no model named {name!r}.")


def of_folder(folder: Path, progress: Progress | None = None, id: str = "") -> Base:
    """A folder of transformers as a base. Raises :class:`ModelError` when it is none."""
    spec = local_folder.describe(folder)
    note = _json(folder / _NOTE) if (folder / _NOTE).is_file() else {}
    return Base(
        id=id or note.get("id") or spec.id,
        folder=folder,
        architecture=spec.architecture,
        encoder_decoder=spec.encoder_decoder,
        style=note.get("style") or spec.style,
        languages=tuple(note.get("languages", ())),
        hash=note.get("sha256") or _hash(folder, progress or (lambda _what, _fraction: None)),
    )


def _of_spec(spec: ModelSpec, registry: Registry, settings: Settings, report: Progress) -> Base:
    if spec.kind is ModelKind.GGUF:
        if spec.adapter:
            raise ModelError(
                f"{spec.name} is an adapter on {spec.base}.",
                f"Train {spec.base}, or go on with the run that the adapter comes from.",
            )
        return _of_gguf(spec, registry.path(spec), settings, report)
    if spec.kind is ModelKind.HF and spec.file:
        folder = settings.models / spec.file
        if not folder.is_dir():
            raise ModelError(
                f"{spec.name} is not downloaded yet.",
                f"Download it on the Models page, or with `verso models pull {spec.id}`.",
            )
        found = of_folder(folder, report, id=spec.id)
        return replace(found, style=spec.style, languages=spec.languages, spec=spec)
    raise ModelError(f"{spec.name} cannot be trained.", "Choose a GGUF or safetensors model.")


def _of_gguf(spec: ModelSpec, path: Path, settings: Settings, report: Progress) -> Base:
    if spec.encoder_decoder:
        raise ModelError(
            f"{spec.name} is an encoder-decoder model, whose GGUF file cannot be trained.",
            "Name its repository on the hub (owner/name) instead.",
        )
    spec = spec if spec.sha256 else describe(path, style=spec.style, progress=_hashing(report))
    folder = settings.home / "bases" / f"{spec.id}-{spec.sha256[:8]}"
    if not (folder / _NOTE).is_file():
        _dequantize(spec, path, folder, report)
    config = _json(folder / "config.json")
    return Base(
        spec.id, folder, config["model_type"], False, spec.style, spec.languages, spec.sha256,
        spec, path,
    )  # fmt: skip


def _dequantize(spec: ModelSpec, path: Path, folder: Path, report: Progress) -> None:
    """Write the folder beside its place and put it there when it is complete."""
    file = gguf_file.read(path)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if (folder / _NOTE).is_file():
            return  # another process has done it meanwhile
        check_space(folder.parent, bases_gguf.size(file), spec.name)
        partial = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            what = f"writing out {spec.name}"
            bases_gguf.write(file, partial, lambda fraction: report(what, fraction))
            note = {
                "id": spec.id, "sha256": spec.sha256, "style": spec.style,
                "languages": list(spec.languages), "made_by": f"Verso {__version__}",
            }  # fmt: skip
            (partial / _NOTE).write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
            partial.chmod(0o755)
            partial.replace(folder)
        finally:
            if partial.exists():
                shutil.rmtree(partial)


def _of_hub(repository: str, revision: str, settings: Settings, report: Progress) -> Base:
    from translator.models.hub_snapshot import snapshot

    folder = snapshot(repository, revision, settings, report)
    return of_folder(folder, report, id=repository)


def _hash(folder: Path, report: Progress) -> str:
    """The SHA-256 over all that decides what the model computes, file by file."""
    names = ("config.json", "tokenizer.json", "tokenizer.model", "spiece.model")
    files = [folder / name for name in names if (folder / name).is_file()]
    files += sorted(folder.glob("*.safetensors"))
    digest = hashlib.sha256()
    for number, path in enumerate(files):
        report("checking the model", number / len(files))
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()


def _is_file(spec: ModelSpec, path: Path, settings: Settings) -> bool:
    return bool(spec.file) and (settings.models / spec.file).resolve() == path


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"Cannot read {path}: {error}.") from error
    return content if isinstance(content, dict) else {}


def _hashing(report: Progress) -> Callable[[int, int, str], None]:
    return lambda done, total, _label: report("checking the model", done / max(total, 1))
