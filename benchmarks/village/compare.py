"""
Village days with several trips, three departures, points, joint orders and breaks: our search beside peers that are told less.

    ../peers/bin/python benchmarks/village/compare.py --orders 300 --budget 10 --seeds 1 2
    ../peers/bin/python benchmarks/village/compare.py --orders 3000 --budget 30
    ../peers/bin/python benchmarks/village/compare.py --orders 20000 --budget 120 --solvers ours

Days are drawn (`days.py`) and posed by `dispatch`; everyone gets the posed problem, two cores and the same
seconds, which for peers begin with their own model. A solver of one thread runs as two processes with a seed each, one
told every place and truck of an order, the other only the first; the better counts. What each peer is not told stands at the top of its file, and none can state a joint order: no peer states the whole day. So every
answer is made honest by us: each route is driven by our schedule with the trucks with which it is cheapest; where there
are no times, its last halts are left out until there are; joint orders that are torn are mended as our own search mends them; and what is left out is priced. `cost_yuan` is that of the
routes and of what is left out, by `routing.vrp.cost`; the judge has passed each.

One JSON line for each run: `missed` are orders that leave later than with the truck that they ask for; `left_out` and `dropped` are halts, dropped ones those left out only to make the answer honest. `first_s` is when ours had its
first plan, loading of compiled loops included.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from days import drawn
from statement import CannotState, Orders, Statement, on_disk

from dispatch.halts import MILLIFEN
from dispatch.posing import Posed, pose
from dispatch.trucks import Trucks
from routing.vrp.check import check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.finish import orders_of
from routing.vrp.mending import Mender
from routing.vrp.packed import pack
from routing.vrp.problem import Problem
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Route, Solution
from routing.vrp.solve import solve

SOLVERS: Final = ("ours", "pyvrp", "vroom", "ortools")
FURTHER_SEED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver drives, and after how many seconds it had the first plan, where it says so."""

    orders: Orders
    first_s: float | None = None


def answered(solver: str, told: Statement) -> Answer | str:
    """A solver's answer; or why it cannot state the day."""
    if solver == "ours":
        steps: list[float] = []
        solution = solve(
            told.problem,
            budget_s=told.budget_s,
            seed=told.seed,
            on_progress=lambda step: steps.append(step.seconds),
        )
        trips = {
            number: [list(trip) for trip in trips] for number, trips in orders_of(solution).items()
        }
        return Answer(trips, round(steps[0], 2) if steps else None)
    try:
        return Answer(import_module(f"by_{solver}").answer(told))
    except CannotState as why:
        return str(why)


def honest(posed: Posed, orders: Orders) -> tuple[Solution, int]:
    """The answer as it can really be driven, and how many halts had to be left out for that."""
    trucks, scheduler = Trucks.of(posed), Scheduler(posed.problem)
    apart = replace(
        posed.problem,
        joints=(),
        visits=tuple(replace(each, joints=()) for each in posed.problem.visits),
    )

    def driven(number: int, halts: int) -> Route | None:
        """The vehicle's first halts, if they can be driven."""
        trips = list(_first(orders[number], halts))
        if len(trips) > posed.problem.vehicles[number].trips_max:
            return None
        route = trucks.best(trips, lambda chosen: scheduler.schedule(number, chosen))
        return None if route is None or _broken(apart, route) else route

    routes: list[Route] = []
    dropped = 0
    for number in sorted(orders):
        total = halts = sum(map(len, orders[number]))
        route = driven(number, total) if total else None
        if route is None:
            # Whoever drives some halts in time drives fewer in time, too.
            halts = bisect_left(range(total), True, key=lambda n: driven(number, n + 1) is None)
            route = driven(number, halts) if halts else None
        dropped += total - halts
        if route is not None:
            routes.append(route)
    if posed.problem.joints:
        routes = _joined(posed.problem, routes, scheduler)
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    solution = Solution(
        routes=tuple(routes),
        unserved=unserved_of(posed.problem, served),
        cost=cost(posed.problem, routes),
    )
    wrong = check(posed.problem, solution)
    assert not wrong, wrong[0].message
    return solution, dropped


def _first(trips: Sequence[Sequence[int]], halts: int) -> Iterator[list[int]]:
    for trip in trips:
        if trip and halts > 0:
            yield list(trip[:halts])
        halts -= len(trip)


def _joined(problem: Problem, routes: Sequence[Route], scheduler: Scheduler) -> list[Route]:
    """The routes with torn joint orders put together, or left out."""
    orders = {
        route.vehicle: tuple(tuple(halt.visit for halt in trip.visits) for trip in route.trips)
        for route in routes
    }
    mended = Mender(problem, pack(problem), scheduler).mended(orders)
    assert mended is not None, "nothing in these days is required"
    driven = [scheduler.schedule(number, trips) for number, trips in mended.items() if any(trips)]
    return [route for route in driven if route is not None]


def _broken(problem: Problem, route: Route) -> bool:
    """Whether the route breaks a rule that schedules do not look at: loads, skills, range."""
    made = {halt.visit for trip in route.trips for halt in trip.visits}
    alone = Solution(
        routes=(route,), unserved=unserved_of(problem, made), cost=cost(problem, [route])
    )
    return bool(check(problem, alone))


def _missed(posed: Posed, solution: Solution) -> int:
    """Orders that are picked up, but too late for the truck that they ask for."""
    trucks = Trucks.of(posed)
    return sum(
        len(posed.halts[halt.visit].orders)
        for route in solution.routes
        for trip in route.trips
        for halt in trip.visits
        if halt.visit != trucks.made(halt.visit, 0)
    )


def run(solver: str, posed: Posed, budget_s: float, seed: int) -> dict[str, Any]:
    threads = 2 if solver == "ours" else import_module(f"by_{solver}").THREADS
    seeds = [seed] if threads == 2 else [seed, seed + FURTHER_SEED]
    told = [
        Statement(posed.problem, budget_s, each, simply=number == 1)
        for number, each in enumerate(seeds)
    ]
    began_s = time.perf_counter()
    # Fresh processes: OR-Tools holds the lock of the interpreter, and memory is measured by whoever wants it.
    with ProcessPoolExecutor(len(told), mp_context=get_context("spawn")) as pool:
        answers = list(pool.map(answered, [solver] * len(told), told))
    wall_s = round(time.perf_counter() - began_s, 1)
    stated = [each for each in answers if not isinstance(each, str)]
    if not stated:
        return {"refused": answers[0], "wall_s": wall_s}
    solution, dropped = min(
        (honest(posed, each.orders) for each in stated), key=lambda each: each[0].cost
    )
    halts = {posed.halts[visit].orders for visit in solution.unserved}
    return {
        "wall_s": wall_s,
        "cost_yuan": round(solution.cost / MILLIFEN / 100, 2),
        "routes": len(solution.routes),
        "left_out": len(halts),
        "missed": _missed(posed, solution),
        "dropped": dropped,
        "first_s": stated[0].first_s,
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--budget", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--solvers", nargs="+", choices=SOLVERS, default=SOLVERS)
    options = parser.parse_args(arguments)
    for seed in options.seeds:
        with tempfile.TemporaryDirectory() as folder:
            compare_on(options, seed, Path(folder))


def compare_on(options: argparse.Namespace, seed: int, folder: Path) -> None:
    """One day, every solver in turn; the matrices lie in the folder meanwhile."""
    inputs, network = drawn(options.orders, seed)
    posed = pose(inputs, network)
    posed = replace(posed, problem=on_disk(posed.problem, folder))
    day = {
        "orders": len(inputs.orders),
        "couriers": len(inputs.fleet.couriers),
        "halts": len({halt.orders for halt in posed.halts}),
        "visits": len(posed.halts),
        "budget_s": options.budget,
        "seed": seed,
    }
    for solver in options.solvers:
        told = {**day, "solver": solver, **run(solver, posed, options.budget, seed)}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
