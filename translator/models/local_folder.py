"""Turn a folder of transformers (safetensors) into a model spec."""

from __future__ import annotations

import json
import re
from math import prod
from pathlib import Path
from typing import Any

from translator.errors import ModelError
from translator.models.spec import Licence, ModelKind, ModelSpec

_CONTEXT = 4096  # tokens for one request: plenty for a segment
_ENCODER_DECODER = frozenset(
    ("t5", "mt5", "umt5", "m2m_100", "nllb-moe", "marian", "mbart", "bart", "seamless_m4t_v2")
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def describe(
    path: Path, *, id: str | None = None, name: str | None = None, style: str | None = None
) -> ModelSpec:
    """Read a folder with ``config.json`` and make a spec of it (the folder stays where it is).

    Raises :class:`ModelError` when it is not a language model with safetensors weights.
    """
    path = path.expanduser().resolve()
    config = _read(path, "config.json")
    weights = sorted(path.glob("*.safetensors"))
    if not weights:
        raise ModelError(
            f"{path.name} has no *.safetensors files.",
            "Weights of other kinds can run code when they are loaded; convert them first.",
        )
    kind = str(config.get("model_type", ""))
    text = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    assert isinstance(text, dict)
    length = text.get("max_position_embeddings") or text.get("n_positions") or _CONTEXT
    encoder_decoder = bool(config.get("is_encoder_decoder", kind in _ENCODER_DECODER))
    quantized = config.get("quantization_config")
    return ModelSpec(
        id=identity(id or path.name),
        name=name or path.name,
        kind=ModelKind.HF,
        file=str(path),
        bytes=sum(file.stat().st_size for file in weights),
        licence=Licence(_licence(path)),
        style=style or prompt_style(path.name, encoder_decoder, _template(path)),
        context=min(int(length), _CONTEXT),
        parameters="" if quantized else _parameters(weights),
        quantization=_quantization(quantized, text),
        architecture=kind,
        encoder_decoder=encoder_decoder,
    )


def is_adapter(path: Path) -> bool:
    """Whether a folder holds a PEFT adapter and no model of its own."""
    return (path / "adapter_config.json").is_file() and not (path / "config.json").is_file()


def adapter_base(path: Path) -> str:
    """What an adapter's folder says it was trained on: a folder or a hub repository.

    Raises :class:`ModelError` when it does not say, or has no safetensors weights.
    """
    values = _read(path, "adapter_config.json")
    if not (path / "adapter_model.safetensors").is_file():
        raise ModelError(
            f"The adapter {path.name} has no adapter_model.safetensors.",
            "Weights of other kinds can run code when they are loaded; convert them first.",
        )
    base = values.get("base_model_name_or_path")
    if not isinstance(base, str) or not base:
        raise ModelError(f"The adapter {path.name} does not say which model it belongs to.")
    return base


def prompt_style(name: str, encoder_decoder: bool, template: str) -> str:
    """The prompt style that a model was made for, as far as its name and files tell."""
    plain = re.sub(r"[^a-z0-9]+", "", name.lower())
    if "madlad" in plain:
        return "madlad"
    if "nllb" in plain:
        return "nllb"
    if "opusmt" in plain:
        return "bare"
    if "translategemma" in plain or "source_lang_code" in template:
        return "translategemma"
    if "hymt" in plain or "hunyuanmt" in plain:
        return "hy-mt"
    if encoder_decoder:
        return "tagged"
    return "chat" if template else "few-shot"


def identity(name: str) -> str:
    """A model's id from a name. Raises :class:`ModelError` if nothing of it can be one."""
    id = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")
    if not _ID.fullmatch(id):
        raise ModelError(
            f"{name!r} cannot be a model's id.",
            "Choose one of letters, digits, dots and hyphens with --id.",
        )
    return id


def _read(path: Path, name: str) -> dict[str, Any]:
    try:
        values = json.loads((path / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{path.name} is not a model's folder: it has no {name}.",
            "Choose the folder that holds config.json and *.safetensors, or a GGUF file.",
        ) from error
    except ValueError as error:
        raise ModelError(f"{path.name} has a damaged {name}.", "Get it again.") from error
    if not isinstance(values, dict):
        raise ModelError(f"{path.name} has a damaged {name}.", "Get it again.")
    return values


def _template(path: Path) -> str:
    file = path / "chat_template.jinja"
    if file.is_file():
        return file.read_text(encoding="utf-8", errors="replace")
    if not (path / "tokenizer_config.json").is_file():
        return ""
    template = _read(path, "tokenizer_config.json").get("chat_template")
    return template if isinstance(template, str) else json.dumps(template) if template else ""


def _licence(path: Path) -> str:
    """From the head of the folder's model card."""
    card = path / "README.md"
    if card.is_file():
        head = card.read_text(encoding="utf-8", errors="replace")[:4000]
        found = re.search(r"^license:\s*([\w.-]+)\s*$", head, re.MULTILINE)
        return found[1] if found else ""
    return ""


def _parameters(weights: list[Path]) -> str:
    """How many numbers the weights are, read off the heads of the files."""
    count = 0
    for path in weights:
        with path.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > path.stat().st_size:
                raise ModelError(f"{path.name} is damaged.", "Get it again.")
            try:
                head = json.loads(file.read(size))
                count += sum(prod(head[key]["shape"]) for key in head if key != "__metadata__")
            except (ValueError, KeyError, TypeError) as error:
                raise ModelError(f"{path.name} is damaged.", "Get it again.") from error
    return f"{count / 1e9:.1f}B" if count >= 1e9 else f"{count / 1e6:.0f}M"


def _quantization(quantized: Any, text: dict[str, Any]) -> str:
    if isinstance(quantized, dict):
        bits = quantized.get("bits") or (4 if quantized.get("load_in_4bit") else "")
        return f"{quantized.get('quant_method', 'quantized')} {bits}".strip().upper()
    stored = str(text.get("dtype") or text.get("torch_dtype") or "")
    return {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}.get(stored, "")
