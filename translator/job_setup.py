"""From a file and a person's options to a new job, or a clear sentence why not."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path

from translator import languages, markup
from translator.book_job import BookOptions
from translator.book_language import language_of
from translator.books.base import Book, WriteOptions, output_suffix, require_mode
from translator.books.export import open_for, outputs
from translator.brief import checked_instruction
from translator.chapters import chosen, known_part
from translator.editions import require_place
from translator.errors import InputError
from translator.models.registry import Registry
from translator.models.spec import ModelSpec
from translator.prompts import UNKNOWN, StyleInfo, get_style
from translator.records import Job, JobState, count_words
from translator.resources import bring, require_known
from translator.translator import merged_sampling

KIND = "book"
_LONGEST_NAME = 255  # bytes, in nearly all file systems


def output_name(path: Path, target: str, bilingual: str = "none") -> str:
    """The usual file name of a translated book, e.g. ``book.de.epub``."""
    edition = "" if bilingual == "none" else "-bilingual"
    return f"{path.stem}.{target}{edition}{output_suffix(path)}"


def new_job(
    job_id: str, folder: Path, path: Path, options: BookOptions, registry: Registry
) -> tuple[Job, Book]:
    """A job for the book at ``path``, which is copied into the job's ``folder``.

    Nothing is left behind when this raises :class:`VersoError`.
    """
    spec = usable_model(registry, options)
    target = languages.get(options.target)
    options = _with_suffix(options, path, folder, target.tag)
    try:
        # The copy is what is read: the file may change in between.
        source = _copy(path, folder / "source")
        book = open_for(source, options.output)
        wanted = chosen(book.blocks(), options.chapters, options.skip)
        words = sum(count_words(block.text) for block in wanted if block.keep is None)
        if not words:
            raise InputError(f"There is no text to translate in {path.name}.")
        language = _source_language(book, options.source, target, spec)
        output = checked_output(book, path, folder, target.tag, options)
        if options.names:
            require_known(language)
        bring(folder, options.glossaries, options.memory, language, target.tag)
        sha256 = file_hash(source)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    job = Job(
        job_id,
        KIND,
        book.title or path.stem,
        str(path.absolute()),
        str(source),
        sha256,
        str(output),
        {**options.stored(), **settled(registry, spec, options)},
        spec.id,
        language,
        target.tag,
        words,
        JobState.QUEUED,
        created=time.time(),
    )
    return job, book


def _with_suffix(options: BookOptions, path: Path, folder: Path, target: str) -> BookOptions:
    """Options whose ``suffix`` has become a file in the job's folder."""
    if not options.suffix or options.output:
        return options
    if options.suffix not in [choice.suffix for choice in outputs(path)]:
        raise InputError(f"{path.name} cannot become a {options.suffix} file.")
    name = output_name(path, target, options.bilingual)
    return replace(options, output=(folder / name).with_suffix(options.suffix))


def settled(registry: Registry, spec: ModelSpec, options: BookOptions) -> dict[str, object]:
    """What the options mean on this machine now: a job that differs here is another job."""
    hashes: dict[str, object] = {"glossaries": [file_hash(path) for path in options.glossaries]}
    if options.memory:
        hashes["memory"] = file_hash(options.memory)
    return {
        "model": spec.id,
        "model_key": model_key(registry, spec),
        "context": spec.reads_context if options.context is None else options.context,
        "remember": options.remember,
        # As they come back from the store.
        "chapters": sorted(set(options.chapters)) if options.chapters is not None else None,
        "skip": sorted({known_part(name).value for name in options.skip}),
        "brief": options.brief.strip(),
        "refine": options.refine,
        "names": options.names,
        "hashes": hashes,
    }


def usable_model(registry: Registry, options: BookOptions) -> ModelSpec:
    """The model that the options name. Raises :class:`VersoError` if it is not installed, the
    sampling makes no sense or the model has no place for the style or the brief.
    """
    spec = registry.get(options.model) if options.model else registry.default()
    require_installed(registry, spec)
    merged_sampling(spec.sampling, options.sampling)
    wishes = {"refine": options.refine, "names": options.names}
    checked_instruction(spec, options.style, options.brief, **wishes)
    return spec


def require_installed(registry: Registry, spec: ModelSpec) -> None:
    """Raise :class:`ModelError`, with the hint how to get the model, if it is not here."""
    if not registry.installed(spec):
        registry.path(spec)


def model_key(registry: Registry, spec: ModelSpec) -> str:
    """Changes when the model's outputs may change under the same id."""
    parts = [spec.id, spec.sha256 or spec.bytes, spec.style, spec.adapter, spec.adapter_scale]
    # A training run writes its adapter again under the same name.
    return "|".join(map(str, [*parts, registry.adapter_hash(spec)]))


def file_hash(path: Path) -> str:
    """The SHA-256 of a file. Raises :class:`InputError`."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check its name.") from error


def checked_output(book: Book, path: Path, folder: Path, target: str, options: BookOptions) -> Path:
    """Where the book will be written. Raises :class:`VersoError` if that cannot work."""
    for edition in {options.bilingual, options.also or "none"}:
        require_mode(book, WriteOptions("", target, edition))
    output = (options.output or folder / output_name(path, target, options.bilingual)).absolute()
    if len(os.fsencode(output.name)) > _LONGEST_NAME:
        raise InputError(
            "The name of the translation is too long.", "Choose a shorter one with -o."
        )
    if output.parent != folder:
        require_place(path, output)
    report = options.report.absolute() if options.report else output
    if report.is_dir() or not (report.parent.is_dir() or report.parent == folder):
        raise InputError(f"{report} is no place for a file.", "Does its folder exist?")
    return output


def _copy(path: Path, folder: Path) -> Path:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check its name.")
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError as error:
        raise InputError("The name of this file is not valid text.", "Rename it.") from error
    try:
        folder.mkdir(parents=True)
        folder.parent.chmod(0o700)
        return Path(shutil.copyfile(path, folder / path.name))
    except OSError as error:
        raise InputError(
            f"{path.name} cannot be copied into {folder}: {error.strerror}.",
            "Is the disk full? VERSO_HOME names the folder for Verso's data.",
        ) from error


def _source_language(book: Book, asked: str, target: languages.Language, spec: ModelSpec) -> str:
    found: languages.Language | None
    if asked.strip().lower() not in ("", "auto"):
        found, how = languages.get(asked), "is said to be"
    else:
        found, how = detected(book), "seems to be"
    if found is None:
        if get_style(spec.style, StyleInfo()).needs_source:
            raise InputError(
                "The language of this book is not clear.",
                "Choose it (on the command line: --from en).",
            )
        return UNKNOWN
    if found.tag == target.tag:
        raise InputError(
            f"The book {how} in {found.name} already.",
            "Choose another target language, or name the source language.",
        )
    return found.tag


def detected(book: Book) -> languages.Language | None:
    """The language of the text that is to be translated; ``None`` if it cannot be told."""
    texts = [markup.plain(block.text) for block in book.blocks() if block.keep is None]
    return language_of(texts, book.language)
