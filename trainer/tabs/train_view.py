"""The list of trainings, and how one of them stands, as HTML."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from trainer.config import RunSettings
from trainer.runs import Run, Status
from translator.errors import VersoError
from translator.tabs import views
from translator.wording import plural

# What is in sight instead of a run; no run has such an id.
PLACES = NEW, TEXTS = "new", "texts"
WORDS = {
    "prepared": "not started",
    "queued": "waiting",
    "starting": "starting",
    "training": "training",
    "evaluating": "evaluating",
    "stopping": "stopping",
    "stopped": "stopped",
    "done": "done",
    "failed": "failed",
    "lost": "interrupted",
}
_KINDS = {
    "starting": "v-live",
    "training": "v-live",
    "evaluating": "v-live",
    "stopping": "v-live",
    "queued": "v-wait",
    "done": "v-kept",
    "failed": "v-failed",
    "lost": "v-failed",
}
_METHODS = {"lora": "LoRA", "qlora": "QLoRA", "full": "all weights"}


def badge(status: Status) -> str:
    """The state in a word and a colour."""
    kind = _KINDS.get(status.state, "")
    return f'<span class="v-badge {kind}">{WORDS.get(status.state, status.state)}</span>'


def base_name(base: str) -> str:
    """A base model in short: its id, or the last part of a folder."""
    return Path(base).name if base.startswith(("/", "\\", "~")) else base


def listing(
    runs: Sequence[tuple[Run, RunSettings | None, Status]],
    chosen: str,
    called: Callable[[str], str] = base_name,
) -> str:
    """The list on the left; ``chosen`` is a run's id, :data:`NEW` or :data:`TEXTS`. ``called``
    gives the name of a base model.
    """
    places = "".join(
        f'<li><button type="button" class="v-item" data-action="open" data-id="{place}"'
        f"{_current(place == chosen)}><strong>{name}</strong></button></li>"
        for place, name in ((TEXTS, "Texts"), (NEW, "New training"))
    )
    items, parent = "", ""
    for run, settings, status in runs:
        search = settings.parent if settings else ""
        if search and search != parent:
            items += f'<li class="v-search">Search {views.escape(search)}</li>'
        parent = search
        items += _item(run, settings, status, chosen, called)
    rest = f'<ul class="v-list v-runs">{items}</ul>' if runs else ""
    return f'<ul class="v-list">{places}</ul>{rest}'


def place(chosen: str) -> str:
    """A mark by which the style sheet shows what is chosen: texts, a new training, or a run."""
    return f'<i data-shown="{chosen if chosen in PLACES else "run"}"></i>'


def _current(chosen: bool) -> str:
    return ' aria-current="true"' if chosen else ""


def _item(
    run: Run,
    settings: RunSettings | None,
    status: Status,
    chosen: str,
    called: Callable[[str], str],
) -> str:
    name = settings.name if settings else run.id
    trial = bool(settings and settings.parent)
    bar = ""
    if status.busy and status.state != "queued":
        bar = views.progress(fraction(status), f"Progress of {name}")
    return (
        f'<li{" class=v-child" if trial else ""}><button type="button" class="v-item" '
        f'data-action="open" data-id="{views.escape(run.id)}" data-state="{status.state}"'
        f"{_current(run.id == chosen)}>"
        f"<span><strong>{views.escape(name)}</strong>{badge(status)}</span>"
        f"{views.figures(_in_short(settings, status, called))}{bar}</button></li>"
    )


def _in_short(
    settings: RunSettings | None, status: Status, called: Callable[[str], str]
) -> Iterable[str]:
    if settings is None:
        return ("its run.toml cannot be read",)
    best = _score(status, settings)
    return (called(settings.model.base), best or method(settings))


def method(settings: RunSettings) -> str:
    """``LoRA, rank 16``; ``LoRA, rank 16, GRPO`` where it does not only imitate."""
    said = _METHODS[settings.method.kind]
    said += "" if settings.method.kind == "full" else f", rank {settings.method.rank}"
    beyond = settings.preference.kind
    return said if beyond == "none" else f"{said}, {beyond.upper()}"


def fraction(status: Status) -> float | None:
    """The share of the steps that are done."""
    return status.step / status.steps if status.steps else None


def head(
    run: Run,
    settings: RunSettings | None,
    status: Status,
    called: Callable[[str], str] = base_name,
) -> str:
    """Name, state, and what can be done. Changes with the state only, not with each step."""
    name = settings.name if settings else run.id
    title = f"<header><h2>{views.escape(name)}</h2>{badge(status)}</header>"
    about = views.figures(_about(settings, status, called)) if settings else ""
    return (
        f'<div class="v-run-head" data-run="{views.escape(run.id)}" data-state="{status.state}">'
        f"{title}{about}{_said(status)}"
        f'<div class="v-buttons">{_buttons(run, name, status)}</div></div>'
    )


def _about(settings: RunSettings, status: Status, called: Callable[[str], str]) -> Iterable[str]:
    return (
        called(settings.model.base),
        method(settings),
        f"texts “{Path(settings.data.corpus).name}”",
        plural(status.rows, "example") if status.rows else "",
        ", ".join(map(pair, settings.data.directions)),
        f"stage {status.stage}" if status.stage else "",
    )


def pair(direction: str) -> str:
    """``en>de`` as ``English → German``."""
    source, _, target = direction.partition(">")
    return views.language_pair(source, target)


def _said(status: Status) -> str:
    if status.state == "prepared":
        return views.notice("Ready.", "Start begins the training; it goes on without this page.")
    if status.state == "queued":
        return views.notice("Waits for another training to end.", "It then begins by itself.")
    if status.state == "stopping":
        return views.notice("Saving a checkpoint, then it stops.")
    if status.state in ("failed", "lost"):
        said = status.message or "It ended with an error."
        return views.notice(said, status.hint or "The log below says more.", kind="error")
    if status.state == "stopped":
        at = f" at step {status.step:,}" if status.step else ""
        return views.notice(f"Stopped{at}; all is saved.", "Resume goes on from there.")
    if status.state == "done":
        took = _took(status)
        best = (
            f" The best checkpoint is that of step {status.best_step:,}."
            if has_best(status)
            else ""
        )
        return views.notice(f"Finished{took}.{best}", status.message)
    return views.notice(status.message, status.hint) if status.message else ""


def has_best(status: Status) -> bool:
    """Whether a best checkpoint is known."""
    return status.best_score is not None and status.best_step > 0


def _took(status: Status) -> str:
    if status.started and status.finished > status.started:
        return f" in {views.duration(status.finished - status.started)}"
    return ""


def _progress(status: Status) -> str:
    if not status.busy or status.state == "queued":
        return ""
    known = None if status.state == "starting" else fraction(status)
    return views.progress(known, "Progress")


def facts(settings: RunSettings | None, status: Status) -> str:
    """How far it is, in figures."""
    running = status.busy
    known = [
        ("Step", f"{status.step:,}", f"of {status.steps:,}" if status.steps else "")
        if status.step or status.steps
        else None,
        ("Time left", _left(status.eta), "") if running and status.eta is not None else None,
        ("Loss", _number(status.loss), f"dev {status.dev_loss:.3f}" if status.dev_loss else "")
        if status.loss is not None
        else None,
        ("chrF++", f"{status.chrf:.1f}", _best(settings, status))
        if status.chrf is not None
        else None,
        ("Speed", f"{status.tokens_per_second:,.0f}", "target tokens a second")
        if status.tokens_per_second
        else None,
        ("Memory", views.size(int(status.memory_mb * 1e6)), "") if status.memory_mb else None,
    ]
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{views.escape(value)}"
        f"{f'<small>{views.escape(more)}</small>' if more else ''}</dd></div>"
        for name, value, more in filter(None, known)
    )
    figures = f'<dl class="v-run-facts">{cells}</dl>' if cells else ""
    return _progress(status) + figures


def _best(settings: RunSettings | None, status: Status) -> str:
    if settings is None or settings.evaluation.metric != "chrf" or not has_best(status):
        return ""
    return f"best {status.best_score:.1f} at {status.best_step:,}"


def _score(status: Status, settings: RunSettings) -> str:
    if status.best_score is None:
        return ""
    if settings.evaluation.metric == "chrf":
        return f"chrF++ {status.best_score:.1f}"
    return f"dev loss {status.best_score:.3f}"


def _left(seconds: float | None) -> str:
    return views.duration(max(seconds or 0.0, 10.0))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _buttons(run: Run, name: str, status: Status) -> str:
    buttons = []
    if status.state == "prepared":
        buttons.append(views.button("Start", "start", run.id, kind="v-primary"))
    elif status.state in ("stopped", "failed", "lost"):
        verb = "Resume" if run.checkpoints() else "Start again"
        buttons.append(views.button(verb, "resume", run.id, kind="v-primary"))
    elif status.busy and status.state != "stopping":
        verb = "Stop waiting" if status.state == "queued" else "Stop and save"
        buttons.append(views.button(verb, "stop", run.id))
    if run.checkpoints():
        buttons.append(views.button("Compare blind", "compare", run.id))
    buttons.append(views.button("Clone", "clone", run.id))
    if not status.busy:
        ask = f"Delete the training “{name}” with its checkpoints? Exported models stay."
        buttons.append(views.button("Delete", "delete", run.id, kind="v-danger", confirm=ask))
    return "".join(buttons)


def read_settings(run: Run) -> RunSettings | None:
    """The settings of a run; ``None`` if its file was broken by hand."""
    try:
        return run.settings
    except VersoError:
        return None
