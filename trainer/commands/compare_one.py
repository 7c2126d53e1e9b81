"""What the actions of ``verso compare`` on one campaign have in common."""

from __future__ import annotations

import argparse
import getpass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainer.campaigns.folder import Campaign


def action(actions: Any, name: str, run: Any, about: str) -> argparse.ArgumentParser:
    """An action on one campaign."""
    made: argparse.ArgumentParser = actions.add_parser(name, help=about)
    made.add_argument("id", metavar="ID", help="the campaign's id, its beginning, or its name")
    made.set_defaults(run=run)
    return made


def found(arguments: argparse.Namespace) -> Campaign:
    """The campaign that was named. Raises :class:`InputError`."""
    from trainer.campaigns.folder import Campaigns
    from translator.settings import Settings

    return Campaigns(Settings.load()).find(arguments.id)


def who() -> str:
    """Who gives the command, for the campaign's log."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user, as in some containers
        return "the command line"
