"""Pieces of inline markup -> runs: white space, lines, edges, neighbours, numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from translator import markup
from translator.books.inline import NOTHING, Flattener, Piece
from translator.books.runs import Run, has_letters
from translator.books.xmltree import SPACE, Node, mend, single_blanks
from translator.markup import Mark, Placeholder


def build(
    source: str, nodes: Sequence[Node], preserve: bool = False, rereading: bool = False
) -> list[Run]:
    """The runs of sibling nodes: one, or one a line where line breaks divide them.

    ``preserve`` keeps white space as it is (``xml:space``). Runs without anything to see are left
    out; a run that must stay says why in ``keep``.
    """
    flattener = Flattener(source, rereading)
    return build_pieces(source, flattener.flatten(nodes), flattener.kept, preserve)


def build_pieces(
    source: str,
    pieces: list[Piece],
    kept: Sequence[tuple[int, str, str]] = (),
    preserve: bool = False,
) -> list[Run]:
    """The runs of pieces that a format found by itself; see :func:`build`."""
    if not preserve:
        _collapse(source, pieces)
    for piece in pieces:
        if piece.kind == "text":
            piece.text = mend(piece.text)  # as it will be written
    runs = []
    for line in _lines(pieces):
        if run := _run(source, line):
            first, last = line[0].start, line[-1].end
            inside = [(r, t) for at, r, t in kept if first <= at < last]
            runs.append(_judge(run, inside))
    return runs


def _judge(run: Run, inside: list[tuple[str, str]]) -> Run:
    """Decide whether a run stays as it is, and list what stays inside one that does not."""
    if has_letters(markup.plain(run.text)):
        run.kept = inside
    else:
        run.keep = inside[0][0] if inside else NOTHING
    return run


def _collapse(source: str, pieces: list[Piece]) -> None:
    blank = True
    for index, piece in enumerate(pieces):
        if piece.kind == "text":
            text = single_blanks(piece.text)
            if blank:
                text = text.removeprefix(" ")
            piece.text = text
            if text:
                blank = text.endswith(" ")
        elif piece.line_break:
            before = pieces[index - 1] if index else None
            if before is not None and before.kind == "text":
                before.text = before.text.rstrip(SPACE)
            while piece.start and source[piece.start - 1] in SPACE:
                piece.start -= 1
            while piece.end < len(source) and source[piece.end] in SPACE:
                piece.end += 1
            blank = True
        elif piece.kind == "atom" and not piece.ghost:
            blank = False


def _lines(pieces: list[Piece]) -> Iterator[list[Piece]]:
    pieces = _trim(pieces)
    depth, divided = 0, False
    line: list[Piece] = []
    for piece in pieces:
        if piece.line_break and depth == 0:
            divided = True
            yield _trim(line)
            line = []
            continue
        depth += (piece.kind == "open") - (piece.kind == "close")
        line.append(piece)
    yield _trim(line) if divided else line


def _trim(pieces: list[Piece]) -> list[Piece]:
    """Drop white space, ghosts and whole wrappers at the edges, and a note reference at the end."""
    first, last = 0, len(pieces)
    while first < last:
        piece, final = pieces[first], pieces[last - 1]
        if piece.ghost or (piece.kind == "text" and not piece.text.strip(SPACE)):
            first += 1
        elif final.ghost or (final.kind == "text" and not final.text.strip(SPACE)):
            last -= 1
        elif piece.kind == "open" and piece.partner is final and piece.fragment is None:
            first, last = first + 1, last - 1
        else:
            break
    return pieces[first:last]


def _run(source: str, pieces: list[Piece]) -> Run | None:
    tail = ""
    while pieces and pieces[-1].kind == "atom" and pieces[-1].note and len(pieces) > 1:
        tail = pieces[-1].text + tail
        pieces = _trim(pieces[:-1])
    if not any(p.text.strip(SPACE) for p in pieces):
        return None
    start, end = pieces[0].start, pieces[-1].end
    if pieces[0].kind == "text":
        pieces[0].text = pieces[0].text.lstrip(SPACE)
        start = _skip_space(source, start, end, 1)
    if pieces[-1].kind == "text":
        pieces[-1].text = pieces[-1].text.rstrip(SPACE)
        end = _skip_space(source, end, start, -1)
    run = Run(start, end, "", {}, {}, tail=tail)
    run.text = _number(_merge(pieces), run)
    return run


def _skip_space(source: str, position: int, limit: int, step: int) -> int:
    while position != limit and source[position if step > 0 else position - 1] in SPACE:
        position += step
    return position


def _merge(pieces: list[Piece]) -> list[Piece]:
    """Join neighbouring atoms, also over a blank: nothing between them is translated."""
    merged: list[Piece] = []
    for piece in pieces:
        if piece.kind == "atom" and merged:
            last = merged[-1]
            blank = last.kind == "text" and last.text == " " and len(merged) > 1
            if blank and merged[-2].kind == "atom":
                merged.pop()
                last = merged[-1]
                last.text += " "
            if last.kind == "atom":
                merged[-1] = Piece("atom", last.start, piece.end, last.text + piece.text)
                continue
        merged.append(piece)
    return merged


def _number(pieces: list[Piece], run: Run) -> str:
    numbers: dict[int, int] = {}  # id of an opening piece -> number
    tagged, last = [], 0
    for piece in pieces:
        if piece.kind == "text":
            tagged.append(piece.text)
            continue
        if piece.kind == "close":
            mark = Placeholder(Mark.CLOSE, numbers[id(piece.partner)])
        else:
            last += 1
            numbers[id(piece)] = last
            mark = Placeholder(Mark.OPEN if piece.kind == "open" else Mark.SINGLE, last)
            run.seen[last] = piece.text
        run.fragments[mark] = piece.fragment or (piece.start, piece.end)
        tagged.append(str(mark))
    return "".join(tagged)
