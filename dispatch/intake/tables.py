"""CSV, spreadsheets, JSON and NDJSON as one thing: rows of text cells with line numbers."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

import python_calamine

from dispatch.intake.files import text_of
from dispatch.intake.problems import (
    BadCell,
    ColumnsMissing,
    FileEncrypted,
    FileNotATable,
    FileTooLarge,
    FileWithoutRows,
    RowCode,
    RowProblem,
)

HEADER_WITHIN: Final = 10
"""Exports put titles above their header; further down it would be data. Chosen, not measured."""

LARGEST_EXACT: Final = 2**53
"""Above this a spreadsheet's number (an IEEE double) no longer holds every digit."""

DELIMITERS: Final = ",;\t，；"

_SPREADSHEETS: Final = (b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
# An encrypted workbook is an OLE container with a stream of this name, written in UTF-16.
_ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: cells by header, stripped; an empty cell is not there."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`problems` are the rows that break the file's own format."""

    header: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[RowProblem, ...]
    encoding: str


IsHeader = Callable[[Sequence[str]], bool]


def read_table(data: bytes, *, name: str, is_header: IsHeader, limit_bytes: int) -> Table:
    """
    The rows in `data`, whose kind is told by its content.

    Raises
    ------
    FileRefused
        It is no table, has no header that `is_header` accepts, or no rows.
    """
    if is_spreadsheet(data):
        table = _from_lines(_spreadsheet_lines(data, name, limit_bytes), name, is_header, "")
    else:
        text, encoding = text_of(data, name=name)
        start = text.lstrip()[:1]
        if start and start in "[{":
            table = _from_objects(_json_objects(text, name), name, is_header, encoding)
        else:
            table = _from_lines(_csv_lines(text, is_header), name, is_header, encoding)
    if not table.rows and not table.problems:
        raise FileWithoutRows(name, "it has no rows", "export it again with rows")
    return table


Line = tuple[int, Sequence[str]] | RowProblem


def _from_lines(lines: Iterable[Line], name: str, is_header: IsHeader, encoding: str) -> Table:
    """Rows below the first of the top lines that is a header."""
    rest = iter(lines)
    seen: list[RowProblem] = []
    for line in _top(rest, seen):
        header = tuple(cell.strip() for cell in line[1])
        if is_header(header):
            break
    else:
        raise ColumnsMissing(
            name,
            "no line at its top holds the columns we know",
            "docs/files.md lists them; bring the file with its header line",
        )
    rows: list[Row] = []
    for each in rest:
        if isinstance(each, RowProblem):
            seen.append(each)
            continue
        number, cells = each
        if any(cells[len(header) :]):
            seen.append(
                _broken(number, RowCode.ROW_TOO_LONG, "it has more cells than the header has")
            )
            continue
        filled = {
            key: cell
            for key, text in zip(header, cells, strict=False)
            if (cell := text.strip()) and key
        }
        if filled:
            rows.append(Row(number, filled))
    return Table(header=header, rows=tuple(rows), problems=tuple(seen), encoding=encoding)


def _top(lines: Iterator[Line], seen: list[RowProblem]) -> Iterator[tuple[int, Sequence[str]]]:
    for _, each in zip(range(HEADER_WITHIN), lines, strict=False):
        if isinstance(each, RowProblem):
            seen.append(each)
        else:
            yield each


def _broken(line: int, code: RowCode, detail: str) -> RowProblem:
    advice = "look for a stray quotation mark or separator in this line"
    return RowProblem(line=line, column="", code=code, detail=detail, advice=advice)


def is_spreadsheet(data: bytes) -> bool:
    """Whether `data` is a zip or an OLE container, as spreadsheets are."""
    return data.startswith(_SPREADSHEETS)


def csv_headers(text: str, delimiters: str = DELIMITERS) -> Iterator[list[str]]:
    """The top lines of `text`, each read with each delimiter: one of them may be the header."""
    top = text[:65_536].splitlines()[:HEADER_WITHIN]
    for delimiter in delimiters:
        for line in top:
            yield [cell.strip().strip('"') for cell in line.split(delimiter)]


def _csv_lines(text: str, is_header: IsHeader) -> Iterator[Line]:
    # A list of windows may hold more semicolons than the line has commas: the header decides.
    fitting = (mark for mark in DELIMITERS if any(map(is_header, csv_headers(text, mark))))
    delimiter = next(fitting, ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            last = reader.line_num
            lost = f"; lines {line} to {last} were not read" if last > line else ""
            yield _broken(line, RowCode.ROW_UNREADABLE, f"no CSV: {failure}{lost}")
        else:
            yield line, cells


def _spreadsheet_lines(data: bytes, name: str, limit_bytes: int) -> Iterator[Line]:
    if _ENCRYPTED_STREAM in data:
        raise _encrypted(name)
    if data.startswith(b"PK"):
        _refuse_bomb(data, name, limit_bytes)
    for number, cells in enumerate(_first_sheet(data, name), start=1):
        yield number, [_cell_text(cell) for cell in cells]


def _encrypted(name: str) -> FileEncrypted:
    return FileEncrypted(name, "it is protected by a password", "save it without one")


def _refuse_bomb(data: bytes, name: str, limit_bytes: int) -> None:
    """A spreadsheet is a zip: its unpacked size counts, and a liar's zip fails while unpacking."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            unpacked = sum(each.file_size for each in packed.infolist())
    except (zipfile.BadZipFile, ValueError, OverflowError, NotImplementedError) as failure:
        raise _no_spreadsheet(name, str(failure)) from failure
    if unpacked > 10 * limit_bytes:  # XML of a sheet is about ten times its content
        raise FileTooLarge(
            name,
            f"unpacked it has {unpacked:,} bytes, the limit is {10 * limit_bytes:,}",
            "split it, or save it as CSV",
        )


def _no_spreadsheet(name: str, why: str) -> FileNotATable:
    return FileNotATable(
        name, f"it is no spreadsheet we can open ({why})", "open and save it as XLSX or CSV"
    )


def _first_sheet(data: bytes, name: str) -> list[list[Any]]:
    try:
        with python_calamine.load_workbook(io.BytesIO(data)) as book:
            for sheet in book.sheet_names:
                rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
                if rows:
                    return rows
    except python_calamine.PasswordError as failure:
        raise _encrypted(name) from failure
    except Exception as failure:  # calamine's own errors, and OSError, ValueError from its core
        raise _no_spreadsheet(name, str(failure)) from failure
    except BaseException as failure:
        # A panic in calamine's Rust core is no Exception. Only that is caught, never Ctrl-C.
        if type(failure).__name__ != "PanicException":
            raise
        raise _no_spreadsheet(name, "its structure is damaged") from failure
    return []


def _cell_text(cell: Any) -> str:
    """A spreadsheet's value as one would type it into a CSV file."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case int():
            return str(cell)
        case float():
            if cell.is_integer() and abs(cell) < LARGEST_EXACT:
                return str(int(cell))
            # repr gives the shortest decimal that is this double: 2.3 stays 2.3.
            return repr(cell) if abs(cell) < LARGEST_EXACT else f"{cell:.6E}"
        case datetime():
            return _to_second(cell).isoformat(sep=" ")
        case time():
            return _to_second(datetime.combine(date(2000, 1, 1), cell)).time().isoformat()
        case timedelta():
            seconds = round(cell.total_seconds())
            return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        case _:
            return str(cell)


def _to_second(moment: datetime) -> datetime:
    """Spreadsheets keep times as fractions of a day: 09:30 may read as 09:29:59.999999."""
    if moment.microsecond < 500_000 or moment.year == 9999:
        return moment.replace(microsecond=0)
    return moment.replace(microsecond=0) + timedelta(seconds=1)


_LISTS: Final = ("orders", "households", "points", "rows")


def _no_nan(text: str) -> str:
    return text  # kept as text, so that the cell's own reader refuses it by name


def _parse(text: str) -> Any:
    # Numbers stay the text they are: no digit of an id or a weight passes through a float.
    return json.loads(text, parse_int=str, parse_float=str, parse_constant=_no_nan)


def _json_objects(text: str, name: str) -> Iterator[tuple[int, Any] | RowProblem]:
    try:
        whole = _parse(text)
    except RecursionError as failure:
        raise FileNotATable(
            name, "its JSON is nested too deeply", "bring a list of flat objects"
        ) from failure
    except ValueError as failure:
        if text.lstrip().startswith("{"):
            yield from _ndjson_objects(text)
            return
        raise FileNotATable(
            name, f"it is no JSON ({failure})", "bring a list of objects, or one object a line"
        ) from failure
    if isinstance(whole, dict):
        lists = [whole[key] for key in _LISTS if _holds_rows(whole.get(key), whole)]
        whole = lists[0] if len(lists) == 1 else [whole]
    yield from enumerate(whole, start=1)


def _holds_rows(value: Any, whole: Mapping[str, Any]) -> bool:
    """Whether `value` is the list of the file's rows, and not the list of points of its only row."""
    if not isinstance(value, list):
        return False
    return not any(isinstance(each, str) for each in value) if value else "id" not in whole


def _ndjson_objects(text: str) -> Iterator[tuple[int, Any] | RowProblem]:
    for line, piece in enumerate(text.split("\n"), start=1):
        if not piece.strip():
            continue
        try:
            yield line, _parse(piece)
        except (ValueError, RecursionError) as failure:
            why = failure.msg if isinstance(failure, json.JSONDecodeError) else "nested too deeply"
            yield _broken(line, RowCode.ROW_UNREADABLE, f"no JSON: {why}")


def _from_objects(
    objects: Iterable[tuple[int, Any] | RowProblem], name: str, is_header: IsHeader, encoding: str
) -> Table:
    header: dict[str, None] = {}
    rows: list[Row] = []
    problems: list[RowProblem] = []
    for each in objects:
        if isinstance(each, RowProblem):
            problems.append(each)
            continue
        line, item = each
        if not isinstance(item, dict):
            problems.append(_broken(line, RowCode.NOT_AN_OBJECT, "it is no JSON object"))
            continue
        header.update(dict.fromkeys(item))
        cells: dict[str, str] = {}
        try:
            for key, value in item.items():
                if cell := _json_text(value).strip():
                    cells[key] = cell
        except BadCell as bad:
            problems.append(bad.at(line, key, None))
            continue
        rows.append(Row(line, cells))
    if header and not is_header(tuple(header)):
        raise ColumnsMissing(
            name, "its objects have none of the keys we know", "docs/files.md lists them"
        )
    return Table(
        header=tuple(header), rows=tuple(rows), problems=tuple(problems), encoding=encoding
    )


def _json_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case list() if all(isinstance(item, str) for item in value):
            return "|".join(value)
        case _:
            raise BadCell(
                RowCode.NOT_TEXT,
                "the value is neither text, number nor a list of texts",
                "write it as docs/files.md shows",
            )
