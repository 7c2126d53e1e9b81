"""An interactive prompt with a slow engine, for tests: ``python -m tests.slow_prompt PAUSE``."""

from __future__ import annotations

import sys
from typing import cast

from tests.jobs_support import OnePool, SlowEngine
from translator.cli import parser
from translator.commands.prompt import Prompt
from translator.engines.pool import EnginePool
from translator.models.registry import Registry
from translator.settings import Settings

if __name__ == "__main__":
    settings = Settings.load()
    registry = Registry(settings)
    arguments = parser().parse_args(["translate", "--to", "de", "--model", "pseudo"])
    pool = cast(EnginePool, OnePool(SlowEngine(float(sys.argv[1]))))
    sys.exit(Prompt(arguments, settings, registry, registry.get("pseudo"), pool).run())
