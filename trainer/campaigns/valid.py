"""What a campaign can be made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from trainer.campaigns.types import CampaignSettings, Item, Key
from trainer.campaigns.values import plain, value_of
from translator import languages
from translator.errors import InputError

MOST_REVIEWERS = 200


def checked_settings(settings: CampaignSettings) -> CampaignSettings:
    source, target = languages.get(settings.source), languages.get(settings.target)
    if source.tag == target.tag:
        raise InputError("Source and target are one language.", "Choose two languages.")
    settings = value_of(CampaignSettings, plain(settings))  # also checks the protocol
    for name in ("overlap", "repeats", "degraded"):
        if not 0 <= getattr(settings, name) <= 1:
            raise InputError(f"The share {name!r} is {getattr(settings, name)}.", "It is 0 to 1.")
    if not 1 <= settings.expires_days <= 3650:
        raise InputError("Links can be open for 1 to 3650 days.")
    name = checked_name(settings.name)
    return replace(settings, name=name, source=source.tag, target=target.tag)


def checked_name(name: str) -> str:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 120:
        raise InputError("A name has 1 to 120 characters.")
    return name


def require_matching(items: Sequence[Item], key: Key) -> None:
    """Raises :class:`InputError`: a bug or a file from elsewhere would spoil the whole campaign."""
    ids = [output.id for item in items if not item.tutorial for output in item.outputs]
    systems = {system.id for system in key.systems}
    names = {item.id for item in items}
    if not any(not item.tutorial for item in items):
        raise InputError("There is nothing to rate.", "Add documents to the campaign.")
    if len(set(ids)) != len(ids) or len(names) != len(items):
        raise InputError("Two outputs or items have the same id.")
    if set(ids) - key.outputs.keys() or not set(key.outputs.values()) <= systems:
        raise InputError("The key does not name the system of every output.")
    plain_items = {item.id for item in items if not item.tutorial} - key.controls.keys()
    firsts = {control.of_item for control in key.controls.values()}
    if not key.controls.keys() <= names or not firsts <= plain_items:
        raise InputError("The key has a control that is no item, or of no item.")
