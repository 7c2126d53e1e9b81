"""From a model's reply to the translation in it.

A rule may remove something only when it is provably no part of the translation, and the proof
needs the source: a label, a fence or quotes that the source has too belong to the text.
"""

from __future__ import annotations

import re

_THINKING = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"(`{3,}|~{3,})[\w+-]*[ \t]*\n(.*?)\n?[ \t]*\1", re.DOTALL)

_LABELS = (
    "translation|translated text|übersetzung|traduction|traducción|traduzione|tradução"
    "|перевод|译文|譯文|翻译|翻譯|翻訳|訳文|번역|번역문"
)
_ABOUT_TRANSLATION = re.compile(rf"{_LABELS}|translat", re.IGNORECASE)
_LABEL = re.compile(
    rf"\A(?:\*\*)?(?:(?:the |la |die )?(?:\w+ )?(?:{_LABELS})(?: \([\w -]+\))?)"
    r"(?:\*\*)?\s?[:：](?:\*\*)?\s*",
    re.IGNORECASE,
)
_PREAMBLE = re.compile(
    r"\A(?:(?:sure|certainly|of course|okay)[,.!]?\s+)?here(?:'s|’s| is) [^\n]{0,80}"
    r"translat[^\n]{0,80}:[ \t]*\n+",
    re.IGNORECASE,
)

_PAIRS = {"“": "”", "„": "“”", "«": "»", "»": "«", "「": "」", "『": "』", '"': '"'}
_QUOTES = frozenset('“”„«»「」『』"‹›‚‘')
_SINGLE = re.compile(r"(?<!\w)['’]|['’](?!\w)")
_DASHES = ("—", "–", "-", "―")


def clean(reply: str, source: str, label: str = "") -> str:
    """The translation in ``reply``, without outer white space.

    ``source`` is the text that was asked for, as the model saw it. ``label`` is the name of
    the target language: models continue "English: …" with "German: …".
    If nothing would be left, the reply itself is returned.
    """
    text = reply
    if "<think>" not in source:
        text = _THINKING.sub("", text, count=1) if _THINKING.match(text) else text
    text = text.strip()
    if "```" not in source and "~~~" not in source:
        fenced = _FENCE.fullmatch(text)
        if fenced and fenced[1] not in fenced[2]:
            text = fenced[2].strip()
    text = _without_label(text, source, label)
    text = _without_quotes(text, source)
    return text or reply.strip()


def _without_label(text: str, source: str, label: str) -> str:
    head = source[:100]
    if ":" in head or "：" in head or _ABOUT_TRANSLATION.search(source):
        return text
    text = _PREAMBLE.sub("", text, count=1)
    text = _LABEL.sub("", text, count=1)
    if label and label.casefold() not in source.casefold():
        text = re.sub(rf"\A{re.escape(label)}\s?[:：]\s*", "", text, count=1)
    return text


def _without_quotes(text: str, source: str) -> str:
    """Drop one pair of quotes around everything, if the source quotes nothing at all.

    Dialogue is safe: it has quotes, or a dash at its start, in the source.
    """
    if len(text) < 3 or text[-1] not in _PAIRS.get(text[0], ""):
        return text
    if any(char in _QUOTES for char in source) or _SINGLE.search(source):
        return text
    if source.startswith(_DASHES):
        return text
    inner = text[1:-1]
    if any(char in _QUOTES for char in inner):
        return text
    return inner.strip() or text
