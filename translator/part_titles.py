"""Titles of chapters and of what readers skip, in the languages that Verso knows."""

from __future__ import annotations

import re
import tomllib
from enum import StrEnum
from functools import cache

from translator.settings import assets_dir

_LONGEST = 80  # characters of a title
_NUMBERED = re.compile(r"(?:\d{1,3}(?:\.\d+)*|[ivxlc]+|[a-z])[.):]?\s+")
_EDGES = " \t\xa0.:：*#_=-–—[]"

# A line that begins so is the title of a chapter in a text that has no headings of its own.
_CHAPTER = (
    "chapter|book|part|volume|act|scene|canto|letter|stave|kapitel|teil|buch|abschnitt|akt|brief|"
    "szene|chapitre|livre|partie|tome|acte|scène|lettre|capítulo|capitulo|libro|parte|acto|escena|"
    "capitolo|atto|scena|livro|ato|cena|capítol|llibre|capitolul|caput|liber|hoofdstuk|"
    "deel|boek|hoofstuk|kapittel|del|kafli|luku|osa|peatükk|fejezet|rész|könyv|rozdział|część|"
    "księga|kapitola|část|díl|časť|poglavje|poglavlje|dio|skyrius|dalis|nodaļa|daļa|kapitulli|"
    "bölüm|kısım|fəsil|bob|kapitulua|ĉapitro|caibidil|pennod|bab|bagian|kabanata|sura|chương|phần|"
    "глава|часть|книга|том|частина|розділ|част|частка|раздзел|поглавље|део|поглавје|тарау|"
    "бүлэг|κεφάλαιο|μέρος|βιβλίο|գլուխ|թավի|თავი|ნაწილი|פרק|חלק|الفصل|الباب|فصل|بخش|باب|अध्याय|"
    "भाग|प्रकरण|অধ্যায়|પ્રકરણ|ਅਧਿਆਇ|அத்தியாயம்|అధ్యాయం|ಅಧ್ಯಾಯ|അദ്ധ്യായം|පරිච්ඡේදය|บทที่|ตอนที่|"
    "ບົດທີ|ជំពូក|အခန်း|ምዕራፍ"
)
_NUMBER = r"(?:\d{1,3}|[ivxlcdm]{1,8}|[^\W\d_]{2,15}(?:[ -][^\W\d_]{2,10})?)"
_WITH_NUMBER = re.compile(rf"(?:{_CHAPTER})\s*{_NUMBER}(?:\s*[.:—–-].*)?\.?", re.IGNORECASE)
_NUMBER_FIRST = re.compile(
    rf"\d{{1,3}}\.?\s*(?:{_CHAPTER})\b.{{0,50}}|"
    r"[第제]\s*[\d〇零一二三四五六七八九十百千两兩]{1,6}\s*[章回节節話话部卷幕장부화편막](?:$|\W.*|[^。，、！？]{0,30}$)",
    re.IGNORECASE,
)
_ROMAN = re.compile(r"(?=.)(?:X{0,3})(?:IX|IV|V?I{0,3})|X?L(?:IX|IV|V?I{0,3})")
_OTHERS = re.compile(
    "prologue?|epilogue?|preface|foreword|introduction|afterword|appendix|conclusion|vorwort|"
    "einleitung|nachwort|anhang|schluss|préface|avant-propos|épilogue|postface|annexe|prólogo|"
    "epílogo|prefacio|introducción|apéndice|prefazione|introduzione|prefácio|introdução|пролог|"
    "эпилог|предисловие|введение|послесловие|приложение|前言|序[章言]?|自序|[后後]记|後記|尾[声聲]|楔子|"
    "附[录錄]|プロローグ|エピローグ|はじめに|あとがき|まえがき|終章|머리말|서문|프롤로그|에필로그|맺음말|부록"
)


class PartKind(StrEnum):
    """What a chapter is. All but the first are what a person may ask to skip."""

    TEXT = "text"
    REFERENCES = "references"
    INDEX = "index"
    CONTENTS = "contents"
    COPYRIGHT = "copyright"


# What epub:type and the role of an element call them.
ROLES = {
    **dict.fromkeys(("bibliography", "doc-bibliography"), PartKind.REFERENCES),
    **dict.fromkeys(("index", "doc-index"), PartKind.INDEX),
    **dict.fromkeys(("toc", "toc-brief", "doc-toc", "loi", "lot"), PartKind.CONTENTS),
    **dict.fromkeys(("copyright-page", "imprint", "colophon", "doc-colophon"), PartKind.COPYRIGHT),
}


def kinds_named(title: str) -> frozenset[PartKind]:
    """What a chapter with this title is: nothing, one kind, or two where languages disagree."""
    if len(title) > _LONGEST:
        return frozenset()
    bare = _bare(title)
    return _titles().get(bare) or _titles().get(_NUMBERED.sub("", bare, 1)) or frozenset()


def only_number(text: str) -> bool:
    """Whether a line is a chapter's number, so that its title may come below it."""
    bare = _bare(text)
    if bare.isdecimal() or _ROMAN.fullmatch(text.strip(_EDGES)):
        return True
    return bool(_WITH_NUMBER.fullmatch(bare)) and len(bare.split()) < 4


def is_title(text: str) -> bool:
    """Whether a line of plain text looks like the title of a chapter."""
    line = text.strip()
    if not line or len(line) > _LONGEST or "\n" in line:
        return False
    bare = _bare(line)
    return bool(
        _OTHERS.fullmatch(bare)
        or _ROMAN.fullmatch(line.strip(_EDGES))
        or _WITH_NUMBER.fullmatch(bare)
        or _NUMBER_FIRST.fullmatch(bare)
        or kinds_named(line)
    )


def _bare(title: str) -> str:
    return " ".join(title.split()).strip(_EDGES).casefold().replace("'", "’")


@cache
def _titles() -> dict[str, frozenset[PartKind]]:
    data = tomllib.loads((assets_dir() / "part_titles.toml").read_text(encoding="utf-8"))
    found: dict[str, frozenset[PartKind]] = {}
    for kinds in data.values():
        for kind, titles in kinds.items():
            for title in titles:
                bare = _bare(title)
                found[bare] = found.get(bare, frozenset()) | {PartKind(kind)}
    return found
