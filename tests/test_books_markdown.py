from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.books_support import pseudo_texts
from translator import markup
from translator.books.audit import audit
from translator.books.base import Bilingual, Book, WriteOptions, open_book
from translator.books.markdown_inline import markdown
from translator.engines.pseudo import is_pseudo
from translator.errors import BookError

DE = WriteOptions("en", "de")
PAGE = """---
title: Foo
lang: en
---

# Hello **dear** world {#top}

Para with *em* and `code` [a *link*](http://x "Tit") ![alt text](i.png) <http://a.b> a\\*b &amp; c[^1]
second line ~~s~~ <b>x</b> $a_1$ and 2 * 3.

> Quote one
> goes on  
> verse two

- [ ] todo
- item
  1. nested

| Head | b\\|c |
|---|---|
| x | **y** |

```python
print("x")
```

[^1]: Note *here*

<div>html</div>

[ref][r] and **all bold**

[r]: http://r.x
"""  # noqa: E501, W291


def make(folder: Path, data: str) -> Book:
    (folder / "a.md").write_bytes(data.encode())
    return open_book(folder / "a.md")


def written(book: Book, folder: Path, texts: dict[str, str], options: WriteOptions = DE) -> str:
    output = folder / "o.md"
    book.write(output, texts, options)
    assert [i for i in audit(book, output, texts, options) if not i.ok] == []
    return output.read_bytes().decode()


def change(folder: Path, source: str, target: str, number: int = 1) -> str:
    book = make(folder, source)
    return written(book, folder, {f"text#{number}": target})


def test_all_text_is_found(tmp_path: Path) -> None:
    book = make(tmp_path, PAGE)
    assert [markup.show(b.text, markup.FAMILIES[1]) for b in book.blocks() if not b.keep] == [
        "Foo", "Hello ⟦1⟧dear⟦/1⟧ world",
        "Para with ⟦1⟧em⟦/1⟧ and ⟦2/⟧ ⟦3⟧a ⟦4⟧link⟦/4⟧⟦/3⟧ ⟦5/⟧ a*b & c⟦6/⟧ second line "
        "⟦7⟧s⟦/7⟧ ⟦8⟧x⟦/8⟧ ⟦9/⟧ and 2 * 3.",
        "Tit", "alt text", "Quote one goes on", "verse two", "todo", "item", "nested", "Head",
        "b|c", "x", "y", "Note ⟦1⟧here⟦/1⟧", "⟦1⟧ref⟦/1⟧ and ⟦2⟧all bold⟦/2⟧",
    ]  # fmt: skip
    assert {b.keep for b in book.blocks()} == {None, "code", "math", "front matter", "HTML"}
    assert (book.language, book.title) == ("en", "Foo")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_pseudo_covers_everything(tmp_path: Path, newline: str) -> None:
    data = PAGE.replace("\n", newline)
    book = make(tmp_path, data)
    assert written(book, tmp_path, {b.id: b.text for b in book.blocks()}) == data
    text = written(book, tmp_path, pseudo_texts(book))
    assert "lang: de" in text
    assert f"> ⟪Ɋüöţé öñé ğöéš öñ ļö⟫  {newline}> ⟪ṽéŕšé ţŵö⟫{newline}" in text
    assert '](http://x "⟪Ţíţ⟫") ![⟪áļţ ţéẋţ⟫](i.png)' in text
    for block in open_book(tmp_path / "o.md").blocks():
        tokens = [t for t in markup.tokenize(block.text) if isinstance(t, str) and t.strip()]
        assert block.keep or all(is_pseudo(token) for token in tokens), block


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("# no", "\\# no"), ("- no", "\\- no"), ("1. Mai", "1\\. Mai"), ("> x", "\\> x"),
        ("a * b * c", "a \\* b \\* c"), ("snake_case", "snake_case"), ("_x_", "\\_x\\_"),
        ("[a](b)", "\\[a\\](b)"), ("a < b <c>", "a < b \\<c>"), ("R&D &amp;", "R&D \\&amp;"),
        ("C #", "C \\#"), ("one\ntwo", "one two"), ("===", "\\==="), ("---", "\\---"),
    ],
)  # fmt: skip
def test_escapes(tmp_path: Path, target: str, expected: str) -> None:
    assert change(tmp_path, "Old text\n", target) == f"{expected}\n"


def test_a_bar_in_a_cell(tmp_path: Path) -> None:
    table = "| A | B |\n|---|---|\n| c | d |\n"
    assert change(tmp_path, table, "x|y", 3) == table.replace("c", "x\\|y")


def test_emphasis_that_markdown_cannot_write_becomes_a_tag(tmp_path: Path) -> None:
    target = f"他说{markup.opening(1)}“好”{markup.closing(1)}了"
    text = change(tmp_path, "He said **good** things.\n", target)
    assert text == "他说<strong>“好”</strong>了\n"


@pytest.mark.parametrize("link", ["[Old *text*]", "[Old *text*][]", "[Old *text*][old *text*]"])
def test_links_whose_text_is_their_name(tmp_path: Path, link: str) -> None:
    book = make(tmp_path, f"{link} here.\n\n[old *text*]: http://x\n")
    (block,) = book.blocks()
    text = written(book, tmp_path, {block.id: block.text.replace("Old", "Neu")})
    name = "old *text*" if "][o" in link else "Old *text*"
    assert text == f"[Neu *text*][{name}] here.\n\n[old *text*]: http://x\n"


MARKS = """+++
title = 'Old "one"'
+++

:::{note} A title
:class: tip
One.
:::

!!! warning "Mind this"
    Two two
    two.

    Three.

> [!NOTE]
> Four.

````{tip}
```{code-block} python
x = 1
```
Five {{ var }} {ref}`six` `y`.
````

:::{math}
a + b
:::

Term
: Meaning

{% include x %}
"""


def test_marks_of_other_dialects(tmp_path: Path) -> None:
    book = make(tmp_path, MARKS)
    texts = [markup.show(b.text, markup.FAMILIES[1]) for b in book.blocks() if not b.keep]
    assert texts == [
        'Old "one"', "One.", "Two two two.", "Three.", "Four.", "Five ⟦1/⟧.", "Term", "Meaning",
    ]  # fmt: skip
    kept = {b.text: b.keep for b in book.blocks() if b.keep}
    assert kept['!!! warning "Mind this"'] == "mark of a directive"
    assert {"{% include x %}", "x = 1", "a + b"} < kept.keys()
    new = {b.id: b.text.replace(b.text.split()[0], "New", 1) for b in book.blocks() if not b.keep}
    expected = MARKS.replace("Two two\n    two", "New two two")
    for word in ("One.", "Three.", "Four.", "Term", "Meaning"):
        expected = expected.replace(word, "New")
    expected = expected.replace("Five", "New").replace("'Old \"one\"'", '"New \\"one\\""')
    assert written(book, tmp_path, new) == expected
    for mode in ("above", "below"):
        written(book, tmp_path, new, WriteOptions("en", "de", mode))


@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("title: Foo", "Ein Titel", "title: Ein Titel"),
        ("title: Foo", "Nein: ja", 'title: "Nein: ja"'),
        ("title: 'It''s'", "Ja", 'title: "Ja"'),
        ("description: Foo", "no", 'description: "no"'),
    ],
)
def test_front_matter(tmp_path: Path, source: str, target: str, expected: str) -> None:
    book = make(tmp_path, f"---\n{source}\ntags: [a]\n---\nText\n")
    assert written(book, tmp_path, {"front#1": target}).split("\n")[1] == expected


BILINGUAL = """# One {#a}

- [x] two
- three
  goes on ![pic](i.png)

> four[^long-note]
five

| a | **b** |
|---|---|
| c | 9 |

[^long-note]: six
    seven
"""


def test_bilingual(tmp_path: Path) -> None:
    book = make(tmp_path, BILINGUAL)
    texts = {b.id: re.sub(r"^\w+", "T", b.text) for b in book.blocks() if not b.keep}
    above = written(book, tmp_path, texts, WriteOptions("en", "de", "above"))
    assert above == (
        "# One / T {#a}\n\n- [x] two\n\n  T\n- three\n  goes on \n\n"
        "  T goes on ![T](i.png)\n\n> four\nfive\n>\n> T[^long-note] five\n\n"
        "| a / T | **b / T** |\n|---|---|\n| c / T | 9 |\n\n"
        "[^long-note]: six\n    seven\n\n    T seven\n"
    )
    below = written(book, tmp_path, texts, WriteOptions("en", "de", "below"))
    assert below.startswith("# T / One {#a}\n\n- [x] T\n\n  two\n- T goes on")
    kinds = [t.type for t in markdown().parse(below) if t.nesting > 0]
    assert kinds.count("list_item_open") == 2
    assert kinds.count("blockquote_open") == kinds.count("footnote_reference_open") == 1
    with pytest.raises(BookError, match="side"):
        book.write(tmp_path / "o.md", texts, WriteOptions("en", "de", "side"))


def test_wrong_files(tmp_path: Path) -> None:
    with pytest.raises(BookError, match="no text"):
        make(tmp_path, "\n\n")
    with pytest.raises(BookError, match="not a text file"):
        make(tmp_path, "\0\1\2" * 9)


PIECES = (
    "a b *c* **d** _e_ ` `f` [g](h) ![i](j) [k] <b> </b> <http://l.m> \\* &amp; & ~~n~~ $o$ # > - "
    "1. | |-|-| ``` \n \n \n\n \n>\xa0 \n-\xa0 \n\xa0\xa0 \xa0\xa0\n [^1] "
    "[^1]: 漢字 <!-- --- === \\ * _ : "
    ":::{note} ::: !!!\xa0note\n\xa0\xa0\xa0\xa0 [!NOTE] ```{tip} {{x}} {y} {%z%} +++ title=a "
    '[r]:\xa0/u\xa0"t" \t ![a`b](c) \ufdd0 [x\ny](z) `p\nq`'
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(PIECES.split(" ")), max_size=25),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["none", "above", "below"]),
)
def test_any_markdown(pieces: list[str], newline: str, mode: Bilingual) -> None:
    data = " ".join(pieces).replace("\xa0", " ").replace("\n", newline)
    with tempfile.TemporaryDirectory() as folder:
        try:
            book = make(Path(folder), data)
        except BookError:
            return
        blocks = book.blocks()
        assert blocks == open_book(book.path).blocks()
        assert written(book, Path(folder), {b.id: b.text for b in blocks}) == data
        # One block at a time: what is refused is named, all else is written right.
        for block_id, text in pseudo_texts(book).items():
            if not book.check(block_id, text):
                written(book, Path(folder), {block_id: text}, WriteOptions("en", "de", mode))
