"""The Books tab: a new book on the left, all books with their progress on the right."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from translator import segmenting
from translator.book_job import BookOptions
from translator.books.base import SUFFIXES, Bilingual, open_book
from translator.errors import VersoError
from translator.pipeline import SEGMENT_TOKENS
from translator.records import count_words
from translator.tabs import advanced, book_cards, model_choice, views
from translator.tabs.context import AppContext
from translator.tabs.owner import claim, owner_of, owns

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_EDITIONS: dict[Bilingual, str] = {
    "none": "Translation only",
    "above": "Source above",
    "below": "Source below",
    "side": "Side by side",
}
_EMPTY = (
    '<p class="v-empty">Choose an EPUB, PDF, Word, HTML, Markdown, FB2, subtitle or text file: its '
    "length and language are shown before "
    "anything is translated.</p>"
)


def build(
    context: AppContext, page: gr.Blocks, preferences: gr.BrowserState, tab: gr.Tab
) -> gr.Timer:
    """Put the tab's components and events into the Blocks that is open.

    Returns the timer that keeps the list fresh, for the page to switch on and off.
    """
    cards = book_cards.BookCards(context)
    with gr.Row(elem_classes="v-books"):
        with gr.Column(elem_classes="v-form", min_width=280):
            file = gr.File(
                label="Book",
                file_types=list(SUFFIXES),
                elem_id="books-file",
                elem_classes="v-upload",
                height=150,
            )
            about = gr.HTML(_EMPTY, elem_id="books-about")
            source = gr.Dropdown(
                views.language_choices(("Detect language", "auto")),
                value="auto",
                label="From",
                elem_id="books-from",
            )
            target = gr.Dropdown(
                views.language_choices(), value="de", label="To", elem_id="books-to"
            )
            model = model_choice.dropdown(context, "books")
            edition = gr.Radio(
                _edition_choices(("none",)), value="none", label="Edition", visible=False
            )
            choice = model_choice.panel(context, model, "books")
            options = advanced.build(context, model, "books")
            start = gr.Button("Start", variant="primary", elem_id="books-start")
            message = gr.HTML(elem_id="books-message")
        with gr.Column(elem_classes="v-shelf", min_width=280):
            listing = gr.HTML(
                elem_id="books-list", js_on_load=views.ACTIONS_JS, elem_classes="v-listing"
            )
    timer = gr.Timer(1.0, active=False)

    def show(request: gr.Request) -> str:
        return cards.all(owner_of(request))

    def look(path: str | None) -> dict[Any, Any]:
        if path is None:
            return {about: _EMPTY, edition: gr.update(visible=False, value="none")}
        try:
            said, editions = _describe(Path(path))
        except VersoError as problem:
            return {about: views.error(problem), edition: gr.update(visible=False), message: ""}
        return {
            about: said,
            edition: gr.update(
                choices=_edition_choices(editions), value="none", visible=len(editions) > 1
            ),
            message: "",
        }

    def begin(
        path: str | None,
        from_: str,
        to: str,
        model_id: str,
        bilingual: Bilingual,
        request: gr.Request,
        *values: object,
    ) -> dict[Any, Any]:
        if path is None:
            return {message: views.notice("Choose a book first.")}
        if not context.registry.installed(context.registry.get(model_id)):
            said = views.notice(
                "This model is not on this machine yet.",
                "Download it above, or choose another one.",
                kind="warning",
            )
            return {message: said, **choice.refresh(model_id)}
        try:
            job_id = context.jobs.create(
                Path(path),
                BookOptions(
                    to,
                    from_,
                    model_id,
                    bilingual,
                    advanced.style(values),
                    advanced.sampling(values),
                ),
            )
        except VersoError as problem:
            return {message: views.error(problem)}
        claim(context, job_id, owner_of(request))
        Path(path).unlink(missing_ok=True)  # the job has its own copy
        return {
            file: None,
            about: _EMPTY,
            edition: gr.update(visible=False, value="none"),
            message: views.notice("Started.", "You may close this page: the work goes on."),
            listing: show(request),
        }

    def act(event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        said = ""
        try:
            _act(context, str(event.action), str(event.id), owner_of(request))
        except VersoError as problem:
            said = views.error(problem)
        return said, show(request)

    def restore(kept: dict[str, str], request: gr.Request) -> dict[Any, Any]:
        model_id = model_choice.preferred(context, kept.get("model"))
        return {
            target: kept.get("to", "de"),
            **choice.refresh(model_id),
            model: gr.update(choices=model_choice.choices(context), value=model_id),
            listing: show(request),
        }

    file.change(look, file, [about, edition, message], **_QUIET)
    start.click(
        begin,
        [file, source, target, model, edition, *options],
        [file, about, edition, message, listing, *choice.outputs],
        **_QUIET,
    )
    listing.click(act, None, [message, listing], **_QUIET)
    model.change(choice.refresh, model, choice.outputs, **_QUIET)
    timer.tick(show, None, listing, **_QUIET)
    tab.select(show, None, listing, **_QUIET)
    page.load(restore, preferences, [target, listing, *choice.outputs], **_QUIET)
    return timer


def _edition_choices(editions: tuple[Bilingual, ...]) -> list[tuple[str, str]]:
    return [(_EDITIONS[edition], edition) for edition in editions]


def _describe(path: Path) -> tuple[str, tuple[Bilingual, ...]]:
    """What a book is, in HTML, and the editions that its format can hold."""
    book = open_book(path)
    blocks = book.blocks()
    words = sum(count_words(block.text) for block in blocks if block.keep is None)
    # Without a model loaded, tokens can only be guessed: four bytes each.
    segments = segmenting.split_blocks(
        blocks, SEGMENT_TOKENS, lambda texts: [len(text.encode()) // 4 + 1 for text in texts]
    )
    to_do = sum(segment.keep is None for segment in segments)
    notes = "".join(f"<p>{views.escape(note)}</p>" for note in book.notes)
    language = f"declared as {views.language_name(book.language)}" if book.language else ""
    return (
        f'<div class="v-about"><h3>{views.escape(book.title or path.stem)}</h3>'
        + views.figures(
            (
                book.format.upper(),
                views.plural(words, "word"),
                f"about {views.plural(to_do, 'segment')}",
                language,
            )
        )
        + f"{notes}</div>",
        book.bilingual,
    )


def _act(context: AppContext, action: str, job_id: str, owner: str) -> None:
    if not owns(context, job_id, owner):
        raise VersoError("This book is not yours.")
    if action == "pause":
        context.jobs.pause(job_id)
    elif action == "cancel":
        context.jobs.cancel(job_id)
    elif action == "resume":
        context.jobs.resume(job_id)
    elif action == "retry":
        context.jobs.retry(job_id)
    elif action == "delete":
        context.jobs.delete(job_id)
    else:
        raise VersoError(f"Unknown action {action!r}.")
