"""Whole models from a hub: what is taken, resumed, checked and refused."""

from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.models_support import Reply, Server, serve
from translator.cli import main
from translator.errors import Cancelled, DownloadError, ModelError
from translator.models import http_source, hub_snapshot
from translator.models.download import pull
from translator.models.registry import Registry
from translator.models.spec import HubSource, ModelKind, ModelSpec
from translator.settings import Settings

WEIGHTS = random.Random(3).randbytes(600_000)
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "tokenizer.json": b"{}",
    "model-00001-of-00002.safetensors": WEIGHTS,
    "model-00002-of-00002.safetensors": WEIGHTS[:1000],
    "model.safetensors.index.json": b"{}",
    "LICENSE": b"free",
}
REFUSED = {
    "pytorch_model.bin": b"pickle",
    "modeling_evil.py": b"import os",
    "onnx/model.onnx": b"x",
    "../escape.json": b"{}",
    "training_args.bin": b"x",
}
SPEC = ModelSpec(
    "tiny", "Tiny", ModelKind.HF, "tiny", sources=(HubSource("owner/tiny", revision="v1"),)
)


def listing(files: dict[str, bytes], sha: str = "c0ffee") -> Reply:
    siblings: list[dict[str, Any]] = []
    for name, data in files.items():
        entry: dict[str, Any] = {"rfilename": name, "size": len(data)}
        if name.endswith(".safetensors"):
            entry["lfs"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        siblings.append(entry)
    return Reply(json.dumps({"sha": sha, "siblings": siblings}).encode())


def replies(files: dict[str, bytes] = FILES, sha: str = "c0ffee") -> dict[str, Any]:
    return {
        "/api/models/owner/tiny/revision/v1": listing({**files, **REFUSED}, sha),
        **{f"/owner/tiny/resolve/{sha}/{name}": Reply(data) for name, data in files.items()},
    }


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(http_source, "_PAUSE", 0.01)
    for name in ("HF_TOKEN", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve(replies()) as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


def asked(hub: Server) -> list[str]:
    return [path.rsplit("/", 1)[1] for path, _ in hub.seen if "/resolve/" in path]


def test_a_model_arrives_with_progress_and_without_programs(hub: Server, tmp_path: Path) -> None:
    told: list[tuple[int, int, str]] = []
    folder = pull(SPEC, tmp_path, progress=lambda *step: told.append(step))
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    found.pop("verso-snapshot.json")
    assert found == FILES
    total = sum(map(len, FILES.values()))
    assert told[-1][:2] == (total, total)
    done = [step[0] for step in told]
    assert done == sorted(done)
    assert hub_snapshot.complete(folder)
    assert not list(tmp_path.glob("*.partial*"))
    hub.seen.clear()
    assert pull(SPEC, tmp_path) == folder and not hub.seen


def test_a_cut_off_download_goes_on_in_the_middle(hub: Server, tmp_path: Path) -> None:
    name = "model-00001-of-00002.safetensors"
    path = f"/owner/tiny/resolve/c0ffee/{name}"
    stop = threading.Event()
    hub.replies[path] = [Reply(WEIGHTS, send=200_000), Reply(WEIGHTS)]

    def progress(done: int, _total: int, label: str) -> None:
        if label == name and done > 190_000:
            stop.set()

    with pytest.raises(Cancelled):
        pull(SPEC, tmp_path, progress=progress, stop=stop)
    assert not (tmp_path / "tiny").exists()
    folder = pull(SPEC, tmp_path)
    assert (folder / name).read_bytes() == WEIGHTS
    assert asked(hub).count("config.json") == 1
    ranges = [h.get("range", "") for p, h in hub.seen if p == path]
    assert ranges[0] == "" and ranges[-1].startswith("bytes=")


def test_another_version_starts_anew(hub: Server, tmp_path: Path) -> None:
    hub.replies["/owner/tiny/resolve/c0ffee/LICENSE"] = Reply(status=404)
    with pytest.raises(DownloadError, match="404"):
        pull(SPEC, tmp_path)
    newer = FILES | {"config.json": b'{"model_type": "qwen2"}'}
    hub.replies.update(replies(newer, "beef"))
    folder = pull(SPEC, tmp_path)
    assert (folder / "config.json").read_bytes() == newer["config.json"]


def test_wrong_bytes_are_not_taken(hub: Server, tmp_path: Path) -> None:
    path = "/owner/tiny/resolve/c0ffee/model-00001-of-00002.safetensors"
    hub.replies[path] = Reply(WEIGHTS[::-1])
    with pytest.raises(DownloadError, match="SHA-256 differs"):
        pull(SPEC, tmp_path)
    assert not (tmp_path / "tiny").exists()


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"config.json": b"{}", "pytorch_model.bin": b"x"}, "no safetensors weights"),
        ({"model.gguf": b"x"}, r"no config\.json"),
    ],
)
def test_what_holds_no_usable_model_is_refused(
    hub: Server, tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    hub.replies["/api/models/owner/tiny/revision/v1"] = listing(files)
    with pytest.raises(ModelError, match=message) as error:
        pull(SPEC, tmp_path)
    assert error.value.hint
    assert not asked(hub)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(status=401), "account"),
        (Reply(b"<html>"), "could not be read"),
        (Reply(b"[]"), "cannot be read"),
        (Reply(status=503), "503"),
    ],
)
def test_a_hub_that_does_not_answer_well(
    hub: Server, tmp_path: Path, reply: Reply, message: str
) -> None:
    hub.replies["/api/models/owner/tiny/revision/v1"] = reply
    with pytest.raises(DownloadError, match=message):
        pull(SPEC, tmp_path)


def test_a_repository_is_added_by_its_name(
    hub: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VERSO_HOME", str(tmp_path))
    head = json.dumps({"weight": {"dtype": "F32", "shape": [1000, 2000], "data_offsets": [0, 8]}})
    weights = len(head).to_bytes(8, "little") + head.encode() + bytes(8)
    files = {"config.json": FILES["config.json"], "model.safetensors": weights}
    hub.replies.update(replies(files))
    arguments = ["models", "add", "owner/tiny", "--revision", "v1", "--style", "tagged"]
    arguments += ["--precision", "4bit", "--device", "cuda"]
    assert main(arguments) == 0
    assert capsys.readouterr().out == "tiny\n"
    registry = Registry(Settings(home=tmp_path))
    spec = registry.get("tiny")
    assert registry.installed(spec) and spec.parameters == "2M" and spec.style == "tagged"
    assert (spec.precision, spec.device) == ("4bit", "cuda")
    assert spec.architecture == "llama" and spec.name == "owner/tiny"
    assert main(["models", "add", "no/where.gguf"]) == 1
    registry.remove("tiny")
    assert not (tmp_path / "models" / "owner--tiny").exists()


def test_a_snapshot_by_name_becomes_a_model(hub: Server, tmp_path: Path) -> None:
    told: list[float] = []
    settings = Settings(home=tmp_path)
    folder = hub_snapshot.snapshot(
        "owner/tiny", "v1", settings, lambda _what, fraction: told.append(fraction)
    )
    assert folder == tmp_path / "models" / "owner--tiny" and told[-1] == 1.0
    registry = Registry(settings)
    (folder / "model-00001-of-00002.safetensors").unlink()
    assert not hub_snapshot.complete(folder)
    registry.enter(SPEC)
    with pytest.raises(ModelError, match="not downloaded yet"):
        registry.path(registry.get("tiny"))
