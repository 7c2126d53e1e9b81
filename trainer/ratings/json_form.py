"""A rating as JSON: a line of ``ratings.jsonl``, and what a reviewer's browser sends.

What comes from outside is not trusted: every field is checked for its kind, and nothing is
guessed. Which fields a protocol wants is the business of :mod:`trainer.campaigns.protocols`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar, get_args

from trainer.campaigns.types import ErrorSpan, Judgement, Rating, Severity, Verdict
from translator.errors import InputError

_SEVERITIES: tuple[str, ...] = get_args(Severity)
_VERDICTS: tuple[str, ...] = get_args(Verdict)
_T = TypeVar("_T")


def data_of(rating: Rating) -> dict[str, Any]:
    """All fields of a rating as values that JSON knows."""
    return asdict(rating)


def rating_of(data: Any) -> Rating:
    """The rating that JSON values describe; fields that are not named have their defaults.

    Raises:
        InputError: a field is missing or of the wrong kind.
    """
    row = _object(data)
    return Rating(
        id=_text(row, "id"),
        time=_number(row, "time"),
        reviewer=_text(row, "reviewer"),
        item=_text(row, "item"),
        order=tuple(_list(row, "order", _plain)),
        judgements=tuple(_list(row, "judgements", judgement_of)),
        choice=_optional(row, "choice", _plain),
        seconds=_number(row, "seconds", 0.0),
        note=_text(row, "note", ""),
    )


def judgement_of(data: Any) -> Judgement:
    """What one reviewer said of one output, from JSON. Raises :class:`InputError`."""
    row = _object(data)
    return Judgement(
        output=_text(row, "output"),
        score=_optional(row, "score", _finite),
        spans=tuple(_list(row, "spans", _span)),
        verdict=_one_of(row, "verdict", _VERDICTS) if row.get("verdict") is not None else None,  # type: ignore[arg-type]
        edit=_optional(row, "edit", _plain),
        keystrokes=_whole(row, "keystrokes", 0),
    )


def _span(data: Any) -> ErrorSpan:
    row = _object(data)
    missing = row.get("missing", False)
    if not isinstance(missing, bool):
        raise _wrong("missing")
    return ErrorSpan(
        start=_whole(row, "start"),
        end=_whole(row, "end"),
        severity=_one_of(row, "severity", _SEVERITIES),  # type: ignore[arg-type]
        category=_text(row, "category", ""),
        missing=missing,
        note=_text(row, "note", ""),
    )


def _wrong(field: str) -> InputError:
    return InputError(f"The field {field} of a rating is missing or wrong.", "Load the page again.")


def _object(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise InputError("A rating is an object with named fields.", "Load the page again.")
    return data


def _plain(value: Any) -> str:
    """A text; half a surrogate pair, which no file can hold, becomes U+FFFD."""
    if not isinstance(value, str):
        raise TypeError
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return float(value)


def _field(row: Mapping[str, Any], name: str, kind: Callable[[Any], _T]) -> _T:
    try:
        return kind(row[name])
    except (KeyError, TypeError, OverflowError) as error:
        raise _wrong(name) from error


def _text(row: Mapping[str, Any], name: str, default: str | None = None) -> str:
    if default is not None and name not in row:
        return default
    return _field(row, name, _plain)


def _number(row: Mapping[str, Any], name: str, default: float | None = None) -> float:
    if default is not None and name not in row:
        return default
    return _field(row, name, _finite)


def _whole(row: Mapping[str, Any], name: str, default: int | None = None) -> int:
    number = _number(row, name, default)
    if number != int(number):
        raise _wrong(name)
    return int(number)


def _optional(row: Mapping[str, Any], name: str, kind: Callable[[Any], _T]) -> _T | None:
    return None if row.get(name) is None else _field(row, name, kind)


def _one_of(row: Mapping[str, Any], name: str, known: tuple[str, ...]) -> str:
    value = _text(row, name)
    if value not in known:
        raise _wrong(name)
    return value


def _list(row: Mapping[str, Any], name: str, kind: Callable[[Any], _T]) -> list[_T]:
    values = row.get(name, [])
    if not isinstance(values, list | tuple):
        raise _wrong(name)
    try:
        return [kind(value) for value in values]
    except TypeError as error:
        raise _wrong(name) from error
