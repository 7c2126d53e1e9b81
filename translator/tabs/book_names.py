"""Names of a book, proposed for a glossary: a person says what becomes of each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from translator import names
from translator.books.base import open_book
from translator.errors import InputError
from translator.glossary_rows import Problem, Row, terms_of
from translator.glossary_store import Saved
from translator.job_setup import detected
from translator.tabs import terms_table, views
from translator.tabs.own_glossaries import OwnGlossaries
from translator.wording import plural


class BookNames:
    """The panel, in the Blocks that is open; hidden until names are proposed."""

    def __init__(self) -> None:
        with gr.Column(
            visible=False, elem_classes="v-card v-editor", elem_id="books-names-panel"
        ) as self._box:
            self._head = gr.HTML()
            self._source = gr.State("")
            self.name = gr.Textbox(
                label="Name of the glossary", max_length=80, elem_id="books-names-name"
            )
            self.table = gr.HTML(js_on_load=terms_table.TABLE_JS, elem_id="books-names-table")

    @property
    def inputs(self) -> list[Any]:
        """What :meth:`saved` needs besides the event."""
        return [self.name, self._source]

    @property
    def outputs(self) -> list[Any]:
        """What the methods change."""
        return [self._box, self._head, self._source, self.name, self.table]

    def proposed(self, path: Path, source: str, target: str, own: OwnGlossaries) -> dict[Any, Any]:
        """Show the names in a book. Raises :class:`VersoError` where there are none."""
        book = open_book(path)
        found = detected(book) if source == "auto" else None
        language = found.tag if found else source
        if language == "auto":
            raise InputError("The language of this book is not clear.", "Choose it above.")
        proposals = names.propose(book.blocks(), language)
        if not proposals:
            raise InputError(
                "No names were found in this book.",
                "They are told by their capitals, or in Japanese by katakana.",
            )
        rows = [
            Row(one.name, note=f"{plural(one.count, 'time')}: {one.example}") for one in proposals
        ]
        title = book.title or path.stem
        return {
            self._box: gr.update(visible=True),
            self._head: (
                f"<h3>Names in {views.escape(title)}</h3><p>Write a translation, or keep the name "
                "as it is. Rows with neither are left out: the model decides there.</p>"
            ),
            self._source: language,
            self.name: own.free_name(title),
            self.table: _table(rows, language, target),
        }

    def saved(
        self, event: gr.EventData, name: str, source: str, target: str, own: OwnGlossaries
    ) -> tuple[Saved | None, dict[Any, Any]]:
        """Save the rows that were decided, and what becomes of the panel.

        Without a glossary some rows are wrong, and the panel says which. Raises
        :class:`VersoError`, e.g. if no row was decided.
        """
        rows = terms_table.given(event.rows)
        terms, problems = terms_of(rows, source, open_rows=True)
        if problems:
            return None, {self.table: _table(rows, source, target, problems)}
        if not terms:
            raise InputError(
                "No name is decided yet.", "Write a translation, or tick “Keep”, in some row."
            )
        return own.save(Saved(name, source, target, tuple(terms))), self.closed()

    def closed(self) -> dict[Any, Any]:
        """Hide the panel."""
        return {self._box: gr.update(visible=False), self.table: ""}


def _table(rows: list[Row], source: str, target: str, problems: list[Problem] | None = None) -> str:
    buttons = (
        views.button("Use these for this book", "save", "", kind="v-primary")
        + views.button("Keep all as they are", "keep-all", "")
        + views.button("Close", "close", "")
    )
    return terms_table.table(rows, (source, target), problems or (), buttons=buttons)
