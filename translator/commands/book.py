"""``verso book``: a whole book as a job that survives everything."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.options import (
    add_translation_options,
    model_of,
    sampling_of,
    saved_glossaries,
)
from translator.commands.terminal import say

if TYPE_CHECKING:
    from translator.book_job import BookOptions
    from translator.jobs import BookJobs


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "book",
        help="translate a book",
        description="Translate a book. The same command again goes on where an interrupted one "
        "was.",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    add_translation_options(parser, needs_target=False)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="OUT", help="default: FILE.LANG beside the book"
    )
    parser.add_argument(
        "--bilingual", choices=("none", "above", "below", "side"), default="none",
        help="where the source text stands (default: none)",
    )  # fmt: skip
    parser.add_argument(
        "--also", choices=("none", "above", "below", "side"), metavar="EDITION",
        help="write this edition too, from the same translations, e.g. --also below",
    )  # fmt: skip
    parser.add_argument(
        "--memory", type=Path, metavar="TMX", help="use this translation memory for this book"
    )
    parser.add_argument(
        "--no-memory", dest="remember", action="store_false",
        help="neither use nor fill Verso's own translation memory",
    )  # fmt: skip
    parser.add_argument(
        "--context", action=argparse.BooleanOptionalAction, default=None,
        help="show the model the chapter title and the sentences before (default: where the "
        "model was trained for it)",
    )  # fmt: skip
    parser.add_argument(
        "--chapters", metavar="1-3,5", help="translate these chapters only; the others stay"
    )
    parser.add_argument(
        "--skip", default="", metavar="PARTS",
        help="leave these as they are: references, index, contents, copyright",
    )  # fmt: skip
    parser.add_argument(
        "--names", action="store_true",
        help="translate the book's names first, so that each is the same in every chapter",
    )  # fmt: skip
    parser.add_argument(
        "--refine", action="store_true",
        help="let the model look at each draft a second time (about doubles the time; for larger "
        "models: the starter model gained nothing from it)",
    )  # fmt: skip
    parser.add_argument(
        "--list-chapters", action="store_true", help="show the book's chapters; translate nothing"
    )
    parser.add_argument("--report", type=Path, metavar="JSON", help="write the report here too")
    parser.add_argument(
        "--validate", action="store_true", help="run epubcheck on the book before and after"
    )
    parser.add_argument(
        "--restart", action="store_true", help="begin anew even if an unfinished job could go on"
    )
    parser.set_defaults(run=_run, usage_error=parser.error)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.list_chapters:
        return _list_chapters(arguments.file)
    if arguments.to is None:
        arguments.usage_error("the following arguments are required: --to")
    return _translate(arguments)


def _list_chapters(path: Path) -> int:
    from translator.books.base import open_book
    from translator.chapters import chapters
    from translator.commands.terminal import table

    found = chapters(open_book(path).blocks())
    table(
        ("number", "chapter", "words", "kind"),
        [(str(c.number), c.title, f"{c.words:,}", c.kind.value) for c in found],
    )
    return 0


def _translate(arguments: argparse.Namespace) -> int:
    from translator import languages
    from translator.book_job import BookOptions
    from translator.chapters import parse_numbers
    from translator.commands.fetch import ensure
    from translator.commands.running import open_jobs, run_job
    from translator.jobs import output_name

    target = languages.get(arguments.to).tag
    if arguments.source != "auto":
        arguments.source = languages.get(arguments.source).tag
    path: Path = arguments.file
    with open_jobs() as (jobs, registry, settings):
        spec = model_of(arguments, registry)
        ensure(spec, registry, settings, download=arguments.download)
        options = BookOptions(
            target,
            arguments.source,
            spec.id,
            arguments.bilingual,
            arguments.style,
            sampling_of(arguments),
            arguments.output or path.with_name(output_name(path, target, arguments.bilingual)),
            arguments.report,
            arguments.validate,
            saved_glossaries(arguments, settings),
            arguments.memory,
            arguments.remember,
            arguments.context,
            also=arguments.also,
            chapters=parse_numbers(arguments.chapters) if arguments.chapters else None,
            brief=arguments.brief,
            refine=arguments.refine,
            names=arguments.names,
            skip=tuple(name for name in arguments.skip.split(",") if name.strip()),
        )
        return run_job(jobs, _job(jobs, path, options, restart=arguments.restart))


def _job(jobs: BookJobs, path: Path, options: BookOptions, *, restart: bool) -> str:
    """The unfinished job for the same translation, else a new one."""
    job = None if restart else jobs.unfinished(path, options)
    if job is None:
        return jobs.create(path, options, queue=False)
    jobs.adopt(job.id, path, options)
    counts = jobs.store.counts(job.id)
    if counts.done:
        say(
            f"Going on with the job {job.id}: {counts.done:,} of {counts.total:,} segments are "
            "done (--restart begins anew)."
        )
    return job.id
