"""Verso's own JSON lines of ratings (see :mod:`trainer.ratings.imports`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, get_args

from trainer.campaigns.protocols import BOTH_BAD, TIE
from trainer.campaigns.types import Judgement, Protocol
from trainer.campaigns.values import value_of
from trainer.results.building import Builder
from trainer.results.study import Study, Text
from trainer.statistics.data import Preference, Repeat, Spoiled, Timing, names
from translator.errors import InputError


def verso(lines: Iterable[tuple[int, object]], name: str) -> Study:
    """The ratings in the values of JSON lines, each with its number.

    Raises:
        InputError: a line is of no known kind or lacks a field; it names the line.
    """
    rows: list[tuple[int, dict[str, Any]]] = []
    for number, line in lines:
        if not isinstance(line, dict):
            raise InputError(f"Line {number} is no rating.", "Each line is an object.")
        rows.append((number, line))
    about = rows[0][1] if rows and rows[0][1].get("kind") == "study" else {}
    reading = _Reading(Builder(_protocol(about, [row for _, row in rows])))
    for number, row in rows:
        try:
            reading.take(row)
        except KeyError as error:
            raise InputError(f"Line {number} has no {error.args[0]}.") from error
        except (TypeError, ValueError) as error:
            raise InputError(f"Line {number} is no rating: {error}.") from error
        except InputError as error:
            raise InputError(f"Line {number}: {error.message}") from error
    return reading.builder.study(
        str(about.get("name", name)),
        str(about.get("from", "")),
        str(about.get("to", "")),
        about.get("systems") or reading.systems(),
        final=bool(about.get("final", True)),
    )


def _protocol(about: dict[str, Any], rows: list[dict[str, Any]]) -> Protocol:
    """The protocol that is said, or that the fields tell."""
    said = about.get("protocol")
    if said is not None:
        if said not in get_args(Protocol):
            raise InputError(
                f"{said!r} is no protocol.", f"Known: {', '.join(get_args(Protocol))}."
            )
        return said  # type: ignore[no-any-return]
    if any(row.get("kind") == "choice" for row in rows):
        return "pairwise"
    if any(row.get("verdict") is not None for row in rows):
        return "deliver"
    if any(row.get("score") is not None for row in rows):
        marked = any(row.get("spans") for row in rows)
        together = any(row.get("place") is not None for row in rows)
        return ("contrastive-esa" if together else "esa") if marked else "da"
    return "post-edit" if any(row.get("edit") is not None for row in rows) else "mqm"


class _Reading:
    """Takes lines of any kind."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self._items: set[tuple[str, ...]] = set()

    def systems(self) -> list[str]:
        """The systems that were rated, in order of their names."""
        builder = self.builder
        chosen = [name for choice in builder.preferences for name in (choice.first, choice.second)]
        return sorted(names([score.system for score in builder.scores] + chosen))

    def take(self, row: dict[str, Any]) -> None:
        """Take a line. Raises KeyError, TypeError, ValueError or :class:`InputError`."""
        builder = self.builder
        match row.get("kind", "judgement"):
            case "study":
                pass
            case "judgement":
                self._judgement(row)
            case "choice":
                self._choice(row)
            case "repeat":
                of = _id(row, "reviewer"), _id(row, "system")
                builder.repeats.append(Repeat(*of, _number(row, "first"), _number(row, "second")))
            case "spoiled":
                intact, spoiled = _number(row, "intact"), _number(row, "spoiled")
                how = str(row.get("how", ""))
                builder.spoiled.append(Spoiled(_id(row, "reviewer"), how, intact, spoiled))
            case "text":
                outputs = row.get("outputs", {})
                if not isinstance(outputs, dict):
                    raise TypeError("outputs is no object")
                self._know(row, {str(name): str(text) for name, text in outputs.items()})
            case kind:
                raise ValueError(f"{kind!r} is no known kind")

    def _judgement(self, row: dict[str, Any]) -> None:
        of = _id(row, "document"), _id(row, "segment"), _id(row, "system"), _id(row, "reviewer")
        text = str(row.get("target", ""))
        spans = [{"start": -1, "end": -1, **span} for span in row.get("spans") or ()]
        fields = {name: row.get(name) for name in ("score", "verdict", "edit")}
        keystrokes = row.get("keystrokes", 0)
        judgement = value_of(
            Judgement, {"output": "", "spans": spans, "keystrokes": keystrokes, **fields}
        )
        if judgement.score is not None and not 0 <= judgement.score <= 100:
            raise ValueError(f"the score {judgement.score:g} is not 0 to 100")
        if any(span.end > len(text) for span in judgement.spans) and text:
            raise ValueError("a span ends after the text")
        place = None if row.get("place") is None else int(_number(row, "place"))
        seconds = _seconds(row)
        source = str(row.get("source", ""))
        length = int(_number(row, "length")) if "length" in row else None
        self.builder.judge(
            of, judgement, text, place=place, seconds=seconds, source=source, length=length
        )
        self._know(row, {of[2]: text} if text else {})
        self._answered(row, seconds, of[2] if place is None else "")

    def _choice(self, row: dict[str, Any]) -> None:
        first, second, said = _id(row, "first"), _id(row, "second"), _id(row, "winner")
        if first == second or said not in (first, second, TIE, BOTH_BAD):
            raise ValueError("the winner is neither of the two, nor tie or both-bad")
        winner = said if said in (first, second) else None
        self.builder.preferences.append(
            Preference(
                _id(row, "document"), _id(row, "segment"), _id(row, "reviewer"), first, second,
                winner, both_bad=said == BOTH_BAD,
            )
        )  # fmt: skip
        self._know(row, {})
        seconds = _seconds(row)
        reviewer, document, segment = _place(row)
        self.builder.seconds[document, segment, "", reviewer] = seconds
        self._answered(row, seconds)

    def _know(self, row: dict[str, Any], outputs: dict[str, str]) -> None:
        reference = row.get("reference")
        self.builder.know(
            Text(
                _id(row, "document"),
                _id(row, "segment"),
                str(row.get("source", "")),
                None if reference is None else str(reference),
                outputs,
            )
        )

    def _answered(self, row: dict[str, Any], seconds: float, system: str = "") -> None:
        """Count answers: lines of one reviewer and segment whose outputs stood together are one."""
        reviewer, document, segment = _place(row)
        item = reviewer, document, segment, system
        if item in self._items:
            return
        self._items.add(item)
        self.builder.answers += 1
        if seconds:
            self.builder.timings.append(Timing(reviewer, document, segment, seconds))


def _place(row: dict[str, Any]) -> tuple[str, str, str]:
    return _id(row, "reviewer"), _id(row, "document"), _id(row, "segment")


def _id(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise TypeError(f"{name} is no name")
    return str(value)


def _number(row: dict[str, Any], name: str) -> float:
    value = row[name]
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise TypeError(f"{name} is no number")
    return float(value)


def _seconds(row: dict[str, Any]) -> float:
    return _number(row, "seconds") if "seconds" in row else 0.0
