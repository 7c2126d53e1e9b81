"""Collects ratings, from a campaign or from a file, into the form that is analysed."""

from __future__ import annotations

from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

from trainer.campaigns.types import SIDE_BY_SIDE, Judgement, Protocol, Verdict
from trainer.results.study import Effort, Output, Study, Text
from trainer.statistics.data import (
    Looked,
    Mark,
    Preference,
    Repeat,
    Score,
    Spoiled,
    Timing,
)
from trainer.statistics.errors import weight
from trainer.statistics.wins import preferences_of

LOOKED_FOR_ERRORS: frozenset[Protocol] = frozenset({"contrastive-esa", "esa", "mqm"})
# Verdicts as numbers; only their order has a meaning.
LEVELS: dict[Verdict, float] = {"redo": 0, "heavy-edit": 1, "light-edit": 2, "as-is": 3}


def value_of(protocol: Protocol, judgement: Judgement, text: str) -> float | None:
    """What was said of an output as one number, the higher the better; ``None`` if nothing was.

    ``text`` is the output's. See ``study.SCALES`` for what the numbers are.
    """
    match protocol:
        case "mqm":
            return 0.0 - sum(weight(span.severity, span.category) for span in judgement.spans)
        case "post-edit":
            if judgement.edit is None:
                return judgement.score
            return 100 * Levenshtein.normalized_similarity(text, judgement.edit)
        case "deliver":
            return None if judgement.verdict is None else LEVELS[judgement.verdict]
        case _:
            return judgement.score


class Builder:
    """The lists of a study while it is read. Those that need no thought are filled from outside."""

    def __init__(self, protocol: Protocol, *, exact_lengths: bool = True) -> None:
        """``exact_lengths``: that of every output will be known."""
        self.protocol = protocol
        self.exact_lengths = exact_lengths
        self.answers = 0
        self.scores: list[Score] = []
        self.preferences: list[Preference] = []
        self.marks: list[Mark] = []
        self.looked: list[Looked] = []
        self.timings: list[Timing] = []
        self.efforts: list[Effort] = []
        self.seconds: dict[Output, float] = {}
        self.repeats: list[Repeat] = []
        self.spoiled: list[Spoiled] = []
        self.texts: dict[tuple[str, str], Text] = {}

    def judge(
        self,
        of: Output,
        judgement: Judgement,
        text: str,
        *,
        place: int | None = None,
        seconds: float = 0.0,
        source: str = "",
        length: int | None = None,
    ) -> None:
        """Take what one reviewer said of one output.

        ``text`` and ``source`` are the output and what it translates; ``length`` is that of the
        output where its text is not known.
        """
        self.seconds[of] = seconds
        value = value_of(self.protocol, judgement, text)
        if value is not None:
            self.scores.append(Score(*of, float(value), place))
        if self.protocol in LOOKED_FOR_ERRORS:
            length = len(text) if length is None else length
            self.looked.append(Looked(*of, length))
            self.marks += _marks(of, judgement, length)
        if judgement.edit is not None:
            keys = judgement.keystrokes
            self.efforts.append(Effort(*of, judgement.edit, keys, seconds, len(source)))

    def know(self, text: Text) -> None:
        """Take a segment's texts; what is known of it already stays."""
        place = text.document, text.segment
        if before := self.texts.get(place):
            text = Text(
                *place,
                before.source or text.source,
                text.reference if before.reference is None else before.reference,
                {**text.outputs, **before.outputs},
            )
        self.texts[place] = text

    def study(
        self,
        name: str,
        source: str,
        target: str,
        systems: Sequence[str],
        *,
        final: bool = True,
        expected: int | None = None,
        notes: Sequence[str] = (),
        key_hash: str = "",
    ) -> Study:
        """All that was taken. Choices between outputs follow from scores where none were made."""
        pairwise = self.protocol == "pairwise"
        scores = shares_of(self.preferences) if pairwise else self.scores
        return Study(
            name,
            source,
            target,
            self.protocol,
            tuple(systems),
            final,
            self.protocol in SIDE_BY_SIDE,
            self.answers,
            expected,
            scores,
            self.preferences if pairwise else preferences_of(scores),
            self.marks,
            self.looked,
            self.repeats,
            self.spoiled,
            self.timings,
            self.efforts,
            self.seconds,
            self.texts,
            tuple(notes),
            key_hash,
            self.exact_lengths,
        )


def _marks(of: Output, judgement: Judgement, length: int) -> list[Mark]:
    return [
        Mark(*of, span.start, span.end, span.severity, span.category, length)
        for span in judgement.spans
    ]


def shares_of(preferences: Sequence[Preference]) -> list[Score]:
    """For each answer the mean worth of each output in it: 1 preferred, 0 not, 1/2 in a tie."""
    worth: dict[tuple[str, str, str, str], list[float]] = {}
    for choice in preferences:
        for system in (choice.first, choice.second):
            value = 0.5 if choice.winner is None else float(choice.winner == system)
            key = choice.document, choice.segment, system, choice.reviewer
            worth.setdefault(key, []).append(value)
    return [Score(*key, sum(values) / len(values)) for key, values in worth.items()]
