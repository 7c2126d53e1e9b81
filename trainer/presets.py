"""Recipes that are known to work: settings of a run without its base and corpus."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache

from trainer.config import RunSettings
from translator.errors import InputError
from translator.settings import assets_dir


@dataclass(frozen=True, slots=True)
class Preset:
    """A recipe. ``about`` is a line for people, ``source`` says where the numbers are from."""

    id: str
    name: str
    about: str
    source: str
    settings: RunSettings


@cache
def all() -> tuple[Preset, ...]:
    """The shipped presets, for the smallest machine first."""
    found: list[tuple[int, Preset]] = []
    for path in (assets_dir() / "presets").glob("*.toml"):
        values = tomllib.loads(path.read_text("utf-8"))
        order = values.pop("order")
        name, about, source = (values.pop(word) for word in ("name", "about", "source"))
        settings = replace(RunSettings.of(values), preset=path.stem)
        found.append((order, Preset(path.stem, name, about, source, settings)))
    return tuple(preset for _, preset in sorted(found, key=lambda pair: pair[0]))


def get(preset_id: str) -> Preset:
    """Raises :class:`InputError` for an unknown preset."""
    for preset in all():
        if preset.id == preset_id:
            return preset
    known = ", ".join(preset.id for preset in all())
    raise InputError(f"There is no preset {preset_id!r}.", f"The presets are {known}.")
