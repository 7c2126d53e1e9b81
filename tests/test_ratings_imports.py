"""Ratings made elsewhere: Verso's own lines, Appraise's tables, and MQM as WMT publishes it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainer.ratings.imports import read
from trainer.results.results import analyse
from trainer.statistics.data import Spoiled
from translator.errors import InputError

APPRAISE = """\
engdeu01,sysA,0,TGT,eng,deu,80,doc1,False,"[{""start_i"": 2, ""end_i"": 5, ""severity"": ""minor"",\
 ""error_type"": null}]",1000.0,1030.5
engdeu01,sysB+sysC,0,TGT,eng,deu,60,doc1,False,"[{""start_i"": ""missing"", ""end_i"": ""missing"",\
 ""severity"": ""major"", ""error_type"": null}]",1031.0,1050.0
engdeu01,sysA,0,TGT,eng,deu,90,doc1,False,[],2000.0,2010.0
engdeu01,sysA,0,BAD,eng,deu,20,doc1#bad1,False,[],3000.0,3010.0
engdeu01,sysA,0,TGT,eng,deu,85,doc1#duplicate2,False,[],3100.0,3110.0
engdeu01,sysA,0,TGT,eng,deu,75,doc1,True,[],3200.0,3210.0
engdeu02,sysA,0,CHK,eng,deu,75,doc1,False,[],3300.0,3310.0
engdeu02,sysA,0,TGT,eng,deu,70,doc1,False,[],3200.0,3210.0
"""


def _file(tmp_path: Path, name: str, text: str) -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_appraise(tmp_path: Path) -> None:
    found = read(_file(tmp_path, "wmt.csv", APPRAISE))
    assert (found.name, found.source, found.target, found.protocol) == ("wmt", "en", "de", "esa")
    assert found.systems == ("sysA", "sysB", "sysC")
    scores = {(s.reviewer, s.system): s.value for s in found.scores}
    assert scores == {
        ("engdeu01", "sysA"): 90,  # the later of two
        ("engdeu01", "sysB"): 60,
        ("engdeu01", "sysC"): 60,
        ("engdeu02", "sysA"): 70,
    }
    assert list(found.spoiled) == [Spoiled("engdeu01", "", 90, 20)]
    assert [(r.first, r.second) for r in found.repeats] == [(70, 75)]
    assert {(mark.system, mark.start) for mark in found.marks} == {("sysB", -1), ("sysC", -1)}
    assert any("2 scores" in note for note in found.notes)
    assert sorted(timing.seconds for timing in found.timings) == [10.0, 10.0, 19.0]
    assert not analyse(found).empty


def test_appraise_with_titles_and_without_spans(tmp_path: Path) -> None:
    text = (
        "UserID,SystemID,SegmentID,SegmentType,SrcLang,TgtLang,Score,DocumentID,IsDocument,"
        "StartTime,EndTime\nu1,A,1,TGT,ces,ukr,40,d,False,1,2\nu1,B,1,TGT,ces,ukr,55,d,False,2,3\n"
    )
    found = read(_file(tmp_path, "da.csv", text))
    assert found.protocol == "da" and not found.looked
    assert {s.system: s.value for s in found.scores} == {"A": 40, "B": 55}
    assert found.preferences[0].winner == "B"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("u1,A,1,TGT,eng,deu,140,d,False,1,2\n", "140"),
        ("u1,A,1,TGT,eng,deu,many,d,False,1,2\n", "Row 1"),
        ("u1,A\n", "Row 1"),
        ('u1,A,1,TGT,eng,deu,50,d,False,"[{""severity"": ""huge""}]",1,2\n', "huge"),
        ('u1,A,1,TGT,eng,deu,50,d,False,"[3]",1,2\n', "Row 1"),
        ('u1,A,1,TGT,eng,deu,50,d,False,"{",1,2\n', "Row 1"),
        ("\n", "no ratings"),
    ],
)
def test_what_is_no_table_of_appraise(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(_file(tmp_path, "x.csv", text))


MQM = (
    "system\tdoc\tdoc_id\tseg_id\trater\tsource\ttarget\tcategory\tseverity\n"
    'A\td1\t1\t7\tr1\tA "big" house.\tEin <v>grosses</v> Haus.\tFluency/Spelling\tMinor\n'
    'A\td1\t1\t7\tr1\tA "big" house.\tEin großes <v>Haus</v>.\tAccuracy/Mistranslation\tMajor\n'
    'B\td1\t1\t7\tr1\tA "big" house.\tEin großes Haus.\tNo-error\tno-error\n'
    "C\td1\t1\t7\tr1\tA <v>big</v> house.\tEin Haus.\tAccuracy/Omission\tMajor\n"
    "C\td1\t1\t7\tr1\tA big house.\tEin Haus<v>.</v>\tFluency/Punctuation\tMinor\n"
)


def test_mqm_of_wmt(tmp_path: Path) -> None:
    found = read(_file(tmp_path, "mqm.tsv", MQM))
    assert found.protocol == "mqm"
    assert {s.system: s.value for s in found.scores} == {"A": -6, "B": 0, "C": -5.1}
    assert len(found.looked) == 3
    marks = {(m.system, m.category): (m.start, m.end) for m in found.marks}
    assert marks["A", "accuracy/mistranslation"] == (11, 15)
    assert marks["C", "accuracy/omission"] == (-1, -1)
    text = found.texts["d1", "7"]
    assert text.source == 'A "big" house.' and text.outputs["B"] == "Ein großes Haus."
    means = {mean.system: mean.estimate.value for mean in analyse(found).means}
    assert means["A"] == -6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("system\tdoc\trater\tcategory\tseverity\nA\td\tr\tx\tMinor\n", "seg_id"),
        ("doc\tseg_id\trater\tcategory\tseverity\n", "system"),
        (MQM.replace("Major", "Enormous"), "enormous"),
        (MQM.splitlines()[0] + "\nA\td1\n", "Row 2"),
    ],
)
def test_what_is_no_mqm(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(_file(tmp_path, "x.tsv", text))


def test_lines_as_simple_as_can_be(tmp_path: Path) -> None:
    rows = [
        {"document": "d", "segment": 1, "system": name, "reviewer": "r", "score": score}
        for name, score in (("A", 70), ("B", 80.5))
    ]
    found = read(_file(tmp_path, "mine.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert (found.protocol, found.name, found.systems) == ("da", "mine", ("A", "B"))
    assert found.scores[1].value == 80.5 and found.scores[1].segment == "1"


def test_choices(tmp_path: Path) -> None:
    row = {"kind": "choice", "document": "d", "segment": "1", "reviewer": "r", "first": "A"}
    rows = [{**row, "second": "B", "winner": "B"}, {**row, "second": "C", "winner": "both-bad"}]
    found = read(_file(tmp_path, "c.jsonl", "".join(json.dumps(row) + "\n" for row in rows)))
    assert found.protocol == "pairwise" and found.answers == 1
    assert [(p.winner, p.both_bad) for p in found.preferences] == [("B", False), (None, True)]
    assert {s.system: s.value for s in found.scores} == {"A": 0.25, "B": 1.0, "C": 0.5}


GOOD = {"document": "d", "segment": "1", "system": "A", "reviewer": "r", "score": 5}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({**GOOD, "score": 101}, "101"),
        ({**GOOD, "score": float("nan")}, "Line 1"),
        ({**GOOD, "score": "5"}, "Line 1"),
        ({**GOOD, "reviewer": None}, "reviewer"),
        ({k: v for k, v in GOOD.items() if k != "system"}, "system"),
        ({**GOOD, "kind": "opinion"}, "opinion"),
        ({**GOOD, "spans": [{"start": 0, "end": 3, "severity": "awful"}]}, "Line 1"),
        ({**GOOD, "spans": [7]}, "Line 1"),
        ({**GOOD, "target": "ab", "spans": [{"start": 0, "end": 3, "severity": "minor"}]}, "ends"),
        ({"kind": "study", "protocol": "poll"}, "poll"),
        ({"kind": "choice", **GOOD, "first": "A", "second": "B", "winner": "C"}, "winner"),
        ({"kind": "text", **GOOD, "outputs": ["a"]}, "outputs"),
        ([1], "Line 1"),
    ],
)
def test_what_is_no_line_of_ratings(tmp_path: Path, row: object, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(_file(tmp_path, "x.jsonl", json.dumps(row) + "\n"))


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of ratings"):
        read(tmp_path / "x.xlsx")
    with pytest.raises(InputError, match="cannot be read"):
        read(tmp_path / "x.jsonl")
    with pytest.raises(InputError, match="no JSON"):
        read(_file(tmp_path, "x.jsonl", "{\n"))
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="no table"):
        read(tmp_path / "x.csv")


def _esa(reviewer: str, system: str, item: int, kind: str, score: int, spans: str = "[]") -> str:
    """A row as in the ESA campaigns of 2024: items are numbered by task, documents by system."""
    mark = "#bad3" if kind == "BAD" else ""
    cell = spans.replace('"', '""')
    return (
        f"{reviewer},{system},{item},{kind},eng,deu,{score},doc#{system}{mark},False,"
        f'"{cell}",{1000 + item}.0,{1001 + item}.0'
    )


def test_items_numbered_by_task_find_their_segment(tmp_path: Path) -> None:
    open_mark = '[{"start_i": 1, "end_i": 4, "severity": "undecided", "error_type": null}]'
    mark = '[{"start_i": 1, "end_i": 4, "severity": "major", "error_type": null}]'
    rows = [
        _esa("u1", "A", 41, "TGT", 90, open_mark),
        _esa("u1", "A", 40, "TGT", 80),
        _esa("u2", "B", 7, "TGT", 50, mark),
        _esa("u2", "B", 8, "TGT", 60),
        _esa("u2", "B", 7, "TGT", 55, mark),
        _esa("u1", "A", 95, "BAD", 20),
        _esa("u1", "A", 96, "BAD", 95),
        _esa("u3", "B", 9, "TGT", 10),  # a part of the document: which one, nobody knows
        _esa("u1", "ende-tutorial1", 1, "TGT", 33),
    ]
    found = read(_file(tmp_path, "esa.csv", "\n".join(rows) + "\n"))
    scores = {(s.document, s.segment, s.system): s.value for s in found.scores}
    assert scores == {
        ("doc", "0", "A"): 80,
        ("doc", "1", "A"): 90,
        ("doc", "0", "B"): 55,
        ("doc", "1", "B"): 60,
    }
    assert [(one.intact, one.spoiled) for one in found.spoiled] == [(80, 20), (90, 95)]
    assert [(mark.system, mark.severity) for mark in found.marks] == [("B", "major")]
    assert any("not rated whole" in note for note in found.notes)
    assert analyse(found).errors is None  # without texts, nobody knows their length


def test_appraise_with_marks_and_no_scores_is_mqm(tmp_path: Path) -> None:
    mark = '[{"start_i": 1, "end_i": 4, "severity": "major", "error_type": ["Style", "Awkward"]}]'
    rows = [_esa("u1", "A", 1, "TGT", 0, mark), _esa("u1", "B", 2, "TGT", 0)]
    found = read(_file(tmp_path, "mqm.csv", "\n".join(rows) + "\n"))
    assert found.protocol == "mqm" and found.marks[0].category == "style/awkward"
    assert {s.system: s.value for s in found.scores} == {"A": -5, "B": 0}
