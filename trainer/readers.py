"""Parallel texts on disk: a folder or a file becomes a list of readers of pairs.

Moses files (``corpus.en`` beside ``corpus.zh_tw``, compressed or not), TMX, TSV, CSV, JSONL, two
editions of a book (:mod:`trainer.readers_books`), and a corpus that Verso built. Readers stream:
the memory does not grow with the files, except for books.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath

from trainer.pairs import Pair, Unusable
from trainer.readers_licences import LICENCES
from trainer.readers_text import TextFile, bare_name
from translator import languages
from translator.errors import InputError

CORPUS = "corpus.toml"  # a folder with this file is a corpus; its train part is read
TRAIN = "train.jsonl.gz"
_TABLES = (".tsv", ".tab", ".csv", ".jsonl", ".ndjson")
_SUFFIX = re.compile(r"[a-z]{2,3}(?:[_-][a-z0-9]{2,8})*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reader:
    """Files that hold pairs of two languages. ``name`` is short and the same on any machine.

    ``read`` gives the pairs in order, and what it cannot use. ``encodings`` says how texts are
    encoded, file by file, with "?" after a guess.
    """

    name: str
    files: tuple[Path, ...]
    read: Callable[[], Iterator[Pair | Unusable]]
    encodings: tuple[str, ...] = ()


def find(path: Path, of: str, to: str) -> list[Reader]:
    """Readers for all parallel texts of two languages (BCP-47) in a file or below a folder.

    In the order of their names. Raises :class:`InputError` for a path that does not exist.
    """
    if path.is_dir():
        if (path / CORPUS).exists():
            files = [path / TRAIN]
        else:
            files = sorted(
                file
                for file in path.rglob("*")
                if file.is_file()
                and not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        readers = _readers(files, path, of, to)
    elif path.exists():
        readers = _readers([path], path.parent, of, to) or _readers(
            _siblings(path), path.parent, of, to
        )
    else:
        raise InputError(f"{path} does not exist.", "Check its name.")
    return readers


def nothing(where: str, of: str, *to: str) -> InputError:
    """The error to raise where there are no texts of these languages."""
    names = " or ".join(languages.get(tag).name for tag in to)
    return InputError(
        f"There are no parallel texts of {languages.get(of).name} and {names} in {where}.",
        f"Moses files end in a language, as in corpus.{of} and corpus.{to[0]}; "
        f"two editions of a book in it too, as in book.{of}.epub and book.{to[0]}.epub; TMX, TSV, "
        "CSV and JSONL are read as well.",
    )


def _siblings(path: Path) -> list[Path]:
    from trainer.readers_books import book_name

    found = sorted(file for file in path.parent.iterdir() if file.is_file())
    stem = _moses_name(path)[0]
    if stem:
        return [file for file in found if _moses_name(file)[0] == stem]
    book = book_name(PurePosixPath(path.name))[0]
    return [file for file in found if book and book_name(PurePosixPath(file.name))[0] == book]


def _readers(files: list[Path], root: Path, of: str, to: str) -> list[Reader]:
    from trainer.readers_books import book_readers
    from trainer.readers_tables import table_reader
    from trainer.readers_units import tmx_reader

    found = book_readers(files, root, of, to)
    groups: dict[tuple[Path, str], dict[str, Path]] = {}
    for file in files:
        name = file.relative_to(root).as_posix()
        suffix = Path(bare_name(file)).suffix.lower()
        if suffix == ".tmx":
            found.append(tmx_reader(file, name, of, to))
        elif suffix in _TABLES:
            if not _is_of_others(file, of, to) and bare_name(file) not in LICENCES:
                found += table_reader(file, name, of, to)
        else:
            stem, ending = _moses_name(file)
            if ending:
                groups.setdefault((file.parent, stem), {})[ending] = file
    for (folder, stem), sides in groups.items():
        source, target = side(sides, of), side(sides, to)
        if source and target and source != target:
            name = (folder / stem).relative_to(root).as_posix()
            found.append(moses_reader(name, source, target, of, to))
    return sorted(found, key=lambda reader: reader.name)


def _is_of_others(file: Path, of: str, to: str) -> bool:
    """Whether the file's name says two languages, as ``en-fr.tsv`` does, and not these."""
    words = re.split(r"[.-]", Path(bare_name(file)).stem)
    said = {tag_of(word).partition("-")[0] for word in words if _SUFFIX.fullmatch(word)} - {""}
    return len(said) > 1 and not {of.partition("-")[0], to.partition("-")[0]} <= said


def _moses_name(file: Path) -> tuple[str, str]:
    """``corpus.zh_tw.gz`` -> ``corpus`` and ``zh_tw``; the second is empty for other files."""
    stem, _, ending = bare_name(file).rpartition(".")
    return (stem, ending) if stem and _SUFFIX.fullmatch(ending) and tag_of(ending) else ("", "")


@lru_cache(maxsize=4096)
def tag_of(name: str) -> str:
    """The tag of a language however a file names it; empty if it names none."""
    try:
        return languages.get(name).tag
    except InputError:
        return ""


def side(sides: dict[str, Path], tag: str) -> Path | None:
    """Of files by the language in their names, the one of a language: by its tag, or by a bare
    ``zh`` or ``pt``, which may be either.
    """
    primary = tag.partition("-")[0]
    for ending, file in sides.items():
        if tag_of(ending) == tag:
            return file
    return next((file for ending, file in sides.items() if ending.lower() == primary), None)


def moses_reader(name: str, source: Path, target: Path, of: str, to: str) -> Reader:
    """Two files whose lines answer each other. ``name.src`` beside them says "origin<TAB>domain"
    of each line, ``name.docs`` the document.
    """
    columns = {"source": TextFile.sniff(source), "target": TextFile.sniff(target)}
    stem = _moses_name(source)[0]
    for file in sorted(source.parent.iterdir()):
        for column, ending in (("origin", "src"), ("document", "docs")):
            if bare_name(file) == f"{stem}.{ending}":
                columns[column] = TextFile.sniff(file)

    def read() -> Iterator[Pair | Unusable]:
        lines = zip(*(column.lines() for column in columns.values()), strict=True)
        try:
            for number, values in enumerate(lines, 1):
                row = dict(zip(columns, values, strict=True))
                origin, _, domain = row.get("origin", "").partition("\t")
                document = row.get("document", "")
                yield Pair(
                    row["source"], row["target"], of, to, name, number, origin.strip() or name,
                    domain.strip(), document=document and f"{name}#{document}",
                )  # fmt: skip
        except ValueError as error:
            files = " and ".join(column.path.name for column in columns.values())
            raise InputError(
                f"{files} do not have the same number of lines.", "One line answers one line."
            ) from error

    return Reader(
        name,
        tuple(column.path for column in columns.values()),
        read,
        tuple(column.named() for column in columns.values()),
    )
