"""The fastest way to run a model on this machine: found by a short measurement, then kept.

What counts is a book: the seconds for each new token when all places decode, prompts included.
The settings are tried one after the other, each kept only for a clear gain, so that noise does
not decide. Settings with which a row's result depends on its neighbours are never chosen, since
a book has to come out the same again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from translator.engines.child import usable_threads
from translator.engines.gguf import GgufOptions
from translator.engines.gguf_baseline import steps
from translator.engines.gguf_cpu import is_x86, machine
from translator.errors import EngineError
from translator.settings import Settings

SLOTS = (15, 31, 63)  # with the place kept for a person: whole tiles of 16 rows
_DEPTH = 256  # tokens a sequence while measuring
_READ = 0.9  # prompt tokens, beyond the shared head, for each new token: books from English
_CLEAR = 0.97  # a change must cost less than this share
_WORTH = 1.05  # more places than needed for this share of the best cost only cost memory


@dataclass(frozen=True, slots=True)
class Tuning:
    """How to run one model on one machine, and what was measured with it.

    ``cost`` is seconds for each new token of a book, ``alone`` of a lone text (prompts not
    counted), ``prompt`` seconds for a prompt token.
    """

    slots: int
    threads: int
    repack: bool
    flash_attention: bool = True
    small_cache: bool = False
    cost: float = 0.0
    alone: float = 0.0
    prompt: float = 0.0

    def options(self) -> dict[str, Any]:
        """As fields of :class:`~translator.engines.gguf.GgufOptions`."""
        names = ("slots", "threads", "repack", "flash_attention", "small_cache")
        return {name: getattr(self, name) for name in names}


def tune(
    path: Path,
    threads: int,
    *,
    context: int,
    kv_budget: int,
    said: Callable[[str], None] = lambda _: None,
) -> Tuning:
    """Measure a model: some seconds for each of about four ways to run it.

    ``threads`` is the most that may be used, ``context`` tokens a sequence will get and
    ``kv_budget`` the bytes that all of them may take (0: no limit).

    Raises:
        EngineError: the model cannot be run at all.
    """
    said("as it is")
    best, room = _measured(path, Tuning(0, threads, not is_x86()), context, kv_budget)
    ways: list[tuple[str, Mapping[str, Any]]] = [
        ("weights repacked" if is_x86() else "weights as in the file", {"repack": is_x86()}),
        ("without flash attention", {"flash_attention": False}),
    ]
    if threads >= 4:
        ways.append(("one thread for two processors", {"threads": threads // 2}))
    if room < SLOTS[-1]:
        ways.append(("a smaller cache", {"small_cache": True}))
    for name, change in ways:
        said(name)
        try:
            other, _ = _measured(path, replace(best, **change), context, kv_budget)
        except EngineError:
            continue  # this machine or model cannot be run in this way: it stays as it was
        if other.cost < _CLEAR * best.cost:
            best = other
    return best


def _measured(path: Path, way: Tuning, context: int, kv_budget: int) -> tuple[Tuning, int]:
    """The way with its figures, and how many places the memory allows.

    Raises:
        EngineError: it cannot run, or results depend on neighbours.
    """
    options = GgufOptions(
        path,
        context=_DEPTH,
        slots=SLOTS[-1],
        threads=way.threads,
        kv_budget=kv_budget * _DEPTH // context,
        repack=way.repack,
        flash_attention=way.flash_attention,
        small_cache=way.small_cache,
    )
    found = steps(options, (1, *(slots + 1 for slots in SLOTS)))
    if not found["same"]:
        raise EngineError("Results would depend on what else is translated.")
    seconds = {int(rows): float(took) for rows, took in found["rows"].items()}
    prompt = float(found["prompt"])
    costs = {
        slots: seconds[slots + 1] / slots + _READ * prompt
        for slots in SLOTS
        if slots + 1 in seconds
    }
    if not costs:  # hardly any memory: decode with what there is
        costs = {found["slots"]: seconds[1] + _READ * prompt}
    least = min(costs.values())
    slots = min(slots for slots, cost in costs.items() if cost <= _WORTH * least)
    tuning = replace(way, slots=slots, cost=costs[slots], alone=seconds[1], prompt=prompt)
    return tuning, int(found["slots"])


class Tunings:
    """What was measured on this machine so far: a small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, model: Path, threads: int) -> Tuning | None:
        """The tuning of a model file, if it was measured under these very circumstances."""
        kept = self._read().get(_key(model, threads))
        return Tuning(**kept) if kept else None

    def put(self, model: Path, threads: int, tuning: Tuning) -> None:
        """Keep a tuning."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        kept = self._read() | {_key(model, threads): asdict(tuning)}
        draft.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        draft.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}  # nothing measured yet, or a damaged cache: it is written again
        return kept if isinstance(kept, dict) else {}


def tuned(options: GgufOptions, settings: Settings) -> GgufOptions:
    """Options as was found best on this machine; what the user sets by hand goes before."""
    threads = settings.threads or usable_threads()
    tuning = Tunings(settings.tunings).get(options.path, threads)
    if tuning is not None:
        options = replace(options, **tuning.options())
    return replace(options, slots=settings.slots) if settings.slots else options


def _key(model: Path, threads: int) -> str:
    try:
        size = model.stat().st_size
    except OSError:
        size = 0
    try:
        build = version("llama_cpp_python")
    except PackageNotFoundError:
        build = ""
    return f"{model.name}, {size} bytes; {machine()}, {threads} threads; llama.cpp {build}"
