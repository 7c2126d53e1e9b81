"""A small campaign for tests: documents, systems and controls of any size, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from trainer.campaigns.folder import Campaign, Campaigns, empty_key, new_id
from trainer.campaigns.types import (
    SIDE_BY_SIDE,
    CampaignSettings,
    Control,
    Item,
    Key,
    Output,
    Protocol,
    Source,
    SystemSpec,
)
from translator.settings import Settings

NAMES = ("zweigelt-7b", "blaufraenkisch-2b", "traminer-1b", "veltliner-3b")
"""Names of systems that stand in no text by chance."""


def specs(count: int) -> tuple[SystemSpec, ...]:
    """Systems ``s1`` … with names that nothing else has."""
    return tuple(
        SystemSpec(f"s{number}", name, "model", f"{name}-Q8_0")
        for number, name in enumerate(NAMES[:count], 1)
    )


def items_and_key(
    sizes: Sequence[int] = (3, 2),
    systems: int = 2,
    protocol: Protocol = "contrastive-esa",
    repeats: int = 0,
    degraded: int = 0,
    tutorial: bool = False,
) -> tuple[list[Item], Key]:
    """Items of documents with so many segments each; output texts say document, place, system."""
    items: list[Item] = []
    outputs: dict[str, str] = {}
    controls: dict[str, Control] = {}
    again: dict[str, str] = {}

    def output(text: str, system: str) -> Output:
        made = Output(new_id("o"), text)
        outputs[made.id] = system
        return made

    names = [f"s{number}" for number in range(1, systems + 1)]
    for document, size in enumerate(sizes, 1):
        for place in range(size):
            source = Source(f"d{document}", place, f"Source {place} of {document}.")
            shown = [output(f"Ziel {place} aus {document}, {name}.", name) for name in names]
            groups = [shown] if protocol in SIDE_BY_SIDE else [[each] for each in shown]
            items += [Item(new_id("i"), source, tuple(group)) for group in groups]
    real = list(items)
    for number in range(repeats + degraded):
        first = real[number * len(real) // (repeats + degraded)]
        copies = [output(each.text, outputs[each.id]) for each in first.outputs]
        item = Item(new_id("i"), first.source, tuple(copies))
        if number < repeats:
            controls[item.id] = Control("repeat", first.id)
            again |= {c.id: each.id for c, each in zip(copies, first.outputs, strict=True)}
        else:
            worse = replace(copies[0], text="Ziel.")
            item = replace(item, outputs=(worse, *copies[1:]))
            controls[item.id] = Control(
                "degraded", first.id, "cut", copies[0].id, first.outputs[0].id
            )
        items.append(item)
    if tutorial:
        pair = (Output(new_id("o"), "Gut."), Output(new_id("o"), "Schlecht."))
        shown_first = pair if protocol in SIDE_BY_SIDE else pair[:1]
        items.insert(0, Item(new_id("i"), Source("tutorial", 0, "Good."), shown_first, True))
    key = replace(
        empty_key(), systems=specs(systems), outputs=outputs, controls=controls, repeats=again
    )
    return items, key


def campaign_in(
    home: Path,
    reviewers: Sequence[str] = ("Anna", "Ben"),
    items: tuple[list[Item], Key] | None = None,
    **settings: object,
) -> Campaign:
    """An open campaign in a data home; ``settings`` are fields of :class:`CampaignSettings`."""
    asked = CampaignSettings(id="", name="A test", created=0, source="en", target="de")
    asked = replace(asked, **settings)  # type: ignore[arg-type]
    campaign = Campaigns(Settings(home)).create(asked, reviewers, "test")
    campaign.open(*(items or items_and_key(protocol=asked.protocol)), "test")
    return campaign
