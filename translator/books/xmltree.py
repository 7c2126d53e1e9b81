"""XML source text as a tree of positions.

Verso edits markup by replacing pieces of the source text, so that all it does not translate stays
byte for byte as it was: entities, quotes, comments, white space inside tags, the doctype. A
parser that builds and prints a tree of its own (lxml, ebooklib) cannot promise that, hence this
module: expat decides whether the text is well-formed, one pattern finds the positions.

No entity is ever expanded and nothing outside the text is ever read.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from html.entities import html5
from xml.parsers import expat

from translator.books import safety
from translator.errors import BookError

SPACE = " \t\r\n\f"  # what markup calls white space; a no-break space is not part of it
_NOT_ONE_BLANK = re.compile(f"[{SPACE}]{{2,}}|[{SPACE[1:]}]")

_TOKEN = re.compile(
    r"""<!--.*?-->
    | <!\[CDATA\[(?P<cdata>.*?)\]\]>
    | <\?.*?\?>
    | <!DOCTYPE(?:[^\[>"']|"[^"]*"|'[^']*')*(?:\[.*?\]\s*)?>
    | </(?P<end>[^\s>]+)\s*>
    | <(?P<start>[^\s/>!?<]+)(?P<rest>[^<>"']*+(?:(?:"[^"<]*"|'[^'<]*')[^<>"']*+)*+)>
    """,
    re.S | re.X,
)
_DOCTYPE = re.compile(r"<!DOCTYPE(?:[^\[>\"']|\"[^\"]*\"|'[^']*')*(?:\[.*?\]\s*)?>", re.S)
_ATTRIBUTE = re.compile(r"([^\s=/<>\"']+)\s*=\s*(?:\"([^\"<]*)\"|'([^'<]*)')")
_REFERENCE = re.compile(r"&(#[0-9]+|#[xX][0-9a-fA-F]+|[^\s;&<#]+);")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

# Foreign or verbatim content: kept as one piece, its inside is not part of the tree.
OPAQUE = frozenset({"math", "svg", "script", "style"})


BROKEN = "The book is damaged: get another copy, or save it anew with the program that made it."


class NodeKind(Enum):
    """What a node is. OTHER: comments, processing instructions, the doctype."""

    ELEMENT = 1
    TEXT = 2
    CDATA = 3
    OTHER = 4


def single_blanks(text: str) -> str:
    """The text with one blank for each run of white space, as it is shown."""
    return _NOT_ONE_BLANK.sub(" ", text)


@dataclass(slots=True, eq=False)
class Node:
    """A piece of source text.

    ``start`` and ``end`` bound the whole piece, ``inner_start`` and ``inner_end`` what lies
    between an element's tags (both equal ``end`` for ``<br/>``). ``name`` is the local name.
    """

    kind: NodeKind
    start: int
    end: int
    inner_start: int
    inner_end: int
    name: str = ""
    attributes: dict[str, Attribute] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)
    has_block: bool = False  # an element of BLOCKS lies somewhere inside

    def get(self, name: str) -> str:
        """An attribute's value with references decoded, or an empty string."""
        found = self.attributes.get(name)
        return found.value if found else ""

    def iter(self, *names: str) -> Iterator[Node]:
        """This element and all inside it with one of these local names (none: all)."""
        stack = [self]
        while stack:
            node = stack.pop()
            if node.kind is NodeKind.ELEMENT:
                if not names or node.name in names:
                    yield node
                stack.extend(reversed(node.children))

    def first(self, name: str) -> Node | None:
        """The first element inside with this local name."""
        return next(self.iter(name), None)


@dataclass(slots=True)
class Attribute:
    """An attribute: its decoded value and where the raw value stands (without quotes)."""

    value: str
    start: int
    end: int
    quote: str


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Replace ``source[start:end]`` by ``text``."""

    start: int
    end: int
    text: str


def splice(source: str, edits: Iterable[Edit]) -> str:
    """Apply edits that do not overlap."""
    pieces, position = [], 0
    for edit in sorted(edits):
        if edit.start < position:
            raise ValueError(f"overlapping edits at {edit.start}")
        pieces += [source[position : edit.start], edit.text]
        position = edit.end
    pieces.append(source[position:])
    return "".join(pieces)


def parse(text: str, blocks: frozenset[str], name: str) -> Node:
    """The tree of a well-formed text (see :func:`error`), under a node without a name.

    ``blocks`` are the local names that set ``has_block`` on their ancestors; ``name`` is used in
    messages. Raises :class:`BookError` for a tree deeper than :data:`safety.MAX_DEPTH`.
    """
    root = Node(NodeKind.ELEMENT, 0, len(text), 0, len(text))
    stack, position = [root], 0
    while True:
        match = _TOKEN.search(text, position)
        stop = match.start() if match else len(text)
        if stop > position:
            _add_text(stack[-1], text, position, stop, name)
        if match is None:
            break
        position = match.end()
        if match["start"] is not None:
            node = _element(match)
            stack[-1].children.append(node)
            if node.name in blocks:
                stack[-1].has_block = True
            if match["rest"].endswith("/"):
                continue
            if node.name in OPAQUE:
                position = _skip_opaque(text, node, match["start"])
                continue
            stack.append(node)
            if len(stack) > safety.MAX_DEPTH:
                raise safety.too_deep(name)
        elif match["end"] is not None:
            node = stack.pop()
            if not stack:
                raise BookError(f"{name} has an end tag without a start.", BROKEN)
            node.inner_end, node.end = match.start(), match.end()
            stack[-1].has_block |= node.has_block
        else:
            kind = NodeKind.OTHER if match["cdata"] is None else NodeKind.CDATA
            inner = match.span("cdata") if kind is NodeKind.CDATA else (position, position)
            stack[-1].children.append(Node(kind, match.start(), position, *inner))
    return root


def _add_text(parent: Node, text: str, start: int, stop: int, name: str) -> None:
    if text.find("<", start, stop) >= 0:  # cannot happen in what expat accepts
        raise BookError(f"{name} has markup that Verso cannot read.", BROKEN)
    parent.children.append(Node(NodeKind.TEXT, start, stop, start, stop))


def _element(match: re.Match[str]) -> Node:
    attributes = {}
    rest, offset = match["rest"], match.start("rest")
    if "=" in rest:
        for found in _ATTRIBUTE.finditer(rest):
            group = 2 if found[2] is not None else 3
            attributes[found[1]] = Attribute(
                decode_references(found[group]),
                offset + found.start(group),
                offset + found.end(group),
                '"' if group == 2 else "'",
            )
    end = match.end()
    local = match["start"].rpartition(":")[2]
    return Node(NodeKind.ELEMENT, match.start(), end, end, end, local, attributes)


def _skip_opaque(text: str, node: Node, raw_name: str) -> int:
    tag = re.compile(
        rf"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<(?P<end>/)?{re.escape(raw_name)}(?=[\s/>])[^<>]*?(?P<empty>/)?>",
        re.S,
    )
    depth = 1
    for match in tag.finditer(text, node.end):
        if match[0].startswith("<!") or match["empty"]:
            continue
        depth += -1 if match["end"] else 1
        if not depth:
            node.inner_end, node.end = match.span()
            return node.end
    raise BookError(f"An element <{raw_name}> has no end.", BROKEN)


def error(text: str, name: str) -> str:
    """Why the text is not well-formed XML, or an empty string.

    Entities that a DTD would define are taken on trust: the DTD is never read. Raises
    :class:`BookError` for declared entities that are a trap.
    """
    if doctype := _DOCTYPE.search(text):
        safety.check_entities(doctype[0], name)
    parser = expat.ParserCreate()
    parser.UseForeignDTD(True)
    try:
        parser.Parse(text, True)
    except expat.ExpatError as problem:
        return str(problem)
    except UnicodeEncodeError:
        return "characters that are not Unicode text"
    return ""


def decode_references(raw: str) -> str:
    """Replace character references and HTML's named ones; unknown names stay as they are."""
    return _REFERENCE.sub(_decode, raw) if "&" in raw else raw


def _decode(match: re.Match[str]) -> str:
    name = match[1]
    if name[0] != "#":
        return html5.get(f"{name};", match[0])
    # The standard function drops noncharacters, which XML allows.
    return html.unescape(match[0]) or chr(int(f"0{name[1:]}", 16 if name[1] in "xX" else 10))


def split_references(raw: str) -> Iterator[tuple[str, bool]]:
    """Split raw text into (decoded text, True) and (reference nobody knows, False)."""
    position = 0
    for match in _REFERENCE.finditer(raw):
        name = match[1]
        if name[0] == "#" or f"{name};" in html5:
            continue
        if match.start() > position:
            yield decode_references(raw[position : match.start()]), True
        yield match[0], False
        position = match.end()
    if position < len(raw):
        yield decode_references(raw[position:]), True


def mend(text: str) -> str:
    """The text with U+FFFD for every character that XML cannot hold."""
    return _NOT_XML.sub("\ufffd", text)


def escape(text: str, quote: str = "") -> str:
    """Text for an element's content, or for an attribute value in these quotes.

    Characters that XML cannot hold become U+FFFD.
    """
    text = mend(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    if quote:
        text = text.replace(quote, "&quot;" if quote == '"' else "&#39;")
    return text
