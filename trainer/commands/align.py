"""``verso align``: two editions of a book to pairs of sentences."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import interruptible, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.align import Bead
    from trainer.align_books import Edition

_LEAST = 0.5


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "align",
        help="make sentence pairs of two editions of a book",
        description="Find the sentences of two editions of a book that are translations of each "
        "other. Reads every format that `verso book` reads.",
    )
    parser.add_argument("a", type=Path, metavar="A", help="the book in one language")
    parser.add_argument("b", type=Path, metavar="B", help="the book in the other language")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.tmx", help="the pairs as TMX"
    )
    parser.add_argument(
        "--from", dest="source", default="", metavar="LANG",
        help="language of A (default: the text tells it)",
    )  # fmt: skip
    parser.add_argument(
        "--to", default="", metavar="LANG", help="language of B (default: the text tells it)"
    )
    parser.add_argument(
        "--moses", type=Path, metavar="PREFIX", help="write PREFIX.LANG for both languages too"
    )
    parser.add_argument(
        "--min-confidence", type=_share, default=_LEAST, metavar="X",
        help=f"leave out pairs that are less sure, 0 to 1 (default: {_LEAST})",
    )  # fmt: skip
    parser.add_argument(
        "--json", type=Path, metavar="FILE",
        help="write all sentences and how they go together, with the confidence of each pair",
    )  # fmt: skip
    parser.set_defaults(run=_run)


def _share(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise argparse.ArgumentTypeError("must be between 0 and 1")
    return value


def _run(arguments: argparse.Namespace) -> int:
    from trainer.align import align
    from trainer.align_books import read_edition, require_alike
    from trainer.align_output import write_json, write_moses, write_tmx
    from translator.errors import Cancelled

    a = read_edition(arguments.a, arguments.source)
    b = read_edition(arguments.b, arguments.to)
    require_alike(a, b)
    with interruptible() as stop:

        def done(share: float) -> None:
            if stop.is_set():
                raise Cancelled

        beads = align(a.sentences, b.sentences, a.language, b.language, done)
    kept = [bead for bead in beads if bead.linked and bead.confidence >= arguments.min_confidence]
    _tell(a, b, beads, kept)
    write_tmx(arguments.output, a, b, kept)
    print(arguments.output)
    if arguments.moses:
        for path in write_moses(arguments.moses, a, b, kept):
            print(path)
    if arguments.json:
        write_json(arguments.json, a, b, beads)
        print(arguments.json)
    return 0


def _tell(a: Edition, b: Edition, beads: Sequence[Bead], kept: Sequence[Bead]) -> None:
    linked = [bead for bead in beads if bead.linked]
    for edition, alone in (
        (a, sum(len(bead.source) for bead in beads if not bead.target)),
        (b, sum(len(bead.target) for bead in beads if not bead.source)),
    ):
        say(
            f"{edition.path.name}: {edition.language.name}, {len(edition.sentences):,} sentences, "
            f"{alone:,} without a translation."
        )
    say(f"Pairs: {len(kept):,}. Left out as not sure: {len(linked) - len(kept):,}.")
    if len(kept) < len(beads) / 3:
        say("Most sentences found no sure partner: are these two editions of one book?")
