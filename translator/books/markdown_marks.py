"""Marks beyond CommonMark that stand on lines of their own, and the values of front matter.

Directives and admonitions (``:::note``, MyST's ```` ```{note} ````, ``!!! note``, ``> [!NOTE]``),
template tags (``{% … %}``) and front matter in TOML: the marks stay, what they enclose is text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from translator.books.runs import Run

_TEXT_NAMES = (
    "note tip warning important attention caution danger error hint seealso admonition topic "
    "sidebar margin aside epigraph pull-quote dropdown card tab-item versionadded versionchanged "
    "deprecated theorem proof lemma definition example exercise solution remark"
)
_TEXT = frozenset(_TEXT_NAMES.split())
_FENCE = re.compile(r"([ \t>]*)(`{3,}|~{3,}|:{3,})[ \t]*(.*)")
_DIRECTIVE = re.compile(r"\{([\w:-]+)\}")
_OPTION = re.compile(r"[ \t>]*:[\w-]+:(?:[ \t]|$)")
_ALONE = re.compile(r"[ \t>]*(?:\[![A-Za-z]+\][-+]?[ \t]*[^\n]*|\{%[^\n]*%\}[ \t]*)")
_ADMONITION = re.compile(r"([ \t]*)(?:!{3}|\?{3}\+?)[ \t]+[\w-]+[^\n]*")
_VALUE = re.compile(
    r"(?<![^\r\n])(?:title|subtitle|description|summary|abstract)[ \t]*[:=][ \t]*"
    r"(?P<value>\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\r\n]|'')*'|[^\W_](?:(?!: | #)[^\r\n])*?)[ \t]*"
    r"(?![^\r\n])(?!(?:\r\n|\r|\n)[ \t])"
)
_PLAIN = re.compile(r"[^\W\d_](?:(?!: | #|:$)[^\r\n\"'\\])*")
_WORDS = frozenset(["true", "false", "null", "yes", "no", "on", "off"])


def without_marks(text: str) -> tuple[str, list[int]]:
    """The text as CommonMark should see it, and the numbers of the lines that are marks.

    Lines stay lines: a mark becomes a blank one, or one that encloses what it encloses.
    """
    lines = text.split("\n")
    marks: list[int] = []
    inside: list[tuple[str, bool]] = []  # (fence, whether it holds text)
    if lines[0].rstrip() == "+++" and "+++" in (end := [line.rstrip() for line in lines[1:]]):
        lines[0] = lines[end.index("+++") + 1] = "---"
    options = False  # whether lines right after a directive are its options
    for number, line in enumerate(lines):
        if inside and not inside[-1][1]:
            if _ends(line, inside[-1][0]) and inside.pop()[0][0] == ":":
                lines[number] = line.replace(":", "`")
            continue
        fence = _FENCE.fullmatch(line)
        if options := options and _OPTION.match(line) is not None:
            lines[number] = ""
            marks.append(number)
        elif inside and _ends(line, inside[-1][0]):
            inside.pop()
            lines[number] = _margin(line)
        elif fence and "`" not in fence[3]:
            named = _DIRECTIVE.match(fence[3])
            is_text = named[1] in _TEXT if named else fence[2][0] == ":" and bool(fence[3])
            if fence[2][0] == ":" and not fence[3]:
                lines[number] = _margin(line)  # an end without a beginning
                continue
            inside.append((fence[2], is_text))
            if is_text:
                lines[number], options = fence[1], named is not None
                marks.append(number)
            elif fence[2][0] == ":":
                lines[number] = fence[1] + "`" * len(fence[2])
        elif _ALONE.fullmatch(line):
            lines[number] = _margin(line)
            marks.append(number)
        elif admonition := _ADMONITION.fullmatch(line):
            lines[number] = f"{admonition[1]}-"  # an item: what is indented below belongs to it
            marks.append(number)
    return "\n".join(lines), marks


def _margin(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t>"))]


def _ends(line: str, fence: str) -> bool:
    mark = line.lstrip(" \t>").rstrip()
    return len(mark) >= len(fence) and set(mark) == {fence[0]}


def values(source: str, start: int, end: int) -> Iterator[Run]:
    """The titles and descriptions in front matter (YAML or TOML)."""
    for match in _VALUE.finditer(source, start, end):
        raw = match["value"]
        try:
            text = json.loads(raw) if raw[0] == '"' else raw.strip("'").replace("''", "'")
        except ValueError:  # escapes of YAML's own
            continue
        if isinstance(text, str) and text.strip():
            yield Value(*match.span("value"), " ".join(text.split()), {}, {})


class Value(Run):
    """A value of front matter."""

    def problem(self, tagged: str, source: str) -> str:
        """Why ``tagged`` cannot be written here, or an empty string."""
        return "" if tagged.strip() else "it has no text"

    def render(self, tagged: str, take: Any, quote: str = "") -> str:
        """The value, in quotes where it could be read as something else."""
        text = " ".join(tagged.split())
        if quote or not _PLAIN.fullmatch(text) or text.lower() in _WORDS:
            return json.dumps(text, ensure_ascii=False)
        return text
