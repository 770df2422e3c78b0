"""Which truck each halt of a route takes: of its alternatives the cheapest that its trip makes."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from dispatch.pickup_times import DAY_S
from dispatch.posing import Posed
from routing.vrp.cost import cost, over_s, route_cost
from routing.vrp.solution import Route, Solution, Trip

TRIED_MAX: Final = 200
"""Choices of trucks for the trips of one route, under a millisecond each. A dozen is usual. Chosen."""

Trips = Sequence[Sequence[int]]
"""The visits of each trip of a route, in order."""


class _Choice(NamedTuple):
    """Which visits a trip is then made of, and what their trucks cost."""

    cost: int
    visits: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trucks:
    """
    The alternatives by truck of each visit of a day.

    `ladders` hold for each visit those of the same orders at the same place and times, the earliest truck, which is
    the cheapest, first; the visit alone where its orders may take only one.
    """

    posed: Posed
    ladders: Sequence[Sequence[int]]

    @classmethod
    def of(cls, posed: Posed) -> Trucks:
        alike: dict[tuple[object, ...], list[int]] = {}
        keys: list[tuple[object, ...]] = []
        for number, halt in enumerate(posed.halts):
            place = (halt.visit.place, halt.walk_m, halt.visit.windows)
            group = halt.visit.group
            keys.append(("alone", number) if group is None else (group, *place))
            alike.setdefault(keys[-1], []).append(number)
        for ladder in alike.values():
            ladder.sort(key=lambda visit: _due_s(posed, visit))
        return cls(posed, [alike[key] for key in keys])

    def latest(self, visit: int) -> int:
        """The same halt for the last truck that its orders may take."""
        return self.ladders[visit][-1]

    def made(self, visit: int, ends_s: int) -> int:
        """The same halt for the first truck that a trip over at `ends_s` makes; the latest if it makes none."""
        ladder = self.ladders[visit]
        return next((each for each in ladder if ends_s <= _due_s(self.posed, each)), ladder[-1])

    def settled(self, route: Route) -> Route:
        """The same drive at the same moments, each halt for the truck that it then makes."""
        return replace(route, trips=tuple(map(self._settled, route.trips)))

    def best(self, trips: Trips, drive: Callable[[Trips], Route | None]) -> Route | None:
        """
        The cheapest route of these trips by `drive`, whatever trucks their visits stand for.

        None: even with the latest trucks there are no times. Exact unless TRIED_MAX choices do not suffice.
        """
        latest = [[self.latest(visit) for visit in trip] for trip in trips]
        unbound = drive(latest)
        if unbound is None:
            return None
        problem = self.posed.problem
        best = self.settled(unbound)
        best_cost = route_cost(problem, best)
        # No choice drives cheaper than the one that no earlier truck binds.
        driven = route_cost(problem, unbound) - sum(map(self._price, latest))
        for number, (trucks_cost, choice) in enumerate(self._choices(trips)):
            if number == TRIED_MAX or driven + trucks_cost >= best_cost:
                break
            route = drive(choice)
            if route is not None and (price := route_cost(problem, route)) < best_cost:
                best, best_cost = route, price
        return best

    def _settled(self, trip: Trip) -> Trip:
        ends_s = over_s(self.posed.problem, trip)
        halts = (
            halt if self._waits(halt.visit) else replace(halt, visit=self.made(halt.visit, ends_s))
            for halt in trip.visits
        )
        return replace(trip, visits=tuple(halts))

    def _waits(self, visit: int) -> bool:
        """Whether it takes the truck that it shares with others, though its trip may make an earlier one."""
        problem = self.posed.problem
        return any(problem.joints[each].one_due for each in problem.visits[visit].joints)

    def _choices(self, trips: Trips) -> Iterator[tuple[int, Trips]]:
        """Every choice of a truck for every trip, the cheapest first, with what the trucks cost."""
        options = [self._options(trip) for trip in trips]
        first = (0,) * len(options)
        heap = [(sum(each[0].cost for each in options), first)]
        seen = {first}
        while heap:
            total, picks = heapq.heappop(heap)
            picked = [each[pick] for each, pick in zip(options, picks, strict=True)]
            yield total, [each.visits for each in picked]
            for trip, pick in enumerate(picks):
                further = (*picks[:trip], pick + 1, *picks[trip + 1 :])
                if pick + 1 < len(options[trip]) and further not in seen:
                    seen.add(further)
                    dearer = options[trip][pick + 1].cost - options[trip][pick].cost
                    heapq.heappush(heap, (total + dearer, further))

    def _options(self, trip: Sequence[int]) -> list[_Choice]:
        """The trip for each truck that all on board may take, the cheapest first."""
        last_s = min(_due_s(self.posed, self.latest(visit)) for visit in trip)
        dues_s = {_due_s(self.posed, each) for visit in trip for each in self.ladders[visit]}
        made = {
            tuple(self.made(visit, due_s) for visit in trip) for due_s in dues_s if due_s <= last_s
        }
        return sorted(_Choice(self._price(visits), visits) for visits in made)

    def _price(self, visits: Sequence[int]) -> int:
        return sum(self.posed.problem.visits[visit].cost for visit in visits)


def settled(posed: Posed, solution: Solution) -> Solution:
    """The solution with each halt for the truck that its trip makes: never dearer."""
    trucks = Trucks.of(posed)
    routes = tuple(map(trucks.settled, solution.routes))
    return replace(solution, routes=routes, cost=cost(posed.problem, routes))


def _due_s(posed: Posed, visit: int) -> int:
    due_s = posed.problem.visits[visit].due_s
    return DAY_S if due_s is None else due_s
