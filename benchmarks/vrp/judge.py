"""
Two judges of the same routes: ours, and PyVRP's own count. In a process of its own, out of any time.

    python benchmarks/vrp/judge.py INSTANCE ANSWERS

ANSWERS is a JSON list of what `run_one.py` wrote; a list of verdicts is printed, the instance's best
known cost with each. That is what its `.sol` file's routes cost here: the cost written beside them is
in another unit in three sets (HFVRP, MDVRPTW, SDVRPTW), and not rounded.
"""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyvrp
from peers.case import Route, pyvrp_data

from routing.errors import RoutingError
from routing.vrp import vrplib
from routing.vrp.check import check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route as OurRoute
from routing.vrp.solution import Solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`error` says how the judges and the solver disagree, or why the routes cannot be driven."""

    cost: int | None = None
    cost_pyvrp: int | None = None
    feasible: bool = False
    best_known: int | None = None
    error: str | None = None


class Ours:
    def __init__(self, file: Path) -> None:
        self.instance = vrplib.read(file)
        self.scheduler = Scheduler(self.instance.problem)

    def judge(self, routes: list[Route]) -> tuple[int, list[str]]:
        """The cost, and what is wrong."""
        problem = self.instance.problem
        visit_of = {client: visit for visit, client in enumerate(self.instance.clients)}
        driven: list[OurRoute] = []
        for vehicle, trips in sorted(routes):
            if not 0 <= vehicle < len(problem.vehicles):
                return 0, [f"vehicle {vehicle} is not in the instance"]
            if not {client for trip in trips for client in trip} <= visit_of.keys():
                return 0, [f"vehicle {vehicle} visits what is no client"]
            orders = [[visit_of[client] for client in trip] for trip in trips]
            route = self.scheduler.schedule(vehicle, orders)
            if route is None:
                return 0, [f"vehicle {vehicle} cannot drive its route"]
            driven.append(route)
        served = {halt.visit for route in driven for trip in route.trips for halt in trip.visits}
        solution = Solution(
            routes=tuple(driven),
            unserved=unserved_of(problem, served),
            cost=cost(problem, driven),
        )
        return solution.cost, [broken.message for broken in check(problem, solution)]


class PyVrp:
    def __init__(self, file: Path) -> None:
        self.data = data = pyvrp_data(file)
        self.kind_of = {
            int(vehicle): number
            for number, kind in enumerate(data.vehicle_types())
            for vehicle in kind.name.split(",")
        }
        self.evaluator = pyvrp.CostEvaluator([0] * data.num_load_dimensions, 0, 0)

    def judge(self, routes: list[Route]) -> tuple[int, bool]:
        """Distances at their prices, fixed costs, uncollected prizes; and whether it is feasible."""
        solution = pyvrp.Solution(
            self.data, [self._route(self.kind_of[vehicle], trips) for vehicle, trips in routes]
        )
        return int(self.evaluator.penalised_cost(solution)), solution.is_feasible()

    def _route(self, kind: int, trips: list[list[int]]) -> pyvrp.Route:
        return pyvrp.Route(self.data, list(self._steps(kind, trips)), kind)

    def _steps(self, kind: int, trips: list[list[int]]) -> Iterator[pyvrp.Activity]:
        depot = self.data.vehicle_type(kind).start_depot
        for number, trip in enumerate(trips):
            if number:
                yield pyvrp.Activity(pyvrp.ActivityType.DEPOT, depot)
            for client in trip:
                yield pyvrp.Activity(pyvrp.ActivityType.CLIENT, client - self.data.num_depots)

    def best_known(self, file: Path) -> int | None:
        if not file.exists():
            return None
        return int(self.evaluator.penalised_cost(pyvrp.read_solution(file, self.data)))


def judged(
    routes: list[Route], stated: int, ours: Ours, theirs: PyVrp, best: int | None
) -> Verdict:
    cost, wrong = ours.judge(routes)
    try:
        cost_pyvrp, feasible = theirs.judge(routes)
    except (RuntimeError, LookupError, TypeError, ValueError) as refusal:
        first = str(refusal).partition("\n")[0]
        error = f"PyVRP refuses: {first}; we say {wrong[:1]}"
        return Verdict(cost=cost, best_known=best, error=error)
    error = None
    if feasible == bool(wrong):
        error = f"the judges disagree: PyVRP says {feasible=}, we say {wrong[:2]}"
    elif wrong:
        error = f"infeasible: {wrong[0]}"
    elif not cost == cost_pyvrp == stated:
        error = f"costs disagree: {cost} by us, {cost_pyvrp} by PyVRP, {stated} stated"
    return Verdict(
        cost=cost,
        cost_pyvrp=cost_pyvrp,
        feasible=feasible and not wrong,
        best_known=best,
        error=error,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Judge routes twice.")
    parser.add_argument("instance", type=Path)
    parser.add_argument("answers", type=Path)
    args = parser.parse_args()
    logging.disable()
    try:
        ours = Ours(args.instance)
    except RoutingError as failure:
        raise SystemExit(f"{failure.code}: {failure}") from failure
    theirs = PyVrp(args.instance)
    best = theirs.best_known(args.instance.with_suffix(".sol"))
    verdicts = [
        judged(answer["routes"], answer["stated"], ours, theirs, best)
        if "routes" in answer
        else Verdict(best_known=best)
        for answer in json.loads(args.answers.read_text(encoding="utf-8"))
    ]
    print(json.dumps([asdict(verdict) for verdict in verdicts]))


if __name__ == "__main__":
    main()
