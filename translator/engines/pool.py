"""Loaded engines, counted: load on demand, share, unload when nobody used one for a while.

The only module that knows both engines and models.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from translator.engines.base import Engine, EngineInfo
from translator.engines.hf import SharedBases, missing_packages
from translator.errors import EngineError, ModelError, VersoError
from translator.models.registry import Registry
from translator.models.spec import ModelKind, ModelSpec
from translator.settings import Settings

if TYPE_CHECKING:
    from translator.engines.gguf import GgufOptions

MAX_LOADED = 2  # idle models beyond that make room when another is loaded
REQUEST_CONTEXT = 1536  # tokens; holds the longest segment with its prompt and translation
KV_SHARE = 0.25  # of the memory that is free when the model is loaded


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """What the pool holds of a model, for the page. ``fraction`` runs from 0 to 1."""

    model: str
    state: str  # "loading" | "ready" | "failed"
    fraction: float
    users: int
    info: EngineInfo | None
    error: VersoError | None


class _Entry:
    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec
        self.engine: Engine | None = None
        self.error: VersoError | None = None
        self.info: EngineInfo | None = None
        self.fraction = 0.0
        self.users = 0
        self.last_used = time.monotonic()
        self.loaded = threading.Event()

    def on_loading(self, fraction: float) -> None:
        self.fraction = fraction


class EnginePool:
    """Engines by model. Safe to use from any thread."""

    def __init__(
        self, settings: Settings, registry: Registry, *, reproducible: bool = False
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._reproducible = reproducible
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._janitor: threading.Thread | None = None
        self._bases = SharedBases()

    @contextmanager
    def engine(self, model: str) -> Iterator[Engine]:
        """The engine of a model, loaded if need be, kept loaded while the block runs.

        Raises:
            ModelError: unknown, not downloaded, or not runnable here.
            EngineError: it cannot be loaded.
        """
        entry = self._take(self._registry.get(model))
        try:
            entry.loaded.wait()
            if entry.error is not None or entry.engine is None:
                raise entry.error or EngineError(f"{entry.spec.name} was unloaded.")
            yield entry.engine
        finally:
            with self._lock:
                entry.users -= 1
                entry.last_used = time.monotonic()

    def preload(self, model: str) -> None:
        """Begin to load a model and return at once; a problem shows in :meth:`status`."""
        entry = self._take(self._registry.get(model))
        with self._lock:
            entry.users -= 1

    def status(self) -> list[LoadedModel]:
        """What is loaded or loading now."""
        with self._lock:
            return [
                LoadedModel(
                    model,
                    "failed" if e.error else "ready" if e.loaded.is_set() else "loading",
                    1.0 if e.loaded.is_set() else e.fraction,
                    e.users,
                    e.info,
                    e.error,
                )
                for model, e in self._entries.items()
            ]

    def unload(self, model: str) -> None:
        """Free a model now; requests in flight end with a failure."""
        with self._lock:
            entry = self._entries.pop(self._registry.get(model).id, None)
        if entry is not None:
            self._close(entry)

    def close(self) -> None:
        """Free everything."""
        self._stopped.set()
        with self._lock:
            entries, self._entries = list(self._entries.values()), {}
        for entry in entries:
            self._close(entry)

    # --- inside ----------------------------------------------------------------------------

    def _take(self, spec: ModelSpec) -> _Entry:
        with self._lock:
            entry = self._entries.get(spec.id)
            if entry is not None and entry.error is not None:
                entry = None  # it failed before: try again
            if entry is None:
                entry = _Entry(spec)
                crowded = self._crowded_out()
                self._entries[spec.id] = entry
                threading.Thread(
                    target=self._load, args=(entry, crowded), name="load", daemon=True
                ).start()
                self._start_janitor()
            entry.users += 1
            entry.last_used = time.monotonic()
            return entry

    def _load(self, entry: _Entry, crowded: list[_Entry]) -> None:
        for old in crowded:
            self._close(old)
        try:
            engine = self._new_engine(entry)
            entry.engine = engine
            entry.info = engine.info  # waits until it is loaded
        except VersoError as error:
            entry.error = error
        finally:
            entry.loaded.set()

    def _new_engine(self, entry: _Entry) -> Engine:
        spec = entry.spec
        if spec.kind is ModelKind.PSEUDO:
            from translator.engines.pseudo import PseudoEngine

            return PseudoEngine()
        if spec.kind is ModelKind.GGUF:
            from translator.engines.gguf import GgufEngine

            options = replace(
                gguf_options(spec, self._registry, self._settings),
                reproducible=self._reproducible,
                kv_budget=int(free_memory() * KV_SHARE),
            )
            return GgufEngine(options, on_loading=entry.on_loading)
        if spec.kind is ModelKind.HF:
            return self._hf_engine(entry)
        raise ModelError(
            f"{spec.name} needs an engine that this version of Verso does not have.",
            "Choose a GGUF model: `verso models list` shows them.",
        )

    def _hf_engine(self, entry: _Entry) -> Engine:
        from translator.engines.hf import HfOptions

        spec = entry.spec
        if missing := missing_packages(adapter=bool(spec.adapter)):
            raise ModelError(
                f"{spec.name} needs packages that are not installed: {', '.join(missing)}.",
                "Install them on the Train tab, or with `verso train --install`.",
            )
        options = HfOptions(
            path=self._registry.path(spec),
            context=min(spec.context, REQUEST_CONTEXT),
            slots=1 if self._reproducible else self._settings.slots,
            precision=spec.precision,
            device=spec.device,
            threads=self._settings.threads,
            kv_budget=int(free_memory() * KV_SHARE),
        )
        adapter = self._registry.adapter(spec)
        return self._bases.engine(options, adapter, on_loading=entry.on_loading)

    def _crowded_out(self) -> list[_Entry]:
        """Take idle models off the list, the longest unused first, to make room for one."""
        idle = sorted(
            (m for m, e in self._entries.items() if not e.users),
            key=lambda m: self._entries[m].last_used,
        )
        surplus = len(self._entries) + 1 - MAX_LOADED
        return [self._entries.pop(model) for model in idle[: max(0, surplus)]]

    def _start_janitor(self) -> None:
        if self._janitor is None and self._settings.idle_unload > 0:
            self._janitor = threading.Thread(target=self._tidy, name="idle-unload", daemon=True)
            self._janitor.start()

    def _tidy(self) -> None:
        pause = min(5.0, self._settings.idle_unload / 4)
        while not self._stopped.wait(pause):
            deadline = time.monotonic() - self._settings.idle_unload
            with self._lock:
                old = [
                    model
                    for model, e in self._entries.items()
                    if not e.users and e.loaded.is_set() and e.last_used < deadline
                ]
                entries = [self._entries.pop(model) for model in old]
            for entry in entries:
                self._close(entry)

    def _close(self, entry: _Entry) -> None:
        entry.loaded.wait()
        if entry.engine is not None:
            entry.engine.close()


def gguf_options(spec: ModelSpec, registry: Registry, settings: Settings) -> GgufOptions:
    """How a GGUF model, with its adapter if it has one, is run on this machine.

    The ways that `verso models tune` found, if it was asked.
    """
    from translator.engines.gguf import GgufOptions
    from translator.engines.gguf_tuning import tuned

    adapter = registry.adapter(spec)
    options = GgufOptions(
        registry.path(spec),
        context=min(spec.context, REQUEST_CONTEXT),
        threads=settings.threads,
        adapter=str(adapter) if adapter else "",
        adapter_scale=spec.adapter_scale,
    )
    return tuned(options, settings)


def free_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes that programs may still take; where the system does not say, 8 GiB."""
    if meminfo.exists():
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return 8 * 2**30
