"""The ledger: read the written file again and say, block by block, what is really in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from translator.books.base import Book, WriteOptions
from translator.books.inline import RUBY

MARKUP_ID = ""  # the item about the markup of the whole book


@dataclass(frozen=True, slots=True)
class AuditItem:
    """What stands in the place of a block. ``reason`` says what is wrong when not ``ok``."""

    block_id: str
    ok: bool
    found_text: str
    reason: str = ""


def audit(
    book: Book, output: Path, texts: Mapping[str, str], options: WriteOptions
) -> list[AuditItem]:
    """Compare a written file with what was to be written.

    ``texts`` and ``options`` are those given to ``book.write``. Every block of the book gets one
    item: its translation must be found where ``texts`` has one, its source text elsewhere. A last
    item without block id reports lost or new ids, links, images, formulas and code. White space is
    not compared. Raises :class:`BookError` when the file cannot be read at all.
    """
    found = book.found(output, texts, options)
    in_place = found.texts
    translated = {b.id for b in book.blocks() if texts.get(b.id, b.text) != b.text}
    items = []
    for block in book.blocks():
        seen = in_place[block.id]
        whole = block.id.rpartition("+")[0]
        if block.keep == RUBY and (whole in translated):
            items.append(AuditItem(block.id, not seen, seen, "still there" if seen else ""))
            continue
        wanted = book.visible(block.id, texts.get(block.id, block.text))
        ok = _same(wanted, seen, in_order=not whole)
        items.append(AuditItem(block.id, ok, seen, "" if ok else _reason(wanted, seen)))
    if options.bilingual == "none":
        items.append(_markup(book.inventory(), found.inventory))
    return items


def _same(wanted: str, seen: str, in_order: bool) -> bool:
    if in_order:
        return "".join(wanted.split()) == "".join(seen.split())
    return sorted(wanted.split()) == sorted(seen.split())  # pieces may have changed places


def _reason(wanted: str, seen: str) -> str:
    if not seen:
        return "missing in the written file"
    return f"the written file says {seen[:80]!r}, not {wanted[:80]!r}"


def _markup(before: Counter[str], after: Counter[str]) -> AuditItem:
    lost, new = before - after, after - before
    parts = []
    if lost:
        parts.append("lost " + ", ".join(sorted(lost)[:5]))
    if new:
        parts.append("new " + ", ".join(sorted(new)[:5]))
    return AuditItem(MARKUP_ID, not parts, "", "; ".join(parts))
