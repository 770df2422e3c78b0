"""Registry files: households and collection points of one depot."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Final

from dispatch.gazetteer import AddressQuestion, Locator, Unclear
from dispatch.households import (
    POINTS_MAX,
    CollectionPoint,
    Household,
    HouseholdId,
    OpeningHours,
    PointId,
    Registry,
)
from dispatch.intake import cells
from dispatch.intake.columns import REGISTRY_COLUMNS, has_columns, own_columns
from dispatch.intake.files import LIMIT_BYTES, load
from dispatch.intake.problems import BadCell, RowCode
from dispatch.intake.rows import Intake, Once, RowReader, whole, word_of
from dispatch.intake.rules import point_doubts
from dispatch.intake.tables import read_table
from routing.places import Place

NAME_LENGTH: Final = 100
ADDRESS_LENGTH: Final = 200
ALIASES_MAX: Final = 20
CAPACITY_MAX_PIECES: Final = 1_000_000
CAPACITY_MAX_ML: Final = 10_000_000_000
"""10,000 m³: a hall, not a village shop; above it a unit is wrong."""


class Kind(StrEnum):
    HOUSEHOLD = "household"
    POINT = "point"


_KINDS: Final = {
    **{each.value: each for each in Kind},
    "农户": Kind.HOUSEHOLD,
    "网店": Kind.HOUSEHOLD,
    "代收点": Kind.POINT,
    "村级代收点": Kind.POINT,
}

_TRUTHS: Final = {"yes": True, "no": False, "true": True, "false": False, "是": True, "否": False}


def registry_of(accepted: Sequence[Household | CollectionPoint]) -> Registry:
    """The registry that these make."""
    return Registry(
        households={each.household_id: each for each in accepted if isinstance(each, Household)},
        points={each.point_id: each for each in accepted if isinstance(each, CollectionPoint)},
    )


def read_registry(
    source: Path | bytes,
    *,
    name: str,
    kind: Kind = Kind.HOUSEHOLD,
    locator: Locator | None = None,
    points: Collection[PointId] = (),
    limit_bytes: int = LIMIT_BYTES,
) -> Intake[Household | CollectionPoint]:
    """
    The households and collection points in a file; `registry_of` makes a registry of them.

    A household without coordinates is accepted *and* listed in `unresolved`: its orders wait until
    somebody answers.

    kind
        What rows are whose own column `kind` is empty or missing.
    locator
        Asked for the addresses of households without coordinates; None: nobody is asked.
    points
        Those of other files, to which households may bring parcels as well.

    Raises
    ------
    FileRefused
        No row can be read; see its subclasses.
    """
    data = load(source, name=name, limit_bytes=limit_bytes)
    table = read_table(
        data,
        name=name,
        is_header=lambda header: has_columns(header, REGISTRY_COLUMNS, ["id", "village"]),
        limit_bytes=limit_bytes,
    )
    columns = own_columns(table.header, REGISTRY_COLUMNS, file=name)
    accepted: list[Household | CollectionPoint] = []
    problems = list(table.problems)
    unresolved: list[AddressQuestion] = []
    bringing: list[tuple[Household, RowReader]] = []
    once: Once[Household | CollectionPoint] = Once()
    for row in table.rows:
        reader = RowReader(row, columns)
        stated = reader.read("kind", word_of(_KINDS, RowCode.UNKNOWN_KIND, "kind"), kind)
        record = _point(reader) if stated is Kind.POINT else _household(reader)
        if record is not None and once.add(f"{stated} {_id(record)}", record, reader):
            if isinstance(record, Household) and record.place is None:
                answer = _locate(record, locator)
                if isinstance(answer, Place):
                    record = replace(record, place=answer)
                else:
                    unresolved.append(
                        replace(answer, household_id=record.household_id, line=row.line)
                    )
            accepted.append(record)
            if isinstance(record, Household) and record.points:
                bringing.append((record, reader))
        problems += reader.problems
    known = {*points, *registry_of(accepted).points}
    for household, reader in bringing:
        for bad in point_doubts(household.points, known):
            reader.doubt("points", bad)
    return Intake(
        accepted=tuple(accepted),
        problems=tuple(sorted(problems, key=lambda each: each.line)),
        unresolved=tuple(unresolved),
        doubts=tuple(doubt for _, reader in bringing for doubt in reader.doubts),
        merged=once.merged,
        ignored_columns=columns.ignored,
        encoding=table.encoding,
    )


def _id(record: Household | CollectionPoint) -> str:
    return record.household_id if isinstance(record, Household) else record.point_id


@dataclass(frozen=True, slots=True)
class _Common:
    own_id: str
    village: str
    name: str
    phone: str


def _common(row: RowReader) -> _Common:
    named = partial(cells.text, limit=NAME_LENGTH)
    return _Common(
        own_id=row.require("id", cells.identifier) or "",
        village=row.require("village", named) or "",
        name=row.require("name", named) or "",
        phone=row.read("phone", cells.phone, ""),
    )


def _household(row: RowReader) -> Household | None:
    common = _common(row)
    household = Household(
        household_id=HouseholdId(common.own_id),
        village=common.village,
        name=common.name,
        phone=common.phone,
        address=row.read("address", partial(cells.text, limit=ADDRESS_LENGTH), ""),
        place=row.place(),
        aliases=row.read("aliases", _aliases, ()),
        points=row.read("points", _points, ()),
        early_fen_per_minute=row.read("early_yuan_per_minute", cells.price, None),
        late_fen_per_minute=row.read("late_yuan_per_minute", cells.price, None),
        missed_max_s=row.read("missed_max_minutes", cells.missed_minutes, None),
    )
    return None if row.problems else household


def _point(row: RowReader) -> CollectionPoint | None:
    common = _common(row)
    place = row.place()
    hours = row.read("hours", _hours, ())
    capacity_pieces = row.read("capacity_pieces", whole(1, CAPACITY_MAX_PIECES), None)
    capacity_volume_ml = row.read("capacity_volume_l", _volume, None)
    takes_bulky = row.read(
        "takes_bulky", word_of(_TRUTHS, RowCode.NOT_YES_OR_NO, "yes or no"), True
    )
    if place is None:
        if not row.problems:
            row.refuse(
                "lon",
                BadCell(
                    RowCode.MISSING,
                    "a collection point has coordinates",
                    "fill lon and lat (and crs, if they come from a Chinese map)",
                ),
            )
        return None
    point = CollectionPoint(
        point_id=PointId(common.own_id),
        village=common.village,
        name=common.name,
        place=place,
        phone=common.phone,
        hours=hours,
        capacity_pieces=capacity_pieces,
        capacity_volume_ml=capacity_volume_ml,
        takes_bulky=takes_bulky,
    )
    return None if row.problems else point


_volume: Final[Callable[[str], int]] = partial(
    cells.amount, per=1000, low=1, high=CAPACITY_MAX_ML, unit="l"
)


def _points(cell: str) -> tuple[PointId, ...]:
    return tuple(PointId(each) for each in cells.identifiers(cell, most=POINTS_MAX))


def _aliases(cell: str) -> tuple[str, ...]:
    named = (cells.text(each, limit=NAME_LENGTH) for each in cells.pieces_of(cell, "|｜"))
    aliases = tuple(dict.fromkeys(named))
    if len(aliases) > ALIASES_MAX:
        raise BadCell(
            RowCode.TOO_LONG, f"it has {len(aliases)} aliases", f"keep the best {ALIASES_MAX}"
        )
    return aliases


def _hours(cell: str) -> tuple[OpeningHours, ...]:
    spans = sorted(cells.clock_span(each) for each in cells.pieces_of(cells.narrow(cell), ";|、,"))
    for (_, closes), (opens, _) in pairwise(spans):
        if opens < closes:
            raise BadCell(RowCode.NOT_A_WINDOW, "its opening hours overlap", "write each time once")
    return tuple(OpeningHours(opens, closes) for opens, closes in spans)


def _locate(household: Household, locator: Locator | None) -> Place | AddressQuestion:
    text = household.address and f"{household.village}{household.address}"
    if locator is not None and text:
        return locator.locate(text)
    return AddressQuestion(
        text=text or household.village,
        reason=Unclear.UNKNOWN,
        detail="the household has no coordinates yet",
    )
