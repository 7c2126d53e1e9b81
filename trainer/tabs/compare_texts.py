"""The texts of a new campaign: pasted, chapters of a book, or a test set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from trainer.campaigns.plan import SourceKind
from trainer.campaigns.plan import Texts as Wanted
from translator import languages
from translator.books.base import SUFFIXES
from translator.errors import InputError, VersoError
from translator.tabs import views, waiting
from translator.tabs.book_about import describe

Kind = Literal["paste", "book", "test"]
_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_KINDS: list[tuple[str, Kind]] = [
    ("Paste", "paste"), ("Chapters of a book", "book"), ("A test set", "test"),
]  # fmt: skip
_WANTED: dict[Kind, SourceKind] = {"paste": "text", "book": "book"}
_TESTS: dict[str, SourceKind] = {".tmx": "tmx", ".jsonl": "jsonl"}  # by suffix; else lines
_USUAL = Wanted()
_SURE = 0.8  # confidence of a detected language from which on it is put into the form


class Texts:
    """The components, in the Blocks that is open, and what they mean."""

    def __init__(self) -> None:
        self.kind = gr.Radio(
            _KINDS, value="paste", label="From where", elem_id="compare-kind",
            elem_classes="v-segmented",
        )  # fmt: skip
        with gr.Column() as self._paste:
            self.text = gr.Textbox(
                label="Text", info="A line of dashes begins a new document", lines=7, max_lines=16,
                max_length=400_000, elem_id="compare-text",
            )  # fmt: skip
        with gr.Column(visible=False) as self._book:
            self.book = _file("Book", "compare-book", list(SUFFIXES))
            self._about = gr.HTML(elem_id="compare-book-about")
            self._chapters = gr.CheckboxGroup(
                [], label="Chapters, a document each", visible=False, show_select_all=True,
                elem_id="compare-chapters", elem_classes="v-long",
            )  # fmt: skip
        with gr.Column(visible=False) as self._test, gr.Row(elem_classes="v-fields"):
            self.test = _file("Source: a segment a line, TMX or JSONL", "compare-test")
            self.reference = _file("References, if there are any", "compare-reference")
        with gr.Row(elem_classes="v-fields"):
            self.source = _language("From", "en", "compare-from")
            self.target = _language("To", "de", "compare-to")
            self.size = gr.Textbox(
                label="Segments, about", info="Empty: all", value=str(_USUAL.segments),
                max_length=6, max_lines=1, elem_id="compare-size",
            )  # fmt: skip
            self._excerpt = gr.Textbox(
                label="In excerpts of", info="Empty: whole documents", value=str(_USUAL.excerpt),
                max_length=6, max_lines=1, elem_id="compare-excerpt",
            )  # fmt: skip
        self._show = gr.Checkbox(
            label="Show the reference to reviewers", visible=False, elem_id="compare-show-reference"
        )
        self.kind.change(
            self._turn, self.kind, [self._paste, self._book, self._test, self._show], **_QUIET
        )
        self.book.change(
            self._look, self.book, [self._about, self._chapters, self.source], **_QUIET
        )
        self.text.blur(self._tell, [self.text, self.source], self.source, **_QUIET)

    @property
    def inputs(self) -> set[Any]:
        """What :meth:`of` and :meth:`shows_reference` read."""
        return {
            self.kind, self.text, self.book, self._chapters, self.test, self.reference,
            self.source, self.target, self.size, self._excerpt, self._show,
        }  # fmt: skip

    @property
    def outputs(self) -> list[Any]:
        """What :meth:`cleared` changes."""
        return [self.text, self.book, self._chapters, self.test, self.reference]

    def cleared(self) -> dict[Any, Any]:
        """For the next campaign."""
        return {
            self.text: "", self.book: None, self.test: None, self.reference: None,
            self._chapters: gr.update(choices=[], value=[], visible=False),
        }  # fmt: skip

    def of(self, given: Mapping[Any, Any]) -> Wanted:
        """What is to be translated. Raises :class:`InputError`, with what is missing."""
        kind: Kind = given[self.kind]
        value = given[{"paste": self.text, "book": self.book, "test": self.test}[kind]]
        if not str(value or "").strip():
            raise InputError("There is no text to rate.", "Give one in step 2.")
        chapters = sorted(given[self._chapters] or ()) if kind == "book" else []
        if kind == "book" and not chapters:
            raise InputError("No chapter is chosen.", "Choose at least one in step 2.")
        known = _TESTS.get(Path(str(value)).suffix.lower(), "lines")
        beside = kind == "test" and known == "lines"
        return Wanted(
            kind=_WANTED[kind] if kind != "test" else known,
            value=str(value),
            chapters=",".join(map(str, chapters)),
            reference=str(given[self.reference] or "") if beside else "",
            segments=_count(given[self.size]),
            excerpt=_count(given[self._excerpt]),
        )

    def shows_reference(self, given: Mapping[Any, Any]) -> bool:
        """Whether reviewers see the reference."""
        return bool(given[self._show]) and given[self.kind] == "test"

    def _turn(self, kind: Kind) -> list[Any]:  # updates
        return [
            *(gr.update(visible=kind == value) for _, value in _KINDS),
            gr.update(visible=kind == "test"),
        ]

    def _look(self, path: str | None) -> Iterator[dict[Any, Any]]:
        if path is None:
            yield {
                self._about: "",
                self._chapters: gr.update(choices=[], value=[], visible=False),
            }
            return
        yield {self._about: waiting.READING}
        try:
            about = yield from waiting.for_(lambda: describe(Path(path)), self._about)
        except VersoError as problem:
            yield {self._about: views.error(problem)}
            return
        offered = about.chapter_choices
        # The first is enough to begin with: whole books are seldom rated.
        first = [number for _, number in offered[:1]]
        yield {
            self._about: about.html,
            self._chapters: gr.update(choices=offered, value=first, visible=bool(offered)),
            self.source: about.language or gr.skip(),
        }

    def _tell(self, text: str, source: str) -> Any:  # an update
        found = languages.detect(text or "")
        sure = found.language is not None and found.confidence >= _SURE
        known = found.language.tag if sure and found.language else source
        return known if known != source else gr.skip()


def _file(label: str, elem_id: str, types: list[str] | None = None) -> gr.File:
    return gr.File(
        label=label, file_types=types, elem_id=elem_id, elem_classes="v-upload", height=140
    )


def _language(label: str, tag: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(
        views.language_choices(), value=tag, label=label, elem_id=elem_id, min_width=120
    )


def _count(text: str | None) -> int:
    bare = (text or "").strip().replace(",", "")
    if bare and not bare.isdecimal():
        raise InputError(f"{bare!r} is no number of segments.", "Write digits, or nothing.")
    return int(bare or 0)
