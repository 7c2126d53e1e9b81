"""The addresses behind corpora and proofreading: whom they answer, and what they answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.test_proofread import BEADS, SOURCE, TARGET, stored
from trainer.tabs import corpus_panel
from translator import tmx
from translator.settings import Settings
from translator.tabs.context import AppContext
from translator.tabs.owner import COOKIE

ID = "0123456789abcdef"
PAGE = {"x-verso": "align"}


def client(home: Path, shared: bool = False, owner: str = "") -> TestClient:
    app = FastAPI()
    context = AppContext(Settings(home), None, None, None, None, shared)  # type: ignore[arg-type]
    app.include_router(corpus_panel.routes(context))
    return TestClient(app, cookies={COOKIE: owner} if owner else None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = stored(tmp_path, ID, SOURCE, TARGET, BEADS)
    (folder / "owner").write_text("mine")
    return tmp_path


def test_a_change_answers_with_the_page_as_it_is_now(home: Path) -> None:
    page = client(home)
    url = f"/alignments/{ID}/rows/1"
    data = page.post(f"{url}/merge?shown=all", headers=PAGE, json={}).json()
    assert data["focus"] == 1
    assert "Nur hier." in data["list"]
    assert page.post(f"{url}/cut", headers=PAGE, json={"side": "target", "cut": 1}).is_success
    assert page.post(f"{url}/up", headers=PAGE, json={"side": "source"}).is_success
    said = page.post(f"{url}/edit", headers=PAGE, json={"source": " ", "target": ""})
    assert said.status_code == 409
    assert "Both sides are empty." in said.json()["said"]
    edited = page.post(f"{url}/edit", headers=PAGE, json={"source": "<b>", "target": "x"}).json()
    assert "&lt;b&gt;" in edited["list"]
    for _ in range(4):
        assert page.post(f"/alignments/{ID}/undo", headers=PAGE, json={}).is_success
    assert page.post(f"/alignments/{ID}/undo", headers=PAGE, json={}).status_code == 409


def test_the_next_one_to_look_at(home: Path) -> None:
    page = client(home)

    def after(row: int, step: int = 1) -> int | None:
        address = f"/alignments/{ID}/next?after={row}&step={step}"
        found: int | None = page.get(address, headers=PAGE).json()["id"]
        return found

    assert [after(-1), after(1), after(3)] == [1, 3, None]
    assert [after(-1, -1), after(3, -1), after(1, -1)] == [3, 1, None]


def test_what_is_asked_wrongly_is_refused(home: Path) -> None:
    page = client(home)
    assert page.get(f"/alignments/{ID}").status_code == 403
    assert page.post(f"/alignments/{ID}/undo", json={}).status_code == 403
    for path in ("?shown=evil", "?order=evil", "?first=x"):
        assert page.get(f"/alignments/{ID}{path}", headers=PAGE).status_code == 422
    assert page.post(f"/alignments/{ID}/rows/1/burn", headers=PAGE, json={}).status_code == 422
    assert page.post(f"/alignments/{ID}/rows/99/merge", headers=PAGE, json={}).status_code == 409
    assert page.get(f"/alignments/{'0' * 16}", headers=PAGE).status_code == 404
    assert page.get("/alignments/..%2f..%2fetc", headers=PAGE).status_code == 404
    assert page.get("/corpora/..%2f..%2fx/report.json").status_code == 404


def test_exports(home: Path, tmp_path: Path) -> None:
    page = client(home)
    (tmp_path / "pairs.tmx").write_bytes(page.get(f"/alignments/{ID}/pairs.tmx").content)
    assert len(list(tmx.read(tmp_path / "pairs.tmx"))) == 2
    lines = page.get(f"/alignments/{ID}/pairs.jsonl").text.splitlines()
    assert [json.loads(line)["de"] for line in lines] == ["Eins.", "Fünf. Und sechs."]
    assert list(home.glob("export-*")) == []


@pytest.mark.parametrize("owner", ["", "theirs"])
def test_a_shared_page_shows_each_browser_its_own(home: Path, owner: str) -> None:
    theirs, mine = client(home, shared=True, owner=owner), client(home, shared=True, owner="mine")
    for path in ("", "/next", "/rows/1/form", "/pairs.tmx", "/pairs.jsonl"):
        assert theirs.get(f"/alignments/{ID}{path}", headers=PAGE).status_code == 404
        assert mine.get(f"/alignments/{ID}{path}", headers=PAGE).status_code == 200
    for path in ("/undo", "/rows/1/merge"):
        answer = theirs.post(f"/alignments/{ID}{path}", headers=PAGE, json={})
        assert answer.status_code == 404
    (home / "corpora" / "ships").mkdir(parents=True)
    for name in ("corpus.toml", "report.json"):
        (home / "corpora" / "ships" / name).write_text("")
    assert theirs.get("/corpora/ships/report.json").status_code == 404
    assert mine.get("/corpora/ships/report.json").status_code == 404
    (home / "corpora" / ".owners").mkdir()
    (home / "corpora" / ".owners" / "ships").write_text("mine")
    assert theirs.get("/corpora/ships/report.json").status_code == 404
    assert mine.get("/corpora/ships/report.json").status_code == 200
    assert mine.get("/corpora/ships/corpus.toml").status_code == 404
