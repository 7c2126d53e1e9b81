"""Model specs as TOML: the shipped catalogue and the user's own entries share one form."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, TypeVar

from translator.errors import ModelError
from translator.models.spec import (
    DEVICES,
    PRECISIONS,
    HubSource,
    Licence,
    ModelKind,
    ModelSpec,
    Source,
    UrlSource,
    WheelSource,
)
from translator.types import Sampling

T = TypeVar("T")

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def parse(text: str, origin: str) -> tuple[ModelSpec, ...]:
    """Read ``[[model]]`` tables. ``origin`` (a file name) is named in every error.

    Raises :class:`ModelError` for anything that is not a valid entry: a misspelt key is an
    error too, so that a setting is never silently without effect.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ModelError(f"{origin} is not valid TOML: {error}.") from error
    top = _Table(data, origin)
    entries = top.take("model", list, [])
    top.finish()
    specs = tuple(
        _model(_Table(entry, f"{origin}, model {number}"))
        for number, entry in enumerate(entries, 1)
    )
    seen: set[str] = set()
    for spec in specs:
        for name in (spec.id, *spec.aliases):
            if name.casefold() in seen:
                raise ModelError(f"{origin}: the name {name!r} is used twice.")
            seen.add(name.casefold())
    return specs


def load(path: Path) -> tuple[ModelSpec, ...]:
    """Read a file of specs. Raises :class:`ModelError`."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"Cannot read {path}: {error}.") from error


def dump(spec: ModelSpec) -> str:
    """The TOML of one spec; :func:`parse` gives the same spec back."""
    import tomli_w

    table = _changed(spec, skip=("sources", "licence", "sampling", "scores"))
    if spec.licence != Licence(""):
        table["licence"] = _changed(spec.licence)
    if spec.sampling != Sampling():
        table["sampling"] = _changed(spec.sampling)
    if spec.scores:
        table["scores"] = dict(spec.scores)
    if spec.sources:
        table["source"] = [_source_table(source) for source in spec.sources]
    return tomli_w.dumps({"model": [table]})


class _Table:
    """A TOML table whose values are taken one by one; what is left over is an error."""

    def __init__(self, data: object, where: str) -> None:
        if not isinstance(data, Mapping):
            raise ModelError(f"{where}: expected a table.")
        self._rest: dict[str, Any] = dict(data)
        self.where = where

    def take(self, key: str, kind: type[T], default: T) -> T:
        value = self._rest.pop(key, default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise ModelError(f"{self.where}: {key!r} must be of type {kind.__name__}.")
        return value

    def need(self, key: str) -> str:
        value = self.take(key, str, "")
        if not value:
            raise ModelError(f"{self.where}: {key!r} is missing.")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.take(key, list, [])
        if not all(isinstance(value, str) for value in values):
            raise ModelError(f"{self.where}: {key!r} must be a list of strings.")
        return tuple(values)

    def numbers(self) -> dict[str, float]:
        """All values, which must be numbers."""
        return {key: self.take(key, float, 0.0) for key in tuple(self._rest)}

    def finish(self) -> None:
        if self._rest:
            names = ", ".join(repr(key) for key in sorted(self._rest))
            raise ModelError(f"{self.where}: unknown key {names}.")


def _model(table: _Table) -> ModelSpec:
    identity = table.need("id")
    if not _ID.fullmatch(identity):
        raise ModelError(f"{table.where}: the id {identity!r} has characters it may not have.")
    table.where = f"{table.where} ({identity})"
    kind_name = table.need("kind")
    try:
        kind = ModelKind(kind_name)
    except ValueError:
        known = ", ".join(ModelKind)
        raise ModelError(f"{table.where}: the kind {kind_name!r} is not one of {known}.") from None
    spec = ModelSpec(
        id=identity,
        name=table.need("name"),
        kind=kind,
        file=table.take("file", str, ""),
        bytes=table.take("bytes", int, 0),
        sha256=table.take("sha256", str, ""),
        sources=tuple(
            _source(_Table(item, f"{table.where}, source {number}"))
            for number, item in enumerate(table.take("source", list, []), 1)
        ),
        licence=_licence(_Table(table.take("licence", dict, {}), f"{table.where}, licence")),
        languages=table.texts("languages"),
        style=table.take("style", str, "chat"),
        sampling=_sampling(_Table(table.take("sampling", dict, {}), f"{table.where}, sampling")),
        context=table.take("context", int, 4096),
        parameters=table.take("parameters", str, ""),
        quantization=table.take("quantization", str, ""),
        architecture=table.take("architecture", str, ""),
        encoder_decoder=table.take("encoder_decoder", bool, False),
        base=table.take("base", str, ""),
        adapter=table.take("adapter", str, ""),
        adapter_scale=table.take("adapter_scale", float, 1.0),
        precision=table.take("precision", str, "auto"),
        device=table.take("device", str, "auto"),
        description=table.take("description", str, ""),
        homepage=table.take("homepage", str, ""),
        aliases=table.texts("aliases"),
        default=table.take("default", bool, False),
        reads_context=table.take("reads_context", bool, False),
        made_from=table.take("made_from", str, ""),
        made_how=table.take("made_how", str, ""),
        corpus=table.take("corpus", str, ""),
        scores=_Table(table.take("scores", dict, {}), f"{table.where}, scores").numbers(),
    )
    table.finish()
    _validate(spec, table.where)
    return spec


def _validate(spec: ModelSpec, where: str) -> None:
    if spec.sha256 and not _SHA256.fullmatch(spec.sha256):
        raise ModelError(f"{where}: 'sha256' must be 64 hexadecimal digits in lower case.")
    if spec.bytes < 0 or spec.context <= 0:
        raise ModelError(f"{where}: 'bytes' and 'context' must be positive.")
    local = Path(spec.file).is_absolute() and not spec.sources
    if spec.file and not local and not _FILE.fullmatch(spec.file):
        raise ModelError(f"{where}: 'file' must be a plain file name.")
    if spec.kind in (ModelKind.GGUF, ModelKind.HF) and not spec.file and not spec.base:
        raise ModelError(f"{where}: 'file' is missing.")
    for value, known in ((spec.precision, PRECISIONS), (spec.device, DEVICES)):
        if value not in known:
            raise ModelError(f"{where}: {value!r} is not one of {', '.join(known)}.")


def _source(table: _Table) -> Source:
    kind = table.need("kind")
    source: Source
    if kind == "hub":
        source = HubSource(
            table.need("repo"), table.take("file", str, ""), table.take("revision", str, "main")
        )
    elif kind == "wheels":
        source = WheelSource(_members(table, "parts"), _members(table, "notices"))
        if not source.parts:
            raise ModelError(f"{table.where}: 'parts' is missing.")
    elif kind == "url":
        source = UrlSource(table.need("url"))
    else:
        raise ModelError(f"{table.where}: the kind {kind!r} is not one of hub, wheels, url.")
    table.finish()
    return source


def _members(table: _Table, key: str) -> tuple[tuple[str, str, str], ...]:
    members: list[tuple[str, str, str]] = []
    for item in table.take(key, list, []):
        match item:
            case [str(project), str(version), str(member)]:
                members.append((project, version, member))
            case _:
                raise ModelError(f"{table.where}: {key!r} needs [project, version, member].")
    return tuple(members)


def _licence(table: _Table) -> Licence:
    licence = Licence(
        name=table.take("name", str, ""),
        url=table.take("url", str, ""),
        notice=table.take("notice", str, ""),
        must_accept=table.take("must_accept", bool, False),
    )
    table.finish()
    return licence


def _sampling(table: _Table) -> Sampling:
    default = Sampling()
    sampling = Sampling(
        max_new_tokens=table.take("max_new_tokens", int, default.max_new_tokens),
        temperature=table.take("temperature", float, default.temperature),
        top_k=table.take("top_k", int, default.top_k),
        top_p=table.take("top_p", float, default.top_p),
        min_p=table.take("min_p", float, default.min_p),
        repetition_penalty=table.take("repetition_penalty", float, default.repetition_penalty),
        seed=table.take("seed", int, default.seed),
    )
    table.finish()
    return sampling


def _changed(value: Any, skip: tuple[str, ...] = ()) -> dict[str, Any]:
    """The fields of a dataclass that differ from their defaults, as TOML values."""
    table: dict[str, Any] = {}
    for field in fields(value):
        content = getattr(value, field.name)
        if field.name not in skip and content != _default(field):
            table[field.name] = list(content) if isinstance(content, tuple) else content
    return table


def _default(field: Field[Any]) -> object:
    return None if field.default is MISSING else field.default


def _source_table(source: Source) -> dict[str, Any]:
    kind = {HubSource: "hub", WheelSource: "wheels", UrlSource: "url"}[type(source)]
    table = _changed(source)
    for key in ("parts", "notices"):
        if key in table:
            table[key] = [list(item) for item in table[key]]
    return {"kind": kind, **table}
