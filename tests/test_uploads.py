"""Texts that someone sends: archives are unpacked, traps are refused and leave nothing behind."""

from __future__ import annotations

import bz2
import gzip
import zipfile
from pathlib import Path

import pytest

from trainer import uploads
from translator.books import safety
from translator.errors import InputError, VersoError


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_files_and_archives_end_in_one_folder(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("One.\n")
    sent = archive(
        tmp_path / "more.zip",
        {"in/b.en": b"Two.\n", "in/b.de": b"Zwei.\n", "__MACOSX/x": b"", ".DS_Store": b"\0"},
    )
    uploads.take([tmp_path / "a.en", sent], tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*")}
    assert found == {"a.en", "in/b.en", "in/b.de"}
    assert (tmp_path / "out/in/b.de").read_bytes() == b"Zwei.\n"


@pytest.mark.parametrize("name", ["../out.en", "/etc/x.en", "a/../../x.en", "C:\\x.en", "..\\x.en"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    sent = archive(tmp_path / "evil.zip", {name: b"x\n"})
    with pytest.raises(VersoError, match="points outside"):
        uploads.take([sent], tmp_path / "in" / "out")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["evil.zip"]


def test_links_bombs_and_damage_are_refused(tmp_path: Path) -> None:
    link = tmp_path / "link.zip"
    with zipfile.ZipFile(link, "w") as file:
        info = zipfile.ZipInfo("a.en")
        info.external_attr = 0o120777 << 16
        file.writestr(info, "/etc/passwd")
    bomb = archive(tmp_path / "bomb.zip", {"a.en": bytes(safety.RATIO_FREE + 1)})
    cut = tmp_path / "cut.zip"
    cut.write_bytes(bomb.read_bytes()[:-40])
    for sent, said in ((link, "link to another"), (bomb, "trap"), (cut, "damaged|cut off")):
        with pytest.raises(VersoError, match=said):
            uploads.take([sent], tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_compressed_texts_may_not_be_bombs(tmp_path: Path) -> None:
    line = b"x" * 79 + b"\n"
    bomb = tmp_path / "a.en.gz"
    with gzip.open(bomb, "wb") as file:
        for _ in range(70):
            file.write(line * 13_000)
    long = tmp_path / "b.en.bz2"
    long.write_bytes(bz2.compress(b"x" * (17 << 20)))
    broken = tmp_path / "c.en.gz"
    broken.write_bytes(gzip.compress(b"One.\n" * 1000)[:-9])
    for sent, said in ((bomb, "trap"), (long, "a line of more than"), (broken, "damaged")):
        with pytest.raises(InputError, match=said):
            uploads.take([sent], tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_names_must_differ_and_something_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    for folder in (tmp_path, tmp_path / "one"):
        (folder / "a.en").write_text("One.\n")
    with pytest.raises(InputError, match=r"two files called a\.en"):
        uploads.take([tmp_path / "a.en", tmp_path / "one" / "a.en"], tmp_path / "out")
    with pytest.raises(InputError, match="no file in it"):
        uploads.take([archive(tmp_path / "empty.zip", {})], tmp_path / "out")
