"""Small pieces of HTML that several tabs show. All text in them is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable

from translator import languages
from translator.errors import VersoError
from translator.models.spec import ModelSpec
from translator.types import Check, Status

# Lets buttons inside an HTML component act: its ``click`` event carries their data attributes.
# A question in ``data-confirm`` is asked first.
ACTIONS_JS = """
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (!button || button.disabled) return;
  if (button.dataset.confirm && !window.confirm(button.dataset.confirm)) return;
  trigger('click', {action: button.dataset.action, id: button.dataset.id});
});
"""


def escape(text: object) -> str:
    """Text for HTML content and for attributes in double quotes."""
    return html.escape(str(text), quote=True)


def error(problem: VersoError) -> str:
    """A problem and what to do about it."""
    return notice(problem.message, problem.hint, kind="error")


def notice(message: str, hint: str = "", kind: str = "info") -> str:
    """A sentence set apart; ``kind`` is "info", "warning" or "error"."""
    role = "alert" if kind == "error" else "status"
    more = f'<span class="v-hint">{escape(hint)}</span>' if hint else ""
    return (
        f'<div class="v-notice v-{kind}" role="{role}"><strong>{escape(message)}</strong>'
        f"{more}</div>"
    )


def button(label: str, action: str, id: str, *, kind: str = "", confirm: str = "") -> str:
    """A button whose click reaches the component's ``click`` event (see ``ACTIONS_JS``)."""
    ask = f' data-confirm="{escape(confirm)}"' if confirm else ""
    return (
        f'<button type="button" class="v-button {kind}" data-action="{escape(action)}" '
        f'data-id="{escape(id)}"{ask}>{escape(label)}</button>'
    )


def progress(fraction: float | None, label: str) -> str:
    """A progress bar; ``None`` when how far it is cannot be known."""
    if fraction is None:
        return f'<div class="v-bar v-busy" role="progressbar" aria-label="{escape(label)}"></div>'
    percent = min(max(fraction, 0.0), 1.0) * 100
    return (
        f'<div class="v-bar" role="progressbar" aria-label="{escape(label)}" aria-valuemin="0" '
        f'aria-valuemax="100" aria-valuenow="{percent:.0f}">'
        f'<span style="width:{percent:.2f}%"></span></div>'
    )


def figures(parts: Iterable[str]) -> str:
    """Short facts in a row; empty ones are left out."""
    facts = "".join(f"<span>{escape(part)}</span>" for part in parts if part)
    return f'<div class="v-figures">{facts}</div>'


def step(number: int, title: str, about: str) -> str:
    """The heading of a step of a form."""
    return (
        f'<div class="v-step"><b>{number}</b><div><h2>{escape(title)}</h2>'
        f"<p>{escape(about)}</p></div></div>"
    )


def size(count: int) -> str:
    """A number of bytes for people, in powers of ten as shops and disks count."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if count >= factor:
            return f"{count / factor:.{1 if unit == 'GB' else 0}f} {unit}"
    return f"{count} bytes"


def duration(seconds: float) -> str:
    """A span of time for people, two units at most."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def language_name(tag: str) -> str:
    """The English name of a language, or the tag where it is not in the table."""
    try:
        return languages.get(tag).name if tag else ""
    except VersoError:
        return tag


def language_pair(source: str, target: str) -> str:
    """``English → German``."""
    return f"{language_name(source)} → {language_name(target)}"


def language_choices(first: tuple[str, str] | None = None) -> list[tuple[str, str]]:
    """Choices for a dropdown: English and own name, so a search finds either."""
    named = [
        (lang.name if lang.name == lang.native else f"{lang.name} · {lang.native}", lang.tag)
        for lang in languages.LANGUAGES
    ]
    return [first, *named] if first else named


def direction(tag: str) -> str:
    """``rtl`` or ``ltr``; ``auto`` where the language is not known."""
    known = next((lang for lang in languages.LANGUAGES if lang.tag == tag), None)
    return known.direction if known else "auto"


def passage(text: str, tag: str, css: str = "") -> str:
    """A paragraph of a document in its own language and direction."""
    lang = f' lang="{escape(tag)}"' if direction(tag) != "auto" else ""
    return f'<div class="v-passage {css}"{lang} dir="{direction(tag)}">{escape(text)}</div>'


def status_badge(status: Status, reason: str = "") -> str:
    """How a segment ended, in one word and not by colour alone."""
    title = f' title="{escape(reason)}"' if reason else ""
    return f'<span class="v-badge v-{status.value}"{title}>{status.value}</span>'


def check_list(checks: Iterable[Check]) -> str:
    """What the checks found."""
    return "".join(
        f'<span class="v-check{" v-fatal" if check.fatal else ""}">{escape(check.name)}'
        f"{': ' + escape(check.detail) if check.detail else ''}</span>"
        for check in checks
    )


def model_label(spec: ModelSpec, installed: bool) -> str:
    """A model's line in a dropdown."""
    if installed:
        return spec.name
    return f"{spec.name} (not downloaded, {size(spec.bytes)})"
