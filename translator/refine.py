"""The second look: the model sees a source with its own draft and may write a better translation.

Drafts are stored before they are looked at, and each look is stored when it ended, so that a job
that is killed goes on where it was. A look never makes a translation worse as far as the checks
can tell, and costs about as much as the draft did.

Measured with the starter model (English to German, NTREX): of 10 drafts it left 9 as they were and
put quotation marks into one. Asked in the same conversation to look again at its answer, it refused
or commented on 16 of 20. It is an option for larger models.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, replace

from translator import markup
from translator.engines.base import Finish
from translator.ladder import Answer, Ask, Judge
from translator.progress import Meter
from translator.records import Entry
from translator.types import Check, Provenance, Segment, Status, Translation

REFINED = "better at the second look"
UNCHANGED = "unchanged at the second look"
NO_BETTER = "the second look was no better"
# How like its draft a revision is, from 0 to 100. Revisions measured 70 and more; refusals,
# comments and echoes of an example, which no check may notice, 45 at most.
_ALIKE = 55
_LOOKED = (REFINED, UNCHANGED, NO_BETTER)


def drafts(entries: Iterable[Entry]) -> list[Entry]:
    """The segments that wait for a second look: what a model wrote, also when it was remembered."""
    return [
        entry
        for entry in entries
        if (draft := entry.translation) is not None
        and draft.status is Status.TRANSLATED
        and not draft.reason.startswith(_LOOKED)
        and draft.provenance is not Provenance.PERSON
        and draft.model  # what people wrote and the memory knew has none
    ]


def summary(entries: Iterable[Entry]) -> str:
    """What the second look did to a book, in a sentence; empty if there was none."""
    looks = [e.translation.reason for e in entries if e.translation is not None]
    changed = sum(reason.startswith(REFINED) for reason in looks)
    seen = sum(reason.startswith(_LOOKED) for reason in looks)
    return f"The second look changed {changed:,} of {seen:,} translations." if seen else ""


class FirstRound(Meter):
    """Measures the drafts of segments that will all get a second look."""

    @property
    def eta(self) -> float | None:
        """Seconds until the end, if the second looks take as long as the drafts in all."""
        left = super().eta
        return None if left is None else 2 * left + self._clock() - self._began


@dataclass(frozen=True, slots=True)
class SecondLook:
    """A look at one draft. ``tokens`` is the size of the segment's text."""

    judge: Judge
    segment: Segment
    tokens: int
    draft: Translation

    def climb(self) -> Generator[list[Ask], list[Answer], Translation]:
        """Ask once; the draft stays unless the answer is as good by the checks."""
        room = self.judge.room(self.tokens)
        sampling = replace(self.judge.sampling, max_new_tokens=room)
        ask = Ask(self.segment.text, sampling, whole=True, draft=self.draft.text)
        (answer,) = yield [ask]
        draft = replace(
            self.draft,
            attempts=self.draft.attempts + answer.tries,
            prompt_tokens=self.draft.prompt_tokens + answer.prompt_tokens,
            new_tokens=self.draft.new_tokens + answer.new_tokens,
            seconds=self.draft.seconds + answer.seconds,
        )
        if answer.error is not None:
            return replace(draft, reason=f"{NO_BETTER} ({answer.error})")
        if _same(answer.text, draft.text):
            return replace(draft, reason=UNCHANGED)
        found = self.judge.check(self.segment, answer.text, answer.finish is not Finish.STOP)
        if any(check.fatal for check in found) or _names(found) - _names(draft.checks):
            why = ", ".join(sorted(_names(found)))
            return replace(draft, reason=f"{NO_BETTER} ({why})")
        if _same(answer.text, self.segment.text):
            return replace(draft, reason=f"{NO_BETTER} (it was the source)")
        from rapidfuzz import fuzz  # slow to import

        if fuzz.ratio(answer.text, draft.text) < _ALIKE:
            return replace(draft, reason=f"{NO_BETTER} (it was another text)")
        better = replace(draft, text=answer.text, reason=REFINED, checks=found)
        return replace(better, provenance=Provenance.MODEL)


def _names(findings: Iterable[Check]) -> set[str]:
    return {check.name for check in findings}


def _same(one: str, other: str) -> bool:
    return markup.plain(one).split() == markup.plain(other).split()
