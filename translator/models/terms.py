"""Licences that a person must agree to before the first download."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

from translator.errors import ModelError
from translator.models.spec import Licence, ModelSpec

_FILE = "accepted-terms.json"


class TermsNotAcceptedError(ModelError):
    """The model's licence has to be shown and agreed to first; ``licence`` holds its text."""

    def __init__(self, spec: ModelSpec) -> None:
        self.licence = spec.licence
        details = " ".join(part for part in (spec.licence.notice, spec.licence.url) if part)
        super().__init__(
            f"{spec.name} comes under the {spec.licence.name}, which you have to accept first. "
            f"{details}".strip(),
            f"Read them, then run `verso models pull {spec.id} --accept-terms`.",
        )


def accepted(licence: Licence, folder: Path) -> bool:
    """Whether the licence needs no consent, or this models folder remembers it."""
    return not licence.must_accept or _key(licence) in _remembered(folder)


def require(spec: ModelSpec, folder: Path, *, accept: bool) -> None:
    """Remember the consent (``accept``) or raise :class:`TermsNotAcceptedError` without it."""
    if accepted(spec.licence, folder):
        return
    if not accept:
        raise TermsNotAcceptedError(spec)
    folder.mkdir(parents=True, exist_ok=True)
    known = _remembered(folder)
    known[_key(spec.licence)] = datetime.now(UTC).isoformat(timespec="seconds")
    temporary = folder / f"{_FILE}.{os.getpid()}.tmp"
    temporary.write_text(json.dumps(known, indent=2, ensure_ascii=False), encoding="utf-8")
    temporary.replace(folder / _FILE)


def _key(licence: Licence) -> str:
    # The notice is part of the key: changed terms are asked for again.
    return f"{licence.name} | {licence.url} | {licence.notice}"


def _remembered(folder: Path) -> dict[str, str]:
    path = folder / _FILE
    if not path.exists():
        return {}
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(
            f"Cannot read the list of accepted terms ({path}).", "Delete it and accept again."
        ) from error
    return {str(key): str(value) for key, value in known.items()} if isinstance(known, dict) else {}
