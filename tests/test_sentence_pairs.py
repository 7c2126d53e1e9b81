"""Which sentence of an output lights up with which of the source."""

from __future__ import annotations

import time

from trainer.campaigns import sentence_pairs

SOURCE = "It was cold in April. The clocks were striking 13! “Where?” he asked.\n He had 3 coins."
MERGED = "Es war kalt im April, und die Uhren schlugen 13! „Wo?“, fragte er. Er hatte 3 Münzen."


def shown(source: str, outputs: list[str], deadline: float = 1e18) -> list[list[str | None]] | None:
    rows = sentence_pairs.rows(source, outputs, "en", "de", deadline)
    if rows is None:
        return None
    return [
        [source[start:end], *(text[a[0] : a[1]] if a else None
                              for text, a in zip(outputs, targets, strict=True))]
        for start, end, targets in rows
    ]  # fmt: skip


def test_as_many_sentences_are_paired_in_order() -> None:
    assert shown("A cat.  A dog.", ["Eine Katze. Ein Hund. ", "Katze! Hund!"]) == [
        ["A cat.", "Eine Katze.", "Katze!"], ["A dog.", "Ein Hund.", "Hund!"]
    ]  # fmt: skip


def test_sentences_that_were_joined_are_found() -> None:
    rows = shown(SOURCE, [MERGED])
    assert rows is not None
    first = "Es war kalt im April, und die Uhren schlugen 13!"
    assert [row[1] for row in rows] == [first, first, "„Wo?“, fragte er.", "Er hatte 3 Münzen."]
    assert rows[3][0] == "He had 3 coins."


def test_one_sentence_everywhere_needs_no_pairs_and_nothing_has_none() -> None:
    assert shown("One sentence.", ["Ein Satz.", "Satz!"]) is None
    assert shown("One sentence.", [""]) is None
    assert shown("One. Two.", ["Eins. Zwei.", ""]) == [
        ["One.", "Eins.", None],
        ["Two.", "Zwei.", None],
    ]


def test_what_takes_long_waits_until_it_is_asked_for_again() -> None:
    texts = ["Eins, zwei, vier. Drei."]
    source = "One. Two. Three and four."
    assert shown(source, texts, time.monotonic() - 1) is None
    assert shown(source, texts, time.monotonic() + 60) is not None
    # It is kept now, but who is late is told so before anybody looks.
    assert shown("A cat. A dog.", ["Eine Katze. Ein Hund."], time.monotonic() - 1) is not None
