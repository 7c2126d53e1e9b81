"""``verso evaluate``: scores of several models on one test set, and which differences count."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from translator.commands.terminal import errors_console, interruptible, print_json, say, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.status import Status

    from trainer.evaluate import Evaluation
    from trainer.evaluate_significance import SignificanceTest
    from trainer.evaluate_systems import Output, TestSet
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec
    from translator.settings import Settings

FAILED_SEGMENTS = 3
COMET = "Unbabel/wmt22-comet-da"
METHODS = ("randomization", "bootstrap")


def add_parser(commands: Any) -> None:  # argparse's class is private
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "evaluate",
        help="score models on a test set and compare them",
        description="Translate a test set with one or more models and score the translations "
        "against a reference: BLEU, chrF, chrF++, spBLEU, TER. Line N of the source answers line "
        "N of the reference; empty lines count too.",
    )
    parser.add_argument(
        "--model", action="append", default=[], metavar="ID",
        help="a model of `verso models list`; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--hypotheses", action="append", default=[], metavar="NAME=FILE", type=_named_file,
        help="translations that were made elsewhere, a line a segment; repeatable",
    )  # fmt: skip
    parser.add_argument("--from", dest="source_language", required=True, metavar="LANG")
    parser.add_argument("--to", dest="target_language", required=True, metavar="LANG")
    parser.add_argument("--source", type=Path, required=True, metavar="FILE")
    parser.add_argument("--reference", type=Path, required=True, metavar="FILE")
    parser.add_argument(
        "--documents", type=Path, metavar="FILE",
        help="the name of each line's document: whole documents are drawn in the tests, as lines "
        "of one document are not independent",
    )  # fmt: skip
    parser.add_argument(
        "--baseline", default="", metavar="NAME", help="compare the others with this one only"
    )
    parser.add_argument("--test", choices=METHODS, default=METHODS[0], help="default: %(default)s")
    parser.add_argument(
        "--samples", type=_positive, metavar="N",
        help="draws of the test (default: 10000 for randomization, 1000 for bootstrap)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=12345, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--comet", nargs="?", const=COMET, metavar="MODEL",
        help="also COMET, where it is installed: a checkpoint, or a model that it may download",
    )  # fmt: skip
    parser.add_argument(
        "--own-sampling", action="store_true",
        help="translate with each model's own sampling (default: greedily)",
    )  # fmt: skip
    parser.add_argument("--max-new-tokens", type=_positive, default=0, metavar="N")
    parser.add_argument("--download", action="store_true", help="fetch missing models unasked")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results; -: print")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="write a picture")
    parser.add_argument(
        "--save", type=Path, metavar="FOLDER", help="keep the translations, a file a model"
    )
    parser.set_defaults(run=_run)


def _named_file(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise argparse.ArgumentTypeError("write NAME=FILE")
    return name, Path(path)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _run(arguments: argparse.Namespace) -> int:
    from trainer import evaluate_comet, evaluate_plot
    from trainer.evaluate import evaluate
    from trainer.evaluate_report import facts
    from trainer.evaluate_scores import version
    from trainer.evaluate_systems import read_output, read_test_set
    from translator.models.registry import Registry
    from translator.settings import Settings

    # All that can be wrong comes to light before hours of work.
    version()
    test_set = read_test_set(
        arguments.source, arguments.reference, arguments.source_language,
        arguments.target_language, arguments.documents,
    )  # fmt: skip
    outputs = [read_output(name, path, test_set) for name, path in arguments.hypotheses]
    settings = Settings.load()
    registry = Registry(settings)
    specs = [registry.get(model) for model in arguments.model]
    names = [*(spec.id for spec in specs), *(output.name for output in outputs)]
    baseline = _baseline(arguments, names, registry)
    comet = None if arguments.comet is None else evaluate_comet.load(arguments.comet)
    outputs = [*_translations(arguments, specs, test_set, registry, settings), *outputs]
    say("Scoring …")
    evaluation = evaluate(test_set, outputs, _test(arguments), comet=comet, baseline=baseline)
    if arguments.json == Path("-"):
        print_json(facts(evaluation))
    else:
        _print(evaluation)
    if arguments.json and arguments.json != Path("-"):
        text = json.dumps(facts(evaluation), ensure_ascii=False, indent=2)
        _write(arguments.json, f"{text}\n")
    if arguments.plot:
        _write(arguments.plot, evaluate_plot.svg(evaluation))
    failed = sum(check.name == "failed" for o in outputs for c in o.found.values() for check in c)
    if failed:
        say(f"verso: {failed} segments could not be translated and count as empty.")
    return FAILED_SEGMENTS if failed else 0


def _baseline(arguments: argparse.Namespace, names: list[str], registry: Registry) -> str:
    """The name of the baseline. Raises :class:`InputError` for names that cannot be."""
    from translator.errors import InputError

    if not names:
        raise InputError("There is nothing to evaluate.", "Name a --model, or --hypotheses.")
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise InputError(f"{twice[0]} is there twice.", "Give every system a name of its own.")
    wanted: str = arguments.baseline
    if wanted in arguments.model:
        return registry.get(wanted).id
    if wanted and wanted not in names:
        raise InputError(
            f"The baseline {wanted} is none of the systems.", f"Systems: {', '.join(names)}."
        )
    return wanted


def _translations(
    arguments: argparse.Namespace,
    specs: Sequence[ModelSpec],
    test_set: TestSet,
    registry: Registry,
    settings: Settings,
) -> list[Output]:
    from trainer.evaluate_systems import decoding, translate
    from translator.commands.fetch import ensure
    from translator.engines.pool import EnginePool

    for spec in specs:
        ensure(spec, registry, settings, download=arguments.download)
    made: list[Output] = []
    for spec in specs:
        sampling = decoding(
            spec, own=arguments.own_sampling, max_new_tokens=arguments.max_new_tokens
        )
        say(f"Translating {len(test_set.source):,} lines with {spec.name} …")
        with (
            closing(EnginePool(settings, registry)) as pool,
            interruptible() as stop,
            errors_console().status("Loading") as status,
        ):

            def told(done: int, total: int, status: Status = status) -> None:
                status.update(f"{done:,} of {total:,} segments")

            output = translate(pool, spec, test_set, sampling, progress=told, stop=stop)
        made.append(output)
        if arguments.save:
            path = arguments.save / f"{spec.id}.{test_set.target_language.tag}"
            _write(path, "".join(f"{line}\n" for line in output.lines))
    return made


def _test(arguments: argparse.Namespace) -> SignificanceTest:
    from trainer.evaluate_significance import DEFAULT_SAMPLES, Method, SignificanceTest

    method = Method(arguments.test)
    return SignificanceTest(method, arguments.samples or DEFAULT_SAMPLES[method], arguments.seed)


def _print(evaluation: Evaluation) -> None:
    from trainer.evaluate_report import methods
    from trainer.evaluate_tables import tables

    for made in tables(evaluation):
        print(f"{made.title}:")
        table(made.columns, made.rows)
        print()
    for note in evaluation.notes:
        print(note)
    print(f"Methods:\n{methods(evaluation)}")


def _write(path: Path, text: str) -> None:
    from translator.books.base import atomic_output

    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_output(path) as file:
        file.write(text.encode())
