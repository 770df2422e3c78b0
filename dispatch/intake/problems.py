"""What can be wrong with a file or a row of it, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final

from dispatch.errors import DispatchError


class RowCode(StrEnum):
    """Lasting codes of reported rows; docs/files.md says what each means."""

    MISSING = "missing"
    BAD_ID = "bad-id"
    ID_LOST_DIGITS = "id-lost-digits"
    DUPLICATE_ID = "duplicate-id"
    NOT_A_NUMBER = "not-a-number"
    NOT_WHOLE = "not-whole"
    OUT_OF_RANGE = "out-of-range"
    NOT_A_TIME = "not-a-time"
    NOT_A_WINDOW = "not-a-window"
    WINDOW_REVERSED = "window-reversed"
    NOT_THIS_DAY = "not-this-day"
    READY_AFTER_CUT_OFF = "ready-after-cut-off"
    READY_AFTER_WINDOWS = "ready-after-windows"
    WINDOWS_AFTER_CUT_OFF = "windows-after-cut-off"
    LATE_COST_UNUSED = "late-cost-unused"
    WINDOW_COST_UNUSED = "window-cost-unused"
    UNKNOWN_CRS = "unknown-crs"
    UNKNOWN_HANDLING = "unknown-handling"
    UNKNOWN_KIND = "unknown-kind"
    NOT_YES_OR_NO = "not-yes-or-no"
    NOT_A_PLACE = "not-a-place"
    LON_LAT_SWAPPED = "lon-lat-swapped"
    HALF_A_PLACE = "half-a-place"
    NO_PICKUP_PLACE = "no-pickup-place"
    POINT_UNKNOWN = "point-unknown"
    UNKNOWN_JOINT_RULE = "unknown-joint-rule"
    JOINT_MISSING = "joint-missing"
    HOUSEHOLD_UNKNOWN = "household-unknown"
    DROP_MISSING = "drop-missing"
    DROP_WITH_CUT_OFF = "drop-with-cut-off"
    DROP_WITH_POINTS = "drop-with-points"
    DROP_WITH_JOINT = "drop-with-joint"
    DROP_WHERE_PICKED_UP = "drop-where-picked-up"
    DROP_BEFORE_PICKUP = "drop-before-pickup"
    GATHER_PLACE_UNKNOWN = "gather-place-unknown"
    UNITS_CONTRADICT = "units-contradict"
    BAD_PHONE = "bad-phone"
    TOO_LONG = "too-long"
    CONTROL_CHARACTER = "control-character"
    NOT_TO_COLLECT = "not-to-collect"
    ROW_UNREADABLE = "row-unreadable"
    ROW_TOO_LONG = "row-too-long"
    NOT_AN_OBJECT = "not-an-object"
    NOT_TEXT = "not-text"


VALUE_SHOWN: Final = 80
"""Characters of an offending cell that a report repeats: enough to find it, chosen, not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """
    Why one row, or one cell of it, did not go in.

    `line` is where an editor or spreadsheet shows it, `column` the header as the file has it.
    Only `value` repeats what the file said; `detail` and `advice` hold no personal data.
    """

    line: int
    column: str
    code: RowCode
    detail: str
    advice: str
    value: str | None = None


class BadCell(Exception):
    """A cell that cannot be read; whoever reads the row turns it into a `RowProblem`."""

    def __init__(self, code: RowCode, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.code, self.detail, self.advice = code, detail, advice

    def at(self, line: int, column: str, value: str | None) -> RowProblem:
        return RowProblem(
            line=line,
            column=column,
            code=self.code,
            detail=self.detail,
            advice=self.advice,
            value=None if value is None else shown(value),
        )


def shown(value: str) -> str:
    """`value` short enough for a report, and encodable whatever it holds."""
    cut = value if len(value) <= VALUE_SHOWN else value[:VALUE_SHOWN] + "…"
    return cut.encode("utf-8", "replace").decode("utf-8")


class FileRefused(DispatchError):
    """A file of which no row can be read; `detail` says why, `advice` what to do."""

    def __init__(self, name: str, detail: str, advice: str) -> None:
        self.name, self.detail, self.advice = shown(name), shown_all(detail), shown_all(advice)
        super().__init__(f"{self.name}: {self.detail}: {self.advice}")


def shown_all(text: str) -> str:
    """`text`, encodable whatever it quotes."""
    return text.encode("utf-8", "replace").decode("utf-8")


class FileMissing(FileRefused):
    code: ClassVar[str] = "file-missing"


class FileIsFolder(FileRefused):
    code: ClassVar[str] = "file-is-a-folder"


class FileNotReadable(FileRefused):
    code: ClassVar[str] = "file-not-readable"


class FileEmpty(FileRefused):
    code: ClassVar[str] = "file-empty"


class FileWithoutRows(FileRefused):
    code: ClassVar[str] = "file-without-rows"


class FileTooLarge(FileRefused):
    code: ClassVar[str] = "file-too-large"


class FileNotATable(FileRefused):
    code: ClassVar[str] = "file-not-a-table"


class FileEncrypted(FileRefused):
    code: ClassVar[str] = "file-encrypted"


class FileEncoding(FileRefused):
    code: ClassVar[str] = "file-encoding"


class ColumnsMissing(FileRefused):
    code: ClassVar[str] = "columns-missing"


class ColumnUnclear(FileRefused):
    code: ClassVar[str] = "column-unclear"


class MappingUnknown(FileRefused):
    code: ClassVar[str] = "mapping-unknown"


class MappingInvalid(FileRefused):
    code: ClassVar[str] = "mapping-invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetProblem:
    """One thing wrong in a fleet file; `where` is a path such as `couriers[2].shift`."""

    where: str
    detail: str


class FleetInvalid(FileRefused):
    """A fleet goes in whole or not at all; `problems` lists everything wrong with it."""

    code: ClassVar[str] = "fleet-invalid"

    def __init__(self, name: str, problems: Sequence[FleetProblem]) -> None:
        self.problems = tuple(problems)
        listed = "; ".join(f"{each.where}: {each.detail}" for each in self.problems)
        super().__init__(
            name,
            f"{len(self.problems)} problem(s) in the fleet: {listed}",
            "correct them and read the file again; docs/files.md lists every key",
        )
