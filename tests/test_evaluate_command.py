"""``verso evaluate``: from files to files, and what it says when that cannot be."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sacrebleu

from translator.cli import main

LINES = [
    "The old harbour lay silent.",
    "",
    "Nobody had expected the ship so soon.",
    "She opened the window.",
    "They walked for seven days.",
    "The bread was still warm.",
    "The letter came too late.",
    "It rained all night.",
]


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    """A test set and the outputs of two systems."""
    texts = {
        "source": LINES,
        "reference": [line.upper() for line in LINES],
        "near": [line.upper().replace("THE", "A") for line in LINES],
        "far": [line.swapcase().replace("E", "I") for line in LINES],
    }
    paths = {name: tmp_path / f"{name}.txt" for name in texts}
    for name, lines in texts.items():
        paths[name].write_text("".join(f"{line}\n" for line in lines), "utf-8")
    return paths


def _evaluate(files: dict[str, Path], *more: str) -> int:
    fixed = ["--source", str(files["source"]), "--reference", str(files["reference"])]
    return main(["evaluate", "--from", "en", "--to", "de", *fixed, "--samples", "200", *more])


def test_models_and_files_to_all_outputs(
    files: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, plot, saved = tmp_path / "out/e.json", tmp_path / "out/e.svg", tmp_path / "saved"
    systems = ["--model", "pseudo", "--hypotheses", f"near={files['near']}"]
    systems += ["--hypotheses", f"far={files['far']}", "--baseline", "near"]
    written = ["--json", str(data), "--plot", str(plot), "--save", str(saved)]
    assert _evaluate(files, *systems, *written) == 0
    told = capsys.readouterr()
    assert (
        "English to German, 8 lines" in told.out and "Methods:\nThe test set source.txt" in told.out
    )
    facts = json.loads(data.read_text("utf-8"))
    assert [system["model"] for system in facts["systems"]] == ["pseudo", "near", "far"]
    near = files["near"].read_text("utf-8").split("\n")[:-1]
    reference = files["reference"].read_text("utf-8").split("\n")[:-1]
    expected = sacrebleu.corpus_chrf(near, [reference], word_order=2)
    assert facts["systems"][1]["chrf++"]["score"] == pytest.approx(expected.score)
    pairs = {(c["a"], c["b"]) for c in facts["comparisons"]}
    assert pairs == {("near", "pseudo"), ("near", "far")}
    hypotheses = (saved / "pseudo.de").read_text("utf-8").split("\n")
    assert len(hypotheses) == len(LINES) + 1 and hypotheses[1] == "" and "ĥáŕƀöüŕ" in hypotheses[0]
    assert plot.read_text("utf-8").startswith("<svg ")
    # Saved translations score the same again.
    again = ["--hypotheses", f"again={saved / 'pseudo.de'}", "--json", "-", "--test", "bootstrap"]
    assert _evaluate(files, *again) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["systems"][0]["ter"]["edits"] == facts["systems"][0]["ter"]["edits"]
    assert printed["test"]["method"] == "bootstrap" and printed["comparisons"] == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ([], "nothing to evaluate"),
        (["--hypotheses", "a={near}", "--hypotheses", "a={far}"], "a is there twice"),
        (["--hypotheses", "a={near}", "--baseline", "b"], "baseline b is none of the systems"),
        (["--hypotheses", "a={missing}"], "does not exist"),
        (["--model", "no-such-model"], "no-such-model"),
        (["--hypotheses", "a={near}", "--comet"], "COMET is not installed"),
        (["--hypotheses", "a={near}", "--documents", "{short}"], "has 1 lines"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    more: list[str],
    said: str,
    files: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    names = files | {"missing": tmp_path / "missing", "short": tmp_path / "short"}
    names["short"].write_text("one\n", "utf-8")
    assert _evaluate(files, *(part.format(**names) for part in more)) == 1
    told = capsys.readouterr()
    assert said in told.err and "Traceback" not in told.err and not told.out


@pytest.mark.parametrize("more", [["--hypotheses", "file-only"], ["--samples", "0"]])
def test_wrong_usage(more: list[str], files: dict[str, Path]) -> None:
    with pytest.raises(SystemExit) as stopped:
        _evaluate(files, *more)
    assert stopped.value.code == 2
