"""A plan on the clock: what each courier does when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from dispatch.plan import Plan, Route, Stop, Trip
from tools.concepts.picture import WHOLE, box, line, text
from tools.concepts.village import ZONE

_LEFT: Final = 64
_RIGHT: Final = WHOLE - 16
_TOP: Final = 24
_ROW: Final = 50
_STATE: Final = 14
_AXIS: Final = 22
_BAR: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """
    The hours from `starts_at` to `ends_at`, with what else is to be seen in them.

    spans
        Light bands behind a stop: the times in which its order may begin, by order.
    trucks
        Line-haul trucks that leave.
    rests_between
        The window in which a break begins.
    sorting
        How long after unloading the parcels of a trip are ready for the truck.
    words
        What stands under a stop, by order.
    states
        What stands below that, by order.
    told
        Brackets over a stop: when its household was told that the pickup begins, by order.
    over_after
        From how long a shift on its seconds are overtime.
    """

    starts_at: datetime
    ends_at: datetime
    every_minutes: int = 30
    spans: Mapping[str, Sequence[tuple[datetime, datetime]]] = field(default_factory=dict)
    trucks: Sequence[datetime] = ()
    sorting: timedelta = timedelta()
    rests_between: tuple[datetime, datetime] | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    now: datetime | None = None
    states: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, tuple[datetime, datetime]] = field(default_factory=dict)
    over_after: timedelta | None = None

    def height(self, rows: int) -> int:
        return self._bottom(rows) + _AXIS

    def _bottom(self, rows: int) -> int:
        return _TOP + rows * (_ROW + (_STATE if self.states else 0))

    def drawn(self, plan: Plan, couriers: Sequence[str]) -> str:
        """One row for each of the couriers, whether the plan sends them out or not."""
        routes = {str(route.courier_id): route for route in plan.routes}
        bottom = self._bottom(len(couriers))
        parts = [self._axis(len(couriers))]
        if self.now is not None:
            x = self._x(self.now)
            parts.append(line([(x, 18), (x, bottom)], "now"))
            parts.append(text(x, 13, f"now {self.now:%H:%M}", "nowt mid"))
        for row, name in enumerate(couriers):
            middle = self._bottom(row) + 20
            parts.append(text(10, middle + 4, name, f"bold f{int(name[1:]) - 1}"))
            if name in routes:
                parts += self._row(routes[name], int(name[1:]) - 1, middle)
        for truck in self.trucks:
            x = self._x(truck)
            parts.append(line([(x, 18), (x, bottom)], "truck"))
            parts.append(text(x, 13, f"truck {truck:%H:%M}", "small mid bold"))
        return "".join(parts)

    def _x(self, moment: datetime) -> float:
        share = (moment - self.starts_at) / (self.ends_at - self.starts_at)
        return _LEFT + share * (_RIGHT - _LEFT)

    def _axis(self, rows: int) -> str:
        bottom = self._bottom(rows)
        parts = []
        moment = self.starts_at.replace(minute=0)
        while moment < self.starts_at:
            moment += timedelta(minutes=self.every_minutes)
        while moment <= self.ends_at:
            x = self._x(moment)
            parts.append(line([(x, _TOP - 4), (x, bottom)], "tick"))
            parts.append(text(x, bottom + 15, f"{moment:%H:%M}", "faint mid"))
            moment += timedelta(minutes=self.every_minutes)
        parts.append(line([(_LEFT, bottom), (_RIGHT, bottom)], "axis"))
        if self.rests_between is not None:
            start, end = map(self._x, self.rests_between)
            parts.insert(0, box(start, _TOP - 4, end - start, bottom - _TOP + 4, "span"))
        return "".join(parts)

    def _row(self, route: Route, number: int, middle: float) -> Iterator[str]:
        for stop in route.stops:
            for order_id in stop.order_ids:
                for start, end in self.spans.get(str(order_id), ()):
                    x = self._x(start)
                    yield box(x, middle - 20, self._x(end) - x, 31, "span")
                    yield text(x + 3, middle - 11, str(order_id), "small")
        if self.over_after is not None:
            over_at = route.trips[0].leave_at + self.over_after
            back_at = route.trips[-1].unloaded_at
            if back_at > over_at:
                x = self._x(over_at)
                yield box(x, middle + 11, self._x(back_at) - x, 4, "over")
        seq = 0
        for trip in route.trips:
            yield from self._drives(trip, number, middle)
            for stop in trip.stops:
                seq += 1
                yield from self._stop(stop, seq, number, middle)
            yield from self._unloading(trip, number, middle)
        for rest in route.breaks:
            start = self._x(rest.starts_at.astimezone(ZONE))
            end = self._x(rest.ends_at.astimezone(ZONE))
            yield box(start, middle - _BAR / 2, end - start, _BAR, "rest")
            if end - start > 34:
                yield text((start + end) / 2, middle + 4, "break", "on")

    def _drives(self, trip: Trip, number: int, middle: float) -> Iterator[str]:
        left = trip.leave_at
        for arrive_at, depart_at in [
            *((stop.arrive_at, stop.depart_at) for stop in trip.stops),
            (trip.back_at, trip.back_at),
        ]:
            yield line([(self._x(left), middle), (self._x(arrive_at), middle)], f"drive k{number}")
            left = depart_at

    def _stop(self, stop: Stop, seq: int, number: int, middle: float) -> Iterator[str]:
        ready = self._x(stop.arrive_at + timedelta(seconds=stop.setup_s))
        arrive, begin, depart = map(self._x, (stop.arrive_at, stop.begin_at, stop.depart_at))
        top = middle - _BAR / 2
        if begin - ready > 1:
            yield box(ready, top + 1, begin - ready, _BAR - 2, "wait")
        yield box(arrive, top, ready - arrive, _BAR, f"f{number} pale")
        yield box(begin, top, depart - begin, _BAR, f"f{number}")
        if depart - begin > 9:
            yield text((begin + depart) / 2, middle + 3.8, str(seq), "on")
        else:
            yield text((begin + depart) / 2, top - 3, str(seq), "small mid")
        for order_id in stop.order_ids:
            if str(order_id) in self.told:
                start, end = map(self._x, self.told[str(order_id)])
                level = top - 5 - 4 * (seq % 3)
                ends = [(start, level + 3), (start, level), (end, level), (end, level + 3)]
                yield line(ends, f"told k{number}")
        words = [self.words[str(each)] for each in stop.order_ids if str(each) in self.words]
        if words:
            yield text((begin + depart) / 2, middle + 22, ", ".join(words), "small mid halo")
        states = {self.states[str(each)] for each in stop.order_ids if str(each) in self.states}
        if states:
            yield text((begin + depart) / 2, middle + 36, ", ".join(states), "faint mid halo")

    def _unloading(self, trip: Trip, number: int, middle: float) -> Iterator[str]:
        back, docked, over = map(self._x, (trip.back_at, trip.docked_at, trip.unloaded_at))
        if docked - back > 0.5:
            yield box(back, middle - _BAR / 2 + 1, docked - back, _BAR - 2, "wait")
        if over - docked > 0.5:
            yield box(docked, middle - _BAR / 2, over - docked, _BAR, f"unload k{number}")
        if self.sorting:
            ready = self._x(trip.unloaded_at + self.sorting)
            yield line([(over, middle), (ready, middle)], f"sort k{number}")


def moment(told: datetime) -> str:
    return f"{told.astimezone(ZONE):%H:%M}"


def hours(seconds: int) -> str:
    return (
        f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"
        if seconds >= 3600
        else f"{seconds // 60} min"
    )
