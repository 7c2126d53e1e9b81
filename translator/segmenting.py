"""Blocks to segments within a token budget, and back.

A block that fits is one segment. A longer one is cut into parts of about equal size at the best
places: paragraph, line, sentence, clause, word, and only then between two characters. Nothing
is dropped: ``before + text + after`` over the parts of a block is the block's exact text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from translator import languages, markup
from translator import sentences as cuts
from translator.detection import script_of
from translator.plaintext import TextBlocks, blocks_of_text
from translator.splitting import CountTokens, Span, Splitter, Tagged
from translator.types import Block, Segment

__all__ = ["CountTokens", "TextBlocks", "blocks_of_text", "join", "sentences", "split_blocks"]

NO_LETTERS = "no letters"
EMPTY = "empty"


def sentences(text: str, language: str = "") -> list[str]:
    """Split a text (tagged or plain) into sentences; joining them gives the text back.

    White space and closing markup stay with the sentence before them.
    """
    tagged = Tagged(text)
    ends = sorted({*cuts.sentence_ends(tagged.plain, language), *cuts.paragraphs(tagged.plain)})
    at = [0, *(tagged.offset(end) for end in ends), len(text)]
    return [text[a:b] for a, b in pairwise(at) if a < b]


def split_blocks(
    blocks: Sequence[Block], limit: int, count_tokens: CountTokens, language: str = ""
) -> list[Segment]:
    """Segments of all blocks, in order.

    ``limit`` is the most tokens that a segment's text may have (only a single code point, with
    its markup, may exceed it). ``count_tokens`` is called with few, large batches, on
    texts with their placeholders as a model will see them. Blocks with ``keep`` and blocks or
    parts without a letter become segments with ``keep`` set.

    Raises :class:`ValueError` when ``limit`` is not positive.
    """
    if limit < 1:
        raise ValueError("limit must be at least one token")
    work = [Tagged(block.text) for block in blocks]
    spans = [
        Span(i, tagged.first, tagged.last)
        for i, (block, tagged) in enumerate(zip(blocks, work, strict=True))
        if block.keep is None and _has_letter(tagged.plain)
    ]
    splitter = Splitter(work, limit, count_tokens, language)
    ends = splitter.parts(spans)
    segments: list[Segment] = []
    for i, block in enumerate(blocks):
        offsets = [0, *(work[i].offset(end) for end in ends.get(i, [])), len(block.text)]
        segments += _segments(block, sorted(set(offsets)) if block.text else [0, 0])
    return segments


def _segments(block: Block, offsets: Sequence[int]) -> Iterator[Segment]:
    for part, (start, end) in enumerate(pairwise(offsets)):
        whole = block.text[start:end]
        text = whole.strip()
        at = whole.find(text) if text else len(whole)
        keep = block.keep
        if keep is None and not _has_letter(markup.plain(text)):
            keep = NO_LETTERS if text else EMPTY
        yield Segment(
            f"{block.id}/{part}", block.id, part, text, whole[:at], whole[at + len(text) :],
            block.kind, block.section, keep,
        )  # fmt: skip


def _has_letter(plain: str) -> bool:
    return any(map(str.isalpha, plain))


_OPENING = frozenset("([{«“‘„「『（《【¿¡")
_CLOSING = frozenset(")]}»”’」』）》】.,;:!?…。，、；：！？")
_CJK = frozenset({"Hans", "Hant", "Jpan"})
_NO_SPACES = frozenset({"Hani", "Kana", "Thai", "Laoo", "Khmr", "Mymr", "Tibt"})
_ENDS = frozenset("。！？!?…．.」』”’)）")


def join(segments: Sequence[Segment], texts: Sequence[str], target: str = "") -> str:
    """Put the parts of one block together again, with ``texts`` in the place of theirs.

    With a ``target`` (BCP-47 or a name) the white space between two translated parts follows
    that language: a blank between sentences that had none in Chinese or Japanese, none where the
    target does not write it. Line ends and the outer white space never change.
    """
    spaced = languages.get(target).script not in _CJK if target else None
    pieces: list[str] = []
    for i, (segment, text) in enumerate(zip(segments, texts, strict=True)):
        gap = segment.before
        if i:
            last = segments[i - 1]
            gap = last.after + segment.before
            changed = text != segment.text or texts[i - 1] != last.text
            if spaced is not None and changed:
                gap = _gap(gap, (last.text, segment.text), (texts[i - 1], text), spaced)
        pieces += [gap, text]
    if segments:
        pieces.append(segments[-1].after)
    return "".join(pieces)


def _gap(gap: str, source: tuple[str, str], target: tuple[str, str], spaced: bool) -> str:
    left, right = markup.plain(target[0])[-1:], markup.plain(target[1])[:1]
    if gap.strip(" \u00a0\u3000") or not left or not right:
        return gap  # a line end is structure, not spelling
    if not spaced:
        both_latin = all(c.isascii() and c.isalnum() for c in (left, right))
        return gap if both_latin else ""
    if gap:
        return " " if "\u3000" in gap else gap
    if left in _OPENING or right in _CLOSING or left.isspace() or right.isspace():
        return ""
    end, start = markup.plain(source[0])[-1:], markup.plain(source[1])[:1]
    unspaced = script_of(end) in _NO_SPACES or script_of(start) in _NO_SPACES
    return " " if unspaced or end in _ENDS else ""
