"""``python -m tests.hostile_child FOLDER``: the command line over each file, within limits.

One process for all of them, since starting costs more than refusing. A JSON line a file: its
name, the exit code, what was said, seconds of processor time. Connecting anywhere ends it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path

from translator import cli
from translator.process_memory import peak_memory

MEMORY = 3 << 30  # bytes of address space; libraries reserve more than they use


def _guard(event: str, _: object) -> None:
    if event == "socket.connect":
        raise SystemExit("a book made Verso call somebody")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.addaudithook(_guard)
    for path in sorted(Path(sys.argv[1]).iterdir()):
        out, error = io.StringIO(), io.StringIO()
        began = time.process_time()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = cli.main(["book", str(path), "--to", "de", "--model", "pseudo"])
        seconds = time.process_time() - began
        peak = peak_memory(os.getpid())
        row = [path.name, code, out.getvalue(), error.getvalue(), seconds, peak]
        print(json.dumps(row), flush=True)
