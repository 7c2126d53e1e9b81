"""What machines left in a text: tags, entities, placeholders of programs, broken characters."""

from __future__ import annotations

import re
from html.entities import html5

# The start of anything below; most texts have none and are done.
_ANY = re.compile(r"[<&%{}\[$\\\ufffdÃÂâï]")
# A closing tag, a tag with attributes, a line break or a comment. A lone "<img>" may be meant.
_TAG = re.compile(
    r"</[A-Za-z][\w:-]*\s*>|<[A-Za-z][\w:-]*(?:\s+[\w:-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s>]+))+\s*/?>"
    r"|<(?:br|hr|p)\s*/?>|<[A-Za-z][\w:-]*\s*/>|<!--|<!\[CDATA\["
)
_LONE_TAG = re.compile(r"<[A-Za-z][\w:-]*>")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|([A-Za-z][A-Za-z0-9]{1,30}));")
_WIKI = re.compile(r"\[\[[^\[\]]+\]\]|\{\{[^{}]+\}\}|\[[^\]]+\]\((?:https?:|/|#)[^)]*\)")
_PLACEHOLDER = re.compile(
    r"%(?:[0-9]+\$)?[-+0#]?[0-9]*(?:\.[0-9]+)?(?:l{0,2}[diux]|[sfgc@])(?![A-Za-z])|%\([A-Za-z_]\w*\)[sdf]"
    r"|%[0-9](?![0-9.,%])|\$?\{[A-Za-z_0-9][\w.]*\}|\$\([A-Za-z_]\w*\)|\\[nrt](?![A-Za-z])"
)
# UTF-8 that was read as Latin-1 or windows-1252, and characters that were lost.
_BROKEN = re.compile(
    "\ufffd|ï¿½|Ã[\u0080-\u00bf]|Â[\u0080-\u009f\u00a1-\u00bf]|â€[\u0080-\u00bf™œž“”…˜¢¦]"
)


def leftover(source: str, target: str) -> str:
    """The first leftover in a pair, or an empty string.

    Tags, entities, wiki links and broken characters have no place in either text. Placeholders
    (``%s``, ``{name}``) and lone tags may be what a text is about: they count where the two
    sides differ.
    """
    if not _ANY.search(source) and not _ANY.search(target):
        return ""
    for text in (source, target):
        for pattern in (_BROKEN, _TAG, _WIKI):
            if match := pattern.search(text):
                return match[0][:60]
        for match in _ENTITY.finditer(text):
            if match[1] is None or f"{match[1]};" in html5:
                return match[0]
    for pattern in (_PLACEHOLDER, _LONE_TAG):
        before, after = sorted(pattern.findall(source)), sorted(pattern.findall(target))
        if before != after:
            return " ".join([*before, "/", *after])[:60]
    return ""
