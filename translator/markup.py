"""Inline markup as numbered placeholders inside a string.

Canonical form: three kinds of placeholder, delimited by Unicode noncharacters (U+FDD0 to
U+FDD3, reserved for a program's internal use), so that no literal text can look like one:

    open 1   U+FDD0 "1" U+FDD3     (start of an inline element, e.g. <em>)
    close 1  U+FDD1 "1" U+FDD3     (its end)
    single 1 U+FDD2 "1" U+FDD3     (something without text: <br/>, <img/>, a note reference)

Readers replace a literal noncharacter in a document by a single placeholder of its own.
Models never see this form: :func:`show` turns it into plain tags such as ``<1>word</1>`` in a
family that the text itself does not use, and :func:`hide` turns the reply back.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

OPEN, CLOSE, SINGLE, END = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3"
RESERVED = OPEN + CLOSE + SINGLE + END

_PLACEHOLDER = re.compile(f"([{OPEN}{CLOSE}{SINGLE}])([0-9]+){END}")
_STRAY = re.compile(f"[{RESERVED}]")


class Mark(StrEnum):
    """The three kinds of placeholder; the value is its first character."""

    OPEN = OPEN
    CLOSE = CLOSE
    SINGLE = SINGLE


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A placeholder in a tagged text."""

    mark: Mark
    number: int

    def __str__(self) -> str:
        return f"{self.mark.value}{self.number}{END}"


@lru_cache(maxsize=4096)
def _placeholder(mark: str, number: str) -> Placeholder:
    return Placeholder(Mark(mark), int(number))


def opening(number: int) -> str:
    """The canonical form of an element's start."""
    return f"{OPEN}{number}{END}"


def closing(number: int) -> str:
    """The canonical form of an element's end."""
    return f"{CLOSE}{number}{END}"


def single(number: int) -> str:
    """The canonical form of something without text."""
    return f"{SINGLE}{number}{END}"


def tokenize(text: str) -> list[str | Placeholder]:
    """Split a tagged text into text runs (never empty) and placeholders, in order."""
    tokens: list[str | Placeholder] = []
    position = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > position:
            tokens.append(text[position : match.start()])
        tokens.append(_placeholder(match[1], match[2]))
        position = match.end()
    if position < len(text):
        tokens.append(text[position:])
    return tokens


def placeholders(text: str) -> list[Placeholder]:
    """The placeholders of a tagged text, in order."""
    return [_placeholder(match[1], match[2]) for match in _PLACEHOLDER.finditer(text)]


def has_placeholders(text: str) -> bool:
    """Whether the text carries any markup."""
    return _PLACEHOLDER.search(text) is not None


def plain(text: str) -> str:
    """The text without its placeholders: what a reader sees."""
    return _PLACEHOLDER.sub("", text)


def without_reserved(text: str) -> str:
    """A text from outside without the characters that delimit placeholders."""
    return _STRAY.sub("", text)


def problems(source: str, target: str) -> str:
    """What is wrong with the placeholders of ``target``; an empty string means nothing.

    Every placeholder of the source comes back exactly once. A pair that is whole in the source
    nests properly in the target. A half of a pair (its other half lies in another part of a
    long block) needs no partner here, but no pair may close across it in the wrong order.
    """
    if not has_placeholders(source) and not _STRAY.search(target):
        return ""  # the usual case, and this is asked several times a segment
    if _STRAY.search(_PLACEHOLDER.sub("", target)):
        return "a broken placeholder"
    wanted, got = Counter(placeholders(source)), Counter(placeholders(target))
    missing = sorted({p.number for p in wanted - got})
    extra = sorted({p.number for p in got - wanted})
    if missing or extra:
        parts = []
        if missing:
            parts.append("missing " + ", ".join(map(str, missing)))
        if extra:
            parts.append("extra " + ", ".join(map(str, extra)))
        return "; ".join(parts)
    return _nesting_problem(target, whole=_whole_pairs(source))


def _whole_pairs(text: str) -> set[int]:
    marks = placeholders(text)
    opened = {p.number for p in marks if p.mark is Mark.OPEN}
    closed = {p.number for p in marks if p.mark is Mark.CLOSE}
    return opened & closed


def _nesting_problem(text: str, whole: set[int]) -> str:
    stack: list[int] = []
    for mark in placeholders(text):
        if mark.mark is Mark.OPEN:
            stack.append(mark.number)
        elif mark.mark is Mark.CLOSE:
            if mark.number not in whole:
                # The start lies in an earlier part, so nothing of this part may be open.
                if stack:
                    return f"{stack[-1]} not closed before {mark.number}"
            elif not stack or stack[-1] != mark.number:
                return f"{mark.number} closed out of order"
            else:
                stack.pop()
    unclosed = [number for number in stack if number in whole]
    return f"{unclosed[-1]} not closed" if unclosed else ""


@dataclass(frozen=True, slots=True)
class TagFamily:
    """How placeholders look to a model. ``pattern`` has the groups close, number, single."""

    name: str
    open: str
    close: str
    single: str
    pattern: re.Pattern[str]


def family(name: str, left: str, right: str) -> TagFamily:
    """The family whose tags stand between ``left`` and ``right``."""
    esc_l, esc_r = re.escape(left), re.escape(right)
    # Braces in a format string are doubled.
    l_form, r_form = left.replace("{", "{{"), right.replace("}", "}}")
    return TagFamily(
        name,
        l_form + "{}" + r_form,
        l_form + "/{}" + r_form,
        l_form + "{}/" + r_form,
        # Models like to add a blank: "<1 />", "</ 1>".
        re.compile(rf"{esc_l}\s?(?P<close>/)?\s?(?P<number>[0-9]+)\s?(?P<single>/)?\s?{esc_r}"),
    )


# The first family that the text does not use itself is taken. Angle brackets first: every
# model has seen HTML.
FAMILIES = (
    family("angle", "<", ">"),
    family("white", "⟦", "⟧"),
    family("brace", "{", "}"),
    family("lenticular", "【", "】"),
)


def choose_family(text: str) -> TagFamily | None:
    """A tag family that cannot be confused with the text, or ``None`` if all occur in it."""
    shown = plain(text)
    return next((f for f in FAMILIES if not f.pattern.search(shown)), None)


def show(text: str, family: TagFamily) -> str:
    """The model-facing form of a tagged text, e.g. ``a <1>big</1> dog<2/>``."""
    forms = {Mark.OPEN: family.open, Mark.CLOSE: family.close, Mark.SINGLE: family.single}
    return "".join(
        token if isinstance(token, str) else forms[token.mark].format(token.number)
        for token in tokenize(text)
    )


def hide(reply: str, family: TagFamily, source: str) -> str:
    """The canonical form of a model's reply.

    A tag whose number the source does not have stays literal text (the check on placeholders
    then does not see it, the text is not altered). ``<2>`` for a single placeholder 2 is
    accepted, since that is how models tend to write it.
    """
    kinds: dict[int, set[Mark]] = {}
    for mark in placeholders(source):
        kinds.setdefault(mark.number, set()).add(mark.mark)

    def replace(match: re.Match[str]) -> str:
        number = int(match["number"])
        known = kinds.get(number)
        if known is None:
            return match[0]
        if Mark.SINGLE in known:
            return "" if match["close"] else single(number)
        if match["single"]:
            return match[0]
        return closing(number) if match["close"] else opening(number)

    return family.pattern.sub(replace, _STRAY.sub("", reply))
