"""The rows of the review table, and the form that a row becomes. All text is escaped here."""

from __future__ import annotations

from collections.abc import Sequence

from translator import markup
from translator.editing import Found, tags_for, to_write
from translator.errors import InputError
from translator.markup import TagFamily
from translator.memory import Origin
from translator.prompts import UNKNOWN
from translator.records import Entry, Job
from translator.review import Row
from translator.tabs import views
from translator.types import Check, Provenance, Status, Translation

_CHECKS = {
    "copied-source": "same as the source",
    "empty": "nothing came back",
    "glossary": "glossary",
    "leftover": "left over from the prompt",
    "length": "unusual length",
    "links": "web addresses",
    "numbers": "numbers",
    "omission": "something left out",
    "placeholders": "tags",
    "quotes": "quotation marks",
    "repetition": "repeats itself",
    "truncated": "cut off",
    "wrong-language": "wrong language",
}
_ORIGINS = {Origin.PERSON: "edited by a person", Origin.IMPORTED: "imported"}


def check_name(name: str) -> str:
    """The name of a finding in words."""
    return _CHECKS.get(name, name.replace("-", " "))


def row(one: Row, job: Job) -> str:
    """A segment: source, target, how it ended, what the checks found, who wrote it."""
    entry = one.entry
    return _article(
        one,
        f"{_source(entry, job)}"
        f'<div class="v-target">{passage(_target(entry), entry, job.target_language)}</div>'
        f'<div class="v-how">{_how(entry, job)}</div>',
        css="v-flagged" if _flagged(entry) else "",
    )


def form(one: Row, job: Job, found: Sequence[Found], takes_notes: bool) -> str:
    """A segment with its translation in a text area, tags to put in, and the memory's matches."""
    entry = one.entry
    segment, before = entry.segment, _target(entry)
    how = f'<div class="v-how">{_how(entry, job)}</div>'
    leave = _button("leave", "Leave", hint="Esc")
    if segment.keep is not None:
        refusal = views.notice("This part of the book stays as it is.", f"Why: {segment.keep}.")
    else:
        refusal = ""
        try:
            family = tags_for(segment.text, before)
        except InputError as problem:
            refusal = views.error(problem)
    if refusal:
        field = f'<div class="v-edit">{refusal}<div class="v-buttons">{leave}</div></div>'
        return _article(one, _source(entry, job) + field + how, css="v-editing")
    again = ""
    if entry.translation is not None and not _by_person(entry):
        note = (
            '<input class="v-note" maxlength="300" aria-label="Note to the model" '
            'placeholder="Note to the model, e.g. more formal">'
            if takes_notes
            else ""
        )
        again = f'<div class="v-again">{note}{_button("again", "Translate again")}</div>'
    return _article(
        one,
        f"{_source(entry, job)}"
        f'<div class="v-edit">{_field(entry, job, family)}'
        f'<div class="v-wrong" aria-live="polite"></div><div class="v-buttons">'
        f"{_button('save', 'Save', 'v-primary', 'Ctrl+Enter')}{leave}</div></div>{how}"
        f'<div class="v-help">{_matches(found, before, family, job)}{again}</div>',
        css="v-editing",
    )


def _field(entry: Entry, job: Job, family: TagFamily) -> str:
    """The text area, and above it the source's tags to be put in."""
    tag = job.target_language
    rtl = views.direction(tag) == "rtl"
    marks = [str(placeholder) for placeholder in markup.placeholders(entry.segment.text)]
    chips = "".join(
        f'<button type="button" class="v-tag" data-tag="{views.escape(markup.show(mark, family))}" '
        f'data-text="{views.escape(to_write(mark, family, rtl))}" title="Put this tag in">'
        f"{views.escape(markup.show(mark, family))}</button>"
        for mark in marks
    )
    if chips:
        chips = f'<div class="v-chips" aria-label="Tags of the source">{chips}</div>'
    return (
        f'{chips}<textarea class="v-passage" lang="{views.escape(tag)}" '
        f'dir="{views.direction(tag)}" spellcheck="true" aria-label="Translation">\n'
        f"{views.escape(to_write(_target(entry), family, rtl))}</textarea>"
    )


def passage(text: str, entry: Entry, tag: str) -> str:
    """A tagged text in its language, its tags as small marks."""
    lang = f' lang="{views.escape(tag)}"' if views.direction(tag) != "auto" else ""
    return f'<div class="v-passage"{lang} dir="{views.direction(tag)}">{_marked(text, entry)}</div>'


def _marked(text: str, entry: Entry) -> str:
    try:
        family = tags_for(entry.segment.text, _target(entry))
    except InputError:
        family = markup.FAMILIES[0]
    return "".join(
        views.escape(token)
        if isinstance(token, str)
        else f'<bdi class="v-tag">{views.escape(markup.show(str(token), family))}</bdi>'
        for token in markup.tokenize(text)
    )


def _article(one: Row, body: str, css: str) -> str:
    return (
        f'<article class="v-row {css}" id="segment-{one.number}" data-number="{one.number}" '
        f'tabindex="0" aria-label="Segment {one.number + 1}">'
        f'<div class="v-number">{one.number + 1:,}</div>{body}</article>'
    )


def _source(entry: Entry, job: Job) -> str:
    tag = "" if job.source_language == UNKNOWN else job.source_language
    return f'<div class="v-source">{passage(entry.segment.text, entry, tag)}</div>'


def _target(entry: Entry) -> str:
    if entry.translation is not None:
        return entry.translation.text
    return entry.segment.text if entry.segment.keep is not None else ""


def _by_person(entry: Entry) -> bool:
    ended = entry.translation
    return ended is not None and ended.provenance is Provenance.PERSON


def _flagged(entry: Entry) -> bool:
    ended = entry.translation
    if ended is None or _by_person(entry):
        return False
    return ended.status is Status.FAILED or bool(ended.checks)


def _how(entry: Entry, job: Job) -> str:
    ended = entry.translation
    if ended is None:
        return '<span class="v-badge">waiting</span>'
    badge = views.status_badge(ended.status)
    if _by_person(entry):
        badge = '<span class="v-badge v-edited">edited</span>'
    if entry.again is not None:
        note = f": “{views.escape(entry.again)}”" if entry.again else ""
        badge += f'<span class="v-origin">waits for another try{note}</span>'
    why = ""
    if ended.reason and not (ended.checks and ended.status is Status.FAILED):
        css = "v-reason" if ended.status is Status.FAILED else "v-origin"
        why = f'<span class="{css}">{views.escape(ended.reason)}</span>'
    return badge + _origin(entry, job) + why + "".join(map(_finding, ended.checks))


def _origin(entry: Entry, job: Job) -> str:
    ended = entry.translation
    said = ""
    if ended is not None and ended.provenance is Provenance.MEMORY:
        said = f"memory, exact ({ended.model or 'a person or a file'})"
    elif ended is not None and ended.provenance is Provenance.MODEL and ended.model != job.model:
        said = ended.model
    return f'<span class="v-origin">{views.escape(said)}</span>' if said else ""


def why_failed(ended: Translation) -> str:
    """Why a segment failed, in words."""
    fatal = [check for check in ended.checks if check.fatal]
    return (
        "; ".join(
            f"{_title(check)}: {check.detail}" if check.detail else _title(check) for check in fatal
        )
        or ended.reason
    )


def _finding(check: Check) -> str:
    detail = f": {views.escape(check.detail)}" if check.detail else ""
    css = "v-check v-fatal" if check.fatal else "v-check"
    return f'<span class="{css}"><b>{views.escape(_title(check))}</b>{detail}</span>'


def _title(check: Check) -> str:
    name = check_name(check.name)
    return name[:1].upper() + name[1:]


def _matches(found: Sequence[Found], before: str, family: TagFamily, job: Job) -> str:
    found = [match for match in found if match.target != before]
    if not found:
        return '<p class="v-empty">The translation memory has nothing else like this.</p>'
    items = []
    for match in found:
        how = "exact" if match.score >= 100.0 else f"{int(match.score)} % alike"
        who = _ORIGINS.get(match.origin, match.model)
        tag = job.target_language
        text = views.escape(to_write(match.target, family, views.direction(tag) == "rtl"))
        items.append(
            f'<li><div class="v-score">{how}<span class="v-origin">{views.escape(who)}</span></div>'
            f"{views.passage(match.source, job.source_language)}"
            f'<div class="v-passage" lang="{views.escape(tag)}" dir="{views.direction(tag)}">'
            f"{text}</div>"
            f'<button type="button" class="v-button" data-do="use" data-text="{text}">'
            "Use</button></li>"
        )
    return f'<h4>Translation memory</h4><ul class="v-matches">{"".join(items)}</ul>'


def _button(do: str, label: str, css: str = "", hint: str = "") -> str:
    key = f"<kbd>{hint}</kbd>" if hint else ""
    return f'<button type="button" class="v-button {css}" data-do="{do}">{label}{key}</button>'
