"""The command line as a real process: what goes to a pipe, to a terminal, and the exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.jobs_support import SlowEngine, jobs_with, small_epub, small_text
from tests.terminal import ROOT, Terminal
from translator.engines.pseudo import pseudo
from translator.errors import Cancelled
from translator.jobs import BookOptions, Progress

PSEUDO = ("--model", "pseudo")
HOUSE = "The house is big and blue."
TEXT = "Good morning, my dear friends.\n\nThe weather is fine today.\n"


def verso(
    *arguments: str, stdin: str | bytes = "", code: int = 0
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "translator.cli", *arguments],
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        cwd=ROOT,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr.decode()
    assert b"Traceback" not in done.stderr
    return done


def complaint(*arguments: str, stdin: str | bytes = "") -> tuple[str, str]:
    """The message and the hint of a command that fails; nothing else may be said."""
    done = verso(*arguments, stdin=stdin, code=1)
    assert done.stdout == b""
    message, hint = done.stderr.decode().splitlines()
    assert message.startswith("verso: ")
    return message, hint.strip()


def test_help_is_fast() -> None:
    best = 9.0
    for _ in range(3):
        began = time.monotonic()
        out = verso("--help").stdout.decode()
        best = min(best, time.monotonic() - began)
    assert "translate" in out
    heavy = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "translator.cli", "--help"],
        capture_output=True, text=True, cwd=ROOT, check=True,
    ).stderr  # fmt: skip
    for module in ("rich", "httpx", "lxml", "sqlite3", "jinja2", "numpy", "gradio"):
        assert f"| {module}\n" not in heavy.replace(" ", "").replace("|", "| "), module
    assert best < 2.0  # 0.1 s on an idle machine


def test_version_and_wrong_usage() -> None:
    assert verso("--version").stdout.startswith(b"verso 0.")
    verso(code=2)
    verso("translate", "text", code=2)
    verso("translate", "text", "--to", "de", "--temperature", "hot", code=2)
    verso("jobs", "resume", code=2)
    verso("book", "x.epub", "--to", "de", "--bilingual", "sideways", code=2)


def test_text_from_the_command_line() -> None:
    done = verso("translate", HOUSE, "--to", "de", *PSEUDO)
    assert done.stdout.decode() == pseudo(HOUSE, "de") + "\n"
    assert done.stderr == b""


@pytest.mark.parametrize("ending", ["", "\n", "\n\n\n", "\r\n"])
@pytest.mark.parametrize("dash", [True, False])
def test_text_from_a_pipe(ending: str, dash: bool) -> None:
    text = ["-"] if dash else []
    done = verso("translate", *text, "--to", "ko", *PSEUDO, stdin=TEXT.rstrip() + ending)
    first, second = TEXT.split("\n\n")
    assert done.stdout.decode() == f"{pseudo(first, 'ko')}\n\n{pseudo(second.strip(), 'ko')}\n"
    assert done.stderr == b""


def test_encodings_of_a_pipe() -> None:
    text = "Ein schöner großer Garten."
    wanted = pseudo(text, "fr") + "\n"
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        assert verso("translate", "--to", "fr", *PSEUDO, stdin=data).stdout.decode() == wanted
    message, hint = complaint("translate", "--to", "fr", *PSEUDO, stdin=text.encode("latin-1"))
    assert "UTF-8" in message
    assert "iconv" in hint


def test_nothing_in_nothing_out() -> None:
    assert verso("translate", "-", "--to", "de", *PSEUDO, stdin=" \n").stdout == b""


def test_output_is_utf8_in_any_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    monkeypatch.setenv("PYTHONUTF8", "0")
    monkeypatch.setenv("PYTHONCOERCECLOCALE", "0")
    done = verso("translate", HOUSE, "--to", "de", *PSEUDO)
    assert done.stdout.decode() == pseudo(HOUSE, "de") + "\n"


def test_json() -> None:
    done = verso("translate", "-", "--to", "de", "--json", *PSEUDO, stdin=TEXT + "\n42\n")
    data = json.loads(done.stdout)
    assert (data["source"], data["target"], data["model"]) == ("en", "de", "pseudo")
    assert data["failed"] == 0
    assert [s["status"] for s in data["segments"]] == ["translated", "translated", "kept"]
    assert data["segments"][0]["source"] == TEXT.split("\n")[0]
    assert data["text"].count("\n") == TEXT.count("\n") + 2


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["--to", "xx", *PSEUDO], "Unknown language", "such as"),
        (["--to", "Germn", *PSEUDO], "Unknown language", "de"),
        (["--to", "de", "--from", "qq", *PSEUDO], "Unknown language", "such as"),
        (["--to", "en", *PSEUDO], "in English already", "another"),
        (["--to", "de", "--model", "psuedo"], "no model", "pseudo"),
        (["--to", "de"], "not downloaded", "verso models pull"),
        (["--to", "de", "--adapter", "pseudo"], "not an adapter", "--model"),
        (["--to", "de", "--temperature", "-1", *PSEUDO], "between", "-1"),
        (["--to", "de", "--max-new-tokens", "0", *PSEUDO], "between", "0"),
    ],
)
def test_wrong_wishes(arguments: list[str], message: str, hint: str) -> None:
    said, advised = complaint("translate", HOUSE, *arguments)
    assert message in said
    assert hint in advised


def test_reader_that_goes_away() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "translator.cli", "translate", "-", "--to", "de", *PSEUDO],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdin and process.stdout and process.stderr
    process.stdout.close()
    process.stdin.write(TEXT.encode() * 2000)
    process.stdin.close()
    assert process.wait(60) == 1
    assert process.stderr.read() == b""


def test_text_streams_on_a_terminal() -> None:
    terminal = Terminal("translator.cli", "translate", HOUSE, "--to", "de", *PSEUDO)
    terminal.expect(pseudo(HOUSE, "de"))
    assert terminal.end() == 0


def test_interactive_prompt() -> None:
    terminal = Terminal("translator.cli", "translate", "--to", "ko", *PSEUDO)
    terminal.expect("/help", "auto → ko> ")
    terminal.type(HOUSE + "\n")
    terminal.expect(pseudo(HOUSE, "ko"), "auto → ko> ")
    terminal.type("/to ja\n")
    terminal.expect("auto → ja> ")
    terminal.type("/from English\n")
    terminal.expect("en → ja> ")
    terminal.type(HOUSE + "\n")
    terminal.expect(pseudo(HOUSE, "ja"), "en → ja> ")
    terminal.type("/to nonsense\n")
    terminal.expect("Unknown language", "en → ja> ")
    terminal.type("/dance\n")
    terminal.expect("no command /dance", "en → ja> ")
    terminal.type("/model psuedo\n")
    terminal.expect("no model", "en → ja> ")
    terminal.type("/help\n")
    terminal.expect("/model ID", "en → ja> ")
    terminal.type("half a line\x03")
    time.sleep(1)  # what is printed at the very moment of Ctrl+C may be lost in the terminal
    terminal.type("\n")
    terminal.expect("en → ja> ")
    terminal.type("//usr is a path of the system\n")
    terminal.expect(pseudo("/usr is a path of the system", "ja"), "en → ja> ")
    terminal.type("\x04")
    assert terminal.end() == 0
    assert "Traceback" not in terminal.output
    assert pseudo("half a line", "ja") not in terminal.output


def test_quit_leaves() -> None:
    terminal = Terminal("translator.cli", "translate", "--to", "ko", *PSEUDO)
    terminal.expect("> ")
    terminal.type("/quit\n")
    assert terminal.end() == 0


def test_ctrl_c_stops_the_translation_only() -> None:
    terminal = Terminal("tests.slow_prompt", "2")
    terminal.expect("auto → de> ")
    terminal.type(HOUSE + "\n")
    time.sleep(0.7)
    terminal.type("\x03")
    terminal.expect("Stopped.", "auto → de> ", seconds=10)
    terminal.type(HOUSE + "\n")
    terminal.expect(pseudo(HOUSE, "de"), "auto → de> ")
    terminal.type("\x04")
    assert terminal.end() == 0


def test_missing_model_is_offered_on_a_terminal() -> None:
    terminal = Terminal("translator.cli", "translate", HOUSE, "--to", "de")
    terminal.expect("not downloaded yet (1.12 GB). Download it now? [Y/n]")
    terminal.type("n\n")
    terminal.expect("verso: ", "verso models pull")
    assert terminal.end() == 1


def test_terms_are_shown_on_a_terminal() -> None:
    terminal = Terminal("translator.cli", "models", "pull", "gemma-3-270m-q4_k_m")
    terminal.expect("Gemma Terms of Use", "https://", "Do you accept these terms? [y/N]")
    terminal.type("\n")
    terminal.expect("have to accept", "--accept-terms")
    assert terminal.end() == 1


def test_book_and_its_job(tmp_path: Path) -> None:
    book = small_epub(tmp_path / "story.epub", 5)
    report = tmp_path / "report.json"
    done = verso("book", str(book), "--to", "zh-TW", *PSEUDO, "--report", str(report))
    output = tmp_path / "story.zh-Hant.epub"
    assert done.stdout.decode() == f"{output}\n"
    assert output.exists()
    job_id = done.stderr.decode().split()[1].rstrip(":")
    data = json.loads(report.read_text(encoding="utf-8"))
    assert data["output"] == str(output)
    assert data["coverage"] == 1.0
    listed = json.loads(verso("jobs", "list", "--json").stdout)
    assert [(job["id"], job["state"]) for job in listed] == [(job_id, "done")]
    assert listed[0]["segments"]["total"] == data["segments"]["total"]
    assert job_id in verso("jobs").stdout.decode()
    shown = verso("jobs", "show", job_id[:4]).stdout.decode()
    assert str(output) in shown
    output.unlink()
    assert verso("jobs", "resume", job_id).stdout.decode() == f"{output}\n"
    assert output.exists()
    assert "No segment" in verso("jobs", "retry", job_id, code=1).stderr.decode()
    verso("jobs", "delete", job_id)
    assert json.loads(verso("jobs", "list", "--json").stdout) == []
    assert output.exists()
    message, hint = complaint("jobs", "show", job_id)
    assert job_id in message
    assert "verso jobs list" in hint


def test_same_command_goes_on(tmp_path: Path) -> None:
    """A job that was left unfinished is found again; the result is that of one run."""
    book = small_epub(tmp_path / "story.epub", 5)
    whole = tmp_path / "whole.epub"
    verso("book", str(book), "--to", "de", *PSEUDO, "-o", str(whole))
    jobs = jobs_with(SlowEngine(0.05), Path(os.environ["VERSO_HOME"]))
    job_id = jobs.create(book, BookOptions("de", model="pseudo"), queue=False)
    stop = threading.Event()

    def stop_early(progress: Progress) -> None:
        if progress.counts.done > 2:
            stop.set()

    with pytest.raises(Cancelled):
        jobs.run(job_id, stop_early, stop)
    half = tmp_path / "half.epub"
    done = verso("book", str(book), "--to", "German", *PSEUDO, "-o", str(half))
    assert f"Going on with the job {job_id}" in done.stderr.decode()
    assert half.read_bytes() == whole.read_bytes()
    again = verso("book", str(book), "--to", "de", *PSEUDO, "-o", str(half), "--restart")
    assert job_id not in again.stderr.decode()


def test_book_errors(tmp_path: Path) -> None:
    pdf = tmp_path / "a.pdf"
    pdf.write_bytes(b"%PDF-1.7 not yet")
    message, _ = complaint("book", str(pdf), "--to", "de", *PSEUDO)
    assert "PDF" in message
    message, _ = complaint("book", str(tmp_path / "none.epub"), "--to", "de", *PSEUDO)
    assert "none.epub" in message
    text = small_text(tmp_path / "a.txt", "The first line of a story.")
    message, _ = complaint("book", str(text), "--to", "de", *PSEUDO, "-o", str(text))
    assert "replace the book" in message


def test_progress_bar_of_a_book_on_a_terminal(tmp_path: Path) -> None:
    book = small_epub(tmp_path / "story.epub", 5)
    terminal = Terminal("translator.cli", "book", str(book), "--to", "de", *PSEUDO)
    terminal.expect("Job ", "A small book", "translated", str(tmp_path / "story.de.epub"))
    assert terminal.end() == 0


def test_models() -> None:
    rows = [line.split("\t") for line in verso("models", "list").stdout.decode().splitlines()]
    assert rows[0][0] == "id"
    assert next(row for row in rows if row[0] == "pseudo")[2] == "yes"
    listed = json.loads(verso("models", "list", "--json").stdout)
    assert len(listed) == len(rows) - 1
    assert listed[0]["default"]
    shown = verso("models", "show", "starter").stdout.decode()
    assert "Apache-2.0" in shown
    assert "no model" in complaint("models", "show", "nonsense")[0]
    refused = verso("models", "pull", "gemma-3-270m-q4_k_m", code=1).stderr.decode()
    assert "have to accept" in refused
    assert "--accept-terms" in refused
    verso("models", "add", "/no/such/file.gguf", code=1)
    terminal = Terminal("translator.cli", "models", "list")
    terminal.expect("licence", "pseudo")
    assert terminal.end() == 0
