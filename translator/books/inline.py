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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from translator import markup
from translator.books.xmltree import SPACE, Node, NodeKind, escape, split_references
from translator.markup import Mark, Placeholder

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
_WS = re.compile(f"[{SPACE}]+")
_RESERVED = re.compile(f"([{markup.RESERVED}])")
_MARKUP = re.compile(r"<!--.*?-->|<!\[CDATA\[(.*?)\]\]>|<[^>]*>", re.S)
_READINGS = re.compile(r"<r[tp]\b[^>]*>.*?</r[tp]\s*>", re.S)
_ID = re.compile(r"""\s(?:xml:)?id\s*=\s*(?:"[^"]*"|'[^']*')""")
_LINK = re.compile(r"<(/?)(?:\w+:)?a(?=[\s/>])[^>]*?(/?)>")
_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']|"[^"]*"|'[^']*')*>""")


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


@dataclass(slots=True, eq=False)
class Run:
    """A translatable stretch ``source[start:end]`` with its tagged text.

    ``fragments`` says what stands in the place of a placeholder: a span of the source or a text of
    its own. ``head`` and ``tail`` are seen beside the run but are not part of it (a reference to a
    note after the last word). ``kept`` lists (reason, text) of what stays untranslated inside.
    """

    start: int
    end: int
    text: str
    fragments: dict[Placeholder, tuple[int, int] | str]
    seen: dict[int, str]
    head: str = ""
    tail: str = ""
    kept: list[tuple[str, str]] = field(default_factory=list)
    keep: str | None = None

    def visible(self, tagged: str) -> str:
        """What a reader sees when ``tagged`` stands here."""
        body = "".join(
            token
            if isinstance(token, str)
            else self.seen.get(token.number, "")
            if token.mark is Mark.SINGLE
            else ""
            for token in markup.tokenize(tagged)
        )
        return collapse(self.head + body + self.tail)

    def render(self, tagged: str, take: Callable[[int, int], str], quote: str = "") -> str:
        """The markup of a tagged text. ``take`` gives a span of the source (edited)."""
        pieces = []
        for token in markup.tokenize(tagged):
            if isinstance(token, str):
                pieces.append(escape(token, quote))
                continue
            fragment = self.fragments[token]
            pieces.append(fragment if isinstance(fragment, str) else take(*fragment))
        return "".join(pieces)

    def problem(self, tagged: str, source: str) -> str:
        """Why ``tagged`` cannot be written here, or an empty string."""
        if found := markup.problems(self.text, tagged):
            return found
        if not markup.plain(tagged).strip() and markup.plain(self.text).strip():
            return "it has no text"
        return self._nested_links(tagged, source)

    def _nested_links(self, tagged: str, source: str) -> str:
        if self._link_depth(tagged, source) > max(1, self._link_depth(self.text, source)):
            return "a link inside a link"
        return ""

    def _link_depth(self, tagged: str, source: str) -> int:
        depth = deepest = 0
        for mark in markup.placeholders(tagged):
            fragment = self.fragments[mark]
            raw = fragment if isinstance(fragment, str) else source[fragment[0] : fragment[1]]
            for closing, empty in _LINK.findall(raw):
                if not empty:
                    depth += -1 if closing else 1
                    deepest = max(deepest, depth)
        return deepest


def collapse(text: str) -> str:
    """Runs of white space become one blank, at the ends none, as HTML shows text."""
    return _WS.sub(" ", text).strip(SPACE)


def has_letters(text: str) -> bool:
    """Whether the text has a letter of any script."""
    return any(map(str.isalpha, text))


def strip_ids(source: str) -> str:
    """Markup without ids, for a copy that stands beside the original."""
    return _TAG.sub(lambda tag: _ID.sub("", tag[0]), source)


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
        if any(p.kind == "atom" and not p.ghost for p in inner):
            return [self._atom(node, inner_text(self._source, node), NO_TRANSLATE)]
        for child in node.iter("rt"):
            if has_letters(reading := collapse(inner_text(self._source, child))):
                self.kept.append((child.start, RUBY, reading))
        names = ("id", "class", "lang", "xml:lang", "title", "dir")
        opening = "".join(
            f' {name}="{escape(node.get(name), chr(34))}"' for name in names if node.get(name)
        )
        parts = node.iter("rt", "rp", "rb", "rtc", "rbc")
        anchors = [escape(part.get("id"), '"') for part in parts if part.get("id")]
        if not (opening or anchors) and all(p.kind == "text" for p in inner):
            return [Piece("text", node.start, node.end, "".join(p.text for p in inner))]
        marks = "".join(f'<span id="{anchor}"></span>' for anchor in anchors)
        start = Piece("open", node.start, node.end, fragment=f"<span{opening}>{marks}")
        stop = Piece("close", node.start, node.end, partner=start, fragment="</span>")
        start.partner = stop
        return [start, *inner, stop]


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


def build(
    source: str, nodes: Sequence[Node], preserve: bool = False, rereading: bool = False
) -> list[Run]:
    """The runs of sibling nodes: one, or one a line where line breaks divide them.

    ``preserve`` keeps white space as it is (``xml:space``). Runs without anything to see are left
    out; a run that must stay says why in ``keep``.
    """
    flattener = Flattener(source, rereading)
    pieces = flattener.flatten(nodes)
    if not preserve:
        _collapse(source, pieces)
    runs = []
    for line in _lines(pieces):
        if run := _run(source, line):
            first, last = line[0].start, line[-1].end
            inside = [(r, t) for at, r, t in flattener.kept if first <= at < last]
            runs.append(_judge(run, inside))
    return runs


def _judge(run: Run, inside: list[tuple[str, str]]) -> Run:
    """Decide whether a run stays as it is, and list what stays inside one that does not."""
    if has_letters(markup.plain(run.text)):
        run.kept = inside
    else:
        run.keep = inside[0][0] if inside else NOTHING
    return run


def _collapse(source: str, pieces: list[Piece]) -> None:
    blank = True
    for index, piece in enumerate(pieces):
        if piece.kind == "text":
            text = _WS.sub(" ", piece.text)
            if blank:
                text = text.removeprefix(" ")
            piece.text = text
            if text:
                blank = text.endswith(" ")
        elif piece.line_break:
            before = pieces[index - 1] if index else None
            if before is not None and before.kind == "text":
                before.text = before.text.rstrip(SPACE)
            while piece.start and source[piece.start - 1] in SPACE:
                piece.start -= 1
            while piece.end < len(source) and source[piece.end] in SPACE:
                piece.end += 1
            blank = True
        elif piece.kind == "atom" and not piece.ghost:
            blank = False


def _lines(pieces: list[Piece]) -> Iterator[list[Piece]]:
    pieces = _trim(pieces)
    depth, divided = 0, False
    line: list[Piece] = []
    for piece in pieces:
        if piece.line_break and depth == 0:
            divided = True
            yield _trim(line)
            line = []
            continue
        depth += (piece.kind == "open") - (piece.kind == "close")
        line.append(piece)
    yield _trim(line) if divided else line


def _trim(pieces: list[Piece]) -> list[Piece]:
    """Drop white space, ghosts and whole wrappers at the edges, and a note reference at the end."""
    first, last = 0, len(pieces)
    while first < last:
        piece, final = pieces[first], pieces[last - 1]
        if piece.ghost or (piece.kind == "text" and not piece.text.strip(SPACE)):
            first += 1
        elif final.ghost or (final.kind == "text" and not final.text.strip(SPACE)):
            last -= 1
        elif piece.kind == "open" and piece.partner is final and piece.fragment is None:
            first, last = first + 1, last - 1
        else:
            break
    return pieces[first:last]


def _run(source: str, pieces: list[Piece]) -> Run | None:
    tail = ""
    while pieces and pieces[-1].kind == "atom" and pieces[-1].note and len(pieces) > 1:
        tail = pieces[-1].text + tail
        pieces = _trim(pieces[:-1])
    if not any(p.text.strip(SPACE) for p in pieces):
        return None
    start, end = pieces[0].start, pieces[-1].end
    if pieces[0].kind == "text":
        pieces[0].text = pieces[0].text.lstrip(SPACE)
        start = _skip_space(source, start, end, 1)
    if pieces[-1].kind == "text":
        pieces[-1].text = pieces[-1].text.rstrip(SPACE)
        end = _skip_space(source, end, start, -1)
    run = Run(start, end, "", {}, {}, tail=tail)
    run.text = _number(_merge(pieces), run)
    return run


def _skip_space(source: str, position: int, limit: int, step: int) -> int:
    while position != limit and source[position if step > 0 else position - 1] in SPACE:
        position += step
    return position


def _merge(pieces: list[Piece]) -> list[Piece]:
    """Join neighbouring atoms, also over a blank: nothing between them is translated."""
    merged: list[Piece] = []
    for piece in pieces:
        if piece.kind == "atom" and merged:
            last = merged[-1]
            blank = last.kind == "text" and last.text == " " and len(merged) > 1
            if blank and merged[-2].kind == "atom":
                merged.pop()
                last = merged[-1]
                last.text += " "
            if last.kind == "atom":
                merged[-1] = Piece("atom", last.start, piece.end, last.text + piece.text)
                continue
        merged.append(piece)
    return merged


def _number(pieces: list[Piece], run: Run) -> str:
    numbers: dict[int, int] = {}  # id of an opening piece -> number
    tagged, last = [], 0
    for piece in pieces:
        if piece.kind == "text":
            tagged.append(piece.text)
            continue
        if piece.kind == "close":
            mark = Placeholder(Mark.CLOSE, numbers[id(piece.partner)])
        else:
            last += 1
            numbers[id(piece)] = last
            mark = Placeholder(Mark.OPEN if piece.kind == "open" else Mark.SINGLE, last)
            run.seen[last] = piece.text
        run.fragments[mark] = piece.fragment or (piece.start, piece.end)
        tagged.append(str(mark))
    return "".join(tagged)
