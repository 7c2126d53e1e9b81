"""Options that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from translator.models.registry import Registry
    from translator.models.spec import ModelSpec
    from translator.settings import Settings

_SAMPLING = ("max_new_tokens", "temperature", "min_p", "repetition_penalty")


def add_translation_options(parser: argparse.ArgumentParser, *, needs_target: bool = True) -> None:
    """Languages, model, style and sampling."""
    parser.add_argument(
        "--to", required=needs_target, metavar="LANG", help="target language, e.g. de"
    )
    parser.add_argument(
        "--from", dest="source", default="auto", metavar="LANG",
        help="source language (default: auto)",
    )  # fmt: skip
    parser.add_argument("--model", metavar="ID", help="a model of `verso models list`")
    parser.add_argument("--adapter", metavar="ID", help="an adapter of `verso models list`")
    parser.add_argument(
        "--style", default="", metavar="STYLE",
        help="literary, formal, plain, or an instruction in your own words",
    )  # fmt: skip
    parser.add_argument(
        "--brief", default="", metavar="TEXT",
        help="what the model should know of the text: its readers, its setting, its tone",
    )  # fmt: skip
    parser.add_argument(
        "--glossary", action="append", default=[], metavar="NAME_OR_FILE",
        help="terms to keep to: a name of `verso glossary`, or a CSV, TSV or TBX file; repeatable",
    )  # fmt: skip
    parser.add_argument(
        "--download", action="store_true", help="fetch the model without asking if it is missing"
    )
    sampling = parser.add_argument_group("sampling (default: the model's own)")
    sampling.add_argument("--max-new-tokens", type=int, metavar="N", help="a segment's most tokens")
    sampling.add_argument("--temperature", type=float, metavar="T", help="0: always the likeliest")
    sampling.add_argument("--min-p", type=float, metavar="P", help="least share of the likeliest")
    sampling.add_argument("--repetition-penalty", type=float, metavar="R", help="1: none")


def sampling_of(arguments: argparse.Namespace) -> dict[str, float]:
    """The sampling fields that were given."""
    given = {name: getattr(arguments, name) for name in _SAMPLING}
    return {name: value for name, value in given.items() if value is not None}


def saved_glossaries(arguments: argparse.Namespace, settings: Settings) -> tuple[Path, ...]:
    """The files of the glossaries that were asked for. Raises :class:`InputError`."""
    from translator.glossary_store import GlossaryStore

    store = GlossaryStore(settings.glossaries)
    return tuple(store.file_or_saved(text) for text in arguments.glossary)


def model_of(arguments: argparse.Namespace, registry: Registry) -> ModelSpec:
    """The model that was asked for. Raises :class:`VersoError`."""
    from translator.errors import InputError

    if arguments.adapter is None:
        return registry.get(arguments.model) if arguments.model else registry.default()
    adapter = registry.get(arguments.adapter)
    if not adapter.base:
        raise InputError(
            f"{adapter.id} is a model of its own, not an adapter.", f"Use --model {adapter.id}."
        )
    if arguments.model and registry.get(arguments.model).id != registry.get(adapter.base).id:
        raise InputError(
            f"The adapter {adapter.id} belongs to {adapter.base}, not to {arguments.model}.",
            "Leave --model out.",
        )
    return adapter
