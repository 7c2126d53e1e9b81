"""Numbers in a text, so that a translation that lost or changed one is noticed.

A number is compared by its digits, since languages disagree on separators. Where a scale is
written out ("3 million", 300万) it is compared by value, and Chinese numerals are read.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_SPACE = " \u00a0\u202f\u2009"
_NUMBER = re.compile(
    # Not the digits of i386 or H2O.
    rf"(?<![0-9A-Za-z_])(?:[0-9]{{1,3}}(?:[{_SPACE}'’][0-9]{{3}})+(?![0-9])|[0-9]+)(?:[.,٫٬·][0-9]+)*"
)
_GROUP = re.compile("[0-9]+")
_MOST_DIGITS = 30  # longer ones are not quantities
_CJK_SCALE = {
    "十": 10, "百": 100, "千": 1000, "万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8,
    "兆": 10**12, "천": 1000, "만": 10**4, "억": 10**8, "조": 10**12, "백": 100,
}  # fmt: skip
_CJK_AMOUNT = re.compile(r"(?:[0-9][0-9,.]*\s*[十百千万萬億亿兆천만억조백]+\s*)+(?:[0-9][0-9,.]*)?")
_CJK_PART = re.compile(r"([0-9][0-9,.]*)?\s*([十百千万萬億亿兆천만억조백]*)")
_HAN_NUMBER = re.compile(r"[零〇一二三四五六七八九十百千万萬億亿两兩]+")
_HAN_DIGIT = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_SCALE_WORD = re.compile(
    r"\s*-?(?:(?P<n3>thousand|tausend|tsd|mille|mil(?!\w)|mila|k(?!\w)|тыс|тысяч|ألف|آلاف)|"
    r"(?P<n9>billions?(?!\w)|bn(?!\w)|milliarden?|mrd|milliards?|mil\s+millones|bilh|"
    r"миллиард|млрд|مليار|bi(?!\w))|"
    r"(?P<n6>millions?|millionen|mio|millones|mill[oó]n|milh|m(?!\w)|миллион|млн|مليون|ملايين)|"
    r"(?P<n12>trillions?|billionen|billones|trilh|триллион|трлн|تريليون))",
    re.IGNORECASE,
)


# "The 1930s" and "20 世纪 30 年代" are written in many ways: such numbers are not missed.
_DECADE_AFTER = re.compile(
    r"(?:['’]?s|er[ns]?|[-‑–]?(?:х|е|ых))\b|\s*(?:年代|년대)|"
    r"(?:th|st|nd|rd|\.|e|º|-?(?:й|го|м))?[\s-]*(?:centur|jahrhundert|si[èe]cle|век|世[纪紀]|세기)",
    re.IGNORECASE,
)
_DECADE_BEFORE = re.compile(r"(?:ann[ée]es|años|anos|siglo|s[ée]culo|القرن)\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, its digits without separators, and its value if a scale follows.

    ``unit``: the system of units that follows, or -1; ``bracketed``: an opening bracket comes
    before; ``era``: it names a decade or a century, or is the idiom "100 percent".
    """

    shown: str
    digits: str
    value: float | None
    unit: int
    bracketed: bool
    era: bool


def find(text: str) -> list[Number]:
    """The numbers written with digits, in order."""
    text = _ascii_digits(text)
    numbers: list[Number] = []
    for match in _NUMBER.finditer(text):
        digits = re.sub(r"[^0-9]", "", match[0])
        if len(digits) > _MOST_DIGITS:
            continue
        scale = _SCALE_WORD.match(text, match.end())
        value = None
        if scale and scale.lastgroup:
            value = _decimal(match[0]) * 10 ** int(scale.lastgroup[1:])
        unit = _unit(text, match.end())
        bracketed = text[: match.start()].rstrip()[-1:] in ("(", "（")
        era = _DECADE_AFTER.match(text, match.end()) or _DECADE_BEFORE.search(
            text, max(0, match.start() - 10), match.start()
        )
        idiom = digits == "100" and _PERCENT.match(text, match.end())
        numbers.append(Number(match[0], digits, value, unit, bracketed, bool(era or idiom)))
    return numbers


# Round numbers that people write out, and those that English spells at the start of a sentence.
_WORDS = (
    (1000, re.compile(r"\b(?:thousand|tausend|mill(?:e|ier)|mil\b|тысяч)|千|천|ألف", re.I)),
    (
        100,
        re.compile(r"\b(?:hundred|hundert|cent(?:\b|aine)|cien|cem\b|сто\b|сотн)|百|백|مائة", re.I),
    ),
)
_ENGLISH = {
    "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50,
    "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SPELLED = re.compile(r"\b(?:" + "|".join(_ENGLISH) + r")\b", re.IGNORECASE)
_PERCENT = re.compile(r"\s*(?:%|percent|per cent|prozent|pour cent|por ciento|por cento|процент)")


def missing(source: str, target: str) -> list[str]:
    """The source's numbers that the target does not have in any form that is known here.

    Small numbers (to twelve) are not missed: people write them out, or as a month's name.
    """
    wanted = [n for n in find(source) if not n.era and (n.value is not None or int(n.digits) > 12)]
    if not wanted:
        return []
    target = _ascii_digits(target)
    found = find(target)
    digits = {_plain(n) for n in found}
    groups = {int(group) for group in _GROUP.findall(target) if len(group) <= _MOST_DIGITS}
    values = {n.value for n in found if n.value is not None} | amounts(target)
    values |= {float(n.digits) for n in found}
    values |= {float(amount) for amount, word in _WORDS if word.search(target)}
    values |= {float(_ENGLISH[match[0].lower()]) for match in _SPELLED.finditer(target)}
    # 1億2000万 is one amount, with two numbers in it.
    kept = [
        shown
        for shown, amount in _cjk_amounts(_ascii_digits(source))
        if any(_close(amount, value) for value in values)
    ]
    lost: list[str] = []
    for number in wanted:
        value = _decimal(number.shown)
        parts = [int(part) for part in _GROUP.findall(number.shown)]
        evening = len(parts) == 2 and parts[0] < 12 and {parts[0] + 12, parts[1]} <= groups
        if (
            _plain(number) in digits
            or {float(number.digits), value} & values
            or (number.value is not None and any(_close(number.value, v) for v in values))
            or any(number.shown in shown for shown in kept)
            # 7.55 -> 7:55 or 7時55分
            or set(parts) <= groups
            or evening
            # 1990s -> 90er; 20:30 -> 8:30 pm
            or (len(parts) == 1 and any(_is_year_of(number.digits, str(g)) for g in groups))
            or (12 < value < 25 and int(value) - 12 in groups)
            or _is_converted(number, target)
        ):
            continue
        lost.append(number.shown)
    return lost


_METRIC = re.compile(
    r"(?<![^\W\d_])(?:k(?:il[oó])?m|cm|mm|kg|kph|km/h|met(?:er|re|ro)|mètre|centi?m|zentim|centím|kilo|км|кил|"
    r"метр|см|сантим|кг)|公里|米|公尺|公分|公斤|千克|キロ|メートル|センチ|킬로|미터|센티|كيلو|متر|سنتي|كم\b|سم\b",
    re.IGNORECASE,
)
_IMPERIAL = re.compile(
    r"(?<![^\W\d_])(?:mil(?:es?|las?|has?|e|en)\b|miglia|mph|feet|foot|ft\b|fuß|pieds?\b|pies?\b|pés?\b|inch|zoll|"
    r"pouces?|pulgadas?|polegadas?|yards?|pounds?\b|lbs?\b|pfund|livres?\b|libras?\b|gallon|мил|фут|дюйм|"
    r"фунт|ярд)|英[里呎尺吋寸磅]|磅|マイル|フィート|インチ|ポンド|마일|피트|인치|파운드|ميل|قدم|بوصة|رطل",
    re.IGNORECASE,
)
_DEGREE = re.compile(r"[°º]|degr|grad|граду|度|도|درجة", re.IGNORECASE)
_UNITS = (_METRIC, _IMPERIAL, _DEGREE)
# "2 to 5 cm": the unit of the first number comes after the second.
_GAP = re.compile(
    r"[\s-]*(?:(?:to|or|and|bis|und|à|et|ou|a|y|o|e|до|и|–|—|~|から|至|到)\s*[0-9.,]+)?[\s-]*"
)


def _unit(text: str, at: int) -> int:
    """Which of ``_UNITS`` follows, or -1."""
    start = _GAP.match(text, at)
    at = start.end() if start else at
    return next((i for i, unit in enumerate(_UNITS) if unit.match(text, at)), -1)


def _is_converted(number: Number, target: str) -> bool:
    """Miles to kilometres, Fahrenheit to Celsius and the like, or a second unit dropped."""
    if number.unit < 0:
        return False
    if _UNITS[number.unit] is _DEGREE:
        return _DEGREE.search(target) is not None
    same, other = _UNITS[number.unit], _UNITS[1 - number.unit]
    if number.bracketed:
        return same.search(target) is None
    return other.search(target) is not None


_OTHER_DIGIT = re.compile(r"[^\W0-9_](?<=\d)|[，．]", re.UNICODE)


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return _OTHER_DIGIT.sub(lambda m: unicodedata.normalize("NFKC", _digit(m[0])), text)


def _digit(char: str) -> str:
    return str(unicodedata.digit(char)) if char.isdecimal() else char


def _decimal(shown: str) -> float:
    """The value of a number whose separators may be thousands or a decimal point."""
    parts = re.split(r"[^0-9]", shown)
    grouped = len(parts) > 1 and all(len(part) == 3 for part in parts[1:])
    if len(parts) == 1 or grouped:
        return float("".join(parts))
    return float("".join(parts[:-1]) + "." + parts[-1])


def _plain(number: Number) -> str:
    """``5.50`` and ``5,5`` are equal; ``1000`` and ``10`` are not."""
    if re.search(r"[.,·][0-9]{1,2}$", number.shown):
        return number.digits.rstrip("0") + "."
    return number.digits.lstrip("0") or "0"


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-6 * max(abs(a), abs(b))


def _is_year_of(wanted: str, got: str) -> bool:
    longer, shorter = sorted((wanted, got), key=len, reverse=True)
    return len(longer) == 4 and len(shorter) == 2 and longer.endswith(shorter)


def amounts(text: str) -> set[float]:
    """Values that are not plain digits: 300万, 1億2000万, 二十三, 百分之五十, 一九九〇年, XIX."""
    values = {float(_roman(match[0])) for match in _ROMAN.finditer(text)}
    values |= {amount for _, amount in _cjk_amounts(text)}
    for match in _HAN_NUMBER.finditer(text):
        values.add(float(_han_value(match[0])))
    return values


def _cjk_amounts(text: str) -> list[tuple[str, float]]:
    """Amounts such as 300万 and 1億2000万, as written and by value."""
    found = []
    for match in _CJK_AMOUNT.finditer(text):
        total = 0.0
        for number, scales in _CJK_PART.findall(match[0]):
            value = _decimal(number.strip(",.")) if number.strip(",.") else 0.0
            for scale in scales:
                value *= _CJK_SCALE[scale]
            total += value
        found.append((match[0], total))
    return found


def _han_value(numeral: str) -> int:
    if all(c in _HAN_DIGIT for c in numeral):
        return int("".join(str(_HAN_DIGIT[c]) for c in numeral))
    total = section = digit = 0
    for c in numeral:
        if c in _HAN_DIGIT:
            digit = _HAN_DIGIT[c]
            continue
        scale = _CJK_SCALE[c]
        if scale < 10**4:
            section += (digit or 1) * scale
        else:
            total = (total + section + digit) * scale
            section = 0
        digit = 0
    return total + section + digit


_ROMAN = re.compile(r"\b[IVXLCDM]{2,}(?![A-Za-z])|\b[IVXLCDM]{2,}(?=e\b)")
_ROMAN_DIGIT = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}


def _roman(numeral: str) -> int:
    digits = [_ROMAN_DIGIT[c] for c in numeral]
    return sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))
