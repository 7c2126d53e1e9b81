"""The GGUF engine: llama.cpp in a child process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from translator.engines.child import ChildEngine, usable_threads


@dataclass(frozen=True, slots=True)
class GgufOptions:
    """What to load and how.

    ``context``: tokens that one request may use. ``slots``: segments decoded together.
    ``threads`` 0: as many as this process may use. ``reproducible``: outputs do not depend on
    what else is decoded at the same time, see :mod:`translator.engines.gguf_batch`.
    ``kv_budget``: bytes that the KV cache may take; slots are halved until it fits. ``repack``,
    ``flash_attention`` and ``small_cache``: see :mod:`translator.engines.gguf_tuning`.
    """

    path: Path
    context: int = 2048
    slots: int = 31
    threads: int = 0
    adapter: str = ""
    adapter_scale: float = 1.0
    reproducible: bool = False
    kv_budget: int = 0
    repack: bool | None = None
    flash_attention: bool = True
    small_cache: bool = False

    def for_llama(self) -> dict[str, Any]:
        """As the process in which llama.cpp runs takes them (``ModelOptions``)."""
        values = asdict(self)
        del values["reproducible"]
        threads = self.threads or usable_threads()
        return {**values, "path": str(self.path), "threads": threads}


class GgufEngine(ChildEngine):
    """Runs one GGUF model. See :class:`translator.engines.base.Engine` for the contract."""

    def __init__(
        self, options: GgufOptions, *, on_loading: Callable[[float], None] | None = None
    ) -> None:
        load = {"reproducible": options.reproducible, "options": options.for_llama()}
        super().__init__("translator.engines.gguf_worker", options.path.name, load, on_loading)
