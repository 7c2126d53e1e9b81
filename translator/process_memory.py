"""How much memory a process has used at most."""

from __future__ import annotations

from pathlib import Path


def peak_memory(pid: int | None) -> int:
    """Peak memory of a process in MB, where the system tells (Linux), else 0.

    Other than ``ru_maxrss`` it does not begin with the memory of the process that started it.
    """
    status = Path(f"/proc/{pid}/status")
    if pid is None or not status.exists():
        return 0
    for line in status.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    return 0
