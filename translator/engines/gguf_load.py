"""Starting llama.cpp and loading a model: what happens once, before anything is decoded."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llama_cpp as llama
from llama_cpp import _ggml

from translator.engines.gguf_cpu import best_installed, cpu_flags, installed_variants, is_x86
from translator.errors import EngineError, ModelError

# llama.cpp keeps a pointer to it: it must never be collected.
_silent: Any = None


def start_backend() -> str:
    """Load the best CPU backend for this machine, once a process; returns its name.

    Raises:
        EngineError: no installed build runs on this machine.
    """
    global _silent
    if _silent is not None:
        return _backend_name()
    _silent = llama.llama_log_callback(lambda _level, _text, _data: None)
    llama.llama_log_set(_silent, ctypes.c_void_p(0))
    folder = Path(llama.__file__).parent / "lib"
    if installed_variants(folder):
        variant = best_installed(folder, cpu_flags())
        if variant is None:
            raise EngineError(
                "The installed llama.cpp was built for another processor.",
                "Run `make run` on this machine to build it again.",
            )
        load = _ggml.libggml.ggml_backend_load
        load.argtypes, load.restype = [ctypes.c_char_p], ctypes.c_void_p
        if not load(str(folder / variant.file).encode()):
            raise EngineError(
                f"llama.cpp's CPU library {variant.file} cannot be loaded.",
                "Run `make run` to build it again.",
            )
    llama.llama_backend_init()
    return _backend_name()


def _backend_name() -> str:
    folder = Path(llama.__file__).parent / "lib"
    variant = best_installed(folder, cpu_flags()) if installed_variants(folder) else None
    name = f"llama.cpp {llama.llama_version().decode()}"
    return f"{name}, {variant.name}" if variant else name


def instruction_sets() -> tuple[str, ...]:
    """The instruction sets that the loaded backend uses, as llama.cpp reports them."""
    report = llama.llama_print_system_info().decode()
    names = []
    for entry in report.replace(":", "|").split("|"):
        key, _, value = entry.partition("=")
        if value.strip() == "1":
            names.append(key.strip())
    return tuple(names)


def load_model(path: str, progress: Callable[[float], None], *, repack: bool | None = None) -> Any:
    """llama.cpp's pointer to a loaded model; ``progress`` gets the fraction that is loaded.

    ``repack``: in the layout that llama.cpp makes for its own kernels; ``None``: except on x86.

    Raises:
        ModelError: the file is damaged or not of a kind that can run here.
    """
    params = llama.llama_model_default_params()
    # On x86, llama.cpp's kernels for K-quants as they are in the file beat its repacked ones for
    # prompts and for batches (measured: 164 to 113 tokens a second on prompts, 109 to 90 on 64
    # sequences), and a repacked model is a second copy in memory.
    params.use_extra_bufts = not is_x86() if repack is None else repack
    last = -1.0

    def report(fraction: float, _data: Any) -> bool:
        nonlocal last
        if fraction - last >= 0.02 or fraction >= 1.0:
            last = fraction
            progress(fraction)
        return True

    callback = llama.llama_progress_callback(report)
    params.progress_callback = callback
    model = llama.llama_model_load_from_file(path.encode(), params)
    name = Path(path).name
    if not model:
        raise ModelError(
            f"{name} cannot be loaded: the file is damaged or llama.cpp does not know its kind.",
            "Download it again (`verso models remove` and `pull`), or choose another model.",
        )
    if llama.llama_model_has_encoder(model):
        llama.llama_model_free(model)
        raise ModelError(
            f"{name} is an encoder-decoder model (T5 family), which the GGUF engine cannot run.",
            "Choose a decoder model, such as the starter model.",
        )
    if not llama.llama_model_has_decoder(model):
        llama.llama_model_free(model)
        raise ModelError(f"{name} cannot write text: it has no decoder.", "Choose another model.")
    return model


def metadata(model: Any, key: str) -> str:
    """A metadata value of the GGUF file, or an empty string."""
    size = 256
    while True:
        buffer = ctypes.create_string_buffer(size)
        length = llama.llama_model_meta_val_str(model, key.encode(), buffer, size)
        if length < size:
            return buffer.value.decode("utf-8", errors="replace") if length >= 0 else ""
        size = length + 1


def cache_bytes(model: Any) -> int:
    """Bytes that one token takes in the KV cache (keys and values in f16), at the most."""
    architecture = metadata(model, "general.architecture")
    stated = metadata(model, f"{architecture}.attention.key_length")
    heads = max(llama.llama_model_n_head(model), 1)
    width = int(stated) if stated else llama.llama_model_n_embd(model) // heads
    rows = llama.llama_model_n_head_kv(model) * llama.llama_model_n_layer(model)
    return 2 * 2 * width * int(rows)
