"""What training needs and is not installed: its size, a button, how the installation goes."""

from __future__ import annotations

import threading
from typing import Any

import gradio as gr

from trainer import requirements
from trainer.tabs.tasks import Report, Tasks
from translator.tabs import views
from translator.tabs.context import AppContext

_QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
_KEY = "install"
_LINES = 12


class RequirementsPanel:
    """Shown while packages are missing. Everybody may read it; only the machine's own user may
    install."""

    def __init__(self, context: AppContext, page: gr.Blocks, tab: gr.Tab) -> None:
        self._shared = context.shared
        self._tasks = Tasks()
        self._stop = threading.Event()
        panel = gr.HTML(
            self.html(), elem_id="train-requirements", js_on_load=views.ACTIONS_JS,
            visible=bool(requirements.missing()),
        )  # fmt: skip
        timer = gr.Timer(0.5, active=False)
        outputs = [panel, timer]
        for event in (page.load, tab.select, timer.tick):
            event(self._refresh, None, outputs, **_QUIET)
        panel.click(self._act, None, outputs, **_QUIET)

    def _refresh(self) -> list[Any]:
        seen = self._tasks.get(_KEY)
        running = seen is not None and seen.state == "running"
        visible = running or bool(requirements.missing())
        return [gr.update(value=self.html(), visible=visible), gr.Timer(active=running)]

    def _act(self, event: gr.EventData) -> list[Any]:
        if event.action == "install" and not self._shared:
            self._stop.clear()
            self._tasks.start(_KEY, self._install, "asking the package index")
        elif event.action == "stop":
            self._stop.set()
        return self._refresh()

    def _install(self, report: Report) -> None:
        requirements.install(lambda line: report(line, None), self._stop)

    def html(self) -> str:
        """What is missing, or how its installation goes."""
        names = requirements.missing()
        seen = self._tasks.get(_KEY)
        if seen is not None and seen.state == "running":
            lines = "\n".join(seen.lines[-_LINES:])
            said = views.progress(None, "Installing")
            said += f'<pre class="v-log">{views.escape(lines)}</pre>' if lines else ""
            buttons = views.button("Stop", "stop", "")
        else:
            said = views.error(seen.error) if seen is not None and seen.error else ""
            if self._shared:
                buttons = "<p>Who runs Verso can install them, with verso train --install.</p>"
            else:
                buttons = views.button("Install them", "install", "", kind="v-primary")
        return (
            '<article class="v-card"><header><h3>Training needs a few packages more</h3></header>'
            f"<p>{views.escape(', '.join(names))}: about "
            f"{views.size(requirements.download_size())} to download, into the Python that Verso "
            f'runs in. Translating goes on meanwhile.</p>{said}<div class="v-buttons">{buttons}'
            "</div></article>"
        )
