"""Cleaning rules for parallel texts: which pairs teach something wrong, and why.

Rules lean to precision: a good pair that is removed is lost, and every removal is reported. Those
that look at one pair are here; duplicates and held-out texts need to know the others
(:mod:`trainer.cleaning_similar`, :mod:`trainer.cleaning_overlap`).
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from trainer import cleaning_language
from trainer.cleaning_markup import leftover
from trainer.pairs import Pair
from translator import languages, lengths, numbers
from translator.errors import InputError
from translator.language_checks import LINK, copied


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules apply and their limits; ``False`` or 0 switches one off.

    The names are those of the report, with hyphens. ``empty`` cannot be switched off.
    """

    letters: bool = True  # a side without a single letter
    untranslated: bool = True  # the source stands where the translation should be
    markup: bool = True  # tags, entities, other placeholders than the source's, broken characters
    prose: bool = False  # a source that is no sentence: a menu's word, a list of items
    too_short: float = 0.0  # as too_long; short pairs teach words, not sentences
    too_long: float = 2000.0  # letters of an alphabet on either side (see translator.lengths.size)
    length_ratio: float = 4.0  # standard deviations from the usual ratio of the languages
    wrong_language: bool = True
    numbers: bool = True  # a number of one side is missing on the other
    duplicate: bool = True  # both texts as in an earlier pair
    near_duplicate: float = 0.85  # Jaccard similarity to an earlier pair
    held_out: int = 13  # words in a row that a pair may not share with held-out texts

    @classmethod
    def of(cls, changes: dict[str, Any]) -> Rules:
        """The defaults with changes by name (``"length-ratio": 5.0``, ``"numbers": False``).

        Raises :class:`InputError` for a rule that does not exist or a value it cannot have.
        """
        usual = cls()
        names = [field.name for field in fields(cls)]
        values: dict[str, Any] = {}
        for name, value in changes.items():
            field = name.replace("-", "_")
            if field not in names:
                raise InputError(
                    f"There is no cleaning rule {name!r}.",
                    f"The rules are {', '.join(map(rule_name, names))}.",
                )
            values[field] = _limit(name, value, getattr(usual, field))
        if values.get("near_duplicate", 0) > 1:
            raise InputError("near-duplicate is a share.", "Choose a number from 0.5 to 1.")
        return replace(usual, **values)

    def values(self) -> dict[str, Any]:
        """All rules by their name in the report, for a settings file."""
        return {rule_name(field.name): getattr(self, field.name) for field in fields(self)}


def rule_name(field: str) -> str:
    """The name of a rule in reports and on the command line."""
    return field.replace("_", "-")


def _limit(name: str, value: Any, usual: float) -> float:
    """The value of a rule whose default is ``usual``: a switch, or a limit that 0 switches off."""
    if isinstance(value, bool):
        return value if isinstance(usual, bool) else usual * value
    if isinstance(usual, bool):
        raise InputError(f"The rule {name} cannot be {value!r}.", "Say on or off.")
    if not isinstance(value, int | float) or value < 0:
        raise InputError(f"The rule {name} cannot be {value!r}.", "Say off or a number.")
    return int(value) if isinstance(usual, int) else float(value)


# Invisible characters that mean nothing in a sentence. ZWJ and ZWNJ are letters' business in
# some scripts and stay. Noncharacters are reserved for the program.
_INVISIBLE = re.compile("[\0-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufdd0-\ufdef]")
_BLANKS = re.compile("[ \t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
# One search that clears nearly every text of both.
_ODD = re.compile("[\0-\x1f\x7f-\x9f\u00ad\u200b\u2028\u2029\u2060\ufeff\ufdd0-\ufdef]|  |^ | $")


def normalize(text: str, counts: Counter[str]) -> str:
    """NFC, without invisible characters and surplus blanks; what was changed is counted."""
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
        counts["nfc"] += 1
    if not _ODD.search(text):
        return text
    bare = _INVISIBLE.sub("", text)
    if bare != text:
        counts["invisible characters"] += 1
    tidy = _BLANKS.sub(" ", bare).strip(" ")
    if tidy != bare:
        counts["blanks"] += 1
    return tidy


_LETTER = re.compile(r"[^\W\d_]")
_DIGIT = re.compile(r"\d")
_FEW = 4  # words in common from which on a copied passage is looked for


class Cleaner:
    """Applies the rules that look at one pair."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.changed: Counter[str] = Counter()

    def clean(self, pair: Pair) -> Pair:
        """The pair with both texts normalized."""
        source = normalize(pair.source, self.changed)
        target = normalize(pair.target, self.changed)
        if source is pair.source and target is pair.target:
            return pair
        return replace(pair, source=source, target=target)

    def finding(self, pair: Pair) -> tuple[str, str] | None:
        """The first rule that a cleaned pair breaks, and what is wrong; the cheap ones first."""
        rules, source, target = self._rules, pair.source, pair.target
        if not source or not target:
            return "empty", "no target" if source else "no source"
        if rules.letters and not (_LETTER.search(source) and _LETTER.search(target)):
            return "letters", "no letters"
        of, to = _language(pair.of), _language(pair.to)
        if rules.untranslated and _untranslated(source, target, of, to):
            return "untranslated", "the source stands in the target"
        if rules.markup and (what := leftover(source, target)):
            return "markup", what
        if rules.prose and not lengths.is_prose(source):
            return "prose", "no sentence"
        before, after = lengths.size(source), lengths.size(target)
        if min(before, after) < rules.too_short:
            return "too-short", f"{min(before, after):.0f} letters"
        if rules.too_long and max(before, after) > rules.too_long:
            return "too-long", f"{max(before, after):.0f} letters"
        if rules.length_ratio:
            ratio = lengths.usual(of, to, lengths.is_prose(source))
            off = ratio.off(before + 4.0, after + 4.0)
            if abs(off) > rules.length_ratio:
                return "length-ratio", f"{off:+.1f} standard deviations"
        if rules.numbers and (lost := _lost_numbers(source, target, pair.of)):
            return "numbers", lost
        if rules.wrong_language and (what := cleaning_language.finding(source, target, of, to)):
            return "wrong-language", what
        return None


_language = cache(languages.get)


def _untranslated(source: str, target: str, of: languages.Language, to: languages.Language) -> bool:
    if source == target or source.casefold() == target.casefold():
        return True
    words = set(source.split())
    if len(words.intersection(target.split())) < _FEW:
        return False
    check = copied(source, target, of, to)
    return check is not None and check.fatal


# English words that another language may write with digits: "half an hour", "hexadecimal".
_SPELLED = re.compile(
    r"\b(?:(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)t(?:y|ie)"
    r"|hundred|thousand|million|billion|dozen|scores?\b|half|quarter|hexa|decimal|binary|octal)",
    re.IGNORECASE,
)
_ROUND = re.compile(r"[0-9]{1,2}|[0-9]+0")


def _lost_numbers(source: str, target: str, of: str) -> str:
    """Numbers that only one side has; small ones may be written out.

    A number that only the target has counts where the source spells none that it could be.
    """
    if not _DIGIT.search(source) and not _DIGIT.search(target):
        return ""
    before, after = LINK.sub(" ", source), LINK.sub(" ", target)
    new = numbers.missing(after, before)
    if new and of == "en":
        new = [] if _SPELLED.search(before) else new
    elif new:
        new = [number for number in new if not _ROUND.fullmatch(number)]
    lost = numbers.missing(before, after)
    parts = [
        f"{what} {', '.join(found[:5])}"
        for what, found in (("missing", lost), ("added", new))
        if found
    ]
    return "; ".join(parts)
