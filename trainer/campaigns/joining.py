"""Somebody who rates too, though the campaign has begun."""

from __future__ import annotations

from trainer.campaigns import assignment
from trainer.campaigns.folder import RATINGS, TASKS, Campaign, new_id
from trainer.campaigns.types import Reviewer
from trainer.campaigns.valid import MOST_REVIEWERS, checked_name
from trainer.campaigns.values import plain, rows_text
from trainer.ratings.log import RatingsLog
from translator.errors import InputError


def add_reviewer(campaign: Campaign, name: str, who: str = "") -> Reviewer:
    """Let one more person rate; nothing changes for the others.

    Raises :class:`InputError` if the name is taken or none, or the campaign is locked.
    """
    name = checked_name(name)
    with campaign.changing():
        if campaign.stage not in ("making", "open"):
            raise InputError(
                f"The campaign is {campaign.stage}.", "Only an open one takes reviewers."
            )
        rows = campaign.reviewer_rows()
        if name in {row["name"] for row in rows}:
            raise InputError(f"There is a reviewer {name!r} already.", "Choose another name.")
        if len(rows) >= MOST_REVIEWERS:
            raise InputError(f"A campaign has {MOST_REVIEWERS} reviewers at most.")
        reviewer = Reviewer(new_id("r"), name)
        if campaign.stage == "open":
            known = {row["id"] for row in rows}
            # A crash may have left the tasks of somebody who was never written down.
            tasks = [task for task in campaign.tasks() if task.reviewer in known]
            settings = campaign.settings
            rated = {rating.item for rating in RatingsLog(campaign.path / RATINGS).all()}
            tasks += assignment.assign_late(
                campaign.items(), campaign.key(), tasks, reviewer.id,
                settings.overlap, settings.seed, rated,
            )  # fmt: skip
            campaign.write(TASKS, rows_text(tasks))
        campaign.write_reviewer_rows([*rows, plain(reviewer)])
        campaign.note("reviewer added", who, reviewer=reviewer.id)
        return reviewer
