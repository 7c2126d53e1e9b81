"""Other quantizations of a GGUF file, made by llama.cpp in a process of its own.

A native crash there is an error here and nothing more.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from translator.engines.child import child_environment, usable_threads
from translator.errors import Cancelled, EngineError, ModelError

# Types that make sense without an importance matrix, with bits a weight (about: some tensors
# of a file are kept finer than the type says).
TYPES = {
    "F16": 16.0, "BF16": 16.0, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7, "Q5_K_S": 5.6,
    "Q5_0": 5.6, "Q4_K_M": 4.9, "Q4_K_S": 4.7, "Q4_0": 4.7, "IQ4_NL": 4.7, "IQ4_XS": 4.5,
}  # fmt: skip
FULL = frozenset(("F32", "F16", "BF16", "Q8_0"))  # as good as the weights that were trained
_ERROR = 4  # GGML_LOG_LEVEL_ERROR
_STEP = re.compile(r"\[ *(\d+)/ *(\d+)\]")


def quantize(
    source: Path,
    target: Path,
    kind: str,
    report: Callable[[float], None],
    *,
    threads: int = 0,
    stop: threading.Event | None = None,
) -> None:
    """Write ``source`` as ``target`` in a type of :data:`TYPES`.

    ``report`` gets the fraction that is done; ``threads`` 0: as many as this process may use.

    Raises:
        ModelError: llama.cpp refuses, with what it says.
        EngineError: its process died.
        Cancelled: ``stop`` was set.
    """
    job = {
        "source": str(source), "target": str(target), "kind": kind,
        "threads": threads or usable_threads(),
    }  # fmt: skip
    process = subprocess.Popen(
        [sys.executable, "-m", "translator.engines.gguf_quantize"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=child_environment(),
        start_new_session=True,  # Ctrl+C is told through ``stop``
    )
    assert process.stdin is not None and process.stdout is not None
    done, problem = False, ""
    try:
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()  # and stays open: its end tells the child to end
        for line in process.stdout:
            if stop is not None and stop.is_set():
                raise Cancelled("Stopped quantizing.")
            message = json.loads(line)
            report(message.get("fraction", 0.0))
            done, problem = message.get("done", False), message.get("problem", "")
        process.wait()
    except BrokenPipeError:
        pass  # it died before it read its job: told below
    finally:
        process.kill()
        process.communicate()
    if problem:
        raise ModelError(f"llama.cpp cannot write {source.name} as {kind}: {problem}.")
    if not done:
        raise EngineError(
            f"llama.cpp stopped while it wrote {source.name} as {kind} "
            f"(exit code {process.returncode}).",
            "Close other programs to free memory, and try again.",
        )


def main() -> int:
    """Serve one job."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def send(message: dict[str, Any]) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    job = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    import ctypes

    import llama_cpp as llama

    from translator.engines.gguf_load import start_backend

    start_backend()
    said: list[str] = []

    def listen(level: int, text: bytes, _data: Any) -> None:
        line = text.decode("utf-8", "replace")
        if step := _STEP.search(line):
            send({"fraction": int(step[1]) / int(step[2])})
        elif level == _ERROR:
            said.append(line.strip())

    callback = llama.llama_log_callback(listen)
    llama.llama_log_set(callback, ctypes.c_void_p(0))
    params = llama.llama_model_quantize_default_params()
    params.nthread = job["threads"]
    params.ftype = getattr(llama, f"LLAMA_FTYPE_MOSTLY_{job['kind']}")
    params.allow_requantize = True  # whether that makes sense is decided by the caller
    failed = llama.llama_model_quantize(job["source"].encode(), job["target"].encode(), params)
    send({"problem": " ".join(said)[:300] or "no reason given"} if failed else {"done": True})
    return 0


def _end_with_parent() -> None:
    # Not sys.stdin: a thread inside it when the interpreter ends is a fatal error.
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main())
