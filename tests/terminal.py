"""A program on a pseudo-terminal, for tests."""

from __future__ import annotations

import os
import pty
import re
import select
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[=>]|\r")


class Terminal:
    """Runs ``python -m MODULE ARGUMENTS`` with a terminal of its own."""

    def __init__(self, module: str, *arguments: str) -> None:
        self.pid, self._master = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.environ["TERM"] = "xterm"
            os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
        self._data = b""
        self._seen = 0

    @property
    def output(self) -> str:
        """All output so far, without control sequences."""
        return _CONTROL.sub("", self._data.decode(errors="replace"))

    def type(self, text: str) -> None:
        """Press these keys."""
        os.write(self._master, text.encode())

    def expect(self, *texts: str, seconds: float = 30.0) -> None:
        """Wait until these texts have come, in this order, after what was expected before."""
        end = time.monotonic() + seconds
        for text in texts:
            while (at := self.output.find(text, self._seen)) < 0:
                assert time.monotonic() < end, f"no {text!r} in {self.output[self._seen :]!r}"
                if not self._read(0.1) and self._over():
                    raise AssertionError(f"it ended without {text!r}: {self.output!r}")
            self._seen = at + len(text)

    def end(self, seconds: float = 30.0) -> int:
        """Wait for the end; return the exit code."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self._master)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, 9)
        raise AssertionError(f"it did not end: {self.output!r}")

    def _read(self, seconds: float) -> bool:
        if not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self._data += data
        return bool(data)

    def _over(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
