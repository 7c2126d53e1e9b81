"""``python -m tests.slow_campaign FOLDER``: a campaign's job whose model takes its time."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from trainer.campaigns import job
from translator.engines.base import Request, Sink
from translator.engines.pseudo import PseudoEngine


class SlowEngine(PseudoEngine):
    """The dry run, at twenty segments a second."""

    def submit(self, request: Request, sink: Sink) -> None:
        """See :class:`translator.engines.base.Engine`."""
        time.sleep(0.05)
        super().submit(request, sink)


if __name__ == "__main__":
    import translator.engines.pseudo as module

    module.PseudoEngine = SlowEngine  # type: ignore[misc]
    job.run(Path(sys.argv[1]))
