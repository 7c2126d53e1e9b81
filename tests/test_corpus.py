"""Building and showing a corpus, from files to files."""

from __future__ import annotations

import gzip
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from trainer import corpus_show, split
from trainer.cleaning import Rules
from trainer.corpus import Corpus, build
from trainer.corpus_settings import CorpusSettings, read_settings
from translator.cli import main
from translator.errors import InputError

NOUNS = {
    "house": "Haus", "garden": "Garten", "river": "Fluss", "king": "König", "horse": "Pferd",
    "castle": "Schloss", "street": "Straße", "window": "Fenster", "bridge": "Brücke",
    "mountain": "Berg", "village": "Dorf", "forest": "Wald", "table": "Tisch", "door": "Tür",
}  # fmt: skip
VERBS = {"sees": "sieht", "wants": "will", "knows": "kennt", "finds": "findet", "loves": "liebt"}
ADVERBS = {"today": "heute", "now": "jetzt", "often": "oft", "never": "nie", "there": "dort"}


def sentences(count: int, seed: int) -> list[tuple[str, str]]:
    """Different sentences in English and in something like German."""
    rng = random.Random(seed)
    found: dict[str, str] = {}
    while len(found) < count:
        a, b, c = (rng.choice(list(NOUNS)) for _ in range(3))
        verb, adverb, number = (
            rng.choice(list(VERBS)),
            rng.choice(list(ADVERBS)),
            rng.randint(20, 99),
        )
        found[f"The {a} of the {b} {verb} {number} of the {c}s {adverb}."] = (
            f"Das {NOUNS[a]} von dem {NOUNS[b]} {VERBS[verb]} {ADVERBS[adverb]} {number} von den "
            f"{NOUNS[c]}."
        )
    return list(found.items())


def write(
    folder: Path, stem: str, pairs: list[tuple[str, str]], origins: list[str] | None = None
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for ending, lines in (("en", [a for a, _ in pairs]), ("de", [b for _, b in pairs])):
        (folder / f"{stem}.{ending}").write_text("".join(f"{x}\n" for x in lines), "utf-8")
    if origins:
        (folder / f"{stem}.src").write_text("".join(f"{x}\n" for x in origins), "utf-8")


def settings(folder: Path, **changes: Any) -> CorpusSettings:
    rules = Rules.of({"near-duplicate": False, "held-out": False} | changes.pop("rules", {}))
    return CorpusSettings(inputs=(str(folder),), targets=("de",), rules=rules, **changes)


def removed(corpus: Corpus) -> list[dict[str, Any]]:
    with gzip.open(corpus.folder / "removed.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_every_pair_is_accounted_for(tmp_path: Path) -> None:
    good = sentences(400, 1)
    bad = [("", "Ja."), ("A <b>bold</b> word.", "Ein Wort."), good[3], ("broken", "\ufffd Wort")]
    write(tmp_path / "in", "a", good + bad)
    corpus = build(settings(tmp_path / "in", dev=40, test=40), tmp_path / "out")
    report = corpus.report
    gone = removed(corpus)
    assert [(row["rule"], row["line"]) for row in gone] == [
        ("empty", 401), ("markup", 402), ("markup", 404), ("duplicate", 403),
    ]  # fmt: skip
    assert {rule: row["pairs"] for rule, row in report["removed"].items()} == Counter(
        row["rule"] for row in gone
    )
    rows = {part: list(corpus.rows(part)) for part in split.NAMES}
    assert report["read"] == 404 == len(gone) + sum(map(len, rows.values()))
    assert report["lines"] == {part: len(lines) for part, lines in rows.items()}
    assert 40 <= len(rows["dev"]) <= 50 and 40 <= len(rows["test"]) <= 50
    first = rows["train"][0]
    assert good[first["line"] - 1] == (first["source"], first["target"])
    assert (first["from"], first["to"], first["file"]) == ("en", "de", "a")


def test_documents_are_not_torn_apart(tmp_path: Path) -> None:
    write(tmp_path / "in", "a", sentences(1000, 2))
    corpus = build(settings(tmp_path / "in", dev=100, test=100, block=25), tmp_path / "out")
    part_of: dict[int, set[str]] = {}
    for part in split.NAMES:
        for row in corpus.rows(part):
            part_of.setdefault((row["line"] - 1) // 25, set()).add(part)
    assert all(len(parts) == 1 for parts in part_of.values())
    assert Counter(min(parts) for parts in part_of.values()) == {"train": 32, "dev": 4, "test": 4}


def test_same_input_same_bytes(tmp_path: Path) -> None:
    write(tmp_path / "in", "a", sentences(300, 3))
    wanted = settings(tmp_path / "in", both=True, limit=100, temperature=2.0)
    one, two = (build(wanted, tmp_path / name) for name in ("one", "two"))
    for file in sorted(one.folder.iterdir()):
        assert file.read_bytes() == (two.folder / file.name).read_bytes(), file.name
    assert one.hash == two.hash
    other = build(settings(tmp_path / "in", both=True, limit=100, seed=9), tmp_path / "other")
    assert other.hash != one.hash
    again = CorpusSettings(**read_settings(one.folder / "corpus.toml"))
    assert again == wanted
    assert build(again, tmp_path / "three").hash == one.hash


def test_both_directions(tmp_path: Path) -> None:
    write(tmp_path / "in", "a", sentences(60, 4))
    corpus = build(settings(tmp_path / "in", both=True, dev=0, test=0), tmp_path / "out")
    rows = list(corpus.rows("train"))
    assert len(rows) == 120
    for there, back in zip(rows[::2], rows[1::2], strict=True):
        assert (there["from"], there["to"]) == (back["to"], back["from"]) == ("en", "de")
        assert (there["source"], there["target"]) == (back["target"], back["source"])


def test_weights_limit_and_repeats(tmp_path: Path) -> None:
    origins = ["game\tfun"] * 100 + ["docs\tdry"] * 100 + ["bible\told"] * 100
    write(tmp_path / "in", "a", sentences(300, 5), origins)
    plain = {"dev": 0, "test": 0}

    def counts(**changes: Any) -> dict[str, int]:
        name = str(len(list(tmp_path.iterdir())))
        corpus = build(settings(tmp_path / "in", **plain, **changes), tmp_path / name)
        return dict(Counter(row["origin"] for row in corpus.rows("train")))

    assert counts(weights={"game": 2.0, "dry": 0.5, "bible": 0.0}) == {"game": 200, "docs": 50}
    assert counts(limit=60) == {"game": 20, "docs": 20, "bible": 20}
    assert counts(limit=90, weights={"game": 2.0, "docs": 0.0}) == {"game": 60, "bible": 30}
    assert counts(weights={"game": 50.0}, repeats=3) == {"game": 300, "docs": 100, "bible": 100}


def test_what_the_mix_leaves_out_is_in_the_report(tmp_path: Path) -> None:
    write(tmp_path / "in", "a", sentences(100, 6), ["x"] * 60 + ["y"] * 40)
    wanted = settings(tmp_path / "in", dev=0, test=0, limit=30, weights={"y": 0.0})
    corpus = build(wanted, tmp_path / "out")
    assert Counter(row["rule"] for row in removed(corpus)) == {"weight": 40, "mix": 30}
    assert corpus.report["mix"] == [
        {"origin": "x", "domain": "", "language": "de", "pairs": 60, "written": 30}
    ]


def test_held_out_texts_and_leaks_into_dev(tmp_path: Path) -> None:
    pairs = sentences(400, 7)
    long = "the queen of the far north rides through the deep snow to her old winter castle"
    pairs[200] = (
        f"Today {long} again.",
        "Heute reitet die Königin des hohen Nordens durch den tiefen Schnee heim in ihr Schloss.",
    )
    # The same sentence in two documents, with another translation.
    pairs[390] = (pairs[10][0], pairs[10][1].replace("Das", "Jenes"))
    pairs[300] = (pairs[11][0], pairs[11][1].replace("Das", "Jenes"))
    write(tmp_path / "in", "a", pairs)
    (tmp_path / "test.txt").write_text(
        f"{long.title()}!\n{pairs[50][0]}\n{pairs[60][1]}\n", "utf-8"
    )
    wanted = settings(
        tmp_path / "in", held_out=(str(tmp_path / "test.txt"),), rules={"held-out": 13},
        dev=60, test=60, block=10,
    )  # fmt: skip
    corpus = build(wanted, tmp_path / "out")
    gone = removed(corpus)
    assert [row["line"] for row in gone if row["rule"] == "held-out"] == [51, 61, 201]
    texts = {p: {row["source"] for row in corpus.rows(p)} for p in split.NAMES}
    assert not texts["train"] & (texts["dev"] | texts["test"])
    assert corpus.report["held_out"] == {str(tmp_path / "test.txt"): 3}


def test_near_duplicates_name_the_earlier_pair(tmp_path: Path) -> None:
    pairs = sentences(50, 8)
    pairs.append((pairs[4][0].replace(".", " !"), pairs[4][1]))
    write(tmp_path / "in", "a", pairs)
    corpus = build(settings(tmp_path / "in", rules={"near-duplicate": 0.95}), tmp_path / "out")
    assert [(r["rule"], r["line"], r["detail"]) for r in removed(corpus)] == [
        ("near-duplicate", 51, "a:5")
    ]


def test_several_languages_and_licences(tmp_path: Path) -> None:
    write(tmp_path / "in", "en-de", sentences(60, 9), ["wesnoth\tgame"] * 60)
    (tmp_path / "in" / "en-fr.tsv").write_text(
        "The cat sleeps on the old sofa today.\tLe chat dort aujourd'hui sur le vieux canapé.\n",
        "utf-8",
    )
    (tmp_path / "in" / "licences.tsv").write_text(
        "source\tlicence\tattribution\nwesnoth\tGPL-2+\tthe Wesnoth project\n"
    )
    rules = Rules.of({"near-duplicate": False})
    wanted = CorpusSettings(
        inputs=(str(tmp_path / "in"),), targets=("de", "fr"), dev=0, test=0, rules=rules,
        licences={"en-fr.tsv": "CC0-1.0"},
    )  # fmt: skip
    corpus = build(wanted, tmp_path / "out")
    assert corpus.report["parts"]["train"]["by_language"] == {"de": 60, "fr": 1}
    assert list(corpus_show.licence_list(corpus)) == [
        "- en-fr.tsv: CC0-1.0, 1 pairs", "- wesnoth (the Wesnoth project): GPL-2+, 60 pairs",
    ]  # fmt: skip


def test_errors_leave_nothing_behind(tmp_path: Path) -> None:
    write(tmp_path / "in", "a", [("", "x")])
    with pytest.raises(InputError, match="No pair is left"):
        build(settings(tmp_path / "in"), tmp_path / "out")
    with pytest.raises(InputError, match="no parallel texts of English and French"):
        build(
            CorpusSettings(inputs=(str(tmp_path / "in"),), targets=("fr",)), tmp_path / "out"
        )  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    with pytest.raises(InputError, match="exists already"):
        build(settings(tmp_path / "in"), tmp_path / "in")
    with pytest.raises(InputError, match="is no corpus"):
        Corpus.load(tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense = 1", "unknown setting"), ("to = 3", "list of texts"),
        ("both = 1", "true or false"), ("limit = 1.5", "a number"), ("limit = -1", "too small"),
        ("weights = {x = -1}", "negative"), ("rules = {x = 1}", "no cleaning rule"),
        ("balance = 'mood'", "balanced"), ("from = 'de'", "both source and target"),
        ("x", "no valid TOML"), ("held_out = ['x']\nheld-out = ['x']", "unknown|twice"),
    ],
)  # fmt: skip
def test_settings_files_are_checked(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "c.toml"
    to = "" if line.startswith("to") else "to = ['de']\n"
    path.write_text(f"inputs = ['x']\n{to}{line}\n")
    with pytest.raises(InputError, match=said):
        CorpusSettings(**read_settings(path))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "in", "a", sentences(200, 10), ["x"] * 100 + ["y"] * 100)
    out = str(tmp_path / "out")
    config = tmp_path / "c.toml"
    config.write_text(
        "to = ['fr']\nlimit = 5\n[weights]\nx = 0.5\ny = 1\n[rules]\nheld-out = false\n"
    )
    command = [
        "corpus", "build", str(tmp_path / "in"), "-o", out, "--config", str(config), "--to", "de",
        "--limit", "50", "--dev", "0", "--test", "0", "--weights", "y=0",
        "--rule", "near-duplicate=off", "length-ratio=5.5",
    ]  # fmt: skip
    assert main(command) == 0
    assert "train: 50 pairs" in capsys.readouterr().out
    assert main(command) == 1
    assert "--replace" in capsys.readouterr().err
    assert main([*command, "--replace", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["written"] == {"train": 50, "dev": 0, "test": 0}
    values = read_settings(Path(out) / "corpus.toml")
    assert values["weights"] == {"x": 0.5, "y": 0}
    assert values["rules"] == Rules.of(
        {"near-duplicate": False, "length-ratio": 5.5, "held-out": False}
    )
    assert main(["corpus", "show", out, "--samples", "2"]) == 0
    shown = capsys.readouterr().out
    assert "English to German" in shown and "█" in shown and "- x: licence not stated" in shown
    assert shown.count("[de]") == 2
    assert main([*command, "--rule", "nonsense", "--replace"]) == 1
    assert "name=number" in capsys.readouterr().err


@pytest.mark.skipif("VERSO_DATA" not in os.environ, reason="needs VERSO_DATA")
def test_real_texts_do_not_share_text_with_the_dev_set(tmp_path: Path) -> None:
    data = Path(os.environ["VERSO_DATA"])
    for ending in ("en", "ko", "src"):
        with gzip.open(data / "train" / f"en-ko.{ending}.gz", "rt", encoding="utf-8") as lines:
            kept = [line for number, line in enumerate(lines) if number % 20 == 0]
        (tmp_path / f"k.{ending}").write_text("".join(kept), "utf-8")
    held_out = str(data / "dev")
    wanted = CorpusSettings(inputs=(str(tmp_path),), targets=("ko",), held_out=(held_out,))
    corpus = build(wanted, tmp_path / "out")
    total = corpus.report["read"]
    assert corpus.report["held_out"][held_out] > 4000
    assert sum(corpus.report["written"].values()) > 0.93 * total
    dev = set((data / "dev" / "ntrex.en").read_text("utf-8").splitlines())
    assert not dev & {row["source"] for row in corpus.rows("train")}
