"""The form of a new corpus: which texts, languages, rules; and the settings that it means."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import gradio as gr

from trainer import proofread_output
from trainer.alignments import Alignment
from trainer.cleaning import Rules, rule_name
from trainer.corpus_settings import CorpusSettings
from trainer.tabs.own_texts import OwnTexts
from translator.errors import InputError
from translator.tabs import views
from translator.tabs.context import AppContext

# What each rule removes, for a person.
_SWITCHES = {
    "letters": "Pairs without letters",
    "untranslated": "Untranslated pairs",
    "markup": "Left-over tags and broken characters",
    "wrong_language": "Texts in the wrong language",
    "numbers": "Pairs whose numbers differ",
    "duplicate": "Duplicates",
}
_LIMITS = {
    "too_long": ("Longest text", "letters"),
    "length_ratio": ("Unusual length ratio", "standard deviations"),
    "near_duplicate": ("Near-duplicates", "share that is alike"),
    "held_out": ("Shared with dev or test", "words in a row"),
}


@dataclass(frozen=True, slots=True)
class Form:
    """The components; ``staged`` is the folder of what was sent (never known to the browser)."""

    files: gr.File
    staged: gr.State
    folder: gr.Textbox
    editions: gr.CheckboxGroup
    memory: gr.Checkbox
    source: gr.Dropdown
    target: gr.Dropdown
    both: gr.Checkbox
    name: gr.Textbox
    switches: gr.CheckboxGroup
    limits: dict[str, gr.Number]
    dev: gr.Textbox
    test: gr.Textbox
    most: gr.Textbox
    weights: gr.Textbox
    held_out: gr.File
    start: gr.Button

    @property
    def inputs(self) -> set[Any]:
        """What :func:`settings` needs."""
        own = {getattr(self, field.name) for field in fields(self) if field.name != "limits"}
        return (own - {self.files, self.start}) | set(self.limits.values())


def build(context: AppContext) -> Form:
    """Put the components into the Blocks that is open."""
    own = not context.shared
    staged = gr.State("")
    files = gr.File(
        label="Parallel texts",
        file_count="multiple",
        elem_id="corpus-files",
        elem_classes="v-upload",
        height=150,
    )
    folder = gr.Textbox(
        label="or a folder on this machine",
        placeholder="/home/me/texts",
        visible=own,
        elem_id="corpus-folder",
    )
    editions = gr.CheckboxGroup(
        [], label="Editions that you aligned", visible=False, elem_id="corpus-editions"
    )
    memory = gr.Checkbox(
        label="What people wrote into the translation memory", visible=own, elem_id="corpus-memory"
    )
    with gr.Row(elem_classes="v-twos"):
        source = _language("From", "en", "corpus-from")
        target = _language("To", "de", "corpus-to")
    both = gr.Checkbox(label="Train both directions", elem_id="corpus-both")
    with gr.Accordion("Cleaning and split", open=False, elem_id="corpus-rules"):
        switches = gr.CheckboxGroup(
            [(label, name) for name, label in _SWITCHES.items()],
            value=list(_SWITCHES),
            label="Leave out",
            elem_classes="v-long",
            elem_id="corpus-switches",
        )
        with gr.Row(elem_classes="v-twos"):
            limits = {name: _limit(name) for name in _LIMITS}
        with gr.Row(elem_classes="v-twos"):
            dev = _count("Pairs for dev", "a twentieth", "dev")
            test = _count("Pairs for test", "a twentieth", "test")
            most = _count("Most pairs to train on", "all", "most")
        weights = gr.Textbox(
            label="Weights of origins",
            info="How often pairs of a file or collection come; 0 leaves them out",
            placeholder="wesnoth=2 memory:person=3",
            elem_id="corpus-weights",
        )
        held_out = gr.File(
            label="Test sets that no pair may share text with",
            file_count="multiple",
            elem_classes="v-upload",
            elem_id="corpus-held-out",
            height=140,
        )
    name = gr.Textbox(
        label="Name", placeholder="sea-stories-en-de", max_length=60, elem_id="corpus-name"
    )
    start = gr.Button("Build the corpus", variant="primary", elem_id="corpus-start")
    return Form(
        files, staged, folder, editions, memory, source, target, both, name, switches, limits,
        dev, test, most, weights, held_out, start,
    )  # fmt: skip


def settings(
    context: AppContext, form: Form, given: Mapping[Any, Any], own: OwnTexts
) -> tuple[str, CorpusSettings]:
    """The name of the new corpus and what is to be built; texts that were sent are moved there.

    Raises :class:`InputError`.
    """
    staged = Path(given[form.staged]) if given[form.staged] else None
    named = folder_of(context, given[form.folder])
    memory = bool(given[form.memory]) and not context.shared
    editions = list(given[form.editions] or ())
    if not (staged or named or memory or editions):
        raise InputError("Choose texts first.", "Files, a folder, or two editions of a book below.")
    inputs = [str(named)] if named else []
    aligned = [(own.alignment(one).about.title, own.proofreading(one)) for one in editions]
    # All that can be refused is refused before anything is moved.
    wanted = CorpusSettings(
        inputs=("texts",),
        source=str(given[form.source]),
        targets=(str(given[form.target]),),
        both=bool(given[form.both]),
        memory=memory,
        weights=_weights(str(given[form.weights] or "")),
        rules=Rules.of(_rules(form, given)),
        dev=_number(given[form.dev], -1),
        test=_number(given[form.test], -1),
        limit=_number(given[form.most], 0),
    )
    proposed = _proposed(staged, named, wanted)
    name, folder = own.new_name(str(given[form.name] or "") or proposed)
    try:
        if staged:
            shutil.move(staged, folder / "texts")
            inputs.append(str(folder / "texts"))
        if aligned:
            (folder / "editions").mkdir()
            inputs.append(str(folder / "editions"))
        for number, (title, work) in enumerate(aligned, 1):
            proofread_output.write_lines(folder / "editions" / f"{number}.jsonl", work, title)
        held = [_kept(Path(path), folder / "held-out") for path in given[form.held_out] or ()]
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(f"The texts cannot be stored: {error.strerror}.") from error
    return name, replace(wanted, inputs=tuple(inputs), held_out=tuple(held))


def _language(label: str, tag: str, elem_id: str) -> gr.Dropdown:
    return gr.Dropdown(
        views.language_choices(), value=tag, label=label, elem_id=elem_id, min_width=120
    )


def _limit(name: str) -> gr.Number:
    label, unit = _LIMITS[name]
    return gr.Number(
        getattr(Rules(), name),
        label=label,
        info=f"{unit}; 0: off",
        minimum=0,
        elem_id=f"corpus-{rule_name(name)}",
        min_width=120,
    )


def _count(label: str, usual: str, name: str) -> gr.Textbox:
    # Not a gr.Number: that makes a 0 of an empty field.
    return gr.Textbox(
        label=label, placeholder=usual, max_length=9, min_width=120, elem_id=f"corpus-{name}"
    )


def _rules(form: Form, given: Mapping[Any, Any]) -> dict[str, Any]:
    chosen = set(given[form.switches] or ())
    values: dict[str, Any] = {rule_name(name): name in chosen for name in _SWITCHES}
    for name, component in form.limits.items():
        values[rule_name(name)] = float(given[component] or 0)
    return values


def _weights(text: str) -> dict[str, float]:
    weights = {}
    for item in text.split():
        name, _, value = item.rpartition("=")
        try:
            weights[name] = float(value)
        except ValueError:
            name = ""
        if not name:
            raise InputError(f"The weight {item!r} is not understood.", "Write name=number.")
    return weights


def _number(text: str | None, usual: int) -> int:
    bare = (text or "").strip().replace(",", "")
    if not bare:
        return usual
    if not bare.isdecimal():
        raise InputError(f"{bare!r} is no number of pairs.", "Write digits, or leave it empty.")
    return int(bare)


def _proposed(staged: Path | None, named: Path | None, wanted: CorpusSettings) -> str:
    """A name for the corpus: that of the texts, and the languages."""
    stem = named.name if named else ""
    if staged and not stem:
        stem = min((path.name.split(".")[0] for path in staged.iterdir()), default="")
    pair = f"{wanted.source}-{wanted.targets[0]}"
    return stem if stem.endswith(pair) else f"{stem or 'corpus'}-{pair}"


def _kept(path: Path, folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    return str(shutil.copyfile(path, folder / path.name))


def folder_of(context: AppContext, given: str | None) -> Path | None:
    """The folder that a person named, if it may be named here.

    Raises :class:`InputError` if there is none of this name.
    """
    text = "" if context.shared else (given or "").strip()
    if not text:
        return None
    try:
        path = Path(text).expanduser().absolute()
    except RuntimeError:  # ~somebody who is not known here
        path = Path(text)
    if not path.exists():
        raise InputError(f"{text} does not exist.", "Check its name.")
    return path


def again(
    context: AppContext, form: Form, wanted: CorpusSettings, staged: Path | None
) -> dict[Any, Any]:
    """The form filled in as for another corpus; ``staged`` is where its texts are now."""
    rules = wanted.rules
    named = next((path for path in wanted.inputs if staged is None), "")
    counts = {form.dev: wanted.dev, form.test: wanted.test, form.most: wanted.limit or -1}
    return {
        form.staged: str(staged or ""),
        form.folder: "" if context.shared else named,
        form.memory: wanted.memory,
        form.source: wanted.source,
        form.target: wanted.targets[0],
        form.both: wanted.both,
        form.switches: [name for name in _SWITCHES if getattr(rules, name)],
        form.weights: " ".join(f"{name}={weight:g}" for name, weight in wanted.weights.items()),
        **{field: getattr(rules, name) for name, field in form.limits.items()},
        **{field: "" if count < 0 else str(count) for field, count in counts.items()},
    }


def offered(every: Sequence[Alignment], chosen: Sequence[str] | None) -> Any:  # an update
    """The aligned editions that can be texts of a corpus."""
    choices = [(one.about.title, one.id) for one in every if one.ready]
    known = {value for _, value in choices}
    kept = [value for value in chosen or () if value in known]
    return gr.update(choices=choices, value=kept, visible=bool(choices))
