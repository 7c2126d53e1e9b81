from __future__ import annotations

import random
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.epubs import CONTAINER, make_epub, page, write_zip
from translator.books import safety, xmltree
from translator.books.base import SUFFIXES, WriteOptions, open_book
from translator.books.repair import repair
from translator.errors import BookError


def refused(path: Path) -> str:
    with pytest.raises(BookError) as caught:
        open_book(path)
    assert "Traceback" not in str(caught.value)
    return caught.value.message


def test_suffixes() -> None:
    assert {".epub", ".txt"} <= set(SUFFIXES)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.epub", b"", "empty"),
        ("a.epub", b"hello", "not a real EPUB"),
        ("a.epub", b"PK\x03\x04 cut off", "damaged"),
        ("a.txt", b"%PDF-1.7 ...", "a PDF"),
        ("a.txt", b"\x00\x01\x02\xff" * 50, "not a text file"),
        ("a.txt", b" \n\r\n\t", "no text"),
        ("a.xyz", b"hello", "unknown format"),
        ("a.epub", b"\0" * 60 + b"BOOKMOBI", "Kindle"),
    ],
)
def test_wrong_files(tmp_path: Path, name: str, data: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert says in refused(tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path / "none.epub")


def test_epub_by_content(tmp_path: Path) -> None:
    path = make_epub(tmp_path / "book.bin", {"a.xhtml": "<p>x</p>"})
    assert open_book(path).format == "epub"


def test_zip_that_is_no_epub(tmp_path: Path) -> None:
    assert "not an EPUB" in refused(write_zip(tmp_path / "a.epub", {"x": "y"}, mimetype=False))


def test_epub_without_opf_or_pages(tmp_path: Path) -> None:
    container = {"META-INF/container.xml": CONTAINER.format(opf="no.opf")}
    assert "contents" in refused(write_zip(tmp_path / "a.epub", container))
    empty = {"META-INF/container.xml": CONTAINER.format(opf="a.opf"), "a.opf": "<package/>"}
    assert "no pages" in refused(write_zip(tmp_path / "b.epub", empty))


def test_bomb(tmp_path: Path) -> None:
    path = make_epub(
        tmp_path / "a.epub", {"a.xhtml": "<p>x</p>"}, extra={"z.bin": b"\0" * (80 << 20)}
    )
    assert "trap" in refused(path)


def test_path_traversal(tmp_path: Path) -> None:
    for name in ("../../evil", "/etc/evil", "C:\\evil", "a\\..\\..\\evil"):
        path = write_zip(tmp_path / "a.epub", {name: "x"})
        assert "outside" in refused(path)
    path = make_epub(tmp_path / "b.epub", {"..%2F..%2F..%2Fetc%2Fpasswd": "<p>x</p>"})
    refused(path)


def test_drm_and_obfuscated_fonts(tmp_path: Path) -> None:
    form = (
        '<encryption xmlns="urn:x"><e:EncryptedData xmlns:e="y">'
        '<e:EncryptionMethod Algorithm="{}"/></e:EncryptedData></encryption>'
    )
    for algorithm, fine in (
        ("http://www.w3.org/2001/04/xmlenc#aes128-cbc", False),
        ("http://www.idpf.org/2008/embedding", True),
    ):
        path = make_epub(tmp_path / "a.epub", {"a.xhtml": "<p>x</p>"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("META-INF/encryption.xml", form.format(algorithm))
        if fine:
            assert open_book(path).blocks()
        else:
            assert "DRM" in refused(path)


def with_doctype(tmp_path: Path, subset: str, reference: str) -> Path:
    text = page(f"<p>{reference}</p>").replace("<!DOCTYPE html>", f"<!DOCTYPE html [{subset}]>")
    return make_epub(tmp_path / "d.epub", {"a.xhtml": text})


def test_entities(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    external = f'<!ENTITY x SYSTEM "{secret.as_uri()}">'
    assert "another file" in refused(with_doctype(tmp_path, external, "&x;"))
    bomb = '<!ENTITY a0 "lollollol">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    assert "without measure" in refused(with_doctype(tmp_path, bomb, "&a9;"))
    assert "without measure" in refused(with_doctype(tmp_path, '<!ENTITY a "&a;">', "&a;"))
    harmless = with_doctype(tmp_path, '<!ENTITY who "Ann">', "Hello &who; there")
    block = next(b for b in open_book(harmless).blocks() if "Hello" in b.text)
    assert "Ann" not in block.text  # never expanded


def test_damaged_member_is_found_before_the_work(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(4000)
    path = make_epub(tmp_path / "a.epub", {"a.xhtml": "<p>x</p>"}, extra={"i.png": noise})
    data = bytearray(path.read_bytes())
    at = bytes(data).index(noise[:100])
    data[at + 500] ^= 255
    path.write_bytes(data)
    assert "damaged" in refused(path)


def test_too_deep(tmp_path: Path) -> None:
    deep = "<div>" * 5000 + "x" + "</div>" * 5000
    assert "nests" in refused(make_epub(tmp_path / "a.epub", {"a.xhtml": deep}))


@pytest.mark.timeout(60)
def test_large_paragraphs(tmp_path: Path) -> None:
    words = "<i>word</i> and a long text between two of them " * 20_000
    book = open_book(make_epub(tmp_path / "a.epub", {"a.xhtml": f"<p>{words}</p>"}))
    texts = {b.id: b.text + " x" for b in book.blocks() if b.keep is None}
    book.write(tmp_path / "o.epub", texts, WriteOptions("en", "de"))
    (tmp_path / "a.txt").write_text("word " * 1_000_000)
    assert len(open_book(tmp_path / "a.txt").blocks()) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize("piece", ["<!--", "<a '", '<a b="', "<![CDATA[", "<b>", "</b>", "&", "<"])
def test_repair_is_linear(piece: str) -> None:
    try:
        repair(piece * 200_000)
    except BookError as error:
        assert "nests" in error.message


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(
    ["<p>", "</p>", "<b>", "</b>", "<br>", "<i x=y>", "</i>", "text", "&", "&nbsp;", "<", ">",
     "<!--", "-->", "<td>", "</div>", "<li>", "'", '"', "<a href='", "<![CDATA[", "]]>",
     "<?x?>", "\x01"]
)))  # fmt: skip
def test_repair_gives_well_formed_markup(pieces: list[str]) -> None:
    text = "<html><body>" + "".join(pieces) + "</body></html>"
    assert xmltree.error(repair(text), "x") == ""


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.integers(0, 10**9),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=6),
)
def test_bytes_flipped_anywhere(tmp_path: Path, cut: int, flips: list[tuple[int, int]]) -> None:
    path = make_epub(tmp_path / "f.epub", {"a.xhtml": "<p>Hello <b>you</b></p>"})
    data = bytearray(path.read_bytes())
    for at, value in flips:
        data[at % len(data)] = value
    if cut % 3 == 0:
        data = data[: cut % len(data)]
    path.write_bytes(data)
    try:
        open_book(path).blocks()
    except BookError as error:
        assert error.message


def test_limits_are_named() -> None:
    assert safety.MAX_MEMBERS and safety.MAX_TOTAL and safety.MAX_MARKUP and safety.MAX_DEPTH
