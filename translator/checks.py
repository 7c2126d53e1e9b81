"""What is wrong with a translation, as values.

Pure functions of source and target: each returns a finding or nothing. They are tuned for
precision: a human translation should pass. ``fatal`` findings mean that the text cannot stand
(retry, split or fail); the others are for a person to look at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from translator import dates, languages, markup, numbers
from translator.language_checks import LINK, copied, wrong_language
from translator.lengths import length, size
from translator.omissions import omission
from translator.types import Check, Segment


def check(
    segment: Segment, target_text: str, source: str, target: str, *, finish_length: bool = False
) -> tuple[Check, ...]:
    """All findings about ``target_text`` (tagged) as a translation of the segment.

    ``source`` and ``target`` are BCP-47 tags; ``source`` may be empty (not known).
    ``finish_length``: the engine stopped at its token limit.
    """
    return tuple(_findings(segment.text, target_text, source, target, finish_length))


def _findings(
    source_text: str, target_text: str, source: str, target: str, cut: bool
) -> Iterator[Check]:
    before, after = markup.plain(source_text).strip(), markup.plain(target_text).strip()
    if cut:
        yield Check("truncated", "the reply was cut at the token limit", fatal=True)
    if not after:
        if before:
            yield Check("empty", "nothing came back", fatal=True)
        return
    if problem := markup.problems(source_text, target_text):
        yield Check("placeholders", problem, fatal=True)
    to = languages.get(target)
    of = languages.get(source) if source else None
    for finding in (
        leftover(before, after),
        copied(before, after, of, to),
        wrong_language(before, after, of, to),
        repetition(before, after),
        length(before, after, of, to),
        omission(before, after, of, to),
        lost_numbers(before, after),
        lost_dates(before, after),
        lost_links(before, after),
        lost_quotes(before, after),
    ):
        if finding:
            yield finding


# Control tokens and tags of prompt formats, and what chatty models put around a translation.
_CONTROL = re.compile(
    r"<\|[a-z_0-9]{2,30}\|>|<\uff5c[^\uff5c]{2,40}\uff5c>|</?s>|\[/?INST\]|<</?SYS>>|"
    r"<(?:start|end)_of_turn>|<\|?end_of_text\|?>|</?think>|"
    r"^### ?(?:Instruction|Response|Input)|<(?:pad|unk|bos|eos)>|^<[a-z]{2}(?:_[A-Z]{2})?>",
    re.MULTILINE,
)
_PREFACE = re.compile(
    r"(?:(?:sure|certainly|of course|okay)[,!.]?\s*)?(?:here(?:'s|’s| is)|this is|below is)"
    r"[^\n.]{0,60}\b(?:translat(?:ion|ed)|version)\b[^\n]{0,60}:|"
    r"as an ai\b|i(?:'m|’m| am) sorry, but i\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:the )?(?:translation|translated text|output|answer)\s*(?:\([^)]*\)|in(?:to)? \w+)?\s*:|"
    r"(?:übersetzung|traduction|traducción|tradução|翻译|翻譯|译文|譯文|翻訳|번역)\s*[:：]",
    re.IGNORECASE,
)
_SOME_LABEL = re.compile(r"[^\n]{0,40}[:：]")


def leftover(source: str, target: str) -> Check | None:
    """Pieces of the prompt, control tokens or tags in the reply that the source does not have."""
    for match in _CONTROL.finditer(target):
        if match[0] not in source:
            return Check("leftover", match[0], fatal=True)
    for family in markup.FAMILIES[:2]:
        for match in family.pattern.finditer(target):
            if match[0] not in source:
                return Check("leftover", match[0], fatal=True)
    preface = _PREFACE.match(target)
    if preface and not _PREFACE.match(source):
        return Check("leftover", preface[0][:60], fatal=True)
    # A source that starts with a label of its own has a right to one.
    label = _LABEL.match(target)
    if label and not _SOME_LABEL.match(source):
        return Check("leftover", label[0][:60], fatal=True)
    return None


def repetition(source: str, target: str) -> Check | None:
    """The model got into a loop: words or characters come again and again, unlike the source."""
    if match := _RUN.search(target):
        unit = match[1] or match[2]
        if any(map(str.isalpha, unit)) and not _RUN.search(source):
            return Check("repetition", f"{unit[:30]!r} repeated", fatal=True)
    share, gram = _repeated(target)
    if share >= 0.5 and share > 2 * _repeated(source)[0]:
        return Check("repetition", f"{gram[:60]!r} again and again", fatal=True)
    twice = _said_twice(target)
    if twice and not _said_twice(source):
        return Check("repetition", f"{twice[:60]!r} twice", fatal=True)
    return None


_STOP = re.compile(r"[.!?。！？…؟।\n]+[\s\"“”„«»「」『』]*")


def _said_twice(text: str) -> str:
    """A sentence that comes twice, one right after the other; empty if there is none."""
    pieces = _STOP.split(text)
    return next((a for a, b in pairwise(pieces) if a == b and len(a) >= 20), "")


# A character 20 times, or up to eight of them ten times in a row.
_RUN = re.compile(r"(\w)\1{19,}|(\w\S{0,6}?[^\W\d]|\w[^\w\s])\2{9,}")


def _repeated(text: str) -> tuple[float, str]:
    """How much of the text's end consists of runs of words that come three times or more there.

    The end, since a loop seldom stops by itself: the last third, but at least 32 words. Where
    words are not spaced, two characters stand for a word. Also gives the most frequent run.
    """
    text = text.casefold()
    units: Sequence[str] = text.split()
    size, least = 3, 32
    if len(text) > 12 * len(units):
        units, size, least = "".join(units), 6, 64
    units = units[-max(least, len(units) // 3) :]
    total = len(units) - size + 1
    if total < 3 * size:
        return 0.0, ""
    counts = Counter(tuple(units[i : i + size]) for i in range(total))
    often = {gram: n for gram, n in counts.items() if n > 2 and any(c.isalpha() for c in gram)}
    if not often:
        return 0.0, ""
    gram = max(often, key=often.__getitem__)
    return sum(often.values()) / total, ("" if isinstance(units, str) else " ").join(gram)


def lost_numbers(source: str, target: str) -> Check | None:
    """Numbers of the source that the target lacks."""
    lost = numbers.missing(LINK.sub(" ", source), target)
    return Check("numbers", "missing " + ", ".join(lost[:5])) if lost else None


def lost_dates(source: str, target: str) -> Check | None:
    """Dates of the source whose day or month the target lacks."""
    lost = dates.missing(source, target)
    return Check("dates", "missing " + ", ".join(lost[:3])) if lost else None


def lost_links(source: str, target: str) -> Check | None:
    """Web and e-mail addresses of the source that the target lacks."""
    lost = [
        link
        for link in (m[0].rstrip(".,;:!?") for m in LINK.finditer(source))
        if _site(link) not in target
    ]
    return Check("links", "missing " + ", ".join(lost[:3])) if lost else None


def _site(link: str) -> str:
    """The part of an address that stays when it leads to another language's page."""
    if "@" in link and "//" not in link:
        return link
    host = re.sub(r"^(?:https?://)?", "", link).split("/")[0]
    return ".".join(host.split(".")[-2:])


# Speech and titles in the quote marks of any language.
_QUOTED = re.compile(
    r"\"[^\"]{3,}\"|“[^“”]{3,}[”“\"]|„[^„“”]{3,}[“”\"]|«[^«»]{3,}»|»[^«»]{3,}«|「[^「」]{2,}」|"
    r"『[^『』]{2,}』|(?<!\w)‘[^‘]{6,}?’(?!\w)"
)
# What may stand for them elsewhere: single quotes, the dashes of a dialogue, title brackets.
_MARKS = re.compile(r"[\"“”„«»‹›「」『』《》〈〉‘`〝]|(?<!\w)['’‚,—–-]|['’](?!\w)|[—–]")


_SPEECH_ENDS = frozenset(".,!?…。，！？、؟")


def lost_quotes(source: str, target: str) -> Check | None:
    """Speech is quoted in the source, nothing is in the target.

    Names and single words in quote marks are not missed: languages disagree about those.
    """
    quoted = [q for q in _QUOTED.findall(source) if len(q) > 2 and _is_speech(q[1:-1])]
    if not quoted or _MARKS.search(target):
        return None
    return Check("quotes", f"missing around {quoted[0][:40]}")


def _is_speech(quoted: str) -> bool:
    return size(quoted) >= (15 if quoted.rstrip()[-1:] in _SPEECH_ENDS else 60)
