"""Where Verso keeps its things, and the few settings that come from the environment."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from translator.errors import InputError


def data_home() -> Path:
    """``$VERSO_HOME``, else the platform's user-data folder."""
    home = os.environ.get("VERSO_HOME")
    return Path(home).expanduser() if home else Path(platformdirs.user_data_dir("verso", False))


def assets_dir() -> Path:
    """The folder of shipped data files: beside the package in a wheel and in a checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "assets"
    return packaged if packaged.is_dir() else here.parent / "assets"


def _number(name: str, default: int, least: int) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) < least:
        raise InputError(f"{name} is {value!r}.", f"Set it to a number from {least} up.")
    return int(value)


@dataclass(frozen=True, slots=True)
class Settings:
    """Passed in by whoever starts Verso; nothing reads the environment behind its back.

    ``threads`` 0 means: as many as the process may use. ``slots`` is how many segments an
    engine decodes together; 0 means: as was found best on this machine (``verso models tune``).
    ``idle_unload`` is in seconds; 0 keeps models loaded.
    """

    home: Path
    threads: int = 0
    slots: int = 0
    idle_unload: float = 900.0

    @classmethod
    def load(cls) -> Settings:
        """Read the environment: ``VERSO_HOME``, ``VERSO_THREADS``, ``VERSO_SLOTS``.

        Raises:
            InputError: a number is not one.
        """
        return cls(
            home=data_home(),
            threads=_number("VERSO_THREADS", 0, least=0),
            slots=_number("VERSO_SLOTS", 0, least=1),
        )

    @property
    def models(self) -> Path:
        """Downloaded model files and the specs of models that the user added."""
        return self.home / "models"

    @property
    def tunings(self) -> Path:
        """What was measured of models on this machine (JSON; may be deleted)."""
        return self.home / "tunings.json"

    @property
    def database(self) -> Path:
        """The job store (SQLite, WAL)."""
        return self.home / "verso.db"

    @property
    def memory(self) -> Path:
        """The translation memory (SQLite, WAL)."""
        return self.home / "memory.db"

    @property
    def glossaries(self) -> Path:
        """Saved glossaries: one CSV file each."""
        return self.home / "glossaries"

    @property
    def books(self) -> Path:
        """One folder per book job: the uploaded source, the output, the report."""
        return self.home / "books"
