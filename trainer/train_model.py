"""The model that is trained: loaded, frozen where it should be, new weights where it learns."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from trainer import runs
from trainer.bases import Base
from trainer.config import MethodPart, RunSettings
from translator.errors import InputError

ADAPTER_FILE = "adapter_config.json"
_ADAPTERS = ("lora", "qlora")


@dataclass(frozen=True, slots=True)
class Precision:
    """``name``: ``bf16``, ``fp16`` or ``fp32``: the type that is multiplied in."""

    name: str

    @property
    def kind(self) -> torch.dtype:
        """The same for PyTorch."""
        return {"bf16": torch.bfloat16, "fp16": torch.float16}.get(self.name, torch.float32)


def device() -> torch.device:
    """Where this process trains: a CUDA device, Apple's GPU, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


def precision(wanted: str, where: torch.device) -> Precision:
    """What to compute in. Raises :class:`InputError` for what the machine cannot do."""
    if wanted == "auto":
        return Precision("bf16" if _computes_bf16(where) else "fp32")
    if wanted == "fp16" and where.type == "cpu":
        raise InputError(
            "A processor cannot be trained on in fp16.", "Set training.precision to auto."
        )
    return Precision(wanted)


def _computes_bf16(where: torch.device) -> bool:
    """Whether bf16 is multiplied by the hardware: where it is imitated, fp32 is faster."""
    if where.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if where.type == "mps":
        return False
    # AMX goes with AVX-512 BF16, and a virtual machine may say AMX and not grant it.
    found = torch.cpu.get_capabilities()
    name = "bf16" if platform.machine() in ("aarch64", "arm64") else "avx512_bf16"
    return bool(found.get(name, False))


def load(base: Base, settings: RunSettings, exact: Precision, where: torch.device) -> Any:
    """The model of a base, ready to be trained.

    Frozen weights are in the type that is multiplied in, which saves memory and casting; those
    that learn are in fp32. Raises :class:`InputError` if the method cannot be had.
    """
    import transformers

    method = settings.method
    start = start_folder(settings)
    folder = start if start and method.kind == "full" else base.folder
    options: dict[str, Any] = {"dtype": exact.kind if method.kind in _ADAPTERS else torch.float32}
    if method.kind == "qlora":
        options |= {"quantization_config": _four_bits(exact, where), "device_map": {"": where}}
    auto = (
        transformers.AutoModelForSeq2SeqLM
        if base.encoder_decoder
        else transformers.AutoModelForCausalLM
    )
    model = auto.from_pretrained(str(folder), **options)
    model.config.use_cache = False
    if method.kind == "full":
        return model
    return _with_adapter(model, method, start, checkpointing=settings.training.checkpointing)


def _with_adapter(
    model: Any, method: MethodPart, start: Path | None, *, checkpointing: bool
) -> Any:
    import peft

    if method.kind == "qlora":
        model = peft.prepare_model_for_kbit_training(
            model, use_gradient_checkpointing=checkpointing
        )
    if checkpointing:
        model.enable_input_require_grads()  # else nothing in a checkpointed layer has a gradient
    if start:
        return peft.PeftModel.from_pretrained(model, str(start), is_trainable=True)
    targets = method.targets
    encoder_decoder = model.config.is_encoder_decoder
    adapter = peft.LoraConfig(
        task_type="SEQ_2_SEQ_LM" if encoder_decoder else "CAUSAL_LM",
        r=method.rank,
        lora_alpha=method.alpha,
        lora_dropout=method.dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        use_rslora=method.rslora,
        use_dora=method.dora,
    )
    try:
        return peft.get_peft_model(model, adapter)
    except ValueError as error:
        raise InputError(
            f"The adapter does not fit the model: {error}.", "Set method.targets to all-linear."
        ) from error


def _four_bits(exact: Precision, where: torch.device) -> Any:
    import importlib.util

    import transformers

    if not importlib.util.find_spec("bitsandbytes"):
        raise InputError(
            "QLoRA needs the package bitsandbytes, which is not installed.",
            "Install it (pip install bitsandbytes), or set method.kind to lora.",
        )
    if where.type != "cuda":
        raise InputError("QLoRA needs an NVIDIA card.", "Set method.kind to lora.")
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=exact.kind,
    )


def start_folder(settings: RunSettings) -> Path | None:
    """The trained weights that a run goes on from: of a run, or a folder of somebody else's.

    Raises :class:`InputError` if there are none, or they are of the other kind.
    """
    name = settings.model.start
    if not name:
        return None
    full = settings.method.kind == "full"
    folder = Path(name).expanduser()
    if not (folder / ADAPTER_FILE).is_file() and not (folder / "config.json").is_file():
        from translator.settings import Settings

        run = runs.find(Settings.load().home, name)
        folder = run.model if full else run.adapter
    if not (folder / ("config.json" if full else ADAPTER_FILE)).is_file():
        raise InputError(
            f"{name} has no {'model' if full else 'adapter'} to go on from.",
            "Give a run that was trained by the same method.",
        )
    return folder
