"""The columns of an order that say where its parcels are dropped on the way."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from dispatch.days import DayClock
from dispatch.gazetteer import AddressQuestion, Match
from dispatch.households import PointId
from dispatch.intake import cells
from dispatch.intake.problems import BadCell, RowCode
from dispatch.intake.rows import RowReader
from dispatch.orders import Drop

SERVICE_MAX_S: Final = 4 * 3600
"""Nobody unloads a three-wheeler for longer, and a wrong unit makes more of it. Chosen."""

NOTE_LENGTH: Final = 500

_WHERE: Final = ("drop_household", "drop_point", "drop_lon")
_OTHERS: Final = ("drop_windows", "drop_service_minutes", "drop_note")

_minutes: Final = partial(cells.amount, per=60, low=0, high=SERVICE_MAX_S, unit="minutes")


def read_drop(
    row: RowReader,
    day: DayClock,
    *,
    point: Callable[[str], PointId],
    household: Callable[[str], Match | AddressQuestion | None],
) -> Drop | None:
    """Where the order of a row is dropped, `point` and `household` as they are found by what the row calls them; None: it goes to the depot."""

    def living(named: str) -> Match:
        found = household(cells.identifier(named))
        if isinstance(found, Match):
            return found
        detail = "the registry has no household, or more than one, of this id or name"
        raise BadCell(RowCode.HOUSEHOLD_UNKNOWN, detail, "add it to the registry, or write its id")

    match = row.read("drop_household", living, None)
    drop = Drop(
        household_id=None if match is None else match.household_id,
        point_id=row.read("drop_point", point, None),
        place=row.place(of="drop_"),
        windows=row.read("drop_windows", partial(cells.windows, clock=day), ()),
        service_s=row.read("drop_service_minutes", _minutes, None),
        note=row.read("drop_note", partial(cells.text, limit=NOTE_LENGTH), ""),
    )
    if any(map(row.cell, (*_WHERE, "drop_lat"))):
        return drop
    for column in filter(row.cell, _OTHERS):
        detail = "it belongs to where the parcels are dropped, and the row names no place"
        advice = "fill drop_household, drop_point, or drop_lon and drop_lat"
        row.refuse(column, BadCell(RowCode.DROP_MISSING, detail, advice))
    return None
