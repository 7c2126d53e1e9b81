"""From a campaign's answers and its key to the form that is analysed.

What tests a reviewer is kept apart from what is said of the systems: a repeated item counts for
the reviewer's consistency only, a spoiled one for attention only, a tutorial for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from string import ascii_uppercase

from trainer.campaigns import outputs
from trainer.campaigns.folder import RATINGS, Campaign
from trainer.campaigns.protocols import BOTH_BAD, TIE
from trainer.campaigns.types import (
    SIDE_BY_SIDE,
    CampaignSettings,
    Control,
    Item,
    Key,
    Rating,
    Task,
)
from trainer.ratings.log import RatingsLog
from trainer.results.building import Builder, value_of
from trainer.results.study import Study, Text
from trainer.statistics.data import Preference, Repeat, Spoiled, Timing


def study_of(campaign: Campaign) -> Study:
    """What a campaign's reviewers have said so far, in real names only after the key was revealed.

    Raises :class:`InputError` while the campaign is made.
    """
    key, final = campaign.key(), campaign.revealed
    return read(
        campaign.settings,
        campaign.items(),
        key,
        RatingsLog(campaign.path / RATINGS).latest().values(),
        campaign.tasks(),
        _texts(campaign, system_labels(key, final)),
        final=final,
    )


def read(
    settings: CampaignSettings,
    items: Iterable[Item],
    key: Key,
    ratings: Iterable[Rating],
    tasks: Sequence[Task] = (),
    texts: Iterable[Text] = (),
    *,
    final: bool,
) -> Study:
    """Put answers and key together. Ratings of items or outputs that are unknown are left out.

    ``ratings`` are those that count: one of a reviewer and item. ``texts`` are what reviewers may
    not have seen: references, and outputs that stood in no item.
    """
    known = {item.id: item for item in items}
    given = sorted((r for r in ratings if r.item in known), key=lambda rating: rating.time)
    labels = system_labels(key, final)
    reading = _Reading(settings, known, key, labels)
    for rating in given:
        reading.take(rating)
    reading.test(given)
    for item in known.values():
        reading.know(item)
    for text in texts:
        reading.builder.know(text)
    counted = [task for task in tasks if task.item in known and reading.counts(known[task.item])]
    return reading.builder.study(
        settings.name,
        settings.source,
        settings.target,
        list(labels.values()),
        final=final,
        expected=len(counted) or None,
        key_hash=settings.key_hash,
    )


def system_labels(key: Key, final: bool) -> dict[str, str]:
    """A name for each system: its own, or a letter that says nothing of its place in the key."""
    if not final:
        drawn = sorted((system.id for system in key.systems), key=lambda id: _draw(key.salt, id))
        return {id: ascii_uppercase[number] for number, id in enumerate(drawn)}
    labels: dict[str, str] = {}
    for system in key.systems:
        name, number = system.name, 1
        while name in labels.values():
            number += 1
            name = f"{system.name} ({number})"
        labels[system.id] = name
    return labels


def _texts(campaign: Campaign, labels: Mapping[str, str]) -> Iterator[Text]:
    """Every segment with its reference and the outputs of all systems, as they were made."""
    made = {label: outputs.Outputs(campaign.path, id).all() for id, label in labels.items()}
    for source in outputs.read_sources(campaign.path):
        place = source.place
        yield Text(
            source.document,
            str(source.position),
            source.text,
            source.reference,
            {label: of[place].text for label, of in made.items() if place in of},
        )


def _draw(salt: str, system: str) -> bytes:
    return hashlib.sha256(f"label\0{salt}\0{system}".encode()).digest()


class _Reading:
    """Answers under a key."""

    def __init__(
        self,
        settings: CampaignSettings,
        items: dict[str, Item],
        key: Key,
        labels: dict[str, str],
    ) -> None:
        self.builder = Builder(settings.protocol)
        self._protocol = settings.protocol
        self._items = items
        self._key = key
        self._labels = labels

    def counts(self, item: Item) -> bool:
        """Whether answers to an item say something of the systems."""
        return not item.tutorial and item.id not in self._key.controls

    def take(self, rating: Rating) -> None:
        """Take an answer, unless it is of a tutorial or of an item that tests the reviewer."""
        item = self._items[rating.item]
        if not self.counts(item):
            return
        builder = self.builder
        builder.answers += 1
        document, segment = _place(item)
        builder.timings.append(Timing(rating.reviewer, document, segment, rating.seconds))
        if self._protocol == "pairwise":
            builder.preferences += self._choices(rating, item)
            builder.seconds[document, segment, "", rating.reviewer] = rating.seconds
            return
        texts = {output.id: output.text for output in item.outputs}
        for judgement in rating.judgements:
            system = self._system(judgement.output)
            if system is None or judgement.output not in texts:
                continue
            together = self._protocol in SIDE_BY_SIDE and judgement.output in rating.order
            builder.judge(
                (document, segment, system, rating.reviewer),
                judgement,
                texts[judgement.output],
                place=rating.order.index(judgement.output) if together else None,
                seconds=rating.seconds,
                source=item.source.text,
            )

    def test(self, ratings: Sequence[Rating]) -> None:
        """What the repeated and the spoiled items among the answers say of the reviewers."""
        said = {
            (rating.reviewer, output): value
            for rating in ratings
            for output, value in self._values(rating).items()
        }
        for rating in ratings:
            control = self._key.controls.get(rating.item)
            if control is None:
                continue
            if control.kind == "degraded":
                self._spoiled(rating.reviewer, control, said)
            else:
                for output in rating.order:
                    self._repeated(rating.reviewer, output, said)

    def know(self, item: Item) -> None:
        """Take the texts of an item."""
        if self.counts(item):
            outputs = {
                system: output.text
                for output in item.outputs
                if (system := self._system(output.id)) is not None
            }
            source = item.source
            self.builder.know(Text(*_place(item), source.text, source.reference, outputs))

    def _system(self, output: str) -> str | None:
        return self._labels.get(self._key.outputs.get(output, ""))

    def _values(self, rating: Rating) -> dict[str, float]:
        """What an answer says of each output as a number, to compare with another answer."""
        if self._protocol == "pairwise":
            tied = rating.choice not in rating.order
            return {
                output: 0.5 if tied else float(output == rating.choice) for output in rating.order
            }
        texts = {output.id: output.text for output in self._items[rating.item].outputs}
        values = {
            judgement.output: value_of(self._protocol, judgement, texts[judgement.output])
            for judgement in rating.judgements
            if judgement.output in texts
        }
        return {output: value for output, value in values.items() if value is not None}

    def _choices(self, rating: Rating, item: Item) -> list[Preference]:
        """A choice among outputs is one between the chosen and each of the others."""
        document, segment = _place(item)
        shown = {
            output: system
            for output in rating.order
            if (system := self._system(output)) is not None
        }
        chosen = shown.get(rating.choice or "")
        if chosen is None and rating.choice not in (TIE, BOTH_BAD):
            return []
        systems = list(shown.values())
        return [
            Preference(
                document, segment, rating.reviewer, first, second, chosen,
                both_bad=rating.choice == BOTH_BAD,
            )
            for number, first in enumerate(systems)
            for second in systems[number + 1 :]
            if chosen is None or chosen in (first, second)
        ]  # fmt: skip

    def _repeated(self, reviewer: str, output: str, said: dict[tuple[str, str], float]) -> None:
        first_output = self._key.repeats.get(output, "")
        first, second = said.get((reviewer, first_output)), said.get((reviewer, output))
        system = self._system(first_output)
        if first is not None and second is not None and system is not None:
            self.builder.repeats.append(Repeat(reviewer, system, first, second))

    def _spoiled(self, reviewer: str, control: Control, said: dict[tuple[str, str], float]) -> None:
        spoiled = said.get((reviewer, control.output))
        intact = said.get((reviewer, control.of_output))
        if self._protocol == "pairwise" and spoiled is not None:
            intact = 1 - spoiled  # of the outputs beside it
        if spoiled is not None and intact is not None:
            self.builder.spoiled.append(Spoiled(reviewer, control.how, intact, spoiled))


def _place(item: Item) -> tuple[str, str]:
    return item.source.document, str(item.source.position)
