"""The campaigns that one browser may see, and what it may do with them."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import Any

from trainer import background
from trainer.campaigns import folder, job, links
from trainer.campaigns.folder import Campaign, Campaigns
from trainer.campaigns.loop_files import Saved, prepared_run, save_edits
from trainer.campaigns.plan import Plan
from trainer.campaigns.types import Rating, Stage
from trainer.config import RunSettings
from trainer.ratings.log import RatingsLog
from trainer.tabs.compare_view import Flag, Rater, Seen
from trainer.tabs.own_texts import OwnTexts
from translator.errors import InputError, VersoError
from translator.memory import Memory
from translator.tabs.context import AppContext
from translator.tabs.owner import allowed, note_owner

OWNER = "owner"  # in the campaign's folder: whose browser made it
WHO = "the owner"  # in the log
_SHOWN = 160  # characters of an example


class OwnCampaigns:
    """:class:`Campaigns` for the browser with the token ``owner``."""

    def __init__(self, context: AppContext, owner: str) -> None:
        self._context = context
        self._owner = owner
        self._campaigns = Campaigns(context.settings)

    def all(self) -> list[Campaign]:
        """Those that this browser may see, the newest first."""
        return [one for one in self._campaigns.list() if self._may(one)]

    def find(self, campaign_id: str) -> Campaign | None:
        """One by its id, if it is there."""
        try:
            return self.get(campaign_id)
        except InputError:
            return None

    def get(self, campaign_id: str) -> Campaign:
        """One by its id. Raises :class:`InputError`."""
        campaign = self._campaigns.get(campaign_id)
        if not self._may(campaign):
            raise InputError("There is no such campaign.")
        return campaign

    def create(self, plan: Plan) -> str:
        """A new campaign, whose outputs are begun to be made. Raises :class:`VersoError`."""
        campaign = job.create(plan, self._context.settings, WHO)
        note_owner(campaign.path / OWNER, self._owner)
        return campaign.id

    def act(self, action: str, campaign_id: str, reviewer: str = "") -> None:
        """Do what a button says. Raises :class:`VersoError`."""
        campaign = self.get(campaign_id)
        if action == "stop":
            job.stop(campaign)
        elif action == "resume":
            job.again(campaign, self._context.settings)
        elif action == "lock":
            campaign.lock(WHO)
        elif action == "reveal":
            campaign.reveal(WHO)
        elif action == "renew":
            links.revoke(campaign, reviewer, WHO)
        elif action == "delete":
            campaign.delete()
        else:
            raise VersoError(f"Unknown action {action!r}.")

    def remember(self, campaign_id: str) -> Saved:
        """Put the edits into the translation memory. Raises :class:`InputError` before the lock."""
        campaign = self.get(campaign_id)
        with closing(Memory(self._context.settings.memory)) as memory:
            return save_edits(campaign, memory)

    def teach(self, campaign_id: str) -> RunSettings:
        """The settings of a training on the answers. Raises :class:`VersoError`."""
        settings = prepared_run(self.get(campaign_id), self._context.settings)
        OwnTexts(self._context, self._owner).claim(Path(settings.data.corpus).name)
        return settings

    def _may(self, campaign: Campaign) -> bool:
        return allowed(self._context, campaign.path / OWNER, self._owner)


def seen(campaign: Campaign, *, whole: bool = True) -> Seen:
    """How a campaign stands. Not ``whole``: as much as the list needs."""
    settings, stage = campaign.settings, campaign.stage
    made = stage in ("open", "locked")
    items, documents, tasks = _made(campaign.path, stamp(campaign.path / folder.TASKS))
    answers = _answers(campaign) if made else {}
    systems, problem = _systems(campaign) if whole else ((), "")
    raters = tuple(
        _rater(campaign, stage, str(row["id"]), str(row["name"]), tasks, answers, whole)
        for row in campaign.reviewer_rows()
    )
    return Seen(
        settings,
        stage,
        None if made else background.status(campaign.path),
        systems=systems,
        items=items,
        documents=documents,
        raters=raters,
        flags=_flags(campaign) if whole else (),
        revealed=_revealed(campaign),
        problem=problem,
    )


def _rater(
    campaign: Campaign, stage: Stage, id_: str, name: str, tasks: dict[str, frozenset[str]],
    answers: dict[str, dict[str, Rating]], whole: bool,
) -> Rater:  # fmt: skip
    wanted = tasks.get(id_, frozenset())
    given = [rating for item, rating in answers.get(id_, {}).items() if item in wanted]
    return Rater(
        id_,
        name,
        f"r/{links.make(campaign, id_)}" if whole and stage == "open" else "",
        len(given),
        len(wanted),
        sum(rating.seconds for rating in given),
        campaign.consent(id_) if whole else None,
    )


def _answers(campaign: Campaign) -> dict[str, dict[str, Rating]]:
    """The latest rating of each item, by reviewer."""
    found: dict[str, dict[str, Rating]] = defaultdict(dict)
    log = _log(campaign.path / folder.RATINGS)
    for (reviewer, item), rating in log.latest().items():
        found[reviewer][item] = rating
    return found


@lru_cache(maxsize=64)
def _log(path: Path) -> RatingsLog:
    """Reads on from where it was, so that a page may ask each second."""
    return RatingsLog(path)


def stamp(path: Path) -> tuple[int, int]:
    """When and how a file changed last; zeros while there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


@lru_cache(maxsize=64)
def _made(path: Path, tasks_stamp: tuple[int, int]) -> tuple[int, int, dict[str, frozenset[str]]]:
    """Numbers of items and documents, and the items of each reviewer; they do not change."""
    if tasks_stamp == (0, 0):
        return 0, 0, {}
    campaign = Campaign(path)
    items = [item for item in campaign.items() if not item.tutorial]
    tasks: dict[str, set[str]] = defaultdict(set)
    for task in campaign.tasks():
        tasks[task.reviewer].add(task.item)
    return (
        len(items),
        len({item.source.document for item in items}),
        {reviewer: frozenset(mine) for reviewer, mine in tasks.items()},
    )


def _systems(campaign: Campaign) -> tuple[tuple[str, ...], str]:
    """The names of the systems, and what is wrong with the key, if anything is."""
    try:
        made = (campaign.path / folder.KEY).is_file()
        systems = campaign.key().systems if made else job.systems_of(campaign)
    except InputError as problem:
        return (), f"{problem.message} {problem.hint}".strip()
    # By name: the order of the key would say which is A.
    return tuple(sorted(system.name for system in systems)), ""


def _flags(campaign: Campaign) -> tuple[Flag, ...]:
    """One for each kind of finding, the gravest first."""
    found: dict[tuple[bool, str, str], list[str]] = defaultdict(list)
    flags = campaign.flags()
    for row in flags.get("outputs", ()):
        text = " · ".join(filter(None, (row["detail"], row["text"])))
        found[not row["fatal"], row["system"], row["check"]].append(text)
    for row in flags.get("identical", ()):
        text = f"{row['document']}, segment {row['position'] + 1}"
        found[True, " = ".join(row["systems"]), "the same text"].append(text)
    return tuple(
        Flag(system, check, len(texts), texts[0][:_SHOWN], fatal=not harmless)
        for (harmless, system, check), texts in sorted(found.items())
    )


def _revealed(campaign: Campaign) -> str:
    found: list[dict[str, Any]] = [row for row in campaign.log() if row["event"] == "revealed"]
    if not found:
        return ""
    first = found[0]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime(first["time"]))
    return f"by {first['who']} on {when}" if first["who"] else f"on {when}"
