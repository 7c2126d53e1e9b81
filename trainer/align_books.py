"""The sentences of a book, for the aligner, and a check that two books can be aligned."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from trainer.align_text import Sentence
from translator import chapters, languages, lengths, sentences
from translator.book_language import language_of
from translator.books.base import open_book
from translator.errors import InputError
from translator.languages import Language
from translator.types import Block, BlockKind

# What stands outside the running text, or repeats it.
_ASIDE = frozenset({BlockKind.ALT, BlockKind.TOC, BlockKind.METADATA, BlockKind.CODE})
_TOO_DIFFERENT = 4.0  # times as long


@dataclass(frozen=True)
class Edition:
    """A book in one language, as sentences in the order of reading.

    ``chapters`` has the number of the chapter of each sentence, 0 for none.
    """

    path: Path
    language: Language
    sentences: list[Sentence]
    chapters: list[int] = field(default_factory=list)


def read_edition(path: Path, language: str = "") -> Edition:
    """Read a book in any format that Verso reads and split it into sentences.

    ``language`` is a tag or a name; without one the text tells it, else the book's declaration.
    Raises :class:`InputError` for a book without text or in a language that cannot be told, and
    what :func:`open_book` raises.
    """
    book = open_book(path)
    everything = list(book.blocks())
    blocks = [block for block in everything if block.kind not in _ASIDE and block.keep is None]
    texts = [" ".join(book.visible(block.id, block.text).split()) for block in blocks]
    if not any(map(str.isalpha, "".join(texts))):
        raise InputError(f"{path.name} has no text.", "Scanned pages need OCR first.")
    known = _language(path, language, texts, book.language)
    chapter_of = {
        block.id: chapter.number
        for chapter in chapters.chapters(everything)
        for block in everything[chapter.start : chapter.end]
    }
    found = [
        (sentence, chapter_of.get(block.id, 0))
        for block, text in zip(blocks, texts, strict=True)
        for sentence in _sentences(block, text, known)
    ]
    return Edition(path, known, [x for x, _ in found], [number for _, number in found])


def _language(path: Path, given: str, texts: list[str], declared: str) -> Language:
    if given:
        return languages.get(given)
    if found := language_of(texts, declared):
        return found
    raise InputError(f"The language of {path.name} cannot be told.", "Name the languages of both.")


def _sentences(block: Block, text: str, language: Language) -> list[Sentence]:
    ends = [0, *sentences.sentence_ends(text, language.tag), len(text)]
    parts = [text[a:b].strip() for a, b in pairwise(ends)]
    parts = [part for part in parts if any(map(str.isalnum, part))]
    heading = block.kind is BlockKind.HEADING
    return [Sentence(part, number == 0, heading) for number, part in enumerate(parts)]


def require_alike(a: Edition, b: Edition) -> None:
    """Raise :class:`InputError` when the two are clearly not one book in two languages."""
    if a.language == b.language:
        raise InputError(
            f"Both books are in {a.language.name}.",
            "Give two editions in different languages; if that is wrong, name both.",
        )
    sizes = [sum(lengths.size(s.text) for s in edition.sentences) for edition in (a, b)]
    usual = lengths.usual(a.language, b.language, prose=True).mean
    times = math.exp(math.log(sizes[1] / sizes[0]) - usual)
    if max(times, 1 / times) > _TOO_DIFFERENT:
        longer, shorter = (b, a) if times > 1 else (a, b)
        raise InputError(
            f"{longer.path.name} is {max(times, 1 / times):,.1f} times as long as "
            f"{shorter.path.name}.",
            "Give the same part of both books.",
        )
