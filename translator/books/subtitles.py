"""Subtitles: SubRip (SRT) and WebVTT.

A cue is a block, or several where its lines are said by several people. Timings, numbers, tags,
positions, comments and styles stay as they are. New text is wrapped again: in as few lines as fit,
of about equal length.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from translator import languages
from translator.books import base, safety
from translator.books.assemble import build_pieces
from translator.books.base import Bilingual, WriteOptions
from translator.books.decoding import Decoded, decode_text
from translator.books.runs import Run
from translator.books.spliced import Copies, Part, SplicedBook, changed_units
from translator.books.subtitles_text import (
    balanced,
    bare,
    line_count,
    line_limit,
    pieces_of,
    turns,
    turns_of_lines,
)
from translator.books.xhtml import Unit
from translator.books.xmltree import Edit, escape, splice
from translator.errors import BookError, InputError
from translator.markup import tokenize
from translator.types import BlockKind

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{2}[.,:]\d{1,3}"
_TIMING = re.compile(rf"^[ \t]*{_CLOCK}[ \t]*-->[ \t]*{_CLOCK}[^\r\n]*(?:\r\n|\r|\n|\Z)", re.M)
_NUMBER = re.compile(r"(?:\A|(?<=[\r\n]))[ \t]*\d+[ \t]*(?:\r\n|\r|\n)\Z")
_BLANK = re.compile(r"(?:\r\n|\r(?!\n)|\n)[ \t]*(?:\r\n|\r|\n)")
_PLACE = re.compile(r"\{\\[^{}]*\}")
_HEADER = re.compile(r"^(Language:[ \t]*)([^\s]+)", re.M | re.I)


@dataclass(frozen=True, slots=True)
class _Cue:
    """Where a cue's text stands, without white space around it."""

    number: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one speaker says in a cue."""

    start: int
    end: int
    units: list[Unit]


def read(path: Path) -> SubtitleBook:
    """Read subtitles. Raises :class:`BookError` when the file holds none."""
    safety.check_size(path, safety.MAX_TEXT_FILE, "text, more than any film", "Split it.")
    return SubtitleBook(path, decode_text(path.read_bytes(), path.name))


class SubtitleBook(SplicedBook):
    """Subtitles that were read; see :class:`translator.books.base.Book`.

    ``lines`` says how many lines each speaker has in cues that were written by :meth:`write`.
    """

    bilingual: tuple[Bilingual, ...] = ("none", "above", "below")

    def __init__(
        self, path: Path, decoded: Decoded, lines: Mapping[int, list[int]] | None = None
    ) -> None:
        self._decoded = decoded
        source = decoded.text
        self._vtt = source.lstrip().startswith("WEBVTT")
        self.format = "vtt" if self._vtt else "srt"
        self._cues = _cues(source, self._vtt)
        if not self._cues:
            raise BookError(
                f"{path.name} has no subtitles that Verso can read.",
                "Save it as SubRip (.srt) or WebVTT (.vtt).",
            )
        declared = self._declared()
        self.language = declared[2] if declared else ""
        self._turns = {
            cue.number: _turns(source, cue, self._vtt, (lines or {}).get(cue.number))
            for cue in self._cues
        }
        found = [turn for turns in self._turns.values() for turn in turns]
        part = Part("cues", source, [unit for turn in found for unit in turn.units])
        guess = "" if decoded.sure else " (as it seems)"
        super().__init__(path, [part], (f"The text is encoded as {decoded.encoding}{guess}.",))

    def _declared(self) -> re.Match[str] | None:
        """The language that a WebVTT header declares."""
        first = _TIMING.search(self._decoded.text)
        end = first.start() if first else 0
        if blank := _BLANK.search(self._decoded.text, 0, end):
            end = blank.start()
        return _HEADER.search(self._decoded.text, 0, end) if self._vtt else None

    def check(self, block_id: str, text: str) -> str:
        """Why ``text`` cannot be written in place of a block, or an empty string."""
        if problem := super().check(block_id, text):
            return problem
        unit, _ = self._units.get(block_id, (None, None))
        if unit is None or text == unit.run.text:
            return ""
        return "it would be read as a tag or a timing" if self._strange(unit.run, text) else ""

    def _strange(self, run: Run, text: str) -> bool:
        """Whether text that the format cannot escape would be read as something else."""
        line = self._render(run, text, spaced=True, limit=sys.maxsize)
        if _TIMING.search(line):
            return True
        again = _runs(line, (0, len(line)), self._vtt)
        seen = "".join(found.visible(found.text) for found in again)
        wanted = run.visible(text).removeprefix(run.head).removesuffix(run.tail)
        return "".join(seen.split()) != "".join(wanted.split())

    def _render(self, run: Run, text: str, spaced: bool, limit: int) -> str:
        source = self._decoded.text
        lines = []
        for line in balanced(text, limit, spaced):
            pieces = []
            for token in tokenize(line):
                if isinstance(token, str):
                    pieces.append(escape(token) if self._vtt else token)
                else:
                    fragment = run.fragments[token]
                    raw = fragment if isinstance(fragment, str) else source[slice(*fragment)]
                    pieces.append(raw)
            lines.append("".join(pieces))
        return self._newline.join(lines)

    @property
    def _newline(self) -> str:
        match = re.search(r"\r\n|\r|\n", self._decoded.text)
        return match[0] if match else "\n"

    def _compose(
        self, texts: Mapping[str, str], options: WriteOptions, copies: Copies
    ) -> tuple[str, dict[int, list[int]]]:
        """The marked text, and how many lines each speaker of a changed cue has in it."""
        source = self._decoded.text
        edits, lines = [], {}
        for cue in self._changed(texts):
            raw = source[cue.start : cue.end]
            new, counts, position = "", [], cue.start
            for turn in self._turns[cue.number]:
                said = self._said(turn, texts, options, line_limit(raw, self._vtt))
                new += source[position : turn.start] + said
                counts.append(line_count(said))
                position = turn.end
            lines[cue.number] = counts
            text = new + source[position : cue.end]
            copy = self._copy(raw, options.source or self.language)
            if options.bilingual == "above":
                text = copies.mark(copy + self._newline) + text
            elif options.bilingual == "below":
                text += copies.mark(self._newline + copy)
            edits.append(Edit(cue.start, cue.end, text))
        if edits and (declared := self._declared()):
            edits.append(Edit(*declared.span(2), options.target))
        return splice(source, edits), lines

    def _copy(self, raw: str, language: str) -> str:
        """A cue's source text, with its language in WebVTT; its place is said once."""
        if self._vtt:
            return f"<lang {language}>{raw}</lang>" if language else raw
        return _PLACE.sub("", raw)

    def _said(
        self, turn: _Turn, texts: Mapping[str, str], options: WriteOptions, limit: int
    ) -> str:
        source, spaced = self._decoded.text, _spaced(options.target)
        edits = [
            Edit(
                unit.run.start - turn.start,
                unit.run.end - turn.start,
                self._render(unit.run, texts[unit.id], spaced, limit),
            )
            for unit in changed_units(turn.units, texts)
        ]
        return splice(source[turn.start : turn.end], edits)

    def _changed(self, texts: Mapping[str, str]) -> list[_Cue]:
        units = {cue: [u for t in self._turns[cue.number] for u in t.units] for cue in self._cues}
        return [cue for cue, own in units.items() if changed_units(own, texts)]

    def _coded(self, text: str) -> Decoded:
        try:
            text.encode(self._decoded.encoding)
        except UnicodeEncodeError:  # latin-1 and the like cannot hold every language
            return Decoded(text, "utf-8")
        return replace(self._decoded, text=text)

    def _save(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> None:
        copies = Copies(self._decoded.text, texts)
        coded = self._coded(copies.written(self._compose(texts, options, copies)[0]))
        with base.atomic_output(output) as file:
            file.write(coded.bom + coded.text.encode(coded.encoding, "replace"))

    def _again(self, output: Path, texts: Mapping[str, str], options: WriteOptions) -> SubtitleBook:
        copies = Copies(self._decoded.text, texts)
        composed, lines = self._compose(texts, options, copies)
        coded = self._coded(copies.written(composed))
        data = output.read_bytes().removeprefix(coded.bom)
        text = copies.left_out(composed, data.decode(coded.encoding, "replace"))
        return SubtitleBook(output, replace(coded, text=text), lines)


def _cues(source: str, vtt: bool) -> list[_Cue]:
    timings = list(_TIMING.finditer(source))
    found = []
    for number, timing in enumerate(timings, 1):
        start = timing.end()
        end = timings[number].start() if number < len(timings) else len(source)
        if vtt:  # after a blank line stand comments, styles and the next cue's name
            blank = _BLANK.search(source, start - 1, end)
            if blank is not None:
                end = max(start, blank.start())
        elif number < len(timings) and (index := _NUMBER.search(source, start, end)):
            end = index.start()
        while start < end and source[start].isspace():
            start += 1
        while end > start and source[end - 1].isspace():
            end -= 1
        found.append(_Cue(number, start, end))
    return found


def _turns(source: str, cue: _Cue, vtt: bool, counts: list[int] | None) -> list[_Turn]:
    if counts is None:
        spans = turns(source, cue.start, cue.end, vtt)
    else:
        spans = turns_of_lines(source, cue.start, cue.end, counts)
    found = []
    for index, span in enumerate(spans, 1):
        part = f".{index}" if len(spans) > 1 else ""
        unit_id = f"cue#{cue.number}{part}"
        units = [Unit(unit_id, run, BlockKind.CUE, run.keep) for run in _runs(source, span, vtt)]
        found.append(_Turn(*span, units))
    return found


def _runs(source: str, span: tuple[int, int], vtt: bool) -> list[Run]:
    """The run of a speaker's lines, if they have any text."""
    runs = build_pieces(source, pieces_of(source, *span, vtt))
    for run in runs:
        run.head = bare(source[span[0] : run.start], vtt)
        run.tail = bare(source[run.end : span[1]], vtt)
    return runs


def _spaced(tag: str) -> bool:
    try:
        return languages.get(tag).spaced
    except InputError:
        return True
