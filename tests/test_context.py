"""Context: the title and the sentences before, the same in every run."""

from __future__ import annotations

from collections.abc import Sequence

from translator.context import SourceContext
from translator.markup import closing, opening
from translator.prompts import StyleInfo, get_style
from translator.types import BlockKind, Segment, TranslationTask


def count(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def segment(
    number: int,
    text: str,
    section: str = "one",
    kind: BlockKind = BlockKind.PARAGRAPH,
    keep: str | None = None,
) -> Segment:
    return Segment(f"s{number}", f"b{number}", 0, text, kind=kind, section=section, keep=keep)


BOOK = [
    segment(0, "Before the chapter."),
    segment(1, f"The {opening(1)}Whale{closing(1)}", kind=BlockKind.HEADING),
    segment(2, "First here. Second here."),
    segment(3, "x = 1", kind=BlockKind.CODE, keep="code"),
    segment(4, "Third one."),
    segment(5, "Fourth one."),
    segment(6, "A picture", kind=BlockKind.ALT),
    segment(7, "In the next file.", section="two"),
]


def texts(book: Sequence[Segment], place: int, budget: int = 100) -> list[str]:
    pairs = SourceContext(book, count, budget)(book[place])
    assert all(target == "" for _, target in pairs)
    return [source for source, _ in pairs]


def test_title_and_sentences_in_reading_order() -> None:
    assert texts(BOOK, 0) == []
    assert texts(BOOK, 1) == []  # a heading
    assert texts(BOOK, 2) == ["The Whale"]
    assert texts(BOOK, 4) == ["The Whale", "First here.", "Second here."]
    assert texts(BOOK, 5) == ["The Whale", "First here.", "Second here.", "Third one."]
    assert texts(BOOK, 6) == []
    assert texts(BOOK, 7) == []


def test_budget_keeps_the_nearest() -> None:
    assert texts(BOOK, 5, 6) == ["The Whale", "Second here.", "Third one."]
    assert texts(BOOK, 5, 4) == ["The Whale", "Third one."]
    assert texts(BOOK, 5, 1) == []


def test_the_same_whatever_was_asked_before() -> None:
    forward, backward = SourceContext(BOOK, count), SourceContext(BOOK, count)
    one = [forward(each) for each in BOOK]
    assert one == [backward(each) for each in reversed(BOOK)][::-1]


def test_prompts_show_it_as_something_not_to_be_translated() -> None:
    task = TranslationTask("It swam.", "en", "de", context=(("The Whale", ""), ("See?", "Sieh?")))
    info = StyleInfo("{% for m in messages %}<{{ m.role }}>{{ m.content }}{% endfor %}")
    chat = get_style("chat", info).render(task).text
    assert "not to be translated:\nThe Whale<" in chat
    assert chat.endswith("<user>See?<assistant>Sieh?<user>It swam.")
    shots = get_style("few-shot", StyleInfo()).render(task).text
    assert "not to be translated:\nThe Whale\n\nEnglish: See?\nGerman: Sieh?\n\n" in shots
    trained = get_style("hy-mt", info).render(task).text
    assert trained.startswith("<user>The Whale\nSee?\n参考上面的信息，把下面的文本翻译成德语")
