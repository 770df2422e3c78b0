"""The judge's violations in the words of a day: orders, couriers, clock times, and by how much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from dispatch.days import DayClock
from dispatch.fleet import CourierId, Depot
from dispatch.orders import OrderId
from dispatch.posing import DIMENSIONS, Posed
from dispatch.shortfalls import Unserved
from routing.vrp.check import Rule, Violation
from routing.vrp.problem import Window
from routing.vrp.solution import Route, ScheduledVisit


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRule:
    """
    A rule that a route breaks.

    rule
        A lasting code: that of the judge, or the reason for which an order is in no problem at all.
    by, unit
        By how much it is missed, in s, m, g, ml, pieces or trips; None where that is no number.
    """

    rule: str
    courier_id: CourierId
    order_ids: tuple[OrderId, ...]
    by: int | None
    unit: str
    detail: str


_UNITS: Final = {"weight_g": "g", "volume_ml": "ml", "pieces": "pieces"}


def of_the_day(
    violations: Iterable[Violation],
    routes: Iterable[Route],
    posed: Posed,
    clock: DayClock,
    depot: Depot,
) -> tuple[BrokenRule, ...]:
    """What the judge said of `routes`, once for each rule and sentence, with all orders it is about."""
    teller = _Teller(posed, {each.vehicle: each for each in routes}, clock, depot)
    told: dict[tuple[str, CourierId, str], BrokenRule] = {}
    for violation in violations:
        for each in teller.tell(violation):
            key = each.rule, each.courier_id, each.detail
            known = told.get(key)
            orders = each.order_ids if known is None else (*known.order_ids, *each.order_ids)
            told[key] = replace(each, order_ids=tuple(dict.fromkeys(orders)))
    return tuple(told.values())


def of_nowhere(left: Unserved, courier_id: CourierId) -> BrokenRule:
    """An order that cannot be posed at all: nobody knows where, or no moment is left for it."""
    return BrokenRule(
        rule=left.reason,
        courier_id=courier_id,
        order_ids=(left.order_id,),
        by=None,
        unit="",
        detail=left.detail[:1].upper() + left.detail[1:] + ".",
    )


@dataclass(frozen=True, slots=True)
class _Teller:
    posed: Posed
    routes: Mapping[int, Route]
    clock: DayClock
    depot: Depot

    def tell(self, violation: Violation) -> Iterator[BrokenRule]:
        facts = violation.facts
        if "joint" in facts:
            yield from self._torn(violation.rule, int(facts["joint"]))
            return
        number = facts.get("vehicle")
        visit = facts.get("visit")
        if not isinstance(number, int) and isinstance(visit, int):
            number = next(each for each, halt in self._halts() if halt.visit == visit)
        assert isinstance(number, int), f"a violation of no vehicle: {violation.message}"
        vehicle = self.posed.problem.vehicles[number]
        orders = self._orders([visit] if isinstance(visit, int) else [])
        by: int | None = None
        unit = "s"
        match violation.rule:
            case Rule.WINDOW:
                assert isinstance(visit, int)
                begin_s = int(facts["begin_s"])
                last_s = _missed(self.posed.problem.visits[visit].windows, begin_s)
                by = begin_s - last_s
                what = "pickup" if self.posed.halts[visit].drops is None else "drop"
                detail = f"The {what} begins at {self._at(begin_s)}, {_span(by)} after its time ends ({self._at(last_s)})."
            case Rule.DUE:
                over_s, due_s = int(facts["over_s"]), int(facts["due_s"])
                by = over_s - due_s
                leaves = self._at(due_s + self.depot.sorting_s)
                if self.depot.sorting_s:
                    detail = f"The trip is over at {self._at(over_s)}, {_span(by)} too late to be sorted for its truck ({leaves})."
                else:
                    detail = f"The trip is over at {self._at(over_s)}, {_span(by)} after its truck has left ({leaves})."
            case Rule.SHIFT:
                yield from self._out_of_shift(number, int(facts["leave_s"]), int(facts["over_s"]))
                return
            case Rule.CAPACITY:
                name, load = str(facts["dimension"]), int(facts["load"])
                axis = DIMENSIONS.index(name)
                by, unit = load - vehicle.capacities[axis], _UNITS[name]
                orders = self._orders(self._full(number, axis, load))
                detail = f"The trip carries {_amount(load, unit)}, {_amount(by, unit)} more than the vehicle holds."
            case Rule.RANGE:
                metres, range_m = int(facts["distance_m"]), vehicle.range_m or 0
                by, unit = metres - range_m, "m"
                detail = f"The route drives {_amount(metres, unit)} on one charge, {_amount(by, unit)} more than the vehicle's range."
            case Rule.TRIPS_MAX:
                trips = int(facts["trips"])
                by, unit = trips - vehicle.trips_max, "trips"
                detail = f"The route has {trips} trips; the vehicle may make {vehicle.trips_max}."
            case Rule.SKILL:
                unit = ""
                detail = f"The courier may not carry these goods: {facts['missing']}."
            case Rule.UNREACHABLE:
                unit = ""
                detail = "No road leads there for this vehicle, so the drive is taken as none."
            case Rule.BREAK_WINDOW:
                start_s = int(facts["start_s"])
                taken = zip(vehicle.breaks, self.routes[number].break_starts_s, strict=True)
                by = max(_outside(rest.window, start_s) for rest, at_s in taken if at_s == start_s)
                detail = f"A break begins at {self._at(start_s)}, {_span(by)} outside its time."
            case Rule.DOCKS | Rule.DOCK_TURN:
                trip = self.routes[number].trips[int(facts["trip"])]
                unit = ""
                back, begin = self._at(trip.back_s), self._at(trip.back_s + trip.dock_wait_s)
                detail = f"The courier is back at {back} and would unload at {begin}: it is not its turn at the docks then."
            case _:
                unit = ""
                detail = violation.message
        yield BrokenRule(
            rule=violation.rule,
            courier_id=self._courier(number),
            order_ids=orders,
            by=by,
            unit=unit,
            detail=detail,
        )

    def _torn(self, rule: Rule, joint: int) -> Iterator[BrokenRule]:
        """Whether all of a joint order is picked up is for the day to tell: here are some of its routes."""
        if rule is Rule.JOINT_WHOLE:
            return
        members = self.posed.problem.visits
        made = [(n, each.visit) for n, each in self._halts() if joint in members[each.visit].joints]
        what = "ride in more than one trip" if rule is Rule.JOINT_TRIP else "take different trucks"
        yield BrokenRule(
            rule=rule,
            courier_id=self._courier(made[0][0]),
            order_ids=self._orders(visit for _, visit in made),
            by=None,
            unit="",
            detail=f"The orders of joint order {self.posed.joint_ids[joint]} {what}.",
        )

    def _out_of_shift(self, number: int, leave_s: int, over_s: int) -> Iterator[BrokenRule]:
        shift = self.posed.problem.vehicles[number].shift
        told = []
        if leave_s < shift.earliest_s:
            early_s = shift.earliest_s - leave_s
            told.append(
                (
                    early_s,
                    f"The courier leaves at {self._at(leave_s)}, {_span(early_s)} before the shift begins.",
                )
            )
        if over_s > shift.latest_s:
            late_s = over_s - shift.latest_s
            told.append(
                (
                    late_s,
                    f"The courier is back at {self._at(over_s)}, {_span(late_s)} after the shift ends.",
                )
            )
        for by, detail in told:
            yield BrokenRule(
                rule=Rule.SHIFT,
                courier_id=self._courier(number),
                order_ids=(),
                by=by,
                unit="s",
                detail=detail,
            )

    def _courier(self, number: int) -> CourierId:
        return self.posed.couriers[number].courier_id

    def _halts(self) -> Iterator[tuple[int, ScheduledVisit]]:
        for number, route in self.routes.items():
            for trip in route.trips:
                for halt in trip.visits:
                    yield number, halt

    def _full(self, number: int, axis: int, load: int) -> list[int]:
        """Visits of the trips that carry so much."""
        trips = ([halt.visit for halt in trip.visits] for trip in self.routes[number].trips)
        visits = self.posed.problem.visits
        full = (trip for trip in trips if sum(visits[each].loads[axis] for each in trip) == load)
        return [each for trip in full for each in trip]

    def _orders(self, visits: Iterable[int]) -> tuple[OrderId, ...]:
        halts = (self.posed.halts[visit] for visit in visits)
        return tuple(
            order.order_id
            for halt in halts
            for order in (halt.orders if halt.drops is None else (halt.drops,))
        )

    def _at(self, seconds: int) -> str:
        return self.clock.moment(seconds).strftime("%H:%M")


def _missed(windows: Iterable[Window], begin_s: int) -> int:
    """The end of the last window that is over."""
    return max(each.latest_s for each in windows if each.latest_s < begin_s)


def _outside(window: Window, at_s: int) -> int:
    """Seconds by which a moment lies outside; 0: it lies inside."""
    return max(window.earliest_s - at_s, at_s - window.latest_s, 0)


def _span(seconds: int) -> str:
    """A span for people: minutes, rounded up, and hours from 100 minutes on."""
    minutes = -(-seconds // 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def _amount(number: int, unit: str) -> str:
    match unit:
        case "g":
            return f"{number / 1000:,.1f} kg"
        case "ml":
            return f"{number / 1000:,.1f} l"
        case "m":
            return f"{number / 1000:,.1f} km"
        case _:
            return f"{number} {unit}"
