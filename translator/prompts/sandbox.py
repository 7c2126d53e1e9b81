"""Render one chat template, as a program of its own: JSON on stdin, JSON on stdout.

A chat template is a program from a stranger's file. Jinja's sandbox keeps it away from Python's
objects, but not from endless loops and huge strings, so it runs in a process with limits on
memory and processor time that :mod:`translator.prompts.template` starts and ends.
This file imports nothing of Verso: it is run by its path, isolated from the environment.
"""

from __future__ import annotations

import datetime
import json
import sys
from typing import Any, NoReturn

from jinja2 import TemplateError, nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

MEMORY = 512 * 1024 * 1024
SECONDS = 2
# Llama 3's template prints the date; a translation must not depend on the day it is made.
DATE = datetime.datetime(2024, 7, 26)


class Generation(Extension):
    """``{% generation %}`` marks the trained part in some templates; here it has no effect."""

    tags = {"generation"}  # noqa: RUF012 - jinja2 declares it so

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The block's body, unchanged."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _tojson(value: Any, indent: int | None = None, **_: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def render(template: str, messages: list[dict[str, str]], variables: dict[str, Any]) -> str:
    """The template's text for these messages, in the environment that transformers gives it."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols, Generation]
    )
    environment.filters["tojson"] = _tojson
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = DATE.strftime
    return environment.from_string(template).render(
        messages=messages,
        tools=None,
        documents=None,
        add_generation_prompt=True,
        enable_thinking=False,
        **variables,
    )


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows: the parent's timeout has to do
        return
    for what, limit in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS)):
        hard = resource.getrlimit(what)[1]
        resource.setrlimit(what, (limit if hard < 0 else min(limit, hard), hard))


def main() -> None:
    """Read a job from stdin, write ``{"text": ...}`` or ``{"error": ...}`` to stdout."""
    job = json.loads(sys.stdin.buffer.read())
    _limit()
    try:
        answer = {"text": render(job["template"], job["messages"], job["variables"])}
    except Exception as error:  # whatever a stranger's template does is the answer
        answer = {"error": f"{type(error).__name__}: {error}"[:300]}
    sys.stdout.buffer.write(json.dumps(answer).encode())


if __name__ == "__main__":
    main()
