"""What somebody wants to compare: a settings file, or the form of the Compare tab."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, cast

from trainer import settings_text
from trainer.campaigns.types import Protocol, SystemSpec
from trainer.config_fields import Part, setting
from translator import languages
from translator.errors import InputError

SourceKind = Literal["text", "book", "lines", "tmx", "jsonl"]
FEWEST: Final = 2
MOST: Final = 4  # systems; more do not fit side by side
_PATHS = frozenset({"book", "lines", "tmx", "jsonl"})
_SYSTEM = ("model", "run", "memory", "file")
_OWN = ("name", "scale", "style", "greedy")  # settings of a system that a person may choose


@dataclass(frozen=True, slots=True)
class Texts(Part):
    """What is translated. ``value`` is the text itself or the path of a file."""

    kind: SourceKind = setting("text", "text, book, lines (a test set), tmx or jsonl.")
    value: str = setting("", "The text, or the path of the file.")
    chapters: str = setting("", "Chapters of a book, as in 1-3,5. Empty: all running text.")
    reference: str = setting("", "File of references: line N is for line N of the source.")
    documents: str = setting("", "File with the name of each line's document.")
    segments: int = setting(40, "How many segments to compare about; 0 is all.", least=0)
    excerpt: int = setting(
        10, "Documents are cut to excerpts of so many segments; 0 keeps them whole.", least=0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Part):
    """A campaign to be made. ``systems`` are wishes: see :func:`trainer.campaigns.systems.known`.

    Raises :class:`InputError` for values that cannot be.
    """

    name: str = setting("", "What the owner calls it; reviewers see it too.")
    source: str = setting("en", "Language of the texts.")
    target: str = setting("", "Language of the translations.")
    protocol: Protocol = setting("contrastive-esa", "How it is rated.")
    reviewers: tuple[str, ...] = setting((), "Names, for the owner's eyes only.")
    show_reference: bool = setting(False, "Whether reviewers see the references.")
    instructions: str = setting("", "In place of the protocol's own.")
    consent: str = setting("", "In place of the usual line.")
    overlap: float = setting(0.2, "Share of documents that all reviewers get.", least=0, most=1)
    repeats: float = setting(
        0.05, "Share of items that come twice; none of fewer than 8 items.", least=0, most=0.5
    )
    degraded: float = setting(
        0.05, "Share of items spoiled on purpose; none of fewer than 8 items.", least=0, most=0.5
    )
    seed: int = setting(1, "Decides what is drawn at random.")
    expires_days: int = setting(60, "Days until reviewers' links expire.", least=1, most=3650)
    texts: Texts = setting(Texts, "What is translated.")
    systems: tuple[SystemSpec, ...] = ()

    def __post_init__(self) -> None:
        systems = self.systems
        object.__setattr__(self, "systems", ())
        Part.__post_init__(self)
        object.__setattr__(self, "systems", tuple(systems))
        object.__setattr__(self, "source", languages.get(self.source).tag)
        if not self.target:
            raise InputError("No target language is named.", "Add one, as in target = 'de'.")
        object.__setattr__(self, "target", languages.get(self.target).tag)
        if self.source == self.target:
            raise InputError(
                f"{self.source} is both source and target.", "Choose two different languages."
            )
        names = [name.strip() for name in self.reviewers if name.strip()]
        if len(set(names)) != len(names):
            raise InputError("Two reviewers have the same name.", "Tell them apart.")
        object.__setattr__(self, "reviewers", tuple(names))

    def require_complete(self) -> None:
        """Raise :class:`InputError` if something is missing that a campaign cannot do without."""
        if not FEWEST <= len(self.systems) <= MOST:
            raise InputError(
                f"{len(self.systems)} systems are to be compared.",
                f"Choose from {FEWEST} to {MOST}.",
            )
        if not self.reviewers:
            raise InputError("There is no reviewer yet.", "Name at least one.")
        if not self.texts.value.strip():
            raise InputError("There is no text to translate.", "Paste one, or choose a file.")


def read(path: Path) -> Plan:
    """A plan from a TOML file; its paths are relative to the file. Raises :class:`InputError`.

    The file has the settings of :class:`Plan`, a table ``[texts]`` with one of ``text``, ``book``,
    ``lines``, ``tmx`` or ``jsonl``, and a table ``[[systems]]`` for each system with one of
    ``model``, ``run``, ``memory`` or ``file``.
    """
    return of(settings_text.read(path), path.resolve().parent)


def of(values: Mapping[str, Any], folder: Path) -> Plan:
    """A plan from the tables of a file in ``folder``. Raises :class:`InputError`."""
    rest = dict(values)
    texts = _table(rest.pop("texts", {}), "texts")
    systems = rest.pop("systems", [])
    if not isinstance(systems, Sequence) or isinstance(systems, str):
        raise InputError("systems is no list of tables.", "Write [[systems]] before each.")
    made = [_system(_table(each, "systems"), n, folder) for n, each in enumerate(systems, 1)]
    plan = Plan.of({**rest, "texts": _texts(texts, folder)})
    return replace(plan, systems=tuple(made))


def system(kind: str, reference: str, number: int, **own: str | float | bool) -> SystemSpec:
    """The wish for a system: ``own`` may have ``name``, ``scale`` (of the adapter), ``style`` and
    ``greedy``. Raises :class:`InputError`."""
    if kind not in _SYSTEM:
        raise InputError(f"{kind!r} is no kind of system.", f"Choose from {', '.join(_SYSTEM)}.")
    if kind != "memory" and not reference:
        raise InputError(f"System {number} has no {kind}.", "Name it.")
    kinds: dict[str, type | tuple[type, ...]] = {
        "name": str, "scale": (int, float), "style": str, "greedy": bool,
    }  # fmt: skip
    for name, value in own.items():
        if name not in kinds:
            raise InputError(
                f"There is no setting {name!r} of a system.", f"Known: {', '.join(_OWN)}."
            )
        if not isinstance(value, kinds[name]) or (name == "scale" and isinstance(value, bool)):
            raise InputError(f"{name} of system {number} is {value!r}.", "See the documentation.")
    settings = {name: value for name, value in own.items() if name != "name"}
    kind_ = cast(Literal["model", "run", "memory", "file"], kind)
    return SystemSpec(f"s{number}", str(own.get("name", "")).strip(), kind_, reference, settings)


def _system(row: Mapping[str, Any], number: int, folder: Path) -> SystemSpec:
    kinds = [kind for kind in _SYSTEM if row.get(kind)]
    if len(kinds) != 1:
        raise InputError(
            f"It is not clear what system {number} is.",
            f"Give it one of {', '.join(_SYSTEM)}.",
        )
    kind = kinds[0]
    said = row[kind]
    reference = str(folder / Path(said).expanduser()) if kind == "file" else str(said)
    own = {name: value for name, value in row.items() if name != kind}
    return system(kind, "" if said is True else reference, number, **own)


def _texts(row: Mapping[str, Any], folder: Path) -> Texts:
    rest = dict(row)
    if "kind" not in rest:
        kinds = [kind for kind in ("text", *sorted(_PATHS)) if kind in rest]
        if len(kinds) != 1:
            raise InputError(
                "It is not clear what is to be translated.",
                "Name one of text, book, lines, tmx or jsonl.",
            )
        rest["kind"], rest["value"] = kinds[0], rest.pop(kinds[0])
    texts = Texts.of(rest)
    paths = {"value"} if texts.kind in _PATHS else set()
    found = {
        name: str(folder / Path(getattr(texts, name)).expanduser())
        for name in (*paths, "reference", "documents")
        if getattr(texts, name)
    }
    return Texts.of({**texts.values(), **found})


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{name} is no table.", f"Write [{name}] on a line of its own.")
    return value
