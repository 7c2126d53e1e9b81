"""HTML as found on the web -> the tree of positions that XHTML pages have.

Tags as browsers read them: names in any case, attributes without quotes, elements without an end,
end tags without a start, scripts that look like markup. Nothing is repaired: what Verso does not
translate stays byte for byte as it was.
"""

from __future__ import annotations

import html
import re

from translator.books import safety
from translator.books.xhtml import BLOCKS
from translator.books.xmltree import OPAQUE, Attribute, Edit, Node, NodeKind, splice

_TOKEN = re.compile(
    r"""<!--(?:>|->|.*?(?:--!?>|\Z))
    | <!\[CDATA\[.*?(?:\]\]>|\Z)
    | <[!?][^>]*(?:>|\Z)
    | </(?P<end>[A-Za-z][^\s/>]*)[^>]*(?:>|\Z)
    | </[^A-Za-z>][^>]*(?:>|\Z) | </>
    | <(?P<start>[A-Za-z][^\s/>]*)(?P<rest>(?:[^>"'=]|=\s*"[^"]*"|=\s*'[^']*'|["'=])*?)(?:>|\Z)
    """,
    re.S | re.X,
)
_ATTRIBUTE = re.compile(r"([^\s=/>\"'][^\s=/>]*)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>]+)))?")
_VOID_NAMES = (
    "area base basefont bgsound br col embed frame hr img input link meta param source track wbr"
)
_VOID = frozenset(_VOID_NAMES.split())
_RAW = frozenset({"script", "style", "iframe", "xmp", "noembed", "noframes"})  # no markup inside
_TEXT_ONLY = frozenset({"title", "textarea"})
_IN_HEAD = frozenset({"title", "meta", "link", "style", "script", "base", "noscript", "template"})
_NO_PARAGRAPH_NAMES = (
    "address article aside blockquote center details dialog dir div dl dd dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr li main menu nav ol p pre search "
    "section summary table ul"
)
_NO_PARAGRAPH = frozenset(_NO_PARAGRAPH_NAMES.split())
_SCOPE_NAMES = "table td th caption html body template object marquee button"
_SCOPE = frozenset(_SCOPE_NAMES.split())
_RUBY_PARTS = frozenset({"rt", "rp", "rb"})
# An element on the left ends open elements on the right, up to the nearest barrier.
_CLOSES: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), frozenset({"ul", "ol", "menu", "dir"})),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), frozenset({"dl"}))),
    **dict.fromkeys(("td", "th"), (frozenset({"td", "th"}), frozenset({"tr"}))),
    "tr": (frozenset({"tr"}), frozenset({"table", "tbody", "thead", "tfoot"})),
    **dict.fromkeys(
        ("tbody", "thead", "tfoot"), (frozenset({"tbody", "thead", "tfoot"}), frozenset({"table"}))
    ),
    "option": (frozenset({"option"}), frozenset({"select", "datalist"})),
    "optgroup": (frozenset({"optgroup"}), frozenset({"select"})),
    **dict.fromkeys(("rt", "rp", "rb", "rtc"), (_RUBY_PARTS, frozenset({"ruby"}))),
    "a": (frozenset({"a"}), frozenset()),
    "body": (frozenset({"head"}), frozenset()),
}  # fmt: skip


class HtmlTree:
    """The tree of a page. ``unquoted`` are the positions of attribute values without quotes.

    Raises :class:`BookError` for a tree deeper than :data:`safety.MAX_DEPTH`.
    """

    def __init__(self, source: str, name: str) -> None:
        self._source = source
        self._name = name
        self.root = Node(NodeKind.ELEMENT, 0, len(source), 0, len(source))
        self.unquoted: set[int] = set()
        self._open = [self.root]
        self._seen_body = False
        self._read()

    def _read(self) -> None:
        source, position = self._source, 0
        while position < len(source):
            match = _TOKEN.search(source, position)
            stop = match.start() if match else len(source)
            if stop > position:
                self._text(position, stop)
            if match is None:
                break
            position = match.end()
            if not _has_end(match[0]):  # the rest of the file: part of no element
                self._close(1, match.start(), match.start())
                self._other(match.start(), match.end())
            elif match["start"]:
                position = self._start(match)
            elif match["end"]:
                self._end(match["end"].lower(), match.start(), match.end())
            else:
                self._other(match.start(), match.end())
        self._close(1, len(source), len(source))

    def _text(self, start: int, stop: int) -> None:
        if self._source[start:stop].strip():
            self._leave_implied_head(start)
        self._open[-1].children.append(Node(NodeKind.TEXT, start, stop, start, stop))

    def _other(self, start: int, stop: int) -> None:
        self._open[-1].children.append(Node(NodeKind.OTHER, start, stop, stop, stop))

    def _start(self, match: re.Match[str]) -> int:
        name, end = match["start"].lower(), match.end()
        self._imply(name, match.start())
        local = name.rpartition(":")[2]
        attributes = self._attributes(match["rest"], match.start("rest"))
        node = Node(NodeKind.ELEMENT, match.start(), end, end, end, local, attributes)
        self._open[-1].children.append(node)
        if name in BLOCKS:
            self._open[-1].has_block = True
        if name in _VOID or (match["rest"].endswith("/") and self._is_foreign(name)):
            return end
        if name in _RAW or name in OPAQUE or name in _TEXT_ONLY:
            return self._verbatim(node, name)
        self._open.append(node)
        if len(self._open) > safety.MAX_DEPTH:
            raise safety.too_deep(self._name)
        return end

    def _is_foreign(self, name: str) -> bool:
        """Whether ``<x/>`` has no content: in XHTML, drawings and formulas; not in HTML."""
        is_xhtml = any(child.get("xmlns") for child in self.root.children if child.name == "html")
        return is_xhtml or name in OPAQUE or ":" in name

    def _verbatim(self, node: Node, name: str) -> int:
        pattern = re.compile(rf"</{re.escape(name)}(?=[\s/>])[^>]*>", re.I)
        match = pattern.search(self._source, node.inner_start)
        if match is None and name in OPAQUE - _RAW:
            return node.end  # a drawing without an end has none of the text after it
        if match is None:
            self._open[-1].children.pop()
            self._close(1, node.start, node.start)
            self._other(node.start, len(self._source))
            return len(self._source)
        node.inner_end, node.end = match.span()
        if name == "title" and self._seen_body:  # not shown, and no markup may stand in it
            self._open[-1].children.pop()
            self._other(node.start, node.end)
            return node.end
        if name in _TEXT_ONLY and node.inner_end > node.inner_start:
            inner = (node.inner_start, node.inner_end)
            node.children.append(Node(NodeKind.TEXT, *inner, *inner))
        return node.end

    def _attributes(self, rest: str, offset: int) -> dict[str, Attribute]:
        found: dict[str, Attribute] = {}
        for match in _ATTRIBUTE.finditer(rest):
            name = match[1].lower()
            group = next((g for g in (2, 3, 4) if match[g] is not None), 0)
            if not group or name in found:
                continue
            start = offset + match.start(group)
            if group == 4:
                self.unquoted.add(start)
            value = html.unescape(match[group])
            quote = "'" if group == 3 else '"'
            found[name] = Attribute(value, start, offset + match.end(group), quote)
        return found

    def _imply(self, name: str, start: int) -> None:
        """Close and open what HTML leaves out before a start tag."""
        if not self._seen_body and name in _IN_HEAD:
            if not any(node.name == "head" for node in self._open):
                head = Node(NodeKind.ELEMENT, start, start, start, start, "head")
                self._open[-1].children.append(head)
                self._open[-1].has_block = True
                self._open.append(head)
            return
        if name not in ("html", "head"):
            self._leave_implied_head(start)
        if name in _NO_PARAGRAPH:
            self._close_up_to(frozenset({"p"}), _SCOPE, start)
        if name in _CLOSES:
            closed, barrier = _CLOSES[name]
            self._close_up_to(closed, barrier | {"table"} - closed, start)

    def _leave_implied_head(self, start: int) -> None:
        self._seen_body = True
        for index, node in enumerate(self._open):
            if node.name == "head":
                self._close(index, start, start)
                return

    def _close_up_to(self, names: frozenset[str], barrier: frozenset[str], start: int) -> None:
        for index in range(len(self._open) - 1, 0, -1):
            if self._open[index].name in names:
                self._close(index, start, start)
                return
            if self._open[index].name in barrier:
                return

    def _end(self, name: str, start: int, end: int) -> None:
        local = name.rpartition(":")[2]
        index = next(
            (i for i in range(len(self._open) - 1, 0, -1) if self._open[i].name == local), 0
        )
        # Text after </body> or </html> still belongs to the page: both end with it.
        inline = local not in BLOCKS
        crossed = index and inline and any(n.name in _SCOPE for n in self._open[index + 1 :])
        if not index or crossed or local in ("body", "html"):
            self._other(start, end)
            return
        self._close(index, start, end)

    def _close(self, index: int, start: int, end: int) -> None:
        """Close the open elements from ``index`` on; the outermost by the tag from start to end."""
        while len(self._open) > index:
            node = self._open.pop()
            node.inner_end = start
            node.end = end if len(self._open) == index else start
            self._open[-1].has_block |= node.has_block


def _has_end(token: str) -> bool:
    if token.startswith("<!--"):
        return token.endswith(("-->", "--!>"))
    return token.endswith("]]>" if token.startswith("<![CDATA[") else ">")


def balanced(fragment: str, *, strays: bool = False) -> str:
    """Markup with the end tags that it left out and, unless ``strays``, without those of what
    began outside."""
    tree = HtmlTree(fragment, "A paragraph").root
    ends: dict[int, str] = {}  # inner elements come later and end first
    edits = []
    stack = list(reversed(tree.children))
    while stack:
        node = stack.pop()
        stack.extend(reversed(node.children))
        if node.kind is NodeKind.OTHER and fragment.startswith("</", node.start):
            if not strays:
                edits.append(Edit(node.start, node.end, ""))
        elif node.kind is NodeKind.ELEMENT and _left_open(fragment, node):
            ends[node.end] = f"</{node.name}>{ends.get(node.end, '')}"
    edits += [Edit(position, position, text) for position, text in ends.items()]
    return splice(fragment, edits)


def _left_open(fragment: str, node: Node) -> bool:
    if node.name in _VOID or node.name in OPAQUE:  # an opaque one without an end has no content
        return False
    return node.inner_end == node.end and node.start != node.inner_start
