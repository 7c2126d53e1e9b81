"""How one segment gets its translation: first try, retries, smaller parts, text between tags.

The ladder decides what to ask next and whether an answer will do. It knows no engine: it is a
generator that yields questions and is sent the answers, so that a scheduler can keep hundreds
of ladders going at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace

from translator import markup, segmenting
from translator.engines.base import Finish
from translator.errors import VersoError
from translator.types import Check, Provenance, Sampling, Segment, Status, Translation

# A run of text between tags may begin in the middle of a sentence, with a comma or a quote mark
# that belongs to what was before: a model would drop it.
_LEADING = re.compile(r"\W*")
_UNSPACED = re.compile("[\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")

RETRY_TEMPERATURE = 0.3
LOOP_PENALTY = 1.1


@dataclass(frozen=True, slots=True)
class Ask:
    """A question: translate this text. ``text`` is canonical (tagged)."""

    text: str
    sampling: Sampling
    note: str = ""
    whole: bool = False  # the segment as it is: its partial text can be shown
    draft: str = ""  # canonical; a translation to be looked at again


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to an :class:`Ask`; ``text`` is canonical. With an ``error`` there is no text."""

    text: str = ""
    finish: Finish = Finish.STOP
    error: VersoError | None = None
    prompt_tokens: int = 0
    new_tokens: int = 0
    seconds: float = 0.0
    tries: int = 1  # more than one when the engine crashed in between


Climb = Generator[list[Ask], list[Answer], Translation]
_Rounds = Generator[list[Ask], list[Answer], "_Try"]

# What to say to the model about a finding, by the finding's name.
_NOTES = {
    "placeholders": "The last try lost or repeated tags ({}): copy every tag exactly once.",
    "empty": "The last try was empty: write the translation.",
    "wrong-language": "The last try was not in {target}: write {target} only.",
    "copied-source": "The last try copied the text: translate it into {target}.",
    "leftover": "The last try held more than the translation ({}): write nothing else.",
    "repetition": "The last try repeated itself: translate every sentence once.",
    "omission": "The last try seems to have left out a sentence: translate every sentence.",
    "length": "The last try left something out or added something: translate all of the text.",
}
# Findings that are worth one more question, though the text may stand.
_DOUBTS = frozenset({"omission"})
_LOOPS = frozenset({"repetition", "truncated"})


@dataclass(frozen=True, slots=True)
class Judge:
    """What a ladder needs of its surroundings."""

    check: Callable[[Segment, str, bool], tuple[Check, ...]]
    sampling: Sampling  # of the user; ``max_new_tokens`` is the most that a reply may have
    room: Callable[[int], int]  # tokens of a text -> tokens to allow its translation
    target: str  # BCP-47
    target_name: str
    spaced: bool = True  # whether the target puts blanks between words
    takes_notes: bool = True
    max_attempts: int = 3


@dataclass(slots=True)
class _Try:
    """A candidate translation and what is wrong with it."""

    text: str
    checks: tuple[Check, ...] = ()
    error: VersoError | None = None

    @property
    def good(self) -> bool:
        return self.error is None and not any(check.fatal for check in self.checks)

    def has(self, *names: str) -> bool:
        return any(check.fatal and check.name in names for check in self.checks)

    @property
    def doubtful(self) -> bool:
        return any(check.name in _DOUBTS for check in self.checks)

    @property
    def reason(self) -> str:
        if self.error is not None:
            return str(self.error)
        fatal = [check for check in self.checks if check.fatal]
        return "; ".join(f"{c.name}: {c.detail}" if c.detail else c.name for c in fatal)


@dataclass(slots=True)
class Ladder:
    """One segment's way up. ``tokens`` is the size of its text."""

    judge: Judge
    segment: Segment
    tokens: int
    answers: list[Answer] = field(default_factory=list)

    def climb(self) -> Climb:
        """Yield questions, be sent their answers, return the translation in the end."""
        segment = self.segment
        best = yield from self._whole()
        if best.good and best.doubtful:
            best = yield from self._second_opinion(best)
        if not best.good and best.error is None:
            repaired = yield from self._in_parts(segment, best)
            if repaired is None and best.has("placeholders"):
                repaired = yield from self._between_tags(segment)
            if repaired is not None and (repaired.good or repaired.error):
                best = repaired
        return Translation(
            segment.id,
            Status.TRANSLATED if best.good else Status.FAILED,
            best.text if best.good else segment.text,
            reason="" if best.good else best.reason,
            checks=best.checks,
            provenance=Provenance.MODEL if best.good else Provenance.NONE,
            attempts=sum(answer.tries for answer in self.answers),
            prompt_tokens=sum(answer.prompt_tokens for answer in self.answers),
            new_tokens=sum(answer.new_tokens for answer in self.answers),
            seconds=sum(answer.seconds for answer in self.answers),
        )

    def _ask(self, asks: list[Ask]) -> Generator[list[Ask], list[Answer], list[Answer]]:
        answers = yield asks
        self.answers += answers
        return answers

    def _whole(self) -> _Rounds:
        """Try the whole text: as the user set it, with the problem named, then at random."""
        judge = self.judge
        hard = judge.sampling.max_new_tokens
        sampling = replace(judge.sampling, max_new_tokens=judge.room(self.tokens))
        note = ""
        result = _Try("")
        for attempt in range(judge.max_attempts):
            asked = Ask(self.segment.text, sampling, note, whole=True)
            (answer,) = yield from self._ask([asked])
            result = self._judged(self.segment, answer)
            if result.good or result.error is not None:
                return result
            cut = answer.finish is Finish.LENGTH
            longer = cut and sampling.max_new_tokens < hard and not result.has("repetition")
            named = self._note(result)
            if longer:
                sampling = replace(sampling, max_new_tokens=hard)
            if attempt or not (longer or (named and named != note)):
                sampling = self._varied(sampling, attempt + 1, result)
            note = named
        return result

    def _second_opinion(self, first: _Try) -> _Rounds:
        """Ask once more, with the doubt named. The first stands unless the second has none."""
        sampling = replace(self.judge.sampling, max_new_tokens=self.judge.room(self.tokens))
        note = self._note(first)
        if not note:
            sampling = self._varied(sampling, 1, first)
        (answer,) = yield from self._ask([Ask(self.segment.text, sampling, note, whole=True)])
        second = self._judged(self.segment, answer)
        return second if second.good and not second.doubtful else first

    def _varied(self, sampling: Sampling, attempt: int, result: _Try) -> Sampling:
        """Other choices: some temperature, another seed, and a penalty against loops."""
        penalty = sampling.repetition_penalty
        return replace(
            sampling,
            temperature=max(RETRY_TEMPERATURE, sampling.temperature),
            seed=self.judge.sampling.seed + attempt,
            repetition_penalty=max(penalty, LOOP_PENALTY) if result.has(*_LOOPS) else penalty,
        )

    def _note(self, result: _Try) -> str:
        if not self.judge.takes_notes:
            return ""
        notes = [
            _NOTES[check.name].format(check.detail, target=self.judge.target_name)
            for check in result.checks
            if (check.fatal or check.name in _DOUBTS) and check.name in _NOTES
        ]
        return " ".join(notes)

    def _judged(self, segment: Segment, answer: Answer) -> _Try:
        if answer.error is not None:
            return _Try("", error=answer.error)
        cut = answer.finish is not Finish.STOP
        return _Try(answer.text, self.judge.check(segment, answer.text, cut))

    def _in_parts(
        self, segment: Segment, before: _Try
    ) -> Generator[list[Ask], list[Answer], _Try | None]:
        """Translate sentence by sentence; ``None`` when there is only one."""
        parts = parts_of(segment)
        if len(parts) < 2:
            return None
        tries = yield from self._each(parts)
        for i, (part, result) in enumerate(zip(parts, tries, strict=True)):
            if result.error is None and result.has("placeholders"):
                tries[i] = yield from self._between_tags(part)
        bad = next((result for result in tries if not result.good), None)
        if bad is not None:
            return bad
        text = segmenting.join(parts, [result.text for result in tries], self.judge.target)
        return _Try(text, self.judge.check(segment, text, False))

    def _between_tags(self, segment: Segment) -> _Rounds:
        """Translate the runs of text between the tags and put the tags back where they were."""
        tokens = markup.tokenize(segment.text)
        runs = [
            _part(segment, i, token, _LEADING.match(token))
            for i, token in enumerate(tokens)
            if isinstance(token, str)
        ]
        tries = yield from self._each(runs)
        bad = next((result for result in tries if not result.good), None)
        if bad is not None:
            return bad
        done: dict[int, str] = {}
        last = ""
        for run, result in zip(runs, tries, strict=True):
            # Words that need no blank in the source need one in most targets.
            apart = self.judge.spaced and _UNSPACED.match(last) and _UNSPACED.match(run.text)
            done[run.part] = " " * bool(apart) + run.before + result.text + run.after
            last = "" if run.after else run.text[-1:]
        text = "".join(done.get(i, str(token)) for i, token in enumerate(tokens))
        return _Try(text, self.judge.check(segment, text, False))

    def _each(self, parts: Sequence[Segment]) -> Generator[list[Ask], list[Answer], list[_Try]]:
        """Translate all parts at once, those that fail a second time at random."""
        tries = [_Try(part.text) for part in parts]
        open_ = [i for i, part in enumerate(parts) if any(map(str.isalpha, part.text))]
        for attempt in range(2):
            if not open_:
                break
            asks = []
            for i in open_:
                share = len(parts[i].text) / max(1, len(self.segment.text))
                size = int(self.tokens * share) + 8
                room = self.judge.room(size * (attempt + 1))
                sampling = replace(self.judge.sampling, max_new_tokens=room)
                if attempt:
                    sampling = self._varied(sampling, attempt, tries[i])
                note = self._note(tries[i]) if attempt else ""
                asks.append(Ask(parts[i].text, sampling, note))
            answers = yield from self._ask(asks)
            for i, answer in zip(open_, answers, strict=True):
                tries[i] = self._judged(parts[i], answer)
            open_ = [i for i in open_ if not tries[i].good and tries[i].error is None]
        return tries


def parts_of(segment: Segment) -> list[Segment]:
    """The sentences of a segment, as segments of their own."""
    return [_part(segment, i, text) for i, text in enumerate(segmenting.sentences(segment.text))]


def _part(segment: Segment, number: int, whole: str, lead: re.Match[str] | None = None) -> Segment:
    start = lead.end() if lead else len(whole) - len(whole.lstrip())
    text = whole[start:].rstrip()
    return Segment(
        f"{segment.id}.{number}",
        segment.block_id,
        number,
        text,
        whole[:start],
        whole[start + len(text) :],
        segment.kind,
        segment.section,
    )
