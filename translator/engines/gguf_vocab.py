"""A GGUF model's tokenizer alone, in a process of its own: texts in, token numbers out.

Only the vocabulary is loaded, which takes a second and little memory.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from translator.engines.child import child_environment
from translator.errors import EngineError, ModelError

_BATCH = 2000  # texts sent at once


class Tokenizer:
    """Cuts texts into tokens as llama.cpp does. Use it as a context manager.

    Raises:
        ModelError: the file cannot be loaded.
    """

    def __init__(self, path: Path) -> None:
        self._name = path.name
        self._process = subprocess.Popen(
            [sys.executable, "-m", "translator.engines.gguf_vocab", str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=child_environment(),
        )
        self.size = int(self._answer())

    def ids(self, texts: Iterable[str], *, special: bool = False) -> Iterator[list[int]]:
        """The tokens of each text; ``special``: control tokens in it are recognised."""
        left = iter(texts)
        while batch := list(islice(left, _BATCH)):
            yield from self._ask({"texts": batch, "special": special})

    def bytes_of(self, ids: Sequence[Sequence[int]]) -> list[bytes]:
        """What each list of tokens stands for."""
        return [bytes.fromhex(text) for text in self._ask({"ids": ids})]

    def _ask(self, message: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # the missing answer is told below
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        code = self._process.wait()
        if code == 1:
            raise ModelError(f"{self._name} cannot be loaded: the file is damaged or not a model.")
        raise EngineError(f"The tokenizer of {self._name} stopped (exit code {code}).")

    def __enter__(self) -> Tokenizer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.communicate()


def main() -> int:
    """Serve until the input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import llama_cpp as llama

    from translator.engines.gguf_load import start_backend
    from translator.engines.gguf_tokens import piece, tokenize

    start_backend()
    params = llama.llama_model_default_params()
    params.vocab_only = True
    model = llama.llama_model_load_from_file(sys.argv[1].encode(), params)
    if not model:
        return 1
    vocab = llama.llama_model_get_vocab(model)
    answer: Any = llama.llama_vocab_n_tokens(vocab)
    while True:
        out.write(json.dumps(answer, separators=(",", ":")) + "\n")
        out.flush()
        line = sys.stdin.readline()
        if not line:
            return 0
        message = json.loads(line)
        if "ids" in message:
            answer = [b"".join(piece(vocab, n) for n in ids).hex() for ids in message["ids"]]
        else:
            special = message["special"]
            answer = [tokenize(vocab, text, special=special) for text in message["texts"]]


if __name__ == "__main__":
    raise SystemExit(main())
