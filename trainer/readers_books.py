"""Pairs from two editions of a book, sentence by sentence.

The files lie beside each other with a language at the end of their names (``moby.en.epub`` and
``moby.de.pdf``, also ``moby_en.epub``), or under the same name in folders that languages name
(``en/moby.epub`` and ``de/moby.epub``). Sentences are paired by :mod:`trainer.align`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from trainer.align import align
from trainer.align_books import Edition, read_edition, require_alike
from trainer.align_output import texts
from trainer.pairs import Pair, Unusable
from trainer.readers import Reader, moses_reader, side, tag_of
from trainer.readers_text import TextFile
from translator.books.base import SUFFIXES

_SUFFIXES = tuple(suffix for suffix in SUFFIXES if suffix not in (".srt", ".vtt"))
_PLAIN = (".txt", ".text")
_LANGUAGE = re.compile(r"(?<=.)[._-](?=([a-z]{2,3}(?:[_-][a-z]{2,4})?)$)", re.IGNORECASE)
_SURE = 0.5  # confidence of a pair, as in ``verso align``
_CHAPTERS = 5  # from which on they are documents: the split needs some
_LINES = 10  # of two texts: as many on both sides are no accident


def book_name(path: PurePosixPath) -> tuple[str, str]:
    """What two editions have in common, and the language in the name; empty for other files.

    ``path`` is relative to where the search began.
    """
    if path.suffix.lower() not in _SUFFIXES:
        return "", ""
    for found in _LANGUAGE.finditer(path.stem):
        if tag_of(found[1]):
            return path.with_name(path.stem[: found.start()]).as_posix(), found[1]
    for at, part in reversed(list(enumerate(path.parts[:-1]))):
        if tag_of(part):
            rest = PurePosixPath(*path.parts[:at], *path.parts[at + 1 :])
            return rest.with_suffix("").as_posix(), part
    return "", ""


def book_readers(files: Sequence[Path], root: Path, of: str, to: str) -> list[Reader]:
    """A reader for every book of which there is an edition in both languages."""
    groups: dict[str, dict[str, Path]] = {}
    # Of several files of an edition, the kind that is read best.
    for file in sorted(files, key=lambda f: (*_SUFFIXES, f.suffix.lower()).index(f.suffix.lower())):
        name, language = book_name(PurePosixPath(file.relative_to(root).as_posix()))
        if name:
            groups.setdefault(name, {}).setdefault(language, file)
    found = []
    for name, sides in groups.items():
        source, target = side(sides, of), side(sides, to)
        if source and target and source != target:
            found.append(_reader(name, source, target, of, to))
    return found


def _reader(name: str, source: Path, target: Path, of: str, to: str) -> Reader:
    if _same_lines(source, target):
        return moses_reader(name, source, target, of, to)

    def read() -> Iterator[Pair | Unusable]:
        yield from aligned(read_edition(source, of), read_edition(target, to), name)

    return Reader(name, (source, target), read)


def _same_lines(source: Path, target: Path) -> bool:
    """Whether two plain texts answer each other line by line."""
    if not all(path.suffix.lower() in _PLAIN for path in (source, target)):
        return False
    counts = [sum(1 for _ in TextFile.sniff(path).lines()) for path in (source, target)]
    return counts[0] == counts[1] >= _LINES


def aligned(a: Edition, b: Edition, name: str) -> Iterator[Pair | Unusable]:
    """The sentences of two editions: pairs, those that are not sure, and those left alone.

    Documents are the chapters of ``a``, if it has some. Raises :class:`InputError` if the two
    are clearly not one book.
    """
    require_alike(a, b)
    of, to = a.language.tag, b.language.tag
    known = len(set(a.chapters)) >= _CHAPTERS
    beads = align(a.sentences, b.sentences, a.language, b.language)
    for number, bead in enumerate(beads, 1):
        source, target = texts(a, bead.source), texts(b, bead.target)
        if not bead.linked:
            yield Unusable(name, number, "no translation was found", source or target)
        elif bead.confidence < _SURE:
            why = f"the aligner is not sure ({bead.confidence:.2f})"
            yield Unusable(name, number, why, f"{source}\t{target}")
        else:
            document = f"{name}#{a.chapters[bead.source.start]}" if known else ""
            yield Pair(source, target, of, to, name, number, name, document=document)
