"""A reply's bytes become text whatever the tokens' borders are."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from translator.engines.gguf_text import ReplyText


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = sorted({min(c, len(data)) for c in cuts} | {0, len(data)})
    return [data[a:b] for a, b in itertools.pairwise(borders)]


@given(st.text(), st.lists(st.integers(0, 200)))
def test_any_split_gives_the_text_back(text: str, cuts: list[int]) -> None:
    reply = ReplyText(())
    given_out = "".join(reply.add(piece)[0] for piece in pieces(text.encode(), cuts))
    assert given_out + reply.close() == text
    assert reply.text == text


@given(
    st.text("ab<>", max_size=30),
    st.text("ab<>", min_size=1, max_size=4),
    st.lists(st.integers(0, 30)),
)
def test_a_stop_string_ends_the_text(text: str, stop: str, cuts: list[int]) -> None:
    reply = ReplyText((stop,))
    out = ""
    stopped = False
    for piece in pieces(text.encode(), cuts):
        new, stopped = reply.add(piece)
        out += new
        if stopped:
            break
    out += reply.close()
    assert out == text.split(stop)[0] == reply.text
    assert stopped == (stop in text)


def test_no_half_character_is_given_out() -> None:
    reply = ReplyText(())
    assert reply.add("語".encode()[:2]) == ("", False)
    assert reply.add("語".encode()[2:]) == ("語", False)


def test_text_that_may_become_a_stop_string_waits() -> None:
    reply = ReplyText(("\n###",))
    assert reply.add(b"Hallo\n#") == ("Hallo", False)
    assert reply.add(b"1") == ("\n#1", False)


def test_a_broken_character_at_the_end_is_shown_as_such() -> None:
    reply = ReplyText(())
    reply.add(b"\xe8\xaa")
    assert reply.close() == "\ufffd"
