"""Numbers in a text, so that a translation that lost or changed one is noticed.

A number is compared by its digits, since languages disagree on separators. Where a scale is
written out ("3 million", 300万) it is compared by value, and Chinese numerals are read.
"""

from __future__ import annotations

import math
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


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written, its digits without separators, and its value if a scale follows.

    ``unit``: a unit of measurement follows; ``bracketed``: an opening bracket comes before.
    """

    shown: str
    digits: str
    value: float | None
    unit: bool
    bracketed: bool


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
        unit = _UNIT.match(text, match.end()) is not None
        bracketed = text[: match.start()].rstrip()[-1:] in ("(", "（")
        numbers.append(Number(match[0], digits, value, unit, bracketed))
    return numbers


def missing(source: str, target: str) -> list[str]:
    """The source's numbers that the target does not have in any form that is known here.

    Small numbers (to twelve) are not missed: people write them out, or as a month's name.
    """
    wanted = [n for n in find(source) if n.value is not None or int(n.digits) > 12]
    if not wanted:
        return []
    target = _ascii_digits(target)
    found = find(target)
    digits = {_plain(n) for n in found}
    groups = {int(group) for group in _GROUP.findall(target) if len(group) <= _MOST_DIGITS}
    values = {n.value for n in found if n.value is not None} | _amounts(target)
    values |= {float(n.digits) for n in found}
    source_amounts = _amounts(_ascii_digits(source))
    new = [_decimal(n.shown) for n in found]
    lost: list[str] = []
    for number in wanted:
        value = _decimal(number.shown)
        parts = [int(part) for part in _GROUP.findall(number.shown)]
        evening = len(parts) == 2 and parts[0] < 12 and {parts[0] + 12, parts[1]} <= groups
        if (
            _plain(number) in digits
            or {float(number.digits), value} & values
            or (number.value is not None and any(_close(number.value, v) for v in values))
            or any(_close(a, v) for a in source_amounts for v in values)
            # 7.55 -> 7:55 or 7時55分
            or set(parts) <= groups
            or evening
            # 1990s -> 90er; 20:30 -> 8:30 pm
            or (len(parts) == 1 and any(_is_year_of(number.digits, str(g)) for g in groups))
            or (12 < value < 25 and int(value) - 12 in groups)
            or _is_converted(number, value, new)
        ):
            continue
        lost.append(number.shown)
    return lost


_UNIT = re.compile(
    r"[\s\u00a0-]*(?:°|º|miles?\b|mph|feet|foot|ft\b|inch|yards?|pounds?|lbs?\b|degr|grad|gallon|"
    r"k(?:ilo)?m|met(?:er|re|ro)|mètre|c(?:enti)?m|zentim|centím|kilo|kg|км|кил|метр|см|граду|кг|"
    r"公里|英里|米|公尺|公分|厘米|公斤|英[呎尺吋寸磅]|磅|度|キロ|マイル|フィート|メートル|センチ|インチ|킬로|마일|"
    r"피트|미터|센티|كيلو|ميل|متر|سنتي|قدم|بوصة|درجة)",
    re.IGNORECASE,
)
_RATIOS = (1.609, 0.3048, 2.54, 0.4536, 0.9144, 5 / 9)


def _is_converted(number: Number, value: float, found: list[float]) -> bool:
    """Miles to kilometres, Fahrenheit to Celsius and the like, or a second unit in brackets."""
    if not number.unit:
        return False
    if number.bracketed:
        return True
    for other in found:
        if other and value:
            ratio = other / value
            if any(abs(abs(math.log(ratio)) - abs(math.log(r))) < 0.08 for r in _RATIOS):
                return True
            if abs((value - 32) / 1.8 - other) < 1.1 or abs((other - 32) / 1.8 - value) < 1.1:
                return True
    return False


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


def _amounts(text: str) -> set[float]:
    """Values of 300万, 1億2000万, 二十三, 百分之五十, 一九九〇年, XIX."""
    values = {float(_roman(match[0])) for match in _ROMAN.finditer(text)}
    for match in _CJK_AMOUNT.finditer(text):
        total = 0.0
        for number, scales in _CJK_PART.findall(match[0]):
            value = _decimal(number.strip(",.")) if number.strip(",.") else 0.0
            for scale in scales:
                value *= _CJK_SCALE[scale]
            total += value
        values.add(total)
    for match in _HAN_NUMBER.finditer(text):
        values.add(float(_han_value(match[0])))
    return values


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
