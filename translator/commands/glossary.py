"""``verso glossary``: saved glossaries, and names of a book for a new one."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import say
from translator.wording import plural

if TYPE_CHECKING:
    from translator.glossary_store import GlossaryStore, Saved


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "glossary",
        help="list, import and export glossaries; propose names of a book",
        description="Glossaries that are saved here serve `verso book --glossary NAME` and the "
        "page. Without an action they are listed.",
    )
    parser.set_defaults(run=_list)
    actions = parser.add_subparsers(title="actions", metavar="")
    actions.add_parser("list", help="list the saved glossaries").set_defaults(run=_list)
    taken = actions.add_parser("import", help="save a glossary from a CSV, TSV or TBX file")
    taken.add_argument("file", type=Path, metavar="FILE")
    taken.add_argument("--name", default="", help="default: the file's name")
    taken.add_argument("--from", dest="source", default="", metavar="LANG", help="source language")
    taken.add_argument("--to", default="", metavar="LANG", help="target language")
    taken.add_argument("--replace", action="store_true", help="replace the one of that name")
    taken.set_defaults(run=_import)
    given = actions.add_parser("export", help="write a glossary as CSV, TSV or TBX")
    given.add_argument("name", metavar="NAME")
    given.add_argument("file", type=Path, metavar="FILE")
    given.set_defaults(run=_export)
    removed = actions.add_parser("remove", help="delete a saved glossary")
    removed.add_argument("name", metavar="NAME")
    removed.set_defaults(run=_remove)
    proposed = actions.add_parser(
        "propose",
        help="list the names in a book",
        description="Print the names that recur in a book as a CSV table. Write a translation "
        "beside those that need one and give the table to `verso book --glossary` or `verso "
        "glossary import`; lines without a translation are ignored.",
    )
    proposed.add_argument("file", type=Path, metavar="BOOK")
    proposed.add_argument(
        "--from", dest="source", default="auto", metavar="LANG",
        help="the book's language (default: auto)",
    )  # fmt: skip
    proposed.set_defaults(run=_propose)


def _store() -> GlossaryStore:
    from translator.glossary_store import GlossaryStore
    from translator.settings import Settings

    return GlossaryStore(Settings.load().glossaries)


def _terms(saved: Saved) -> str:
    return plural(len(saved.terms), "term")


def _list(arguments: argparse.Namespace) -> int:
    from translator.errors import InputError

    store = _store()
    names = store.names()
    for name in names:
        try:
            saved = store.get(name)
        except InputError as error:
            say(f"{error.message} {error.hint}")
            continue
        print(f"{name}: {saved.source} → {saved.target}, {_terms(saved)}")
    if not names:
        say("No glossary is saved yet: `verso glossary import FILE`.")
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from translator import languages
    from translator.errors import InputError
    from translator.glossary_files import languages_in, load_terms
    from translator.glossary_store import Saved

    path: Path = arguments.file
    pair = [languages.get(tag).tag for tag in (arguments.source, arguments.to) if tag]
    if len(pair) < 2:
        pair = list(languages_in(path))
    if len(pair) != 2:
        names = f"names {', '.join(pair)}" if pair else "does not name its languages"
        raise InputError(f"{path.name} {names}.", "Say which two: --from en --to de.")
    source, target = pair
    store = _store()
    name = arguments.name or store.free_name(path.stem)
    was = name if arguments.replace and name in store.names() else ""
    saved = store.save(
        Saved(name, source, target, tuple(load_terms(path, source, target))), was=was
    )
    say(f"Saved “{saved.name}”: {_terms(saved)}, {saved.source} → {saved.target}.")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from translator import glossary_export

    saved = _store().get(arguments.name)
    glossary_export.write(arguments.file, saved.terms, saved.source, saved.target)
    say(f"Written: {_terms(saved)}.")
    print(arguments.file)
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    _store().delete(arguments.name)
    say(f"Deleted “{arguments.name}”.")
    return 0


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
