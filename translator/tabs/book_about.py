"""What a person learns about a book before it is translated, and may choose from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from translator import segmenting
from translator.books.base import Bilingual
from translator.books.export import OutputChoice, open_for, outputs
from translator.chapters import SKIPPED, Chapter, chapters
from translator.job_setup import detected
from translator.part_titles import PartKind
from translator.pipeline import SEGMENT_TOKENS
from translator.records import count_words
from translator.tabs import views
from translator.wording import plural

_PARTS = {
    PartKind.REFERENCES: "References",
    PartKind.INDEX: "Index",
    PartKind.CONTENTS: "Table of contents",
    PartKind.COPYRIGHT: "Copyright pages",
}


@dataclass(frozen=True, slots=True)
class About:
    """A book in the form. ``language`` (BCP-47) is empty where it is not clear."""

    html: str
    title: str
    language: str
    editions: tuple[Bilingual, ...]
    outputs: tuple[OutputChoice, ...]
    chapters: tuple[Chapter, ...]

    @property
    def chapter_choices(self) -> list[tuple[str, int]]:
        """The chapters with something to translate, for a list of checkboxes."""
        return [
            (
                f"{chapter.title or 'Without a title'} · {plural(chapter.words, 'word')}",
                chapter.number,
            )
            for chapter in self.chapters
            if chapter.words
        ]

    @property
    def part_choices(self) -> list[tuple[str, str]]:
        """The kinds of parts in it that a person may want to leave as they are."""
        words = dict.fromkeys(SKIPPED, 0)
        for chapter in self.chapters:
            if chapter.kind in words:
                words[chapter.kind] += chapter.words
        return [
            (f"{_PARTS[kind]} · {plural(count, 'word')}", kind.value)
            for kind, count in words.items()
            if count
        ]


def describe(path: Path, suffix: str = "") -> About:
    """Read a book that will become a file with this suffix (empty: the usual one).

    Raises :class:`VersoError`.
    """
    book = open_for(path, path.with_suffix(suffix) if suffix else None)
    blocks = book.blocks()
    words = sum(count_words(block.text) for block in blocks if block.keep is None)
    # Without a model loaded, tokens can only be guessed: four bytes each.
    segments = segmenting.split_blocks(
        blocks, SEGMENT_TOKENS, lambda texts: [len(text.encode()) // 4 + 1 for text in texts]
    )
    to_do = sum(segment.keep is None for segment in segments)
    notes = "".join(f"<p>{views.escape(note)}</p>" for note in book.notes)
    language = detected(book)
    title = book.title or path.stem
    return About(
        f'<div class="v-about"><h3>{views.escape(title)}</h3>'
        + views.figures(
            (
                path.suffix.removeprefix(".").upper(),
                language.name if language else "language not clear",
                plural(words, "word"),
                f"about {plural(to_do, 'segment')}",
            )
        )
        + f"{notes}</div>",
        title,
        language.tag if language else "",
        book.bilingual,
        outputs(path),
        tuple(chapters(blocks)),
    )
