"""Measurements with llama.cpp, each in a process of its own: JSON in, JSON out.

``loop``: what most programs do, ``llama_cpp.Llama(...).create_completion`` for one prompt after
the other. ``prompt``: evaluation of a long prompt in full batches, the speed that batched
decoding can come near to and not pass. ``steps``: see :mod:`translator.engines.gguf_steps`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from translator.engines.child import child_environment
from translator.engines.gguf import GgufOptions
from translator.errors import EngineError
from translator.process_memory import peak_memory

LIMIT_TOKENS = 512
LIMIT_REPEATS = 3


def plain_loop(
    options: GgufOptions,
    prompts: Sequence[str],
    max_new_tokens: int,
    threads: int | None,
    stop: Sequence[str],
) -> dict[str, Any]:
    """Texts, new tokens, seconds and peak memory (MB) of the plain loop.

    Of ``options``, the model and its adapter count. ``threads``: ``None`` leaves it to the
    library, which decodes with half of the cores.

    Raises:
        EngineError: the process died.
    """
    return _measure(
        {
            "kind": "loop",
            **_model(options),
            "prompts": list(prompts),
            "max_new_tokens": max_new_tokens,
            "threads": threads,
            "stop": list(stop),
        }
    )


def prompt_speed(options: GgufOptions) -> float:
    """Tokens a second of prompt evaluation in full batches of 512 tokens (the best of three)."""
    measured = _measure({"kind": "prompt", **_model(options), "threads": options.threads})
    return float(measured["tokens_per_second"])


def steps(options: GgufOptions, rows: Sequence[int]) -> dict[str, Any]:
    """The fields of :class:`~translator.engines.gguf_steps.StepTimes`, and peak memory (MB).

    Raises:
        EngineError: the process died.
    """
    return _measure({"kind": "steps", "options": options.for_llama(), "rows": list(rows)})


def _model(options: GgufOptions) -> dict[str, Any]:
    return {
        "model": str(options.path),
        "adapter": options.adapter,
        "adapter_scale": options.adapter_scale,
    }


def _measure(job: Mapping[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "translator.engines.gguf_baseline"],
        input=json.dumps(job),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=child_environment(),
        check=False,
    )
    if done.returncode:
        raise EngineError(
            f"Measuring with llama.cpp stopped (exit code {done.returncode}).",
            "Is there enough memory? Else run `make run` to build llama.cpp again.",
        )
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> int:
    """Serve one job."""
    job = json.loads(sys.stdin.read())
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    result = {"loop": _loop, "prompt": _prompt, "steps": _steps}[job["kind"]](job)
    result["peak_mb"] = peak_memory(os.getpid())
    out.write(json.dumps(result))
    out.flush()
    return 0


def _llama(job: Mapping[str, Any]) -> Any:
    from translator.engines.gguf_load import start_backend

    start_backend()
    from llama_cpp import Llama

    return Llama(
        model_path=job["model"],
        n_ctx=2048,
        n_threads=job["threads"],
        n_threads_batch=job["threads"],
        lora_path=job["adapter"] or None,
        lora_scale=job["adapter_scale"],
        verbose=False,
    )


def _loop(job: Mapping[str, Any]) -> dict[str, Any]:
    llm = _llama(job)
    options = {"max_tokens": job["max_new_tokens"], "temperature": 0.0, "stop": job["stop"]}
    llm.create_completion(job["prompts"][0], **(options | {"max_tokens": 4}))  # warm-up
    texts = []
    tokens = 0
    start = time.monotonic()
    for prompt in job["prompts"]:
        reply = llm.create_completion(prompt, **options)
        texts.append(reply["choices"][0]["text"])
        tokens += reply["usage"]["completion_tokens"]
    return {"texts": texts, "new_tokens": tokens, "seconds": time.monotonic() - start}


def _steps(job: Mapping[str, Any]) -> dict[str, Any]:
    from translator.engines.gguf_model import ModelOptions
    from translator.engines.gguf_steps import step_times

    return asdict(step_times(ModelOptions(**job["options"]), job["rows"]))


def _prompt(job: Mapping[str, Any]) -> dict[str, Any]:
    llm = _llama(job)
    text = b"The street was small and what is called quiet. " * LIMIT_TOKENS
    tokens = llm.tokenize(text)[:LIMIT_TOKENS]
    best = 0.0
    for _ in range(LIMIT_REPEATS + 1):  # the first warms up
        llm.reset()
        start = time.monotonic()
        llm.eval(tokens)
        best = max(best, len(tokens) / (time.monotonic() - start))
    return {"tokens_per_second": best}


if __name__ == "__main__":
    raise SystemExit(main())
