"""What every reader of rows returns and shares: the intake, and a row that collects its problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from dispatch.gazetteer import AddressQuestion
from dispatch.intake.cells import count, degrees, identifier
from dispatch.intake.columns import Columns
from dispatch.intake.problems import BadCell, RowCode, RowProblem
from dispatch.intake.tables import Row
from routing.places import Place

_T = TypeVar("_T")
_D = TypeVar("_D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake(Generic[_T]):
    """
    What a file held: every row is accepted, a problem, or unresolved.

    doubts
        What cannot be right in rows that are accepted all the same, because the rest of them works.
    merged
        How many rows repeated an earlier one word for word.
    ignored_columns
        Headers that nobody reads.
    mapping
        The platform whose export it was; None: our own columns.
    """

    accepted: tuple[_T, ...]
    problems: tuple[RowProblem, ...]
    unresolved: tuple[AddressQuestion, ...] = ()
    doubts: tuple[RowProblem, ...] = ()
    merged: int = 0
    ignored_columns: tuple[str, ...] = ()
    encoding: str = ""
    mapping: str | None = None


class RowReader:
    """Reads the cells of one row and gathers all that is wrong with them, not only the first."""

    def __init__(self, row: Row, columns: Columns) -> None:
        self.row, self._columns = row, columns
        self.problems: list[RowProblem] = []
        self.doubts: list[RowProblem] = []

    def cell(self, column: str) -> str:
        return self._columns.cell(self.row.cells, column)

    def read(self, column: str, reader: Callable[[str], _T], otherwise: _D) -> _T | _D:
        """The cell as `reader` reads it; `otherwise` if it is empty or bad."""
        cell = self.cell(column)
        if not cell:
            return otherwise
        try:
            return reader(cell)
        except BadCell as bad:
            self.refuse(column, bad)
            return otherwise

    def require(self, column: str, reader: Callable[[str], _T]) -> _T | None:
        """The same for a cell that must be filled."""
        if not self.cell(column):
            self.refuse(column, BadCell(RowCode.MISSING, "it is empty", "fill it"))
        return self.read(column, reader, None)

    def place(self, of: str = "") -> Place | None:
        """The place of lon and lat, their names begun with `of`, and crs; None if both are empty (or bad)."""
        lon_column, lat_column = f"{of}lon", f"{of}lat"
        lon, lat = self.cell(lon_column), self.cell(lat_column)
        if not lon and not lat:
            return None
        if not lon or not lat:
            detail = f"only one of {lon_column} and {lat_column} is filled"
            self.refuse(
                lon_column, BadCell(RowCode.HALF_A_PLACE, detail, "fill both or none"), lon or lat
            )
            return None
        try:
            return degrees(lon, lat, self.cell("crs"))
        except BadCell as bad:
            unknown_crs = bad.code is RowCode.UNKNOWN_CRS
            self.refuse(
                "crs" if unknown_crs else lon_column, bad, None if unknown_crs else f"{lon}, {lat}"
            )
            return None

    def refuse(self, column: str, bad: BadCell, value: str | None = None) -> None:
        self.problems.append(self._told(column, bad, value))

    def doubt(self, column: str, bad: BadCell) -> None:
        """Name what is wrong with a cell that the row can do without."""
        self.doubts.append(self._told(column, bad))

    def _told(self, column: str, bad: BadCell, value: str | None = None) -> RowProblem:
        cells = self.row.cells
        shown = self.cell(column) if value is None else value
        header = self._columns.header(cells, column)
        return bad.at(self.row.line, header, shown or None)


class Once(Generic[_T]):
    """Keeps one record for each id; a repeat is merged if equal, else a problem."""

    def __init__(self) -> None:
        self._records: dict[str, tuple[int, _T]] = {}
        self.merged = 0

    def add(self, own_id: str, record: _T, reader: RowReader) -> bool:
        """Whether `record` is new."""
        if own_id not in self._records:
            self._records[own_id] = reader.row.line, record
            return True
        line, first = self._records[own_id]
        if first == record:
            self.merged += 1
        else:
            reader.refuse(
                "id",
                BadCell(
                    RowCode.DUPLICATE_ID,
                    f"line {line} has this id with other content",
                    "give each its own id, or keep the right line",
                ),
            )
        return False


WORDS: Final = "|;、,"
"""What separates several values of one cell."""


def whole(low: int, high: int) -> Callable[[str], int]:
    """A reader of whole numbers within bounds."""
    return lambda cell: count(cell, low=low, high=high)


def word_of(words: Mapping[str, _T], code: RowCode, what: str) -> Callable[[str], _T]:
    """A reader of one of `words`."""

    def read(cell: str) -> _T:
        try:
            return words[identifier(cell).casefold()]
        except KeyError:
            listed = ", ".join(words)
            raise BadCell(code, f"it is no {what}", f"write one of {listed}") from None

    return read
