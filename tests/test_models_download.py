from __future__ import annotations

import dataclasses
import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models_support import Reply, Server, serve
from translator.errors import Cancelled, DownloadError, ModelError
from translator.models import http_source
from translator.models.download import pull
from translator.models.partial import Transfer
from translator.models.registry import Registry
from translator.models.spec import HubSource, Licence, ModelKind, ModelSpec, Source, UrlSource
from translator.models.terms import TermsNotAcceptedError
from translator.settings import Settings

DATA = random.Random(7).randbytes(3_000_000)
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_source, "_PAUSE", 0.01)
    for name in ("HF_TOKEN", "HF_ENDPOINT", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[Server]:
    with serve({"/good": Reply(DATA)}) as running:
        yield running


def spec(*sources: Source, **changes: object) -> ModelSpec:
    plain = ModelSpec("m", "Model M", ModelKind.GGUF, "m.gguf", len(DATA), SHA, sources)
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_a_file_arrives_with_progress(server: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    source = UrlSource(f"{server.url}/good")
    path = pull(spec(source), tmp_path / "new", progress=lambda *step: told.append(step))
    assert path.read_bytes() == DATA
    assert names(tmp_path / "new") == ["m.gguf"]
    fetched = [done for done, _, label in told if label == "from 127.0.0.1"]
    assert fetched == sorted(fetched)
    assert fetched[-1] == len(DATA)
    assert {total for _, total, _ in told} == {len(DATA)}
    assert told[-1][2] == "checking"


def test_a_good_file_is_not_fetched_again_and_a_bad_one_is(server: Server, tmp_path: Path) -> None:
    model = spec(UrlSource(f"{server.url}/good"))
    pull(model, tmp_path)
    pull(model, tmp_path)
    assert len(server.seen) == 1
    (tmp_path / "m.gguf").write_bytes(DATA[:-1] + b"?")
    pull(model, tmp_path)
    assert len(server.seen) == 2
    assert (tmp_path / "m.gguf").read_bytes() == DATA


def test_a_broken_transfer_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    server.replies["/breaks"] = [
        Reply(DATA, send=1_000_000),
        Reply(DATA, send=500_000),
        Reply(DATA),
    ]
    pull(spec(UrlSource(f"{server.url}/breaks")), tmp_path)
    first, second, third = server.ranges()
    assert first == ""
    assert 0 < int(second[6:-1]) <= 1_000_000
    assert int(second[6:-1]) < int(third[6:-1]) <= 1_500_000


def test_a_stopped_download_goes_on_the_next_time(server: Server, tmp_path: Path) -> None:
    stop = threading.Event()

    def tell(done: int, total: int, label: str) -> None:
        if done > total / 3:
            stop.set()

    model = spec(UrlSource(f"{server.url}/good"))
    with pytest.raises(Cancelled):
        pull(model, tmp_path, progress=tell, stop=stop)
    assert "m.gguf" not in names(tmp_path)
    pull(model, tmp_path)
    assert int(server.ranges()[1][6:-1]) > len(DATA) / 3
    assert names(tmp_path) == ["m.gguf"]


def test_a_changed_file_is_not_glued_to_the_old_one(server: Server, tmp_path: Path) -> None:
    server.replies["/f"] = [Reply(b"x" * len(DATA), send=900_000, etag='"old"'), Reply(DATA)]
    pull(spec(UrlSource(f"{server.url}/f")), tmp_path)
    assert server.ranges()[1] != ""  # it asked to go on, and got the whole file


def test_a_server_without_ranges_starts_again(server: Server, tmp_path: Path) -> None:
    server.replies["/f"] = [Reply(DATA, send=900_000), Reply(DATA, ranges=False)]
    pull(spec(UrlSource(f"{server.url}/f")), tmp_path)


def test_a_refused_range_starts_again(server: Server, tmp_path: Path) -> None:
    server.replies["/f"] = [Reply(DATA, send=900_000), Reply(status=416), Reply(DATA)]
    pull(spec(UrlSource(f"{server.url}/f")), tmp_path)
    assert server.ranges()[2] == ""


def test_a_range_from_elsewhere_in_the_file_is_not_used(server: Server, tmp_path: Path) -> None:
    wrong = Reply(b"", status=206, headers={"Content-Range": f"bytes 5-9/{len(DATA)}"})
    wrong.body = b"abcde"
    server.replies["/f"] = [Reply(DATA, send=900_000), wrong]
    with pytest.raises(DownloadError, match=r"wrong part|unreadable"):
        pull(spec(UrlSource(f"{server.url}/f")), tmp_path)


def test_the_next_source_is_tried_and_all_failures_are_told(server: Server, tmp_path: Path) -> None:
    server.replies |= {
        "/wrong": Reply(b"?" * len(DATA)),
        "/short": Reply(DATA[:-5]),
        "/login": Reply(status=401),
        "/broken": Reply(status=503),
    }
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        dead = UrlSource(f"http://127.0.0.1:{closed.getsockname()[1]}/x")
        urls = [f"{server.url}/{name}" for name in ("wrong", "short", "login", "broken", "none")]
        bad = (dead, *map(UrlSource, urls))
        with pytest.raises(DownloadError) as error:
            pull(spec(*bad), tmp_path)
        for reason in (
            "could not be read",
            "SHA-256 differs",
            "instead of 3,000,000",
            "HTTP 401",
            "HTTP 503",
            "HTTP 404",
        ):
            assert reason in error.value.message
        assert "models pull m" in error.value.hint
        assert names(tmp_path) == []
        path = pull(spec(*bad, UrlSource(f"{server.url}/good")), tmp_path)
    assert path.read_bytes() == DATA
    assert names(tmp_path) == ["m.gguf"]


def test_a_silent_source_falls_through_in_time(server: Server, tmp_path: Path) -> None:
    server.replies["/silent"] = Reply(DATA, delay=30)
    sources = [UrlSource(f"{server.url}/{name}") for name in ("silent", "good")]
    start = time.monotonic()
    pull(spec(*sources), tmp_path, patience=0.3)
    assert time.monotonic() - start < 3


def test_a_stall_in_the_middle_is_resumed(server: Server, tmp_path: Path) -> None:
    stalls = Reply(DATA, slow=3)
    server.replies["/f"] = [Reply(DATA, send=600_000), stalls, Reply(DATA)]
    sources = [UrlSource(f"{server.url}/{name}") for name in ("f", "none")]
    pull(spec(*sources), tmp_path, patience=0.3)
    assert [path for path, _ in server.seen] == ["/f"] * 3


def test_a_stop_is_heard_while_waiting_for_an_answer(server: Server, tmp_path: Path) -> None:
    server.replies["/silent"] = Reply(DATA, delay=30)
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    start = time.monotonic()
    with pytest.raises(Cancelled):
        pull(spec(UrlSource(f"{server.url}/silent")), tmp_path, stop=stop)
    assert time.monotonic() - start < 3


def test_hub_address_token_and_redirect(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve({"/storage": Reply(DATA)}) as storage:
        server.replies["/hub/o/r/resolve/v1/dir/m.gguf"] = Reply(
            status=302,
            headers={"Location": f"{storage.url.replace('127.0.0.1', 'localhost')}/storage"},
        )
        monkeypatch.setenv("HF_ENDPOINT", f"{server.url}/hub/")
        monkeypatch.setenv("HF_TOKEN", "secret")
        pull(spec(HubSource("o/r", "dir/m.gguf", "v1")), tmp_path)
        assert server.seen[0][1]["authorization"] == "Bearer secret"
        assert "authorization" not in storage.seen[0][1]
    assert not any("secret" in path.read_text("latin-1") for path in tmp_path.iterdir())


@pytest.mark.parametrize(("stated", "good"), [(SHA, True), ("0" * 64, False)])
def test_without_a_known_hash_the_hubs_own_decides(
    server: Server, tmp_path: Path, stated: str, good: bool
) -> None:
    server.replies["/f"] = Reply(
        status=302,
        headers={"Location": f"{server.url}/good", "X-Linked-ETag": f'"{stated}"'},
    )
    model = spec(UrlSource(f"{server.url}/f"), sha256="", bytes=0)
    if good:
        assert pull(model, tmp_path).read_bytes() == DATA
    else:
        with pytest.raises(DownloadError, match="SHA-256 differs"):
            pull(model, tmp_path)
        assert names(tmp_path) == []


def test_terms_come_first_and_are_remembered(server: Server, tmp_path: Path) -> None:
    licence = Licence("Some Terms", "https://example.org/terms", "Be kind.", must_accept=True)
    model = spec(UrlSource(f"{server.url}/good"), licence=licence)
    with pytest.raises(TermsNotAcceptedError) as error:
        pull(model, tmp_path)
    assert server.seen == []
    for part in ("Some Terms", "https://example.org/terms", "Be kind."):
        assert part in error.value.message
    assert error.value.licence == licence
    pull(model, tmp_path, accept_terms=True)
    (tmp_path / "m.gguf").unlink()
    pull(model, tmp_path)
    changed = dataclasses.replace(licence, notice="Be very kind.")
    with pytest.raises(TermsNotAcceptedError):
        pull(dataclasses.replace(model, licence=changed), tmp_path)


def test_models_without_a_download_say_so(tmp_path: Path) -> None:
    registry = Registry(Settings(home=tmp_path))
    with pytest.raises(ModelError, match="nothing to download"):
        pull(registry.get("pseudo"), tmp_path)


def test_too_little_room_is_noticed_first(server: Server, tmp_path: Path) -> None:
    huge = spec(UrlSource(f"{server.url}/good"), bytes=10**18)
    with pytest.raises(DownloadError, match="not enough room"):
        pull(huge, tmp_path)
    assert server.seen == []


def test_an_unwritable_folder_is_one_sentence(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DownloadError, match="Cannot write"):
        pull(spec(UrlSource(f"{server.url}/good")), tmp_path / "file")


def test_two_at_once_fetch_once(server: Server, tmp_path: Path) -> None:
    server.replies["/slow"] = Reply(DATA, slow=0.3)
    model = spec(UrlSource(f"{server.url}/slow"))
    labels: list[str] = []

    def run() -> None:
        pull(model, tmp_path, progress=lambda done, total, label: labels.append(label))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(server.seen) == 1
    assert any(label.startswith("waiting") for label in labels)
    assert (tmp_path / "m.gguf").read_bytes() == DATA


def test_a_killed_process_leaves_no_lock_and_its_bytes_are_used(
    server: Server, tmp_path: Path
) -> None:
    server.replies["/f"] = [Reply(DATA, slow=1), Reply(DATA)]
    program = textwrap.dedent(
        f"""
        from pathlib import Path
        from translator.models.download import pull
        from translator.models.spec import *
        source = UrlSource({server.url + "/f"!r})
        spec = ModelSpec("m", "M", ModelKind.GGUF, "m.gguf", {len(DATA)}, {SHA!r}, (source,))
        pull(spec, Path({str(tmp_path)!r}))
        """
    )
    root = Path(__file__).parents[1]
    process = subprocess.Popen([sys.executable, "-c", program], cwd=root)
    partial = tmp_path / "m.gguf.part0"
    deadline = time.monotonic() + 20
    while not (partial.exists() and partial.stat().st_size > 500_000):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    pull(spec(UrlSource(f"{server.url}/f")), tmp_path)
    assert int(server.ranges()[1][6:-1]) > 500_000


def test_a_stop_before_the_start_fetches_nothing(server: Server, tmp_path: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Cancelled):
        pull(spec(UrlSource(f"{server.url}/good")), tmp_path, stop=stop)
    with pytest.raises(Cancelled):
        Transfer("x", 1, stop=stop).check()
