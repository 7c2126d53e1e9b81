"""Chat templates: from the roles of a conversation to the text around its messages."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from translator.errors import ModelError

MAX_TEMPLATE = 200_000  # characters
TIMEOUT = 20.0  # seconds; the process has its own, shorter, limit on processor time
_SANDBOX = Path(__file__).with_name("sandbox.py")
_MARK = "\u2042verso-content-{}\u2042"


class TemplateRefused(ModelError):
    """The template cannot render this conversation (e.g. it knows no system role)."""


@lru_cache(maxsize=64)
def frame(template: str, roles: tuple[str, ...], bos: str, eos: str) -> tuple[str, ...]:
    """The control text before, between and after the messages: one piece more than roles.

    The contents never pass through the template: it is rendered once with marks in their
    place and cut there, so nothing in a text can act on it.

    Raises :class:`TemplateRefused` if the template fails or drops, repeats or reorders messages.
    """
    if not template.strip():
        raise ModelError(
            "This model has no chat template.",
            "It is probably a base model: choose the prompt style few-shot.",
        )
    if len(template) > MAX_TEMPLATE:
        raise TemplateRefused("The model's chat template is too large to be one.")
    marks = [_MARK.format(number) for number in range(len(roles))]
    messages = [{"role": role, "content": mark} for role, mark in zip(roles, marks, strict=True)]
    text = _run(template, messages, {"bos_token": bos, "eos_token": eos})
    pieces = []
    for mark in marks:
        before, found, text = text.partition(mark)
        if not found:
            raise TemplateRefused("The model's chat template does not show every message.")
        pieces.append(before)
    pieces.append(text)
    if any(_MARK.split("{", 1)[0] in piece for piece in pieces):
        raise TemplateRefused("The model's chat template repeats a message.")
    return tuple(pieces)


def _run(template: str, messages: list[dict[str, str]], variables: dict[str, str]) -> str:
    job = {"template": template, "messages": messages, "variables": variables}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(_SANDBOX)],
            input=json.dumps(job).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TemplateRefused("The model's chat template does not end.") from error
    if done.returncode != 0:
        raise TemplateRefused("The model's chat template takes too much time or memory.")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise TemplateRefused(f"The model's chat template failed ({answer['error']}).")
    return str(answer["text"])
