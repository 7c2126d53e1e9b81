"""The log of ratings: nothing lost, nothing counted twice, whoever writes, whatever crashes."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from trainer.campaigns.types import ErrorSpan, Judgement, Rating
from trainer.campaigns.values import plain
from trainer.ratings.log import RatingsLog

SPANS = (ErrorSpan(0, 3, "major", "accuracy/mistranslation"), ErrorSpan(-1, -1, "minor", "", True))
RATING = Rating(
    id="x1", time=12.5, reviewer="ra", item="i1", order=("o2", "o1"),
    judgements=(
        Judgement("o1", 80.0, SPANS), Judgement("o2", None, (), "light-edit", "Später\u2028\n", 7),
    ),
    choice="tie", seconds=30.25, note="日本 🂡",
)  # fmt: skip


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    log = RatingsLog(tmp_path / "ratings.jsonl")
    assert log.all() == [] and log.latest() == {}
    assert log.append(RATING)
    later = replace(RATING, id="x2", choice=None)
    assert log.append(later)
    again = RatingsLog(tmp_path / "ratings.jsonl")
    assert again.all() == [RATING, later]
    assert again.latest() == {("ra", "i1"): later}


def test_a_line_sent_twice_counts_once_but_another_reviewers_id_is_his_own(tmp_path: Path) -> None:
    log = RatingsLog(tmp_path / "ratings.jsonl")
    assert log.append(RATING)
    assert not RatingsLog(tmp_path / "ratings.jsonl").append(replace(RATING, note="again"))
    assert log.append(replace(RATING, reviewer="rb"))
    assert {key: one.note for key, one in log.latest().items()} == {
        ("ra", "i1"): RATING.note, ("rb", "i1"): RATING.note
    }  # fmt: skip


def test_two_logs_of_one_file_see_each_others_lines(tmp_path: Path) -> None:
    one, other = (RatingsLog(tmp_path / "ratings.jsonl") for _ in range(2))
    for number in range(6):
        assert (one, other)[number % 2].append(replace(RATING, id=str(number)))
    assert [rating.id for rating in one.all()] == [rating.id for rating in other.all()] == [
        *"012345"
    ]  # fmt: skip


@pytest.mark.parametrize("cut", [1, 20, 150])
def test_a_line_cut_off_by_a_crash_spoils_no_other(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "ratings.jsonl"
    log = RatingsLog(path)
    log.append(RATING)
    whole = path.stat().st_size
    log.append(replace(RATING, id="x2"))
    with path.open("r+b") as file:
        file.truncate(whole + cut)
    torn = RatingsLog(path)
    assert torn.all() == [RATING]
    assert torn.append(replace(RATING, id="x2"))  # the browser sends it once more
    assert torn.append(replace(RATING, id="x3"))
    assert [one.id for one in RatingsLog(path).all()] == ["x1", "x2", "x3"]
    assert RatingsLog(path).damaged == torn.damaged == 1


def test_a_whole_line_without_its_end_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "ratings.jsonl"
    path.write_text(json.dumps(plain(RATING)))
    log = RatingsLog(path)
    assert log.append(replace(RATING, id="x2"))
    assert [one.id for one in log.all()] == ["x1", "x2"]


def test_an_older_copy_put_back_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "ratings.jsonl"
    log = RatingsLog(path)
    log.append(RATING)
    older = path.read_bytes()
    log.append(replace(RATING, id="x2"))
    path.write_bytes(older)
    assert log.all() == [RATING]
    assert log.append(replace(RATING, id="x2"))


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ratings.jsonl"
    script = (
        "import sys; from pathlib import Path; from trainer.ratings.log import RatingsLog\n"
        "from trainer.campaigns.types import Rating\n"
        "log = RatingsLog(Path(sys.argv[1]))\n"
        "for n in range(40):\n"
        "    log.append(Rating(f'x{n}', 1.0, sys.argv[2], f'i{n}', ('o1',), note='n' * 5000))\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), name]) for name in ("ra", "rb")
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    log = RatingsLog(path)
    assert len(log.all()) == len(log.latest()) == 80
    assert log.damaged == 0
