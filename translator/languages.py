"""The languages Verso knows by name: BCP-47 tags, names, scripts, directions.

A model may know fewer (its catalogue entry says so) or more; this table is what a person can
choose from, and what :func:`get` makes of the many ways people write a language.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from translator import detection
from translator.errors import InputError


@dataclass(frozen=True, slots=True)
class Language:
    """One language. ``script`` is ISO 15924; ``spaced``: white space separates its words."""

    tag: str
    name: str
    native: str
    script: str
    direction: Literal["ltr", "rtl"] = "ltr"
    spaced: bool = True


@dataclass(frozen=True, slots=True)
class Detection:
    """A guess at a text's language. ``language`` is ``None`` when the text does not tell.

    ``confidence`` is between 0 and 1; ``reason`` is a short phrase for the page.
    """

    language: Language | None
    confidence: float
    reason: str


_RTL = frozenset({"Arab", "Hebr"})
_UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})

# Tag, English name, own name, script. The languages Verso is measured on come first.
_TABLE = """
en|English|English|Latn
zh-Hant|Chinese (Traditional)|繁體中文|Hant
zh-Hans|Chinese (Simplified)|简体中文|Hans
ja|Japanese|日本語|Jpan
ko|Korean|한국어|Kore
de|German|Deutsch|Latn
fr|French|Français|Latn
es|Spanish|Español|Latn
af|Afrikaans|Afrikaans|Latn
sq|Albanian|Shqip|Latn
am|Amharic|አማርኛ|Ethi
ar|Arabic|العربية|Arab
hy|Armenian|Հայերեն|Armn
az|Azerbaijani|Azərbaycan dili|Latn
eu|Basque|Euskara|Latn
be|Belarusian|Беларуская|Cyrl
bn|Bengali|বাংলা|Beng
bs|Bosnian|Bosanski|Latn
bg|Bulgarian|Български|Cyrl
my|Burmese|မြန်မာဘာသာ|Mymr
ca|Catalan|Català|Latn
hr|Croatian|Hrvatski|Latn
cs|Czech|Čeština|Latn
da|Danish|Dansk|Latn
nl|Dutch|Nederlands|Latn
eo|Esperanto|Esperanto|Latn
et|Estonian|Eesti|Latn
fil|Filipino|Filipino|Latn
fi|Finnish|Suomi|Latn
gl|Galician|Galego|Latn
ka|Georgian|ქართული|Geor
el|Greek|Ελληνικά|Grek
gu|Gujarati|ગુજરાતી|Gujr
he|Hebrew|עברית|Hebr
hi|Hindi|हिन्दी|Deva
hu|Hungarian|Magyar|Latn
is|Icelandic|Íslenska|Latn
id|Indonesian|Bahasa Indonesia|Latn
ga|Irish|Gaeilge|Latn
it|Italian|Italiano|Latn
kn|Kannada|ಕನ್ನಡ|Knda
kk|Kazakh|Қазақ тілі|Cyrl
km|Khmer|ខ្មែរ|Khmr
lo|Lao|ລາວ|Laoo
la|Latin|Latina|Latn
lv|Latvian|Latviešu|Latn
lt|Lithuanian|Lietuvių|Latn
mk|Macedonian|Македонски|Cyrl
ms|Malay|Bahasa Melayu|Latn
ml|Malayalam|മലയാളം|Mlym
mr|Marathi|मराठी|Deva
mn|Mongolian|Монгол|Cyrl
ne|Nepali|नेपाली|Deva
nb|Norwegian|Norsk|Latn
fa|Persian|فارسی|Arab
pl|Polish|Polski|Latn
pt-BR|Portuguese (Brazil)|Português (Brasil)|Latn
pt-PT|Portuguese (Portugal)|Português (Portugal)|Latn
pa|Punjabi|ਪੰਜਾਬੀ|Guru
ro|Romanian|Română|Latn
ru|Russian|Русский|Cyrl
sr|Serbian|Српски|Cyrl
sr-Latn|Serbian (Latin)|Srpski|Latn
si|Sinhala|සිංහල|Sinh
sk|Slovak|Slovenčina|Latn
sl|Slovenian|Slovenščina|Latn
so|Somali|Soomaali|Latn
sw|Swahili|Kiswahili|Latn
sv|Swedish|Svenska|Latn
ta|Tamil|தமிழ்|Taml
te|Telugu|తెలుగు|Telu
th|Thai|ไทย|Thai
bo|Tibetan|བོད་སྐད་|Tibt
tr|Turkish|Türkçe|Latn
uk|Ukrainian|Українська|Cyrl
ur|Urdu|اردو|Arab
uz|Uzbek|Oʻzbekcha|Latn
vi|Vietnamese|Tiếng Việt|Latn
cy|Welsh|Cymraeg|Latn
yi|Yiddish|ייִדיש|Hebr
"""


def _row(line: str) -> Language:
    tag, name, native, script = line.split("|")
    direction: Literal["ltr", "rtl"] = "rtl" if script in _RTL else "ltr"
    return Language(tag, name, native, script, direction, script not in _UNSPACED)


LANGUAGES: tuple[Language, ...] = tuple(_row(line) for line in _TABLE.strip().splitlines())

_BY_TAG = {language.tag.lower(): language for language in LANGUAGES}

# Other names that people type, folded by _fold.
_NAMES = {
    "chinese": "zh-Hans", "mandarin": "zh-Hans", "中文": "zh-Hans", "汉语": "zh-Hans",
    "漢語": "zh-Hant", "华语": "zh-Hans", "正體中文": "zh-Hant", "國語": "zh-Hant",
    "简中": "zh-Hans", "繁中": "zh-Hant", "chinese taiwan": "zh-Hant", "cantonese": "zh-Hant",
    "china chinese": "zh-Hans", "chinese hong kong": "zh-Hant", "simplified": "zh-Hans",
    "traditional": "zh-Hant", "portuguese": "pt-BR", "portugues": "pt-BR",
    "brazilian": "pt-BR", "brazilian portuguese": "pt-BR", "european portuguese": "pt-PT",
    "farsi": "fa", "flemish": "nl", "moldovan": "ro", "castilian": "es", "castellano": "es",
    "bokmal": "nb", "bokmal norwegian": "nb", "norsk bokmal": "nb", "tagalog": "fil",
    "myanmar": "my", "cyrillic serbian": "sr", "srpski": "sr-Latn", "gaelic": "ga",
    "modern hebrew": "he", "bangla": "bn", "slovene": "sl", "british english": "en",
    "american english": "en", "韓国語": "ko", "조선말": "ko", "mexican spanish": "es",
    "kiswahili": "sw", "nihongo": "ja", "hangul": "ko", "azeri": "az", "russkij": "ru",
}  # fmt: skip

# Deprecated, three-letter (ISO 639-2 B and T) and near codes -> the primary subtag used here.
_CODES_TEXT = """
iw:he ji:yi in:id mo:ro no:nb tl:fil sh:sr-latn cmn:zh yue:zh-hant lzh:zh-hant jp:ja kr:ko cn:zh
gr:el eng:en zho:zh chi:zh jpn:ja kor:ko deu:de ger:de fra:fr fre:fr spa:es afr:af sqi:sq alb:sq
amh:am ara:ar arb:ar hye:hy arm:hy aze:az eus:eu baq:eu bel:be ben:bn bos:bs bul:bg mya:my
bur:my cat:ca hrv:hr ces:cs cze:cs dan:da nld:nl dut:nl epo:eo est:et ekk:et fin:fi glg:gl
kat:ka geo:ka ell:el gre:el guj:gu heb:he hin:hi hun:hu isl:is ice:is ind:id gle:ga ita:it
kan:kn kaz:kk khm:km lao:lo lat:la lav:lv lvs:lv lit:lt mkd:mk mac:mk msa:ms may:ms zsm:ms
mal:ml mar:mr mon:mn khk:mn nep:ne npi:ne nob:nb nor:nb fas:fa per:fa pes:fa pol:pl por:pt
pan:pa ron:ro rum:ro rus:ru srp:sr sin:si slk:sk slo:sk slv:sl som:so swa:sw swh:sw swe:sv
tam:ta tel:te tha:th bod:bo tib:bo tur:tr ukr:uk urd:ur uzb:uz uzn:uz vie:vi cym:cy wel:cy
yid:yi ydd:yi tgl:fil
"""
_CODES = dict(pair.split(":") for pair in _CODES_TEXT.split())

_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_HANT_REGIONS = frozenset({"TW", "HK", "MO"})
_CHINESE_VARIANTS = frozenset({"cmn", "yue", "chs", "cht"})


def _fold(name: str) -> str:
    """Letters without accents, words in alphabetical order: ``Traditional Chinese`` too."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(sorted(re.findall(r"\w+", unicodedata.normalize("NFC", bare))))


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Language]:
    names = {_fold(name): _BY_TAG[tag.lower()] for name, tag in _NAMES.items()}
    for language in LANGUAGES:
        names[_fold(language.native)] = language
        names[_fold(language.name)] = language
    return names


def _by_tag(text: str) -> Language | None:
    if not _TAG.fullmatch(text):
        return None
    primary, *rest = text.split("-")
    primary = _CODES.get(primary.lower(), primary.lower())
    if "-" in primary:
        return _BY_TAG[primary]
    # A singleton ("-u-", "-x-") starts an extension: no script or region after it.
    singleton = next((i for i, part in enumerate(rest) if len(part) == 1), len(rest))
    rest = rest[:singleton]
    script = next((part.title() for part in rest if len(part) == 4 and part.isalpha()), "")
    region = next((part.upper() for part in rest if len(part) == 2), "")
    if primary == "zh":
        # "zh-min-nan" and the like name other languages.
        other = {part.lower() for part in rest if len(part) == 3 and part.isalpha()}
        if other - _CHINESE_VARIANTS:
            return None
        hant = region in _HANT_REGIONS or other & {"yue", "cht"}
        traditional = script == "Hant" or (not script and hant)
        return _BY_TAG["zh-hant" if traditional else "zh-hans"]
    if primary == "pt":
        return _BY_TAG["pt-br" if region in ("", "BR") else "pt-pt"]
    if primary == "sr":
        return _BY_TAG["sr-latn" if script == "Latn" else "sr"]
    return _BY_TAG.get(primary)


def get(tag_or_name: str) -> Language:
    """The language that a person or a file means, however it is written.

    Takes BCP-47 tags (with ``-`` or ``_``, any case, regions and extensions), ISO 639-2/3 codes,
    deprecated codes (``iw``), English and own names (``Chinese (Traditional)``, ``deutsch``).
    ``zh`` alone is Simplified, ``pt`` alone Brazilian, ``sr`` alone Cyrillic, as in CLDR.

    Raises :class:`InputError` with near matches in the hint.
    """
    typed = tag_or_name.strip()
    found = _by_tag(re.sub(r"[_\s]+", "-", typed)) if len(typed) < 40 else None
    found = found or _by_name().get(_fold(typed[:80]))
    if found:
        return found
    raise InputError(f"Unknown language: {typed[:40]!r}.", _hint(typed[:40]))


def _hint(typed: str) -> str:
    keys = {key: language.tag for key, language in _by_name().items()}
    keys.update({tag: language.tag for tag, language in _BY_TAG.items()})
    near = difflib.get_close_matches(_fold(typed), keys, n=5, cutoff=0.6)
    tags = list(dict.fromkeys(keys[key] for key in near))[:3]
    if not tags:
        return "Use a tag such as en, de, zh-Hant or pt-BR, or an English name."
    options = [f"{tag} ({_BY_TAG[tag.lower()].name})" for tag in tags]
    return f"Did you mean {' or '.join(options)}?"


def detect(text: str) -> Detection:
    """Guess the language of a text, or say that it cannot be told. Never raises.

    The same text always gets the same answer. Long texts are sampled (see
    :mod:`translator.detection`), so the cost does not grow with the length.
    """
    guess = detection.guess(text)
    if not guess.tag:
        return Detection(None, guess.confidence, guess.reason)
    return Detection(_BY_TAG[guess.tag.lower()], guess.confidence, guess.reason)
