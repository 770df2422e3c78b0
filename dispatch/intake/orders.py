"""Order files: our own columns or a platform's export, to orders of one day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from dispatch.days import DayClock
from dispatch.gazetteer import AddressQuestion, Gazetteer, Locator, Match
from dispatch.households import POINTS_MAX, HouseholdId, PointId, Registry
from dispatch.intake import cells
from dispatch.intake.columns import (
    ORDER_COLUMNS,
    Columns,
    ExportMapping,
    has_columns,
    mapped_columns,
    mapping_named,
    own_columns,
    recognised,
)
from dispatch.intake.drops import NOTE_LENGTH, read_drop
from dispatch.intake.files import LIMIT_BYTES, load
from dispatch.intake.problems import BadCell, ColumnsMissing, RowCode, RowProblem
from dispatch.intake.rows import WORDS, Intake, Once, RowReader, whole
from dispatch.intake.rules import (
    at_address,
    drop_objections,
    point_doubts,
    price_doubts,
    softness_doubts,
    time_objections,
    unclear,
)
from dispatch.intake.tables import Row, Table, read_table
from dispatch.orders import Handling, Joining, JointId, JointRule, Order, OrderId

# Far above what a village order is and far below what a wrong unit makes of it; chosen.
PIECES_MAX: Final = 10_000
WEIGHT_MAX_G: Final = 20_000_000
VOLUME_MAX_ML: Final = 200_000_000
ADDRESS_LENGTH: Final = 200

_WEIGHTS: Final = {"weight_kg": 1000, "weight_g": 1, "weight_jin": 500}
_VOLUMES: Final = {"volume_l": 1000, "volume_ml": 1, "volume_m3": 1_000_000}

_HANDLING: Final = {
    **{each.value: each for each in Handling},
    "大件": Handling.BULKY,
    "易碎": Handling.FRAGILE,
    "防潮": Handling.KEEP_DRY,
    "双人": Handling.TWO_PERSON,
    "冷藏": Handling.COLD,
    "冷链": Handling.COLD,
}

_JOINT_RULES: Final = {
    **{each.value: each for each in JointRule},
    "同车": JointRule.SAME_TRIP,
    "同班": JointRule.SAME_DEPARTURE,
    "集中": JointRule.GATHER,
    "全取或不取": JointRule.ALL_OR_NOTHING,
}

_DOOR: Final = ("door", "上门", "仅上门")
"""In a list of points: the household brings this order nowhere."""

_WHERE: Final = ("household", "shop", "point", "pickup_address", "lon")


def read_orders(
    source: Path | bytes,
    *,
    name: str,
    day: DayClock,
    registry: Registry,
    mapping: str | ExportMapping | None = None,
    gazetteer: Gazetteer | None = None,
    locator: Locator | None = None,
    seller: str | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> Intake[Order]:
    """
    The orders of one day in a file (its path, or its bytes), in the order of the file.

    An order whose place is unclear is accepted with its `address` *and* listed in `unresolved`: it
    waits until somebody answers.

    name
        What reports call the file.
    mapping
        A platform's export, by name or as read from TOML; None: told by the headers.
    gazetteer
        None: one of `registry`.
    locator
        Asked for pickup addresses that the gazetteer does not know; None: nobody is asked.
    seller
        The shop or household whose export this is, for rows that name none.

    Raises
    ------
    FileRefused
        No row can be read; see its subclasses.
    """
    data = load(source, name=name, limit_bytes=limit_bytes)
    chosen = mapping_named(mapping, file=name) if isinstance(mapping, str) else mapping

    def is_header(header: Sequence[str]) -> bool:
        if chosen is not None:
            return "id" in _mapped_ids(header, chosen)
        if recognised(header) is not None or (
            seller and has_columns(header, ORDER_COLUMNS, ["id"])
        ):
            return True
        return any(has_columns(header, ORDER_COLUMNS, ["id", where]) for where in _WHERE)

    table = read_table(data, name=name, is_header=is_header, limit_bytes=limit_bytes)
    export = chosen or recognised(table.header)
    columns = (
        mapped_columns(table.header, export, file=name)
        if export
        else own_columns(table.header, ORDER_COLUMNS, file=name)
    )
    reader = _OrderReader(day, registry, gazetteer or Gazetteer(registry), locator, seller)
    return _read(table, columns, export, reader)


def _mapped_ids(header: Sequence[str], mapping: ExportMapping) -> Sequence[str]:
    try:
        return tuple(mapped_columns(header, mapping, file="").headers)
    except ColumnsMissing:
        return ()


def _read(
    table: Table, columns: Columns, export: ExportMapping | None, orders: _OrderReader
) -> Intake[Order]:
    accepted: list[Order] = []
    problems = list(table.problems)
    doubts: list[RowProblem] = []
    unresolved: list[AddressQuestion] = []
    once: Once[Order] = Once()
    for rows in _orders_of(table.rows, columns, export):
        reader = RowReader(rows[0], columns)
        if left_out := _left_out(rows[0], export):
            problems.append(left_out)
            continue
        order, question = orders.read(reader)
        if order is not None and len(rows) > 1:
            order = _with_further_lines(order, rows[1:], columns, reader)
        if order is not None and once.add(order.order_id, order, reader):
            accepted.append(order)
            doubts += reader.doubts
            if question is not None:
                unresolved.append(replace(question, line=reader.row.line))
        problems += reader.problems
    return Intake(
        accepted=tuple(accepted),
        problems=tuple(sorted(problems, key=lambda each: each.line)),
        unresolved=tuple(unresolved),
        doubts=tuple(doubts),
        merged=once.merged,
        ignored_columns=columns.ignored,
        encoding=table.encoding,
        mapping=export.name if export else None,
    )


def _orders_of(
    rows: Sequence[Row], columns: Columns, export: ExportMapping | None
) -> Iterator[Sequence[Row]]:
    """The rows of each order: one, or all its lines of goods where the export lists goods."""
    if export is None or not export.lines_of_one_order:
        yield from ((row,) for row in rows)
        return
    grouped: dict[str, list[Row]] = {}
    last = ""
    for row in rows:
        # Only the first line of an order bears its id; the further ones leave it blank.
        last = columns.cell(row.cells, "id") or last
        grouped.setdefault(last, []).append(row)
    yield from grouped.values()


def _left_out(row: Row, export: ExportMapping | None) -> RowProblem | None:
    if export is None:
        return None
    for header, words in export.leave_out.items():
        status = row.cells.get(header, "")
        if status in words:
            return BadCell(
                RowCode.NOT_TO_COLLECT,
                "by its status there is nothing to collect",
                "nothing to do, unless the export is old: then export it again",
            ).at(row.line, header, status)
    return None


def _with_further_lines(
    order: Order, rows: Sequence[Row], columns: Columns, first: RowReader
) -> Order | None:
    """`order` with the pieces of its further lines; None if one of them cannot be read."""
    more = 0
    for row in rows:
        reader = RowReader(row, columns)
        more += reader.read("pieces", whole(1, PIECES_MAX), 1)
        first.problems += reader.problems
    return None if first.problems else replace(order, pieces=order.pieces + more)


@dataclass(frozen=True, slots=True)
class _OrderReader:
    """Reads one row; what the day, the registry and the file say for all rows is in here."""

    day: DayClock
    registry: Registry
    gazetteer: Gazetteer
    locator: Locator | None
    seller: str | None

    def read(self, row: RowReader) -> tuple[Order | None, AddressQuestion | None]:
        """The order, with a question if its place is unclear; None if `row` has problems."""
        order_id = row.require("id", cells.identifier)
        order = Order(
            order_id=OrderId(order_id or ""),
            place=row.place(),
            point_id=row.read("point", self._point, None),
            pieces=row.read("pieces", whole(1, PIECES_MAX), 1),
            weight_g=_amount(row, _WEIGHTS, WEIGHT_MAX_G),
            volume_ml=_amount(row, _VOLUMES, VOLUME_MAX_ML),
            ready_at=row.read("ready", partial(cells.moment, clock=self.day), None),
            windows=row.read("windows", partial(cells.windows, clock=self.day), ()),
            cut_off_at=row.read("cut_off", partial(cells.moment, clock=self.day), None),
            late_cost_fen=row.read("late_cost_yuan", cells.price, None),
            early_fen_per_minute=row.read("early_yuan_per_minute", cells.price, None),
            late_fen_per_minute=row.read("late_yuan_per_minute", cells.price, None),
            missed_max_s=row.read("missed_max_minutes", cells.missed_minutes, None),
            handling=row.read("handling", _handling, frozenset()),
            note=row.read("note", partial(cells.text, limit=NOTE_LENGTH), ""),
            points=row.read("points", self._points, None),
            joint=self._joining(row),
            drop=read_drop(row, self.day, point=self._point, household=self._household),
        )
        for bad in point_doubts(order.points or (), self.registry.points):
            row.doubt("points", bad)
        for column, bad in (*price_doubts(order), *softness_doubts(order)):
            row.doubt(column, bad)
        for column, bad in time_objections(order, self.day):
            row.refuse(column, bad)
        order, question = self._placed(order, row)
        for column, bad in drop_objections(order, self.day):
            row.refuse(column, bad)
        return (None, None) if row.problems else (order, question)

    def _joining(self, row: RowReader) -> Joining | None:
        joint_id = row.read("joint", cells.identifier, None)
        rules = row.read("joint_rules", _joint_rules, frozenset())
        by_at = row.read("joint_by", partial(cells.moment, clock=self.day), None)
        gather_at = row.read("joint_at", cells.identifier, "")
        if joint_id is None:
            for column in ("joint_rules", "joint_by", "joint_at"):
                if row.cell(column):
                    detail = "it belongs to a joint order, and the row names none"
                    row.refuse(column, BadCell(RowCode.JOINT_MISSING, detail, "fill joint"))
            return None
        known = (
            HouseholdId(gather_at) in self.registry.households
            or PointId(gather_at) in self.registry.points
        )
        if gather_at and not known:
            detail = "the registry has no household or collection point of this id"
            advice = (
                "correct it; until then the joint order is gathered at its first member's place"
            )
            row.doubt("joint_at", BadCell(RowCode.GATHER_PLACE_UNKNOWN, detail, advice))
        return Joining(
            joint_id=JointId(joint_id), rules=rules, complete_by_at=by_at, gather_at=gather_at
        )

    def _point(self, cell: str) -> PointId:
        point_id = self._point_named(cells.identifier(cell))
        if point_id in self.registry.points:
            return point_id
        raise BadCell(
            RowCode.POINT_UNKNOWN,
            "the registry has no such collection point",
            "add the point to the registry first, or correct it",
        )

    def _points(self, cell: str) -> tuple[PointId, ...]:
        """Ids and names of points; the word for the door alone leaves none."""
        named = cells.identifiers(cell, most=POINTS_MAX)
        return tuple(self._point_named(each) for each in named if each.casefold() not in _DOOR)

    def _point_named(self, named: str) -> PointId:
        """The point of this id or name; as it was named if there is none."""
        if PointId(named) not in self.registry.points:
            found = self.gazetteer.find(named)
            if isinstance(found, Match) and found.point_id is not None:
                return found.point_id
        return PointId(named)

    def _placed(self, order: Order, row: RowReader) -> tuple[Order, AddressQuestion | None]:
        """`order` with the household and place that its row names, or the question that remains."""
        seller = self._seller(row)
        if isinstance(seller, Match):
            order = replace(order, household_id=seller.household_id)
        if order.point_id is not None or order.place is not None:
            return order, None  # the place is known, whoever the seller is
        pickup = row.read("pickup_address", partial(cells.text, limit=ADDRESS_LENGTH), "")
        if pickup:
            return at_address(replace(order, address=pickup), self.gazetteer, self.locator)
        if isinstance(seller, AddressQuestion):
            return unclear(order, seller)
        if seller is None and not row.problems:
            row.refuse(
                "household",
                BadCell(
                    RowCode.NO_PICKUP_PLACE,
                    "nothing says where it is picked up",
                    "fill household, shop, point, lon and lat, or pickup_address",
                ),
            )
        return order, None

    def _seller(self, row: RowReader) -> Match | AddressQuestion | None:
        """Whom the row names as its seller, by id, name or shop; None if it names nobody."""
        for column in ("household", "shop"):
            cell = row.cell(column)
            if cell:
                return self._household(row.read(column, cells.identifier, ""))
        return self._household(self.seller) if self.seller else None

    def _household(self, named: str) -> Match | AddressQuestion | None:
        if not named:
            return None
        if household := self.registry.households.get(HouseholdId(named)):
            return Match(household_id=household.household_id, place=household.place)
        return self.gazetteer.find(named, points=False)


def _amount(row: RowReader, columns: dict[str, int], high: int) -> int:
    """Weight or volume from whichever unit's column is filled; 0 if none: unknown."""
    stated = {
        column: row.read(
            column,
            partial(cells.amount, per=per, low=0, high=high, unit=column.rpartition("_")[2]),
            None,
        )
        for column, per in columns.items()
        if row.cell(column)
    }
    amounts = {each for each in stated.values() if each is not None}
    if len(amounts) > 1:
        row.refuse(
            list(stated)[-1],
            BadCell(RowCode.UNITS_CONTRADICT, "two columns state different amounts", "keep one"),
        )
    return max(amounts, default=0)


def _joint_rules(cell: str) -> frozenset[JointRule]:
    words = cells.pieces_of(cells.narrow(cell).casefold().replace("_", "-"), WORDS)
    try:
        return frozenset(_JOINT_RULES[each] for each in words)
    except KeyError:
        listed = ", ".join(each.value for each in JointRule)
        raise BadCell(
            RowCode.UNKNOWN_JOINT_RULE,
            "it is no rule of joint orders",
            f"write {listed}, several with |",
        ) from None


def _handling(cell: str) -> frozenset[Handling]:
    words = cells.pieces_of(cells.narrow(cell).casefold().replace("_", "-"), WORDS)
    try:
        return frozenset(_HANDLING[each] for each in words)
    except KeyError:
        listed = ", ".join(each.value for each in Handling)
        raise BadCell(
            RowCode.UNKNOWN_HANDLING, "it is no handling word", f"write {listed}, several with |"
        ) from None
