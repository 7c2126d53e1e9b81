"""Ratings in the form that is analysed, whether a campaign's own or made elsewhere.

Only this form is analysed, so both are treated alike. A system has one name throughout: its real
one, or before a campaign's lock a letter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from trainer.campaigns.types import Protocol
from trainer.statistics.alpha import Level
from trainer.statistics.data import (
    Looked,
    Mark,
    Preference,
    Repeat,
    Score,
    Spoiled,
    Timing,
    names,
)

Output = tuple[str, str, str, str]
"""Whose output was rated by whom: document, segment, system ("" for a choice) and reviewer."""


@dataclass(frozen=True, slots=True)
class Scale:
    """What the numbers of a study are. ``low`` and ``high`` bound them, if anything does."""

    title: str
    low: float | None
    high: float | None
    level: Level = "interval"  # of measurement, as Krippendorff's alpha asks for it
    explained: str = ""


SCALES: dict[Protocol, Scale] = {
    "contrastive-esa": Scale("score", 0, 100),
    "esa": Scale("score", 0, 100),
    "da": Scale("score", 0, 100),
    "mqm": Scale(
        "MQM score",
        None,
        0,
        explained="The MQM score of a segment is the sum of its errors' weights, below zero.",
    ),
    "pairwise": Scale(
        "share preferred",
        0,
        1,
        explained=(
            "In a comparison the preferred output counts 1, another 0, and in a tie (also when "
            "both were bad) each counts one half."
        ),
    ),
    "post-edit": Scale(
        "share kept",
        0,
        100,
        explained=(
            "The share kept is 100 less the edit distance in characters from the output to its "
            "edited text, in percent of the longer one."
        ),
    ),
    "deliver": Scale(
        "verdict",
        0,
        3,
        "ordinal",
        "Verdicts count 3 (deliver as is), 2 (light edit), 1 (heavy edit) and 0 (redo).",
    ),
}


@dataclass(frozen=True, slots=True)
class Text:
    """A segment and what the systems made of it, by the system's name."""

    document: str
    segment: str
    source: str
    reference: str | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effort:
    """An output as a reviewer edited it, and what that took.

    ``length`` is that of the source, in characters.
    """

    document: str
    segment: str
    system: str
    reviewer: str
    edit: str
    keystrokes: int
    seconds: float  # of attention
    length: int


@dataclass(frozen=True, slots=True)
class Study:
    """All that is known of one comparison. ``final``: the systems have their real names.

    ``shown_together``: outputs stood side by side, so that their place may have had an effect.
    ``expected`` is the number of answers that all reviewers together are asked for, if known.
    ``key_hash`` is the SHA-256 of a campaign's key. Without ``exact_lengths`` outputs may be
    longer than their marks say, so that errors cannot be counted by length.
    ``seconds`` are those of the whole answer that an output was rated in.
    """

    name: str
    source: str
    target: str
    protocol: Protocol
    systems: tuple[str, ...]
    final: bool = True
    shown_together: bool = True
    answers: int = 0
    expected: int | None = None
    scores: Sequence[Score] = ()
    preferences: Sequence[Preference] = ()
    marks: Sequence[Mark] = ()
    looked: Sequence[Looked] = ()
    repeats: Sequence[Repeat] = ()
    spoiled: Sequence[Spoiled] = ()
    timings: Sequence[Timing] = ()
    efforts: Sequence[Effort] = ()
    seconds: Mapping[Output, float] = field(default_factory=dict)
    texts: Mapping[tuple[str, str], Text] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    key_hash: str = ""
    exact_lengths: bool = True

    @property
    def scale(self) -> Scale:
        """What the numbers in ``scores`` are."""
        return SCALES[self.protocol]

    @property
    def reviewers(self) -> list[str]:
        """Those who answered anything."""
        return names(score.reviewer for score in self.scores)

    @property
    def documents(self) -> list[str]:
        """Those of which anything was rated."""
        return names(score.document for score in self.scores)

    @property
    def segments(self) -> list[tuple[str, str]]:
        """Those of which anything was rated, by document and segment."""
        return names((score.document, score.segment) for score in self.scores)
