"""A reviewer's place in a campaign: what is shown there, and what is taken.

Nothing that leaves here names a system, another reviewer, a control or the owner's files. The
state is what ``GET /r/TOKEN/state`` answers::

    {"campaign": {"name", "stage", "locked", "protocol", "title", "instructions", "consent",
                  "consented": true | false | null,
                  "source", "target", "source_name", "target_name", "source_dir", "target_dir"},
     "scale": {"anchors": [{"value", "label"}]},
     "severities": [{"id", "title", "help"}], "categories": [[id, title, group, help]],
     "verdicts": [{"id", "title", "help"}],
     "documents": [{"id", "title", "sources": [{"position", "text", "reference"?}]}],
     "items": [{"id", "document", "position", "tutorial", "outputs": [{"id", "text"}],
                "alignment"?: [[start, end, [[start, end] | null of each output]]]}],
     "answers": {item: a rating without "time" and "reviewer"}, "drafts": {item: {…}},
     "progress": {"done", "total"}}

Items are in the reviewer's order, outputs in the order of the task; places are code points.
``instructions``: paragraphs parted by empty lines, lines with "- " are a list. A campaign that is
not open has no documents and items. The progress does not count tutorials.
"""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainer.campaigns import sentence_pairs, tutorials
from trainer.campaigns.drafts import Drafts
from trainer.campaigns.folder import ITEMS, RATINGS, TASKS, Campaign
from trainer.campaigns.protocols import ProtocolText, check_answer, consent_line, protocol
from trainer.campaigns.types import CampaignSettings, Item, Rating, Task
from trainer.campaigns.values import plain, value_of
from trainer.ratings.log import RatingsLog
from translator import languages
from translator.errors import InputError

_ALIGNING = 1.5  # seconds of one answer for aligning sentences
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Closed(InputError):
    """The campaign takes nothing (any more)."""


@dataclass(frozen=True, slots=True)
class _Work:
    """What a campaign consists of; it does not change once reviewers are in."""

    items: Mapping[str, Item]
    tasks: Mapping[str, tuple[Task, ...]]  # by reviewer


class Desk:
    """One reviewer's place in one campaign. Both must be known to belong together."""

    def __init__(self, campaign: Campaign, reviewer: str) -> None:
        self._campaign = campaign
        self._reviewer = reviewer
        self._drafts = Drafts(campaign.path, reviewer)
        self._ratings = ratings_of(campaign.path)

    def state(self) -> dict[str, Any]:
        """All that the page shows: see the module's text."""
        settings, work = self._campaign.settings, _work(self._campaign)
        tasks = work.tasks.get(self._reviewer, ())
        answers = self._answers()
        state: dict[str, Any] = {
            "campaign": self.about(),
            **_choices(protocol(settings.protocol)),
            "documents": [],
            "items": [],
            "answers": {},
            "drafts": {},
            "progress": self._progress(work, answers),
        }
        if state["campaign"]["stage"] == "open":
            mine = {task.item for task in tasks}
            state |= _shown(settings, work, tasks)
            state["answers"] = {item: _said(one) for item, one in answers.items() if item in mine}
            drafts = self._drafts.all()
            state["drafts"] = {item: draft for item, draft in drafts.items() if item in mine}
        return state

    def about(self) -> dict[str, Any]:
        """The part ``campaign`` of the state."""
        campaign = self._campaign
        settings, stage = campaign.settings, campaign.stage
        return {
            **_about(settings, protocol(settings.protocol), _work(campaign)),
            "stage": stage,
            "locked": stage == "locked",
            "consented": campaign.consent(self._reviewer),
        }

    def answer(self, data: Any) -> dict[str, Any]:
        """Save an answer; one that was saved before is saved still.

        Raises:
            Closed: the campaign is not open.
            InputError: it is not an answer to one of this reviewer's items, or not a whole one.
        """
        if not isinstance(data, dict):
            raise InputError("This is no answer.", "Load the page again.")
        now = {"time": time.time(), "reviewer": self._reviewer}
        rating = value_of(Rating, {**data, **now})
        task, item = self._task(rating.item)
        if not _ID.fullmatch(rating.id):
            raise InputError("This answer has no id.", "Load the page again.")
        if rating.order != task.order:
            raise InputError("The translations stand in another order.", "Load the page again.")
        settings = self._campaign.settings
        if wrong := check_answer(settings.protocol, item, rating):
            raise InputError(wrong[0], " ".join(dict.fromkeys(wrong[1:])))
        with self._campaign.changing():  # nobody locks it between looking and saving
            self._require_open()
            if self._ratings.append(rating):
                self._drafts.put(rating.item, None)
        reply: dict[str, Any] = {
            "saved": True,
            "progress": self._progress(_work(self._campaign), self._answers()),
        }
        if item.tutorial:
            heard = tutorials.feedback(settings.protocol, item, rating, settings.target)
            reply["feedback"] = [f"{'✓' if one.good else '→'} {one.text}" for one in heard]
        return reply

    def draft(self, data: Any) -> dict[str, Any]:
        """Keep what is half done: ``{"item": id, "draft": {…} or null}``.

        Raises as :meth:`answer`.
        """
        draft = data.get("draft") if isinstance(data, dict) else None
        if not isinstance(data, dict) or not isinstance(draft, dict | None):
            raise InputError("This is no draft.", "Load the page again.")
        self._require_open()
        task, _ = self._task(data.get("item"))
        self._drafts.put(task.item, draft)
        return {"saved": True}

    def consent(self, data: Any) -> dict[str, Any]:
        """Write down whether the answers may train models: ``{"agree": bool}``."""
        agree = data.get("agree") if isinstance(data, dict) else None
        if not isinstance(agree, bool):
            raise InputError("Say yes or no.")
        if self._campaign.stage == "locked":
            raise Closed("This campaign is closed.", "Thank you for your work.")
        if self._campaign.consent(self._reviewer) is not agree:
            self._campaign.set_consent(self._reviewer, agree)
        return {"saved": True, "consented": agree}

    def _answers(self) -> dict[str, Rating]:
        latest = self._ratings.latest()
        return {item: one for (who, item), one in latest.items() if who == self._reviewer}

    def _progress(self, work: _Work, answers: Mapping[str, Rating]) -> dict[str, int]:
        tasks = work.tasks.get(self._reviewer, ())
        counted = [task.item for task in tasks if not work.items[task.item].tutorial]
        return {"done": sum(item in answers for item in counted), "total": len(counted)}

    def _task(self, item: Any) -> tuple[Task, Item]:
        work = _work(self._campaign)
        for task in work.tasks.get(self._reviewer, ()):
            if task.item == item:
                return task, work.items[task.item]
        raise InputError("This text is not among yours.", "Load the page again.")

    def _require_open(self) -> None:
        stage = self._campaign.stage
        if stage == "locked":
            raise Closed("This campaign is closed.", "Thank you for your work.")
        if stage != "open":
            raise Closed("This campaign has not begun yet.", "Come back later.")


@lru_cache(maxsize=64)
def ratings_of(campaign: Path) -> RatingsLog:
    """The one log of a campaign in this process: it reads only what is new."""
    return RatingsLog(campaign / RATINGS)


def _work(campaign: Campaign) -> _Work:
    stamps = tuple(_stamp(campaign.path / name) for name in (ITEMS, TASKS))
    return _read(campaign, stamps)


def _stamp(path: Path) -> int:
    return path.stat().st_mtime_ns if path.exists() else 0


@lru_cache(maxsize=16)
def _read(campaign: Campaign, stamps: tuple[int, ...]) -> _Work:
    if not all(stamps):
        return _Work({}, {})
    tasks: dict[str, list[Task]] = defaultdict(list)
    for task in campaign.tasks():
        tasks[task.reviewer].append(task)
    return _Work(
        {item.id: item for item in campaign.items()},
        {reviewer: tuple(mine) for reviewer, mine in tasks.items()},
    )


def _about(settings: CampaignSettings, asked: ProtocolText, work: _Work) -> dict[str, Any]:
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


def _choices(asked: ProtocolText) -> dict[str, Any]:
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


def _shown(settings: CampaignSettings, work: _Work, tasks: tuple[Task, ...]) -> dict[str, Any]:
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


def _documents(
    settings: CampaignSettings, work: _Work, ids: dict[str, str]
) -> list[dict[str, Any]]:
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


def _said(rating: Rating) -> dict[str, Any]:
    row = plain(rating)
    del row["time"], row["reviewer"]
    return row
