"""The contract 约定 of a running day: what a new version of a plan may not do. Asked before each is published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique
from typing import Final

from dispatch.fates import RoadFacts
from dispatch.fleet import CourierId
from dispatch.forecast import StopState
from dispatch.inputs import DayInputs
from dispatch.orders import OrderId
from dispatch.pickup_times import trucks_of
from dispatch.plan import Plan, Route, Stop, Trip, Why
from dispatch.progress import RouteProgress, StopProgress, route_progress
from dispatch.running.scanned import scanned_in
from dispatch.soft_windows import widened


@unique
class Term(StrEnum):
    ACCOUNTED = "accounted"
    """Every open order stands in one route or among the unserved, and nothing stands there twice."""
    SETTLED = "settled"
    """What is over or locked stays with its courier, before all else and in its order."""
    PROMISED = "promised"
    """A pickup begins when it was told, unless by the old version it would not either: then no later than that."""
    HELD = "held"
    """What a dispatcher has locked stays with its courier, and at its time; whom nobody shall fetch, nobody does."""
    SERVED = "served"
    """What the old version picks up, and can, the new one picks up."""
    MOMENTS = "moments"
    """Nobody drives faster than the road, begins before arriving, or does anything in the past."""
    PICKUP_TIMES = "pickup-times"
    LOADS = "loads"
    CUT_OFFS = "cut-offs"
    SHIFTS = "shifts"
    POINTS = "points"
    """Nobody comes to a closed point, a full one takes no more than fits, and what was scanned in is picked up there."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A term that a version breaks, and a sentence for the log: ids and moments, no names."""

    term: Term
    detail: str


@dataclass(frozen=True, slots=True)
class _Predicted:
    """
    What becomes of an order by the old version as it stands now.

    `fails` says that it cannot be so: its trip misses the truck or the shift's end, or nobody is there any
    more. `due_at` is the truck that the trip catches then.
    """

    courier_id: CourierId
    begin_at: datetime
    depart_at: datetime
    due_at: datetime
    fails: bool


_ENDED: Final = frozenset({StopState.DONE, StopState.FAILED})
_TOUCHED: Final = _ENDED | {StopState.ARRIVED}
_ROUNDING: Final = timedelta(seconds=1)
"""Plans count full seconds, phones do not."""


def breaches(
    before: Plan, after: Plan, inputs: DayInputs, facts: RoadFacts, *, now: datetime
) -> tuple[Breach, ...]:
    """
    All terms that `after` breaks as the successor of `before` at `now`; (): it may be published.

    Told from both plans, the orders and the facts alone; shares no code with any planning. What the world has broken
    already (a truck missed, a load above the limit) is no breach as long as `after` adds nothing to it. A route that
    stays as it was adds nothing, however far its courier is behind it.
    """
    return tuple(_Judge(before, after, inputs, facts, now).breaches())


class _Judge:
    def __init__(
        self, before: Plan, after: Plan, inputs: DayInputs, facts: RoadFacts, now: datetime
    ) -> None:
        self._before, self._after, self._inputs, self._now = before, after, inputs, now
        self._facts = facts
        self._orders = {each.order_id: each for each in inputs.orders}
        old = {route.courier_id: route for route in before.routes}
        self._unchanged = {r.courier_id for r in after.routes if r == old.get(r.courier_id)}
        self._fixed: dict[CourierId, list[Stop]] = {}
        self._predicted: dict[OrderId, _Predicted] = {}
        self._over_at: dict[CourierId, datetime] = {}
        self._at_door: set[OrderId] = set()
        self._agreed = {each.order_id: each.latest_at for each in after.hand.late}
        self._sorting = timedelta(seconds=inputs.fleet.depot.sorting_s)
        told = [(each, route_progress(each, facts, now=now, plan=before)) for each in before.routes]
        overs_at = self._overs_at(told)
        for route, progress in told:
            overs = overs_at[route.courier_id]
            self._over_at[route.courier_id] = max(progress.trips[-1].over_at, overs[-1])
            self._look_at(route, progress, overs)
        self._stops = {
            order_id: (route.courier_id, stop)
            for route in after.routes
            for stop in route.stops
            for order_id in stop.order_ids
        }

    def breaches(self) -> Iterator[Breach]:
        yield from self._accounted()
        yield from self._settled()
        yield from self._promised()
        yield from self._held()
        yield from self._served()
        yield from self._at_points()
        for route in self._after.routes:
            if route.courier_id not in self._inputs.fleet.couriers:
                continue
            stays = route.courier_id in self._unchanged
            yield from (
                each for each in self._driven(route) if not stays or each.term is not Term.MOMENTS
            )

    def _overs_at(
        self, told: Sequence[tuple[Route, RouteProgress]]
    ) -> dict[CourierId, list[datetime]]:
        """When each trip is over as predicted: unloaded after the planned wait for a dock, or a longer one where others come first."""
        coming: list[tuple[datetime, int, int, Trip]] = []
        overs_at: dict[CourierId, list[datetime]] = {}
        for number, (route, progress) in enumerate(told):
            reached = {each.seq: each for each in progress.stops}
            overs_at[route.courier_id] = []
            for at, trip in enumerate(route.trips):
                left_at = max(self._departs_at(stop, reached[stop.seq]) for stop in trip.stops)
                overs_at[route.courier_id].append(left_at + _home(trip))
                back_at = left_at + timedelta(seconds=trip.home.duration_s)
                coming.append((back_at, number, at, trip))
        free_at = [datetime.min.replace(tzinfo=UTC)] * (self._inputs.fleet.depot.docks or 0)
        for back_at, number, at, trip in (
            sorted(coming, key=lambda each: each[:3]) if free_at else ()
        ):
            over_at = max(back_at, free_at.pop(0)) + (trip.unloaded_at - trip.docked_at)
            free_at = sorted([*free_at, over_at])
            overs = overs_at[told[number][0].courier_id]
            overs[at] = max(overs[at], over_at)
        return overs_at

    def _look_at(self, route: Route, progress: RouteProgress, overs_at: Sequence[datetime]) -> None:
        """A courier who left the fleet settles nothing but what is done."""
        is_there = route.courier_id in self._inputs.fleet.couriers
        told = {each.seq: each for each in progress.stops}
        self._at_door.update(
            order_id
            for stop in route.stops
            if told[stop.seq].state is StopState.ARRIVED
            for order_id in stop.order_ids
        )
        locked = set(self._locked(route, progress)) if is_there else set()
        settled = _TOUCHED if is_there else _ENDED
        self._fixed[route.courier_id] = [
            *(stop for stop in route.stops if told[stop.seq].state in settled),
            *(stop for stop in route.stops if stop.seq in locked),
        ]
        for trip, over_at in zip(route.trips, overs_at, strict=True):
            departs_at = {stop.seq: self._departs_at(stop, told[stop.seq]) for stop in trip.stops}
            in_vain = (
                not is_there
                or over_at > trip.cut_off_at - self._sorting
                or over_at > self._shift_end(route)
            )
            for stop in trip.stops:
                predicted = replace(
                    stop, begin_at=told[stop.seq].eta_at, depart_at=departs_at[stop.seq]
                )
                for order_id in stop.order_ids:
                    self._predicted[order_id] = _Predicted(
                        courier_id=route.courier_id,
                        begin_at=predicted.begin_at,
                        depart_at=predicted.depart_at,
                        due_at=self._due_at(trip, over_at),
                        fails=in_vain or not self._can_be_made(predicted, order_id, for_sure=True),
                    )

    def _due_at(self, trip: Trip, over_at: datetime) -> datetime:
        """When a trip must be over for the truck that it catches: its own, or the next if that is missed."""
        if over_at <= trip.cut_off_at - self._sorting:
            return trip.cut_off_at - self._sorting
        clock, departures = self._inputs.clock, self._inputs.fleet.depot.departures
        dues = (clock.moment(clock.seconds_of(each)) - self._sorting for each in departures)
        return min(
            (each for each in dues if each >= over_at), default=datetime.max.replace(tzinfo=UTC)
        )

    def _departs_at(self, stop: Stop, told: StopProgress) -> datetime:
        if told.state in _ENDED:
            return max(self._facts.fates[order_id].at for order_id in stop.order_ids)
        return told.eta_at + (stop.depart_at - stop.begin_at)

    def _shift_end(self, route: Route) -> datetime:
        clock, courier = self._inputs.clock, self._inputs.fleet.couriers[route.courier_id]
        return clock.moment(clock.span_of(courier.shift_starts, courier.shift_ends)[1])

    def _locked(self, route: Route, progress: RouteProgress) -> Iterator[int]:
        told = {each.seq: each for each in progress.stops}
        turnaround = timedelta(seconds=self._before.turnaround_s)
        free_at = route.trips[0].leave_at
        lock_until = self._now + timedelta(seconds=self._inputs.fleet.depot.lock_ahead_s)
        last = max((seq for seq, each in told.items() if each.state in _TOUCHED), default=0)
        for trip, expected in zip(route.trips, progress.trips, strict=True):
            has_left = max(trip.leave_at, free_at) <= self._now
            free_at = expected.over_at + turnaround
            if trip.stops[-1].seq < last:
                continue
            ahead = [stop.seq for stop in trip.stops if told[stop.seq].state is StopState.PLANNED]
            for seq in ahead:
                is_next = (has_left or trip.stops[0].seq <= last) and seq == ahead[0]
                if not is_next and told[seq].eta_at > lock_until:
                    return
                yield seq
            if ahead:
                return

    def _accounted(self) -> Iterator[Breach]:
        seen = Counter(
            order_id
            for route in self._after.routes
            for stop in route.stops
            for order_id in stop.order_ids
        )
        seen.update(each.order_id for each in self._after.unserved)
        for order_id, times in seen.items():
            if times > 1:
                yield Breach(Term.ACCOUNTED, f"order {order_id} stands there {times} times")
        for order_id in self._orders.keys() - seen.keys():
            yield Breach(Term.ACCOUNTED, f"order {order_id} is open and stands nowhere")

    def _settled(self) -> Iterator[Breach]:
        routes = {route.courier_id: route for route in self._after.routes}
        for courier_id, fixed in self._fixed.items():
            if courier_id in self._unchanged:
                continue
            stops = () if courier_id not in routes else routes[courier_id].stops
            first = stops[: len(fixed)]
            if Counter(each.order_ids for each in first) != Counter(
                each.order_ids for each in fixed
            ):
                yield Breach(
                    Term.SETTLED, f"courier {courier_id} loses stops that are over or locked"
                )
            open_before, open_after = (
                [each.order_ids for each in these if self._orders.keys() & set(each.order_ids)]
                for these in (fixed, first)
            )
            if open_before != open_after:
                yield Breach(Term.SETTLED, f"courier {courier_id} is turned round on the way")

    def _promised(self) -> Iterator[Breach]:
        for promise in self._before.promises:
            predicted = self._predicted.get(promise.order_id)
            found = self._stops.get(promise.order_id)
            if promise.order_id not in self._orders or predicted is None or found is None:
                continue
            _, stop = found
            latest_at = self._agreed.get(promise.order_id, promise.latest_at)
            latest_at = max(promise.latest_at, latest_at)
            if predicted.begin_at > latest_at:
                latest_at = predicted.depart_at + _ROUNDING
            earliest_at = min(promise.earliest_at, predicted.begin_at)
            if not _meets(stop, earliest_at, latest_at) and not predicted.fails:
                yield Breach(
                    Term.PROMISED,
                    f"order {promise.order_id} would begin at {stop.begin_at:%H:%M}, and could from "
                    f"{earliest_at:%H:%M} to {latest_at:%H:%M}",
                )

    def _held(self) -> Iterator[Breach]:
        if Why.HAND not in self._after.why and self._after.hand != self._before.hand:
            yield Breach(Term.HELD, "locks are others, and no dispatcher has said so")
        for hold in self._after.hand.holds:
            if hold.order_id not in self._orders:
                continue
            found = self._stops.get(hold.order_id)
            if hold.courier_id is None and found is not None:
                yield Breach(Term.HELD, f"order {hold.order_id} is fetched, and was taken out")
            if hold.courier_id not in self._inputs.fleet.couriers or found is None:
                continue
            courier_id, stop = found
            if courier_id != hold.courier_id:
                detail = f"order {hold.order_id} goes to {courier_id}, and is locked to {hold.courier_id}"
                yield Breach(Term.HELD, detail)
            elif hold.earliest_at is not None and hold.latest_at is not None:
                yield from self._held_time(hold.order_id, stop, hold.earliest_at, hold.latest_at)

    def _held_time(
        self, order_id: OrderId, stop: Stop, earliest_at: datetime, latest_at: datetime
    ) -> Iterator[Breach]:
        """A lock on a time is as strong as a promise, and no stronger."""
        predicted = self._predicted.get(order_id)
        if predicted is None or predicted.fails:
            return
        if predicted.begin_at > latest_at:
            latest_at = predicted.depart_at + _ROUNDING
        if not _meets(stop, min(earliest_at, predicted.begin_at), latest_at):
            yield Breach(Term.HELD, f"order {order_id} would begin at {stop.begin_at:%H:%M}")

    def _served(self) -> Iterator[Breach]:
        for order_id, predicted in self._predicted.items():
            if order_id not in self._orders or order_id in self._stops or predicted.fails:
                continue
            hold = self._after.hand.held.get(order_id)
            if hold is not None and hold.courier_id is None:
                continue
            detail = f"order {order_id} is left out, and {predicted.courier_id} could come"
            yield Breach(Term.SERVED, detail)

    def _at_points(self) -> Iterator[Breach]:
        notices, scans = self._facts.notices, self._facts.scans
        settled = {
            each for fixed in self._fixed.values() for stop in fixed for each in stop.order_ids
        }
        room = {key: each.pieces_left for key, each in notices.items() if each.full_since}
        for order_id, scan in scans.items():
            full_since = notices[scan.point_id].full_since if scan.point_id in room else None
            if order_id in self._orders and full_since is not None and scan.at > full_since:
                room[scan.point_id] -= self._orders[order_id].pieces
        for order_id, (courier_id, stop) in self._stops.items():
            if order_id in settled or order_id not in self._orders:
                continue
            found, point_id = scans.get(order_id), stop.point_id
            if found is not None and found.point_id != point_id:
                detail = f"order {order_id} stands at {found.point_id}, {courier_id} goes elsewhere"
                yield Breach(Term.POINTS, detail)
            if point_id is None or point_id not in notices:
                continue
            if notices[point_id].is_closed(stop.begin_at):
                yield Breach(Term.POINTS, f"{courier_id} comes to {point_id} while it is closed")
            if found is None and point_id in room:
                room[point_id] -= self._orders[order_id].pieces
                if room[point_id] < 0:
                    yield Breach(
                        Term.POINTS, f"order {order_id} is brought to {point_id}, which is full"
                    )

    def _driven(self, route: Route) -> Iterator[Breach]:
        fixed = self._fixed.get(route.courier_id, [])
        settled = frozenset(order_id for stop in fixed for order_id in stop.order_ids)
        free_at: datetime | None = None
        for trip in route.trips:
            left_at, has_begun = trip.leave_at, False
            aboard = [each for stop in trip.stops for each in stop.order_ids]
            if free_at is not None and settled.isdisjoint(aboard) and left_at < free_at:
                yield Breach(Term.MOMENTS, f"{route.courier_id} leaves before it is unloaded")
            for stop in trip.stops:
                if settled.issuperset(stop.order_ids):
                    ends = [self._predicted[order_id].depart_at for order_id in stop.order_ids]
                    # Who has set out earlier than planned has reached the first stop earlier, too.
                    left_at = max(*ends, left_at) if has_begun else max(ends)
                    has_begun = True
                    continue
                yield from self._stop(route, stop, left_at)
                left_at = stop.depart_at
            over_at = trip.unloaded_at
            if settled.issuperset(aboard):
                over_at = max(self._predicted[each].depart_at for each in aboard) + _home(trip)
            free_at = over_at + timedelta(seconds=self._after.turnaround_s)
            if not settled.issuperset(
                order_id for stop in trip.stops for order_id in stop.order_ids
            ):
                yield from self._trip(route, trip, settled)

    def _stop(self, route: Route, stop: Stop, left_at: datetime) -> Iterator[Breach]:
        arrive_at = left_at + timedelta(seconds=stop.leg.duration_s)
        if stop.arrive_at < arrive_at:
            yield Breach(
                Term.MOMENTS, f"{route.courier_id} reaches stop {stop.seq} faster than its leg"
            )
        if stop.begin_at < max(stop.arrive_at + timedelta(seconds=stop.setup_s), self._now):
            yield Breach(Term.MOMENTS, f"{route.courier_id} begins stop {stop.seq} too early")
        for order_id in stop.order_ids:
            if not self._can_be_made(stop, order_id):
                yield Breach(Term.PICKUP_TIMES, f"order {order_id} cannot be picked up then")

    def _can_be_made(self, stop: Stop, order_id: OrderId, *, for_sure: bool = False) -> bool:
        """
        Whether the order can be picked up at some moment of the stop; `for_sure`, at whichever.

        At a point nobody need be at home, and its opening hours are for planning to know.
        """
        order = self._orders.get(order_id)
        if order is None or stop.point_id is not None:
            return True
        ready_by, open_until = stop.depart_at, stop.begin_at
        if for_sure:
            ready_by, open_until = open_until, ready_by
        if order.ready_at is not None and ready_by < order.ready_at:
            return False
        windows = widened(order, self._inputs)
        return not windows or any(
            each.earliest_at <= ready_by and open_until <= each.latest_at for each in windows
        )

    def _trip(self, route: Route, trip: Trip, settled: frozenset[OrderId]) -> Iterator[Breach]:
        model = self._inputs.fleet.models[route.model_id]
        aboard = scanned_in(trip, route, self._facts, self._inputs.amounts)
        planned = [each for stop in trip.stops for each in stop.order_ids if each in self._orders]
        for name, limit, key in (
            ("weight", model.capacity_weight_g, "weight_g"),
            ("volume", model.capacity_volume_ml, "volume_ml"),
            ("pieces", model.capacity_pieces, "pieces"),
        ):
            kept = sum(int(getattr(each, key)) for each in aboard)
            at_door = sum(
                int(getattr(self._orders[each], key)) for each in planned if each in self._at_door
            )
            load = kept + sum(int(getattr(self._orders[each], key)) for each in planned)
            if limit is not None and load > max(limit, kept + at_door):
                yield Breach(Term.LOADS, f"{route.courier_id} would carry too much by {name}")
        for order_id in (each for stop in trip.stops for each in stop.order_ids):
            order = self._orders.get(order_id)
            if order_id in settled:
                due_at = self._predicted[order_id].due_at
            elif order is not None:
                due_at = self._inputs.clock.moment(trucks_of(order, self._inputs)[-1].due_s)
            else:
                continue
            if trip.unloaded_at > due_at:
                yield Breach(
                    Term.CUT_OFFS, f"order {order_id} would miss its truck with {route.courier_id}"
                )
        latest_at = max(self._shift_end(route), self._over_at.get(route.courier_id, self._now))
        if trip.unloaded_at > latest_at:
            yield Breach(Term.SHIFTS, f"{route.courier_id} would come home at {trip.back_at:%H:%M}")


def _meets(stop: Stop, earliest_at: datetime, latest_at: datetime) -> bool:
    """A stop may hold several pickups, one after the other: any moment of it may be the one."""
    return earliest_at <= stop.depart_at and stop.begin_at <= latest_at


def _home(trip: Trip) -> timedelta:
    """The way home and the unloading, as planned."""
    return timedelta(seconds=trip.home.duration_s) + (trip.unloaded_at - trip.back_at)
