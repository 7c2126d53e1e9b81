"""The Books tab: a new book on the left, all books with their progress on the right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from translator.book_job import BookOptions
from translator.books.base import SUFFIXES, open_book
from translator.errors import VersoError
from translator.job_setup import detected
from translator.tabs import book_cards, glossary_choice, model_choice, review_view, views, waiting
from translator.tabs.book_about import describe
from translator.tabs.book_choices import BookChoices
from translator.tabs.book_names import BookNames
from translator.tabs.context import AppContext
from translator.tabs.own_glossaries import OwnGlossaries
from translator.tabs.owner import claim, owner_of, owns
from translator.wording import plural

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_READING: dict[str, Any] = {**_QUIET, "concurrency_limit": 4}  # a long book keeps nobody waiting
# The panel of names may be out of sight of the button that opened it, and the other way round.
_TO_NAMES = "() => document.querySelector('#books-names-panel')?.scrollIntoView()"
_FROM_NAMES = """() => {
  if (document.querySelector('#books-names-panel')?.offsetParent) return;
  document.querySelector('#books-message')?.scrollIntoView({block: 'nearest'});
}"""
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
            choice = model_choice.panel(context, model, "books")
            choices = BookChoices(context, model)
            start = gr.Button("Start", variant="primary", elem_id="books-start")
            message = gr.HTML(elem_id="books-message")
        with gr.Column(elem_classes="v-shelf", min_width=280):
            names = BookNames()
            listing = gr.HTML(
                elem_id="books-list", js_on_load=views.ACTIONS_JS, elem_classes="v-listing"
            )
    gr.HTML(review_view.SHELL, elem_id="review")
    timer = gr.Timer(1.0, active=False)

    def own(request: gr.Request) -> OwnGlossaries:
        return OwnGlossaries(context, owner_of(request))

    def show(request: gr.Request) -> str:
        return cards.all(owner_of(request))

    def look(path: str | None) -> Iterator[dict[Any, Any]]:
        nothing = {**choices.unfitted(), **names.closed()}
        if path is None:
            yield {about: _EMPTY, **nothing}
            return
        yield {about: waiting.READING, message: "", **nothing}
        try:
            said = yield from waiting.for_(lambda: describe(Path(path)), about)
        except VersoError as problem:
            yield {about: views.error(problem)}
        else:
            yield {about: said.html, **choices.fitting(said)}

    def refit(path: str | None, suffix: str | None, offered: list[int]) -> Iterator[dict[Any, Any]]:
        """Another kind of file was chosen: it may hold fewer editions and other chapters."""
        if path is None:
            yield {message: gr.skip()}
            return
        try:
            said = yield from waiting.for_(lambda: describe(Path(path), suffix or ""), about)
        except VersoError as problem:
            yield {message: views.error(problem)}
        else:
            yield {about: said.html, message: "", **choices.fitting(said, offered=offered)}

    def begin(given: dict[Any, Any], request: gr.Request) -> Iterator[dict[Any, Any]]:
        path, model_id = given[file], given[model]
        if path is None:
            yield {message: views.notice("Choose a book first.")}
            return
        if not context.registry.installed(context.registry.get(model_id)):
            said = views.notice(
                "This model is not on this machine yet.",
                "Download it above, or choose another one.",
                kind="warning",
            )
            yield {message: said, **choice.refresh(model_id)}
            return
        owner = owner_of(request)
        try:
            options = choices.options(given, owner, given[target], given[source], model_id)
            # The page may be closed meanwhile: nothing that matters comes after it.
            yield from waiting.for_(lambda: create(Path(path), options, owner), message)
        except VersoError as problem:
            yield {message: views.error(problem)}
            return
        yield {
            file: None,
            about: _EMPTY,
            **choices.cleared(),
            message: views.notice("Started.", "You may close this page: the work goes on."),
            listing: show(request),
        }

    def create(path: Path, options: BookOptions, owner: str) -> None:
        claim(context, context.jobs.create(path, options, name=path.name), owner)
        path.unlink(missing_ok=True)  # the job has its own copy

    def act(event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        said = ""
        try:
            _act(context, str(event.action), str(event.id), owner_of(request))
        except VersoError as problem:
            said = views.error(problem)
        return said, show(request)

    def restore(kept: dict[str, str], request: gr.Request) -> dict[Any, Any]:
        model_id = model_choice.preferred(context, kept.get("model"))
        to = kept.get("to", "de")
        return {
            target: to,
            choices.glossaries: offer(to, [], request),
            **choice.refresh(model_id),
            model: gr.update(choices=model_choice.choices(context), value=model_id),
            listing: show(request),
        }

    def offer(
        to: str, chosen: list[str] | None, request: gr.Request, also: str = ""
    ) -> Any:  # an update
        return glossary_choice.offered(context, owner_of(request), to, chosen, also)

    def take(
        upload: str | None, path: str | None, from_: str, to: str, chosen: list[str] | None,
        request: gr.Request,
    ) -> dict[Any, Any]:  # fmt: skip
        if upload is None:
            return {message: gr.skip()}
        try:
            saved = own(request).take(Path(upload), (_written(path, from_), to))
        except VersoError as problem:
            return {message: views.error(problem)}
        said = f"“{saved.name}” is saved in Terms: {plural(len(saved.terms), 'term')}."
        return {
            message: views.notice(said),
            choices.glossaries: offer(to, chosen, request, saved.name),
        }

    def propose(
        path: str | None, from_: str, to: str, request: gr.Request
    ) -> Iterator[dict[Any, Any]]:
        if path is None:
            yield {message: views.notice("Choose a book first.")}
            return
        yield {message: views.notice("Looking for names …")}
        try:
            yield {message: "", **names.proposed(Path(path), from_, to, own(request))}
        except VersoError as problem:
            yield {message: views.error(problem)}

    def decide(
        event: gr.EventData, name: str, from_: str, to: str, chosen: list[str] | None,
        request: gr.Request,
    ) -> dict[Any, Any]:  # fmt: skip
        if event.action == "close":
            return names.closed()
        try:
            saved, changes = names.saved(event, name, from_, to, own(request))
        except VersoError as problem:
            return {message: views.error(problem)}
        if saved is None:
            return changes
        said = f"“{saved.name}” is chosen for this book and kept in Terms."
        return {
            message: views.notice(said),
            **changes,
            choices.glossaries: offer(to, chosen, request, saved.name),
        }

    file.change(look, file, [about, message, *choices.outputs, *names.outputs], **_READING)
    start.click(
        begin,
        {file, source, target, model, *choices.inputs},
        [file, about, message, listing, *choices.outputs, *choice.outputs],
        **_READING,
    )
    listing.click(act, None, [message, listing], **_QUIET)
    model.change(choice.refresh, model, choice.outputs, **_QUIET)
    choices.output.input(
        refit,
        [file, choices.output, choices.numbers],
        [about, message, *choices.outputs],
        **_READING,
    )
    for event in (target.change, tab.select):
        event(offer, [target, choices.glossaries], choices.glossaries, **_QUIET)
    choices.upload.upload(
        take,
        [choices.upload, file, source, target, choices.glossaries],
        [message, choices.glossaries],
        **_QUIET,
    )
    choices.propose.click(
        propose, [file, source, target], [message, *names.outputs], **_READING
    ).then(None, None, None, js=_TO_NAMES)
    names.table.click(
        decide,
        [*names.inputs, target, choices.glossaries],
        [message, choices.glossaries, *names.outputs],
        **_QUIET,
    ).then(None, None, None, js=_FROM_NAMES)
    timer.tick(show, None, listing, **_QUIET)
    tab.select(show, None, listing, **_QUIET)
    page.load(
        restore, preferences, [target, listing, choices.glossaries, *choice.outputs], **_QUIET
    )
    return timer


def _written(path: str | None, chosen: str) -> str:
    """The language of the book; English where neither a person nor the text says it."""
    if chosen != "auto":
        return chosen
    language = detected(open_book(Path(path))) if path else None
    return language.tag if language else "en"


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
    elif action == "write":
        context.jobs.write(job_id)
    elif action == "delete":
        context.jobs.delete(job_id)
    else:
        raise VersoError(f"Unknown action {action!r}.")
