"""Pairs of a preferred and a rejected translation, from JSON lines.

A line is ``source``, ``chosen``, ``rejected``, ``from`` and ``to`` (languages), as a campaign
writes it, with ``kind`` = "preference" and perhaps a ``margin``, how much better the preferred
one is in the file's own unit. Or it is ``prompt``, ``chosen`` and ``rejected``, the form that
other tools know: a prompt of a plain text stands before the model as it is, one of messages goes
through the model's chat template.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainer.config import DataPart
from trainer.config_preference import PreferencePart
from trainer.dataset_examples import Example, Renderer, Text
from translator import languages
from translator.errors import InputError


@dataclass(frozen=True, slots=True)
class Choice:
    """One line. ``prompt`` is empty where ``source`` and its languages are known."""

    source: str
    chosen: str
    rejected: str
    of: str = ""
    to: str = ""
    prompt: Any = ""
    margin: float = math.inf


@dataclass
class ChoiceReport:
    """What became of the lines of a file."""

    kept: int = 0
    left_out: Counter[str] = field(default_factory=Counter)

    def sentences(self) -> Iterator[str]:
        """For the log."""
        yield f"{self.kept:,} pairs of a preferred and a rejected translation."
        for reason, count in self.left_out.most_common():
            yield f"{count:,} left out: {reason}."


def rows(
    preference: PreferencePart, data: DataPart, renderer: Renderer
) -> tuple[list[dict[str, Any]], ChoiceReport]:
    """The pairs to train with: ``chosen`` and ``rejected`` as rows of a dataset, ``place``, and
    the ``length`` of both.

    Raises :class:`InputError` for a file that cannot be read, or if nothing is left.
    """
    choices, report = read(Path(preference.pairs), data.directions, preference.margin)
    found: list[dict[str, Any]] = []
    for choice in choices:
        if choice.of and any(map(renderer.ends_early, _texts(choice))):
            report.left_out["the translation has a line break where a reply ends"] += 1
            continue
        both = _examples(choice, renderer)
        if not all(map(renderer.fits, both)):
            report.left_out["too long"] += 1
            continue
        chosen, rejected = (one.row(encoder_decoder=renderer.encoder_decoder) for one in both)
        length = sum(map(renderer.size, both))
        found.append(
            {"chosen": chosen, "rejected": rejected, "length": length, "place": len(found)}
        )
    report.kept = len(found)
    if not found:
        why = "; ".join(f"{reason}: {count}" for reason, count in report.left_out.most_common())
        raise InputError(
            f"No pair of translations is left to train with ({why or 'the file is empty'}).",
            "Check preference.pairs, preference.margin, data.directions and data.length.",
        )
    return found, report


def read(
    path: Path, directions: Sequence[str] = (), margin: float = 0.0
) -> tuple[list[Choice], ChoiceReport]:
    """The lines of a file that can be used; ``margin``: the least.

    Raises :class:`InputError` for a file that cannot be read.
    """
    report = ChoiceReport()
    found = []
    try:
        lines = path.read_text("utf-8-sig").split("\n")
    except (OSError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read: {error}.", "Check its name.") from error
    for line in filter(str.strip, lines):
        choice = _choice(line)
        if isinstance(choice, str):
            report.left_out[choice] += 1
        elif directions and choice.of and f"{choice.of}>{choice.to}" not in directions:
            report.left_out["another direction"] += 1
        elif choice.margin < margin:
            report.left_out["the margin is too small"] += 1
        else:
            found.append(choice)
    return found, report


def _choice(line: str) -> Choice | str:
    """A line, or why it cannot be used."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return "no JSON"
    if not isinstance(row, dict) or row.get("kind", "preference") != "preference":
        return "no preference"
    chosen, rejected = _said(row.get("chosen")), _said(row.get("rejected"))
    if not chosen or not rejected:
        return "a translation is missing"
    if chosen == rejected:
        return "both translations are the same"
    margin = row.get("margin")
    margin = math.inf if margin is None else margin
    if isinstance(margin, bool) or not isinstance(margin, int | float):
        return "the margin is no number"
    source = row.get("source")
    if isinstance(source, str) and source.strip():
        try:
            of, to = (languages.get(row.get(key) or "").tag for key in ("from", "to"))
        except (InputError, AttributeError, TypeError):
            return "a language is missing or unknown"
        return Choice(source, chosen, rejected, of, to, margin=float(margin))
    prompt = row.get("prompt")
    if not prompt or not (isinstance(prompt, str) or _messages(prompt)):
        return "neither a source nor a prompt"
    return Choice("", chosen, rejected, prompt=prompt, margin=float(margin))


def _said(value: Any) -> str:
    """A reply: a text, or a message of one."""
    if _messages(value) and len(value) == 1:
        value = value[0]["content"]
    return value if isinstance(value, str) and value.strip() else ""


def _messages(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(each, dict)
            and isinstance(each.get("role"), str)
            and isinstance(each.get("content"), str)
            for each in value
        )
    )


def _texts(choice: Choice) -> tuple[Text, Text]:
    return (
        Text(choice.source, choice.chosen, choice.of, choice.to),
        Text(choice.source, choice.rejected, choice.of, choice.to),
    )


def _examples(choice: Choice, renderer: Renderer) -> tuple[Example, Example]:
    """The preferred one and the other. Raises :class:`InputError` for prompts of messages where
    the model has no template for them."""
    if choice.of:
        chosen, rejected = map(renderer.example, _texts(choice))
        return chosen, rejected
    return (
        renderer.completion(choice.prompt, choice.chosen),
        renderer.completion(choice.prompt, choice.rejected),
    )
