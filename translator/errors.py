"""Errors that reach a person: one sentence, and a hint that says what to do next."""

from __future__ import annotations

import re

_SPACE = re.compile(r"[\t-\r\x1c-\x1e\x85\u2028\u2029]+")
# Controls of terminals, and marks that turn the direction of what follows.
_CONTROL = re.compile("[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def one_line(text: str) -> str:
    """A text that may hold names from anywhere, as one harmless line."""
    return _CONTROL.sub("\ufffd", _SPACE.sub(" ", text))


class VersoError(Exception):
    """A problem that a user can understand and usually mend.

    The command line prints ``message`` and ``hint`` without a traceback (exit code 1), the
    page shows them where the problem happened: each as one line, whatever names are in it.
    Anything else that is raised is a bug.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = one_line(message)
        self.hint = one_line(hint)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class InputError(VersoError):
    """The text, file or option given cannot be used."""


class BookError(InputError):
    """A book file is broken, encrypted, hostile or of an unsupported kind."""


class ModelError(VersoError):
    """A model is unknown, missing, corrupt or cannot do what was asked."""


class DownloadError(ModelError):
    """No source of a model gave the right bytes."""


class EngineError(VersoError):
    """The engine failed while translating (crash, out of memory, context too small)."""


class Cancelled(VersoError):
    """The user stopped the work."""

    def __init__(self, message: str = "Stopped.", hint: str = "") -> None:
        super().__init__(message, hint)
