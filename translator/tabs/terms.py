"""The Terms tab: saved glossaries with their editor, and the translation memory below."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import gradio as gr

from translator.errors import InputError, VersoError
from translator.glossary_rows import Problem, Row, rows_of, terms_of
from translator.glossary_store import Saved
from translator.tabs import memory_panel, terms_table, views
from translator.tabs.context import AppContext
from translator.tabs.own_glossaries import OwnGlossaries
from translator.tabs.owner import owner_of
from translator.wording import plural

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
FILE_TYPES = [".csv", ".tsv", ".tbx", ".txt", ".xml"]
_WELCOME = (
    '<div class="v-card v-welcome"><h3>Names and terms that stay the same</h3><p>A glossary tells '
    "the model how to translate a name or a term, and every segment is checked against it "
    "afterwards. Begin a new one, or import a table (CSV, TSV) or a TBX file. For the names of a "
    "book, choose it in the Books tab and let Verso propose them.</p></div>"
)
# A click on another glossary while there are changes that are not saved.
_LIST_JS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (!button) return;
  const unsaved = document.querySelector('#terms-table .v-unsaved');
  if (unsaved && !window.confirm('Leave this glossary without saving the changes?')) return;
  trigger('click', {action: button.dataset.action, id: button.dataset.id});
});
"""


@dataclass(frozen=True, slots=True)
class _Editor:
    """The components of the editor. ``was`` is the name under which the glossary is saved, empty
    for a new one."""

    box: gr.Column
    was: gr.State
    name: gr.Textbox
    source: gr.Dropdown
    target: gr.Dropdown
    table: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        return [self.box, self.was, self.name, self.source, self.target, self.table]


def build(context: AppContext, page: gr.Blocks, tab: gr.Tab) -> None:
    """Put the tab's components and events into the Blocks that is open."""
    with gr.Row(elem_classes="v-books"):
        with gr.Column(elem_classes="v-form", min_width=280):
            listing = gr.HTML(elem_id="terms-list", js_on_load=_LIST_JS)
            upload = gr.UploadButton(
                "Import CSV, TSV or TBX",
                file_types=FILE_TYPES,
                size="sm",
                elem_id="terms-import",
                elem_classes="v-quiet",
            )
        with gr.Column(elem_classes="v-shelf", min_width=280):
            message = gr.HTML(elem_id="terms-message")
            welcome = gr.HTML(_WELCOME)
            editor = _editor()
    if not context.shared:
        memory_panel.build(context, page, tab)

    def own(request: gr.Request) -> OwnGlossaries:
        return OwnGlossaries(context, owner_of(request))

    def listed(request: gr.Request, was: str = "") -> dict[Any, Any]:
        return {listing: _listing(own(request), was)}

    def refresh(was: str, request: gr.Request) -> str:
        return _listing(own(request), was)

    def opened(saved: Saved, request: gr.Request, said: str = "") -> dict[Any, Any]:
        return {
            message: said,
            welcome: gr.update(visible=False),
            editor.box: gr.update(visible=True),
            editor.was: saved.name,
            editor.name: saved.name,
            editor.source: saved.source,
            editor.target: saved.target,
            editor.table: _table(rows_of(saved.terms), saved.name, (saved.source, saved.target)),
            **listed(request, saved.name),
        }

    def closed(request: gr.Request, said: str = "") -> dict[Any, Any]:
        return {
            message: said,
            welcome: gr.update(visible=True),
            editor.box: gr.update(visible=False),
            editor.was: "",
            **listed(request),
        }

    def choose(event: gr.EventData, request: gr.Request) -> dict[Any, Any]:
        try:
            if event.action == "open":
                return opened(own(request).get(str(event.id)), request)
        except VersoError as problem:
            return {message: views.error(problem), **listed(request)}
        return {
            message: "",
            welcome: gr.update(visible=False),
            editor.box: gr.update(visible=True),
            editor.was: "",
            editor.name: "",
            editor.table: _table([], "", ("", "")),
            **listed(request),
        }

    def take(path: str | None, source: str, target: str, request: gr.Request) -> dict[Any, Any]:
        if path is None:
            return {message: gr.skip()}
        try:
            saved = own(request).take(Path(path), (source, target))
        except VersoError as problem:
            return {message: views.error(problem)}
        said = f"“{saved.name}” is saved: {plural(len(saved.terms), 'term')}, "
        said += views.language_pair(saved.source, saved.target) + "."
        return opened(saved, request, views.notice(said, "Are these the right languages?"))

    def act(
        event: gr.EventData, was: str, name: str, source: str, target: str, request: gr.Request
    ) -> dict[Any, Any]:
        rows = terms_table.given(event.rows)
        try:
            if event.action == "delete":
                own(request).delete(was)
                return closed(request, views.notice(f"“{was}” is deleted."))
            terms, problems = terms_of(rows, source)
            if not problems:
                saved = own(request).save(Saved(name, source, target, tuple(terms)), was=was)
                said = f"“{saved.name}” is saved: {plural(len(terms), 'term')}."
                return opened(saved, request, views.notice(said))
        except VersoError as problem:
            said = views.error(problem)
            problems = []
        else:
            said = views.error(_refusal(problems))
        unsaved = _table(rows, was, (source, target), problems, unsaved=True)
        return {message: said, editor.table: unsaved}

    outputs = [message, welcome, listing, *editor.outputs]
    listing.click(choose, None, outputs, **_QUIET)
    upload.upload(take, [upload, editor.source, editor.target], outputs, **_QUIET)
    fields = [editor.was, editor.name, editor.source, editor.target]
    editor.table.click(act, fields, outputs, **_QUIET)
    for event in (tab.select, page.load):
        event(refresh, editor.was, listing, **_QUIET)


def _editor() -> _Editor:
    with gr.Column(visible=False, elem_classes="v-card v-editor", elem_id="terms-editor") as box:
        was = gr.State("")
        with gr.Row(elem_classes="v-trio"):
            name = gr.Textbox(
                label="Name", placeholder="Moby Dick", max_length=80, elem_id="terms-name"
            )
            source = gr.Dropdown(
                views.language_choices(), value="en", label="From", elem_id="terms-from"
            )
            target = gr.Dropdown(
                views.language_choices(), value="de", label="To", elem_id="terms-to"
            )
        table = gr.HTML(elem_id="terms-table", js_on_load=terms_table.TABLE_JS)
    return _Editor(box, was, name, source, target, table)


def _listing(glossaries: OwnGlossaries, was: str) -> str:
    lines = []
    for name in glossaries.names():
        try:
            saved = glossaries.get(name)
            said = views.figures(
                (
                    views.language_pair(saved.source, saved.target),
                    plural(len(saved.terms), "term"),
                )
            )
        except InputError as problem:
            said = f'<span class="v-reason">{views.escape(problem.message)}</span>'
        current = ' aria-current="true"' if name == was else ""
        lines.append(
            f'<li><button type="button" class="v-item" data-action="open" '
            f'data-id="{views.escape(name)}"{current}><strong>{views.escape(name)}</strong>'
            f"{said}</button></li>"
        )
    items = f'<ul class="v-list">{"".join(lines)}</ul>' if lines else ""
    return items + views.button("New glossary", "new", "", kind="v-primary")


def _table(
    rows: list[Row],
    was: str,
    languages: tuple[str, str],
    problems: list[Problem] | None = None,
    *,
    unsaved: bool = False,
) -> str:
    links = ""
    if was:
        links = "".join(
            f'<a class="v-button" href="glossaries/{quote(was, safe="")}{suffix}" download>'
            f"{label}</a>"
            for suffix, label in ((".csv", "Export CSV"), (".tbx", "Export TBX"))
        )
        links += views.button(
            "Delete", "delete", was, kind="v-danger", confirm=f"Delete the glossary “{was}”?"
        )
    if len(rows) > terms_table.MOST:
        note = (
            f"This glossary has {len(rows):,} terms, more than this page edits "
            f"({terms_table.MOST:,})."
        )
        hint = "Export it, change it in a spreadsheet, delete it here and import it again."
        return (
            views.notice(note, hint)
            + f'<div class="v-gloss"><div class="v-buttons">{links}</div></div>'
        )
    buttons = (
        views.button("Add a row", "add-row", "")
        + views.button("Save", "save", "", kind="v-primary")
        + links
    )
    return terms_table.table(rows, languages, problems or (), buttons=buttons, unsaved=unsaved)


def _refusal(problems: list[Problem]) -> InputError:
    first = problems[0]
    more = f" {len(problems) - 1} more below." if len(problems) > 1 else ""
    return InputError(f"Not saved. Row {first.row}: {first.message}{more}")
