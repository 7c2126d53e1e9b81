"""From the outputs of the systems to what is rated, and the key to it.

Equal outputs of two systems stay two outputs: each is rated and counts for its own system, so
that places stay balanced and nothing has to be guessed later. They are named in the flags.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from trainer.campaigns.controls import spoiled
from trainer.campaigns.folder import empty_key, new_id
from trainer.campaigns.outputs import Written
from trainer.campaigns.tutorials import tutorial_items
from trainer.campaigns.types import (
    SIDE_BY_SIDE,
    CampaignSettings,
    Control,
    Item,
    Key,
    Output,
    Place,
    Source,
    SystemSpec,
)

_FEWEST = 8  # items of a campaign that has controls: in a shorter one they would stand out
_SHORTEST_NAME = 3  # characters of a name that is looked for in the outputs


@dataclass(frozen=True, slots=True)
class Made:
    """A campaign that can be opened. ``flags`` are for the owner; see :func:`flags_of`."""

    items: tuple[Item, ...]
    key: Key
    flags: dict[str, Any]


def make(
    settings: CampaignSettings,
    systems: Sequence[SystemSpec],
    sources: Sequence[Source],
    outputs: Mapping[str, Mapping[Place, Written]],
) -> Made:
    """Items in the order of the documents, the tutorial first.

    Controls stand beside what they are of, in an order by chance: the file must not tell them.

    ``outputs`` has a row for every system and segment. With more than two systems a ``pairwise``
    item shows two of them: over the segments every pair comes equally often.
    """
    chance = random.Random(f"{settings.seed} items")
    work = _Work(settings, outputs)
    for source, together in _groups(settings, systems, sources, chance):
        work.add(source, together)
    work.add_controls(chance)
    shown = tutorial_items(settings.protocol, settings.source, settings.target)
    key = replace(
        empty_key(),
        systems=tuple(systems),
        outputs=work.systems,
        controls=work.controls,
        repeats=work.repeats,
    )
    order = {row.place: number for number, row in enumerate(sources)}
    items = sorted(work.items, key=lambda one: (order[one.source.place], one.id))
    return Made((*shown, *items), key, flags_of(systems, sources, outputs))


def flags_of(
    systems: Sequence[SystemSpec],
    sources: Sequence[Source],
    outputs: Mapping[str, Mapping[Place, Written]],
) -> dict[str, Any]:
    """What the owner should look at.

    ``outputs``: a row for each finding, with ``system`` (its name), ``document``, ``position``,
    ``check``, ``detail``, ``fatal`` and ``text``. ``identical``: segments for which systems wrote
    the same, with their names.
    """
    rows: list[dict[str, Any]] = []
    identical: list[dict[str, Any]] = []
    # Files have names of any kind, such as words of the texts.
    models = [one for one in systems if one.kind in ("model", "run")]
    names = {word for one in models for word in (one.name, one.reference)}
    naming = re.compile(
        "|".join(rf"(?<!\w){re.escape(n)}(?!\w)" for n in names if len(n) >= _SHORTEST_NAME)
        or r"(?!)",
        re.IGNORECASE,
    )
    for source in sources:
        place = source.place
        where = {"document": source.document, "position": source.position}
        same: dict[str, list[str]] = defaultdict(list)
        for system in systems:
            written = outputs[system.id][place]
            same[written.text].append(system.name)
            found = [(check.name, check.detail, check.fatal) for check in written.checks]
            if match := naming.search(written.text):
                found.append(("names-a-system", match[0], False))
            rows += [
                {
                    "system": system.name, **where, "check": name, "detail": detail,
                    "fatal": fatal, "text": written.text,
                }
                for name, detail, fatal in found
            ]  # fmt: skip
        identical += [{**where, "systems": each} for each in same.values() if len(each) > 1]
    return {"outputs": rows, "identical": identical}


def _groups(
    settings: CampaignSettings,
    systems: Sequence[SystemSpec],
    sources: Sequence[Source],
    chance: random.Random,
) -> list[tuple[Source, tuple[str, ...]]]:
    """What is shown together: a segment and systems."""
    ids = [system.id for system in systems]
    groups: list[tuple[Source, tuple[str, ...]]] = []
    pairs = list(combinations(ids, 2))
    left: list[tuple[str, ...]] = []
    for source in sources:
        seen = source if settings.show_reference else replace(source, reference=None)
        if settings.protocol == "pairwise":
            if not left:
                left = chance.sample(pairs, len(pairs))
            groups.append((seen, left.pop()))
        elif settings.protocol in SIDE_BY_SIDE:
            groups.append((seen, tuple(ids)))
        else:
            groups += [(seen, (one,)) for one in chance.sample(ids, len(ids))]
    return groups


@dataclass
class _Work:
    """Items and the parts of their key, as they grow."""

    settings: CampaignSettings
    outputs: Mapping[str, Mapping[Place, Written]]
    items: list[Item] = field(default_factory=list)
    systems: dict[str, str] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)
    repeats: dict[str, str] = field(default_factory=dict)

    def add(self, source: Source, systems: Sequence[str]) -> None:
        shown = [self._output(self.outputs[one][source.place].text, one) for one in systems]
        self.items.append(_item(source, shown))

    def add_controls(self, chance: random.Random) -> None:
        """Items once more, as they are or spoiled: no item has two controls."""
        real = list(self.items)
        if len(real) < _FEWEST:
            return
        order = chance.sample(real, len(real))
        again = _count(self.settings.repeats, len(real))
        for item in order[:again]:
            self._repeat(item)
        wanted = _count(self.settings.degraded, len(real))
        spoilt: Counter[str] = Counter()
        for item in order[again:]:
            if spoilt.total() == wanted:
                break
            # Systems in turn: that a control is of one of them must say nothing.
            system = self._spoil(item, spoilt, chance)
            if system:
                spoilt[system] += 1

    def _repeat(self, item: Item) -> None:
        copies = [self._output(one.text, self.systems[one.id]) for one in item.outputs]
        for copy, first in zip(copies, item.outputs, strict=True):
            self.repeats[copy.id] = first.id
        made = _item(item.source, copies)
        self.controls[made.id] = Control("repeat", item.id)
        self.items.append(made)

    def _spoil(self, item: Item, spoilt: Counter[str], chance: random.Random) -> str:
        """A worse copy of an item; the system of what was spoiled, empty if nothing can be."""
        place = item.source.document, item.source.position
        for first in sorted(item.outputs, key=lambda one: spoilt[self.systems[one.id]]):
            system = self.systems[first.id]
            if self.outputs[system][place].failed:
                continue  # a careful reader would not see that it got worse
            others = [
                written.text
                for other, written in self.outputs[system].items()
                if other[0] != place[0] and not written.failed
            ]
            found = spoiled(first.text, self.settings.target, others, chance, turn=spoilt.total())
            if found is None:
                continue
            text, how = found
            copies = [
                self._output(text if one is first else one.text, self.systems[one.id])
                for one in item.outputs
            ]
            worse = copies[item.outputs.index(first)]
            made = _item(item.source, copies)
            self.controls[made.id] = Control("degraded", item.id, how, worse.id, first.id)
            self.items.append(made)
            return system
        return ""

    def _output(self, text: str, system: str) -> Output:
        made = Output(new_id("o"), text)
        self.systems[made.id] = system
        return made


def _item(source: Source, outputs: Sequence[Output]) -> Item:
    # In the order of their random ids: the file must not say which is of the first system.
    return Item(new_id("i"), source, tuple(sorted(outputs, key=lambda one: one.id)))


def _count(share: float, items: int) -> int:
    """How many items a share is: at least one if it is any."""
    return max(1, round(share * items)) if share > 0 else 0
