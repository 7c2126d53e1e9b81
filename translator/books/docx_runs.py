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
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from translator import markup
from translator.books.docx_items import Item, paragraph_items
from translator.books.inline import NOTHING
from translator.books.runs import Run, collapse, has_letters
from translator.books.xmltree import Node, escape
from translator.markup import Mark, Placeholder

_NOT_FORMAT = re.compile(r"<w:(?:lang|noProof)\b[^>/]*(?:/>|>\s*</w:\w+>)|\sw:rsid\w*=\"[^\"]*\"")


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
    items = paragraph_items(source, paragraph)
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


def format_key(properties: str) -> str:
    """What counts of a formatting: not the language, not marks of editing sessions."""
    key = _NOT_FORMAT.sub("", properties)
    return "" if re.fullmatch(r"<w:rPr\s*(?:/>|>\s*</w:rPr>)", key) else key


def _usual(items: Iterator[Item] | list[Item]) -> str:
    """The formatting of most of the text; the first one wins a draw."""
    counts: Counter[str] = Counter()
    raw: dict[str, str] = {}
    for item in items:
        key = format_key(item.format)
        counts[key] += len(item.text.strip())
        raw.setdefault(key, item.format)
    return raw[counts.most_common(1)[0][0]] if counts else ""


def _set_formats(items: list[Item]) -> None:
    """Give each wrapper the usual formatting of its own text."""
    for index, item in enumerate(items):
        if item.kind == "open" and item.partner is not None:
            stop = items.index(item.partner, index)
            texts = [i for i in items[index:stop] if i.kind == "text"]
            item.styled = _usual(texts) if texts else None


def _with_pairs(items: list[Item]) -> list[Item]:
    """Wrap stretches of text whose formatting is not that of what is around them."""
    base = _usual([i for i in items if i.kind == "text"])
    current, result = [base], list[Item]()
    opened: Item | None = None
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
            opened = Item("open", item.start, item.start, styled=own)
            result.append(opened)
        if item.kind == "open":
            current.append(here if item.styled is None else item.styled)
        elif item.kind == "close" and len(current) > 1:
            current.pop()
        result.append(item)
    if opened is not None:
        result.append(_close(opened, items[-1]))
    return result


def _close(opening: Item, last: Item) -> Item:
    closing = Item("close", last.end, last.end, partner=opening)
    opening.partner = closing
    return closing


def _edges(items: list[Item]) -> tuple[int, int]:
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


def _number(items: list[Item], run: DocxRun) -> str:
    numbers: dict[int, int] = {}
    tagged: list[str] = []
    last = 0
    previous: Item | None = None
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
