"""The corpora and alignments that one browser may see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from trainer.alignments import Alignment, alignments_in
from trainer.corpora import Corpora, Entry
from trainer.corpus_settings import CorpusSettings
from trainer.proofread import Proofreading
from translator.errors import InputError
from translator.tabs.context import AppContext
from translator.tabs.owner import allowed, note_owner


class OwnTexts:
    """:class:`Corpora` and :class:`Alignments` for the browser with the token ``owner``."""

    def __init__(self, context: AppContext, owner: str) -> None:
        self._context = context
        self._owner = owner
        self._corpora = Corpora(context.settings.home)
        self._alignments = alignments_in(context.settings.home)

    def corpora(self) -> list[Entry]:
        """Those that this browser may see, the newest first."""
        return [entry for entry in self._corpora.all() if self._may(self._note(entry.name))]

    def corpus(self, name: str) -> Entry:
        """One of them. Raises :class:`InputError`."""
        entry = self._corpora.get(name)
        if not self._may(self._note(name)):
            raise InputError("There is no such corpus.", "Choose one of the list.")
        return entry

    def stage(self, files: Sequence[Path]) -> Path:
        """See :meth:`Corpora.stage`."""
        return self._corpora.stage(files)

    def restage(self, name: str) -> tuple[CorpusSettings, Path | None]:
        """See :meth:`Corpora.restage`."""
        return self._corpora.restage(self.corpus(name).name)

    def unstage(self, folder: Path) -> None:
        """See :meth:`Corpora.unstage`."""
        self._corpora.unstage(folder)

    def new_name(self, wish: str) -> tuple[str, Path]:
        """A name for a new corpus, from now on this browser's, and the folder for its texts."""
        name, folder = self._corpora.reserve(wish)
        self.claim(name)
        return name, folder

    def claim(self, name: str) -> None:
        """Note that a corpus, which something else built, is this browser's."""
        note_owner(self._note(name), self._owner)

    def build(self, name: str, settings: CorpusSettings) -> None:
        """See :meth:`Corpora.build`."""
        if not self._may(self._note(name)):
            raise InputError("There is no such corpus.", "Choose one of the list.")
        self._corpora.build(name, settings)

    def stop_build(self, name: str) -> None:
        """Stop a build."""
        self.corpus(name)
        self._corpora.stop(name)

    def delete_corpus(self, name: str) -> None:
        """Delete a corpus with its texts."""
        self.corpus(name)
        self._corpora.delete(name)
        self._note(name).unlink(missing_ok=True)

    def alignments(self) -> list[Alignment]:
        """Those that this browser may see, the newest first."""
        return [one for one in self._alignments.all() if self._may(one.folder / "owner")]

    def alignment(self, alignment_id: str) -> Alignment:
        """One of them. Raises :class:`InputError`."""
        one = self._alignments.get(alignment_id)
        if not self._may(one.folder / "owner"):
            raise InputError("There is no such alignment.")
        return one

    def proofreading(self, alignment_id: str) -> Proofreading:
        """The rows of one. Raises :class:`InputError`."""
        return self._alignments.proofreading(self.alignment(alignment_id).id)

    def align(self, a: Path, b: Path, source: str, target: str) -> str:
        """Begin to align two books; see :meth:`Alignments.create`."""
        alignment_id = self._alignments.create(a, b, source, target)
        note_owner(self._alignments.get(alignment_id).folder / "owner", self._owner)
        return alignment_id

    def align_again(self, alignment_id: str, source: str = "", target: str = "") -> None:
        """Align anew what was stopped or has failed."""
        self._alignments.again(self.alignment(alignment_id).id, source, target)

    def stop_aligning(self, alignment_id: str) -> None:
        """Stop aligning."""
        self._alignments.stop(self.alignment(alignment_id).id)

    def delete_alignment(self, alignment_id: str) -> None:
        """Delete one with its books."""
        self._alignments.delete(self.alignment(alignment_id).id)

    def _note(self, name: str) -> Path:
        return self._context.settings.home / "corpora" / ".owners" / name

    def _may(self, note: Path) -> bool:
        return allowed(self._context, note, self._owner)
