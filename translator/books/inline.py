"""A run of inline markup <-> tagged text.

A run is a stretch of sibling nodes without block elements: the content of a paragraph, or the bare
text beside its blocks. White space collapses as HTML shows it; elements with text become pairs of
placeholders, all else single ones. Wrappers around the whole run, and what has no text at its
edges, stay in the structure: fewer tags translate better. A ``<br/>`` at the top level of a run
divides it, so that a line of verse is a text of its own.

Ruby: the base text is translated, its annotation (``rt``, ``rp``) shows how to read the source
and is left out where the base was replaced; where nothing was replaced it stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from translator import markup
from translator.books.runs import collapse, has_letters
from translator.books.xmltree import Node, NodeKind, escape, split_references

CODE, MATH, IMAGE, NO_TRANSLATE = "code", "math", "text in a drawing", "marked as not to translate"
RUBY = "reading aid (ruby), left out of a translation"
NOTE = "reference to a note"
NOTHING = "nothing to translate"

SOURCE_CLASS, TARGET_CLASS = "verso-source", "verso-target"

_CODE = frozenset({"code", "kbd", "samp", "var", "textarea", "script", "style", "template"})
_REASONS = {**dict.fromkeys(_CODE, CODE), "math": MATH, "svg": IMAGE}
_INVISIBLE = frozenset({"script", "style", "template"})
_BR = frozenset({"br"})
# Without text but seen, so they keep their place inside the text.
_SEEN = frozenset({"img", "image", "object", "input", "audio", "video", "embed", "iframe", "wbr"})
# What may stand in a ruby annotation that is left out, and attributes that may not.
_PLAIN = frozenset(
    ["rt", "rp", "rtc", "rb", "rbc", "span", "b", "i", "em", "strong", "small", "ruby"]
)
_CARRIES = frozenset(("xml:id", "href", "src", "data", "epub:type", "name"))
_RESERVED = re.compile(f"([{markup.RESERVED}])")
_MARKUP = re.compile(r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<[^>]*>", re.S)
_READINGS = re.compile(r"<r[tp]\b[^>]*>.*?</r[tp]\s*>", re.S)


@dataclass(slots=True, eq=False)
class Piece:
    """Text, an atom (becomes a single placeholder), or one half of a pair.

    ``fragment`` replaces the source span on writing where the piece is not the source itself.
    ``ghost``: nothing of it is seen (anchors, comments, line breaks).
    """

    kind: str  # "text", "atom", "open", "close"
    start: int
    end: int
    text: str = ""  # of a text; of an atom: what a reader sees
    partner: Piece | None = None
    fragment: str | None = None
    ghost: bool = False
    note: bool = False  # a reference to a note
    line_break: bool = False


def inner_text(source: str, node: Node) -> str:
    """The text inside an element, without tags, comments and ruby annotations."""
    if node.name in _INVISIBLE:
        return ""
    pieces: list[str] = []
    raw = _READINGS.sub("", source[node.inner_start : node.inner_end])
    position = 0
    for match in _MARKUP.finditer(raw):
        pieces += [decoded for decoded, _ in split_references(raw[position : match.start()])]
        pieces.append(match[1] or "")
        position = match.end()
    pieces += [decoded for decoded, _ in split_references(raw[position:])]
    return "".join(pieces)


def forbids_translation(node: Node) -> bool:
    """Whether an element says that its content is not to be translated."""
    if node.get("translate") == "no":
        return True
    return "notranslate" in node.get("class").split()


class Flattener:
    """Turns nodes into pieces. ``rereading``: source copies of a bilingual edition count as
    comments."""

    def __init__(self, source: str, rereading: bool = False) -> None:
        self._source = source
        self._rereading = rereading
        self.kept: list[tuple[int, str, str]] = []  # (position, reason, text)

    def flatten(self, nodes: Iterable[Node]) -> list[Piece]:
        """The pieces of sibling nodes, in order."""
        pieces: list[Piece] = []
        for node in nodes:
            if node.kind is NodeKind.TEXT:
                pieces += self._text(node)
            elif node.kind is NodeKind.CDATA:
                raw = self._source[node.inner_start : node.inner_end]
                kind = "atom" if _RESERVED.search(raw) else "text"
                pieces.append(Piece(kind, node.start, node.end, raw))
            elif node.kind is NodeKind.OTHER:
                pieces.append(Piece("atom", node.start, node.end, ghost=True))
            else:
                pieces += self._element(node)
        return pieces

    def _text(self, node: Node) -> Iterator[Piece]:
        position = node.start
        raw = self._source[node.start : node.end]
        if "&" not in raw and not _RESERVED.search(raw):
            yield Piece("text", node.start, node.end, raw)
            return
        # Offsets inside decoded text are unknown, so a piece is what lies between two
        # references that must stay, and reserved characters are looked for in the raw text.
        for part in re.split(f"(&[^\\s;&<]+;|[{markup.RESERVED}])", raw):
            if not part:
                continue
            start, position = position, position + len(part)
            known = list(split_references(part))
            text = "".join(decoded for decoded, _ in known)
            if all(is_known for _, is_known in known) and not _RESERVED.search(text):
                yield Piece("text", start, position, text)
            else:
                yield Piece("atom", start, position, text)

    def _element(self, node: Node) -> list[Piece]:
        if self._rereading and SOURCE_CLASS in node.get("class").split():
            return [Piece("atom", node.start, node.end, ghost=True)]
        if node.name in _BR:
            return [Piece("atom", node.start, node.end, ghost=True, line_break=True)]
        reason = NO_TRANSLATE if forbids_translation(node) else _REASONS.get(node.name)
        if reason:
            return [self._atom(node, inner_text(self._source, node), reason)]
        if node.name == "ruby":
            return self._ruby(node)
        inner = self.flatten(node.children)
        text = "".join(p.text for p in inner if p.kind == "text")
        note = _is_note(node)
        if not _translatable(node, text, note):
            seen = "".join(p.text for p in inner)
            if has_letters(text):
                self.kept.append((node.start, NOTE, collapse(text)))
            atom = Piece("atom", node.start, node.end, seen, note=note)
            atom.ghost = not collapse(seen) and node.name not in _SEEN
            atom.ghost &= all(p.ghost for p in inner if p.kind == "atom")
            if seen and atom.ghost:  # a wrapped blank still divides words
                return [Piece("text", node.start, node.start, " "), atom]
            return [atom]
        return _wrap(node, inner)

    def _atom(self, node: Node, seen: str, reason: str) -> Piece:
        seen = collapse(seen)
        if has_letters(seen):
            self.kept.append((node.start, reason, seen))
        return Piece("atom", node.start, node.end, seen, ghost=node.name in _INVISIBLE)

    def _ruby(self, node: Node) -> list[Piece]:
        base = [c for c in node.children if c.name not in ("rt", "rp", "rtc")]
        bare: list[Node] = []
        for child in base:
            bare += child.children if child.name in ("rb", "rbc") else [child]
        inner = self.flatten(bare)
        in_base = {id(n) for child in base for n in child.iter()}
        parts = [n for n in node.iter() if n is not node]
        left_out = [n for n in parts if id(n) not in in_base]
        if any(p.kind == "atom" and not p.ghost for p in inner) or not _only_text(left_out):
            return [self._atom(node, inner_text(self._source, node), NO_TRANSLATE)]
        for child in node.iter("rt"):
            if has_letters(reading := collapse(inner_text(self._source, child))):
                self.kept.append((child.start, RUBY, reading))
        names = ("id", "class", "lang", "xml:lang", "title", "dir")
        opening = "".join(
            f' {name}="{escape(node.get(name), chr(34))}"' for name in names if node.get(name)
        )
        gone = [n for n in parts if id(n) not in in_base or n.name in ("rb", "rbc")]
        anchors = [escape(part.get("id"), '"') for part in gone if part.get("id")]
        if not (opening or anchors) and all(p.kind == "text" for p in inner):
            return [Piece("text", node.start, node.end, "".join(p.text for p in inner))]
        marks = "".join(f'<span id="{anchor}"></span>' for anchor in anchors)
        start = Piece("open", node.start, node.end, fragment=f"<span{opening}>{marks}")
        stop = Piece("close", node.start, node.end, partner=start, fragment="</span>")
        start.partner = stop
        return [start, *inner, stop]


def _only_text(annotation: Iterable[Node]) -> bool:
    """Whether elements of a ruby annotation can be left out: no picture, formula or link goes.

    An unclosed ``<rt>`` takes in whatever follows it.
    """
    return all(n.name in _PLAIN and n.attributes.keys().isdisjoint(_CARRIES) for n in annotation)


def _is_note(node: Node) -> bool:
    if "noteref" in node.get("epub:type").split() or node.get("role") == "doc-noteref":
        return True
    return node.name in ("sup", "sub") or (node.name == "a" and node.get("href").startswith("#"))


def _translatable(node: Node, text: str, note: bool) -> bool:
    if has_letters(text):
        declared = "noteref" in node.get("epub:type") or node.get("role") == "doc-noteref"
        return not (declared and len(text.strip()) <= 3)
    return not note and any(map(str.isnumeric, text))


def _wrap(node: Node, inner: list[Piece]) -> list[Piece]:
    """The pair of an element, taking in a pair or ghosts at its edges."""
    start, stop = node.inner_start, node.inner_end
    while inner[0].ghost and inner[0].kind == "atom" and not inner[0].line_break:
        start = inner.pop(0).end
    while inner[-1].ghost and inner[-1].kind == "atom" and not inner[-1].line_break:
        stop = inner.pop().start
    first, last = inner[0], inner[-1]
    if first.kind == "open" and first.partner is last and first.fragment is None:
        first.start, last.end = node.start, node.end
        return inner
    opening = Piece("open", node.start, start)
    closing = Piece("close", stop, node.end, partner=opening)
    opening.partner = closing
    return [opening, *inner, closing]
