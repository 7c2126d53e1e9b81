"""Broken XHTML in the wild -> well-formed XHTML, without losing text.

What browsers forgive and XML does not: bare ``&`` and ``<``, names of HTML entities without a
DTD, attributes without quotes or value or given twice, elements never closed or closed in the wrong
order, control characters. Elements that HTML closes by itself (``<p>`` before ``<p>``) are closed.
"""

from __future__ import annotations

import html
import re

from translator.books import safety
from translator.books.xmltree import SPACE, decode_references, escape, mend

# A tag whose quotes are whole, else anything up to the next angle bracket.
_TAG = re.compile(
    r"<(?P<slash>/?)(?P<name>[A-Za-z_][\w:.-]*)"
    r"(?P<rest>(?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+|/)?)>"
    r"|<(?P<slash2>/?)(?P<name2>[A-Za-z_][\w:.-]*)(?P<rest2>(?:[\s/][^<>]*)?)>"
)
_ATTRIBUTE = re.compile(r"([^\s=/<>\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'<>]+)))?")
_NAME = re.compile(r"[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?")
_VOID_NAMES = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_VOID_NAMES.split())
_NO_PARAGRAPH = "p h1 h2 h3 h4 h5 h6 ul ol dl div table blockquote pre section hr figure"
# Only these stand in a head, and a title holds text alone: else an end was left out.
_IN_HEAD_NAMES = "title meta link style script base noscript template object"
_IN_HEAD = frozenset(_IN_HEAD_NAMES.split())
_LI, _DEF, _CELL, _ROW = ("li",), ("dt", "dd"), ("td", "th"), ("tr",)
# An element on the left ends an open element on the right, up to the nearest barrier.
_CLOSES = {
    **dict.fromkeys(_NO_PARAGRAPH.split(), ("p",)),
    **dict.fromkeys(_LI, _LI),
    **dict.fromkeys(_DEF, _DEF),
    **dict.fromkeys(_CELL, _CELL),
    **dict.fromkeys(_ROW, _CELL + _ROW),
    "option": ("option",),
}
_BARRIER_NAMES = "ul ol dl table div section article blockquote body td th li"
_BARRIER = frozenset(_BARRIER_NAMES.split())


def repair(text: str) -> str:
    """Well-formed XHTML with the same text; pieces that are no markup become text."""
    return _Repair(mend(text)).run()


class _Repair:
    def __init__(self, text: str) -> None:
        self._text = text
        self._out: list[str] = []
        self._open: list[str] = []
        # Past these there is no end, so an opening is not one (keeps the scan linear).
        self._last = {end: text.rfind(end) for end in ("-->", "]]>", "?>", ">")}

    def run(self) -> str:
        text, position = self._text, 0
        while position < len(text):
            start = text.find("<", position)
            if start < 0:
                start = len(text)
            if start > position:
                self._out.append(_clean(text[position:start]))
            if start == len(text):
                break
            position = self._markup(start)
        while self._open:
            self._out.append(f"</{self._open.pop()}>")
        return "".join(self._out)

    def _markup(self, start: int) -> int:
        """Handle the ``<`` at ``start``; return the position after what was read."""
        text = self._text
        for opening, ending in (("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")):
            body = start + len(opening)
            if text.startswith(opening, start) and body <= self._last[ending]:
                end = text.index(ending, body)
                self._special(opening, text[body:end])
                return end + len(ending)
        match = _TAG.match(text, start)
        if match is None:
            self._out.append("&lt;")
            return start + 1
        name = match["name"] or match["name2"]
        rest = match["rest"] if match["name"] else match["rest2"]
        if match["slash"] or match["slash2"]:
            self._end(name)
        else:
            self._start(name, rest)
        return match.end()

    def _special(self, opening: str, body: str) -> None:
        if opening == "<!--":
            self._out.append(f"<!--{re.sub('-{2,}', '-', body).rstrip('-')}-->")
        elif opening == "<![CDATA[":
            self._out.append(escape(body))
        elif opening == "<?":
            if not any(self._out):  # the XML declaration; others have no place in a book
                self._out.append(f"<?{body}?>")
        elif body[:7].upper() == "DOCTYPE" and not self._open:
            self._out.append(f"<!DOCTYPE{body[7:]}>")

    def _start(self, name: str, rest: str) -> None:
        name = _lower(name)
        if self._open[1:2] == ["head"]:
            self._leave_head(name)
        for closed in _CLOSES.get(name, ()):
            self._close_implied(closed)
        if name in ("html", "body") and name in self._open:
            return
        empty = rest.rstrip(SPACE).endswith("/")
        attributes = _attributes(rest.rstrip(SPACE).removesuffix("/") if empty else rest)
        if name == "html" and not any(key == "xmlns" for key, _ in attributes):
            attributes.insert(0, ("xmlns", "http://www.w3.org/1999/xhtml"))
        listed = "".join(f' {key}="{escape(value, chr(34))}"' for key, value in attributes)
        if empty or name in _VOID:
            self._out.append(f"<{name}{listed}/>")
        else:
            self._out.append(f"<{name}{listed}>")
            self._open.append(name)
            if len(self._open) > safety.MAX_DEPTH:
                raise safety.too_deep("A page")

    def _leave_head(self, name: str) -> None:
        if self._open[2:3] == ["title"]:
            self._pop_to(2)
        if name not in _IN_HEAD and len(self._open) == 2:
            self._pop_to(1)

    def _close_implied(self, name: str) -> None:
        for index in range(len(self._open) - 1, -1, -1):
            if self._open[index] == name:
                self._pop_to(index)
                return
            if self._open[index] in _BARRIER:
                return

    def _end(self, name: str) -> None:
        name = _lower(name)
        if name in _VOID or name not in self._open:
            return
        # Text after </body> or </html> still belongs to the page: leave both to the end.
        if name in ("body", "html"):
            return
        index = len(self._open) - 1 - self._open[::-1].index(name)
        self._pop_to(index)

    def _pop_to(self, index: int) -> None:
        while len(self._open) > index:
            self._out.append(f"</{self._open.pop()}>")


def _lower(name: str) -> str:
    return name.lower() if name.isupper() else name


def _attributes(rest: str) -> list[tuple[str, str]]:
    seen: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(rest):
        name = _lower(match[1])
        if _NAME.fullmatch(name) and name not in seen:
            value = next((v for v in match.groups()[1:] if v is not None), name)
            seen[name] = html.unescape(value)
    return list(seen.items())


def _clean(text: str) -> str:
    return escape(decode_references(text))
