"""Pairs from what the reviewers of a campaign wrote and rated, as JSON lines.

A line is an object: ``source``, ``target``, ``from`` and ``to`` (languages), ``campaign``,
``item`` (what was looked at), ``reviewer`` (an anonymous id) and ``kind``:

- ``edit``: the reviewer wrote the target;
- ``rating``: the reviewer gave the target of a system a ``score`` from 0 to 100.

An edit is a pair. A rated target is one if its mean score is at least 80 and nobody edited the
item. ``document`` names the document of an item, if there is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any

from trainer.pairs import Pair, Unusable
from trainer.readers import Reader, tag_of
from trainer.readers_text import TextFile

GOOD = 80.0
_KINDS = ("edit", "rating")
_TEXTS = ("source", "target", "from", "to", "campaign", "item", "kind")


def is_campaign(row: Any) -> bool:
    """Whether a line of a JSONL file is one of these."""
    return isinstance(row, dict) and "campaign" in row and row.get("kind") in _KINDS


def campaign_reader(path: Path, name: str, of: str, to: str) -> Reader:
    """A reader of such a file; what people wrote comes first."""
    file = TextFile.sniff(path)

    def read() -> Iterator[Pair | Unusable]:
        yield from _pairs(file, name, of, to)

    return Reader(name, (path,), read, (file.named(),))


@dataclass
class _Item:
    """All that was said of one item."""

    edits: dict[str, Pair] = field(default_factory=dict)  # the last of each reviewer
    rated: dict[str, Pair] = field(default_factory=dict)  # by target
    scores: dict[str, list[float]] = field(default_factory=dict)


def _pairs(file: TextFile, name: str, of: str, to: str) -> Iterator[Pair | Unusable]:
    items: dict[tuple[str, str], _Item] = {}
    for number, line in enumerate(file.lines(), 1):
        if not line.strip():
            continue
        row = _row(line)
        if row is None:
            yield Unusable(name, number, "no edit or rating", line)
            continue
        pair = _pair(row, name, number, of, to)
        if pair is None:
            yield Unusable(name, number, "no pair of these languages", line)
            continue
        item = items.setdefault((row["campaign"], row["item"]), _Item())
        if row["kind"] == "edit":
            item.edits[str(row.get("reviewer", ""))] = pair
        else:
            item.rated.setdefault(pair.target, pair)
            item.scores.setdefault(pair.target, []).append(float(row["score"]))
    for item in items.values():
        yield from item.edits.values()
        for target, pair in item.rated.items():
            score = fmean(item.scores[target])
            if item.edits:
                yield Unusable(name, pair.line, "a reviewer wrote a better one", target)
            elif score < GOOD:
                yield Unusable(name, pair.line, f"rated {score:.0f} of 100", target)
            else:
                yield pair


def _row(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not is_campaign(row) or not all(isinstance(row.get(key), str) for key in _TEXTS):
        return None
    score = row.get("score")
    fits = isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 100
    return row if fits or row["kind"] == "edit" else None


def _pair(row: dict[str, Any], name: str, number: int, of: str, to: str) -> Pair | None:
    source, target = row["source"], row["target"]
    said = tag_of(row["from"]), tag_of(row["to"])
    if said == (to, of):
        source, target = target, source
    elif said != (of, to):
        return None
    document = row.get("document")
    return Pair(
        source, target, of, to, name, number, f"campaign:{row['campaign']}",
        document=f"{name}#{document}" if isinstance(document, str) and document else "",
    )  # fmt: skip
