"""Source beside target, a row a segment, with how it ended and what the checks found."""

from __future__ import annotations

from collections.abc import Mapping

from translator.tabs import views
from translator.translator import SegmentResult
from translator.wording import plural

_MOST_ROWS = 1000


def table(results: Mapping[int, SegmentResult], source: str, target: str, total: int) -> str:
    """HTML of the segments that are finished, in the order of the text."""
    if not results:
        return (
            '<p class="v-empty">Each piece of the text appears here beside its translation, with '
            "what the checks found, as soon as it is done.</p>"
        )
    rows = "".join(
        _row(index, results[index], source, target) for index in sorted(results)[:_MOST_ROWS]
    )
    more = ""
    if len(results) > _MOST_ROWS:
        more = f'<p class="v-empty">{len(results) - _MOST_ROWS:,} more are not shown here.</p>'
    return (
        '<div class="v-scroll" tabindex="0" role="region" aria-label="Segments">'
        '<table class="v-segments"><thead><tr><th scope="col">#</th>'
        f'<th scope="col">{views.escape(views.language_name(source)) or "Source"}</th>'
        f'<th scope="col">{views.escape(views.language_name(target))}</th>'
        f'<th scope="col">Status</th></tr></thead><tbody>{rows}</tbody></table></div>{more}'
        f'<p class="v-empty">{len(results):,} of {plural(total, "segment")} done</p>'
    )


def _row(index: int, result: SegmentResult, source: str, target: str) -> str:
    translation = result.translation
    reason = translation.reason
    why = f'<span class="v-reason">{views.escape(reason)}</span>' if reason else ""
    return (
        f"<tr><td>{index + 1}</td>"
        f"<td>{views.passage(result.segment.text, source)}</td>"
        f"<td>{views.passage(translation.text, target)}</td>"
        f"<td>{views.status_badge(translation.status, reason)}{why}"
        f"{views.check_list(translation.checks)}</td></tr>"
    )
