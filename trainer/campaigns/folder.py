"""A campaign is a folder of files that says everything of itself.

``campaign.toml`` (:class:`CampaignSettings`), ``items.jsonl``, ``tasks.jsonl`` and
``ratings.jsonl`` name no system and no person. ``key.json`` and ``reviewers.json`` are for this
server alone (0600); ``flags.json`` is for the owner. ``log.jsonl`` says what happened, when and by
whom; nothing in it is ever changed, and it decides at which stage the campaign is.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tomli_w

from trainer import background
from trainer.campaigns import assignment
from trainer.campaigns.files import CampaignFiles, saving
from trainer.campaigns.key import hash_of, key_bytes, key_of, new_salt, require_silent, verify
from trainer.campaigns.types import CampaignSettings, Item, Key, Reviewer, Stage, Task
from trainer.campaigns.valid import (
    MOST_REVIEWERS,
    checked_name,
    checked_settings,
    require_matching,
)
from trainer.campaigns.values import plain, read_rows, rows_text, value_of
from translator.errors import InputError
from translator.settings import Settings

CAMPAIGNS = "campaigns"
SETTINGS = "campaign.toml"
ITEMS = "items.jsonl"
KEY = "key.json"
TASKS = "tasks.jsonl"
RATINGS = "ratings.jsonl"
FLAGS = "flags.json"

_ID = re.compile(r"c[0-9a-f]{16}")


def new_id(prefix: str) -> str:
    """A random id of 64 bits: ``c`` for a campaign, ``r`` reviewer, ``i`` item, ``o`` output."""
    return prefix + secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Campaign(CampaignFiles):
    """A campaign: what its files say, and what may happen to it."""

    @property
    def settings(self) -> CampaignSettings:
        """All that is no secret. Raises :class:`InputError` if the file was broken by hand."""
        try:
            values = tomllib.loads((self.path / SETTINGS).read_text("utf-8"))
        except FileNotFoundError as error:
            raise InputError(f"There is no campaign {self.id}.") from error
        except ValueError as error:
            raise InputError(f"{SETTINGS} is no valid TOML: {error}.", "Mend it.") from error
        return value_of(CampaignSettings, values)

    @property
    def stage(self) -> Stage:
        """``making`` until it is opened (``failed`` if that went wrong), then ``open``, ``locked``.

        A campaign whose making was stopped is still ``making``; its job says so.
        """
        events = {row["event"] for row in self.log()}
        if "locked" in events:
            return "locked"
        if "opened" in events:
            return "open"
        return "failed" if background.status(self.path).state == "failed" else "making"

    @property
    def revealed(self) -> bool:
        """Whether somebody was shown the key."""
        return any(row["event"] == "revealed" for row in self.log())

    def items(self) -> list[Item]:
        """Everything that is rated, tutorial and controls too; in the order of the documents."""
        return read_rows(Item, self.path / ITEMS)

    def key(self) -> Key:
        """The key, for this server's own work: nothing of it may reach a page before the lock.

        Raises:
            InputError: there is none yet, it is not the one whose hash was published, or the items
                are not those that it is of.
        """
        try:
            data = (self.path / KEY).read_bytes()
        except FileNotFoundError as error:
            raise InputError("The campaign has no key yet.", "Wait until it is made.") from error
        if not verify(data, self.settings.key_hash):
            raise InputError(
                "The campaign's key is not the one whose hash was published.",
                "Someone changed key.json or campaign.toml.",
            )
        key = key_of(data)
        if not verify((self.path / ITEMS).read_bytes(), key.items):
            raise InputError(
                "The items are not those that the campaign was opened with.",
                "Someone changed items.jsonl.",
            )
        return key

    def reviewers(self) -> list[Reviewer]:
        """Who rates. The names are for the owner's eyes."""
        return [value_of(Reviewer, row) for row in self.reviewer_rows()]

    def tasks(self, reviewer_id: str = "") -> list[Task]:
        """What a reviewer gets, in the order of the work; everybody's if none is named."""
        tasks = read_rows(Task, self.path / TASKS)
        return [task for task in tasks if reviewer_id in ("", task.reviewer)]

    def flags(self) -> dict[str, Any]:
        """What the checks said of the outputs, for the owner; as :meth:`write_flags` was given."""
        try:
            flags: dict[str, Any] = json.loads((self.path / FLAGS).read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return flags

    def consent(self, reviewer_id: str) -> bool | None:
        """Whether the reviewer agreed that the answers train models; ``None``: not asked yet."""
        said = self.consents(reviewer_id)
        return said[-1] if said else None

    def consents(self, reviewer_id: str) -> list[bool]:
        """What the reviewer said to that, each time."""
        return [
            bool(row["agree"])
            for row in self.log()
            if row["event"] == "consent" and row["who"] == reviewer_id
        ]

    def set_consent(self, reviewer_id: str, agree: bool) -> None:
        """Write down what a reviewer said; the last word counts."""
        with self.changing():
            self.note("consent", reviewer_id, agree=agree)

    def write_flags(self, flags: Mapping[str, Any]) -> None:
        """Keep what the checks said of the outputs."""
        self.write(FLAGS, json.dumps(flags, ensure_ascii=False, indent=1) + "\n")

    def open(self, items: Sequence[Item], key: Key, who: str = "") -> None:
        """Everything is made: hand out the tasks, publish the key's hash and let reviewers in.

        May be called again after a crash. Raises :class:`InputError` if it is open already, or
        items and key do not belong together.
        """
        with self.changing():
            if self.stage in ("open", "locked"):
                raise InputError("This campaign is open already.")
            require_matching(items, key)
            settings = self.settings
            seen = (settings.name, settings.instructions, settings.consent)
            require_silent(seen, key.systems)
            reviewers = [reviewer.id for reviewer in self.reviewers()]
            tasks = assignment.assign(items, key, reviewers, settings.overlap, settings.seed)
            text = rows_text(items)
            data = key_bytes(replace(key, items=hash_of(text.encode())))
            self.write(ITEMS, text)
            self.write(KEY, data.decode())
            self.write(TASKS, rows_text(tasks))
            self._write_settings(replace(settings, key_hash=hash_of(data)))
            self.note("opened", who, key_hash=hash_of(data), items=len(items))

    def lock(self, who: str) -> None:
        """End the rating: no answer is taken from now on, and the key may be revealed.

        Raises :class:`InputError` if the campaign is not open.
        """
        with self.changing():
            if self.stage != "open":
                raise InputError(f"This campaign is not open but {self.stage}.")
            self.note("locked", who)

    def reveal(self, who: str) -> Key:
        """The key, for the owner; the log says who saw it and when.

        Raises :class:`InputError` before the lock, or if the key was exchanged.
        """
        with self.changing():
            if self.stage != "locked":
                raise InputError(
                    "The key is revealed when the campaign is locked.", "Lock the campaign first."
                )
            key = self.key()
            self.note("revealed", who, key_hash=self.settings.key_hash)
            return key

    def rename(self, name: str) -> None:
        """Give it another name, which reviewers see. Raises :class:`InputError` for no name."""
        with self.changing():
            if self.stage in ("open", "locked"):
                require_silent([name], self.key().systems)
            self._write_settings(replace(self.settings, name=checked_name(name)))

    def delete(self) -> None:
        """Delete the campaign with all its ratings. Raises :class:`InputError`."""
        if background.status(self.path).running:
            raise InputError("This campaign is being made.", "Stop that first.")
        try:
            # Without its settings it is no campaign any more, whatever else cannot be deleted.
            (self.path / SETTINGS).unlink(missing_ok=True)
            shutil.rmtree(self.path)
        except OSError as error:
            message = f"The campaign cannot be deleted: {error.strerror}."
            raise InputError(message, f"Delete {self.path} yourself.") from error

    def _write_settings(self, settings: CampaignSettings) -> None:
        self.write(SETTINGS, tomli_w.dumps(plain(settings)))


class Campaigns:
    """The campaigns of a data home."""

    def __init__(self, settings: Settings) -> None:
        self.home = settings.home
        self.folder = settings.home / CAMPAIGNS

    def list(self) -> list[Campaign]:
        """Every campaign, the newest first. One whose settings are broken is not among them."""
        found = []
        for path in self.folder.glob(f"c*/{SETTINGS}"):
            with contextlib.suppress(InputError):  # broken by hand, or deleted just now
                found.append((self.get(path.parent.name).settings.created, path.parent))
        return [Campaign(path) for _, path in sorted(found, reverse=True)]

    def get(self, campaign_id: str) -> Campaign:
        """The campaign with this id. Raises :class:`InputError` if there is none."""
        path = self.folder / campaign_id
        if not _ID.fullmatch(campaign_id) or not (path / SETTINGS).is_file():
            raise InputError("There is no such campaign.", "See `verso compare list`.")
        return Campaign(path)

    def find(self, name: str) -> Campaign:
        """The one whose id begins so, or that is called so. Raises :class:`InputError`."""
        every = self.list()
        found = [one for one in every if one.id == name or one.settings.name == name]
        found = found or [one for one in every if name and one.id.startswith(name)]
        if len(found) == 1:
            return found[0]
        if found:
            ids = ", ".join(one.id for one in found)
            raise InputError(f"There are several campaigns {name!r}.", f"Say which: {ids}.")
        raise InputError(f"There is no campaign {name!r}.", "See `verso compare list`.")

    def create(
        self, settings: CampaignSettings, reviewers: Sequence[str], who: str = ""
    ) -> Campaign:
        """A new campaign folder, still to be made: its id, time and hash are set here.

        ``reviewers`` are names, for the owner's eyes. Raises :class:`InputError` for settings
        that make no campaign.
        """
        settings = checked_settings(settings)
        names = [checked_name(name) for name in reviewers]
        if not names:
            raise InputError("Nobody rates this campaign.", "Name at least one reviewer.")
        if len(names) > MOST_REVIEWERS or len(set(names)) != len(names):
            raise InputError(
                "Two reviewers have one name, or there are too many.",
                f"Name each one once, {MOST_REVIEWERS} at most.",
            )
        campaign = Campaign(self.folder / new_id("c"))
        with saving("The campaign"):
            campaign.path.mkdir(parents=True, mode=0o700)
        settings = replace(settings, id=campaign.id, created=time.time(), key_hash="")
        with campaign.changing():
            campaign.note("created", who)
            people = [Reviewer(new_id("r"), name) for name in names]
            campaign.write_reviewer_rows([plain(person) for person in people])
            campaign._write_settings(settings)  # last: what is no campaign yet is not listed
        return campaign


def empty_key() -> Key:
    """A key with a fresh salt and nothing in it; see :func:`dataclasses.replace`."""
    return Key(new_salt(), (), {}, {})
