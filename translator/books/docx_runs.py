"""A paragraph of a Word document <-> tagged text.

A paragraph is a row of runs, each with its formatting. The formatting that most of the text has is
the paragraph's own; other formatting, links and tracked insertions become pairs of placeholders;
pictures, fields, notes, tabs and line breaks become single ones. What stands at the edges and is
no text stays in the structure. Marks of the spelling checker and of old page breaks are left out
of new text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from translator import markup
from translator.books.inline import MATH, NOTHING
from translator.books.runs import Run, collapse, has_letters
from translator.books.xmltree import Node, NodeKind, decode_references, escape
from translator.markup import Mark, Placeholder

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
_NOT_FORMAT = re.compile(r"<w:(?:lang|noProof)\b[^>/]*(?:/>|>\s*</w:\w+>)|\sw:rsid\w*=\"[^\"]*\"")
_INSTRUCTION = re.compile(r"\s*(\w+)")


@dataclass(slots=True, eq=False)
class _Item:
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
    partner: _Item | None = None
    reason: str = ""  # why an atom's text stays
    styled: str | None = None  # of an opening: the formatting of the text inside


@dataclass(slots=True)
class DocxRun(Run):
    """A paragraph's text. ``format`` is the ``w:rPr`` of its bare text."""

    format: str = ""
    formats: dict[int, str] = field(default_factory=dict)  # by number of the pair
    raws: dict[Placeholder, list[tuple[int, int] | str]] = field(default_factory=dict)
    turn: Callable[[str], str] = str  # formatting of the source -> of the target
    names: tuple[str, str] = ("w:r", "w:t")

    def problem(self, tagged: str, source: str) -> str:
        """Why ``tagged`` cannot be written here, or an empty string."""
        if found := markup.problems(self.text, tagged):
            return found
        return "" if markup.plain(tagged).strip() else "it has no text"

    def render(self, tagged: str, take: Callable[[int, int], str], quote: str = "") -> str:
        """The markup of a tagged text. ``take`` gives a span of the source (edited)."""
        pieces, formats = [], [self.format]
        for token in markup.tokenize(tagged):
            if isinstance(token, str):
                pieces.append(self._text(token, formats[-1]))
                continue
            if token.mark is Mark.CLOSE:
                formats.pop()
            raws = self.raws.get(token, [])
            pieces += [raw if isinstance(raw, str) else take(*raw) for raw in raws]
            if token.mark is Mark.OPEN:
                formats.append(self.formats.get(token.number, formats[-1]))
        return "".join(pieces)

    def _text(self, text: str, properties: str) -> str:
        run, inner = self.names
        shown = " ".join(text.splitlines()) if text.strip() else text
        space = ' xml:space="preserve"' if inner == "w:t" else ""
        return f"<{run}>{self.turn(properties)}<{inner}{space}>{escape(shown)}</{inner}></{run}>"


def paragraph_run(source: str, paragraph: Node) -> DocxRun | None:
    """The text of a paragraph, or ``None`` if nothing of it is seen."""
    items = _fields(_items(source, paragraph.children))
    _set_formats(items)
    items = _with_pairs(items)
    first, last = _edges(items)
    kept = [(i.reason, collapse(i.text)) for i in items if i.reason and has_letters(i.text)]
    head = "".join(i.text for i in items[:first] if i.kind == "atom")
    tail = "".join(i.text for i in items[last:] if i.kind == "atom")
    inner = items[first:last]
    if not inner:
        if not kept:
            return None
        return DocxRun(paragraph.inner_start, paragraph.inner_end, head, {}, {}, keep=kept[0][0])
    run = DocxRun(inner[0].start, inner[-1].end, "", {}, {}, head=head, tail=tail)
    texts = [i for i in inner if i.kind == "text"]
    run.format = _usual(i for i in texts) if texts else ""
    run.names = _names(source, paragraph)
    run.text = _number(inner, run)
    if not collapse(run.visible(run.text)):
        return None
    if has_letters(markup.plain(run.text)):
        run.kept = kept
    else:
        run.keep = kept[0][0] if kept else NOTHING
    return run


def _names(source: str, paragraph: Node) -> tuple[str, str]:
    """The names of runs and texts as the paragraph's own prefix has them."""
    match = re.match(r"<([^\s/>]*?)p[\s/>]", source[paragraph.start : paragraph.inner_start])
    prefix = match[1] if match else "w:"
    return f"{prefix}r", f"{prefix}t"


def _items(source: str, nodes: Sequence[Node]) -> list[_Item]:
    items: list[_Item] = []
    for node in nodes:
        if node.kind is not NodeKind.ELEMENT:
            continue  # white space between elements, comments
        if node.name in _PROPERTIES or node.name in _DROPPED or node.name == "endParaRPr":
            continue
        if node.name == "r":
            items += _run_items(source, node)
        elif node.name in _WRAPPERS and (inner := _items(source, _content(node))):
            start, stop = _bounds(node)
            opening = _Item("open", node.start, node.end, raw=[(node.start, start)])
            closing = _Item("close", node.start, node.end, raw=[(stop, node.end)])
            opening.partner, closing.partner = closing, opening
            if node.name == "fldSimple" and _computed(_instruction(node)):
                items.append(_element(node, "".join(i.text for i in inner), COMPUTED))
            else:
                items += [opening, *inner, closing]
        else:
            is_math = node.name in ("oMath", "oMathPara")
            items.append(_element(node, _math(source, node) if is_math else "", MATH))
    return items


def _element(node: Node, seen: str, reason: str) -> _Item:
    raw: list[tuple[int, int] | str] = [(node.start, node.end)]
    return _Item("atom", node.start, node.end, seen, raw=raw, reason=reason)


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


def _run_items(source: str, run: Node) -> Iterator[_Item]:
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
        item = _Item("atom", run.start, run.end, "", properties, raw, whole)
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


def _fields(items: list[_Item]) -> list[_Item]:
    """Fields become atoms (page numbers, references) or pairs (links)."""
    result: list[_Item] = []
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


def _field_end(items: list[_Item], begin: int) -> tuple[int | None, int | None]:
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


def _is_balanced(items: list[_Item]) -> bool:
    depth = 0
    for item in items:
        depth += (item.kind == "open") - (item.kind == "close")
        if depth < 0:
            return False
    return depth == 0


def _joined(kind: str, items: list[_Item], text: str = "", reason: str = "") -> _Item:
    raw = [part for item in items for part in item.raw]
    whole = all(item.whole for item in items)
    return _Item(kind, items[0].start, items[-1].end, text, raw=raw, whole=whole, reason=reason)


def format_key(properties: str) -> str:
    """What counts of a formatting: not the language, not marks of editing sessions."""
    key = _NOT_FORMAT.sub("", properties)
    return "" if re.fullmatch(r"<w:rPr\s*(?:/>|>\s*</w:rPr>)", key) else key


def _usual(items: Iterator[_Item] | list[_Item]) -> str:
    """The formatting of most of the text; the first one wins a draw."""
    counts: Counter[str] = Counter()
    raw: dict[str, str] = {}
    for item in items:
        key = format_key(item.format)
        counts[key] += len(item.text.strip())
        raw.setdefault(key, item.format)
    return raw[counts.most_common(1)[0][0]] if counts else ""


def _set_formats(items: list[_Item]) -> None:
    """Give each wrapper the usual formatting of its own text."""
    for index, item in enumerate(items):
        if item.kind == "open" and item.partner is not None:
            stop = items.index(item.partner, index)
            texts = [i for i in items[index:stop] if i.kind == "text"]
            item.styled = _usual(texts) if texts else None


def _with_pairs(items: list[_Item]) -> list[_Item]:
    """Wrap stretches of text whose formatting is not that of what is around them."""
    base = _usual([i for i in items if i.kind == "text"])
    current, result = [base], list[_Item]()
    opened: _Item | None = None
    for index, item in enumerate(items):
        here = current[-1]
        blank = item.kind == "text" and not item.text.strip()
        own = item.format if item.kind == "text" and not blank else here
        if item.kind == "text" and blank and opened is not None:
            own = (
                here if opened.styled is None else opened.styled
            )  # a blank between two words of one format
        differs = item.kind == "text" and format_key(own) != format_key(here)
        if opened is not None and not (
            differs and format_key(own) == format_key(opened.styled or "")
        ):
            result.append(_close(opened, items[index - 1]))
            opened = None
        if differs and opened is None:
            opened = _Item("open", item.start, item.start, styled=own)
            result.append(opened)
        if item.kind == "open":
            current.append(here if item.styled is None else item.styled)
        elif item.kind == "close" and len(current) > 1:
            current.pop()
        result.append(item)
    if opened is not None:
        result.append(_close(opened, items[-1]))
    return result


def _close(opening: _Item, last: _Item) -> _Item:
    closing = _Item("close", last.end, last.end, partner=opening)
    opening.partner = closing
    return closing


def _edges(items: list[_Item]) -> tuple[int, int]:
    """The part of a paragraph that is text, without what stands apart at its edges."""
    first, last = 0, len(items)
    while first < last:
        head, tail = items[first], items[last - 1]
        if head.whole and head.kind == "atom":
            first += 1
        elif tail.whole and tail.kind == "atom":
            last -= 1
        elif head.kind == "open" and head.partner is tail and head.whole and tail.whole:
            first, last = first + 1, last - 1
        else:
            break
    return first, last


def _number(items: list[_Item], run: DocxRun) -> str:
    numbers: dict[int, int] = {}
    tagged: list[str] = []
    last = 0
    previous: _Item | None = None
    for item in items:
        if item.kind == "text":
            tagged.append(item.text)
        elif item.kind == "close":
            mark = Placeholder(Mark.CLOSE, numbers[id(item.partner)])
            run.raws[mark] = item.raw
            tagged.append(str(mark))
        elif item.kind == "open":
            last += 1
            numbers[id(item)] = last
            mark = Placeholder(Mark.OPEN, last)
            run.raws[mark] = item.raw
            if item.styled is not None:
                run.formats[last] = item.styled
            tagged.append(str(mark))
        elif previous is not None and previous.kind == "atom":
            mark = Placeholder(Mark.SINGLE, last)
            run.raws[mark] = [*run.raws[mark], *item.raw]
            run.seen[last] += item.text
        else:
            last += 1
            mark = Placeholder(Mark.SINGLE, last)
            run.raws[mark], run.seen[last] = item.raw, item.text
            tagged.append(str(mark))
        previous = item
    return "".join(tagged)
