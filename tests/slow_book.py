"""A process for tests to kill: ``python -m tests.slow_book HOME JOB PAUSE`` runs a job slowly."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.jobs_support import SlowEngine, jobs_with

if __name__ == "__main__":
    home, job_id, pause = sys.argv[1:]
    jobs_with(SlowEngine(float(pause)), Path(home)).run(job_id)
