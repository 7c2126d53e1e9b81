"""Editions: a book written from what the store holds of its job, and read again.

A job writes one edition, or two; any other (the translation alone, or with the source text above,
below or beside it) can be written from the same translations at any time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from translator import segmenting
from translator.books.audit import MARKUP_ID, audit
from translator.books.base import Bilingual, Book, WriteOptions, output_suffix, require_mode
from translator.books.export import exported, open_for
from translator.errors import InputError
from translator.prompts import UNKNOWN
from translator.records import Entry, Job
from translator.report import Report, against_file
from translator.store import Store
from translator.types import Block, Status


def write_edition(
    store: Store, job: Job, output: Path | None = None, bilingual: Bilingual = "none"
) -> Report:
    """Write another edition of a finished job and return the ledger of that file.

    ``output`` may be of another kind that the book can become (the suffix says it); ``None``: the
    place that :func:`edition_path` says. Job, report and the book already written stay as they
    are. Raises :class:`VersoError` if the job is not finished, or the edition or the place is
    impossible.
    """
    output = (output or edition_path(job, bilingual)).absolute()
    book = open_for(Path(job.source), output)
    require_mode(book, WriteOptions("", job.target_language, bilingual))
    require_place(Path(job.input), output)
    own = job.options["bilingual"] == bilingual
    if output.resolve() == Path(job.output).resolve() and not own:
        raise InputError("This edition would replace the one that the job wrote.", "Use -o.")
    entries = store.entries(job.id)
    if not entries or any(entry.translation is None for entry in entries):
        raise InputError(
            f"The job {job.id} is not finished.", f"`verso jobs resume {job.id}` goes on."
        )
    blocks = book.blocks()
    here = {block.id for block in blocks}
    entries = [entry for entry in entries if entry.segment.block_id in here]
    require_same(blocks, entries)
    entries, problems = written(book, entries, output, options_of(job, bilingual))
    options = {**job.options, "bilingual": bilingual, "validate": False}
    job = replace(job, output=str(output), options=options)
    return Report(job, tuple(entries), problems, book.notes)


def written(
    book: Book, entries: Sequence[Entry], output: Path, options: WriteOptions
) -> tuple[list[Entry], tuple[str, ...]]:
    """Write a book and read it again: the entries as the file has them, and a sentence for each
    problem with the file as a whole. Raises :class:`BookError`.
    """
    texts = texts_of(entries, options.target)
    output.parent.mkdir(parents=True, exist_ok=True)
    book.write(output, texts, options)
    wrong = {i.block_id: i.reason for i in audit(book, output, texts, options) if not i.ok}
    damage = wrong.pop(MARKUP_ID, None)
    problems = (f"Links, images or ids differ from the source: {damage}.",) if damage else ()
    return against_file(entries, wrong), problems


def options_of(job: Job, bilingual: Bilingual) -> WriteOptions:
    """How an edition of a job is written."""
    source = "" if job.source_language == UNKNOWN else job.source_language
    return WriteOptions(source, job.target_language, bilingual)


def edition_path(job: Job, bilingual: Bilingual) -> Path:
    """Where an edition goes: beside the job's own, e.g. ``book.de-side.epub``."""
    own = Path(job.output)
    if bilingual == job.options["bilingual"]:
        return own
    edition = "" if bilingual == "none" else f"-{bilingual}"
    name = f"{Path(job.input).stem}.{job.target_language}{edition}"
    return own.with_name(f"{name}{'-edition' if name == own.stem else ''}{own.suffix}")


def require_place(path: Path, output: Path) -> None:
    """Raise :class:`InputError` if a translation of the book at ``path`` cannot go there."""
    suffix = output_suffix(path)
    if output.suffix.lower() != suffix.lower() and not exported(path, output):
        like = " like the book" if suffix == path.suffix else ""
        raise InputError(
            f"The output has to be a {suffix or 'plain'} file{like}.",
            f"Try -o {output.with_suffix(suffix).name}.",
        )
    if output.resolve() == path.resolve():
        raise InputError("The output would replace the book itself.", "Choose another name.")
    if output.is_dir() or not output.parent.is_dir():
        raise InputError(f"{output} is no place for a file.", "Does its folder exist?")


def texts_of(entries: Iterable[Entry], target: str) -> dict[str, str]:
    """The new text of every block with something translated in it."""
    texts = {}
    for block_id, parts in _by_block(entries):
        ended = [part.translation for part in parts if part.translation is not None]
        if any(translation.status is Status.TRANSLATED for translation in ended):
            texts[block_id] = segmenting.join(
                [part.segment for part in parts], [t.text for t in ended], target
            )
    return texts


def require_same(blocks: Iterable[Block], entries: Iterable[Entry]) -> None:
    """Raise :class:`InputError` unless the stored segments are those of these blocks."""
    stored = {
        block_id: "".join(f"{p.segment.before}{p.segment.text}{p.segment.after}" for p in parts)
        for block_id, parts in _by_block(entries)
    }
    if stored != {block.id: block.text for block in blocks}:
        raise InputError(
            "This version of Verso reads the book differently from the one that began the job.",
            "Begin the book anew (`verso book` with --restart).",
        )


def _by_block(entries: Iterable[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    for block_id, group in groupby(entries, lambda entry: entry.segment.block_id):
        yield block_id, list(group)
