"""Tesseract, where it is installed: which of its languages a scan is read with."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass

MAX_PAGES = 40  # every opening of the book recognises them again
_MOST = 3  # languages at once: more make it slow and worse
_NAMES = {
    "ar": "ara", "bg": "bul", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell",
    "en": "eng", "es": "spa", "fa": "fas", "fi": "fin", "fr": "fra", "he": "heb", "hi": "hin",
    "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn", "ko": "kor", "nl": "nld", "pl": "pol",
    "pt": "por", "ro": "ron", "ru": "rus", "sv": "swe", "th": "tha", "tr": "tur", "uk": "ukr",
    "vi": "vie", "zh": "chi_sim",
}  # fmt: skip
_FOLDER = re.compile(r'"(.+)"')


@dataclass(frozen=True, slots=True)
class Recognition:
    """How to recognise text: Tesseract's names of languages joined by ``+``, and its data."""

    languages: str
    folder: str


def recognition(declared: str) -> Recognition | None:
    """How to read a scan whose file says that it is in ``declared`` (a tag or nothing).

    ``None``: Tesseract is not installed, lacks the language, or has too many to choose from.
    """
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        listed = subprocess.run(
            [program, "--list-langs"], capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    head, *names = listed.splitlines()
    folder = _FOLDER.search(head)
    installed = [name for name in map(str.strip, names) if name and name != "osd"]
    tag = declared.lower()
    wanted = "chi_tra" if tag.startswith(("zh-t", "zh-h")) and tag != "zh-hans" else ""
    wanted = wanted or _NAMES.get(tag.partition("-")[0], "")
    if wanted:
        chosen = [wanted] if wanted in installed else []
    else:
        chosen = installed if len(installed) <= _MOST else []
    if not chosen or folder is None:
        return None
    return Recognition("+".join(chosen), folder[1])
