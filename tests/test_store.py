"""The store: nothing that was saved changes or is lost."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from translator import markup
from translator.errors import InputError, VersoError
from translator.records import Counts, Entry, Job, JobState, count_words
from translator.store import Store
from translator.types import BlockKind, Check, Provenance, Segment, Status, Translation

JOB = Job("ab12", "book", "A title", "/in.txt", "/copy.txt", "00", "/out.txt",
          {"style": "ünïcode", "sampling": {"temperature": 0.5}}, "pseudo", "en", "de",
          created=1.0)  # fmt: skip
SEGMENTS = [
    Segment("b1/0", "b1", 0, "One two.", "", " ", BlockKind.HEADING, "ch1"),
    Segment("b1/1", "b1", 1, "Three.", "", "", BlockKind.HEADING, "ch1"),
    Segment("b2/0", "b2", 0, "12", "\n", "", BlockKind.PARAGRAPH, "ch1", "nothing to translate"),
]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home" / "verso.db")


def filled(store: Store) -> Store:
    store.add_job(JOB)
    store.add_segments(JOB.id, SEGMENTS)
    return store


def test_file_is_private(store: Store, tmp_path: Path) -> None:
    filled(store)
    for path in (tmp_path / "home").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path


def test_job_comes_back(store: Store, tmp_path: Path) -> None:
    filled(store)
    assert store.jobs() == [JOB]
    store.update_job(JOB.id, state=JobState.DONE, eta=2.5, options={"a": 1})
    store.close()
    again = Store(tmp_path / "home" / "verso.db").job("ab")
    assert again == replace(JOB, state=JobState.DONE, eta=2.5, options={"a": 1})


def test_unknown_ids(store: Store) -> None:
    filled(store).add_job(replace(JOB, id="ab99"))
    for wanted in ("x", "", "%", "ab"):
        with pytest.raises(InputError):
            store.job(wanted)
    assert store.job("AB1").id == "ab12"
    with pytest.raises(ValueError, match="no such columns"):
        store.update_job(JOB.id, nonsense=1)


def test_segments_come_back(store: Store) -> None:
    filled(store)
    translation = Translation(
        "b1/1", Status.TRANSLATED, "Drei.", "", (Check("numbers", "3", False), Check("x")),
        "m", "chat", Provenance.MODEL, 2, 10, 3, 0.5,
    )  # fmt: skip
    store.save(JOB.id, translation)
    assert store.entries(JOB.id) == [
        Entry(SEGMENTS[0], None), Entry(SEGMENTS[1], translation), Entry(SEGMENTS[2], None),
    ]  # fmt: skip
    assert store.recent(JOB.id, 5) == [Entry(SEGMENTS[1], translation)]


def test_counts_and_retry(store: Store) -> None:
    filled(store)
    store.save(JOB.id, Translation("b1/0", Status.FAILED, "One two.", "why"))
    store.save(JOB.id, Translation("b2/0", Status.KEPT, "12", "nothing to translate"))
    assert store.counts(JOB.id) == Counts(3, 0, 1, 1, 4, 3)
    assert store.ask_again(JOB.id) == 1
    assert store.counts(JOB.id) == Counts(3, 0, 1, 0, 4, 1)
    assert store.missing(JOB.id) == 2
    again = store.entries(JOB.id)[0]
    assert again.missing and again.again == "" and again.translation  # it stands until then
    store.save(JOB.id, Translation("b1/0", Status.TRANSLATED, "Eins."))
    assert not store.entries(JOB.id)[0].missing
    assert store.counts("nobody") == Counts()


def test_segments_are_added_in_full_or_not_at_all(store: Store) -> None:
    store.add_job(JOB)
    with pytest.raises(VersoError):
        store.add_segments(JOB.id, [*SEGMENTS, SEGMENTS[0]])
    assert store.entries(JOB.id) == []


def test_deleting_takes_the_segments_along(store: Store) -> None:
    filled(store).delete_job(JOB.id)
    assert store.jobs() == []
    assert store.entries(JOB.id) == []
    with pytest.raises(VersoError, match="deleted"):
        store.save(JOB.id, Translation("b1/0", Status.KEPT, "One two."))


def test_newer_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "verso.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(VersoError, match="newer"):
        Store(path)


def test_no_database(tmp_path: Path) -> None:
    path = tmp_path / "verso.db"
    path.write_bytes(b"this is no database at all, but long enough to look like one" * 50)
    with pytest.raises(VersoError, match="not a database"):
        Store(path)
    with pytest.raises(VersoError, match="cannot be opened"):
        Store(path / "below" / "a" / "file")


def test_many_threads(store: Store) -> None:
    store.add_job(JOB)
    segments = [Segment(f"s{n}", f"b{n}", 0, f"Text {n}") for n in range(200)]
    store.add_segments(JOB.id, segments)

    def save(part: int) -> None:
        for segment in segments[part::4]:
            store.save(JOB.id, Translation(segment.id, Status.TRANSLATED, segment.text.upper()))
            store.counts(JOB.id)

    threads = [threading.Thread(target=save, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = [e.translation.text for e in store.entries(JOB.id) if e.translation]
    assert done == [segment.text.upper() for segment in segments]


_WRITER = """
import sys
from pathlib import Path
from translator.store import Store
from translator.types import Segment, Status, Translation
sys.path.insert(0, "")
from tests.test_store import JOB
from dataclasses import replace
store = Store(Path(sys.argv[1]))
job = replace(JOB, id=sys.argv[2])
store.add_job(job)
store.add_segments(job.id, [Segment(f"s{n}", f"b{n}", 0, "x") for n in range(100)])
for n in range(100):
    store.save(job.id, Translation(f"s{n}", Status.TRANSLATED, "y"))
"""


def test_several_processes_make_and_fill_one_store(tmp_path: Path) -> None:
    path = tmp_path / "new" / "verso.db"
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(path), f"job{n}"]) for n in range(3)
    ]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    store = Store(path)
    assert [store.counts(f"job{n}").translated for n in range(3)] == [100] * 3


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(source=_TEXT, target=_TEXT, reason=_TEXT, detail=_TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_text_survives(
    tmp_path_factory: pytest.TempPathFactory, source: str, target: str, reason: str, detail: str
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "verso.db")
    store.add_job(JOB)
    segment = Segment("s", "b", 0, source, detail, reason)
    store.add_segments(JOB.id, [segment])
    translation = Translation("s", Status.TRANSLATED, target, reason, (Check("c", detail, True),))
    store.save(JOB.id, translation)
    assert store.entries(JOB.id) == [Entry(segment, translation)]
    store.close()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("Two words.", 2),
        ("— 1. —", 1),
        ("我们去学校。", 5),
        ("東京 Tower", 3),
        (f"{markup.opening(1)}one{markup.closing(1)} two", 2),
    ],
)
def test_count_words(text: str, words: int) -> None:
    assert count_words(text) == words
