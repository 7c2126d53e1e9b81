"""The hf engine: transformers in a child process, on the GPU where there is one.

Models that are adapters of the same base share one process, and the base is in memory once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from translator.engines.base import Chunk, Engine, EngineInfo, Event, Failure, Request, Sink
from translator.engines.child import ChildEngine, usable_threads
from translator.errors import EngineError


def missing_packages(*, adapter: bool = False) -> list[str]:
    """What this engine needs and is not installed; nothing is imported."""
    needed = ["torch", "transformers", "safetensors", *(["peft"] if adapter else [])]
    return [name for name in needed if find_spec(name) is None]


@dataclass(frozen=True, slots=True)
class HfOptions:
    """What to load and how.

    ``path``: a folder with ``config.json``, safetensors and a tokenizer. ``context``: tokens
    that one request may use. ``slots``: segments decoded together, 0: as many as memory allows.
    ``precision``: auto, bf16, fp16, fp32, 8bit or 4bit (with bitsandbytes). ``device``: auto,
    cuda, mps or cpu. ``threads`` 0: as many as this process may use. ``kv_budget``: bytes that
    the key-value cache may take in the computer's memory.

    With one slot a reply does not depend on what else is asked; with more, greedy replies may
    differ where two tokens are equally likely up to rounding.
    """

    path: Path
    context: int = 2048
    slots: int = 0
    precision: str = "auto"
    device: str = "auto"
    threads: int = 0
    kv_budget: int = 0


class HfEngine(ChildEngine):
    """Runs one model of transformers. See :class:`translator.engines.base.Engine`."""

    def __init__(
        self, options: HfOptions, *, on_loading: Callable[[float], None] | None = None
    ) -> None:
        load = {
            "options": {
                "path": str(options.path),
                "precision": options.precision,
                "device": options.device,
                "threads": options.threads or usable_threads(),
            },
            "use": {
                "context": options.context,
                "slots": options.slots,
                "budget": options.kv_budget,
            },
        }
        super().__init__("translator.engines.hf_worker", options.path.name, load, on_loading)

    def attach(self, adapter: Path) -> None:
        """Load an adapter beside those that are there.

        Raises:
            VersoError: it does not fit the model.
        """
        self.ask("attach", adapter=str(adapter))


class SharedBases:
    """Open engines by base model. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[tuple[Path, str, str], tuple[HfEngine, int]] = {}

    def engine(
        self,
        options: HfOptions,
        adapter: Path | None = None,
        *,
        on_loading: Callable[[float], None] | None = None,
    ) -> Engine:
        """A model: a base, or a base with an adapter. The base is loaded once for all."""
        key = (options.path, options.precision, options.device)
        with self._lock:
            engine, users = self._open.get(key) or (HfEngine(options, on_loading=on_loading), 0)
            self._open[key] = (engine, users + 1)
        return _Model(engine, adapter, lambda: self._release(key))

    def _release(self, key: tuple[Path, str, str]) -> None:
        with self._lock:
            engine, users = self._open.pop(key)
            if users > 1:
                self._open[key] = (engine, users - 1)
        if users == 1:
            engine.close()


class _Model:
    """One of the models on a shared base. See :class:`translator.engines.base.Engine`."""

    def __init__(self, engine: HfEngine, adapter: Path | None, release: Callable[[], None]) -> None:
        self._engine = engine
        self._adapter = adapter
        self._release = release
        self._lock = threading.Lock()
        self._flying: dict[str, Sink] = {}
        self._closed = False

    @property
    def info(self) -> EngineInfo:
        """Facts about the model; waits until it and its adapter are loaded."""
        info = self._engine.info
        if self._adapter is not None:
            self._engine.attach(self._adapter)
            info = replace(info, name=f"{info.name} + {self._adapter.name}")
        return info

    @property
    def pid(self) -> int | None:
        """See :attr:`translator.engines.child.ChildEngine.pid`."""
        return self._engine.pid

    def submit(self, request: Request, sink: Sink) -> None:
        """See :meth:`translator.engines.base.Engine.submit`."""
        with self._lock:
            if not self._closed:
                self._flying[request.id] = sink
        if self._closed:
            sink(Failure(request.id, _unloaded()))
            return
        folder = str(self._adapter) if self._adapter is not None else ""

        def forward(event: Event) -> None:
            with self._lock:
                if isinstance(event, Chunk):
                    flying = request.id in self._flying
                else:
                    flying = self._flying.pop(request.id, None) is not None
            if flying:
                sink(event)

        self._engine.submit(replace(request, adapter=folder), forward)

    def cancel(self, request_id: str) -> None:
        """See :meth:`translator.engines.base.Engine.cancel`."""
        self._engine.cancel(request_id)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See :meth:`translator.engines.base.Engine.count_tokens`."""
        return self._engine.count_tokens(texts)

    def close(self) -> None:
        """End what this model has in flight; the base goes with its last model."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            flying, self._flying = self._flying, {}
        for request_id, sink in flying.items():
            self._engine.cancel(request_id)
            sink(Failure(request_id, _unloaded()))
        self._release()


def _unloaded() -> EngineError:
    return EngineError("The model was unloaded.", "Start the translation again.")
