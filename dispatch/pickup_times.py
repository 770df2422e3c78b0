"""When an order can be picked up: ready, while its household is there or a point is open, before its truck."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dispatch.days import DayClock
from dispatch.households import OpeningHours
from dispatch.inputs import DayInputs
from dispatch.orders import Order
from routing.vrp.problem import Window

DAY_S: Final = 30 * 3600
"""A depot-day ends here at the latest: shifts may run past midnight."""


def at_own_place(
    order: Order, inputs: DayInputs, hours: Iterable[OpeningHours] = ()
) -> tuple[Window, ...]:
    """When service may begin where the parcels wait: ready, inside windows and opening hours."""
    windows = _from_then_on(ready_s(order, inputs))
    if order.told is not None:
        clock, told = inputs.clock, order.told
        span = Window(clock.seconds(told.earliest_at), clock.seconds(told.latest_at))
        windows = common(windows, (span,))
    if order.windows:
        stated = (
            Window(inputs.clock.seconds(each.earliest_at), inputs.clock.seconds(each.latest_at))
            for each in order.windows
        )
        windows = common(windows, stated)
    return _while_open(windows, hours, inputs.clock)


def brought_to_point(
    order: Order, inputs: DayInputs, hours: Iterable[OpeningHours], *, walk_s: int
) -> tuple[Window, ...]:
    """The same at a point to which it is brought: nobody need be at home then, but it is open."""
    return _while_open(_from_then_on(ready_s(order, inputs) + walk_s), hours, inputs.clock)


def ready_s(order: Order, inputs: DayInputs) -> int:
    return 0 if order.ready_at is None else max(0, inputs.clock.seconds(order.ready_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class Truck:
    """
    A departure that an order may take.

    `leaves_s` is when it leaves, or the order's cut-off; `due_s` when the order's trip must be over, so that
    it is sorted by then; `missed` how many departures after the cut-off it is, and `cost_fen` their price.
    """

    leaves_s: int
    due_s: int
    missed: int = 0
    cost_fen: int = 0


def trucks_of(order: Order, inputs: DayInputs) -> tuple[Truck, ...]:
    """
    The truck that the order should catch (its own cut-off, or the depot's last departure), and the
    later ones of the day that it may take at a price, earliest first.

    What costs as much as leaving the order out is not allowed.
    """
    clock, depot = inputs.clock, inputs.fleet.depot
    sorting_s = depot.sorting_s
    if not depot.departures and order.cut_off_at is None:
        return (Truck(leaves_s=DAY_S, due_s=DAY_S),)
    last_s = clock.seconds_of(depot.departures[-1]) if depot.departures else DAY_S
    wished_s = last_s if order.cut_off_at is None else clock.seconds(order.cut_off_at)
    own = Truck(leaves_s=min(last_s, wished_s), due_s=min(last_s, wished_s) - sorting_s)
    price_fen = order.late_cost_fen
    if price_fen is None:
        price_fen = depot.missed_cut_off_cost_fen
    if price_fen is None or wished_s >= last_s:
        return (own,)
    leaving_s = (clock.seconds_of(each) for each in depot.departures)
    later_s = [each for each in leaving_s if each > own.leaves_s]
    return (
        own,
        *(
            Truck(
                leaves_s=leaves_s,
                due_s=leaves_s - sorting_s,
                missed=missed,
                cost_fen=missed * price_fen,
            )
            for missed, leaves_s in enumerate(later_s, start=1)
            if missed * price_fen < depot.unserved_cost_fen
        ),
    )


def truck_of(order: Order, inputs: DayInputs, ends_s: int) -> Truck:
    """The first truck that the order makes in a trip over at `ends_s`; the last that it may take if it makes none."""
    trucks = trucks_of(order, inputs)
    return next((each for each in trucks if ends_s <= each.due_s), trucks[-1])


def common(left: Iterable[Window], right: Iterable[Window]) -> tuple[Window, ...]:
    """The moments in both, sorted; windows that touch become one."""
    right = tuple(right)
    shared = sorted(
        (max(a.earliest_s, b.earliest_s), min(a.latest_s, b.latest_s)) for a in left for b in right
    )
    joined: list[Window] = []
    for earliest_s, latest_s in shared:
        if earliest_s > latest_s:
            continue
        if joined and earliest_s <= joined[-1].latest_s:
            joined[-1] = Window(joined[-1].earliest_s, max(joined[-1].latest_s, latest_s))
        else:
            joined.append(Window(earliest_s, latest_s))
    return tuple(joined)


def length_s(windows: Iterable[Window], until_s: int) -> int:
    """Seconds in `windows` until then."""
    return sum(max(0, min(each.latest_s, until_s) - each.earliest_s) for each in windows)


def _from_then_on(moment_s: int) -> tuple[Window, ...]:
    return (Window(moment_s, DAY_S),) if moment_s <= DAY_S else ()


def _while_open(
    windows: tuple[Window, ...], hours: Iterable[OpeningHours], clock: DayClock
) -> tuple[Window, ...]:
    opened = [Window(clock.seconds_of(each.opens), clock.seconds_of(each.closes)) for each in hours]
    return common(windows, opened) if opened else windows
