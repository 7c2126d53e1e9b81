"""Between the pipeline and the translation memory: what a find is worth, what is worth keeping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from translator import checks, markup, segmenting
from translator.ladder import parts_of
from translator.memory import Asked, Origin, Remembers
from translator.prompts import UNKNOWN
from translator.types import Check, Provenance, Segment, Status, Translation


@dataclass(frozen=True, slots=True)
class Recall:
    """A memory for one run. ``asked`` says what a segment's answer would depend on.

    ``sentences``: a segment that is not found as a whole is put together from its sentences, if
    people have translated all of them (most tools write a unit for each sentence).
    """

    memory: Remembers
    asked: Callable[[Segment], Asked]
    check: Callable[[Segment, str, bool], tuple[Check, ...]]
    model_id: str
    style_id: str
    sentences: bool = False

    def find(self, segment: Segment) -> Translation | None:
        """What the memory has for a segment, or ``None``.

        What a person wrote, or a file of theirs says, stands if its tags fit; findings about it
        are for the reader. A model's output has to pass today's checks again.
        """
        for unit in self.memory.find(self.asked(segment)):
            if markup.problems(segment.text, unit.target):
                continue
            found = self.check(segment, unit.target, False)
            made = unit.origin is Origin.MODEL
            if made and any(check.fatal for check in found):
                continue
            return Translation(
                segment.id,
                Status.TRANSLATED,
                unit.target,
                checks=_harmless(found),
                model=unit.model,
                style=self.style_id if made else "",
                provenance=Provenance.MEMORY,
            )
        return self._from_sentences(segment) if self.sentences else None

    def _from_sentences(self, segment: Segment) -> Translation | None:
        parts = parts_of(segment)
        if len(parts) < 2:
            return None
        asked = self.asked(segment)
        texts: list[str] = []
        for part in parts:
            found = [
                unit.target
                for unit in self.memory.find(replace(asked, text=part.text))
                if unit.origin is not Origin.MODEL and not markup.problems(part.text, unit.target)
            ]
            if not found:
                return None
            texts.append(found[0])
        whole = segmenting.join(parts, texts, asked.target)
        if markup.problems(segment.text, whole):
            return None
        return Translation(
            segment.id,
            Status.TRANSLATED,
            whole,
            checks=_harmless(self.check(segment, whole, False)),
            provenance=Provenance.MEMORY,
        )

    def learn(self, segment: Segment, result: Translation) -> None:
        """Keep a model's output about which there is no finding at all."""
        good = result.status is Status.TRANSLATED and not result.checks
        if good and result.provenance is Provenance.MODEL:
            self.memory.learn(self.asked(segment), result.text, self.model_id)


def edited(segment: Segment, text: str, source: str, target: str) -> Translation:
    """A person's translation of a segment as a result; findings about it are for the reader."""
    if markup.plain(text).split() == markup.plain(segment.text).split():
        reason = "a person left it unchanged"
        return Translation(segment.id, Status.KEPT, segment.text, reason=reason)
    found = checks.check(segment, text, "" if source == UNKNOWN else source, target)
    return Translation(
        segment.id,
        Status.TRANSLATED,
        text,
        checks=_harmless(found),
        provenance=Provenance.PERSON,
    )


def _harmless(found: tuple[Check, ...]) -> tuple[Check, ...]:
    return tuple(replace(check, fatal=False) for check in found)
