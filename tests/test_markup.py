"""Placeholders come back exactly; literal look-alikes survive."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from translator import markup
from translator.markup import FAMILIES, RESERVED, closing, opening, single
from translator.segmenting import split_blocks
from translator.types import Block

PLAIN = st.text(max_size=20).filter(lambda s: not any(c in RESERVED for c in s))
LITERALS = st.sampled_from(
    ["<1>", "</1>", "<1/>", "[id5]", "⟦1⟧", "{2}", "【3】", "< 1 >", "1 < 2", "a > b", "<", ">"]
)


@st.composite
def tagged(draw: st.DrawFn) -> str:
    """Text with properly nested placeholders, every number used once."""
    numbers = iter(range(1, 100))

    def run(depth: int) -> str:
        pieces = []
        for _ in range(draw(st.integers(0, 4))):
            kind = draw(st.integers(0, 3))
            if kind == 0:
                pieces.append(draw(PLAIN))
            elif kind == 1:
                pieces.append(draw(LITERALS))
            elif kind == 2 or depth > 3:
                pieces.append(single(next(numbers)))
            else:
                number = next(numbers)
                pieces.append(opening(number) + run(depth + 1) + closing(number))
        return "".join(pieces)

    return run(0)


@given(tagged())
def test_tokens_are_lossless(text: str) -> None:
    assert "".join(map(str, markup.tokenize(text))) == text
    assert [t for t in markup.tokenize(text) if not isinstance(t, str)] == markup.placeholders(text)
    assert markup.has_placeholders(text) == bool(markup.placeholders(text))
    assert not any(c in RESERVED for c in markup.plain(text))


@given(tagged())
def test_showing_and_hiding_gives_the_text_back(text: str) -> None:
    family = markup.choose_family(text)
    assume(family is not None)
    assert family is not None
    shown = markup.show(text, family)
    assert not any(c in RESERVED for c in shown)
    assert markup.hide(shown, family, text) == text


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.name)
@given(text=tagged())
def test_every_family_gives_the_text_back(family: markup.TagFamily, text: str) -> None:
    assume(not family.pattern.search(markup.plain(text)))
    assert markup.hide(markup.show(text, family), family, text) == text


@pytest.mark.parametrize("literal", ["<1>", "<1/>", "[id5]", "⟦1⟧", "{1}", "【1】", "</1>"])
def test_literal_look_alikes_survive(literal: str) -> None:
    text = f"see {literal} and {opening(1)}this{closing(1)}{single(2)}"
    family = markup.choose_family(text)
    assert family is not None
    assert literal in markup.show(text, family)
    assert markup.hide(markup.show(text, family), family, text) == text


def test_a_literal_must_not_join_with_a_tag() -> None:
    text = f"<{single(1)}/>"
    family = markup.choose_family(text)
    assert family is not None
    assert markup.hide(markup.show(text, family), family, text) == text


def test_a_text_that_uses_all_families_has_none() -> None:
    assert markup.choose_family("<1> ⟦1⟧ {1} 【1】") is None


def test_what_models_write_is_understood() -> None:
    source = f"a {opening(1)}b{closing(1)} c{single(2)}"
    family = FAMILIES[0]
    assert markup.hide("A < 1 >B</ 1> C<2>", family, source) == (
        f"A {opening(1)}B{closing(1)} C{single(2)}"
    )
    assert markup.hide("A <7>B</7>", family, source) == "A <7>B</7>"


@given(tagged())
def test_a_text_is_no_problem_for_itself(text: str) -> None:
    assert markup.problems(text, text) == ""


@given(tagged(), st.integers(1, 20))
def test_a_part_of_a_block_is_no_problem_for_itself(text: str, limit: int) -> None:
    for part in split_blocks([Block("b", text)], limit, lambda texts: [len(t) for t in texts]):
        assert markup.problems(part.text, part.text) == ""


@given(tagged(), st.data())
def test_loss_and_doubling_are_found(text: str, data: st.DataObject) -> None:
    marks = markup.placeholders(text)
    assume(marks)
    mark = str(data.draw(st.sampled_from(marks)))
    assert "missing" in markup.problems(text, text.replace(mark, "", 1))
    assert "extra" in markup.problems(text, text + mark)
    assert "extra" in markup.problems("", mark)


def test_nesting() -> None:
    a, b = (opening(1), closing(1)), (opening(2), closing(2))
    source = f"{a[0]}x{a[1]} {b[0]}y{b[1]}"
    assert markup.problems(source, f"{b[0]}y{b[1]} {a[0]}x{a[1]}") == ""
    assert markup.problems(source, f"{b[0]}y{a[0]}x{a[1]}{b[1]}") == ""
    assert markup.problems(source, f"{a[0]}x{b[0]}{a[1]}y{b[1]}") != ""
    assert markup.problems(source, f"{a[1]}x{a[0]} {b[0]}y{b[1]}") != ""


def test_halves_of_pairs_in_a_part_of_a_block() -> None:
    end_first = f"x{closing(1)} y {opening(2)}z"
    assert markup.problems(end_first, end_first) == ""
    assert markup.problems(end_first, f"{opening(2)}z x{closing(1)} y") != ""
    with_pair = f"x{closing(1)} {opening(3)}y{closing(3)} {opening(2)}z"
    assert markup.problems(with_pair, with_pair) == ""
    assert markup.problems(with_pair, f"x{opening(3)}y{closing(1)}{closing(3)} {opening(2)}z") != ""
    assert markup.problems(with_pair, f"x{closing(1)} {opening(3)}y{opening(2)}{closing(3)}z") != ""


@given(st.text())
def test_any_reply_can_be_hidden_and_judged(reply: str) -> None:
    source = f"{opening(1)}a{closing(1)}{single(2)}"
    hidden = markup.hide(reply, FAMILIES[0], source)
    assert isinstance(markup.problems(source, hidden), str)


def test_a_stray_noncharacter_is_a_problem() -> None:
    assert markup.problems("a", "a\ufdd0") == "a broken placeholder"
