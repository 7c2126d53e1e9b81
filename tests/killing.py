"""A training that is killed at a step, as by the power going."""

from __future__ import annotations

from typing import Any

import pytest

from trainer import train, train_watch
from trainer.runs import Run


def killed_at(run: Run, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train up to a step and no further."""
    after = train_watch.Watch.on_step_end

    def die(self: Any, args: Any, state: Any, control: Any, **more: Any) -> None:
        after(self, args, state, control, **more)
        if state.global_step == step:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train_watch.Watch, "on_step_end", die)
        train.main([str(run.folder)])
