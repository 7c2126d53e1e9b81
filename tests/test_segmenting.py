"""Segmenting loses nothing, keeps to the budget and cuts where a person would."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from translator import markup
from translator.segmenting import blocks_of_text, join, sentences, split_blocks
from translator.sentences import may_cut
from translator.types import Block, BlockKind


def words_and_bytes(texts: Sequence[str]) -> list[int]:
    """A stand-in tokenizer: about four bytes a token."""
    return [(len(text.encode()) + 3) // 4 for text in texts]


PIECES = st.one_of(
    st.sampled_from(
        [
            " ", "\n", "\n\n", "\r\n", "\u00a0", "\u3000", "\t", "word", "Mr. ", "end. ", "e.g. ",
            "他說：「你好。」", "然後走了。", "はい、", "これはペンです", "안녕하세요. ",
            "नमस्ते। ", "สวัสดี", "مرحبا؟ ", "👩\u200d👩\u200d👧", "🇩🇪🇫🇷", "e\u0301", "क्षि", "👍🏽",
            "?!”", "…", "3.14", "1.", "(a)", "a" * 50, "漢" * 60,
            markup.opening(1), markup.closing(1), markup.single(2),
            markup.opening(3), markup.closing(3), "<1>", "⟦1⟧", "[id5]",
        ]
    ),
    st.text(max_size=12).filter(lambda s: not any(c in markup.RESERVED for c in s)),
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=60).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.integers(1, 60), st.sampled_from(["", "en", "ja", "de"]))
def test_nothing_is_lost_and_the_budget_holds(texts: list[str], limit: int, language: str) -> None:
    blocks = [Block(f"b{i}", text, BlockKind.HEADING, "ch1") for i, text in enumerate(texts)]
    segments = split_blocks(blocks, limit, words_and_bytes, language)
    for block in blocks:
        parts = [s for s in segments if s.block_id == block.id]
        assert parts
        assert [s.part for s in parts] == list(range(len(parts)))
        assert [s.id for s in parts] == [f"{block.id}/{i}" for i in range(len(parts))]
        assert "".join(s.before + s.text + s.after for s in parts) == block.text
        assert join(parts, [s.text for s in parts]) == block.text
        assert join(parts, [s.text for s in parts], "de") == block.text
        for part in parts:
            assert part.text == part.text.strip()
            assert not part.before.strip() and not part.after.strip()
            assert (part.kind, part.section) == (BlockKind.HEADING, "ch1")
            # Placeholders stay whole.
            assert not any(c in markup.RESERVED for c in markup.plain(part.text))
            letters = any(map(str.isalpha, markup.plain(part.text)))
            assert (part.keep is None) == letters
            if letters and len(parts) > 1:
                shown = markup.show(part.text, markup.FAMILIES[0])
                fits = words_and_bytes([shown])[0] <= limit
                assert fits or len(markup.plain(part.text).strip()) == 1
    assert [s.block_id for s in segments] == sorted(
        (s.block_id for s in segments), key=lambda i: int(i[1:])
    )


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.sampled_from(["", "en", "zh-Hant", "fr", "hi", "xx"]))
def test_sentences_join_to_the_text(text: str, language: str) -> None:
    parts = sentences(text, language)
    assert "".join(parts) == text
    assert all(parts)


@settings(max_examples=100, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=30).map("".join))
def test_grapheme_clusters_stay_whole(text: str) -> None:
    plain = markup.plain(text)
    for at in range(1, len(plain)):
        if may_cut(plain, at):
            assert not unicodedata.category(plain[at]).startswith("M")
            assert plain[at - 1] != "\u200d" and plain[at] != "\u200d"
            assert plain[at - 1 : at + 1] != "\r\n"


def test_grapheme_clusters_as_the_regex_library_sees_them() -> None:
    regex = pytest.importorskip("regex")
    text = "👩\u200d👩\u200d👧a🇩🇪🇫🇷e\u0301क्षि각\u1100\u1161\u11a8👍🏽ำกำ\r\nx"
    clusters = {m.start() for m in regex.finditer(r"\X", text)}
    ours = {at for at in range(1, len(text)) if may_cut(text, at)}
    assert ours <= clusters


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", ["Mr. Utterson met Dr. Jekyll at 5 p.m. sharp. ", "He paid $5.50 (see No. 5). ",
                "“Stop! Now.” ", "Then he left... and came back. ", "It costs approx. 3.14."]),
        ("en", ["“Who is it?” he asked. ", "Nobody spoke! ", "See Fig. 3, e.g. this one."]),
        ("de", ["Das ist z. B. ein Test. ", "Am 3. Mai kam Dr. Müller. ",
                "Im 19. Jahrhundert, d. h. früher. ", "„Was?“, fragte er. ", "Nr. 5 lebt!"]),
        ("fr", ["M. Dupont et Mme. Bovary sont là. ", "« Quoi ? » dit-il. ", "Voir no. 5. "]),
        ("es", ["El Sr. López, pág. 5, no vino. ", "¿Qué? ", "¡No!"]),
        ("zh-Hant", ["他說：「你好嗎？我很好。」", "然後他走了。", "真的！！！", "圓周率是3.14。"]),
        ("ja", ["「そうですか。」と彼は言った。", "はい！", "３．１４です。"]),
        ("ko", ["안녕하세요. ", "저는 김입니다."]),
        ("hi", ["यह एक वाक्य है। ", "यह दूसरा है॥ ", "क्या?"]),
        ("ar", ["كيف حالك؟ ", "أنا بخير."]),
        ("en", ["See NEWS.Debian on it. ", "Then go."]),
        ("", ["One. ", "二。", "Three."]),
    ],
)  # fmt: skip
def test_sentence_ends(language: str, expected: list[str]) -> None:
    assert sentences("".join(expected), language) == expected


def test_markup_stays_with_its_sentence() -> None:
    o, c, s = markup.opening(1), markup.closing(1), markup.single(2)
    text = f"{o}First one.{c}{s} {o}Second{c} one."
    assert sentences(text) == [f"{o}First one.{c}{s} ", f"{o}Second{c} one."]


def test_a_block_that_fits_is_one_segment_and_short_blocks_are_counted_once() -> None:
    calls: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        calls.append(len(texts))
        return words_and_bytes(texts)

    blocks = [Block(str(i), f" Sentence one. Number {i}. \n") for i in range(500)]
    segments = split_blocks(blocks, 50, count)
    assert len(segments) == 500 and calls == [500]
    assert (segments[7].before, segments[7].text, segments[7].after) == (
        " ", "Sentence one. Number 7.", " \n",
    )  # fmt: skip


def test_keep_and_no_letters() -> None:
    blocks = [
        Block("a", "x = 1", keep="code"), Block("b", " 12:30 "), Block("c", ""), Block("d", " \n"),
        Block("e", markup.single(1)),
    ]  # fmt: skip
    assert [(s.keep, s.text) for s in split_blocks(blocks, 5, words_and_bytes)] == [
        ("code", "x = 1"), ("no letters", "12:30"), ("empty", ""), ("empty", ""),
        ("no letters", markup.single(1)),
    ]  # fmt: skip


def test_parts_are_balanced_and_end_with_sentences() -> None:
    text = " ".join(f"This is the sentence with the number {i} in it." for i in range(40))
    parts = split_blocks([Block("b", text)], 100, words_and_bytes)
    sizes = words_and_bytes([p.text for p in parts])
    assert len(parts) <= 6 and min(sizes) > 60 and max(sizes) <= 100
    assert all(p.text.endswith("it.") and p.after in (" ", "") for p in parts)


def test_no_tiny_leftover() -> None:
    text = " ".join(["Some words are here now."] * 17)  # 108 tokens
    parts = split_blocks([Block("b", text)], 100, words_and_bytes)
    sizes = words_and_bytes([p.text for p in parts])
    assert len(sizes) == 2 and min(sizes) > 40


def test_a_long_speech_is_cut_between_its_sentences() -> None:
    speech = "“" + " ".join(f"I have told you this, friend, {i} times." for i in range(40)) + "”"
    parts = split_blocks([Block("b", speech)], 60, words_and_bytes, "en")
    assert all(p.text.endswith((".", "”")) for p in parts) and len(parts) > 4


def test_a_long_sentence_is_cut_at_clauses_then_words() -> None:
    clauses = ", ".join(f"and the number {i} went on" for i in range(30)) + "."
    parts = split_blocks([Block("b", clauses)], 50, words_and_bytes)
    assert all(p.text.endswith((",", ".")) for p in parts)
    words = " ".join(f"word{i}" for i in range(300))
    parts = split_blocks([Block("b", words)], 50, words_and_bytes)
    assert " ".join(p.text for p in parts) == words


@pytest.mark.parametrize(
    "text",
    [
        "It was a dark night. The rain fell in torrents, and nobody was out. " * 75_000,
        "他说，这是一个很长的段落。没有人知道它什么时候结束。" * 65_000,
        "word " * 1_000_000,
        "a" + "." * 3_000_000,
        "漢" * 1_600_000,
        "a" + " " * 2_000_000 + "\n " * 500_000 + "b",
        "“No! " * 200_000,
        "a,;:)" * 200_000,
    ],
    ids=["english", "chinese", "words", "dots", "unbroken", "blanks", "quotes", "clauses"],
)
@pytest.mark.timeout(60)
def test_five_megabytes_in_one_paragraph(text: str) -> None:
    batches: list[int] = []

    def count(texts: Sequence[str]) -> list[int]:
        batches.append(len(texts))
        assert max(map(len, texts)) < 20_000
        return words_and_bytes(texts)

    start = time.process_time()
    segments = split_blocks([Block("b", text)], 500, count)
    assert time.process_time() - start < 20
    assert len(batches) < 15
    assert "".join(s.before + s.text + s.after for s in segments) == text
    assert max(words_and_bytes([s.text for s in segments])) <= 500


def test_a_tokenizer_whose_counts_do_not_add_up() -> None:
    """Joined text may have more tokens than its sentences: the parts are counted again."""

    def count(texts: Sequence[str]) -> list[int]:
        return [len(t.split()) + len(t) // 40 * 3 for t in texts]

    text = " ".join(f"Sentence number {i} is here." for i in range(200))
    segments = split_blocks([Block("b", text)], 60, count)
    assert max(count([s.text for s in segments])) <= 60
    assert "".join(s.before + s.text + s.after for s in segments) == text


def test_limit_must_be_positive() -> None:
    with pytest.raises(ValueError, match="limit"):
        split_blocks([], 0, words_and_bytes)


def test_join_puts_and_drops_blanks_as_the_target_writes() -> None:
    chinese = split_blocks([Block("b", "這是第一句話。這是第二句話。")], 8, words_and_bytes, "zh")
    assert [s.text for s in chinese] == ["這是第一句話。", "這是第二句話。"]
    assert join(chinese, ["First.", "Second."], "en") == "First. Second."
    assert join(chinese, ["First.", "Second."]) == "First.Second."
    assert join(chinese, ["いち。", "に。"], "ja") == "いち。に。"
    assert join(chinese, [s.text for s in chinese], "en") == "這是第一句話。這是第二句話。"
    english = split_blocks([Block("b", "The first one.\nThe second one. The third one.")], 4,
                           words_and_bytes, "en")  # fmt: skip
    assert join(english, ["一。", "二。", "三。"], "zh-Hans") == "一。\n二。三。"
    assert join(english, ["Eins.", "Zwei.", "Drei."], "de") == "Eins.\nZwei. Drei."
    assert join(english, ["ประโยค", "สอง", "สาม"], "th") == "ประโยค\nสอง สาม"


def test_join_does_not_put_blanks_into_a_cut_word() -> None:
    parts = split_blocks([Block("b", "x" * 90)], 10, words_and_bytes)
    assert join(parts, [p.text.upper() for p in parts], "de") == "X" * 90


WRAPPED = """It was the best of times, it was the worst of times, it was the age of
wisdom, it was the age of foolishness, it was the epoch of belief, it was the
epoch of incredulity, it was the season of Light.

A second paragraph that is a little shorter than the first one was, but still
goes on for two lines."""


def test_hard_wrapped_prose_is_one_block_a_paragraph() -> None:
    result = blocks_of_text(WRAPPED)
    assert len(result.blocks) == 2
    assert "\n" not in result.blocks[0].text and "age of wisdom" in result.blocks[0].text
    assert result.rebuild({b.id: b.text for b in result.blocks}) == WRAPPED
    assert result.rebuild({"p0": "EINS", "p1": "ZWEI"}) == "EINS\n\nZWEI"


@pytest.mark.parametrize(
    "text",
    [
        "- one thing that is on the list and is quite long, so it might be wrapped prose\n"
        "- another thing",
        "Shall I compare thee to a summer’s day?\nThou art more lovely and more temperate:\n"
        "Rough winds do shake the darling buds of May,",
        "Hello\nWorld",
        "First line.\nSecond line.\n\n\nThird.",
    ],
)
def test_lines_that_are_meant_stay_lines(text: str) -> None:
    result = blocks_of_text(text, "s")
    lines = [line for line in text.splitlines() if line]
    assert [b.text for b in result.blocks] == lines
    assert result.blocks[0].id == "s:p0"
    assert result.rebuild({b.id: f"<{b.text}>" for b in result.blocks}) == "\n".join(
        f"<{line}>" if line else "" for line in text.split("\n")
    )


def test_a_short_paragraph_of_a_wrapped_text_is_wrapped_too() -> None:
    short = "The next line of this very short paragraph starts with a name, which is\nQueequeg."
    assert len(blocks_of_text(short).blocks) == 2
    assert len(blocks_of_text(f"{WRAPPED}\n\n" * 4 + short).blocks) == 9


def test_wrapped_japanese_joins_without_blanks() -> None:
    line = "吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。"
    result = blocks_of_text(f"{line}\n{line}\n何でも薄暗い所で")
    assert [b.text for b in result.blocks] == [f"{line}{line}何でも薄暗い所で"]


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXTS, st.text(), st.lists(st.text("ab. \n\r\t", max_size=90)).map("\n".join)))
def test_pasted_text_comes_back(text: str) -> None:
    result = blocks_of_text(text)
    assert result.rebuild({}) == text
    assert result.rebuild({b.id: b.text for b in result.blocks}) == text
    assert len({b.id for b in result.blocks}) == len(result.blocks)
    assert not any(glue.strip() for glue in result.glue)


def test_fifty_pages_are_cheap() -> None:
    text = (WRAPPED + "\n\n") * 400
    start = time.process_time()
    assert len(blocks_of_text(text).blocks) == 800
    assert time.process_time() - start < 1
