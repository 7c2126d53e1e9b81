"""The fold of the book form: everything that most people leave as it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from translator.book_job import BookOptions
from translator.books.base import Bilingual
from translator.errors import InputError
from translator.models.spec import ModelSpec
from translator.tabs import advanced, glossary_choice
from translator.tabs.book_about import About
from translator.tabs.context import AppContext
from translator.tabs.own_glossaries import OwnGlossaries
from translator.tabs.terms import FILE_TYPES

_EDITIONS: dict[Bilingual, str] = {
    "none": "Translation only",
    "above": "With the source above each paragraph",
    "below": "With the source below each paragraph",
    "side": "Side by side with the source",
}
_CONTEXT = {"on": True, "off": False}


class BookChoices:
    """The components, in the Blocks that is open, and what they mean for a job."""

    def __init__(self, context: AppContext, model: gr.Dropdown) -> None:
        self._context = context
        self.numbers = gr.State([])  # of the chapters that there are to choose
        with gr.Accordion("More choices", open=False, elem_id="books-more"):
            with gr.Column(visible=False, elem_classes="v-choices") as self._result:
                _heading("The new book")
                self.output = gr.Dropdown([], label="File", elem_id="books-output")
                self._edition = gr.Dropdown([], label="Edition", elem_id="books-edition")
            with gr.Column(visible=False, elem_classes="v-choices") as self._parts:
                _heading("What is translated")
                self._chapters = gr.CheckboxGroup(
                    [],
                    label="Chapters",
                    show_select_all=True,
                    elem_id="books-chapters",
                    elem_classes="v-long",
                )
                self._skip = gr.CheckboxGroup(
                    [], label="Leave as it is", elem_id="books-skip", elem_classes="v-long"
                )
            with gr.Column(elem_classes="v-choices"):
                _heading("Style")
                self._style = advanced.style_field("books")
                self._brief = gr.Textbox(
                    label="About this book",
                    info="Who reads it, its tone, how it addresses the reader",
                    lines=3,
                    max_length=1000,
                    elem_id="books-brief",
                )
            with gr.Column(elem_classes="v-choices"):
                _heading("Terms and memory")
                self.glossaries = glossary_choice.dropdown("books")
                with gr.Row(elem_classes="v-pair"):
                    self.upload = gr.UploadButton(
                        "Add from a file",
                        file_types=FILE_TYPES,
                        size="sm",
                        elem_id="books-glossary-file",
                        elem_classes="v-quiet",
                    )
                    self.propose = gr.Button(
                        "Propose names", size="sm", elem_id="books-names", elem_classes="v-quiet"
                    )
                self._memory = gr.File(
                    label="A translation memory for this book (TMX)",
                    file_types=[".tmx"],
                    height=132,
                    elem_id="books-memory",
                    elem_classes="v-upload",
                )
                self._remember = gr.Checkbox(
                    value=True,
                    label="Use Verso's own memory, and add to it",
                    elem_id="books-remember",
                )
            with gr.Column(elem_classes="v-choices"):
                _heading("How the model works")
                self._lead = gr.Dropdown(
                    _context_choices(context.registry.get(str(model.value))),
                    value="auto",
                    label="Show it the sentences before",
                    elem_id="books-context",
                )
                self._refine = gr.Checkbox(
                    label="Look at every segment a second time",
                    info="The model corrects its own draft. It takes twice as long.",
                    elem_id="books-refine",
                )
                with gr.Accordion("Sampling", open=False, elem_id="books-advanced"):
                    self._sampling = advanced.sampling_fields(context, model, "books")
        model.change(
            lambda model_id: gr.update(choices=_context_choices(context.registry.get(model_id))),
            model,
            self._lead,
            show_progress="hidden",
            api_visibility="private",
        )

    @property
    def inputs(self) -> set[Any]:
        """What :meth:`options` needs."""
        return {
            self.numbers, self.output, self._edition, self._chapters, self._skip, self._style,
            self._brief, self.glossaries, self._memory, self._remember, self._lead, self._refine,
            *self._sampling,
        }  # fmt: skip

    @property
    def outputs(self) -> list[Any]:
        """What :meth:`fitting` and :meth:`cleared` change."""
        return [
            self.numbers, self._result, self._parts, self.output, self._edition, self._chapters,
            self._skip, self._brief, self._memory, self.glossaries,
        ]  # fmt: skip

    def fitting(self, about: About, *, offered: list[int] | None = None) -> dict[Any, Any]:
        """The choices that a book offers. ``offered``: only the output was changed, and these
        were the chapters till now: what was chosen of the same ones stays.
        """
        again = offered is not None
        chapters, parts = about.chapter_choices, about.part_choices
        many = len(chapters) > 1
        files = [(choice.label, choice.suffix) for choice in about.outputs]
        numbers = [number for _, number in chapters]
        # Without a value, what a person has chosen meanwhile stays.
        chosen = {} if offered == numbers else {"value": numbers}
        left = {} if offered == numbers else {"value": list[str]()}
        return {
            self.numbers: numbers,
            self._chapters: gr.update(choices=chapters, visible=many, **chosen),
            self._skip: gr.update(choices=parts, visible=bool(parts), **left),
            self._result: gr.update(visible=len(files) > 1 or len(about.editions) > 1),
            self._parts: gr.update(visible=many),
            self.output: gr.skip()
            if again
            else gr.update(choices=files, value=files[0][1], visible=len(files) > 1),
            self._edition: gr.update(
                choices=[(_EDITIONS[edition], edition) for edition in about.editions],
                value="none",
                visible=len(about.editions) > 1,
            ),
        }

    def cleared(self) -> dict[Any, Any]:
        """For the next book: nothing of this one is left."""
        return {**self.unfitted(), self._brief: "", self._memory: None, self.glossaries: []}

    def unfitted(self) -> dict[Any, Any]:
        """Without what only a book can offer."""
        return {
            self.numbers: [],
            self._result: gr.update(visible=False),
            self._parts: gr.update(visible=False),
            self.output: gr.update(choices=[], value=None),
            self._edition: gr.update(choices=[], value=None),
            self._chapters: gr.update(choices=[], value=[]),
            self._skip: gr.update(choices=[], value=[]),
        }

    def options(
        self, given: Mapping[Any, Any], owner: str, target: str, source: str, model_id: str
    ) -> BookOptions:
        """What was chosen, as a job takes it. Raises :class:`VersoError`."""
        offered, chapters = given[self.numbers], tuple(sorted(given[self._chapters] or ()))
        if offered and not chapters:
            raise InputError("No chapter is chosen.", "Choose at least one below “More choices”.")
        own = OwnGlossaries(self._context, owner)
        memory = given[self._memory]
        return BookOptions(
            target,
            source,
            model_id,
            given[self._edition] or "none",
            str(given[self._style] or ""),
            advanced.sampling(tuple(given[field] for field in self._sampling)),
            glossaries=tuple(own.path(name) for name in given[self.glossaries] or ()),
            memory=Path(memory) if memory else None,
            remember=bool(given[self._remember]),
            context=_CONTEXT.get(given[self._lead]),
            chapters=None if len(chapters) == len(offered) else chapters,
            skip=tuple(given[self._skip] or ()),
            brief=" ".join((given[self._brief] or "").split()),
            refine=bool(given[self._refine]),
            suffix=given[self.output] or "",
        )


def _heading(text: str) -> None:
    gr.HTML(f"<h4>{text}</h4>")


def _context_choices(spec: ModelSpec) -> list[tuple[str, str]]:
    own = "yes" if spec.reads_context else "no"
    return [(f"As this model was trained ({own})", "auto"), ("Yes", "on"), ("No", "off")]
