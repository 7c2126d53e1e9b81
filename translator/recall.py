"""Between the pipeline and the translation memory: what a find is worth, what is worth keeping."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from translator import checks, markup, segmenting
from translator.ladder import parts_of
from translator.memory import Asked, Origin, Remembers, Unit
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
        asked = self.asked(segment)
        units = self._fitting(asked)
        written = [unit.target for unit in units if unit.origin is not Origin.MODEL]
        if not written and self.sentences:
            written = self._from_sentences(segment, asked)
        if written:
            return self._found(segment, written[0], self.check(segment, written[0], False))
        for unit in units:
            findings = self.check(segment, unit.target, False)
            if not any(check.fatal for check in findings):
                found = self._found(segment, unit.target, findings)
                return replace(found, model=unit.model, style=self.style_id)
        return None

    def _fitting(self, asked: Asked) -> list[Unit]:
        units = self.memory.find(asked)
        return [unit for unit in units if not markup.problems(asked.text, unit.target)]

    def _from_sentences(self, segment: Segment, asked: Asked) -> list[str]:
        """The one translation made of people's translations of each sentence, or nothing."""
        parts = parts_of(segment)
        texts: list[str] = []
        for part in parts if len(parts) > 1 else []:
            units = self._fitting(replace(asked, text=part.text))
            written = [unit.target for unit in units if unit.origin is not Origin.MODEL]
            if not any(map(str.isalpha, markup.plain(part.text))):
                written = [part.text]
            if not written:
                return []
            texts.append(written[0])
        whole = segmenting.join(parts, texts, asked.target) if texts else ""
        return [] if markup.problems(segment.text, whole) or not whole else [whole]

    def _found(self, segment: Segment, text: str, findings: tuple[Check, ...]) -> Translation:
        return Translation(
            segment.id,
            Status.TRANSLATED,
            text,
            checks=tuple(replace(check, fatal=False) for check in findings),
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
        return Translation(
            segment.id, Status.KEPT, segment.text, reason, provenance=Provenance.PERSON
        )
    findings = checks.check(segment, text, "" if source == UNKNOWN else source, target)
    return Translation(
        segment.id,
        Status.TRANSLATED,
        text,
        checks=tuple(replace(check, fatal=False) for check in findings),
        provenance=Provenance.PERSON,
    )
