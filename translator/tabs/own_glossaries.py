"""The saved glossaries that one browser may see."""

from __future__ import annotations

from pathlib import Path

from translator.errors import InputError
from translator.glossary_files import languages_in, load_terms
from translator.glossary_store import GlossaryStore, Saved
from translator.tabs.context import AppContext
from translator.tabs.owner import allowed, note_owner


class OwnGlossaries:
    """:class:`GlossaryStore` for the browser with the token ``owner``."""

    def __init__(self, context: AppContext, owner: str) -> None:
        self._context = context
        self._owner = owner
        self._store = GlossaryStore(context.settings.glossaries)

    def names(self) -> list[str]:
        """The names of those that this browser may see."""
        return [name for name in self._store.names() if self._sees(name)]

    def path(self, name: str) -> Path:
        """The file of one. Raises :class:`InputError`."""
        self._require(name)
        return self._store.path(name)

    def get(self, name: str) -> Saved:
        """Read one. Raises :class:`InputError`."""
        self._require(name)
        return self._store.get(name)

    def for_language(self, tag: str) -> list[Saved]:
        """Those that have a language (BCP-47) on either side; unreadable ones are left out."""
        found = []
        for name in self.names():
            try:
                saved = self._store.get(name)
            except InputError:
                continue  # the glossaries' own page says why
            if tag in (saved.source, saved.target):
                found.append(saved)
        return found

    def save(self, saved: Saved, *, was: str = "") -> Saved:
        """Write one, in the place of ``was`` if given. Raises :class:`InputError`."""
        if was:
            self._require(was)
        written = self._store.save(saved, was=was)
        if was and was != written.name:
            self._note(was).unlink(missing_ok=True)
        note_owner(self._note(written.name), self._owner)
        return written

    def take(self, path: Path, pair: tuple[str, str]) -> Saved:
        """Save the glossary in a file under the file's name, as far as it is free.

        ``pair`` are the languages where the file names none. Of more than two it is the first two,
        unless both of the pair are among them. Raises :class:`InputError`.
        """
        tags = languages_in(path)
        source, target = pair if len(tags) < 2 or set(pair) <= set(tags) else tags[:2]
        terms = tuple(load_terms(path, source, target))
        return self.save(Saved(self._store.free_name(path.stem), source, target, terms))

    def free_name(self, wish: str) -> str:
        """See :meth:`GlossaryStore.free_name`."""
        return self._store.free_name(wish)

    def delete(self, name: str) -> None:
        """Delete one. Raises :class:`InputError`."""
        self._require(name)
        self._store.delete(name)
        self._note(name).unlink(missing_ok=True)

    def _require(self, name: str) -> None:
        if name not in self._store.names() or not self._sees(name):
            raise InputError(f"There is no glossary “{name}”.", "Choose one of the list.")

    def _sees(self, name: str) -> bool:
        return allowed(self._context, self._note(name), self._owner)

    def _note(self, name: str) -> Path:
        return self._context.settings.glossaries / ".owners" / name
