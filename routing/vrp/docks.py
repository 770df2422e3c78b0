"""The queue for docks: when a vehicle that comes back begins to unload, given all who came before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from routing.vrp.cost import over_s
from routing.vrp.problem import Docks, Feature, Problem
from routing.vrp.solution import Route


class Line:
    """Those who unload at one depot, or will; to be joined in the order in which vehicles are back."""

    def __init__(self, docks: Docks) -> None:
        self._vehicles = docks.vehicles
        self._spans = sorted(docks.taken_s)

    def join(self, back_s: int, unload_s: int) -> int:
        """
        Begin to unload at the moment returned, the first from `back_s` on at which a dock is free for all of `unload_s`.

        What takes no time begins at once. O(n²) for n who are at a dock then or later.
        """
        if unload_s == 0:
            return back_s
        # Nobody comes before this one any more, so who has ended by now stands in nobody's way.
        self._spans = [span for span in self._spans if span[1] > back_s]
        begin_s = back_s
        while (busy_until_s := self._busy_until_s(begin_s, unload_s)) is not None:
            begin_s = busy_until_s
        self._spans.append((begin_s, begin_s + unload_s))
        return begin_s

    def _busy_until_s(self, begin_s: int, unload_s: int) -> int | None:
        """When, of those with whom it would be one too many, the first has ended; None: there is a dock."""
        end_s = begin_s + unload_s
        beside = sorted(span for span in self._spans if span[0] < end_s and span[1] > begin_s)
        at_once: list[int] = []
        for other_s, until_s in beside:
            at_once = [each for each in at_once if each > other_s]
            at_once.append(until_s)
            if len(at_once) >= self._vehicles:
                return min(at_once)
        return None


def may_queue(problem: Problem) -> bool:
    """Whether anybody could ever wait for a dock."""
    return {Feature.DOCKS, Feature.UNLOADING} <= problem.features


def relieved(problem: Problem, missed_s: Mapping[int, int], routes: Sequence[Route]) -> Problem:
    """
    The problem in which what was late for the queue is due so much earlier, `missed_s` for each visit.

    No earlier than `routes` need if they did not wait: so these can be driven in it, and a search that knows of no docks
    spreads the returns. Asked again, it goes on from there. Members of a joint that share a due moment keep it, and halves of
    pairs have none: others of their trip say when it is over.
    """
    needs_s = {
        halt.visit: over_s(problem, trip) - trip.dock_wait_s
        for route in routes
        for trip in route.trips
        for halt in trip.visits
    }
    latest_s = max(vehicle.shift.latest_s for vehicle in problem.vehicles)
    one_due = {number for number, joint in enumerate(problem.joints) if joint.one_due}
    paired = problem.paired
    visits = list(problem.visits)
    for number, early_s in missed_s.items():
        visit = visits[number]
        if number in paired or not one_due.isdisjoint(visit.joints):
            continue
        due_s = latest_s if visit.due_s is None else visit.due_s
        earlier_s = min(due_s, max(due_s - early_s, needs_s.get(number, 0)))
        visits[number] = replace(visit, due_s=earlier_s)
    return replace(problem, visits=tuple(visits))
