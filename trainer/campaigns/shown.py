"""What a reviewer is shown of a campaign: the texts, in this reviewer's order, and the choices.

The shape is that of the state in :mod:`trainer.campaigns.desk`. Nothing here reads the key.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainer.campaigns import sentence_pairs, tutorials
from trainer.campaigns.folder import ITEMS, TASKS, Campaign
from trainer.campaigns.protocols import ProtocolText, consent_line
from trainer.campaigns.types import CampaignSettings, Item, Task
from translator import languages

_ALIGNING = 1.5  # seconds of one answer for aligning sentences


@dataclass(frozen=True, slots=True)
class Work:
    """What a campaign consists of; only tasks are added once reviewers are in."""

    items: Mapping[str, Item]
    tasks: Mapping[str, tuple[Task, ...]]  # by reviewer


def work_of(campaign: Campaign) -> Work:
    """What a campaign consists of now; it is read again when it has changed."""
    stamps = tuple(_stamp(campaign.path / name) for name in (ITEMS, TASKS))
    return _read(campaign, stamps)


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=16)
def _read(campaign: Campaign, stamps: tuple[int, ...]) -> Work:
    if not all(stamps):
        return Work({}, {})
    tasks: dict[str, list[Task]] = defaultdict(list)
    for task in campaign.tasks():
        tasks[task.reviewer].append(task)
    return Work(
        {item.id: item for item in campaign.items()},
        {reviewer: tuple(mine) for reviewer, mine in tasks.items()},
    )


def about(settings: CampaignSettings, asked: ProtocolText, work: Work) -> dict[str, Any]:
    """The part ``campaign`` of the state, but for how far the campaign and the reviewer are."""
    source, target = languages.get(settings.source), languages.get(settings.target)
    instructions = settings.instructions.strip() or asked.instructions
    example = tutorials.hint(settings.target)
    if example and any(item.tutorial for item in work.items.values()):
        instructions += f"\n\n{example}"
    return {
        "name": settings.name,
        "protocol": settings.protocol,
        "title": asked.title,
        "instructions": instructions,
        "consent": settings.consent.strip() or consent_line(),
        "source": source.tag,
        "target": target.tag,
        "source_name": source.name,
        "target_name": target.name,
        "source_dir": source.direction,
        "target_dir": target.direction,
    }


def choices(asked: ProtocolText) -> dict[str, Any]:
    """What can be chosen: the parts from ``scale`` to ``verdicts``."""

    def named(things: Any) -> list[dict[str, str]]:
        return [{"id": one.id, "title": one.title, "help": one.help} for one in things]

    return {
        "scale": {"anchors": [asdict(anchor) for anchor in asked.anchors]},
        "severities": named(asked.severities),
        "categories": [
            [kind.id, kind.title, category.title, kind.help]
            for category in asked.categories
            for kind in category.kinds
        ],
        "verdicts": named(asked.verdicts),
    }


def rows(settings: CampaignSettings, work: Work, tasks: tuple[Task, ...]) -> dict[str, Any]:
    """The parts ``documents`` and ``items`` for the tasks of one reviewer."""
    deadline = time.monotonic() + _ALIGNING
    ids: dict[str, str] = {}  # the owner's names of documents are not shown
    items = []
    for task in tasks:
        item = work.items[task.item]
        texts = {output.id: output.text for output in item.outputs}
        document = ids.setdefault(item.source.document, f"d{len(ids) + 1}")
        row: dict[str, Any] = {
            "id": item.id,
            "document": document,
            "position": item.source.position,
            "tutorial": item.tutorial,
            "outputs": [{"id": output, "text": texts[output]} for output in task.order],
        }
        aligned = sentence_pairs.rows(
            item.source.text,
            [texts[output] for output in task.order],
            settings.source,
            settings.target,
            deadline,
        )
        if aligned is not None:
            row["alignment"] = aligned
        items.append(row)
    return {"documents": _documents(settings, work, ids), "items": items}


def _documents(settings: CampaignSettings, work: Work, ids: dict[str, str]) -> list[dict[str, Any]]:
    sources: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    tutorial = {item.source.document for item in work.items.values() if item.tutorial}
    for item in work.items.values():
        source = item.source
        if source.document in ids:
            row = {"position": source.position, "text": source.text}
            if settings.show_reference and source.reference is not None:
                row["reference"] = source.reference
            sources[source.document].setdefault(source.position, row)
    number = 0
    found = []
    for name, shown in ids.items():
        number += name not in tutorial
        rows = [row for _, row in sorted(sources[name].items())]
        title = "An example" if name in tutorial else f"Text {number}"
        found.append({"id": shown, "title": title, "sources": rows})
    return found
