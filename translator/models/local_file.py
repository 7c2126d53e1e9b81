"""Turn any GGUF file of the user into a model spec."""

from __future__ import annotations

import re
from pathlib import Path

from translator.errors import ModelError
from translator.models import gguf_meta
from translator.models.files import sha256
from translator.models.gguf_meta import GgufInfo
from translator.models.partial import Progress, Transfer
from translator.models.spec import Licence, ModelKind, ModelSpec
from translator.types import Sampling

_CONTEXT = 4096  # tokens for one request: plenty for a segment, and cheap

# What the model cards of the recognised families recommend.
_HY_MT = Sampling(temperature=0.7, top_k=20, top_p=0.6, repetition_penalty=1.05)


def describe(
    path: Path,
    *,
    id: str | None = None,
    name: str | None = None,
    style: str | None = None,
    hashed: bool = True,
    progress: Progress | None = None,
) -> ModelSpec:
    """Read a file's metadata and make a spec of it (the file stays where it is).

    Without ``hashed`` its contents are not read; the spec then has no hash.

    Raises :class:`ModelError` when the file is not a language model that Verso can run.
    """
    path = path.expanduser().resolve()
    info = gguf_meta.read(path)
    _refuse_other_kinds(path, info)
    identity = id or re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", identity):
        raise ModelError(
            f"{identity!r} cannot be a model's id.",
            "Choose one of letters, digits, dots and hyphens with --id.",
        )
    shown = name or info.name or path.stem
    chosen = style or prompt_style(info, path.stem)
    size = path.stat().st_size
    return ModelSpec(
        id=identity,
        name=shown,
        kind=ModelKind.GGUF,
        file=str(path),
        bytes=size,
        sha256=sha256(path, Transfer(shown, size, progress)) if hashed else "",
        licence=Licence(info.licence),
        languages=info.languages,
        style=chosen,
        sampling=_HY_MT if chosen == "hy-mt" else Sampling(),
        context=min(info.context_length or _CONTEXT, _CONTEXT),
        parameters=_parameters(info),
        quantization=info.quantization,
        architecture=info.architecture,
        encoder_decoder=info.encoder_decoder,
    )


def prompt_style(info: GgufInfo, file_stem: str) -> str:
    """The prompt style that a model was trained for, as far as its file tells."""
    written = info.values.get("verso.style")
    if isinstance(written, str) and written:
        return written
    names = re.sub(r"[^a-z0-9]+", "", f"{info.name} {file_stem}".lower())
    if "<2de>" in info.markers or "madlad" in names:
        return "madlad"
    if "translategemma" in names or "source_lang_code" in info.chat_template:
        return "translategemma"
    if "hymt" in names or "hunyuanmt" in names:
        return "hy-mt"
    return "chat" if info.chat_template else "few-shot"


def _refuse_other_kinds(path: Path, info: GgufInfo) -> None:
    kind = info.values.get("general.type", "model")
    parts = info.values.get("split.count", 0)
    if kind == "adapter":
        problem = "is an adapter, which works only together with its base model"
    elif kind == "mmproj" or info.architecture == "clip":
        problem = "is the image part of a model, not a language model"
    elif kind == "imatrix" or info.architecture == "imatrix":
        problem = "holds statistics for quantizing, not a model"
    elif info.architecture in ("t5encoder", "bert", "modern-bert", "nomic-bert", "jina-bert-v2"):
        problem = f"is an encoder ({info.architecture}) and cannot write text"
    elif isinstance(parts, int) and parts > 1:
        raise ModelError(
            f"{path.name} is one of {parts} pieces of a model.",
            "Join them first with llama.cpp's `llama-gguf-split --merge`.",
        )
    elif not info.tokenizer or info.tokenizer in ("no_vocab", "none"):
        problem = "has no tokenizer"
    else:
        return
    raise ModelError(f"{path.name} cannot be used: it {problem}.")


def _parameters(info: GgufInfo) -> str:
    label = info.values.get("general.size_label")
    if isinstance(label, str) and re.fullmatch(r"[0-9.]+[BMK]", label):
        return label
    if info.parameters >= 1e9:
        return f"{info.parameters / 1e9:.1f}B"
    return f"{info.parameters / 1e6:.0f}M" if info.parameters else ""
