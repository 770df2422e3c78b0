"""What holds for an order however it came in: its times fit its day, its place is known or a question."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from dispatch.days import DayClock
from dispatch.errors import meant
from dispatch.gazetteer import AddressQuestion, Gazetteer, Locator, Match, Unclear
from dispatch.households import PointId
from dispatch.intake import cells
from dispatch.intake.problems import BadCell, RowCode
from dispatch.orders import Order
from routing.places import Place


def time_objections(order: Order, day: DayClock) -> Iterator[tuple[str, BadCell]]:
    """What contradicts itself or another day, with the column at fault; another day comes alone."""
    ready_at, cut_off_at = order.ready_at, order.cut_off_at
    moments = [
        ("ready", ready_at, -cells.READY_BEFORE_S),
        ("cut_off", cut_off_at, 0),
        *(("windows", each.earliest_at, 0) for each in order.windows),
        *(("windows", each.latest_at, 0) for each in order.windows[-1:]),
    ]
    for column, at, low_s in moments:
        try:
            if at is not None:
                cells.within_day(at, day, low_s=low_s)
        except BadCell as bad:
            yield column, bad
            return
    advice = "correct one of the two"
    if ready_at and cut_off_at and ready_at > cut_off_at:
        detail = "it is ready after its cut-off"
        yield "ready", BadCell(RowCode.READY_AFTER_CUT_OFF, detail, advice)
    if ready_at and order.windows and ready_at > order.windows[-1].latest_at:
        detail = "it is ready after its last window"
        yield "ready", BadCell(RowCode.READY_AFTER_WINDOWS, detail, advice)
    if cut_off_at and order.windows and order.windows[0].earliest_at > cut_off_at:
        detail = "its first window begins after its cut-off"
        yield "windows", BadCell(RowCode.WINDOWS_AFTER_CUT_OFF, detail, advice)


def drop_objections(order: Order, day: DayClock) -> Iterator[tuple[str, BadCell]]:
    """What contradicts that the order is dropped on the way, with the column at fault; another day comes alone."""
    drop = order.drop
    if drop is None:
        return
    for each in drop.windows:
        try:
            cells.within_day(each.earliest_at, day)
            cells.within_day(each.latest_at, day)
        except BadCell as bad:
            yield "drop_windows", bad
            return
    by_truck = "what is dropped on the way never lies at the depot and catches no truck"
    advice = "leave this out, or where it is dropped"
    if order.cut_off_at is not None:
        yield "cut_off", BadCell(RowCode.DROP_WITH_CUT_OFF, by_truck, advice)
    if order.points:
        detail = "what is dropped on the way is picked up where it waits, and brought to no point"
        yield "points", BadCell(RowCode.DROP_WITH_POINTS, detail, advice)
    if order.joint is not None:
        detail = "what is dropped on the way is part of no joint order"
        yield "joint", BadCell(RowCode.DROP_WITH_JOINT, detail, advice)
    picked_up = "point" if order.point_id else "lon" if order.place else "household"
    dropped = "point" if drop.point_id else "lon" if drop.place else "household"
    ends = (order.point_id or order.place or order.household_id, picked_up)
    if ends == (drop.point_id or drop.place or drop.household_id, dropped):
        detail = "it is dropped where it is picked up"
        yield (
            f"drop_{dropped}",
            BadCell(RowCode.DROP_WHERE_PICKED_UP, detail, "correct one of the two"),
        )
    begins = [order.ready_at, *(each.earliest_at for each in order.windows[:1])]
    begins_at = max((each for each in begins if each is not None), default=None)
    if begins_at is not None and drop.windows and drop.windows[-1].latest_at < begins_at:
        detail = "its last window to be dropped ends before it can be picked up"
        yield "drop_windows", BadCell(RowCode.DROP_BEFORE_PICKUP, detail, "correct one of the two")


def price_doubts(order: Order) -> Iterator[tuple[str, BadCell]]:
    """A price that can never be paid, with its column: the order is right without it."""
    if order.late_cost_fen is not None and order.cut_off_at is None:
        yield (
            "late_cost_yuan",
            BadCell(
                RowCode.LATE_COST_UNUSED,
                "it is the price of missing a cut-off, and the order states none",
                "fill cut_off, or leave the price out",
            ),
        )


def softness_doubts(order: Order) -> Iterator[tuple[str, BadCell]]:
    """A price of missing windows where there are none, with its column: the order is right without it."""
    stated = {
        "early_yuan_per_minute": order.early_fen_per_minute,
        "late_yuan_per_minute": order.late_fen_per_minute,
        "missed_max_minutes": order.missed_max_s,
    }
    for column, value in stated.items():
        if value is not None and not (order.windows and order.drop is None):
            detail = "it is about missing the order's windows, and it has none"
            advice = "fill windows, or leave it out"
            if order.drop is not None:
                detail = "windows of what is dropped on the way are never missed"
                advice = "leave it out"
            yield column, BadCell(RowCode.WINDOW_COST_UNUSED, detail, advice)


def at_address(
    order: Order, gazetteer: Gazetteer, locator: Locator | None
) -> tuple[Order, AddressQuestion | None]:
    """`order` at the one place that its `address` means; else unclear, with the question."""
    found = gazetteer.find(order.address)
    if isinstance(found, Match):
        placed = at_match(order, found)
        if placed is not None:
            return placed, None
        detail = "it is another household's, whose coordinates nobody knows yet"
        found = AddressQuestion(text=order.address, reason=Unclear.UNKNOWN, detail=detail)
    elif locator is not None and found.reason is Unclear.UNKNOWN:
        located = locator.locate(order.address)
        if isinstance(located, Place):
            return replace(order, place=located), None
        # Neighbours from the registry help a person more than a geocoder's "unknown".
        found = located if located.candidates or not found.candidates else found
    return unclear(order, found)


def at_match(order: Order, found: Match) -> Order | None:
    """`order` waiting at the household or point found; None if that has no coordinates to lend."""
    if found.point_id is not None:
        return replace(order, point_id=found.point_id, unclear=False)
    if order.household_id in {None, found.household_id}:
        return replace(order, household_id=found.household_id, unclear=False)
    if found.place is None:
        return None
    # Another household's door: the parcels wait there, the seller stays the seller.
    return replace(order, place=found.place, unclear=False)


def point_doubts(points: Iterable[PointId], known: Collection[PointId]) -> Iterator[BadCell]:
    """What is wrong with those of `points` that the registry does not have: the door is still right."""
    for point_id in points:
        if point_id not in known:
            yield BadCell(
                RowCode.POINT_UNKNOWN,
                f"the registry has no collection point {point_id!r}{meant(point_id, known)}",
                "add the point to the registry, or correct the id; until then nothing is brought there",
            )


def unclear(order: Order, question: AddressQuestion) -> tuple[Order, AddressQuestion]:
    """`order` in the words of the question that somebody must answer."""
    return (
        replace(order, address=question.text, unclear=True),
        replace(question, order_id=order.order_id),
    )
