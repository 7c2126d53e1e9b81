"""What a GGUF model computes for given tokens, in a process of its own.

For proofs: a model that was written as GGUF must give the numbers that it gave before.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from translator.engines.child import child_environment
from translator.engines.gguf import GgufOptions
from translator.errors import EngineError

if TYPE_CHECKING:
    from translator.engines.gguf_model import LlamaModel

Logits = npt.NDArray[np.float32]


def logits(
    options: GgufOptions, texts: Sequence[tuple[Sequence[int], int]], folder: Path
) -> Iterator[Logits]:
    """For each (tokens, count): the logits after the last ``count`` of them, [count, vocabulary].

    ``folder`` takes the numbers on their way from the other process; what is there is overwritten.

    Raises:
        EngineError: the model cannot be loaded, or llama.cpp failed.
    """
    path = folder / "logits.npy"
    process = subprocess.Popen(
        [sys.executable, "-m", "translator.engines.gguf_logits"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        env=child_environment(),
    )

    def ask(message: object) -> None:
        assert process.stdin is not None and process.stdout is not None
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer is told below
        answer = process.stdout.readline()
        problem = json.loads(answer) if answer else [f"{options.path.name} does not run."]
        if problem:
            raise EngineError(*problem)

    try:
        ask({"options": options.for_llama(), "path": str(path)})
        for tokens, count in texts:
            ask([list(tokens), count])
            yield np.load(path)
    finally:
        process.kill()
        process.communicate()
        path.unlink(missing_ok=True)


def main() -> int:
    """Load and serve until the input ends. Each answer is an empty list, or an error's words."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from translator.engines.gguf_model import LlamaModel, ModelOptions
    from translator.errors import VersoError

    def answer(*words: str) -> None:
        out.write(json.dumps(words) + "\n")
        out.flush()

    job = json.loads(sys.stdin.readline())
    try:
        model = LlamaModel(ModelOptions(**job["options"]), lambda _fraction: None)
        answer()
        for line in sys.stdin:
            tokens, count = json.loads(line)
            np.save(job["path"], _logits(model, tokens, count))
            answer()
    except VersoError as error:
        answer(error.message, error.hint)
        return 1
    return 0


def _logits(model: LlamaModel, tokens: Sequence[int], count: int) -> Logits:
    from translator.engines.gguf_model import PROMPT_CHUNK

    model.forget(0)
    rows: list[Logits] = []
    at = 0
    while at < len(tokens):
        left = len(tokens) - count + 1 - at  # up to the first token whose logits are wanted
        step = min(PROMPT_CHUNK, left) if left > 0 else 1
        wanted = at + step > len(tokens) - count
        model.read(0, tokens[at : at + step], at, logits=wanted)
        if wanted:
            rows.append(model.logits(1)[0].copy())
        at += step
    return np.array(rows)


if __name__ == "__main__":
    raise SystemExit(main())
