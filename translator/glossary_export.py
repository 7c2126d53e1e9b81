"""Glossaries into files that other programs read: CSV, TSV, TBX."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from translator.errors import InputError
from translator.glossary import Term

FORMATS = (".csv", ".tsv", ".tbx")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_DOCTYPE = '<!DOCTYPE martif SYSTEM "TBXcoreStructV02.dtd">'
_PREFERRED, _ADMITTED = "preferredTerm-admn-sts", "admittedTerm-admn-sts"


def write(path: Path, terms: Sequence[Term], source: str, target: str) -> None:
    """Write a glossary in the format of the suffix, whole or not at all.

    Read again by :func:`translator.glossary_files.load_terms` it is the same. Raises
    :class:`InputError` for another suffix and where the file cannot be written.
    """
    data = encode(path.suffix.lower(), terms, source, target)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".glossary-")
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}.") from error


def encode(suffix: str, terms: Sequence[Term], source: str, target: str) -> bytes:
    """The bytes of a glossary file. Raises :class:`InputError` for an unknown suffix."""
    if suffix in (".csv", ".tsv"):
        return _table(terms, source, target, "," if suffix == ".csv" else "\t")
    if suffix == ".tbx":
        return _tbx(terms, source, target)
    raise InputError(
        f"{suffix or 'A name without a suffix'} is no format for a glossary.",
        "Name the file .csv, .tsv or .tbx.",
    )


def _table(terms: Sequence[Term], source: str, target: str, delimiter: str) -> bytes:
    out = io.StringIO(newline="")
    # All in quotes, since a row that begins with # would be a comment.
    table = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    table.writerow([source, target, "note"])
    for term in terms:
        table.writerow(["|".join(term.sources), "|".join(term.targets), term.note])
    return out.getvalue().encode("utf-8-sig")  # spreadsheets want the mark


def _tbx(terms: Sequence[Term], source: str, target: str) -> bytes:
    """TBX of ISO 30042:2008, which more tools read than its successor."""
    from lxml import etree

    root = etree.Element("martif", {"type": "TBX", _XML_LANG: source})
    about = etree.SubElement(etree.SubElement(root, "martifHeader"), "fileDesc")
    etree.SubElement(etree.SubElement(about, "sourceDesc"), "p").text = "A glossary of Verso"
    body = etree.SubElement(etree.SubElement(root, "text"), "body")
    for number, term in enumerate(terms, 1):
        entry = etree.SubElement(body, "termEntry", id=f"t{number}")
        if term.note:
            etree.SubElement(entry, "note").text = term.note
        for tag, forms in ((source, term.sources), (target, term.targets)):
            section = etree.SubElement(entry, "langSet", {_XML_LANG: tag})
            for form in forms:
                group = etree.SubElement(section, "tig")
                etree.SubElement(group, "term").text = form
                status = etree.SubElement(group, "termNote", type="administrativeStatus")
                status.text = _PREFERRED if form == forms[0] else _ADMITTED
    return etree.tostring(
        root, xml_declaration=True, encoding="UTF-8", doctype=_DOCTYPE, pretty_print=True
    )
