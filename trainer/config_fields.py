"""Fields of settings that know what they mean, what they may be and how a file writes them."""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import Field, field, fields
from functools import cache
from typing import Any, Literal, Self, Union, get_args, get_origin, get_type_hints

import tomli_w

from translator.errors import InputError


def setting(
    default: Any, about: str, *, least: float | None = None, most: float | None = None
) -> Any:
    """A field of a :class:`Part`: its default, one sentence for people, and its bounds.

    A class or function as the default is called for each new object.
    """
    metadata = {"about": about, "least": least, "most": most}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


class Part:
    """A table of a settings file: a frozen dataclass of :func:`setting` fields.

    Values are brought to the field's kind when the object is made (``16.0`` to ``16``, a list to
    a tuple). Raises :class:`InputError` for a value that a field cannot have.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        part: Any = type(self)
        kinds = _kinds(part)
        for each in settings_of(part):
            value = getattr(self, each.name)
            name = file_name(each.name)
            try:
                value = _fit(kinds[each.name], value)
            except _MisfitError as error:
                raise InputError(f"{name} is {value!r}.", f"It should be {error}.") from error
            least, most = each.metadata.get("least"), each.metadata.get("most")
            numbers = tuple(value.values()) if isinstance(value, Mapping) else value
            numbers = numbers if isinstance(numbers, tuple) else (numbers,)
            if least is not None and any(number < least for number in numbers):
                raise InputError(f"{name} is {value!r}.", f"The least is {least:g}.")
            if most is not None and any(number > most for number in numbers):
                raise InputError(f"{name} is {value!r}.", f"The most is {most:g}.")
            object.__setattr__(self, each.name, value)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """From a table of a file. Raises :class:`InputError` for an unknown name too."""
        known = {file_name(each.name): each.name for each in settings_of(cls)}
        found: dict[str, Any] = {}
        for name, value in values.items():
            field_name = known.get(file_name(name))
            if field_name is None:
                raise InputError(f"There is no setting {name!r}.", f"Known: {', '.join(known)}.")
            found[field_name] = value
        return cls(**found)

    def values(self) -> dict[str, Any]:
        """As a table of a file."""
        return {
            file_name(each.name): plain(getattr(self, each.name))
            for each in settings_of(type(self))
        }


def settings_of(part: type[Any]) -> tuple[Field[Any], ...]:
    """The fields of a part; ``metadata["about"]`` says what each one is."""
    return fields(part)


def file_name(name: str) -> str:
    """The name of a field in a file: ``learning_rate`` is ``learning-rate``."""
    return name.replace("_", "-")


def plain(value: Any) -> Any:
    """A value as TOML and JSON know it."""
    if isinstance(value, Part):
        return value.values()
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def explained(part: Part) -> str:
    """The lines of a table, each after a comment that says what it is."""
    lines: list[str] = []
    for each in settings_of(type(part)):
        line = tomli_w.dumps({file_name(each.name): plain(getattr(part, each.name))}).rstrip()
        if isinstance(getattr(part, each.name), Mapping):
            items = tomli_w.dumps(dict(getattr(part, each.name))).strip().splitlines()
            line = f"{file_name(each.name)} = {{{', '.join(items)}}}"
        lines += [f"# {each.metadata['about']}", line]
    return "\n".join(lines)


class _MisfitError(Exception):
    """Says what a value should have been."""


@cache
def _kinds(part: Any) -> dict[str, Any]:
    return get_type_hints(part)


def _fit(kind: Any, value: Any) -> Any:
    """The value as that kind. Raises :class:`_MisfitError`."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        for each in inner:
            try:
                return _fit(each, value)
            except _MisfitError:
                continue
        raise _MisfitError("one of several kinds; see the documentation")
    if origin is Literal:
        if value not in inner:
            raise _MisfitError(f"one of {', '.join(map(str, inner))}")
        return value
    if origin is tuple:
        value = (value,) if isinstance(value, str) else value
        if not isinstance(value, list | tuple):
            raise _MisfitError("a list")
        return tuple(_fit(inner[0], each) for each in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise _MisfitError("a table")
        return {str(name): _fit(inner[1], each) for name, each in value.items()}
    return _fit_simple(kind, value)


def _fit_simple(kind: Any, value: Any) -> Any:
    if issubclass(kind, Part):
        if isinstance(value, kind):
            return value
        if not isinstance(value, Mapping):
            raise _MisfitError("a table")
        return kind.of(value)
    if kind is bool:
        if not isinstance(value, bool):
            raise _MisfitError("true or false")
        return value
    if kind is str:
        if not isinstance(value, str):
            raise _MisfitError("a text")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _MisfitError("a number")
    if kind is int and value != int(value):
        raise _MisfitError("a whole number")
    return kind(value)
