"""The Translate tab: a text of any length, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr

from translator import languages
from translator.errors import Cancelled, VersoError
from translator.tabs import advanced, glossary_choice, model_choice, segments_table, views
from translator.tabs.context import AppContext
from translator.tabs.own_glossaries import OwnGlossaries
from translator.tabs.owner import owner_of
from translator.tabs.running import Running
from translator.tabs.text_progress import TextProgress
from translator.translator import Translator, UpdateKind
from translator.wording import plural

AUTO = "auto"
_DETECT_ON = 4000  # characters that are looked at while a person types

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_START = f"(text, language) => [text.slice(0, {_DETECT_ON}), language]"
_COUNT = (
    "(text) => { const n = [...text].length;"
    " return `<span>${n.toLocaleString('en')} ${n === 1 ? 'character' : 'characters'}</span>`; }"
)
_COPY = "(text) => { window.verso.copy(text, '#translate-copy'); }"


def build(
    context: AppContext, page: gr.Blocks, preferences: gr.BrowserState, tab: gr.Tab
) -> gr.Dropdown:
    """Put the tab's components and events into the Blocks that is open; returns the model's."""
    running = Running()
    with gr.Row(elem_classes="v-languages"):
        source_language = gr.Dropdown(
            views.language_choices(("Detect language", AUTO)),
            value=AUTO,
            label="From",
            elem_id="translate-from",
        )
        swap = gr.Button("⇄", elem_id="translate-swap", elem_classes="v-icon", min_width=44)
        target_language = gr.Dropdown(
            views.language_choices(), value="de", label="To", elem_id="translate-to"
        )
    with gr.Row(elem_classes="v-panes"):
        with gr.Column(elem_classes="v-pane", min_width=280):
            source = gr.Textbox(
                label="Text",
                show_label=False,
                container=False,
                placeholder="Type or paste a text of any length",
                lines=12,
                max_lines=12,
                autofocus=True,
                elem_id="translate-source",
                elem_classes="v-text",
            )
            with gr.Row(elem_classes="v-foot"):
                detected = gr.HTML(elem_id="translate-detected", elem_classes="v-facts")
                count = gr.HTML(elem_id="translate-count", elem_classes="v-facts v-end")
        with gr.Column(elem_classes="v-pane v-result", min_width=280):
            target = gr.Textbox(
                label="Translation",
                show_label=False,
                container=False,
                placeholder="The translation appears here",
                lines=12,
                max_lines=12,
                interactive=False,
                elem_id="translate-target",
                elem_classes="v-text",
            )
            with gr.Row(elem_classes="v-foot"):
                facts = gr.HTML(elem_id="translate-facts", elem_classes="v-facts")
                copy = gr.Button(
                    "Copy",
                    size="sm",
                    elem_id="translate-copy",
                    elem_classes="v-quiet",
                    min_width=70,
                )
    with gr.Row(elem_classes="v-actions"):
        model = model_choice.dropdown(context, "translate")
        translate = gr.Button(
            "Translate", variant="primary", elem_id="translate-start", elem_classes="v-main"
        )
        stop = gr.Button(
            "Stop", visible=False, elem_id="translate-stop", elem_classes="v-main v-stop"
        )
    message = gr.HTML(elem_id="translate-message")
    choice = model_choice.panel(context, model, "translate")
    with gr.Accordion("Segments", open=False, elem_id="translate-segments-fold"):
        segments = gr.HTML(segments_table.table({}, "", "", 0), elem_id="translate-segments")
    with gr.Accordion("Advanced", open=False, elem_id="translate-advanced"):
        sampling = advanced.sampling_fields(context, model, "translate")
        with gr.Row(elem_classes="v-settings"):
            style = advanced.style_field("translate")
            glossaries = glossary_choice.dropdown("translate")

    def detect(text: str, chosen: str) -> dict[Any, Any]:
        tag, said = _describe_detection(text, chosen)
        return {detected: said, source: gr.update(**_written_in(tag))}

    def run(
        text: str,
        from_: str,
        to: str,
        model_id: str,
        manner: str | None,
        terms: list[str] | None,
        request: gr.Request,
        *values: object,
    ) -> Iterator[dict[Any, Any]]:
        if not text.strip():
            yield {message: views.notice("There is no text yet.", "Type or paste one on the left.")}
            return
        spec = context.registry.get(model_id)
        if not context.registry.installed(spec):
            yield {
                message: views.notice(
                    f"{spec.name} is not on this machine yet.",
                    "Download it below, or choose another model.",
                    kind="warning",
                ),
                **choice.refresh(model_id),
            }
            return
        own = OwnGlossaries(context, owner_of(request))
        show = TextProgress(to, from_)
        yield {
            message: "",
            facts: views.figures(("Starting",)),
            target: gr.update(value="", **_written_in(to)),
            segments: segments_table.table({}, "", "", 0),
            translate: gr.update(visible=False),
            stop: gr.update(visible=True),
        }
        end: dict[Any, Any] = {}
        try:
            with running.begin(str(request.session_hash)) as halt:
                translator = Translator(spec.id, settings=context.settings, pool=context.pool)
                updates = translator.stream(
                    text,
                    to=to,
                    source=from_,
                    style=manner or "",
                    sampling=advanced.sampling(values),
                    glossaries=[own.path(name) for name in terms or ()],
                    stop=halt,
                )
                for update in updates:
                    if not show.take(update):
                        continue
                    changes: dict[Any, Any] = {target: update.text, facts: show.facts()}
                    if update.kind is UpdateKind.START and update.detection:
                        changes[detected] = _detection_line(update.detection)
                    if show.table_due():
                        changes[segments] = show.table()
                    yield changes
        except Cancelled:
            end = {facts: show.ended("Stopped")}
        except VersoError as error:
            end = {facts: show.ended("Not finished"), message: views.error(error)}
        if show.failed:
            end[message] = views.notice(
                f"{plural(show.failed, 'segment')} could not be translated and "
                f"{'stands' if show.failed == 1 else 'stand'} in the source language.",
                "“Segments” below says which, and why.",
                kind="warning",
            )
        yield {
            segments: show.table(),
            translate: gr.update(visible=True),
            stop: gr.update(visible=False),
            **end,
        }

    def halt(request: gr.Request) -> None:
        running.stop(str(request.session_hash))

    def exchange(text: str, result: str, from_: str, to: str) -> tuple[Any, ...]:
        found = languages.detect(text).language if from_ == AUTO else languages.get(from_)
        new_target = found.tag if found and found.tag != to else None
        if new_target is None:
            hint = "Choose the source language first, then swap."
            note = views.notice("The language of the text is not clear yet.", hint)
            return (*[gr.skip()] * 5, note)
        return (
            gr.update(value=result or text, **_written_in(to)),
            gr.update(value=text if result else "", **_written_in(new_target)),
            to,
            new_target,
            "",
            "",
        )

    def remember(kept: dict[str, str], from_: str, to: str, model_id: str) -> dict[str, str]:
        return {**kept, "from": from_, "to": to, "model": model_id}

    def restore(kept: dict[str, str], request: gr.Request) -> dict[Any, Any]:
        model_id = model_choice.preferred(context, kept.get("model"))
        to = kept.get("to") or _usual_target(request)
        return {
            source_language: kept.get("from", AUTO),
            target_language: to,
            target: gr.update(**_written_in(to)),
            glossaries: offer(to, [], request),
            **choice.refresh(model_id),
            model: gr.update(choices=model_choice.choices(context), value=model_id),
        }

    def offer(to: str, chosen_terms: list[str] | None, request: gr.Request) -> Any:  # an update
        return glossary_choice.offered(context, owner_of(request), to, chosen_terms)

    source.change(
        detect, [source, source_language], [detected, source], js=_START,
        trigger_mode="always_last", **_QUIET,
    )  # fmt: skip
    source_language.input(
        detect, [source, source_language], [detected, source], js=_START, **_QUIET
    )
    source.change(None, source, count, js=_COUNT, **_QUIET)
    translate.click(
        run,
        [source, source_language, target_language, model, style, glossaries, *sampling],
        [target, facts, message, segments, translate, stop, detected, *choice.outputs],
        concurrency_limit=None,
        **_QUIET,
    )
    # Not in the queue: a stop must not wait behind anything.
    stop.click(halt, queue=False, **_QUIET)
    page.unload(halt)
    swap.click(
        exchange,
        [source, target, source_language, target_language],
        [source, target, source_language, target_language, detected, message],
        **_QUIET,
    )
    copy.click(None, target, None, js=_COPY, **_QUIET)
    model.change(choice.refresh, model, choice.outputs, **_QUIET)
    chosen = [source_language, target_language, model]
    gr.on(
        [component.input for component in chosen] + [swap.click],
        remember,
        [preferences, *chosen],
        preferences,
        **_QUIET,
    )
    page.load(
        restore,
        preferences,
        [source_language, target_language, target, glossaries, *choice.outputs],
        **_QUIET,
    )
    for event in (target_language.change, tab.select):
        event(offer, [target_language, glossaries], glossaries, **_QUIET)
    return model


def _written_in(tag: str) -> dict[str, Any]:
    """Properties of a text area for a language: direction and spelling."""
    known = views.direction(tag)
    return {
        "rtl": known == "rtl",
        "html_attributes": gr.InputHTMLAttributes(lang="" if known == "auto" else tag),
    }


def _describe_detection(text: str, chosen: str) -> tuple[str, str]:
    if chosen != AUTO or not text.strip():
        return ("" if chosen == AUTO else chosen), ""
    found = languages.detect(text)
    return (found.language.tag if found.language else ""), _detection_line(found)


def _detection_line(found: languages.Detection) -> str:
    if found.language is None:
        return (
            f'<span class="v-unsure">Language not clear ({views.escape(found.reason)}): '
            "choose it above</span>"
        )
    return (
        f'<span title="{views.escape(found.reason)}">Detected '
        f"<strong>{views.escape(found.language.name)}</strong></span>"
    )


def _usual_target(request: gr.Request) -> str:
    """The browser's first language that is not English; German where there is none."""
    header = str(request.headers.get("accept-language", ""))
    for part in header.split(","):
        tag = part.split(";")[0].strip()
        try:
            language = languages.get(tag) if tag and tag != "*" else None
        except VersoError:
            continue
        if language and language.tag != "en":
            return language.tag
    return "de"
