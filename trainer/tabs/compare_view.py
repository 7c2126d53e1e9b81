"""The list of campaigns, and how one of them stands, as HTML. Knows values only, no folders."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.background import Status
from trainer.campaigns.protocols import protocol
from trainer.campaigns.types import CampaignSettings, Stage
from translator.tabs import views
from translator.wording import plural

NEW = "new"  # what is in sight instead of a campaign; no campaign has such an id
_WORDS: dict[Stage, tuple[str, str]] = {
    "making": ("being made", "v-live"),
    "open": ("open", "v-wait"),
    "locked": ("locked", "v-kept"),
    "failed": ("not made", "v-failed"),
}
_FATAL = ' class="v-fatal"'
# Buttons act, and a link is copied with the address under which this page was opened.
LINKS_JS = (
    views.ACTIONS_JS
    + """
element.addEventListener('click', async (event) => {
  const button = event.target.closest('[data-copy]');
  if (!button) return;
  const field = button.closest('.v-link').querySelector('input');
  field.select();
  try { await navigator.clipboard.writeText(field.value); } catch { document.execCommand('copy'); }
  const label = button.textContent;
  button.textContent = 'Copied';
  setTimeout(() => { button.textContent = label; }, 1500);
});
const absolute = () => element.querySelectorAll('.v-link input').forEach((field) => {
  const address = new URL(field.value, document.baseURI).href;
  if (field.value !== address) field.value = address;
});
absolute();
new MutationObserver(absolute).observe(element, {childList: true, subtree: true});
"""
)


@dataclass(frozen=True, slots=True)
class Rater:
    """A reviewer in the owner's eyes. ``link`` is a path of this server; empty once revoked."""

    id: str
    name: str
    link: str = ""
    done: int = 0
    total: int = 0
    seconds: float = 0.0  # of attention so far
    agreed: bool | None = None  # to the consent line; None: not asked yet


@dataclass(frozen=True, slots=True)
class Flag:
    """Outputs of one system that failed a check: the owner's business only."""

    system: str
    check: str
    count: int
    example: str = ""
    fatal: bool = False  # would not stand in a book


@dataclass(frozen=True, slots=True)
class Seen:
    """A campaign as the page shows it."""

    settings: CampaignSettings
    stage: Stage
    making: Status | None = None  # of the job that makes the outputs
    systems: tuple[str, ...] = ()
    items: int = 0
    documents: int = 0
    raters: tuple[Rater, ...] = ()
    flags: tuple[Flag, ...] = ()
    revealed: str = ""  # by whom and when, in words; empty: not yet
    problem: str = ""  # what is wrong with its files

    @property
    def id(self) -> str:
        """The campaign's id."""
        return self.settings.id

    @property
    def done(self) -> int:
        """Answers so far."""
        return sum(rater.done for rater in self.raters)

    @property
    def total(self) -> int:
        """Answers that are wanted."""
        return sum(rater.total for rater in self.raters)


def badge(stage: Stage) -> str:
    """The stage in a word and a colour."""
    word, kind = _WORDS[stage]
    return f'<span class="v-badge {kind}">{word}</span>'


def listing(campaigns: Sequence[Seen], chosen: str) -> str:
    """The list on the left; ``chosen`` is a campaign's id or :data:`NEW`."""
    new = (
        f'<ul class="v-list"><li><button type="button" class="v-item" data-action="open" '
        f'data-id="{NEW}"{_current(chosen == NEW)}><strong>New campaign</strong></button></li></ul>'
    )
    if not campaigns:
        return new
    return f'{new}<ul class="v-list v-runs">{"".join(_item(one, chosen) for one in campaigns)}</ul>'


def place(chosen: str) -> str:
    """A mark by which the style sheet shows the form or a campaign."""
    return f'<i data-shown="{NEW if chosen == NEW else "campaign"}"></i>'


def _current(chosen: bool) -> str:
    return ' aria-current="true"' if chosen else ""


def _item(one: Seen, chosen: str) -> str:
    name = one.settings.name
    bar = ""
    if one.stage == "making" and one.making is not None and one.making.running:
        bar = views.progress(one.making.fraction, f"Making of {name}")
    elif one.stage == "open" and one.total:
        bar = views.progress(one.done / one.total, f"Ratings of {name}")
    facts = (
        f"{one.settings.source} → {one.settings.target}",
        f"{one.done:,} of {one.total:,} rated" if one.stage == "open" else "",
    )
    return (
        f'<li><button type="button" class="v-item" data-action="open" '
        f'data-id="{views.escape(one.id)}" data-stage="{one.stage}"{_current(one.id == chosen)}>'
        f"<span><strong>{views.escape(name)}</strong>{badge(one.stage)}</span>"
        f"{views.figures(facts)}{bar}</button></li>"
    )


def head(one: Seen) -> str:
    """Name, stage, what it is, and what can be done now."""
    settings = one.settings
    facts = views.figures(
        (
            views.language_pair(settings.source, settings.target),
            protocol(settings.protocol).title,
            plural(len(one.systems), "system") if one.systems else "",
            plural(one.documents, "document") if one.documents else "",
            plural(one.items, "item") if one.items else "",
        )
    )
    return (
        f'<div class="v-run-head" data-campaign="{views.escape(one.id)}" data-stage="{one.stage}">'
        f"<header><h2>{views.escape(settings.name)}</h2>{badge(one.stage)}</header>{facts}"
        f'{_said(one)}<div class="v-buttons">{_buttons(one)}</div></div>'
    )


def _said(one: Seen) -> str:
    making = one.making
    if one.problem:
        return views.notice(one.problem, kind="error")
    if one.stage == "making" and making is not None and making.running:
        text = f'<p class="v-sentence">{views.escape(making.text)} …</p>'
        rest = '<p class="v-empty">You may close this page: the work goes on.</p>'
        return text + views.progress(making.fraction, making.text) + rest
    if one.stage in ("making", "failed"):
        if making is not None and making.state == "failed":
            return views.notice(making.message, making.hint, kind="error")
        return views.notice("Stopped; what was made is kept.", "“Go on” makes the rest.")
    if one.stage == "locked":
        if one.revealed:
            return views.notice("Rating is over.", f"Revealed {one.revealed}.")
        return views.notice("Rating is over.", "Reveal shows which system is which.")
    if not one.done:
        return views.notice("Ready to be rated.", "Give each reviewer their own link below.")
    if one.done >= one.total:
        return views.notice("Everything is rated.", "Lock it to see which system is which.")
    return ""


def _buttons(one: Seen) -> str:
    id_, name = one.id, one.settings.name
    making = one.making is not None and one.making.running
    buttons = []
    if one.stage in ("making", "failed"):
        if making:
            buttons.append(views.button("Stop", "stop", id_))
        else:
            buttons.append(views.button("Go on", "resume", id_, kind="v-primary"))
    elif one.stage == "open":
        left = one.total - one.done
        missing = f" {plural(left, 'answer')} will be missing." if left else ""
        ask = f"End the rating of “{name}”? Nobody can rate after that.{missing}"
        kind = "" if left else "v-primary"
        buttons.append(views.button("Lock", "lock", id_, kind=kind, confirm=ask))
    elif not one.revealed:
        buttons.append(views.button("Reveal the systems", "reveal", id_, kind="v-primary"))
    if not making:
        ask = f"Delete “{name}” with all its ratings? This cannot be undone."
        buttons.append(views.button("Delete", "delete", id_, kind="v-danger", confirm=ask))
    return "".join(buttons)


def raters(one: Seen, *, reach: str) -> str:
    """The reviewers: their links and how far each is. ``reach`` says how others get here."""
    if one.stage not in ("open", "locked") or not one.raters:
        return ""
    rows = "".join(_rater(rater, one.stage) for rater in one.raters)
    hint = f'<p class="v-reach">{reach}</p>' if one.stage == "open" else ""
    return (
        f'<section class="v-part"><h3>Reviewers</h3>{hint}'
        f'<ul class="v-raters">{rows}</ul></section>'
    )


def _rater(rater: Rater, stage: Stage) -> str:
    share = rater.done / rater.total if rater.total else 0.0
    pace = views.duration(rater.seconds / rater.done) + " each" if rater.done else ""
    facts = views.figures(
        (
            f"{rater.done:,} of {rater.total:,}",
            pace,
            "answers may not be used to train" if rater.agreed is False else "",
        )
    )
    link = ""
    if stage == "open" and rater.link:
        name = views.escape(rater.name)
        link = (
            f'<div class="v-link"><input class="v-input" readonly aria-label="Link of {name}" '
            f'value="{views.escape(rater.link)}"><button type="button" class="v-button" data-copy>'
            f'Copy</button><a class="v-button" href="{views.escape(rater.link)}" target="_blank" '
            'rel="noreferrer">Open</a>'
            + views.button(
                "New link", "renew", rater.id,
                confirm=f"Make a new link for {rater.name}? The old one stops working.",
            )
            + "</div>"
        )  # fmt: skip
    return (
        f'<li data-reviewer="{views.escape(rater.id)}"><div class="v-rater"><strong>'
        f"{views.escape(rater.name)}</strong>{facts}</div>"
        f"{views.progress(share, f'Progress of {rater.name}')}{link}</li>"
    )


def flags(one: Seen) -> str:
    """Outputs that failed checks. Reviewers never hear of them."""
    if not one.flags:
        return ""
    rows = "".join(
        f"<tr><td>{views.escape(flag.system)}</td><td{_FATAL if flag.fatal else ''}>"
        f"{views.escape(flag.check)}</td>"
        f"<td>{flag.count:,}</td><td>{views.escape(flag.example)}</td></tr>"
        for flag in one.flags
    )
    return (
        '<section class="v-part"><h3>Outputs to look at</h3><p>Verso’s checks found these. '
        "Only you see it: reviewers rate them like any other.</p>"
        '<div class="v-scroll"><table class="v-figures-table"><thead><tr><th>System</th><th>Check'
        f"</th><th>Outputs</th><th>For example</th></tr></thead><tbody>{rows}</tbody></table></div>"
        "</section>"
    )


def seal(one: Seen) -> str:
    """The systems, and the public hash of the key."""
    systems = "".join(f"<li>{views.escape(name)}</li>" for name in one.systems)
    made = time.strftime("%Y-%m-%d %H:%M", time.localtime(one.settings.created))
    key = (
        f'<p>SHA-256 of the key: <code class="v-path">{one.settings.key_hash}</code></p>'
        if one.settings.key_hash
        else ""
    )
    return (
        f'<ul class="v-systems">{systems}</ul><p>Made {made}. Which output is of which system '
        f"stands in the key, which stays on this machine until the lock.</p>{key}"
    )


def lessons(one: Seen) -> str:
    """What the answers of a locked campaign can do for the next model."""
    if one.stage != "locked" or not one.done:
        return ""
    refused = sum(rater.agreed is False for rater in one.raters)
    left = (
        f" Answers of {plural(refused, 'reviewer')} who did not agree are left out."
        if refused
        else ""
    )
    edits = protocol(one.settings.protocol).asks & {"edit"}
    buttons = views.button("Train on this campaign", "teach", one.id, kind="v-primary")
    if edits:
        buttons += views.button("Save edits to the memory", "remember", one.id)
    return (
        '<section class="v-part"><h3>What it teaches</h3><p>Edits and good translations become '
        "examples, preferences become pairs to learn from; tests of the reviewers never do."
        f'{left}</p><div class="v-buttons">{buttons}</div></section>'
    )
