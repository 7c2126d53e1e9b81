"""``verso corpus``: parallel texts to a clean corpus for training."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from translator.commands.terminal import print_json, say


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "corpus",
        help="build, show and preview a corpus for training",
        description="Reads parallel texts, cleans and splits them, and says what was removed and "
        "why.",
    )
    actions = parser.add_subparsers(title="actions", metavar="", required=True)
    _add_build(actions)
    shown = actions.add_parser("show", help="counts, lengths, samples and licences of a corpus")
    shown.add_argument("corpus", type=Path, metavar="CORPUS")
    shown.add_argument("--samples", type=int, default=5, metavar="N", help="default: 5")
    shown.add_argument("--seed", type=int, default=1, metavar="N", help="for the samples")
    shown.add_argument("--json", action="store_true", help="print the whole report as JSON")
    shown.set_defaults(run=_show)
    _add_preview(actions)


def _add_preview(actions: Any) -> None:
    preview = actions.add_parser(
        "preview",
        help="what a model would learn from a corpus: prompts, lengths, what a limit cuts",
        description="Shows examples as a model gets them, with the part that is trained marked, "
        "and what a limit on their length would cost.",
    )
    preview.add_argument("corpus", type=Path, metavar="CORPUS")
    preview.add_argument(
        "--base", required=True, metavar="MODEL", help="the model to be trained: its id or folder"
    )
    preview.add_argument("--style", default="", metavar="STYLE", help="default: the base's own")
    preview.add_argument("--part", default="train", choices=("train", "dev", "test"))
    preview.add_argument(
        "--direction", action="append", default=[], metavar="en>de", help="default: all"
    )
    preview.add_argument(
        "--length", type=int, default=512, metavar="N", help="limit in tokens (default: 512)"
    )
    preview.add_argument("--samples", type=int, default=3, metavar="N", help="default: 3")
    preview.add_argument(
        "--lines", type=int, default=5000, metavar="N",
        help="look at N lines drawn at random, 0 for all (default: 5000)",
    )  # fmt: skip
    preview.add_argument("--seed", type=int, default=1, metavar="N", help="for what is drawn")
    preview.add_argument("--json", action="store_true", help="print all of it as JSON")
    preview.set_defaults(run=_preview)


def _add_build(actions: Any) -> None:
    build = actions.add_parser(
        "build",
        help="build a corpus from parallel texts",
        description="Folders are searched for Moses files (corpus.en beside corpus.de, plain or "
        "compressed), TMX, TSV, CSV, JSONL and two editions of a book (book.en.epub beside "
        "book.de.epub), whose sentences are aligned. Options given here win over those of "
        "--config.",
    )
    build.add_argument("inputs", nargs="*", metavar="FOLDER", help="folders or files")
    build.add_argument("-o", "--out", type=Path, required=True, metavar="OUT", help="new folder")
    build.add_argument("--config", type=Path, metavar="FILE.toml", help="settings from a file")
    build.add_argument("--from", dest="source", metavar="LANG", help="default: en")
    build.add_argument(
        "--to", dest="targets", action="append", metavar="LANG", help="may come several times"
    )
    build.add_argument(
        "--both", action="store_true", default=None, help="each pair in both directions"
    )
    build.add_argument(
        "--memory", action="store_true", default=None,
        help="also what people wrote into the translation memory",
    )  # fmt: skip
    build.add_argument(
        "--held-out", nargs="+", action="extend", metavar="FILE",
        help="texts, test sets or books that no pair may share text with",
    )  # fmt: skip
    build.add_argument(
        "--rule", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
        help="switch a cleaning rule off or set its limit, as in numbers=off length-ratio=5",
    )  # fmt: skip
    build.add_argument(
        "--weights", nargs="+", action="extend", metavar="NAME=NUMBER",
        help="how often pairs of an origin, domain or language come; 0 leaves them out",
    )  # fmt: skip
    build.add_argument("--limit", type=int, metavar="N", help="at most N pairs in train")
    build.add_argument("--dev", type=int, metavar="N", help="pairs of each language kept for dev")
    build.add_argument("--test", type=int, metavar="N", help="pairs of each language kept for test")
    build.add_argument("--temperature", type=float, metavar="T", help="over 1: even out the mix")
    build.add_argument(
        "--balance", choices=("origin", "domain", "language"),
        help="what --temperature evens out (default: origin)",
    )  # fmt: skip
    build.add_argument("--seed", type=int, metavar="N", help="of the split and the mix")
    build.add_argument("--replace", action="store_true", help="replace an older corpus in OUT")
    build.add_argument("--json", action="store_true", help="print the whole report as JSON")
    build.set_defaults(run=_build)


_SETTINGS = (
    "source", "targets", "both", "memory", "held_out", "limit", "dev", "test", "temperature",
    "balance", "seed",
)  # fmt: skip


def _build(arguments: argparse.Namespace) -> int:
    from trainer import corpus
    from trainer.cleaning import Rules
    from trainer.corpus_settings import CorpusSettings, read_settings

    values = read_settings(arguments.config) if arguments.config else {}
    given = {name: getattr(arguments, name) for name in _SETTINGS}
    values |= {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given.items()
        if value is not None
    }
    if arguments.inputs:
        values["inputs"] = tuple(arguments.inputs)
    if arguments.weights:
        weights = {n: float(v) for n, v in _assignments(arguments.weights).items()}
        values["weights"] = dict(values.get("weights", {})) | weights
    if arguments.rule:
        rules = values["rules"].values() if "rules" in values else {}
        values["rules"] = Rules.of(rules | _assignments(arguments.rule))
    built = corpus.build(
        CorpusSettings(**values), arguments.out, replace_old=arguments.replace, progress=_Progress()
    )
    _print(built, arguments.json)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    from trainer import corpus_show
    from trainer.corpus import Corpus

    corpus = Corpus.load(arguments.corpus)
    _print(corpus, arguments.json)
    if arguments.json:
        return 0
    print()
    for line in corpus_show.histogram(corpus):
        print(line)
    for row in corpus_show.samples(corpus, arguments.samples, arguments.seed):
        print(f"\n[{row['from']} {row['origin']}] {row['source']}\n[{row['to']}] {row['target']}")
    print("\nLicences and attributions, for a model card:")
    for line in corpus_show.licence_list(corpus):
        print(line)
    return 0


def _preview(arguments: argparse.Namespace) -> int:
    import sys
    from dataclasses import asdict

    from trainer import requirements
    from trainer.config import DataPart
    from trainer.corpus import Corpus

    corpus = Corpus.load(arguments.corpus)
    data = DataPart(
        corpus=str(arguments.corpus), directions=tuple(arguments.direction), length=arguments.length
    )
    requirements.require()
    from trainer import preview_show
    from trainer.dataset_examples import style_for
    from trainer.preview import preview, tokenizer_of
    from translator.settings import Settings

    tokenizer, own, encoder_decoder = tokenizer_of(arguments.base, Settings.load())
    found = preview(
        corpus,
        tokenizer,
        style_for(tokenizer, arguments.style, own),
        data,
        part=arguments.part,
        encoder_decoder=encoder_decoder,
        samples=arguments.samples,
        looked_at=arguments.lines,
        seed=arguments.seed,
    )
    if arguments.json:
        print_json(asdict(found))
        return 0
    for line in preview_show.summary(found):
        print(line)
    for sample in found.samples:
        print()
        for line in preview_show.sample(sample, sys.stdout.isatty()):
            print(line)
    return 0


def _print(corpus: Any, as_json: bool) -> None:
    from trainer import corpus_show

    if as_json:
        print_json(corpus.report | {"hash": corpus.hash})
    else:
        for line in corpus_show.summary(corpus):
            print(line)


def _assignments(given: list[str]) -> dict[str, Any]:
    """``name=value`` pairs; the value is a number, or on or off."""
    from translator.errors import InputError

    words: dict[str, bool] = {"on": True, "off": False, "true": True, "false": False}
    values: dict[str, Any] = {}
    for item in given:
        name, _, value = item.partition("=")
        if value in words:
            values[name] = words[value]
            continue
        try:
            values[name] = float(value)
        except ValueError as error:
            raise InputError(f"{item!r} is not understood.", "Write name=number.") from error
    return values


class _Progress:
    """A line on standard error when something new begins, and every few seconds."""

    def __init__(self) -> None:
        self._stage = ""
        self._said = 0.0

    def __call__(self, stage: str, pairs: int) -> None:
        import time

        now = time.monotonic()
        if stage != self._stage or now - self._said > 5.0:
            self._stage, self._said = stage, now
            say(f"{stage}: {pairs:,} pairs" if pairs else f"{stage} …")
