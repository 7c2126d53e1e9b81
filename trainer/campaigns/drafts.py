"""Answers that are half done: a reviewer goes on with them on any device.

One file for each reviewer in ``drafts``, which is replaced whole. What is in a draft is the
page's own business: it never becomes a rating.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from filelock import FileLock

from trainer.campaigns.files import saving
from trainer.run_files import write_atomically
from translator.errors import InputError

FOLDER = "drafts"
LARGEST = 200_000  # characters of one draft, as JSON
LARGEST_OF_ALL = 20_000_000  # of all drafts of a reviewer


class Drafts:
    """The drafts of one reviewer in a campaign's folder."""

    def __init__(self, campaign: Path, reviewer: str) -> None:
        self._path = campaign / FOLDER / f"{reviewer}.json"

    def all(self) -> dict[str, Any]:
        """The drafts by item."""
        try:
            drafts: dict[str, Any] = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return drafts

    def put(self, item: str, draft: dict[str, Any] | None) -> None:
        """Keep the draft of an item in place of the one before; ``None`` removes it.

        Raises:
            InputError: it is too large, or there are too many.
            NotSaved: the disk does not take it.
        """
        if draft is None and not self._path.exists():
            return
        if draft is not None and len(json.dumps(draft)) > LARGEST:
            raise InputError("What you wrote is too long to be kept.", "Save it, or shorten it.")
        with saving("The draft"):
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            with FileLock(f"{self._path}.lock"):
                drafts = self.all()
                if drafts.get(item) == draft:
                    return
                drafts.pop(item, None)
                if draft is not None:
                    drafts[item] = draft
                text = json.dumps(drafts, ensure_ascii=False)
                if draft is not None and len(text) > LARGEST_OF_ALL:
                    raise InputError("There is too much that is half done.", "Save some of it.")
                write_atomically(self._path, text)
