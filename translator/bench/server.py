"""The same segments through llama.cpp's own server, with as many slots."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from translator.bench.speed import Trial
from translator.engines.gguf import GgufOptions
from translator.errors import EngineError
from translator.process_memory import peak_memory
from translator.types import Prompt, Sampling

_START = 120.0  # seconds a server may take to load the model
_PATIENCE = 1800.0


def server_trial(
    server: Path, options: GgufOptions, prompts: dict[int, Prompt], sampling: Sampling
) -> Trial:
    """Start ``llama-server``, ask it all prompts with as many clients as slots, stop it.

    Raises:
        EngineError: it does not start, or answers with an error.
    """
    port = _free_port()
    arguments = [
        str(server), "--model", str(options.path), "--host", "127.0.0.1", "--port", str(port),
        "--parallel", str(options.slots), "--ctx-size", str(options.context * options.slots),
        "--threads", str(options.threads), "--threads-batch", str(options.threads),
    ]  # fmt: skip
    if options.adapter:
        arguments += ["--lora-scaled", f"{options.adapter}:{options.adapter_scale}"]
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            with httpx.Client(
                base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE, trust_env=False
            ) as client:
                _wait(client, process)
                first = next(iter(prompts))
                _complete(client, prompts[first], Sampling(max_new_tokens=4))  # warm-up
                return _all(client, prompts, sampling, options.slots, process.pid)
        finally:
            process.terminate()
            process.wait()


def _all(
    client: httpx.Client, prompts: dict[int, Prompt], sampling: Sampling, slots: int, pid: int
) -> Trial:
    start = time.monotonic()
    with ThreadPoolExecutor(slots) as clients:
        asked = {n: clients.submit(_complete, client, p, sampling) for n, p in prompts.items()}
        replies = {number: future.result() for number, future in asked.items()}
    seconds = time.monotonic() - start
    tokens = sum(count for _, count in replies.values())
    texts = {number: text for number, (text, _) in replies.items()}
    return Trial(seconds, tokens, peak_memory(pid), texts)


def _complete(client: httpx.Client, prompt: Prompt, sampling: Sampling) -> tuple[str, int]:
    stop: Sequence[str] = prompt.stop
    reply = client.post(
        "/completion",
        json={
            "prompt": prompt.text,
            "n_predict": sampling.max_new_tokens,
            "temperature": 0.0,
            "top_k": 1,
            "cache_prompt": True,
            "stop": list(stop),
        },
    )
    if reply.status_code != httpx.codes.OK:
        raise EngineError(f"llama-server answered with an error: {reply.text[:200]}")
    answer = reply.json()
    return str(answer["content"]), int(answer["tokens_predicted"])


def _wait(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if client.get("/health").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.2)
    raise EngineError(
        "llama-server does not start.", "Run it by itself with this model to see why."
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
