"""The saved glossaries of this data home: one CSV file each, which any spreadsheet opens."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from translator import glossary_export, languages
from translator.errors import InputError
from translator.glossary import Term
from translator.glossary_files import languages_in, load_terms

_NAME = re.compile(r"[^\W_][\w .,()&'’+-]{0,79}")


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved glossary for a pair of languages (BCP-47)."""

    name: str
    source: str
    target: str
    terms: tuple[Term, ...]


class GlossaryStore:
    """Glossaries in a folder. Each call reads the files anew: other programs may write them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """The names of all glossaries, in alphabetical order."""
        return sorted((path.stem for path in self._folder.glob("*.csv")), key=str.casefold)

    def path(self, name: str) -> Path:
        """The file of a glossary. Raises :class:`InputError` if there is none."""
        if name not in self.names():
            raise InputError(f"There is no glossary “{name}”.", "`verso glossary` lists them.")
        return self._folder / f"{name}.csv"

    def get(self, name: str) -> Saved:
        """Read a glossary. Raises :class:`InputError`."""
        path = self.path(name)
        tags = languages_in(path)
        if len(tags) != 2:
            raise InputError(
                f"The glossary “{name}” does not say its two languages in its first line.",
                f"Begin {path.name} with a line such as: en,de,note",
            )
        return Saved(name, *tags, tuple(load_terms(path, *tags)))

    def save(self, saved: Saved, *, was: str = "") -> Saved:
        """Write a glossary; ``was`` is the name of the one that it replaces.

        Raises :class:`InputError` if the name is no name or belongs to another glossary, if both
        languages are the same, or if there are no terms.
        """
        name = checked_name(saved.name)
        source, target = languages.get(saved.source).tag, languages.get(saved.target).tag
        if source == target:
            raise InputError("Both languages are the same.", "Choose two.")
        if not saved.terms:
            raise InputError("The glossary has no terms yet.", "Write one in the first row.")
        others = {known.casefold() for known in self.names() if known != was}
        if name.casefold() in others:
            raise InputError(f"There is a glossary “{name}” already.", "Choose another name.")
        glossary_export.write(self._folder / f"{name}.csv", saved.terms, source, target)
        if was and was != name:
            self.path(was).unlink()
        return Saved(name, source, target, saved.terms)

    def free_name(self, wish: str) -> str:
        """The wish as a name that no glossary has yet."""
        kept = "".join(c if re.match(r"[\w .,()&'’+-]", c) else " " for c in wish)
        name = " ".join(kept.replace("_", " ").split()).strip(" .,-&'’+()")[:60].strip()
        name = unicodedata.normalize("NFC", name) or "Glossary"
        taken = {known.casefold() for known in self.names()}
        numbered = (f"{name} {number}" for number in range(2, len(taken) + 3))
        return next(one for one in (name, *numbered) if one.casefold() not in taken)

    def delete(self, name: str) -> None:
        """Delete a glossary. Raises :class:`InputError` if there is none."""
        self.path(name).unlink()

    def file_or_saved(self, text: str) -> Path:
        """The file that a person means: a path, or the name of a saved glossary.

        Raises :class:`InputError` if it is neither.
        """
        path = Path(text)
        if path.is_file():
            return path
        if text in self.names():
            return self.path(text)
        raise InputError(
            f"{text} is neither a file that can be read nor a saved glossary.",
            "`verso glossary` lists the saved ones.",
        )


def checked_name(name: str) -> str:
    """A name that can be a file's, tidied. Raises :class:`InputError`."""
    tidy = unicodedata.normalize("NFC", " ".join(name.split()))
    if not _NAME.fullmatch(tidy) or tidy.endswith("."):
        raise InputError(
            "This is no name for a glossary." if tidy else "The glossary has no name yet.",
            "Use letters, digits, spaces and hyphens, 80 characters at most.",
        )
    return tidy
