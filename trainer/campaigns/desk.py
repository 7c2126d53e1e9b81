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
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainer.campaigns import shown, tutorials
from trainer.campaigns.drafts import Drafts
from trainer.campaigns.folder import RATINGS, Campaign
from trainer.campaigns.protocols import check_answer, protocol
from trainer.campaigns.types import Item, Rating, Task
from trainer.campaigns.values import plain, value_of
from trainer.ratings.log import RatingsLog
from translator.errors import InputError

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_VERSIONS = 200  # answers of one reviewer to one item: nobody thinks again so often
_MOST_TURNS = 100  # times that a reviewer can say yes after no


class Closed(InputError):
    """The campaign takes nothing: any more if it is ``locked``, else yet."""

    def __init__(self, locked: bool) -> None:
        """Say so in words for the reviewer."""
        self.locked = locked
        if locked:
            super().__init__("This campaign is closed.", "Thank you for your work.")
        else:
            super().__init__("This campaign has not begun yet.", "Come back later.")


class Desk:
    """One reviewer's place in one campaign. Both must be known to belong together."""

    def __init__(self, campaign: Campaign, reviewer: str) -> None:
        self._campaign = campaign
        self._reviewer = reviewer
        self._drafts = Drafts(campaign.path, reviewer)
        self._ratings = ratings_of(campaign.path)

    def state(self) -> dict[str, Any]:
        """All that the page shows: see the module's text."""
        settings, work = self._campaign.settings, shown.work_of(self._campaign)
        tasks = work.tasks.get(self._reviewer, ())
        answers = self._answers()
        state: dict[str, Any] = {
            "campaign": self.about(),
            **shown.choices(protocol(settings.protocol)),
            "documents": [],
            "items": [],
            "answers": {},
            "drafts": {},
            "progress": self._progress(work, answers),
        }
        if state["campaign"]["stage"] == "open":
            mine = {task.item for task in tasks}
            state |= shown.rows(settings, work, tasks)
            state["answers"] = {item: _said(one) for item, one in answers.items() if item in mine}
            drafts = self._drafts.all()
            state["drafts"] = {item: draft for item, draft in drafts.items() if item in mine}
        return state

    def about(self) -> dict[str, Any]:
        """The part ``campaign`` of the state."""
        campaign = self._campaign
        settings, stage = campaign.settings, campaign.stage
        return {
            **shown.about(settings, protocol(settings.protocol), shown.work_of(campaign)),
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
            self._require_calm(rating)
            if self._ratings.append(rating):
                self._drafts.put(rating.item, None)
        reply: dict[str, Any] = {
            "saved": True,
            "progress": self._progress(shown.work_of(self._campaign), self._answers()),
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
        campaign, said = self._campaign, self._campaign.consents(self._reviewer)
        if campaign.stage == "locked":
            raise Closed(locked=True)
        if said[-1:] != [agree]:
            if agree and sum(said) >= _MOST_TURNS:  # no is always heard
                raise InputError("You changed your mind too often.", "It stays at no.")
            campaign.set_consent(self._reviewer, agree)
        return {"saved": True, "consented": agree}

    def _answers(self) -> dict[str, Rating]:
        latest = self._ratings.latest()
        return {item: one for (who, item), one in latest.items() if who == self._reviewer}

    def _progress(self, work: shown.Work, answers: Mapping[str, Rating]) -> dict[str, int]:
        tasks = work.tasks.get(self._reviewer, ())
        counted = [task.item for task in tasks if not work.items[task.item].tutorial]
        return {"done": sum(item in answers for item in counted), "total": len(counted)}

    def _task(self, item: Any) -> tuple[Task, Item]:
        work = shown.work_of(self._campaign)
        for task in work.tasks.get(self._reviewer, ()):
            if task.item == item:
                return task, work.items[task.item]
        raise InputError("This text is not among yours.", "Load the page again.")

    def _require_calm(self, rating: Rating) -> None:
        """Raise :class:`InputError` for a browser gone wild: every version stays in the file."""
        mine = (rating.reviewer, rating.item)
        versions = [one for one in self._ratings.all() if (one.reviewer, one.item) == mine]
        if len(versions) >= _MOST_VERSIONS and rating.id not in {one.id for one in versions}:
            raise InputError("This text was answered too often.", "The last answer stays.")

    def _require_open(self) -> None:
        stage = self._campaign.stage
        if stage != "open":
            raise Closed(locked=stage == "locked")


@lru_cache(maxsize=64)
def ratings_of(campaign: Path) -> RatingsLog:
    """The one log of a campaign in this process: it reads only what is new."""
    return RatingsLog(campaign / RATINGS)


def _said(rating: Rating) -> dict[str, Any]:
    row = plain(rating)
    del row["time"], row["reviewer"]
    return row
