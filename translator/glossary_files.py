"""Glossaries from files: CSV and TSV tables as spreadsheets write them, and TBX."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
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
_NOTE_NAMES = frozenset({"note", "notes", "comment", "comments", "remark", "definition"})
_OTHER_NAMES = _NOTE_NAMES | {"count", "example"}
_HINT = "A glossary is a table with a column for each language, or a TBX file."
# What neither a line of a table nor XML can hold.
_UNWRITABLE = re.compile("[\0-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def load(path: Path, source: str, target: str) -> Glossary:
    """The glossary in a file for a pair of languages (BCP-47); see :func:`load_terms`."""
    return Glossary(load_terms(path, source, target), source, target)


def load_terms(path: Path, source: str, target: str) -> list[Term]:
    """Read the terms for a pair of languages (BCP-47).

    A table may have a header: language tags or names, of which the two that are wanted are taken
    (in either direction), or the words "source" and "target"; without one the first column is the
    source, the second the target. ``|`` parts several forms in a cell: the first target is used,
    the others are accepted. Lines that begin with ``#`` are left out.

    Raises :class:`InputError` for a file that cannot be read or has no terms for these languages.
    """
    data = _bytes(path)
    if _is_tbx(path):
        found = _tbx_terms(_tbx(data, path.name), source, target)
    else:
        found = _table_terms(_rows(data, path), path.name, source, target)
    terms = _merged(found)
    if not terms:
        names = f"{languages.get(source).name} and {languages.get(target).name}"
        raise InputError(f"{path.name} has no terms for {names}.", _HINT)
    for term in terms:
        for form in (*term.sources, *term.targets):
            if len(form) > MAX_TERM:
                raise InputError(f"{path.name} has text instead of a term: {form[:60]}...", _HINT)
    return terms


def languages_in(path: Path) -> tuple[str, ...]:
    """The languages (BCP-47) that a file names, in its order; empty if it names none.

    Raises :class:`InputError` for a file that cannot be read.
    """
    data = _bytes(path)
    if _is_tbx(path):
        sections = _tbx(data, path.name).iter("{*}langSet", "{*}langSec")
        tags = [_language(_tag_of(section)) for section in sections]
    else:
        header = next(_rows(data, path), [])
        named = [cell for cell in header if cell and cell.lower() not in _OTHER_NAMES]
        tags = [_language(cell) for cell in named]
        tags = tags if all(tags) else []
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def forms(cell: str) -> tuple[str, ...]:
    """The forms in a cell of a table, parted by ``|``, each tidied."""
    return tuple(dict.fromkeys(form for part in cell.split("|") if (form := tidy(part))))


def tidy(text: str) -> str:
    """The text on one line, without control characters."""
    return " ".join(_UNWRITABLE.sub(" ", text).split())


def _merged(terms: Iterable[Term]) -> list[Term]:
    """One term for each source; the targets of later entries are accepted too."""
    known: dict[tuple[str, ...], Term] = {}
    for term in terms:
        if not term.sources or not term.targets:
            continue
        first = known.get(term.sources, term)
        targets = tuple(dict.fromkeys((*first.targets, *term.targets)))
        note = "; ".join(dict.fromkeys(note for note in (first.note, term.note) if note))
        known[term.sources] = Term(term.sources, targets, note)
    return list(known.values())


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE:
            raise InputError(f"{path.name} is too large to be a glossary.", _HINT)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its name.") from error


def _is_tbx(path: Path) -> bool:
    return path.suffix.lower() in (".tbx", ".xml")


def _rows(data: bytes, path: Path) -> Iterator[list[str]]:
    """The rows of a table that have something in them, without comments."""
    from translator.books.decoding import decode_text

    text = decode_text(data, path.name).text
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else _delimiter(text)
    between = True

    def lines() -> Iterator[str]:
        # A comment begins where a row would; "#" in quotes begins a term.
        nonlocal between
        for line in io.StringIO(text, newline=""):
            if not between or not line.lstrip().startswith("#"):
                between = False
                yield line

    try:
        for row in csv.reader(lines(), delimiter=delimiter, strict=True):
            between = True
            if any(cells := [tidy(cell) for cell in row]):
                yield cells
    except csv.Error as error:
        raise InputError(f"{path.name} is no valid table: {error}.", _HINT) from error


def _table_terms(rows: Iterator[list[str]], name: str, source: str, target: str) -> Iterator[Term]:
    header = next(rows, None)
    if header is None:
        return
    columns = _columns(header, source, target, name)
    lower = [cell.lower() for cell in header]
    noted = next((i for i, cell in enumerate(lower) if columns and cell in _NOTE_NAMES), None)
    first, second = columns or (0, 1)
    for row in rows if columns else (header, *rows):
        if not columns and len(row) < 2:
            raise InputError(f"{name} has a line with one column: {row[0][:60]}", _HINT)
        cells = (row[i] if i is not None and i < len(row) else "" for i in (first, second, noted))
        of, to, note = cells
        yield Term(forms(of), forms(to), note)


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
    named = [cell for cell in row if cell and cell.lower() not in _OTHER_NAMES]
    short = all(len(cell.split("-")[0].split("_")[0]) in (2, 3) for cell in named)
    known = [_language(cell) for cell in named]
    if len(named) > 1 and short and all(known) and len(set(known)) == len(known):
        raise InputError(
            f"{name} has the languages {', '.join(known)}, not {source} and {target}.", _HINT
        )
    return None


def _language(tag: str) -> str:
    try:
        return languages.get(tag).tag if tag else ""
    except InputError:
        return ""


def _tbx(data: bytes, name: str) -> etree._Element:
    from lxml import etree

    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        raise InputError(f"{name} is no valid XML: {error.msg}.", _HINT) from error


def _tbx_terms(root: etree._Element, source: str, target: str) -> Iterator[Term]:
    """The entries of a TBX file, of ISO 30042:2008 (``termEntry``) or 2019 (``conceptEntry``)."""
    for entry in root.iter("{*}termEntry", "{*}conceptEntry"):
        terms: dict[str, list[str]] = {}
        for section in entry.iter("{*}langSet", "{*}langSec"):
            terms.setdefault(_language(_tag_of(section)), []).extend(_forms_of(section))
        notes = (tidy("".join(map(str, note.itertext()))) for note in entry.iter("{*}note"))
        note = "; ".join(dict.fromkeys(note for note in notes if note))
        yield Term(tuple(terms.get(source, ())), tuple(terms.get(target, ())), note)


def _tag_of(section: etree._Element) -> str:
    return section.get(_LANG) or section.get("lang") or ""


def _forms_of(section: etree._Element) -> Iterator[str]:
    for term in section.iter("{*}term"):
        group = term.getparent()
        notes = group.iterchildren("{*}termNote") if group is not None else ()
        if not any((note.text or "").startswith("deprecated") for note in notes):
            yield from forms("".join(map(str, term.itertext())))
