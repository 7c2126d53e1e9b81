"""Texts that a corpus must not contain: test sets, development sets, books kept for trials.

A text overlaps when all of it is a held-out text or a sentence of one, or when it shares a run of
13 words with one (T. Brown et al., "Language Models are Few-Shot Learners", 2020, appendix C).
Where words are not spaced a character counts as a half of one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from trainer.readers_text import TextFile, bare_name
from translator import markup
from translator.books.base import FORMATS, open_book
from translator.sentences import sentence_ends

# Thai to Tibetan, Burmese, Khmer, kana, Han.
_UNSPACED = (
    "\u0e01-\u0eff\u0f00-\u109f\u1780-\u17ff\u3005-\u3006\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003347f"
)
_TOKEN = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")
_ONE = re.compile(f"[{_UNSPACED}]")
_LEAST = 4  # words of a sentence of a held-out text that counts by itself
# Of a plain text each line counts by itself.
_BOOKS = {suffix for form in FORMATS if form.name != "txt" for suffix in form.suffixes}


def held_out_texts(path: Path) -> Iterator[str]:
    """The texts of a file (a line each, or a paragraph of a book), or of all files of a folder.

    Raises :class:`InputError` for a file that cannot be read.
    """
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file() and not file.name.startswith("."):
                yield from held_out_texts(file)
    elif Path(bare_name(path)).suffix.lower() == ".tmx":
        from translator import tmx

        for unit in tmx.read(path):
            yield markup.plain(unit.source)
            yield markup.plain(unit.target)
    elif Path(bare_name(path)).suffix.lower() in _BOOKS:
        for block in open_book(path).blocks():
            yield markup.plain(block.text)
    else:
        yield from TextFile.sniff(path).lines()


class HeldOut:
    """An index of texts. ``words`` is the length of a run that counts as overlap."""

    def __init__(self, words: int) -> None:
        self._words = words
        self._whole: set[int] = set()
        self._runs: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._whole)

    def add(self, texts: Iterable[str]) -> int:
        """Index texts and the sentences in them; return how many texts had words."""
        count = 0
        for text in texts:
            tokens = _tokens(text)
            if not tokens:
                continue
            count += 1
            self._whole.add(hash(tokens))
            self._runs.update(self._grams(text, tokens))
            start = 0
            for end in sentence_ends(text):
                sentence = _tokens(text[start:end])
                start = end
                if _weight(sentence) >= _LEAST:
                    self._whole.add(hash(sentence))
        return count

    def finding(self, text: str) -> str:
        """How a text overlaps with those held out, or an empty string."""
        tokens = _tokens(text)
        if hash(tokens) in self._whole:
            return "a held-out text"
        if len(tokens) >= self._words and not self._runs.isdisjoint(self._grams(text, tokens)):
            return f"{self._words} words in a row of a held-out text"
        return ""

    def _grams(self, text: str, tokens: tuple[str, ...]) -> Iterator[int]:
        """Hashes of the runs; longer ones where characters stand for words."""
        length = self._words
        if _ONE.search(text) and 2 * sum(map(_is_one, tokens)) > len(tokens):
            length *= 2
        return (hash(tokens[i : i + length]) for i in range(len(tokens) - length + 1))


def _is_one(token: str) -> bool:
    return _ONE.match(token) is not None


def _tokens(text: str) -> tuple[str, ...]:
    return tuple(_TOKEN.findall(text.casefold()))


def _weight(tokens: tuple[str, ...]) -> float:
    return sum(0.5 if _is_one(token) else 1.0 for token in tokens)
