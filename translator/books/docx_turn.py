"""Language and direction of Word's markup: w:lang, w:rtl, w:bidi."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from translator.books.turning import Turn
from translator.books.xmltree import Edit, Node, escape

_LANG = re.compile(r"<w:lang\b[^>]*?/?>")
_VALUE = re.compile(r"(\bw:val\s*=\s*)(\"[^\"]*\"|'[^']*')")
_RTL = re.compile(r"<w:rtl\b[^>]*/>")
_DEFAULTS = re.compile(r"<w:rPrDefault\b[^>]*>\s*<w:rPr\b[^>]*?(?<!/)>", re.S)
_END_DEFAULTS = re.compile(r"</w:rPr>")
# What the schema has after w:rtl and after w:bidi.
_AFTER_RTL = re.compile(r"<w:(?:cs|em|lang|eastAsianLayout|specVanish|oMath|rPrChange)\b|</w:rPr>")
_AFTER_LANG = re.compile(r"<w:(?:eastAsianLayout|specVanish|oMath|rPrChange)\b|</w:rPr>")
_AFTER_BIDI_NAMES = (
    "adjustRightInd snapToGrid spacing ind contextualSpacing mirrorIndents suppressOverlap jc "
    "textDirection textAlignment textboxTightWrap outlineLvl divId cnfStyle rPr sectPr pPrChange"
)
_AFTER_BIDI = frozenset(_AFTER_BIDI_NAMES.split())
_EAST_ASIAN = frozenset({"zh", "ja", "ko", "yue"})
_DRAWING_LANG = re.compile(r"(<a:rPr\b[^>]*?\blang\s*=\s*)(\"[^\"]*\"|'[^']*')")


@dataclass(frozen=True, slots=True)
class WordTurn:
    """What changes in formatting from the source language to the target language.

    ``marked``: all text says its language, also where the document's own is meant.
    """

    turn: Turn
    marked: bool = False

    @property
    def tag(self) -> str:
        """``<w:lang/>`` for the target, with the attribute that its script needs."""
        target = escape(self.turn.target, '"')
        more = f' w:eastAsia="{target}"' if self._east_asian else ""
        more += f' w:bidi="{target}"' if self.turn.forward == "rtl" else ""
        return f'<w:lang w:val="{target}"{more}/>'

    @property
    def _east_asian(self) -> bool:
        return re.split("[-_]", self.turn.target.lower())[0] in _EAST_ASIAN

    def properties(self, raw: str) -> str:
        """A ``w:rPr`` or ``a:rPr`` for text in the target language."""
        raw = _LANG.sub(self.tag, raw)
        raw = _DRAWING_LANG.sub(rf'\1"{escape(self.turn.target, chr(34))}"', raw)
        if raw.startswith("<a:"):
            return raw
        if self.marked and not _LANG.search(raw):
            raw = self._marked(raw)
        if self.turn.forward == "rtl" and not _RTL.search(raw):
            if not raw or raw.endswith("/>"):
                return "<w:rPr><w:rtl/></w:rPr>"
            place = _AFTER_RTL.search(raw)
            at = place.start() if place else len(raw)
            return f"{raw[:at]}<w:rtl/>{raw[at:]}"
        return _RTL.sub("", raw) if self.turn.forward == "ltr" else raw

    def _marked(self, raw: str) -> str:
        if not raw or raw.endswith("/>"):
            return f"<w:rPr>{self.tag}</w:rPr>"
        place = _AFTER_LANG.search(raw)
        at = place.start() if place else len(raw)
        return f"{raw[:at]}{self.tag}{raw[at:]}"

    def paragraph(self, source: str, node: Node) -> Iterator[Edit]:
        """The direction of a translated ``w:p``."""
        if not source.startswith("<w:p", node.start) or self.turn.forward == self.turn.backward:
            return
        properties = next((c for c in node.children if c.name == "pPr"), None)
        found = [c for c in properties.children if c.name == "bidi"] if properties else []
        if self.turn.forward == "ltr":
            yield from (Edit(c.start, c.end, "") for c in found)
        elif properties is None:
            yield Edit(node.inner_start, node.inner_start, "<w:pPr><w:bidi/></w:pPr>")
        elif properties.inner_start == properties.end:
            yield Edit(properties.start, properties.end, "<w:pPr><w:bidi/></w:pPr>")
        elif not found:
            after = (c.start for c in properties.children if c.name in _AFTER_BIDI)
            at = next(after, properties.inner_end)
            yield Edit(at, at, "<w:bidi/>")

    def styles(self, source: str) -> str:
        """``styles.xml`` with the target as the document's language."""
        start = _DEFAULTS.search(source)
        if start is None:
            return source
        end = _END_DEFAULTS.search(source, start.end())
        if end is None:
            return source
        inner = source[start.end() : end.start()]
        changed = _LANG.sub(self.tag, inner) if _LANG.search(inner) else inner + self.tag
        return source[: start.end()] + changed + source[end.start() :]


def declared_language(styles: str) -> str:
    """The language that ``styles.xml`` declares for the document, or an empty string."""
    start = _DEFAULTS.search(styles)
    found = _LANG.search(styles, start.end()) if start else None
    value = _VALUE.search(found[0]) if found else None
    return value[2][1:-1] if value else ""
