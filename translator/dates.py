"""Days of the year ("May 12th", 12. Mai, 5月12日, 2019-05-12), to see that none is lost."""

from __future__ import annotations

import re
from dataclasses import dataclass

from translator import numbers

_MONTHS = """
january february march april may june july august september october november december
januar februar märz april mai juni juli august september oktober november dezember
jänner feber maerz avril mai juin juillet août sept octobre novembre décembre
janvier février mars abr mayo junio julio agosto septembre oct nov décembre
enero febrero marzo abril maio junho julho aug septiembre octubre noviembre diciembre
janeiro fevereiro março aprile maggio giugno luglio augustus setembro outubro dez dezembro
gennaio febbraio maart apr mei juni juli août settembre ottobre nov dicembre
jan feb mar avr mag giu jul ago sep out novembro dec
января февраля марта апреля мая июня июля августа сентября октября ноября декабря
январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь
يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر
stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia
"""
_NUMBER_OF = {
    name: number
    for row in _MONTHS.strip().splitlines()
    for number, name in enumerate(row.split(), 1)
}
_NAME = "(" + "|".join(sorted(_NUMBER_OF, key=len, reverse=True)) + r")\b"
_DAY = r"(?<![\d.,:/-])([12]?[0-9]|3[01])"
_NOT_MORE = r"(?![\d:%]|[.,]\d)"
_DAY_FIRST = re.compile(
    rf"{_DAY}(?:\.|st|nd|rd|th|er|[ºª]|-?го)?\s+(?:of\s+|de\s+|d['’])?{_NAME}", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"\b{_NAME}\.?\s+(?:the\s+)?([12]?[0-9]|3[01])(?:st|nd|rd|th)?\b{_NOT_MORE}", re.IGNORECASE
)
_EAST_ASIAN = re.compile(r"(1[0-2]|[1-9])\s*[月월]\s*([12]?[0-9]|3[01])\s*[日일号號]")
_ISO = re.compile(r"(?<!\d)[12][0-9]{3}-(0[1-9]|1[0-2])-([0-2][0-9]|3[01])(?!\d)")
_ANY_NAME = re.compile(rf"\b{_NAME}", re.IGNORECASE)
_GROUP = re.compile(r"\d+")
_HAN = {c: i for i, c in enumerate("一二三四五六七八九十", 1)}
_HAN_MONTH = re.compile(r"(十[一二]|[一二三四五六七八九十])月")


@dataclass(frozen=True, slots=True)
class Date:
    """A day of a month, and how it is written."""

    shown: str
    month: int
    day: int


def find(text: str) -> list[Date]:
    """The dates of a text that have a day and a month, without the years."""
    found = [Date(m[0], _NUMBER_OF[m[2].lower()], int(m[1])) for m in _DAY_FIRST.finditer(text)]
    if not found:  # "on May 12 March 4" would be read both ways
        found = [
            Date(m[0], _NUMBER_OF[m[1].lower()], int(m[2])) for m in _MONTH_FIRST.finditer(text)
        ]
    for pattern in (_EAST_ASIAN, _ISO):
        found += [Date(m[0], int(m[1]), int(m[2])) for m in pattern.finditer(text)]
    return [date for date in found if date.day]


def missing(source: str, target: str) -> list[str]:
    """The source's dates whose day or month the target lacks, as written in the source."""
    wanted = find(source)
    if not wanted:
        return []
    groups = {int(group) for group in _GROUP.findall(target) if len(group) < 9}
    groups |= {int(amount) for amount in numbers.amounts(target)}
    months = {_NUMBER_OF[m[1].lower()] for m in _ANY_NAME.finditer(target)} | groups
    months |= {sum(_HAN[c] for c in m[1]) for m in _HAN_MONTH.finditer(target)}
    # The first may be a word: "premier", "erster".
    return [d.shown for d in wanted if d.month not in months or (d.day > 1 and d.day not in groups)]
