"""Shared by the tests of translator.models: tiny GGUF files and a server that misbehaves."""

from __future__ import annotations

import re
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Value = str | int | float | bool | Sequence[str]

CHAT: dict[str, Value] = {
    "general.architecture": "qwen2",
    "general.name": "Tiny Chat",
    "general.file_type": 15,
    "general.license": "apache-2.0",
    "qwen2.context_length": 32768,
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.tokens": ["a", "b", "c"],
    "tokenizer.chat_template": "{{ messages }}",
}


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def gguf(values: Mapping[str, Value] = CHAT, *, version: int = 3, tensors: int = 2) -> bytes:
    """A small valid GGUF file with F32 tensors of 8 x 4 values."""
    head = b"GGUF" + struct.pack("<IQQ", version, tensors, len(values))
    for key, value in values.items():
        head += text(key)
        match value:
            case bool():
                head += struct.pack("<I?", 7, value)
            case int():
                head += struct.pack("<II", 4, value)
            case float():
                head += struct.pack("<If", 6, value)
            case str():
                head += struct.pack("<I", 8) + text(value)
            case _:
                head += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    size = 8 * 4 * 4
    for number in range(tensors):
        head += text(f"blk.{number}.weight") + struct.pack("<IQQIQ", 2, 8, 4, 0, number * size)
    return head + b"\0" * (-len(head) % 32) + b"\1" * (tensors * size)


@dataclass
class Reply:
    """How the server answers one request for a path."""

    body: bytes = b""
    status: int = 200
    ranges: bool = True
    etag: str = '"v1"'
    headers: dict[str, str] = field(default_factory=dict)
    send: int | None = None  # break off after so many bytes of the body
    delay: float = 0.0  # seconds before the answer
    slow: float = 0.0  # seconds before each half of the body


@dataclass
class Server:
    """``replies`` maps a path to its reply, or to a list: one for each request in turn."""

    url: str
    replies: dict[str, Reply | list[Reply]]
    seen: list[tuple[str, dict[str, str]]]

    def ranges(self) -> list[str]:
        return [headers.get("range", "") for _, headers in self.seen]


@contextmanager
def serve(
    replies: dict[str, Reply | list[Reply]] | None = None,
    find: Callable[[str], Reply | None] | None = None,
) -> Iterator[Server]:
    """A real HTTP server on 127.0.0.1 for the time of a test."""
    known: dict[str, Reply | list[Reply]] = replies if replies is not None else {}
    seen: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
            reply = find(self.path) if find else None
            stored = reply or known.get(self.path.split("?")[0], Reply(status=404))
            if isinstance(stored, list):
                stored = stored.pop(0) if len(stored) > 1 else stored[0]
            answer(self, stored)

        def log_message(self, format: str, *args: object) -> None:
            return

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            return  # clients here break off on purpose

    server = Quiet(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}", known, seen)
    finally:
        server.shutdown()
        server.server_close()


def answer(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    time.sleep(reply.delay)
    body, status, start = reply.body, reply.status, 0
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    condition = handler.headers.get("If-Range")
    if asked and reply.ranges and status == 200 and condition in (None, reply.etag):
        start = int(asked[1])
        status = 206 if start < len(body) else 416
    part = body[start:] if status != 416 else b""
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(part)))
    if reply.etag:
        handler.send_header("ETag", reply.etag)
    if status == 206:
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    for key, value in reply.headers.items():
        handler.send_header(key, value)
    handler.end_headers()
    sent = part if reply.send is None else part[: reply.send]
    half = len(sent) // 2
    try:
        for piece in (sent[:half], sent[half:]):
            time.sleep(reply.slow)
            handler.wfile.write(piece)
            handler.wfile.flush()
    except OSError:
        return
    if len(sent) < len(part):
        handler.close_connection = True
