"""The key of a campaign: which output is of which system, and which items are controls.

``key.json`` is the key's canonical JSON. Its SHA-256 is published when the campaign opens, so that
everybody can see afterwards (``sha256sum key.json``) that nothing was exchanged. The random salt
in it makes the hash say nothing: the few possible keys cannot be tried one after the other. The
hash of ``items.jsonl`` is part of the key, so that no text was exchanged either.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Iterable

from trainer.campaigns.types import Key, SystemSpec
from trainer.campaigns.values import plain, value_of
from translator.errors import InputError


def new_salt() -> str:
    """A salt for a new key: 256 random bits."""
    return secrets.token_hex(32)


def key_bytes(key: Key) -> bytes:
    """The bytes of ``key.json``: names sorted, one way to write each value."""
    text = json.dumps(plain(key), ensure_ascii=False, sort_keys=True, indent=1)
    return text.encode() + b"\n"


def key_of(data: bytes) -> Key:
    """The key in these bytes. Raises :class:`InputError`."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError("The campaign's key cannot be read.", "Is key.json damaged?") from error
    return value_of(Key, row)


def hash_of(data: bytes) -> str:
    """The SHA-256 of the bytes of a file, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def verify(data: bytes, key_hash: str) -> bool:
    """Whether these bytes are those that the hash was published of."""
    return hmac.compare_digest(hash_of(data), key_hash)


def require_silent(texts: Iterable[str], systems: Iterable[SystemSpec]) -> None:
    """Texts that reviewers see must not name a system. Raises :class:`InputError` if one does."""
    shown = "\n".join(texts).casefold()
    for system in systems:
        names = {system.name} if system.kind == "memory" else {system.name, system.reference}
        for name in names - {""}:
            if re.search(rf"(?<!\w){re.escape(name.casefold())}(?!\w)", shown):
                raise InputError(
                    f"Reviewers would read {name!r} in the campaign's name or instructions.",
                    "Name no system there.",
                )
