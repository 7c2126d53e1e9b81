"""Loading a model of transformers: which device, in what numbers, and what can be wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers
from safetensors import SafetensorError

from translator.engines.gguf_cpu import cpu_flags
from translator.errors import EngineError, ModelError

# Their sums run over what fp16 can hold; bf16 has the range of fp32.
_WIDE_RANGE = ("t5", "mt5", "umt5", "gemma", "gemma2", "gemma3", "gemma3_text")
# Tokens that end a reply wherever they exist, as in llama.cpp.
_ENDS = ("<|eot_id|>", "<|im_end|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "<|eom_id|>")
_PACKAGES = {"awq": "gptqmodel", "gptq": "gptqmodel", "bitsandbytes": "bitsandbytes"}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """``precision``: auto, bf16, fp16, fp32, 8bit or 4bit. ``device``: auto, cuda, mps or cpu.

    ``threads``: of the CPU.
    """

    path: str
    precision: str = "auto"
    device: str = "auto"
    threads: int = 1


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model on its device. ``ends`` are the tokens that end a reply."""

    model: Any
    tokenizer: Any
    device: str
    precision: str
    encoder_decoder: bool
    context: int
    token_bytes: int  # of one token in the key-value cache
    ends: frozenset[int]
    start: int  # the token that an encoder-decoder's reply begins with
    never: tuple[int, ...]  # tokens that the model's own settings keep out of replies

    @property
    def backend(self) -> str:
        """What runs it, for people."""
        name = torch.cuda.get_device_name() if self.device == "cuda" else self.device.upper()
        versions = f"transformers {transformers.__version__}, torch {torch.__version__}"
        return f"{versions}, {name}, {self.precision}"


def load(options: LoadOptions, on_loading: Callable[[float], None]) -> Loaded:
    """Load a folder with ``config.json``, safetensors and a tokenizer; its code never runs.

    Raises:
        ModelError: the folder is not such a model, or cannot run here.
        EngineError: there is not enough memory.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    folder = Path(options.path)
    name = folder.name
    values = check_folder(folder)
    on_loading(0.05)
    device = _device(options.device)
    if device == "cpu":
        torch.set_num_threads(max(options.threads, 1))
    try:
        config = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        on_loading(0.2)
        encoder_decoder = bool(config.is_encoder_decoder)
        precision = _precision(options.precision, device, config)
        loader = (
            transformers.AutoModelForSeq2SeqLM
            if encoder_decoder
            else transformers.AutoModelForCausalLM
        )
        model = loader.from_pretrained(
            folder,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            device_map={"": device},
            **_numbers(precision, device, name),
        ).eval()
    except RuntimeError as error:
        if out_of_memory(error):
            raise EngineError(
                f"There is not enough memory on {device.upper()} for {name}.",
                "Choose a smaller model, close other programs, or load this one in 4 bits.",
            ) from error
        raise ModelError(f"{name} cannot be loaded: {_first_line(error)}.") from error
    except ImportError as error:
        method = str(values.get("quantization_config", {}).get("quant_method", options.precision))
        package = _PACKAGES.get(method, "bitsandbytes" if "bit" in method else method)
        raise ModelError(
            f"{name} in {method} numbers needs the package {package}.",
            f"Install it in Verso's environment: pip install {package}.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ModelError(
            f"{name} cannot be loaded: {_first_line(error)}.",
            "It may be damaged, or need a newer version of transformers.",
        ) from error
    text = config.get_text_config(decoder=True)
    return Loaded(
        model,
        tokenizer,
        device,
        precision,
        encoder_decoder,
        context=_trained_length(text),
        token_bytes=_token_bytes(text),
        ends=_ends(model, tokenizer),
        start=int(getattr(config, "decoder_start_token_id", None) or 0),
        never=_never(model.generation_config),
    )


def check_folder(folder: Path) -> dict[str, Any]:
    """The folder's ``config.json``. Raises :class:`ModelError` if it cannot be loaded here."""
    name = folder.name
    try:
        values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(
            f"{name} is not a model's folder: it has no config.json.",
            "Choose the folder that holds config.json and *.safetensors.",
        ) from error
    except ValueError as error:
        raise ModelError(f"{name} has a damaged config.json.", "Download it again.") from error
    if not isinstance(values, dict) or "model_type" not in values:
        raise ModelError(f"{name} has a config.json that names no model_type.")
    if values["model_type"] not in transformers.CONFIG_MAPPING:
        raise ModelError(
            f"{name} is of the kind {values['model_type']}, which transformers "
            f"{transformers.__version__} does not know.",
            "Models that bring code of their own are not run; look for a GGUF file of it.",
        )
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"{name} has no *.safetensors files.",
            "Files of other kinds can run code when they are loaded; convert them first.",
        )
    return values


def out_of_memory(error: BaseException) -> bool:
    """Whether a device or the computer has no memory left."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and any(
        words in text for words in ("out of memory", "not enough memory", "can't allocate memory")
    )


def _device(wanted: str) -> str:
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return next((name for name, found in there.items() if found), "cpu")
    if wanted == "cpu" or there.get(wanted):
        return wanted
    raise ModelError(
        f"There is no device {wanted} that torch {torch.__version__} can use.",
        "Take the device auto, or install the torch that is built for your graphics card.",
    )


def _precision(wanted: str, device: str, config: Any) -> str:
    if wanted != "auto":
        return wanted
    if getattr(config, "quantization_config", None):
        return "as stored"
    if device == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False):
        return "bf16"
    if device == "cpu":
        return "bf16" if {"avx512_bf16", "amx_bf16"} & cpu_flags() else "fp32"
    return "fp32" if config.model_type in _WIDE_RANGE else "fp16"


def _numbers(precision: str, device: str, name: str) -> dict[str, Any]:
    """Arguments of ``from_pretrained`` for a precision."""
    types = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}
    if precision in types:
        return {"dtype": types[precision]}
    if precision == "as stored":
        return {"dtype": "auto"}
    if precision not in ("4bit", "8bit"):
        raise ModelError(
            f"{name} cannot be loaded in {precision!r} numbers.",
            "Choose one of auto, bf16, fp16, fp32, 8bit, 4bit.",
        )
    if find_spec("bitsandbytes") is None:
        raise ImportError("bitsandbytes")
    half = torch.bfloat16 if device != "cuda" or torch.cuda.is_bf16_supported() else torch.float16
    settings = transformers.BitsAndBytesConfig(
        load_in_4bit=precision == "4bit",
        load_in_8bit=precision == "8bit",
        bnb_4bit_quant_type="nf4",
        bnb_4bit_compute_dtype=half,
        bnb_4bit_use_double_quant=True,
    )
    return {"quantization_config": settings, "dtype": half}


def _trained_length(text: Any) -> int:
    """Tokens that the model was made for; 0: it has no limit (relative positions)."""
    if hasattr(text, "relative_attention_num_buckets"):
        return 0
    for name in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length"):
        value = getattr(text, name, None)
        if isinstance(value, int) and value > 0:
            return value
    return 0


def _token_bytes(text: Any) -> int:
    """Bytes of a token's keys and values in all layers, in numbers of two bytes."""
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return 2 * 2 * int(heads) * int(size) * int(text.num_hidden_layers)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    stated = getattr(model.generation_config, "eos_token_id", None)
    ids = {stated} if isinstance(stated, int) else set(stated or ())
    ids.add(tokenizer.eos_token_id)
    known = tokenizer.get_added_vocab()
    ids |= {known[text] for text in _ENDS if text in known}
    return frozenset(int(id) for id in ids if id is not None)


def _never(settings: Any) -> tuple[int, ...]:
    alone = [words[0] for words in settings.bad_words_ids or () if len(words) == 1]
    return tuple(sorted({*alone, *(settings.suppress_tokens or ())}))


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")
