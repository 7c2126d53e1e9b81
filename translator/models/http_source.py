"""One file over HTTP, resumed where it broke off."""

from __future__ import annotations

import json
import os
import queue
import re
import ssl
import threading
from typing import Any
from urllib.parse import quote, urlsplit

import httpx

from translator.models.files import check_space
from translator.models.partial import Partial, SourceFailed, Transfer
from translator.models.spec import HubSource

_CHUNK = 1 << 18
_TRIES = 3  # in a row without a byte of progress, for a source that gave nothing yet
_TRIES_LATER = 6  # the same, once it has given something
_PAUSE = 0.5  # seconds; doubled for each further try
_SHA256 = re.compile(r"[0-9a-f]{64}")


class _TransientError(Exception):
    """Worth another try with the same source."""


class _NoAnswerError(_TransientError):
    """Nothing came back at all."""


def hub() -> str:
    """The address of the model hub; ``HF_ENDPOINT`` names another one or a mirror."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def hub_url(source: HubSource) -> str:
    """The address of a hub's file."""
    return f"{hub()}/{source.repo}/resolve/{quote(source.revision, safe='')}/{quote(source.file)}"


def hub_headers() -> dict[str, str]:
    """The user's hub token, if there is one. (httpx drops it on a redirect to another host.)"""
    token = os.environ.get("HF_TOKEN", "").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def fetch(
    url: str, partial: Partial, transfer: Transfer, headers: dict[str, str] | None = None
) -> None:
    """Fetch ``url`` into ``partial``.

    Interrupted transfers go on where they stopped, if the server can (it is asked with
    ``Range`` and ``If-Range``). Raises :class:`SourceFailed` when the server does not answer
    within ``transfer.patience`` seconds, refuses, offers another size, or breaks off again
    and again; :class:`Cancelled` on a stop; :class:`DownloadError` when the disk is full.
    """
    label = f"from {urlsplit(url).hostname or url}"
    failures, moved = 0, False
    timeout = httpx.Timeout(transfer.patience, pool=None)
    with httpx.Client(timeout=timeout, follow_redirects=True, verify=_trust()) as client:
        while True:
            before = partial.size
            try:
                _attempt(client, url, label, partial, transfer, headers or {})
                return
            except (httpx.TransportError, _TransientError) as error:
                progress = partial.size > before
                moved = moved or progress
                lost = isinstance(error, (httpx.ConnectError, _NoAnswerError))
                failures = 0 if progress else failures + 1
                if (lost and not moved) or failures >= (_TRIES_LATER if moved else _TRIES):
                    raise SourceFailed(_reason(error)) from error
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise SourceFailed(_reason(error)) from error
            transfer.pause(_PAUSE * 2**failures)


def read_json(url: str, transfer: Transfer, headers: dict[str, str]) -> Any:
    """What a small JSON file at ``url`` says. Raises as :func:`fetch` does."""
    timeout = httpx.Timeout(transfer.patience, pool=None)
    with httpx.Client(timeout=timeout, follow_redirects=True, verify=_trust()) as client:
        for tries in range(_TRIES):
            try:
                request = client.build_request("GET", url, headers=headers)
                response = _open(client, request, transfer)
                try:
                    _check_status(response)
                    return json.loads(response.read())
                finally:
                    response.close()
            except (httpx.TransportError, _TransientError) as error:
                if isinstance(error, (httpx.ConnectError, _NoAnswerError)) or tries == _TRIES - 1:
                    raise SourceFailed(_reason(error)) from error
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                raise SourceFailed(_reason(error)) from error
            transfer.pause(_PAUSE * 2**tries)
    raise AssertionError("every try ends above")


def _reason(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text if isinstance(error, _TransientError) else f"could not be read ({text})"


def _attempt(
    client: httpx.Client,
    url: str,
    label: str,
    partial: Partial,
    transfer: Transfer,
    headers: dict[str, str],
) -> None:
    offset = partial.size
    if transfer.total and offset == transfer.total:
        return
    if offset > transfer.total > 0:
        partial.discard()
        offset = 0
    asked = {**headers, "Accept-Encoding": "identity"}
    if offset:
        asked["Range"] = f"bytes={offset}-"
        if partial.etag:
            asked["If-Range"] = partial.etag
    response = _open(client, client.build_request("GET", url, headers=asked), transfer)
    try:
        if response.status_code == 416:
            partial.discard()
            raise _TransientError("did not go on in the middle of the file")
        _check_status(response)
        start, size = _position(response)
        if start != offset:
            if start:
                raise SourceFailed("answered with the wrong part of the file")
            offset = 0
        if transfer.total and size and size != transfer.total:
            raise SourceFailed(f"has a file of {size:,} bytes instead of {transfer.total:,}")
        if not transfer.total:
            transfer.total = size
        check_space(partial.path.parent, max(transfer.total - offset, 0), transfer.name)
        if not offset:
            partial.restart(_strong_etag(response), _stated_sha256(response))
        _receive(response, partial, transfer, label)
    finally:
        response.close()


def _receive(response: httpx.Response, partial: Partial, transfer: Transfer, label: str) -> None:
    done = partial.size
    with partial.path.open("ab") as file:
        transfer.report(done, label)
        for chunk in response.iter_raw(_CHUNK):
            if transfer.total and done + len(chunk) > transfer.total:
                raise SourceFailed("sends more bytes than it should")
            file.write(chunk)
            done += len(chunk)
            transfer.report(done, label)
    if done < transfer.total:
        raise _TransientError(f"broke off after {done:,} of {transfer.total:,} bytes")


def _open(client: httpx.Client, request: httpx.Request, transfer: Transfer) -> httpx.Response:
    """Send the request and wait for the headers of the answer.

    It happens in a thread so that ``patience`` also bounds what httpx's timeouts do not (name
    resolution, a chain of redirects), and so that a stop is heard while waiting.
    """
    answers: queue.SimpleQueue[httpx.Response | Exception] = queue.SimpleQueue()
    abandoned = threading.Event()

    def send() -> None:
        try:
            response = client.send(request, stream=True)
        except Exception as error:
            answers.put(error)
            return
        answers.put(response)
        if abandoned.is_set():
            response.close()

    threading.Thread(target=send, daemon=True, name="verso-download").start()
    waited = 0.0
    while True:
        try:
            answer = answers.get(timeout=0.1)
            break
        except queue.Empty:
            waited += 0.1
            if waited > transfer.patience or transfer.stop.is_set():
                abandoned.set()
                transfer.check()
                answer = httpx.ReadTimeout("no answer")
                break
    if isinstance(answer, httpx.TimeoutException):
        raise _NoAnswerError(f"did not answer within {transfer.patience:g} seconds")
    if isinstance(answer, Exception):
        raise answer
    return answer


def _check_status(response: httpx.Response) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    if status in (401, 403):
        raise SourceFailed(
            f"refuses without an account that may read it (HTTP {status}; for a hub, set HF_TOKEN)"
        )
    if status == 404:
        raise SourceFailed("does not have the file (HTTP 404)")
    if status in (408, 425, 429) or status >= 500:
        raise _TransientError(f"answered with HTTP {status}")
    raise SourceFailed(f"answered with HTTP {status}")


def _position(response: httpx.Response) -> tuple[int, int]:
    """Where the body starts in the file, and the file's size (0: not stated)."""
    if response.status_code == 206:
        match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("content-range", ""))
        if match is None:
            raise SourceFailed("answered with an unreadable Content-Range")
        return int(match[1]), 0 if match[2] == "*" else int(match[2])
    length = response.headers.get("content-length", "")
    return 0, int(length) if length.isdecimal() else 0


def _strong_etag(response: httpx.Response) -> str:
    etag: str = response.headers.get("etag", "")
    return "" if etag.startswith("W/") else etag


def _stated_sha256(response: httpx.Response) -> str:
    """Hugging Face names a large file's SHA-256 on the redirect to its storage."""
    for answer in (*response.history, response):
        etag = answer.headers.get("x-linked-etag", "").strip('"')
        if _SHA256.fullmatch(etag):
            return str(etag)
    return ""


def _trust() -> ssl.SSLContext | bool:
    """The certificates that the user's other tools trust (a company proxy's, for example)."""
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        path = os.environ.get(variable)
        if path and os.path.isfile(path):  # noqa: PTH113 - may be any kind of path text
            return ssl.create_default_context(cafile=path)
    return True
