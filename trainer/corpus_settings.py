"""What a corpus is made of and how: a settings file, its values and their checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from trainer import settings_text
from trainer.cleaning import Rules
from translator import languages
from translator.errors import InputError

Balance = Literal["origin", "domain", "language"]
RESULT = "result"  # the table of a corpus.toml that is no setting


@dataclass(frozen=True, slots=True)
class CorpusSettings:
    """All that decides what is in a corpus; the same settings and texts give the same bytes.

    ``source`` and ``targets`` are BCP-47 tags. ``weights`` say how often the pairs of an origin, a
    domain or a target language come on average; those of a pair multiply, 0 leaves it out.
    ``dev`` and ``test`` are pairs for each target language; -1 is a twentieth, 1,000 at most, and
    none of a corpus that has fewer than ten blocks.
    ``block`` is how many lines in a row stay together where no documents are named. ``limit`` is
    the most pairs in train, 0 for no limit. ``temperature`` makes the sizes of what ``balance``
    names more alike (:func:`trainer.split.tempered`). No pair comes more than ``repeats`` times.
    """

    inputs: tuple[str, ...] = ()
    source: str = "en"
    targets: tuple[str, ...] = ()
    both: bool = False
    memory: bool = False
    held_out: tuple[str, ...] = ()
    dev: int = -1
    test: int = -1
    block: int = 50
    limit: int = 0
    temperature: float = 1.0
    balance: Balance = "origin"
    repeats: int = 4
    seed: int = 1
    weights: Mapping[str, float] = field(default_factory=dict)
    licences: Mapping[str, str] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)

    def __post_init__(self) -> None:
        tags = [languages.get(tag).tag for tag in (self.source, *self.targets)]
        object.__setattr__(self, "source", tags[0])
        object.__setattr__(self, "targets", tuple(dict.fromkeys(tags[1:])))
        if not self.inputs and not self.memory:
            raise InputError("There is nothing to build from.", "Name a folder or a file.")
        if not self.targets:
            raise InputError("No target language is named.", "Add --to, as in --to de.")
        if self.source in self.targets:
            raise InputError(f"{self.source} is both source and target.", "Choose two languages.")
        if self.balance not in get_args(Balance):
            raise InputError(
                f"The mix cannot be balanced by {self.balance!r}.",
                f"Choose from {', '.join(get_args(Balance))}.",
            )
        for name, least in (
            ("dev", -1), ("test", -1), ("block", 1), ("limit", 0), ("repeats", 1),
            ("temperature", 1.0),
        ):  # fmt: skip
            if getattr(self, name) < least:
                raise InputError(f"{name} is too small.", f"The least is {least}.")
        for name, weight in self.weights.items():
            if weight < 0:
                raise InputError(f"The weight of {name} is negative.", "0 leaves it out.")

    def values(self) -> dict[str, Any]:
        """All settings under the names of a settings file."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        return {
            **{_FILE_NAMES.get(name, name): _plain(value) for name, value in values.items()},
            "rules": self.rules.values(),
        }


# Words that a person would write, where Python has none of them to give.
_FILE_NAMES = {"source": "from", "targets": "to", "held_out": "held-out"}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(value)
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


def read_settings(path: Path) -> dict[str, Any]:
    """The values in a settings file (TOML), by the names of :class:`CorpusSettings`.

    Raises :class:`InputError` for a file that cannot be read, an unknown name or a wrong type.
    """
    data = settings_text.read(path)
    data.pop(RESULT, None)
    names = {file_name: name for name, file_name in _FILE_NAMES.items()}
    known = {f.name: f.default for f in fields(CorpusSettings)}
    values: dict[str, Any] = {}
    for file_name, value in data.items():
        name = names.get(file_name, file_name.replace("-", "_"))
        if name not in known or file_name in _FILE_NAMES:
            raise InputError(
                f"{path.name} has an unknown setting {file_name!r}.",
                f"The settings are {', '.join(_FILE_NAMES.get(n, n) for n in known)}.",
            )
        values[name] = _value(path.name, file_name, value, known[name])
    if "rules" in values:
        values["rules"] = Rules.of(values["rules"])
    return values


def _value(file: str, name: str, value: Any, default: Any) -> Any:
    """The value, if it is of the kind that the default has."""
    if isinstance(default, bool):
        fits, kind = isinstance(value, bool), "true or false"
    elif isinstance(default, str):
        fits, kind = isinstance(value, str), "a text"
    elif isinstance(default, tuple):
        value = [value] if isinstance(value, str) else value
        fits, kind = isinstance(value, list) and _all(str, value), "a list of texts"
        value = tuple(value) if fits else value
    elif isinstance(default, int | float):
        number = int | float if isinstance(default, float) else int
        fits, kind = isinstance(value, number) and not isinstance(value, bool), "a number"
    else:
        inner = str if name == "licences" else int | float
        fits, kind = isinstance(value, dict) and _all(inner, value.values()), "a table"
    if not fits:
        raise InputError(f"{file}: {name} should be {kind}.", "Mend it.")
    return value


def _all(kind: Any, values: Iterable[Any]) -> bool:
    return all(isinstance(value, kind) for value in values)
