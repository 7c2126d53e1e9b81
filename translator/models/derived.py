"""The entry of a model that Verso made out of another one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from translator.models.local_file import describe
from translator.models.partial import Progress
from translator.models.spec import ModelSpec


def derived(
    origin: ModelSpec,
    path: Path,
    *,
    id: str,
    name: str,
    how: str,
    languages: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> ModelSpec:
    """The spec of the file at ``path``: measured facts are the file's, all else is the origin's.

    What a model was trained for does not change when its file does: its prompt style, sampling,
    context and licence (with the terms that go with it) are inherited. ``languages`` empty: the
    origin's. Raises :class:`ModelError` when the file is no model.
    """
    file = describe(path, id=id, name=name, style=origin.style, progress=progress)
    return replace(
        file,
        languages=languages or origin.languages,
        licence=origin.licence,
        sampling=origin.sampling,
        context=origin.context,
        homepage=origin.homepage,
        description=origin.description,
        reads_context=origin.reads_context,
        made_from=origin.id,
        made_how=how,
    )
