"""Language and direction of a translated page: lang, dir, writing mode, page progression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from translator import languages
from translator.books.base import WriteOptions
from translator.books.xhtml import Page, language_attributes, side_by_side
from translator.books.xmltree import Edit, Node, escape
from translator.errors import InputError

_MAY_BE_VERTICAL = frozenset({"ja", "zh", "ko", "mn", "yue"})
_RTL_FALLBACK = frozenset({"ar", "he", "fa", "ur", "ps", "sd", "ug", "yi", "dv", "ckb", "syr"})
_VERTICAL_CSS = re.compile(
    r"(writing-mode\s*:\s*)(?:vertical-[rl][lr]|sideways-[rl][lr]|tb-rl|tb-lr|tb)\b", re.I
)
# Only for the page as a whole: code and numbers may have their own direction.
_LTR_CSS = re.compile(
    r"((?:^|[},;\s])(?:html|body|:root)\s*\{[^{}]*?(?<![\w-])direction\s*:\s*)ltr\b", re.I
)
_ALIGN_CSS = re.compile(r"((?<![\w-])text-align\s*:\s*)(left|right)\b", re.I)
_MIRRORED = {"left": "right", "right": "left"}
_RTL_CSS = re.compile(r"((?<![\w-])direction\s*:\s*)rtl\b", re.I)


def direction(tag: str) -> str:
    """``ltr`` or ``rtl`` of a language tag, also of one that Verso has no name for."""
    try:
        return languages.get(tag).direction
    except InputError:
        return "rtl" if _primary(tag) in _RTL_FALLBACK else "ltr"


def _primary(tag: str) -> str:
    return re.split("[-_]", tag.lower())[0]


@dataclass(frozen=True, slots=True)
class Turn:
    """What changes from the source language to the target language.

    ``declared`` is the language that the book declares for itself. ``vertical``: the source is
    set in columns from right to left, as Japanese often is.
    """

    options: WriteOptions
    declared: str
    modern: bool = True  # EPUB 3: attributes that EPUB 2 does not know may be added

    @property
    def target(self) -> str:
        """The BCP-47 tag to write."""
        return self.options.target

    @property
    def forward(self) -> str:
        """The target's direction."""
        return direction(self.target)

    @property
    def backward(self) -> str:
        """The source's direction."""
        return direction(self.options.source or self.declared or "en")

    @property
    def to_horizontal(self) -> bool:
        """Whether the target cannot be set in vertical columns."""
        return _primary(self.target) not in _MAY_BE_VERTICAL

    def replaces(self, tag: str) -> bool:
        """Whether text marked with this tag is text in the source language."""
        if self.options.source == self.options.target:
            return False
        known = {_primary(t) for t in (self.options.source, self.declared) if t}
        return _primary(tag) in known

    def css(self, text: str) -> str:
        """Style rules for the target: columns become lines, directions and alignments turn."""
        if self.to_horizontal:
            text = _VERTICAL_CSS.sub(r"\1horizontal-tb", text)
        if self.forward == self.backward:
            return text
        pattern = _RTL_CSS if self.forward == "ltr" else _LTR_CSS
        text = pattern.sub(rf"\1{self.forward}", text)
        return _ALIGN_CSS.sub(lambda rule: rule[1] + _MIRRORED[rule[2].lower()], text)

    def both(self, source: str, target: str) -> str:
        """The markup of a block in a bilingual edition, from those of its two texts."""
        mixed = self.forward != self.backward
        tags = (self.options.source or self.declared, self.target)
        first, second = (
            language_attributes(tag, direction if mixed else "", self.modern)
            for tag, direction in zip(tags, (self.backward, self.forward), strict=True)
        )
        return side_by_side(source, target, (first, second), self.options.bilingual)

    def page_edits(self, page: Page) -> list[Edit]:
        """Changes to the tags of a translated page."""
        edits: list[Edit] = []
        for node, may_change in page.styled:
            if may_change or node is page.root:
                edits += self._tag_edits(node, is_root=node is page.root)
        if page.root is not None and page.root.name == "html":
            edits += self._root_edits(page.root)
        for style in page.styles:
            raw = page.source[style.inner_start : style.inner_end]
            if (turned := self.css(raw)) != raw:
                edits.append(Edit(style.inner_start, style.inner_end, turned))
        return edits

    def _tag_edits(self, node: Node, is_root: bool) -> Iterator[Edit]:
        for name in ("lang", "xml:lang"):
            found = node.attributes.get(name)
            if found and (is_root or self.replaces(found.value)) and found.value != self.target:
                yield Edit(found.start, found.end, escape(self.target, found.quote))
        found = node.attributes.get("dir")
        if found and found.value == self.backward != self.forward:
            yield Edit(found.start, found.end, self.forward)
        found = node.attributes.get("style")
        if found and (turned := self.css(found.value)) != found.value:
            yield Edit(found.start, found.end, escape(turned, found.quote))

    def _root_edits(self, root: Node) -> Iterator[Edit]:
        added = ""
        tag = escape(self.target, '"')
        if "xml:lang" not in root.attributes:
            added += f' xml:lang="{tag}"'
        if "lang" not in root.attributes and self.modern:
            added += f' lang="{tag}"'
        if "dir" not in root.attributes and self.forward == "rtl":
            added += ' dir="rtl"'
        if added:
            place = root.inner_start - 1
            yield Edit(place, place, added)

    def progression(self, declared: str) -> str:
        """``page-progression-direction`` for the target, given the source's (may be empty)."""
        if self.forward == "rtl":
            return "rtl"
        if declared == "rtl" and (self.backward == "rtl" or self.to_horizontal):
            return "ltr"
        return declared
