"""What a search may try: settings with a list or a range of values."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from trainer.config import RunSettings
from trainer.settings_text import value_of
from translator.errors import InputError


@dataclass(frozen=True, slots=True)
class Field:
    """A setting that a search varies: among ``values``, or from ``low`` to ``high``.

    A range whose ends are ten times apart or more is searched on a logarithmic scale.
    """

    name: str  # as in a file: "training.learning-rate"
    values: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0

    @classmethod
    def parse(cls, text: str) -> Field:
        """``training.learning-rate=1e-5..1e-3`` or ``method.rank=8,16,32``.

        Raises :class:`InputError` for anything else.
        """
        name, equals, said = text.partition("=")
        name, said = name.strip(), said.strip()
        if not name or not equals or not said:
            raise InputError(f"{text!r} is no field to search.", _HINT)
        if ".." in said:
            low, _, high = said.partition("..")
            ends = value_of(low), value_of(high)
            if any(isinstance(end, str | bool) for end in ends) or ends[0] >= ends[1]:
                raise InputError(f"{said!r} is no range.", _HINT)
            return cls(name, (), *ends)
        return cls(name, tuple(value_of(each) for each in said.split(",")))

    @classmethod
    def of(cls, name: str, value: Any) -> Field:
        """From a table of a file: a list, or a range as a text."""
        if isinstance(value, str):
            return cls.parse(f"{name}={value}")
        return cls(name, tuple(value))

    @property
    def written(self) -> Any:
        """As :meth:`of` takes it."""
        return list(self.values) if self.values else f"{self.low!r}..{self.high!r}"

    @property
    def whole(self) -> bool:
        """Whether the range is one of whole numbers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    @property
    def logarithmic(self) -> bool:
        """Whether the range spans orders of magnitude."""
        return self.low > 0 and math.log10(self.high / self.low) >= 1

    def check(self, settings: RunSettings) -> None:
        """Raise :class:`InputError` if the settings have no such field or it cannot be so."""
        for value in self.values or (self.low, self.high):
            settings.with_values({self.name: value})


_HINT = "Write a list as method.rank=8,16 or a range as training.learning-rate=1e-5..1e-3."
