"""One small valid book of every format, with most of what the format can hold."""

from __future__ import annotations

import io
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.epubs import PNG, make_epub
from tests.pdfs import LOREM, Maker, picture

_W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
_R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

BODY = """<h1 id="top">The <em>first</em> chapter</h1>
<p>She saw a <a href="#n1" id="r1">boat</a><br/>and <i>two <b>men</b></i> &amp; a dog &#8212; no
more. <img src="i.png" alt="A lighthouse"/></p>
<blockquote>Bare words<p>and a paragraph</p>and more words.</blockquote>
<ul><li>One thing</li><li>Another<ol><li>nested</li></ol></li></ul>
<table><caption>A table</caption><tr><th>Head</th><td>Cell <code>x = 1</code></td></tr></table>
<p><ruby>漢<rt>kan</rt>字<rt>ji</rt></ruby> and <span translate="no">Verso</span> stay.</p>
<pre>verbatim  text</pre><math xmlns="http://www.w3.org/1998/Math/MathML"><mi>x</mi></math>
<figure><figcaption>Under the picture</figcaption></figure><hr/>
<dl><dt>Term</dt><dd>What it means</dd></dl><aside id="n1"><p>A note.</p></aside>
"""
TXT = (
    "CHAPTER I\n\nThe old sailor told a long story about the sea.\nNobody believed him.\n\n"
    "  * * *\n\n“Who are you?” she asked.\n    An indented verse,\n    and another one.\n\n1984\n"
)
MARKDOWN = """---
title: A book
lang: en
---

# The *first* chapter {#top}

She saw a [boat](#n1 "Title") and **two men** with `x = 1` ![a light](i.png)[^1]
second line with a\\*b &amp; <b>html</b> and $a_1$.

> A quotation
> goes on

- [ ] one thing
- another
  1. nested

| Head | b\\|c |
|---|---|
| x | **y** |

```python
print("x")
```

Heading below
=============

[^1]: A note *here*.

<div>html</div>

A [reference][r] too.

[r]: http://example.org "A page"
"""
FB2 = """<?xml version="1.0" encoding="utf-8"?>
<FictionBook xmlns="http://www.gribuser.ru/xml/fictionbook/2.0" xmlns:l="http://www.w3.org/1999/xlink">
<description><title-info><genre>prose</genre><author><first-name>Ann</first-name></author>
<book-title>A book</book-title><annotation><p>About it.</p></annotation><lang>en</lang></title-info>
<document-info><author><nickname>me</nickname></author><id>x-1</id></document-info></description>
<body><title><p>The first chapter</p></title><epigraph><p>Words before</p></epigraph>
<section id="s"><p>He <emphasis>walked</emphasis> home<a l:href="#n1" type="note">[1]</a> &amp;
sang.</p><empty-line/><poem><stanza><v>A verse,</v><v>a second one.</v></stanza></poem>
<image l:href="#i.png" alt="A cat"/><table><tr><td>Yes</td></tr></table></section></body>
<body name="notes"><section id="n1"><p>A note.</p></section></body>
<binary id="i.png" content-type="image/png">QUJD</binary></FictionBook>
"""
SRT = """1
00:00:01,000 --> 00:00:02,000
<i>It was a long day and
I am <b>very</b> tired now.</i>

2
00:00:03,000 --> 00:00:04,000 X1:20 X2:600
{\\an8}- Who are you?
- Nobody, sir.

3
00:00:05,000 --> 00:00:06,000
♪ Sing a song ♪
"""
VTT = """WEBVTT - a film
Language: en

STYLE
::cue { color: yellow }

NOTE This is no subtitle.

intro
00:01.000 --> 00:04.000 align:start
<v Roger Bingham>We are in <c.place>New York</c> City &amp; more</v>

00:05.000 --> 00:06.000
- First speaker
- Second <00:05.500>speaker
"""


def docx_members() -> dict[str, str]:
    """The members of a Word document with a table, a link, a field, a text box and footnotes."""

    def run(text: str, style: str = "") -> str:
        return f'<w:r><w:rPr>{style}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'

    def field(code: str, result: str) -> str:
        marks = [
            f'<w:r><w:fldChar w:fldCharType="{k}"/></w:r>' for k in ("begin", "separate", "end")
        ]
        return f"{marks[0]}<w:r><w:instrText>{code}</w:instrText></w:r>{marks[1]}{result}{marks[2]}"

    def rels(*targets: tuple[str, str]) -> str:
        listed = "".join(
            f'<Relationship Id="r{n}" Type="{_TYPES}/{kind}" Target="{target}"/>'
            for n, (kind, target) in enumerate(targets)
        )
        return f'<Relationships xmlns="x">{listed}</Relationships>'

    box = f"<w:txbxContent><w:p>{run('In a box')}</w:p></w:txbxContent>"
    body = (
        f'<w:p><w:pPr><w:pStyle w:val="H1"/></w:pPr>{run("The first chapter")}</w:p>'
        f"<w:p>{run('She saw a ')}{run('white', '<w:b/>')}{run(' boat')}<w:r><w:tab/><w:br/></w:r>"
        f'<w:hyperlink r:id="r9">{run("and a link")}</w:hyperlink><w:r>'
        f'<w:footnoteReference w:id="1"/></w:r>'
        f"{field('PAGE', run('7'))}<w:r><w:pict>{box}</w:pict></w:r></w:p>"
        f"<w:tbl><w:tr><w:tc><w:p>{run('A cell')}</w:p></w:tc></w:tr></w:tbl>"
        f"<w:p><w:del><w:r><w:delText>gone</w:delText></w:r></w:del>{run('left &amp; right')}</w:p>"
    )
    return {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": rels(("officeDocument", "word/document.xml")),
        "word/_rels/document.xml.rels": rels(
            ("styles", "styles.xml"), ("footnotes", "footnotes.xml")
        ),
        "word/document.xml": f"<w:document {_W} {_R}><w:body>{body}</w:body></w:document>",
        "word/footnotes.xml": f'<w:footnotes {_W}><w:footnote w:id="1"><w:p>{run("A note.")}</w:p>'
        "</w:footnote></w:footnotes>",
        "word/styles.xml": f"<w:styles {_W}><w:docDefaults><w:rPrDefault><w:rPr>"
        '<w:lang w:val="en-US"/></w:rPr></w:rPrDefault></w:docDefaults>'
        '<w:style w:type="paragraph" w:styleId="H1"><w:name w:val="heading 1"/>'
        "</w:style></w:styles>",
    }


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def unzipped(data: bytes) -> dict[str, bytes]:
    """The members of a ZIP archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@cache
def small_books() -> dict[str, bytes]:
    """Suffix -> the bytes of a valid book; ``2.epub`` is an EPUB of version 2."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extra: dict[str, bytes | str] = {"i.png": PNG, "a.css": "p { color: red }"}
        pages = {"a.xhtml": BODY, "b.xhtml": "<p>The end.</p>"}
        modern = make_epub(folder / "a.epub", pages, extra=extra).read_bytes()
        old = make_epub(folder / "b.epub", pages, extra=extra, modern=False).read_bytes()
        maker = Maker()
        for number in (1, 2):
            maker.turn().line(f"Chapter {number}", 60, size=16).text(LOREM, (50, 80, 370, 250))
            maker.page.insert_image((50, 300, 130, 360), stream=picture())
        pdf = maker.save(folder / "a.pdf").read_bytes()
    head = '<!DOCTYPE html><html lang="en"><head><title>A page</title></head>'
    return {
        "epub": modern,
        "2.epub": old,
        "docx": zipped({name: text.encode() for name, text in docx_members().items()}),
        "html": f"{head}<body>{BODY}</body></html>".encode(),
        "md": MARKDOWN.encode(),
        "fb2": FB2.encode(),
        "srt": SRT.encode(),
        "vtt": VTT.encode(),
        "txt": TXT.encode(),
        "pdf": pdf,
    }
