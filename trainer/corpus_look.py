"""What is in texts that somebody sent: which languages, and which of them can be read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from trainer import readers
from trainer.readers import tag_of
from trainer.readers_text import TextFile, bare_name
from translator import tmx
from translator.errors import VersoError

_FIRST = 20  # files of each kind that are looked at
_WORD = re.compile(r"[a-z]{2,3}(?:[_-][a-z0-9]{2,8})?", re.IGNORECASE)


def languages_of(inputs: Iterable[Path]) -> list[str]:
    """The languages that names, headers and first lines tell, the most frequent first.

    English comes first where it is among them: most parallel texts have it for a source.
    """
    counts: Counter[str] = Counter()
    for path in inputs:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        for file in islice(files, 20 * _FIRST):
            counts.update(set(_told_by(file)))
    found = [tag for tag, _ in counts.most_common()]
    return sorted(found, key=lambda tag: tag.partition("-")[0] != "en")


def readable(inputs: Iterable[Path], of: str, to: str) -> list[str]:
    """The names of the parallel texts of two languages that can be read."""
    return [reader.name for path in inputs for reader in readers.find(path, of, to)]


def _told_by(file: Path) -> Iterator[str]:
    name = bare_name(file)
    words = name.split(".")[1:] if file.suffix.lower() != ".tmx" else []
    said = [tag for word in words if _WORD.fullmatch(word) and (tag := tag_of(word))]
    pair = re.fullmatch(r"(?:.*[._])?([a-z]{2,3})-([a-z]{2,3})", Path(name).stem)
    if pair:
        said += [tag for word in pair.groups() if (tag := tag_of(word))]
    if not said:
        try:
            said = list(_inside(file, Path(name).suffix.lower()))
        except (VersoError, ValueError):
            return  # reading it for real says what is wrong
    yield from said


def _inside(file: Path, suffix: str) -> Iterator[str]:
    if suffix == ".tmx":
        for unit in islice(tmx.read(file), _FIRST):
            yield from (unit.source_language, unit.target_language)
        return
    first = next(iter(TextFile.sniff(file).lines()), "")
    if suffix in (".jsonl", ".ndjson"):
        row = json.loads(first)
        if isinstance(row, dict):
            inner = row.get("translation")
            names = [*row, *(inner if isinstance(inner, dict) else ())]
            said = [str(row.get(key, "")) for key in ("from", "to")]
            yield from (tag for word in (*names, *said) if (tag := _tag(word)))
    elif suffix in (".tsv", ".tab", ".csv"):
        for cell in re.split(r"[\t,;|]", first)[:20]:
            if tag := _tag(cell.strip().strip('"')):
                yield tag


def _tag(word: str) -> str:
    return tag_of(word) if len(word) <= 20 else ""
