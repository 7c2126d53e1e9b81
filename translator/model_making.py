"""Models made out of models: other quantizations, and smaller vocabularies.

The file is written beside its place, and put there, with an entry in the registry, when it is
complete: a model that was stopped half way never shows up.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from translator import __version__, languages, trimming
from translator.engines.gguf_quantize import FULL, TYPES
from translator.engines.gguf_quantize import quantize as run_quantize
from translator.engines.gguf_vocab import Tokenizer
from translator.errors import Cancelled, InputError, ModelError
from translator.models import gguf_file, gguf_meta, trim, vocabulary
from translator.models.derived import derived
from translator.models.files import check_space
from translator.models.local_file import describe
from translator.models.registry import Registry
from translator.models.spec import ModelKind, ModelSpec
from translator.settings import Settings

Progress = Callable[[float, str], None]  # the fraction that is done, and of what
_ROOM = 1.2  # a file may be so much larger than its type's bits say
_SHOWN_LANGUAGES = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What to make a model from, and where to put it.

    ``output`` and ``id`` empty: chosen by Verso, in its models folder. ``stop`` ends the work.
    """

    model: str  # an id, an alias, or the path of a GGUF file
    output: Path | None = None
    id: str = ""
    progress: Progress = lambda _fraction, _what: None
    stop: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class Trimmed:
    """A trimmed model. ``whole_lines`` is the share of the sample's lines that are cut into the
    very tokens of the whole vocabulary (each was compared)."""

    spec: ModelSpec
    tokens: int
    tokens_before: int
    whole_lines: float


class Workshop:
    """Makes models and enters them in the registry."""

    def __init__(self, settings: Settings, registry: Registry) -> None:
        self._settings = settings
        self._registry = registry

    def quantize(self, order: Order, kind: str, *, allow_requantize: bool = False) -> ModelSpec:
        """Write a model in another type (``Q8_0``, ``Q4_K_M``, ...).

        Raises:
            InputError: the type is unknown.
            ModelError: the model is quantized already and ``allow_requantize`` was not given,
                its file cannot be used, or the name or place is taken.
            VersoError: it was stopped, there is no room, or llama.cpp failed.
        """
        kind = kind.upper()
        if kind not in TYPES:
            raise InputError(f"Unknown type {kind!r}.", f"Known types: {', '.join(TYPES)}.")
        origin, source = self._origin(order)
        info = gguf_meta.read(source)
        if info.quantization == kind:
            raise InputError(f"{origin.name} is {kind} already.")
        if info.quantization not in FULL and not allow_requantize:
            raise ModelError(
                f"{origin.name} is quantized already ({info.quantization or 'type not stated'}): "
                "what that has rounded off does not come back.",
                "Quantize its F16, BF16 or Q8_0 file, or say --allow-requantize.",
            )
        ending = re.compile(rf"[-. ]{re.escape(info.quantization)}$", re.IGNORECASE)
        identity = order.id or f"{ending.sub('', origin.id)}-{kind.lower()}"
        how = f"quantized from {info.quantization or 'its file'} to {kind} by Verso {__version__}"
        target = self.place(order, identity)
        needed = int(info.parameters * TYPES[kind] / 8 * _ROOM)
        with self.written(target, needed, origin.name) as partial:
            run_quantize(
                source,
                partial,
                kind,
                lambda fraction: order.progress(fraction, "quantizing"),
                threads=self._settings.threads,
                stop=order.stop,
            )
        name = f"{ending.sub('', origin.name)} {kind}"
        return self._enter(order, origin, target, identity, name, how, origin.languages)

    def trim(
        self, order: Order, tags: Sequence[str], texts: Sequence[str], *, min_count: int = 1
    ) -> Trimmed:
        """Write a model with only the tokens that the languages ``tags`` need.

        ``texts``: samples of these languages; of their tokens those stay that occur
        ``min_count`` times. Without texts all tokens of the languages' scripts stay.

        Raises:
            InputError: a language is unknown.
            ModelError: the model cannot be trimmed, or the name or place is taken.
            VersoError: it was stopped, there is no room, or llama.cpp failed.
        """
        known = tuple(dict.fromkeys(languages.get(tag).tag for tag in tags))
        if not known:
            raise InputError("No language was named.", "Name them, e.g. --languages en,de.")
        origin, source = self._origin(order)
        few = len(known) <= _SHOWN_LANGUAGES
        label = ", ".join(known) if few else f"{len(known)} languages"
        identity = order.id or re.sub("[ ,]+", "-", f"{origin.id}-{label.lower()}")
        target = self.place(order, identity)
        tokens = vocabulary.Vocabulary(gguf_file.read(source))
        lines = [line for text in texts for line in text.splitlines() if line.strip()]
        with Tokenizer(source) as whole:
            prompts = trimming.prompts(tokens.file, origin, known)
            asked = vocabulary.used(whole.ids(prompts), whole.size)
            counts = (
                trimming.count(whole, lines, _step(order, "reading the texts", len(lines)))
                if lines
                else None
            )
            choice = trim.choose(tokens, known, counts, asked, min_count)
            name = f"{origin.name} ({label})"
            how = (
                f"vocabulary trimmed to {len(choice.kept):,} of {whole.size:,} tokens for "
                f"{' '.join(known)} by Verso {__version__}"
            )
            facts = {"general.name": name, "verso.made_from": origin.id, "verso.made_how": how}
            writing = _step(order, "writing", choice.size)
            with self.written(target, choice.size, origin.name) as partial:
                trim.write(choice, partial, facts, writing)
                share = trimming.compare(whole, partial, choice, lines or prompts)
        spec = self._enter(order, origin, target, identity, name, how, known)
        return Trimmed(spec, len(choice.kept), len(choice.vocabulary), share)

    # --- inside ----------------------------------------------------------------------------

    def _origin(self, order: Order) -> tuple[ModelSpec, Path]:
        path = Path(order.model).expanduser()
        if self._registry.holder(order.model) is None and path.is_file():
            path = path.resolve()
            same = (s for s in self._registry.list() if s.file and self._is_at(s, path))
            return next(same, None) or describe(path, hashed=False), path
        spec = self._registry.get(order.model)
        if spec.kind is not ModelKind.GGUF or not spec.file:
            raise ModelError(
                f"{spec.name} has no GGUF file of its own.", "Choose a model of kind gguf."
            )
        return spec, self._registry.path(spec)

    def _is_at(self, spec: ModelSpec, path: Path) -> bool:
        return (self._settings.models / spec.file).resolve() == path

    def place(self, order: Order, identity: str) -> Path:
        """Where the file goes. Refuses a name or a place that is taken before any work is done."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", identity):
            raise InputError(
                f"{identity!r} cannot be a model's id.",
                "Choose one of letters, digits, dots and hyphens with --id.",
            )
        holder = self._registry.holder(identity)
        if holder is not None:
            raise ModelError(
                f"The name {identity!r} is taken by {holder.name}.",
                f"Choose another with --id, or run `verso models remove {holder.id}` first.",
            )
        target = (order.output or self._settings.models / f"{identity}.gguf").expanduser().resolve()
        if target.exists():
            raise ModelError(f"{target} is there already.", "Choose another place with -o.")
        return target

    @contextmanager
    def written(self, target: Path, needed: int, name: str) -> Iterator[Path]:
        """A place to write to; what is there when the block ends well becomes ``target``."""
        partial = target.with_name(f"{target.name}.part")
        lock = FileLock(target.with_name(f"{target.name}.lock"))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with lock.acquire(timeout=0):
                try:
                    check_space(target.parent, needed, name)
                    yield partial
                    with partial.open("rb+") as file:
                        os.fsync(file.fileno())
                    partial.replace(target)
                finally:
                    partial.unlink(missing_ok=True)
                    Path(lock.lock_file).unlink(missing_ok=True)
        except Timeout:
            raise ModelError(
                f"Another Verso is writing {target.name}.", "Wait until it is done."
            ) from None
        except OSError as error:
            raise ModelError(
                f"Cannot write {target}: {error.strerror or error}.", "Choose another with -o."
            ) from error

    def _enter(
        self,
        order: Order,
        origin: ModelSpec,
        target: Path,
        identity: str,
        name: str,
        how: str,
        tags: tuple[str, ...],
    ) -> ModelSpec:
        spec = derived(
            origin,
            target,
            id=identity,
            name=name,
            how=how,
            languages=tags,
            progress=_hashing(order),
        )
        if target.parent == self._settings.models.resolve():
            spec = replace(spec, file=target.name)  # the folder may move
        self._registry.enter(spec)
        return spec


def _hashing(order: Order) -> Callable[[int, int, str], None]:
    return lambda done, total, _label: order.progress(done / total, "hashing")


def _step(order: Order, what: str, total: int) -> Callable[[int], None]:
    """Tells how far a step is. Raises :class:`Cancelled` after a stop."""

    def report(done: int) -> None:
        if order.stop is not None and order.stop.is_set():
            raise Cancelled
        order.progress(min(done / max(total, 1), 1.0), what)

    return report
