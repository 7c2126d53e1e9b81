"""What a model would learn from: prompts with the trained tokens marked, lengths, what is cut."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from trainer import background, preview_job, requirements
from trainer.config import RunSettings
from trainer.tabs import train_view
from translator.errors import VersoError
from translator.tabs import views
from translator.tabs.context import AppContext
from translator.tabs.owner import owner_of
from translator.wording import plural

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_LONGEST = 1500  # characters of one part of a prompt


class PreviewPanel:
    """A button, and below it the answer when it has come."""

    def __init__(self, context: AppContext) -> None:
        self._home = context.settings.home
        self.button = gr.Button(
            "Preview what it learns from",
            size="sm",
            elem_id="train-preview-start",
            elem_classes=["v-quiet", "v-alone"],
        )
        self._place = gr.HTML(elem_id="train-preview")
        self._timer = gr.Timer(0.5, active=False)

    def wire(
        self, inputs: set[Any], settings: Callable[[Mapping[Any, Any], str], RunSettings]
    ) -> None:
        """``settings`` makes those of the page of the values of ``inputs`` and the owner."""
        outputs = [self._place, self._timer]

        def begin(given: dict[Any, Any], request: gr.Request) -> list[Any]:
            owner = owner_of(request)
            try:
                requirements.require()
                preview_job.start(self._folder(owner), settings(given, owner), self._home)
            except VersoError as problem:
                return [views.error(problem), gr.Timer(active=False)]
            return [_WORKING, gr.Timer(active=True)]

        def look(request: gr.Request) -> list[Any]:
            folder = self._folder(owner_of(request))
            status = background.status(folder)
            if status.running:
                return [gr.skip(), gr.skip()]
            if status.state == "failed":
                said = views.notice(status.message, status.hint, kind="error")
                return [said, gr.Timer(active=False)]
            return [html(preview_job.answer(folder)), gr.Timer(active=False)]

        self.button.click(begin, inputs, outputs, **_QUIET)
        self._timer.tick(look, None, outputs, **_QUIET)

    def _folder(self, owner: str) -> Path:
        return self._home / "previews" / hashlib.sha256(owner.encode()).hexdigest()[:16]


_WORKING = views.progress(None, "Preview") + '<p class="v-facts">Looking at the texts …</p>'


def html(found: Mapping[str, Any]) -> str:
    """A :class:`trainer.preview.Preview` (as JSON) in HTML."""
    if not found:
        return ""
    share = found["target_tokens"] / found["tokens"]
    limit = found["limit"]
    seen = ""
    if found["estimated"] > found["examples"]:
        seen = f" of about {found['estimated']:,}, drawn at random"
    facts = views.figures(
        (
            f"{plural(found['examples'], 'example')}{seen}",
            f"prompt style “{found['style']}”",
            f"{share:.0%} of {found['tokens']:,} tokens are trained",
            f"longest: {found['longest']:,} tokens",
        )
    )
    unusable = "".join(
        views.notice(f"{plural(count, 'line')} cannot be used: {reason}.", kind="warning")
        for reason, count in found["unusable"].items()
    )
    return (
        f'<div class="v-learns">{facts}{_cut(limit, found["enough"])}{unusable}'
        f"{_bars(found['lengths'], limit['length'])}{''.join(map(_prompt, found['samples']))}</div>"
    )


def _cut(limit: Mapping[str, Any], enough: int) -> str:
    length = f"{limit['length']:,} tokens"
    if not limit["too_long"]:
        return views.notice(f"Nothing is longer than {length}.")
    return views.notice(
        f"{limit['too_long']:.1%} of the examples are longer than {length}, and with them "
        f"{limit['dropped']:.1%} of the text to be learned.",
        f"“Longer examples” says what becomes of them; 99% have room in {enough:,}.",
        kind="warning",
    )


def _bars(lengths: list[list[int]], limit: int) -> str:
    used = [n for n, (_, count) in enumerate(lengths) if count]
    shown = lengths[used[0] : used[-1] + 1] if used else []
    most = max((count for _, count in shown), default=1)
    bars = "".join(
        f'<i class="{"v-over" if not bound or bound > limit else ""}" '
        f'style="height:{100 * count / most:.1f}%" '
        f'title="{f"up to {bound:,}" if bound else "more"} tokens: {count:,}">'
        f"<span>{f'{bound:,}' if bound else 'more'}</span></i>"
        for bound, count in shown
    )
    return (
        '<p class="v-facts">Examples by length in tokens</p>'
        f'<div class="v-bars" role="img" aria-label="Lengths of the examples">{bars}</div>'
    )


def _prompt(sample: Mapping[str, Any]) -> str:
    text = "".join(
        f"<mark>{_short(part)}</mark>" if trained else _short(part)
        for part, trained in sample["spans"]
    )
    tokens = f"{sample['prompt_tokens']:,} tokens are read, {sample['target_tokens']:,} trained"
    return (
        f'<p class="v-facts">{views.escape(train_view.pair(sample["direction"]))}: {tokens}</p>'
        f'<div class="v-prompt" dir="auto">{text}</div>'
    )


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        text = f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
    return views.escape(text)
