"""The values of :mod:`trainer.campaigns.types` as JSON, and back."""

from __future__ import annotations

import json
import types
from collections.abc import Iterable
from dataclasses import MISSING, asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from translator.errors import InputError

T = TypeVar("T")


def plain(value: Any) -> dict[str, Any]:
    """A value as JSON knows it."""
    row: dict[str, Any] = asdict(value)
    return row


def value_of(kind: type[T], row: Any) -> T:
    """The value that a JSON object says. Raises :class:`InputError` if it is none of that kind."""
    try:
        made = _made(kind, row)
    except (TypeError, ValueError, KeyError, OverflowError) as error:
        raise InputError(f"This is no {kind.__name__}: {error}.") from error
    assert isinstance(made, kind)
    return made


def read_rows(kind: type[T], path: Path) -> list[T]:
    """The values in a file of JSON lines; none if there is no file. Raises :class:`InputError`."""
    try:
        lines = path.read_text("utf-8").split("\n")
    except FileNotFoundError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            found.append(value_of(kind, json.loads(line)))
        except (ValueError, InputError) as error:
            raise InputError(f"Line {number} of {path.name} is broken: {error}") from error
    return found


def rows_text(values: Iterable[Any]) -> str:
    """Values as JSON lines."""
    return "".join(json.dumps(plain(value), ensure_ascii=False) + "\n" for value in values)


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _made(kind: Any, value: Any) -> Any:
    if is_dataclass(kind):
        return _object(kind, value)
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in inner:
            return None
        for each in (one for one in inner if one is not type(None)):
            try:
                return _made(each, value)
            except TypeError:
                continue
        raise TypeError(f"{value!r} is not of a kind that fits")
    if origin is Literal:
        if value not in inner:
            raise TypeError(f"{value!r} is none of {', '.join(map(str, inner))}")
        return value
    if origin is tuple:
        _check(isinstance(value, list | tuple), "a list", value)
        return tuple(_made(inner[0], each) for each in value)
    if origin is dict:
        _check(isinstance(value, dict), "an object", value)
        return {str(name): _made(inner[1], each) for name, each in value.items()}
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    fits = isinstance(value, kind) and (kind is bool or not isinstance(value, bool))
    _check(fits, kind.__name__, value)
    return value


def _object(kind: Any, value: Any) -> Any:
    _check(isinstance(value, dict), "an object", value)
    found = {}
    for each in fields(kind):
        if each.name in value:
            found[each.name] = _made(_hints(kind)[each.name], value[each.name])
        elif each.default is MISSING and each.default_factory is MISSING:
            raise KeyError(f"{each.name} is missing")
    return kind(**found)


def _check(fits: bool, wanted: str, value: Any) -> None:
    if not fits:
        raise TypeError(f"{value!r} is not {wanted}")
