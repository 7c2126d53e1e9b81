"""Translations for the tests of book formats."""

from __future__ import annotations

from translator import markup
from translator.books.base import Book
from translator.engines.pseudo import pseudo


def pseudo_texts(book: Book) -> dict[str, str]:
    """The dry run's text for each block, with the words between the tags changed."""
    return {
        b.id: "".join(
            pseudo(t, "de") if isinstance(t, str) and t.strip() else str(t)
            for t in markup.tokenize(b.text)
        )
        for b in book.blocks()
        if b.keep is None
    }
