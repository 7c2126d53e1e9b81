"""All models that Verso knows: the shipped catalogue and what the user added or made."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from translator.errors import ModelError
from translator.models import catalogue, local_folder
from translator.models.files import delete
from translator.models.local_file import describe
from translator.models.partial import Progress, leftovers
from translator.models.spec import HubSource, ModelKind, ModelSpec, WheelSource
from translator.models.wheel_source import notice_path
from translator.settings import Settings, assets_dir


@dataclass(frozen=True, slots=True)
class Removal:
    """What :meth:`Registry.remove` did: files deleted, and files of the user left alone."""

    deleted: tuple[Path, ...]
    kept: tuple[Path, ...]


class Registry:
    """Finds models by name. Cheap to make; reads the user's entries anew at each call, so it
    sees what another process added. May be used from any thread.
    """

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.models
        self._shipped = catalogue.load(assets_dir() / "models.toml")

    def list(self) -> tuple[ModelSpec, ...]:
        """All models, the default first. Broken entries of the user are left out; see
        :meth:`problems`.
        """
        own = [spec for _, specs, _ in self._own() for spec in specs]
        names = {spec.id.casefold() for spec in own}
        shipped = [spec for spec in self._shipped if spec.id.casefold() not in names]
        return tuple(sorted((*shipped, *own), key=lambda spec: not spec.default))

    def problems(self) -> tuple[ModelError, ...]:
        """What is wrong with entries of the user, to be shown beside the list."""
        return tuple(error for _, _, error in self._own() if error is not None)

    def get(self, name: str) -> ModelSpec:
        """The model with this id or alias, in any case of letters.

        Raises :class:`ModelError`, with a near miss in the hint, when there is none.
        """
        wanted = name.strip().casefold()
        names: dict[str, ModelSpec] = {}
        for spec in self.list():
            for known in (spec.id, *spec.aliases):
                names.setdefault(known.casefold(), spec)
        if wanted in names:
            return names[wanted]
        near = difflib.get_close_matches(wanted, names, n=1, cutoff=0.5)
        guess = f"Did you mean {names[near[0]].id}? " if near else ""
        raise ModelError(
            f"There is no model named {name!r}.", f"{guess}`verso models list` shows them all."
        )

    def default(self) -> ModelSpec:
        """The model to use when none is named."""
        return self.list()[0]

    def installed(self, spec: ModelSpec) -> bool:
        """Whether the model can be used now: its file is there in full, or it needs none."""
        path = self._file(spec)
        if path is None:
            return True
        if spec.kind is ModelKind.HF:
            adapter = self.adapter(spec)
            return _complete(path) and (adapter is None or _complete(adapter))
        return path.is_file() and (not spec.bytes or path.stat().st_size == spec.bytes)

    def path(self, spec: ModelSpec) -> Path:
        """The model's file (or folder, of the kind ``hf``); for an adapter without one of its
        own, its base model's.

        Raises :class:`ModelError`, with a hint, when it is missing or incomplete, or the model
        has none.
        """
        fetch = f"Download it on the Models page, or with `verso models pull {spec.id}`."
        if spec.base and not spec.file:
            path = self.path(self.get(spec.base))
            if spec.kind is ModelKind.HF and not self.installed(spec):
                raise ModelError(f"The adapter of {spec.name} is not here.", fetch)
            return path
        file = self._file(spec)
        if file is None:
            raise ModelError(f"{spec.name} has no model file that could be loaded.")
        path = file
        if spec.sources and not self.installed(spec):
            state = "incomplete" if path.is_file() else "not downloaded yet"
            raise ModelError(f"The file of {spec.name} is {state}.", fetch)
        if not (_complete(path) if spec.kind is ModelKind.HF else path.is_file()):
            raise ModelError(
                f"The file of {spec.name} is gone: {path}.",
                f"Put it back, or run `verso models remove {spec.id}`.",
            )
        return path

    def adapter(self, spec: ModelSpec) -> Path | None:
        """The model's adapter, if it has one: a GGUF file, or a folder of the kind ``hf``."""
        return self._folder / spec.adapter if spec.adapter else None

    def adapter_hash(self, spec: ModelSpec) -> str:
        """The SHA-256 of the model's adapter file; empty if it has none or it is not there."""
        path = self.adapter(spec)
        if path is None:
            return ""
        if spec.kind is ModelKind.HF:
            path /= "adapter_model.safetensors"
        try:
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            return ""  # loading the model says what is wrong

    def add(
        self,
        path: Path,
        id: str | None = None,
        name: str | None = None,
        style: str | None = None,
        progress: Progress | None = None,
        base: str | None = None,
    ) -> ModelSpec:
        """Make a local GGUF file, or a folder of transformers, a model; it stays where it is.

        ``style`` overrides the prompt style that is read off the file. ``base``: the id of the
        model that an adapter's folder belongs to, if the folder does not say it right. Raises
        :class:`ModelError` when the file cannot be used or the id is taken.
        """
        if path.expanduser().is_dir():
            spec = self._folder_spec(path.expanduser().resolve(), id, name, style, base)
        else:
            spec = describe(path, id=id, name=name, style=style, progress=progress)
        other = self.holder(spec.id)
        if other is not None and (other.file, other.adapter) != (spec.file, spec.adapter):
            raise ModelError(
                f"The name {spec.id!r} is taken by {other.name}.", "Choose another with --id."
            )
        self.enter(spec)
        return spec

    def _folder_spec(
        self, path: Path, id: str | None, name: str | None, style: str | None, base: str | None
    ) -> ModelSpec:
        if not local_folder.is_adapter(path):
            return local_folder.describe(path, id=id, name=name, style=style)
        stated = local_folder.adapter_base(path)
        origin = self.get(base) if base else self._origin(stated)
        if origin is None and not Path(stated).is_dir():
            raise ModelError(
                f"The adapter {path.name} belongs to {stated}, which is not among the models.",
                "Add that model first, or say which one it is with --base ID.",
            )
        if origin is not None and origin.kind is not ModelKind.HF:
            raise ModelError(
                f"The adapter {path.name} is of transformers, and {origin.name} is not.",
                "Export the run to GGUF instead: `verso export RUN`.",
            )
        known = origin or local_folder.describe(Path(stated))
        return replace(
            known,
            id=local_folder.identity(id or path.name),
            name=name or path.name,
            file="" if origin else known.file,
            base=origin.id if origin else "",
            adapter=str(path),
            style=style or known.style,
            sources=(),
            aliases=(),
            default=False,
            made_from=origin.id if origin else Path(stated).name,
            made_how="adapter",
        )

    def _origin(self, stated: str) -> ModelSpec | None:
        """The model that an adapter's folder names, by its folder or its repository."""
        for spec in self.list():
            repositories = [s.repo for s in spec.sources if isinstance(s, HubSource)]
            folder = self._folder / spec.file if spec.file else None
            if spec.kind is ModelKind.HF and not spec.adapter:
                if stated in (spec.id, *repositories):
                    return spec
                if folder is not None and folder.resolve() == Path(stated).resolve():
                    return spec
        return None

    def holder(self, name: str) -> ModelSpec | None:
        """The model that has this very name as its id or alias, in any case of letters."""
        wanted = name.casefold()
        return next((s for s in self.list() if wanted in map(str.casefold, _names(s))), None)

    def enter(self, spec: ModelSpec) -> None:
        """Write the user's entry for a model; one of the same id is replaced."""
        self._folder.mkdir(parents=True, exist_ok=True)
        entry = self._folder / f"{spec.id}.toml"
        temporary = entry.with_name(f"{entry.name}.{os.getpid()}.tmp")
        temporary.write_text(catalogue.dump(spec), encoding="utf-8")
        temporary.replace(entry)

    def remove(self, name: str) -> Removal:
        """Delete a model's entry and its files inside the models folder.

        Files elsewhere belong to the user and are left alone. An entry of the shipped
        catalogue stays in the list and can be pulled again. Raises :class:`ModelError` for an
        unknown name or when there is nothing to delete.
        """
        spec = self.get(name)
        doomed = [path for path, specs, _ in self._own() if spec in specs and len(specs) == 1]
        kept: list[Path] = []
        for name in filter(None, (spec.file, spec.adapter)):
            file = self._folder / name
            users = [other for other in self.list() if other != spec]
            used = any(file in (self._folder / o.file, self.adapter(o)) for o in users)
            if file.resolve().parent == self._folder.resolve() and not used:
                doomed += [file, *leftovers(file)]
            elif file.exists():
                kept.append(file)
        for source in spec.sources:
            if isinstance(source, WheelSource) and self._folder / spec.file in doomed:
                doomed += [notice_path(self._folder / spec.file, m) for _, _, m in source.notices]
        deleted = tuple(path for path in doomed if path.exists())
        if not deleted:
            raise ModelError(f"There is nothing of {spec.name} in {self._folder}.")
        for path in deleted:
            delete(path)
        return Removal(deleted, tuple(kept))

    def _file(self, spec: ModelSpec) -> Path | None:
        if not spec.file:
            return self._file(self.get(spec.base)) if spec.base else None
        return self._folder / spec.file  # an absolute path stays as it is

    def _own(self) -> Iterator[tuple[Path, tuple[ModelSpec, ...], ModelError | None]]:
        """The user's entries, one file each: its path, its specs, what is wrong with it."""
        for path in sorted(self._folder.glob("*.toml")):
            try:
                yield path, catalogue.load(path), None
            except ModelError as error:
                yield path, (), error


def _names(spec: ModelSpec) -> tuple[str, ...]:
    return (spec.id, *spec.aliases)


def _complete(folder: Path) -> bool:
    from translator.models.hub_snapshot import complete  # with the HTTP client: slow to import

    return complete(folder)
