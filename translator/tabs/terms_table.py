"""The table in which a person edits the rows of a glossary, as HTML with inputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from translator.glossary_rows import Problem, Row
from translator.tabs import views

MOST = 2000  # rows that a page edits
_FIND_FROM = 12  # rows from which a search field pays

# Rows are added, deleted, searched and marked as kept in the browser; any other action is an
# event that carries all rows.
TABLE_JS = """
const rows = () => [...element.querySelectorAll('tr[data-row]')];
const field = (row, name) => row.querySelector(`[name=${name}]`);
const changed = () => element.querySelector('.v-gloss')?.classList.add('v-unsaved');
const keep = (row) => {
  const target = field(row, 'target');
  target.readOnly = field(row, 'keep').checked;
  if (target.readOnly) target.value = field(row, 'source').value;
};
const add = (focus) => {
  const body = element.querySelector('tbody');
  const row = element.querySelector('template').content.firstElementChild.cloneNode(true);
  body.append(row);
  if (focus) field(row, 'source').focus();
};
element.addEventListener('click', (event) => {
  const button = event.target.closest('[data-action]');
  if (!button) return;
  if (button.dataset.action === 'add-row') { add(true); return; }
  if (button.dataset.action === 'keep-all') {
    for (const row of rows()) {
      if (row.hidden || field(row, 'target').value) continue;
      field(row, 'keep').checked = true;
      keep(row);
    }
    changed();
    return;
  }
  if (button.dataset.action === 'delete-row') {
    const row = button.closest('tr');
    const next = row.nextElementSibling;
    if (next && !next.dataset.row) next.remove();
    const near = row.nextElementSibling || row.previousElementSibling;
    row.remove();
    if (!rows().length) add(false);
    (near && near.querySelector('input') || element.querySelector('tbody input')).focus();
    changed();
    return;
  }
  if (button.dataset.confirm && !window.confirm(button.dataset.confirm)) return;
  trigger('click', {
    action: button.dataset.action,
    rows: rows().map((row) => [
      field(row, 'source').value, field(row, 'target').value, field(row, 'keep').checked,
      field(row, 'note').value,
    ]),
  });
});
element.addEventListener('input', (event) => {
  if (event.target.name === 'find') {
    const wanted = event.target.value.toLowerCase();
    for (const row of rows()) {
      const text = ['source', 'target', 'note'].map((name) => field(row, name).value).join('\\n');
      row.hidden = !text.toLowerCase().includes(wanted);
    }
    return;
  }
  changed();
  const row = event.target.closest('tr[data-row]');
  if (row && event.target.name !== 'note') keep(row);
});
element.addEventListener('keydown', (event) => {
  const row = event.target.closest('tr[data-row]');
  if (event.key !== 'Enter' || !row || event.target.type !== 'text' || event.isComposing) return;
  event.preventDefault();
  const all = rows();
  const next = all[all.indexOf(row) + 1];
  if (next) field(next, event.target.name).focus(); else add(true);
});
"""


def table(
    rows: Sequence[Row],
    languages: tuple[str, str],
    problems: Iterable[Problem] = (),
    *,
    buttons: str,
    unsaved: bool = False,
) -> str:
    """The table, with what is wrong below the rows and ``buttons`` (HTML) at its foot."""
    said = {problem.row: problem.message for problem in problems}
    lines = "".join(
        _row(row, languages, said.get(number, ""), number)
        for number, row in enumerate([*rows] or [Row("")], 1)
    )
    find = ""
    if len(rows) >= _FIND_FROM:
        find = (
            '<input type="search" name="find" class="v-input v-find" placeholder="Find a term" '
            'aria-label="Find a term">'
        )
    return (
        f'<div class="v-gloss{" v-unsaved" if unsaved else ""}">{find}<div class="v-scroll">'
        "<table><thead><tr><th>Term</th><th>Translation</th><th>Keep</th><th>Note</th>"
        f'<th><span class="v-away">Delete</span></th></tr></thead><tbody>{lines}</tbody></table>'
        f"</div><template>{_row(Row(''), languages)}</template>"
        f'<div class="v-buttons">{buttons}'
        '<span class="v-unsaved-note" role="status">Not saved yet</span></div></div>'
    )


def given(rows: object) -> list[Row]:
    """The rows that an event of the table carries."""
    assert isinstance(rows, list)
    return [
        Row(str(source), str(target), bool(keep), str(note)) for source, target, keep, note in rows
    ]


def _row(row: Row, languages: tuple[str, str], problem: str = "", number: int = 0) -> str:
    checked = " checked" if row.keep else ""
    said = ""
    if problem:
        said = (
            f'<tr class="v-wrong"><td colspan="5" role="alert">Row {number}: '
            f"{views.escape(problem)}</td></tr>"
        )
    target = _input("target", row.target, "Translation", languages[1], locked=row.keep)
    return (
        f'<tr data-row="1"{" class=v-bad-row" if problem else ""}>'
        f"<td>{_input('source', row.source, 'Term', languages[0])}</td><td>{target}</td>"
        f'<td class="v-keep"><label><input type="checkbox" name="keep"{checked}>'
        "<span>Keep as it is</span></label></td>"
        f"<td>{_input('note', row.note, 'Note')}</td>"
        '<td><button type="button" class="v-cross" data-action="delete-row" '
        f'aria-label="Delete this row" title="Delete this row">✕</button></td></tr>{said}'
    )


def _input(name: str, value: str, label: str, tag: str = "", *, locked: bool = False) -> str:
    direction = views.direction(tag)
    title = f' title="{views.escape(value)}"' if name == "note" and value else ""
    lang = f' lang="{views.escape(tag)}"' if direction != "auto" else ""
    return (
        f'<input type="text" class="v-input" name="{name}" value="{views.escape(value)}" '
        f'aria-label="{label}" placeholder="{label}"{lang} dir="{direction}"{title} '
        f'autocomplete="off"{" readonly" if locked else ""}>'
    )
