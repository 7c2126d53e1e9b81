"""``verso glossary``: a first glossary for a book."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

from translator.commands.terminal import say


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "glossary", help="propose names of a book for a glossary"
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    proposed = actions.add_parser(
        "propose",
        help="list the names in a book",
        description="Print the names that recur in a book as a CSV table. Write a translation "
        "beside those that need one and give the table to `verso book --glossary`; lines without "
        "a translation are ignored.",
    )
    proposed.add_argument("file", type=Path, metavar="FILE")
    proposed.add_argument(
        "--from", dest="source", default="auto", metavar="LANG",
        help="the book's language (default: auto)",
    )  # fmt: skip
    proposed.set_defaults(run=_propose)


def _propose(arguments: argparse.Namespace) -> int:
    from translator import languages
    from translator.books.base import open_book
    from translator.errors import InputError
    from translator.job_setup import detected
    from translator.names import propose

    asked = None if arguments.source == "auto" else languages.get(arguments.source)
    book = open_book(arguments.file)
    language = asked or detected(book)
    if language is None:
        raise InputError("The language of this book is not clear.", "Name it, e.g. --from en.")
    names = propose(book.blocks(), language.tag)
    if not names:
        say(f"No names found in the {language.name} text.")
        return 0
    table = csv.writer(sys.stdout, lineterminator="\n")
    table.writerow(["source", "target", "count", "example"])
    table.writerows([name.name, "", name.count, name.example] for name in names)
    return 0
