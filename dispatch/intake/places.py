"""Files of bare places: longitude and latitude, with an id if they have one."""

from __future__ import annotations

from pathlib import Path

from dispatch.intake.cells import identifier
from dispatch.intake.columns import PLACE_COLUMNS, has_columns, own_columns
from dispatch.intake.files import LIMIT_BYTES, load
from dispatch.intake.problems import BadCell, RowCode
from dispatch.intake.rows import Intake, RowReader
from dispatch.intake.tables import read_table
from routing.places import Place


def read_places(
    source: Path | bytes, *, name: str, limit_bytes: int = LIMIT_BYTES
) -> Intake[tuple[str, Place]]:
    """
    The places in a file with their ids, in the order of the file; an id left out is the line's number.

    Raises
    ------
    FileRefused
        No row can be read; see its subclasses.
    """
    table = read_table(
        load(source, name=name, limit_bytes=limit_bytes),
        name=name,
        is_header=lambda header: has_columns(header, PLACE_COLUMNS, ["lon", "lat"]),
        limit_bytes=limit_bytes,
    )
    columns = own_columns(table.header, PLACE_COLUMNS, file=name)
    accepted: list[tuple[str, Place]] = []
    problems = list(table.problems)
    for row in table.rows:
        reader = RowReader(row, columns)
        own_id = reader.read("id", identifier, str(row.line))
        place = reader.place()
        if place is not None and not reader.problems:
            accepted.append((own_id, place))
        elif not reader.problems:
            detail = "neither lon nor lat is filled"
            reader.refuse("lon", BadCell(RowCode.MISSING, detail, "fill both, or drop the line"))
        problems += reader.problems
    return Intake(
        accepted=tuple(accepted),
        problems=tuple(sorted(problems, key=lambda each: each.line)),
        unresolved=(),
        merged=0,
        ignored_columns=columns.ignored,
        encoding=table.encoding,
    )
