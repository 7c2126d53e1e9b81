"""The whole measurement, in turn: each system in every round, so that drift hits all alike."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from translator.bench.bandwidth import read_bandwidth
from translator.bench.latency import Latency, measure
from translator.bench.overhead import growth, pseudo_book, start_up
from translator.bench.report import Limits, Overhead, Result
from translator.bench.server import server_trial
from translator.bench.speed import Series, Trial, as_book, engine_trial, sample
from translator.engines.gguf import GgufEngine, GgufOptions
from translator.engines.gguf_baseline import plain_loop, prompt_speed, steps
from translator.process_memory import peak_memory
from translator.prompts import get_style
from translator.settings import assets_dir
from translator.types import Prompt, Sampling, TranslationTask

LOOP = 6  # the plain loop gets the segments of a trial with so many sequences
_SERVED = 16  # widths from which on llama-server is compared
_DEPTH = 256  # tokens a sequence while steps are timed


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure. ``texts`` are the segments; ``server`` a ``llama-server`` program.

    ``requests``: how often a person asks while the latency is measured; 0 leaves it out.
    ``book`` is what the overhead is measured with; ``None`` leaves it out.
    """

    model: str
    style: str
    options: GgufOptions
    texts: Sequence[str]
    source: str
    target: str
    sampling: Sampling
    widths: Sequence[int]
    repeats: int = 3
    server: Path | None = None
    requests: int = 20
    book: Path | None = None
    said: Callable[[str], None] = field(default=lambda _: None)


def run(plan: Plan) -> Result:
    """Measure everything.

    Raises:
        VersoError: something cannot be run.
    """
    load_average = os.getloadavg()[0]
    engine = GgufEngine(replace(plan.options, slots=1))
    info = engine.info
    engine.close()
    style = get_style(plan.style, info)
    prompts = [style.render(TranslationTask(text, plan.source, plan.target)) for text in plan.texts]
    loop = Series("plain loop")
    untuned = Series("plain loop, default threads")
    widths = {width: Series(f"{width} together") for width in plan.widths}
    served = {width: Series(f"llama-server, {width} slots") for width in _served(plan)}
    for number in range(plan.repeats):
        said = f"Round {number + 1} of {plan.repeats}: "
        plan.said(f"{said}{loop.name}")
        loop.trials.append(_loop_trial(plan, sample(prompts, LOOP), plan.options.threads))
        plan.said(f"{said}{untuned.name}")
        untuned.trials.append(_loop_trial(plan, sample(prompts, LOOP), None))
        for width, series in widths.items():
            plan.said(f"{said}{series.name}")
            series.trials.append(_engine_trial(plan, sample(prompts, width), width))
        for width, series in served.items():
            plan.said(f"{said}{series.name}")
            series.trials.append(_server_trial(plan, sample(prompts, width), width))
    plan.said("Limits of this machine")
    limits = _limits(plan)
    return Result(
        plan.model, info, {**_shown(plan.options)}, len(prompts), plan.repeats, loop, untuned,
        widths, limits, load_average, served, _latency(plan, prompts), _overhead(plan),
    )  # fmt: skip


def _served(plan: Plan) -> list[int]:
    return [width for width in plan.widths if width >= _SERVED] if plan.server else []


def _shown(options: GgufOptions) -> dict[str, object]:
    names = ("context", "threads", "repack", "flash_attention", "small_cache")
    return {name: getattr(options, name) for name in names}


def _loop_trial(plan: Plan, prompts: dict[int, Prompt], threads: int | None) -> Trial:
    some = next(iter(prompts.values()))
    done = plain_loop(
        plan.options,
        [prompt.text for prompt in prompts.values()],
        plan.sampling.max_new_tokens,
        threads,
        some.stop,
    )
    texts = dict(zip(prompts, done["texts"], strict=True))
    return Trial(done["seconds"], done["new_tokens"], done["peak_mb"], texts)


def _engine_trial(plan: Plan, prompts: dict[int, Prompt], width: int) -> Trial:
    engine = GgufEngine(replace(plan.options, slots=width))
    try:
        first = dict([next(iter(prompts.items()))])
        for _ in as_book(engine, first, Sampling(max_new_tokens=4)):
            pass  # warm-up
        return engine_trial(engine, prompts, plan.sampling, lambda: peak_memory(engine.pid))
    finally:
        engine.close()


def _server_trial(plan: Plan, prompts: dict[int, Prompt], width: int) -> Trial:
    assert plan.server is not None
    return server_trial(plan.server, replace(plan.options, slots=width), prompts, plan.sampling)


def _limits(plan: Plan) -> Limits:
    options = plan.options
    rows = sorted({1, *(-(-width // 16) * 16 for width in plan.widths if width > 1)})
    found = steps(replace(options, context=_DEPTH, slots=max(rows) - 1), rows)
    return Limits(
        prompt_speed(options),
        {int(n): int(n) / took for n, took in found["rows"].items()},
        read_bandwidth(options.threads),
        options.path.stat().st_size,
        found["load"],
    )


def _latency(plan: Plan, prompts: Sequence[Prompt]) -> Latency | None:
    if not plan.requests:
        return None
    plan.said("First words for a person, alone and beside a book")
    engine = GgufEngine(replace(plan.options, slots=max(plan.widths)))
    try:
        return measure(engine, dict(enumerate(prompts)), plan.sampling, plan.requests)
    finally:
        engine.close()


def _overhead(plan: Plan) -> Overhead | None:
    if plan.book is None:
        return None
    plan.said("Everything that is not the model")
    text = (assets_dir() / "bench.txt").read_text(encoding="utf-8")
    return Overhead(pseudo_book(plan.book), growth(text), start_up())
