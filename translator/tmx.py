"""TMX 1.4b, the exchange format of translation memories: a streaming reader and writer.

Format: https://www.gala-global.org/tmx-14b. A placeholder pair is ``bpt`` and ``ept``, a half of
one ``it``, a single one ``ph``; the attribute ``x`` carries its number. Characters that XML cannot
hold are a ``ph`` of the type ``x-verso-char`` with the code point in hexadecimal. Three ``prop``
elements say who wrote a unit; other tools keep or ignore them.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from translator import __version__, languages, markup
from translator.errors import InputError
from translator.markup import Mark
from translator.memory import Origin, Unit

if TYPE_CHECKING:
    from lxml import etree

_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_CHARACTER = "x-verso-char"
_PROPS = {"origin": "x-verso-origin", "key": "x-verso-key", "model": "x-verso-model"}
_DATE = "%Y%m%dT%H%M%SZ"
_ALL = "*all*"
_ESCAPED = re.compile("[^\t\n -%'-;=?-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BROKEN_HINT = "Export it again from the program that made it."

# The number of a placeholder by what names it in the file; shared by the two sides of a unit.
_Numbers = dict[tuple[str, str], int]


def write(path: Path, units: Iterable[Unit], source_language: str = _ALL) -> int:
    """Write units to a file; return how many. The file is replaced only when all is written.

    ``source_language`` is for the header, where all units have the same. Raises
    :class:`InputError` if the place cannot be written to.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    count = 0
    try:
        try:
            with temporary.open("w", encoding="utf-8", newline="\n") as file:
                file.write(
                    '<?xml version="1.0" encoding="UTF-8"?>\n'
                    '<!DOCTYPE tmx SYSTEM "tmx14.dtd">\n<tmx version="1.4">\n'
                    f'<header creationtool="Verso" creationtoolversion="{__version__}"'
                    ' segtype="paragraph" o-tmf="Verso" adminlang="en"'
                    f' srclang={quoteattr(source_language)} datatype="PlainText"/>\n<body>\n'
                )
                for unit in units:
                    file.write(_tu(unit))
                    count += 1
                file.write("</body>\n</tmx>\n")
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}.", "Choose another place for it."
        ) from error
    return count


def _tu(unit: Unit) -> str:
    when = datetime.fromtimestamp(unit.created, UTC).strftime(_DATE)
    props = {"origin": unit.origin.value, "key": unit.key, "model": unit.model}
    lines = [
        f'<tu srclang={quoteattr(unit.source_language)} changedate="{when}">',
        *(
            f'<prop type="{_PROPS[name]}">{_escaped(value)}</prop>'
            for name, value in props.items()
            if value
        ),
        _tuv(unit.source_language, unit.source),
        _tuv(unit.target_language, unit.target),
        "</tu>\n",
    ]
    return "\n".join(lines)


def _tuv(language: str, text: str) -> str:
    marks = Counter(markup.placeholders(text))
    pairs = {
        p.number
        for p in marks
        if p.mark is Mark.OPEN
        and marks[p] == 1
        and marks[markup.Placeholder(Mark.CLOSE, p.number)] == 1
        and text.index(markup.opening(p.number)) < text.index(markup.closing(p.number))
    }
    pieces = []
    for token in markup.tokenize(text):
        if isinstance(token, str):
            pieces.append(_escaped(token))
            continue
        n = token.number
        if token.mark is Mark.SINGLE:
            pieces.append(f'<ph x="{n}">&lt;{n}/&gt;</ph>')
        elif n not in pairs:
            begins = token.mark is Mark.OPEN
            shown = f"&lt;{n}&gt;" if begins else f"&lt;/{n}&gt;"
            pieces.append(f'<it pos="{"begin" if begins else "end"}" x="{n}">{shown}</it>')
        elif token.mark is Mark.OPEN:
            pieces.append(f'<bpt i="{n}" x="{n}">&lt;{n}&gt;</bpt>')
        else:
            pieces.append(f'<ept i="{n}">&lt;/{n}&gt;</ept>')
    return f"<tuv xml:lang={quoteattr(language)}><seg>{''.join(pieces)}</seg></tuv>"


def _escaped(text: str) -> str:
    return _ESCAPED.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    character = match[0]
    named = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
    if character in named:
        return named[character]
    return f'<ph type="{_CHARACTER}">{ord(character):X}</ph>'


def read(path: Path, skipped: Counter[str] | None = None) -> Iterator[Unit]:
    """The units of a TMX file (also ``.gz``): one for every pair of a source and another language.

    What cannot be used is left out and counted in ``skipped`` by reason. Raises
    :class:`InputError` for a file that is missing, broken, hostile or no TMX.
    """
    from lxml import etree

    skipped = Counter() if skipped is None else skipped
    srclang = _ALL
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as file:
            events = etree.iterparse(
                file, events=("end",), tag=("{*}header", "{*}tu"), resolve_entities=False,
                no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
            )  # fmt: skip
            for _, element in events:
                if etree.QName(element).localname == "header":
                    srclang = element.get("srclang", _ALL)
                    continue
                yield from _units(element, srclang, path.name, skipped)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
            root = events.root
    except etree.XMLSyntaxError as error:
        raise InputError(f"{path.name} is no valid XML: {error.msg}.", _BROKEN_HINT) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        message = f"{path.name} is damaged, or not compressed as its name says."
        raise InputError(message, "Get it again.") from error
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its name.") from error
    if root is None or etree.QName(root).localname != "tmx":
        raise InputError(f"{path.name} is no TMX file.", "Its root element should be <tmx>.")


def _units(tu: etree._Element, header: str, name: str, skipped: Counter[str]) -> Iterator[Unit]:
    sides: list[tuple[str, etree._Element]] = []
    for tuv in tu.iterchildren("{*}tuv"):
        seg = next(tuv.iterchildren("{*}seg"), None)
        tag = _language(tuv.get(_LANG) or tuv.get("lang") or "")
        if seg is None or not tag:
            skipped["unknown language" if seg is not None else "no text"] += 1
        else:
            sides.append((tag, seg))
    wanted = tu.get("srclang") or header
    source = "" if wanted.lower() == _ALL else _language(wanted)
    props = {p.get("type"): p.text or "" for p in tu.iterchildren("{*}prop")}
    origin, key, model = (props.get(kind, "") for kind in _PROPS.values())
    if origin not in list(Origin) or (origin == Origin.MODEL and not key):
        origin, key, model = Origin.IMPORTED, "", ""
    for of, seg in sides:
        if source and of != source:
            continue
        for to, other in sides:
            if to == of:
                continue
            numbers: _Numbers = {}
            before, after = _text(seg, numbers, name), _text(other, numbers, name)
            if not markup.plain(before).strip() or not markup.plain(after).strip():
                skipped["no text"] += 1
                continue
            yield Unit(before, after, of, to, Origin(origin), key, model, _when(tu, other))


def _language(tag: str) -> str:
    try:
        return languages.get(tag).tag
    except InputError:
        return ""


def _when(tu: etree._Element, tuv: etree._Element) -> float:
    """When a unit was last changed; 0 if the file does not say."""
    for element in (tuv.getparent(), tu):
        for attribute in ("changedate", "creationdate"):
            value = element.get(attribute) if element is not None else None
            with contextlib.suppress(ValueError, OverflowError):
                return datetime.strptime(value or "", _DATE).replace(tzinfo=UTC).timestamp()
    return 0.0


def _text(seg: etree._Element, numbers: _Numbers, name: str) -> str:
    return "".join(_pieces(seg, numbers, {}, Counter(), name))


def _pieces(
    element: etree._Element,
    numbers: _Numbers,
    opened: dict[str, int],
    order: Counter[str],
    name: str,
) -> Iterator[str]:
    """The tagged text of a ``seg`` or ``hi``. ``opened`` has the number of each ``bpt``."""
    yield markup.without_reserved(element.text or "")
    for child in element:
        if not isinstance(child.tag, str):
            raise InputError(f"{name} uses XML entities of its own.", _BROKEN_HINT)
        kind = child.tag.rpartition("}")[2]
        order[kind] += 1
        number = _number(numbers, kind, child, order[kind])
        if kind == "ph" and child.get("type") == _CHARACTER:
            yield _character(child.text or "")
        elif kind == "ept":
            if known := opened.get(child.get("i", "")):
                yield markup.closing(known)
        elif kind == "bpt":
            opened[child.get("i", "")] = number
            yield markup.opening(number)
        elif kind == "it":
            yield markup.closing(number) if child.get("pos") == "end" else markup.opening(number)
        elif kind == "hi":
            yield markup.opening(number)
            yield from _pieces(child, numbers, opened, order, name)
            yield markup.closing(number)
        else:
            yield markup.single(number)
        yield markup.without_reserved(child.tail or "")


def _number(numbers: _Numbers, kind: str, tag: etree._Element, order: int) -> int:
    """The tag's number: by ``x``, which is the same on both sides, else by its place."""
    if kind == "ept" or (kind == "ph" and tag.get("type") == _CHARACTER):
        return 0
    own = tag.get("i") if kind == "bpt" else None
    key = ("x", tag.get("x", "")) if tag.get("x") else (kind, own or str(order))
    return numbers.setdefault(key, len(numbers) + 1)


def _character(code: str) -> str:
    point = int(code, 16) if re.fullmatch("[0-9A-Fa-f]{1,6}", code) else 0xD800
    if point > 0x10FFFF or 0xD800 <= point < 0xE000:
        return ""
    return markup.without_reserved(chr(point))
