"""Values as fleet files state them, from TOML, JSON or a cell of a table, judged alike."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from decimal import Decimal
from functools import partial
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from dispatch.intake import cells
from dispatch.intake.problems import BadCell

_T = TypeVar("_T")
_Cell = Callable[[str], _T]


def typed(raw: object) -> str:
    """A TOML value as the text of a cell."""
    if isinstance(raw, str | int | float | Decimal | time) and not isinstance(raw, bool):
        return str(raw)
    raise PydanticCustomError("cell", "it is neither text nor number; see docs/files.md")


def read_as(reader: _Cell[_T]) -> BeforeValidator:
    """A validator that reads a value as a cell, so that all files judge alike."""

    def validate(raw: object) -> _T:
        try:
            return reader(typed(raw))
        except BadCell as bad:
            raise PydanticCustomError(
                "cell", "{detail}; {advice}", {"detail": bad.detail, "advice": bad.advice}
            ) from None

    return BeforeValidator(validate)


def amount_in(per: int, high: int, unit: str, *, low: int = 0) -> BeforeValidator:
    return read_as(partial(cells.amount, per=per, low=low, high=high, unit=unit))


def count_in(low: int, high: int) -> BeforeValidator:
    return read_as(partial(cells.count, low=low, high=high))


def refusal(message: str) -> PydanticCustomError:
    return PydanticCustomError("cell", "{message}", {"message": message})


# Bounds far above real vehicles and far below what a wrong unit makes of them; chosen.
Id = Annotated[str, read_as(cells.identifier)]
Name = Annotated[str, read_as(partial(cells.text, limit=100))]
Grams = Annotated[int, amount_in(1000, 100_000_000, "kg", low=1)]
Millilitres = Annotated[int, amount_in(1000, 200_000_000, "l", low=1)]
Metres = Annotated[int, amount_in(1000, 5_000_000, "km", low=1)]
Fen = Annotated[int, amount_in(100, 100_000_000, "yuan")]
Seconds = Annotated[int, count_in(0, 36_000)]
Minutes = Annotated[int, amount_in(60, 36_000, "minutes")]
Hours = Annotated[int, amount_in(3600, 24 * 3600, "hours")]
HoursAhead = Annotated[int, amount_in(3600, 24 * 3600, "hours", low=-24 * 3600)]
Clock = Annotated[time, read_as(cells.clock_time)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
