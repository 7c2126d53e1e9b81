"""Personal links: who has one is that reviewer of that campaign, until it expires.

A token is ``campaign.reviewer.expiry.signature``: random ids, a time, and 128 bits of an
HMAC-SHA256 over them. The signature needs this server's secret (``campaigns/.secret``, 0600) and
the secret of the reviewer's link in ``reviewers.json``: a new one there ends all older links.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock

from trainer.campaigns.folder import Campaign, Campaigns
from translator.errors import InputError

_SECRET = ".secret"
_TOKEN = re.compile(r"(c[0-9a-f]{16})\.(r[0-9a-f]{16})\.([0-9a-f]{1,12})\.([\w-]{22})", re.ASCII)
_DAY = 86_400  # seconds
_WRONG = "This link does not work, or no longer."
_ASK = "Ask whoever sent it to you for a new one."


def make(campaign: Campaign, reviewer: str) -> str:
    """The token of a reviewer's link: the same one until it expires or is revoked.

    Raises :class:`InputError` for a reviewer that the campaign does not have.
    """
    with campaign.changing():
        rows = campaign.reviewer_rows()
        row = _row_of(reviewer, rows)
        if row.get("expires", 0) <= time.time():
            row["link"] = secrets.token_hex(16)
            row["expires"] = int(time.time()) + campaign.settings.expires_days * _DAY
            campaign.write_reviewer_rows(rows)
            campaign.note("link made", reviewer=reviewer, expires=row["expires"])
    head = f"{campaign.id}.{reviewer}.{row['expires']:x}"
    return f"{head}.{_signature(campaign.path.parent, row['link'], head)}"


def check(campaigns: Campaigns, token: str) -> tuple[str, str]:
    """The campaign's and the reviewer's id of a link.

    Raises :class:`InputError`, in the same words whatever is wrong with it.
    """
    match = _TOKEN.fullmatch(token)
    if match:
        campaign_id, reviewer, expiry, signature = match.groups()
        with suppress(InputError, FileNotFoundError):  # deleted since
            rows = campaigns.get(campaign_id).reviewer_rows()
            link = next((row.get("link") for row in rows if row["id"] == reviewer), None)
            if link:
                head = token.rpartition(".")[0]
                wanted = _signature(campaigns.folder, link, head)
                if hmac.compare_digest(wanted, signature) and int(expiry, 16) > time.time():
                    return campaign_id, reviewer
    raise InputError(_WRONG, _ASK)


def revoke(campaign: Campaign, reviewer: str, who: str = "") -> None:
    """End a reviewer's link; the next :func:`make` gives another one.

    Raises :class:`InputError` for a reviewer that the campaign does not have.
    """
    with campaign.changing():
        rows = campaign.reviewer_rows()
        row = _row_of(reviewer, rows)
        row.pop("link", None)
        row.pop("expires", None)
        campaign.write_reviewer_rows(rows)
        campaign.note("link revoked", who, reviewer=reviewer)


def _row_of(reviewer: str, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    row = next((row for row in rows if row["id"] == reviewer), None)
    if row is None:
        raise InputError("The campaign has no such reviewer.")
    return row


def _signature(folder: Path, link: str, head: str) -> str:
    digest = hmac.digest(_secret(folder), f"{head}.{link}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def _secret(folder: Path) -> bytes:
    """This server's secret, made when it is first needed."""
    path = folder / _SECRET
    with suppress(FileNotFoundError):
        return path.read_bytes()
    with FileLock(folder / f"{_SECRET}.lock"):
        if not path.exists():
            descriptor, made = tempfile.mkstemp(dir=folder, prefix=_SECRET)  # 0600
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            Path(made).replace(path)
    return path.read_bytes()
