"""A glossary at work: which of its terms a text has, and whether the translation kept to them.

A term is found as whole words, inflected or not, never inside a word. Where words are not spaced
it is found as a run of characters, but never as a part of a longer katakana or Latin word. A term
with a capital is a name: it is not found in lower case. Longer terms go before shorter ones.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from translator import languages, markup
from translator.inflection import Word, bucket, has_stemmer, same_word, words
from translator.languages import Language
from translator.types import Check, Segment

MAX_TERMS = 16  # of one segment, and
MAX_CHARACTERS = 600  # of them all, so that a prompt stays within its bounds

_SINGLE = re.compile(f"{markup.SINGLE}[0-9]+{markup.END}")
_GAP = re.compile(r"[\s'’\u2010\u2011-]*")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff]")
_ALPHANUMERIC = re.compile("[0-9A-Za-z\u00c0-\u024f]")
# Their words are joined without a blank: "Wal" may come back in "Walfang". In a translation that
# will do, and also where too little is known of how words change.
_COMPOUNDING = frozenset({"da", "de", "et", "fi", "hu", "is", "nb", "nl", "sv"})
_LEAST_COMPOUNDED = 3  # letters; a syllable of Korean has as much in it as two


@dataclass(frozen=True, slots=True)
class Term:
    """An entry: what to look for in the source, what it should become.

    The first of ``targets`` is the translation to use, the others are accepted too. Several
    ``sources`` are ways to write the same.
    """

    sources: tuple[str, ...]
    targets: tuple[str, ...]
    note: str = ""  # for people


@dataclass(frozen=True, slots=True)
class _Found:
    term: Term
    form: str  # of the glossary, not as it stands in the text
    start: int
    end: int


class Glossary:
    """The terms for one pair of languages (BCP-47). Immutable; may be used from any thread."""

    def __init__(self, terms: Iterable[Term], source: str, target: str) -> None:
        self.terms = tuple(terms)
        self._source = _Finder(languages.get(source))
        self._target = languages.get(target)
        self._accepted: dict[Term, _Finder] = {}
        for term in self.terms:
            for form in term.sources:
                self._source.add(form, term)
            accepted = self._accepted[term] = _Finder(self._target, strict=False)
            for form in term.targets:
                accepted.add(form, term)

    def apply(self, text: str) -> tuple[tuple[str, str], ...]:
        """The entries for a (tagged) text, in the order of their first place in it."""
        chosen: dict[str, str] = {}
        size = 0
        for found in self._source.find(_readable(text)):
            target = found.term.targets[0]
            size += 0 if found.form in chosen else len(found.form) + len(target)
            if size > MAX_CHARACTERS or len(chosen) == MAX_TERMS:
                break
            chosen[found.form] = target
        return tuple(chosen.items())

    def missed(self, source_text: str, target_text: str) -> list[tuple[str, str]]:
        """The entries for the source whose translation the target has in no form."""
        target = _readable(target_text)
        missed: dict[str, str] = {}
        for found in self._source.find(_readable(source_text)):
            if next(self._accepted[found.term].find(target), None) is None:
                missed[found.form] = found.term.targets[0]
        return list(missed.items())

    def terms_of(self, segment: Segment) -> tuple[tuple[str, str], ...]:
        """:meth:`apply` in the form that the pipeline asks for."""
        return self.apply(segment.text)

    def check(self, source_text: str, target_text: str) -> tuple[Check, ...]:
        """The finding ``glossary`` if a term was not kept to. Never fatal: a translation may well
        say it with a pronoun.
        """
        missed = self.missed(source_text, target_text)
        if not missed or not target_text.strip():
            return ()
        detail = "; ".join(f"{target!r} for {source!r}" for source, target in missed[:5])
        return (Check("glossary", f"missing {detail}"),)


class _Finder:
    """Finds forms of terms in texts of one language. ``strict``: a capital has to be one."""

    def __init__(self, language: Language, strict: bool = True) -> None:
        self._language = language
        self._strict = strict
        self._runs: dict[str, list[tuple[str, Term]]] = {}  # by first character
        self._words: dict[str, list[tuple[list[str], str, Term]]] = {}  # by bucket

    def add(self, form: str, term: Term) -> None:
        """Look for this form too. Terms that came first win over equal ones."""
        if not self._language.spaced:
            runs = self._runs.setdefault(form[0].casefold(), [])
            runs.append((form, term))
            runs.sort(key=lambda item: -len(item[0]))
        elif spelled := [word.text for word in words(form)]:
            entries = self._words.setdefault(bucket(spelled[0], self._language), [])
            entries.append((spelled, form, term))
            entries.sort(key=lambda item: -len(item[0]))

    def find(self, text: str) -> Iterator[_Found]:
        """All terms in a plain text, from left to right, without overlaps."""
        return self._in_words(text) if self._language.spaced else self._in_characters(text)

    def _in_characters(self, text: str) -> Iterator[_Found]:
        at = 0
        while at < len(text):
            for form, term in self._runs.get(text[at].casefold(), ()):
                end = at + len(form)
                if text[at:end].casefold() == form.casefold() and _stands_alone(text, at, end):
                    yield _Found(term, form, at, end)
                    at = end - 1
                    break
            at += 1

    def _in_words(self, text: str) -> Iterator[_Found]:
        found = words(text)
        known = has_stemmer(self._language) and self._language.tag not in _COMPOUNDING
        if not self._strict and not known:
            yield from self._in_compounds(found)
        at = 0
        while at < len(found):
            step = 1
            for spelled, form, term in self._words.get(bucket(found[at].text, self._language), ()):
                these = found[at : at + len(spelled)]
                if self._are(these, spelled, text):
                    yield _Found(term, form, these[0].start, these[-1].end)
                    step = len(spelled)
                    break
            at += step

    def _are(self, these: Sequence[Word], spelled: list[str], text: str) -> bool:
        if len(these) != len(spelled):
            return False
        for word, wanted in zip(these, spelled, strict=True):
            if self._strict and not _capital_fits(word.text, wanted):
                return False
            if not same_word(word.text, wanted, self._language):
                return False
        gaps = (text[a.end : b.start] for a, b in pairwise(these))
        return all(_GAP.fullmatch(gap) for gap in gaps)

    def _in_compounds(self, found: Sequence[Word]) -> Iterator[_Found]:
        """Words that begin or end with a term of one word."""
        for entries in self._words.values():
            for spelled, form, term in entries:
                part = spelled[0].casefold()
                least = 2 if self._language.tag == "ko" else _LEAST_COMPOUNDED
                if len(spelled) > 1 or len(part) < least:
                    continue
                for word in found:
                    whole = word.text.casefold()
                    if whole.startswith(part) or whole.endswith(part):
                        yield _Found(term, form, word.start, word.end)


def _readable(text: str) -> str:
    """The plain text; a line break or an image between two words parts them."""
    return markup.plain(_SINGLE.sub(" ", text))


def _capital_fits(word: str, wanted: str) -> bool:
    if len(wanted) > 1 and wanted.isupper():
        return word.startswith(wanted)  # IT is not It
    return not wanted[:1].isupper() or word[:1].isupper()


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a run of characters is no part of a longer word of the same kind."""
    before, first = text[start - 1 : start], text[start]
    last, after = text[end - 1], text[end : end + 1]
    for kind in (_KATAKANA, _ALPHANUMERIC):
        if (kind.match(before) and kind.match(first)) or (kind.match(last) and kind.match(after)):
            return False
    return not after or unicodedata.category(after)[0] != "M"
