"""Stands in for the trainer: counts steps, saves checkpoints, resumes and stops like it.

``python -m tests.fake_trainer RUN_FOLDER [--resume]``. Steps take ``machine.threads``
milliseconds; with ``training.seed`` 13 it dies at its tenth step.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from trainer.runs import METRICS, STOP, Run


def main() -> None:
    run = Run(Path(sys.argv[1]))
    settings = run.settings
    with run.hold():
        done = 0
        if "--resume" in sys.argv and (saved := run.checkpoints()):
            done = int(json.loads((saved[-1] / "trainer_state.json").read_text())["global_step"])
        steps = settings.training.steps
        run.write_status(state="training", pid=os.getpid(), resumed_from=done, steps=steps)
        for step in range(done + 1, steps + 1):
            time.sleep(settings.machine.threads / 1000)
            if step == 10 and settings.training.seed == 13:
                raise RuntimeError("the tenth step is one too many")
            loss = 4.0 / (1 + settings.training.learning_rate * step)
            row = {"step": step, "time": time.time(), "loss": loss, "learning_rate": 1.0}
            run.add_line(METRICS, row)
            if step % settings.evaluation.every == 0:
                dev = {"dev_loss": loss, "chrf_mean": 100 / (1 + loss), "chrf": {}}
                run.add_line(METRICS, {"step": step, "time": time.time(), **dev})
            run.write_status(step=step, loss=loss)
            stopping = (run.folder / STOP).exists()
            if stopping or step % settings.training.save == 0:
                folder = run.folder / "checkpoints" / f"checkpoint-{step}"
                folder.mkdir(parents=True)
                (folder / "trainer_state.json").write_text(json.dumps({"global_step": step}))
            if stopping:
                run.write_status(state="stopped", finished=time.time(), pid=0)
                return
        best = 100 / (1 + loss)
        run.write_status(state="done", finished=time.time(), pid=0, best_score=best, chrf=best)


if __name__ == "__main__":
    main()
