"""Making a campaign: its texts and systems are looked at at once, its outputs made in a process
of its own (``python -m trainer.campaigns.job FOLDER``) that outlives the page and can be stopped.

What was made is kept: a campaign that was stopped or killed goes on with :func:`again`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from trainer import background, run_files
from trainer.campaigns import generate, making, outputs, sources, systems, uploaded
from trainer.campaigns.folder import Campaign, Campaigns
from trainer.campaigns.key import require_silent
from trainer.campaigns.outputs import Outputs, Written
from trainer.campaigns.plan import Plan
from trainer.campaigns.types import CampaignSettings, SystemSpec
from trainer.campaigns.values import plain, value_of
from translator import checks
from translator.errors import InputError, VersoError
from translator.settings import Settings
from translator.types import Check, Segment

SYSTEMS = "systems.json"
_MODULE = "trainer.campaigns.job"


def create(plan: Plan, settings: Settings, who: str = "", *, start: bool = True) -> Campaign:
    """A new campaign, whose outputs are begun to be made. ``who`` goes into its log.

    All that can be wrong with a plan comes to light here: Raises :class:`VersoError` for texts
    that cannot be read, systems that cannot run, or outputs that do not match the segments.
    """
    plan.require_complete()
    pair = plan.source, plan.target
    every = sources.read(plan.texts, *pair)
    chosen = sources.choose(every, plan.texts.segments, plan.texts.excerpt, plan.seed)
    found = systems.known(plan.systems, settings, pair)
    name = plan.name.strip() or f"{plan.source} → {plan.target}"
    require_silent((name, plan.instructions, plan.consent), found)
    sent = {
        wish.id: uploaded.matched(Path(wish.reference), every, chosen, *pair)
        for wish in plan.systems
        if wish.kind == "file"
    }
    campaign = Campaigns(settings).create(
        CampaignSettings(
            "", name, 0.0, *pair, plan.protocol, plan.show_reference, plan.instructions,
            plan.consent, plan.overlap, plan.repeats, plan.degraded, plan.seed, plan.expires_days,
        ),
        plan.reviewers,
        who,
    )  # fmt: skip
    try:
        outputs.write_sources(campaign.path, chosen.rows)
        rows = json.dumps([plain(one) for one in found], ensure_ascii=False, indent=1)
        run_files.write_atomically(campaign.path / SYSTEMS, rows + "\n")
        for system, texts in sent.items():
            Outputs(campaign.path, system).add(_checked(chosen, texts, *pair))
        if start:
            background.start(campaign.path, _MODULE, settings.home)
    except (OSError, VersoError) as error:
        campaign.delete()
        if isinstance(error, VersoError):
            raise
        message = f"The campaign cannot be made: {error.strerror}."
        raise InputError(message, "Is the disk full?") from error
    return campaign


def again(campaign: Campaign, settings: Settings) -> None:
    """Go on with a campaign that was stopped or failed. Raises :class:`InputError`."""
    if campaign.stage in ("open", "locked"):
        raise InputError("This campaign is made already.")
    background.start(campaign.path, _MODULE, settings.home)


def stop(campaign: Campaign) -> None:
    """Ask the work to end; what was made is kept."""
    background.stop(campaign.path)


def systems_of(campaign: Campaign) -> tuple[SystemSpec, ...]:
    """The systems of a campaign that is still being made too; for the owner's eyes."""
    try:
        rows = json.loads((campaign.path / SYSTEMS).read_text("utf-8"))
    except FileNotFoundError:
        return ()
    return tuple(value_of(SystemSpec, row) for row in rows)


def run(folder: Path, settings: Settings | None = None) -> None:
    """Make what is missing and open the campaign; how it goes stands in the folder's status."""
    with background.Reporter(folder) as report:
        campaign = Campaign(folder)
        if campaign.stage in ("open", "locked"):
            return
        about = campaign.settings
        known = systems_of(campaign)
        rows = outputs.read_sources(folder)
        if not known or not rows:
            raise InputError("This campaign has no texts or systems.", "Make a new one.")
        for number, system in enumerate(known):

            def tell(text: str, fraction: float | None = None, number: int = number) -> None:
                report(text, (number + (fraction or 0.0)) / len(known))

            generate.generate(
                folder, system, rows, (about.source, about.target), settings or Settings.load(),
                tell,
            )  # fmt: skip
        report("Putting the items together", 1.0)
        made = making.make(
            about, known, rows, {one.id: Outputs(folder, one.id).all() for one in known}
        )
        campaign.write_flags(made.flags)
        campaign.open(made.items, made.key)


def _checked(
    chosen: sources.Sources, texts: tuple[str, ...], source: str, target: str
) -> list[Written]:
    """Outputs from elsewhere, with what the app's checks say of them."""
    rows = []
    for row, text in zip(chosen.rows, texts, strict=True):
        segment = Segment(f"{row.document}#{row.position}", "", 0, row.text)
        found: tuple[Check, ...] = checks.check(segment, text, source, target)
        rows.append(Written(row.document, row.position, text, found))
    return rows


if __name__ == "__main__":
    run(Path(sys.argv[1]))
