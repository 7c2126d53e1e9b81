"""Rows of a glossary as a person types them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from translator import languages
from translator.glossary import Term
from translator.glossary_files import MAX_TERM, forms, tidy
from translator.inflection import words


@dataclass(frozen=True, slots=True)
class Row:
    """``|`` parts several forms. ``keep``: the term is not translated."""

    source: str
    target: str = ""
    keep: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a row; rows count from 1."""

    row: int
    message: str


def rows_of(terms: Iterable[Term]) -> list[Row]:
    """Terms as rows."""
    return [
        Row("|".join(t.sources), "|".join(t.targets), t.targets == t.sources, t.note) for t in terms
    ]


def terms_of(
    rows: Sequence[Row], source: str, *, open_rows: bool = False
) -> tuple[list[Term], list[Problem]]:
    """The terms in rows for a source language (BCP-47), and the rows that are none.

    Empty rows are left out, with ``open_rows`` also those that have no translation yet.
    """
    spaced = languages.get(source).spaced
    terms: list[Term] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        sources = forms(row.source)
        targets = sources if row.keep else forms(row.target)
        if not targets and (open_rows or not sources):
            continue
        if wrong := _wrong(sources, targets, spaced):
            problems.append(Problem(number, wrong))
            continue
        if twice := next((form for form in sources if form in seen), None):
            problems.append(
                Problem(
                    number,
                    f"“{twice}” stands in row {seen[twice]} already; write all its translations "
                    "there, with | between them.",
                )
            )
            continue
        seen.update(dict.fromkeys(sources, number))
        terms.append(Term(sources, targets, tidy(row.note)))
    return terms, problems


def _wrong(sources: tuple[str, ...], targets: tuple[str, ...], spaced: bool) -> str:
    if not sources:
        return f"“{targets[0]}” translates no term: write the term before it."
    if not targets:
        return f"“{sources[0]}” has no translation: write one, or tick “Keep as it is”."
    if long := next((form for form in (*sources, *targets) if len(form) > MAX_TERM), ""):
        return f"“{long[:30]}…” is longer than {MAX_TERM} characters: a term is a word or a few."
    if spaced and (mute := next((form for form in sources if not words(form)), "")):
        return f"“{mute}” has no letters, so it is never found in a text."
    return ""
