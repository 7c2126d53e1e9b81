"""Glossaries from files: CSV and TSV tables as spreadsheets write them, and TBX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from translator import languages
from translator.errors import InputError
from translator.glossary import Glossary, Term

if TYPE_CHECKING:
    from lxml import etree

MAX_FILE = 64 << 20  # bytes
MAX_TERM = 200  # characters
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_SOURCE_NAMES = frozenset({"source", "src", "term", "original", "source term", "from"})
_TARGET_NAMES = frozenset({"target", "tgt", "translation", "target term", "to"})
_HINT = "A glossary is a table with a column for each language, or a TBX file."

_Pair = tuple[tuple[str, ...], tuple[str, ...]]


def load(path: Path, source: str, target: str) -> Glossary:
    """Read a glossary for a pair of languages (BCP-47).

    A table may have a header: language tags or names, of which the two that are wanted are taken
    (in either direction), or the words "source" and "target"; without one the first column is the
    source, the second the target. ``|`` parts several forms in a cell: the first target is used,
    the others are accepted. Lines that begin with ``#`` are left out.

    Raises :class:`InputError` for a file that cannot be read or has no terms for these languages.
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise InputError(f"{path.name} is too large to be a glossary.", _HINT)
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its name.") from error
    if path.suffix.lower() in (".tbx", ".xml"):
        pairs = list(_tbx(data, path.name, source, target))
    else:
        pairs = list(_table(data, path, source, target))
    terms = _merged(pairs)
    if not terms:
        names = f"{languages.get(source).name} and {languages.get(target).name}"
        raise InputError(f"{path.name} has no terms for {names}.", _HINT)
    for term in terms:
        for form in (*term.sources, *term.targets):
            if len(form) > MAX_TERM:
                raise InputError(f"{path.name} has text instead of a term: {form[:60]}...", _HINT)
    return Glossary(terms, source, target)


def _merged(pairs: list[_Pair]) -> list[Term]:
    """One term for each source; the targets of later entries are accepted too."""
    targets: dict[tuple[str, ...], dict[str, None]] = {}
    for sources, translations in pairs:
        if sources and translations:
            targets.setdefault(sources, {}).update(dict.fromkeys(translations))
    return [Term(sources, tuple(found)) for sources, found in targets.items()]


def _table(data: bytes, path: Path, source: str, target: str) -> Iterator[_Pair]:
    from translator.books.decoding import decode_text

    text = decode_text(data, path.name).text
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(text)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(f"{path.name} is no valid table: {error}.", _HINT) from error
    rows = [[cell.strip() for cell in row] for row in rows]
    rows = [row for row in rows if any(row) and not row[0].startswith("#")]
    if not rows:
        return
    columns = _columns(rows[0], source, target, path.name)
    for row in rows[1:] if columns else rows:
        first, second = columns or (0, 1)
        if not columns and len(row) < 2:
            raise InputError(f"{path.name} has a line with one column: {row[0][:60]}", _HINT)
        yield _forms(row, first), _forms(row, second)


def _delimiter(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    first = lines[0] if lines else ""
    return max("\t;,", key=first.count) if any(c in first for c in "\t;,") else ","


def _columns(row: list[str], source: str, target: str, name: str) -> tuple[int, int] | None:
    """Which columns a header names; ``None`` if the row is no header."""
    lower = [cell.lower() for cell in row]
    for first, cell in enumerate(lower):
        for second, other in enumerate(lower):
            if cell in _SOURCE_NAMES and other in _TARGET_NAMES:
                return first, second
    tags = [_language(cell) for cell in row]
    if source in tags and target in tags:
        return tags.index(source), tags.index(target)
    short = all(len(cell.split("-")[0].split("_")[0]) in (2, 3) for cell in row if cell)
    if len(row) > 1 and short and all(tags) and len(set(tags)) == len(tags):
        raise InputError(
            f"{name} has the languages {', '.join(tags)}, not {source} and {target}.", _HINT
        )
    return None


def _forms(row: list[str], column: int) -> tuple[str, ...]:
    cell = row[column] if column < len(row) else ""
    return tuple(dict.fromkeys(form.strip() for form in cell.split("|") if form.strip()))


def _language(tag: str) -> str:
    try:
        return languages.get(tag).tag if tag else ""
    except InputError:
        return ""


def _tbx(data: bytes, name: str, source: str, target: str) -> Iterator[_Pair]:
    """The entries of a TBX file, of ISO 30042:2008 (``termEntry``) or 2019 (``conceptEntry``)."""
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        root = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{name} is no valid XML: {error.msg}.", _HINT) from error
    for entry in root.iter("{*}termEntry", "{*}conceptEntry"):
        terms: dict[str, list[str]] = {}
        for section in entry.iter("{*}langSet", "{*}langSec"):
            tag = _language(section.get(_LANG) or section.get("lang") or "")
            terms.setdefault(tag, []).extend(_terms(section))
        yield tuple(terms.get(source, ())), tuple(terms.get(target, ()))


def _terms(section: etree._Element) -> Iterator[str]:
    for term in section.iter("{*}term"):
        group = term.getparent()
        notes = group.iterchildren("{*}termNote") if group is not None else ()
        if any((note.text or "").startswith("deprecated") for note in notes):
            continue
        text = " ".join("".join(map(str, term.itertext())).split())
        if text:
            yield text
