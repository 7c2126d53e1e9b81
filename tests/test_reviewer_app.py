"""What reviewers' browsers get and send: their own items, blind, saved once, whatever happens."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from tests.rate_support import NAMES, SYSTEMS, answer_to, named_campaign, tokens
from trainer.campaigns import links
from trainer.campaigns.folder import Campaign
from trainer.campaigns.protocols import PROTOCOLS
from trainer.campaigns.reviewer_app import reviewer_app, reviewer_server, routes
from trainer.ratings.log import RatingsLog
from translator.settings import Settings
from translator.tabs.context import AppContext

PAGE = {"x-verso": "rate"}


@pytest.fixture
def made(tmp_path: Path) -> Campaign:
    return named_campaign(tmp_path)


def client(made: Campaign) -> TestClient:
    return TestClient(reviewer_app(Settings(made.path.parent.parent)))


def ratings(made: Campaign) -> RatingsLog:
    return RatingsLog(made.path / "ratings.jsonl")


def post(page: TestClient, token: str, what: str, data: Any) -> Any:
    return page.post(f"/r/{token}/{what}", json=data, headers=PAGE)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_whole_session_in_each_protocol_names_nobody(tmp_path: Path, name: Any) -> None:
    made = named_campaign(tmp_path, name)
    with client(made) as page:
        _session(made, page, tmp_path)


def _session(made: Campaign, page: TestClient, home: Path) -> None:
    said: list[bytes] = []

    def heard(response: Any) -> Any:
        assert response.is_success, response.text
        said.append(response.content + str(dict(response.headers)).encode())
        return response

    for token in tokens(made):
        html = heard(page.get(f"/r/{token}")).text
        files = re.findall(r'(?:href|src)="(assets/[^"]+)"', html)
        assert len(files) >= 3
        scripts = [heard(page.get(f"/r/{file}")).text for file in files]
        for module in re.findall(r'from "\./(\w+\.js)"', "".join(scripts)):
            heard(page.get(f"/r/assets/{module}"))
        heard(page.get(f"/r/{token}/consent"))
        heard(post(page, token, "consent", {"agree": True}))
        state = heard(page.get(f"/r/{token}/state")).json()
        assert state["campaign"]["consented"] and not state["campaign"]["locked"]
        for item in state["items"]:
            answer = answer_to(state, item)
            if item in state["items"][1:3]:
                heard(post(page, token, "drafts", {"item": item["id"], "draft": answer}))
            reply = heard(post(page, token, "answers", answer)).json()
            assert bool(reply.get("feedback")) == item["tutorial"]
        again = heard(page.get(f"/r/{token}/state")).json()
        assert again["progress"]["done"] == again["progress"]["total"] > 0
        assert set(again["answers"]) == {item["id"] for item in state["items"]}
        assert again["drafts"] == {}
        broken = answer_to(state, state["items"][-1]) | {"order": []}
        said.append(post(page, token, "answers", broken).content)
        said.append(post(page, token, "answers", {"id": 1}).content)
        said.append(page.get(f"/r/{token}x/state").content)
    traffic = b"\n".join(said).decode().casefold()
    assert len(traffic) > 50_000
    secrets = {*NAMES, *(reviewer.id for reviewer in made.reviewers()), str(home)}
    for system in SYSTEMS:
        secrets |= {system.name, system.reference, *re.findall(r"[A-Za-z]{5,}", system.name)}
    secrets |= {"quokka", "okapi", "secret-book", "news.txt", "degraded", "another segment"}
    secrets |= {"checkpoint", made.key().salt, made.path.name}
    # The reviewer's own link is in no reply either: nothing has to repeat it.
    assert [secret for secret in secrets if secret.casefold() in traffic] == []
    assert len(ratings(made).latest()) == sum(len(made.tasks(r.id)) for r in made.reviewers())


def test_the_state_is_the_reviewers_own_work_in_its_order(tmp_path: Path) -> None:
    made = named_campaign(tmp_path, overlap=1.0)
    page = client(made)
    state = page.get(f"/r/{tokens(made)[0]}/state").json()
    tasks = made.tasks(made.reviewers()[0].id)
    shown = [(item["id"], tuple(one["id"] for one in item["outputs"])) for item in state["items"]]
    assert shown == [(task.item, task.order) for task in tasks]
    assert state["items"][0]["tutorial"]
    about = state["campaign"]
    assert (about["source"], about["target"], about["target_dir"]) == ("en", "de", "ltr")
    assert about["name"] == "Spring check" and about["consented"] is None
    titles = {document["id"]: document["title"] for document in state["documents"]}
    assert sorted(titles.values()) == ["An example", "Text 1", "Text 2"]
    assert {item["document"] for item in state["items"]} == set(titles)
    positions = [[one["position"] for one in d["sources"]] for d in state["documents"][1:]]
    assert positions == [[0, 1], [0, 1]]
    assert "reference" not in str(state["documents"])
    pairs = [item for item in state["items"] if "alignment" in item]
    for item in pairs:
        for start, end, targets in item["alignment"]:
            assert start < end and len(targets) == len(item["outputs"])
    assert pairs


def test_an_answer_sent_twice_counts_once_and_a_later_one_replaces_it(made: Campaign) -> None:
    page, token = client(made), tokens(made)[0]
    state = page.get(f"/r/{token}/state").json()
    item = state["items"][1]
    before = time.time()
    first = answer_to(state, item) | {"time": 3.0, "reviewer": made.reviewers()[1].id}
    replies = [post(page, token, "answers", first).json() for _ in range(2)]
    assert replies[0] == replies[1] == {
        "saved": True, "progress": {"done": 1, "total": state["progress"]["total"]}
    }  # fmt: skip
    (rating,) = ratings(made).all()
    assert rating.reviewer == made.reviewers()[0].id and rating.time >= before
    post(page, token, "answers", answer_to(state, item, 1) | {"note": "later"})
    assert len(ratings(made).all()) == 2
    assert page.get(f"/r/{token}/state").json()["answers"][item["id"]]["note"] == "later"
    other = page.get(f"/r/{tokens(made)[1]}/state").json()
    assert other["answers"] == {} and other["progress"]["done"] == 0


def test_two_reviewers_answers_to_one_item_both_stay(tmp_path: Path) -> None:
    made = named_campaign(tmp_path, overlap=1.0)
    page = client(made)
    for token in tokens(made):
        state = page.get(f"/r/{token}/state").json()
        for item in state["items"]:
            answer = answer_to(state, item) | {"id": "the-same-id-" + item["id"]}
            assert post(page, token, "answers", answer).is_success
    assert len(ratings(made).latest()) == 2 * len(made.items())


def test_drafts_go_on_elsewhere_until_the_answer_is_there(made: Campaign) -> None:
    token = tokens(made)[0]
    state = client(made).get(f"/r/{token}/state").json()
    item = state["items"][1]["id"]
    draft = {"judgements": [], "note": "日本"}
    raw = json.dumps({"item": item, "draft": {"note": "half \ud83d done"}})
    sent = client(made).post(f"/r/{token}/drafts", content=raw, headers=PAGE)
    assert sent.json() == {"saved": True}
    elsewhere = client(made).get(f"/r/{token}/state").json()
    assert elsewhere["drafts"] == {item: {"note": "half \ufffd done"}}
    post(client(made), token, "drafts", {"item": item, "draft": draft})
    assert client(made).get(f"/r/{token}/state").json()["drafts"] == {item: draft}
    assert client(made).get(f"/r/{tokens(made)[1]}/state").json()["drafts"] == {}
    post(client(made), token, "answers", answer_to(state, state["items"][1]))
    assert client(made).get(f"/r/{token}/state").json()["drafts"] == {}
    big = {"item": item, "draft": {"note": "x" * 300_000}}
    assert post(client(made), token, "drafts", big).status_code == 422
    assert post(client(made), token, "drafts", {"item": "i0", "draft": {}}).status_code == 422


def test_what_is_no_answer_is_refused_in_words(made: Campaign) -> None:
    page, token = client(made), tokens(made)[0]
    state = page.get(f"/r/{token}/state").json()
    item = state["items"][1]
    good = answer_to(state, item)
    mine = {one["id"] for one in state["items"]}
    foreign = {task.item for task in made.tasks()} - mine
    bad: list[Any] = [
        [], "x", {}, {**good, "order": good["order"][::-1]}, {**good, "item": "i0"},
        {**good, "judgements": []}, {**good, "id": ""}, {**good, "id": "../x"},
        {**good, "seconds": -1}, {**good, "seconds": 10**400}, {**good, "note": "x" * 3000},
        *({**good, "item": one} for one in foreign),
    ]  # fmt: skip
    for data in bad:
        reply = post(page, token, "answers", data)
        assert reply.status_code == 422, data
        assert reply.json()["error"].endswith(".")
    for raw in (b"", b"{", b"\xff", b"[" * 100_000, b'{"seconds": NaN}', b'{"seconds": 1e999}'):
        reply = page.post(f"/r/{token}/answers", content=raw, headers=PAGE)
        assert (reply.status_code, reply.json()["error"]) == (422, "This cannot be read.")
    huge = page.post(f"/r/{token}/answers", content=b"x" * 1_100_000, headers=PAGE)
    assert huge.status_code == 413
    assert page.post(f"/r/{token}/answers", json=good).status_code == 403
    assert page.post(f"/r/{token}/elsewhere", json=good, headers=PAGE).status_code == 404
    assert not ratings(made).all()


def test_wrong_links_get_one_friendly_sentence(made: Campaign) -> None:
    page, token = client(made), tokens(made)[0]
    other = made.reviewers()[1].id
    parts = token.split(".")
    swapped = ".".join([parts[0], other, *parts[2:]])
    longer = ".".join([*parts[:2], f"{int(parts[2], 16) + 1:x}", parts[3]])
    refused = set()
    for wrong in ("x", token[:-1], token + "A", swapped, longer, "..%2f..%2fkey.json"):
        reply = page.get(f"/r/{wrong}/state")
        assert reply.status_code == 404
        refused.add(reply.text)
        assert page.get(f"/r/{wrong}").status_code == 404
        assert page.post(f"/r/{wrong}/answers", json={}, headers=PAGE).status_code == 404
    links.revoke(made, made.reviewers()[0].id)
    gone = page.get(f"/r/{token}")
    assert gone.status_code == 404 and "Ask whoever sent it" in gone.text
    refused.add(page.get(f"/r/{token}/state").text)
    assert len(refused - {'{"error":"There is nothing here."}'}) <= 2


def test_a_locked_campaign_shows_no_items_and_takes_nothing(made: Campaign) -> None:
    page, token = client(made), tokens(made)[0]
    state = page.get(f"/r/{token}/state").json()
    made.lock("owner")
    closed = page.get(f"/r/{token}/state").json()
    assert closed["campaign"]["locked"] and closed["items"] == closed["documents"] == []
    for what, data in (
        ("answers", answer_to(state, state["items"][1])),
        ("drafts", {"item": state["items"][1]["id"], "draft": {}}),
        ("consent", {"agree": True}),
    ):
        reply = post(page, token, what, data)
        assert (reply.status_code, reply.json()["locked"]) == (409, True)
    assert not ratings(made).all()


def test_consent_is_kept_and_the_last_word_counts(made: Campaign) -> None:
    page, token = client(made), tokens(made)[0]
    reviewer = made.reviewers()[0].id
    assert "train" in page.get(f"/r/{token}/consent").json()["consent"]
    assert post(page, token, "consent", {"agree": "yes"}).status_code == 422
    for agree in (True, True, False):
        assert post(page, token, "consent", {"agree": agree}).json()["consented"] is agree
    assert made.consent(reviewer) is False
    assert len([row for row in made.log() if row["event"] == "consent"]) == 2


def test_the_owners_words_are_shown(tmp_path: Path) -> None:
    made = named_campaign(
        tmp_path, instructions="Read slowly.", consent="For science?", target="fi"
    )
    about = client(made).get(f"/r/{tokens(made)[0]}/state").json()["campaign"]
    assert about["consent"] == "For science?"
    assert about["instructions"].startswith("Read slowly.\n\nThere is no example in Finnish")


def test_references_are_shown_only_where_the_owner_wants(tmp_path: Path) -> None:
    made = named_campaign(tmp_path, show_reference=True, overlap=1.0)
    state = client(made).get(f"/r/{tokens(made)[0]}/state").json()
    texts = [source for document in state["documents"] for source in document["sources"]]
    assert [one["reference"] for one in texts if "reference" in one] == ["Brücke zu. Warum?"]


def test_replies_keep_other_sites_out(made: Campaign) -> None:
    page, token = client(made), tokens(made)[0]
    for path in (f"/r/{token}", f"/r/{token}/state", "/r/x", "/r/assets/rate.js"):
        headers = page.get(path, headers={"origin": "https://elsewhere.example"}).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert "no-" in headers["cache-control"]


def test_the_reviewers_server_has_nothing_of_the_owners(made: Campaign) -> None:
    page = client(made)
    for path in ("/", "/gradio_api/info", "/docs", "/openapi.json", "/r", "/r/assets/page.js",
                 "/r/assets/..%2fmodels.toml", f"/r/{tokens(made)[0]}/key"):  # fmt: skip
        reply = page.get(path)
        assert reply.status_code == 404, path
    assert page.put(f"/r/{tokens(made)[0]}/state").status_code == 405


def test_the_owners_page_has_the_same_addresses(made: Campaign) -> None:
    app = FastAPI()
    home = made.path.parent.parent
    context = AppContext(Settings(home), None, None, None, None, False)  # type: ignore[arg-type]
    app.include_router(routes(context))
    assert TestClient(app).get(f"/r/{tokens(made)[0]}/state").is_success


def test_reviewers_have_a_server_of_their_own(made: Campaign) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = reviewer_server(Settings(made.path.parent.parent), "127.0.0.1", port)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    try:
        url = f"http://127.0.0.1:{port}"
        said = httpx.get(f"{url}/r/{tokens(made)[0]}/state", timeout=30)
        assert said.json()["campaign"]["name"] == "Spring check"
        assert "server" not in said.headers
        assert httpx.get(url, timeout=30).status_code == 404
    finally:
        server.should_exit = True
        thread.join(30)
