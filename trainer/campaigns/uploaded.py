"""Outputs from anywhere, matched to the segments of a campaign: TXT, JSONL or TMX."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from pathlib import Path

from trainer.campaigns.sources import Sources, json_rows, plain_line
from trainer.evaluate_systems import read_lines
from translator import markup, tmx
from translator.errors import InputError

SUFFIXES = (".txt", ".jsonl", ".tmx")
_TARGETS = ("output", "translation", "target", "hypothesis")
_SHOWN = 60  # characters of a text in a message


def matched(
    path: Path, sources: Sources, chosen: Sources, source: str, target: str
) -> tuple[str, ...]:
    """The output for each of the ``chosen`` segments of all ``sources``; it may be empty.

    A TXT file has a line for each line of the source (for each segment, where the source is no
    file of lines). A row of JSONL has ``output`` (or ``translation``, ``target``,
    ``hypothesis``) and says what it is of with ``source``, or with ``document`` and ``position``.
    A TMX file is matched by its source texts; so is JSONL with ``source``, and of equal ones the
    first is for the first.

    Raises :class:`InputError` if segments are without an output, or the file cannot be read.
    """
    suffix = path.suffix.lower()
    if suffix == ".txt":
        found: Sequence[str | None] = _by_line(path, sources)
    elif suffix == ".jsonl":
        found = _by_row(path, sources)
    elif suffix == ".tmx":
        units = (
            (unit.source, unit.target)
            for unit in tmx.read(path)
            if (unit.source_language, unit.target_language) == (source, target)
        )
        found = _by_text(units, sources)
    else:
        raise InputError(
            f"Verso cannot read outputs from {path.name}.", f"Send {', '.join(SUFFIXES)}."
        )
    by_line = dict(zip(sources.lines, found, strict=True))
    texts = [by_line[line] for line in chosen.lines]
    missing = [row for row, text in zip(chosen.rows, texts, strict=True) if text is None]
    if missing:
        first = missing[0].text
        shown = first if len(first) <= _SHOWN else f"{first[: _SHOWN - 1]}…"
        raise InputError(
            f"{path.name} lacks {len(missing):,} of {len(texts):,} segments.",
            f"The first is {shown!r} in {missing[0].document}.",
        )
    return tuple((text or "").strip() for text in texts)


def _by_line(path: Path, sources: Sources) -> tuple[str, ...]:
    lines = read_lines(path)
    count = len(sources.rows)
    if len(lines) == sources.total:
        places: Iterable[int] = sources.lines
    elif len(lines) == count:  # without the empty lines of the source
        places = sorted(range(count), key=lambda n: sources.lines[n])
        places = _ranks(list(places))
    else:
        expected = f"{sources.total:,} lines"
        if sources.total != count:
            expected += f", or {count:,} without the empty ones"
        raise InputError(
            f"{path.name} has {len(lines):,} lines; the source has {expected}.",
            "Line N must be the translation of line N; or send JSONL or TMX with the sources.",
        )
    return tuple(lines[place].strip() for place in places)


def _ranks(order: list[int]) -> list[int]:
    """Where each number stands in an order."""
    ranks = [0] * len(order)
    for rank, number in enumerate(order):
        ranks[number] = rank
    return ranks


def _by_row(path: Path, sources: Sources) -> list[str | None]:
    places: dict[tuple[str, int], str] = {}
    texts: list[tuple[str, str]] = []
    for number, row in json_rows(path):
        said = next((row[name] for name in _TARGETS if isinstance(row.get(name), str)), None)
        if said is None:
            raise InputError(
                f"Line {number} of {path.name} has no output.",
                'Write {"source": "…", "output": "…"}.',
            )
        document, position = row.get("document"), row.get("position")
        if isinstance(row.get("source"), str):
            texts.append((row["source"], said))
        elif isinstance(document, str) and isinstance(position, int):
            places[document, position] = said
        else:
            raise InputError(
                f"Line {number} of {path.name} does not say what it is the translation of.",
                "Give it a source, or a document and a position.",
            )
    if not texts:
        return [places.get(row.place) for row in sources.rows]
    return _by_text(texts, sources)


def _by_text(pairs: Iterable[tuple[str, str]], sources: Sources) -> list[str | None]:
    known: dict[str, deque[str]] = defaultdict(deque)
    for text, output in pairs:
        known[plain_line(text)].append(markup.plain(output).strip())
    found: list[str | None] = []
    for row in sources.rows:
        outputs = known.get(plain_line(row.text))
        # Where a text comes twice and has one translation, both get it.
        found.append(None if not outputs else outputs.popleft() if len(outputs) > 1 else outputs[0])
    return found
