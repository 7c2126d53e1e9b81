"""The pieces of a paragraph of a Word document: texts, wrappers, fields, and what is no text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from translator import markup
from translator.books.inline import MATH
from translator.books.xmltree import Node, NodeKind, decode_references

COMPUTED = "computed by Word"
_RESERVED = re.compile(f"[{markup.RESERVED}]")
# Elements around runs: their content is text.
_WRAPPERS = frozenset({"hyperlink", "ins", "moveTo", "smartTag", "customXml", "dir", "bdo", "sdt"})
_WRAPPERS |= {"fldSimple"}
_DROPPED = frozenset({"proofErr", "lastRenderedPageBreak", "softHyphen", "noBreakHyphen"})
_PROPERTIES = frozenset({"pPr", "rPr", "smartTagPr", "customXmlPr", "sdtPr", "sdtEndPr"})
_SPOKEN = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n"}
# Fields whose result is a text like any other; all others are computed anew by Word.
_TEXT_FIELDS = frozenset({"HYPERLINK", "TOC", "INDEX", "QUOTE", "TA", "GOTOBUTTON"})
_INSTRUCTION = re.compile(r"\s*(\w+)")


@dataclass(slots=True, eq=False)
class Item:
    """A piece of a paragraph: text, an atom, or a half of a pair.

    ``raw`` is the markup, as spans of the source and texts. ``start`` and ``end`` bound the run or
    element it is in; ``whole``: it fills it.
    """

    kind: str  # "text", "atom", "open", "close", "begin", "instruction", "separate", "end"
    start: int
    end: int
    text: str = ""
    format: str = ""
    raw: list[tuple[int, int] | str] = field(default_factory=list)
    whole: bool = True
    partner: Item | None = None
    reason: str = ""  # why an atom's text stays
    styled: str | None = None  # of an opening: the formatting of the text inside


def paragraph_items(source: str, paragraph: Node) -> list[Item]:
    """The pieces of a paragraph, in order; pairs nest."""
    return _fields(_items(source, paragraph.children))


def _items(source: str, nodes: Sequence[Node]) -> list[Item]:
    items: list[Item] = []
    for node in nodes:
        if node.kind is not NodeKind.ELEMENT:
            continue  # white space between elements, comments
        if node.name in _PROPERTIES or node.name in _DROPPED or node.name == "endParaRPr":
            continue
        if node.name == "r":
            items += _run_items(source, node)
        elif node.name in _WRAPPERS and (inner := _items(source, _content(node))):
            start, stop = _bounds(node)
            opening = Item("open", node.start, node.end, raw=[(node.start, start)])
            closing = Item("close", node.start, node.end, raw=[(stop, node.end)])
            opening.partner, closing.partner = closing, opening
            if node.name == "fldSimple" and _computed(_instruction(node)):
                items.append(_element(node, "".join(i.text for i in inner), COMPUTED))
            else:
                items += [opening, *inner, closing]
        else:
            is_math = node.name in ("oMath", "oMathPara")
            items.append(_element(node, _math(source, node) if is_math else "", MATH))
    return items


def _element(node: Node, seen: str, reason: str) -> Item:
    raw: list[tuple[int, int] | str] = [(node.start, node.end)]
    return Item("atom", node.start, node.end, seen, raw=raw, reason=reason)


def _instruction(node: Node) -> str:
    return next((a.value for k, a in node.attributes.items() if k.endswith("instr")), "")


def _content(node: Node) -> list[Node]:
    if node.name == "sdt":
        inner = next((c for c in node.children if c.name == "sdtContent"), None)
        return inner.children if inner else []
    return node.children


def _bounds(node: Node) -> tuple[int, int]:
    """Where the runs inside a wrapper begin and end."""
    if node.name == "sdt":
        inner = next(c for c in node.children if c.name == "sdtContent")
        return inner.inner_start, inner.inner_end
    start = node.inner_start
    for child in node.children:
        if child.name in _PROPERTIES:
            start = child.end
    return start, node.inner_end


def _math(source: str, node: Node) -> str:
    texts = (t for t in node.iter("t"))
    return "".join(decode_references(source[t.inner_start : t.inner_end]) for t in texts)


def _run_items(source: str, run: Node) -> Iterator[Item]:
    """The items of a ``w:r``; each takes the run's formatting along."""
    content = [
        c
        for c in run.children
        if c.kind is NodeKind.ELEMENT
        and c.name not in _PROPERTIES
        and (c.name not in _DROPPED or c.name == "noBreakHyphen")
    ]
    style = next((c for c in run.children if c.name == "rPr"), None)
    properties = source[style.start : style.end] if style else ""
    for node in content:
        whole = len(content) == 1
        raw: list[tuple[int, int] | str] = [(run.start, run.end)]
        if not whole:
            name = re.match(r"<[^\s/>]+", source[run.start : run.inner_start])
            tag = name[0][1:] if name else "w:r"
            raw = [f"<{tag}>{properties}", (node.start, node.end), f"</{tag}>"]
        item = Item("atom", run.start, run.end, "", properties, raw, whole)
        if node.name in ("t", "noBreakHyphen"):
            shown = decode_references(source[node.inner_start : node.inner_end])
            item.text = shown if node.name == "t" else "\u2011"
            if not _RESERVED.search(item.text):
                item.kind = "text"
        elif node.name == "fldChar":
            kinds = {"begin": "begin", "separate": "separate", "end": "end"}
            kind = next((a.value for k, a in node.attributes.items() if "fldCharType" in k), "")
            item.kind = kinds.get(kind, "atom")
        elif node.name == "instrText":
            item.kind = "instruction"
            item.text = decode_references(source[node.inner_start : node.inner_end])
        else:
            item.text = _SPOKEN.get(node.name, "")
        yield item


def _computed(instruction: str) -> bool:
    match = _INSTRUCTION.match(instruction)
    return match is not None and match[1].upper() not in _TEXT_FIELDS


def _fields(items: list[Item]) -> list[Item]:
    """Fields become atoms (page numbers, references) or pairs (links)."""
    result: list[Item] = []
    position = 0
    while position < len(items):
        item = items[position]
        if item.kind != "begin":
            if item.kind in ("instruction", "separate", "end"):  # of a field that began before
                item.kind, item.text = "atom", ""
            result.append(item)
            position += 1
            continue
        end, separate = _field_end(items, position)
        stop = end if separate is None else separate
        code = items[position : (len(items) if stop is None else stop + 1)]
        instruction = "".join(i.text for i in code if i.kind == "instruction")
        balanced = _is_balanced(items[position : len(items) if end is None else end + 1])
        if end is not None and balanced and (_computed(instruction) or separate is None):
            seen = items[separate + 1 : end] if separate is not None else []
            text = "".join(i.text for i in seen if i.kind in ("text", "atom"))
            result.append(_joined("atom", items[position : end + 1], text, COMPUTED))
            position = end + 1
        elif end is not None and separate is not None and balanced:
            opening = _joined("open", items[position : separate + 1])
            closing = _joined("close", items[end : end + 1])
            opening.partner, closing.partner = closing, opening
            result += [opening, *_fields(items[separate + 1 : end]), closing]
            position = end + 1
        else:  # it ends in another paragraph: what is before its result is code
            code = code[:1] if any(i.kind in ("open", "close") for i in code) else code
            result.append(_joined("atom", code))
            position += len(code)
    return result


def _field_end(items: list[Item], begin: int) -> tuple[int | None, int | None]:
    """Where the field's end and its separator are."""
    depth, separate = 0, None
    for index in range(begin, len(items)):
        kind = items[index].kind
        depth += (kind == "begin") - (kind == "end")
        if kind == "separate" and depth == 1 and separate is None:
            separate = index
        if depth == 0:
            return index, separate
    return None, separate


def _is_balanced(items: list[Item]) -> bool:
    depth = 0
    for item in items:
        depth += (item.kind == "open") - (item.kind == "close")
        if depth < 0:
            return False
    return depth == 0


def _joined(kind: str, items: list[Item], text: str = "", reason: str = "") -> Item:
    raw = [part for item in items for part in item.raw]
    whole = all(item.whole for item in items)
    return Item(kind, items[0].start, items[-1].end, text, raw=raw, whole=whole, reason=reason)
