"""The packages that training needs: which are missing, how large they are, how to install them."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import threading
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Final

from translator.errors import Cancelled, InputError, VersoError

DISTRIBUTION: Final = "verso-studio"
EXTRA: Final = "train"

# Import names, and what a download of the package with what only it needs is about (Linux,
# Python 3.11), in MB.
_PACKAGES: Final = {
    "torch": 200,
    "transformers": 12,
    "peft": 1,
    "accelerate": 1,
    "datasets": 70,
    "safetensors": 1,
    "sentencepiece": 2,
    "sacrebleu": 1,
    "optuna": 5,
    "gguf": 1,
}
# What torch brings along where it is built for NVIDIA's CUDA: that is what Linux gets.
_CUDA_MB: Final = 2700
# The project's own builds without CUDA, for machines that have no such card.
_TORCH_WITHOUT_CUDA: Final = "https://download.pytorch.org/whl/cpu"
_HINT = "Install them on the Train tab, or with `verso train --install`."


def missing() -> tuple[str, ...]:
    """Names of the packages that are not installed. Nothing is imported: this takes no time."""
    importlib.invalidate_caches()
    return tuple(name for name in _PACKAGES if importlib.util.find_spec(name) is None)


def require() -> None:
    """Raise :class:`InputError`, one sentence with a hint, if packages are missing."""
    if names := missing():
        raise InputError(f"Training needs packages that are missing: {', '.join(names)}.", _HINT)


def has_cuda_card() -> bool:
    """Whether the system has a driver for an NVIDIA card."""
    return Path("/proc/driver/nvidia/version").exists() or sys.platform == "win32"


def download_size(cuda: bool | None = None) -> int:
    """About how much would be downloaded, in bytes (``cuda``: as :func:`command`)."""
    names = missing()
    total = sum(_PACKAGES[name] for name in names)
    if "torch" in names and sys.platform == "linux" and (has_cuda_card() if cuda is None else cuda):
        total += _CUDA_MB
    return total * 1_000_000


def command(cuda: bool | None = None) -> list[str]:
    """How pip is called. ``cuda``: with or without support of NVIDIA cards; as the machine is."""
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check"]
    pip += ["--progress-bar", "off", "--no-input"]
    if sys.platform == "linux" and not (has_cuda_card() if cuda is None else cuda):
        pip += ["--extra-index-url", _TORCH_WITHOUT_CUDA]
        return [*pip, *(_without_cuda(line) for line in wanted())]
    return [*pip, *wanted()]


def wanted() -> list[str]:
    """The requirements of the extra, as ``pyproject.toml`` has them."""
    source = Path(__file__).resolve().parent.parent / "pyproject.toml"
    if source.is_file():  # a checkout: what is installed may be older
        import tomllib

        extras = tomllib.loads(source.read_text("utf-8"))["project"]["optional-dependencies"]
        return list(extras[EXTRA])
    found = metadata.requires(DISTRIBUTION) or []
    marker = f"extra == '{EXTRA}'"
    return [line.split(";")[0].strip() for line in found if marker in line.replace('"', "'")]


def install(
    on_line: Callable[[str], None],
    stop: threading.Event | None = None,
    command_line: list[str] | None = None,
) -> None:
    """Install what is missing, in a child process; every line that it says goes to ``on_line``.

    Raises:
        Cancelled: ``stop`` was set.
        VersoError: pip failed; the hint is its last line.
    """
    process = subprocess.Popen(
        command_line or command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdout is not None
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            if stop is not None and stop.is_set():
                process.terminate()
                return

    watcher = threading.Thread(target=watch, name="verso-install", daemon=True)
    watcher.start()
    last = ""
    try:
        for line in process.stdout:
            if line.strip():
                last = line.strip()
                on_line(last)
        code = process.wait()
    finally:
        over.set()
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()
        watcher.join()
    if stop is not None and stop.is_set():
        raise Cancelled("The installation was stopped.", "What it had downloaded is not lost.")
    if code:
        raise VersoError("The packages could not be installed.", last)
    if names := missing():
        raise VersoError(
            f"After the installation these are still missing: {', '.join(names)}.",
            "Start Verso again; if that does not help, see the lines above.",
        )


def _without_cuda(requirement: str) -> str:
    """``torch==2.13.0`` as the build without CUDA, whose version says so."""
    name, equals, version = requirement.partition("==")
    return f"{name}=={version}+cpu" if name == "torch" and equals else requirement
