"""Random inline markup: copying changes no byte, translating keeps every tag and every letter."""

from __future__ import annotations

import html
import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from translator import markup
from translator.books.inline import SOURCE_CLASS
from translator.books.xhtml import read_page
from translator.books.xmltree import error

TEXT = st.text(st.sampled_from("abcdeÄж漢 \n\t&<>'\"\xa01.,\ufdd0\ufdd3"), max_size=8)
VOID = st.sampled_from(
    ["<br/>", "<img src='i' alt='Alt text'/>", "<a id='k'/>", "<!-- c -->", "<wbr/>", "<?p i?>",
     "<code>x y</code>", "<span translate='no'>no</span>", "<sup><a href='#n'>1</a></sup>",
     "<math xmlns='http://www.w3.org/1998/Math/MathML'><mi>z</mi></math>", "&unknown;", "&nbsp;",
     "<ruby>漢<rt>かん</rt></ruby>", "<span> </span>", "<![CDATA[ a < b ]]>", "<svg><g/></svg>"]
)  # fmt: skip
NAMES = st.sampled_from(["em", "b", "span", "i", "q", "small", "a"])
BLOCKS = st.sampled_from(["p", "div", "li", "td", "blockquote", "h2", "section", "ul"])


def escaped(text: str) -> str:
    return html.escape(text, quote=False)


def element(name: str, inner: list[str]) -> str:
    return f"<{name} class='c'>{''.join(inner)}</{name}>"


INLINE = st.recursive(
    st.one_of(TEXT.map(escaped), VOID),
    lambda inner: st.builds(element, NAMES, st.lists(inner, max_size=4)),
    max_leaves=12,
)
FLOW = st.recursive(
    INLINE,
    lambda inner: st.builds(element, BLOCKS, st.lists(inner, max_size=4)),
    max_leaves=12,
)
PAGES = st.lists(FLOW, max_size=6).map(lambda parts: f"<html><body>{''.join(parts)}</body></html>")


def write(source: str, change: object) -> str:
    page = read_page(source, "x")
    pieces, position = [], 0
    for unit in page.units:
        tagged = unit.run.text
        if unit.quote or unit.keep is not None:
            continue
        pieces.append(source[position : unit.run.start])
        if change:
            tagged = "".join(
                t.replace("a", "Æ") + "Q" if isinstance(t, str) else str(t)
                for t in markup.tokenize(tagged)
            )
            assert unit.run.problem(tagged, source) == ""
        pieces.append(unit.run.render(tagged, lambda a, b: source[a:b]))
        position = unit.run.end
    return "".join(pieces) + source[position:]


def tags(source: str) -> Counter[str]:
    source = re.sub(r"<!\[CDATA\[.*?\]\]>", "", source)
    found = re.findall(r"<!--.*?-->|<\?.*?\?>|</?[A-Za-z][^>]*>|&unknown;", source)
    return Counter(t for t in found if not re.match("</?r(uby|t)", t))


def letters(source: str) -> str:
    """All letters of a page but those of readings, in order."""
    source = re.sub(r"<rt>.*?</rt>|&unknown;|&nbsp;", "", source)
    root = etree.fromstring(source)
    return "".join(c for c in "".join(map(str, root.itertext())) if c.isalpha())


@settings(max_examples=120, deadline=None)
@given(PAGES)
def test_rendering_the_source_text_changes_nothing_that_is_seen(source: str) -> None:
    assert error(source, "x") == ""
    copy = write(source, None)
    assert error(copy, "x") == ""
    assert tags(copy) == tags(source)
    assert letters(copy) == letters(source)


@settings(max_examples=120, deadline=None)
@given(PAGES)
def test_translating_keeps_every_tag_and_covers_every_letter(source: str) -> None:
    after = write(source, "yes")
    assert error(after, "x") == ""
    assert tags(after) == tags(source)
    page = read_page(source, "x")
    again = read_page(after, "x")
    ids = [unit.id for unit in page.units]
    assert ids == [unit.id for unit in again.units]
    covered = Counter[str]()
    for unit in page.units:
        for block in unit.blocks("x"):
            text = markup.plain(block.text).replace("&unknown;", "")
            covered.update(c for c in text if c.isalpha() and not unit.quote)
    for kana in "かん":
        covered[kana] = 0
    covered += Counter()
    assert covered == Counter(letters(source))


@settings(max_examples=60, deadline=None)
@given(PAGES)
def test_tagged_text_is_clean(source: str) -> None:
    for unit in read_page(source, "x").units:
        text = unit.run.text
        assert text == text.strip(" \t\n")
        assert markup.problems(text, text) == ""
        assert not markup._STRAY.search(markup.plain(text))
        assert "\n" not in text
        assert unit.run.visible(text)


@settings(max_examples=60, deadline=None)
@given(st.lists(INLINE, max_size=5), st.lists(INLINE, max_size=5))
def test_source_copies_are_not_read_again(left: list[str], right: list[str]) -> None:
    copy = f"<span class='{SOURCE_CLASS}'>{''.join(left)}</span>"
    plain = f"<html><body><p>{''.join(right)}</p></body></html>"
    both = f"<html><body><p>{copy}{''.join(right)}</p></body></html>"
    first = [u.run.text for u in read_page(plain, "x").units]
    second = [u.run.text for u in read_page(both, "x", rereading=True).units]
    assert first == second
