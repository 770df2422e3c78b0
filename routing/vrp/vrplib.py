"""Public instances in VRPLIB form, read as PyVRP reads them, and their solution files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import Provenance, TravelMatrix
from routing.vrp.limits import MOMENT_MAX_S, TOTAL_MAX
from routing.vrp.problem import Problem, Vehicle, Visit, Window
from routing.vrp.solution import Solution
from routing.vrp.vrplib_file import (
    InstanceUnreadable,
    InstanceUnsupported,
    Scale,
    VrplibFile,
    parse,
)

_DAY: Final = Window(0, MOMENT_MAX_S - 1)


class SolFileRefused(RoutingError):
    """A solution file that does not belong to the instance."""

    code: ClassVar[str] = "sol-file-refused"

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path.name}: {why}: give the solution of this very instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """
    A problem whose cost is the instance's own, as PyVRP counts it.

    That is: distance at the vehicles' prices, fixed costs, and the prizes not collected; rounded
    numbers, or with time windows tenths, cut. Places of the matrix are the file's, from 0.

    `clients` are the numbers that `.sol` files use for the problem's visits; below them are depots.
    """

    name: str
    problem: Problem
    clients: tuple[int, ...]


def read(path: Path) -> Instance:
    """
    Read an instance.

    Conventions (those of PyVRP 0.14's `read`): with time windows every number but prices per
    distance is multiplied by ten and cut ("dimacs"), else rounded. Seconds and metres are then the
    same number. A visit without a prize must be made, of a group exactly one. Without VEHICLES there are enough.

    Raises
    ------
    InstanceUnsupported
        A section, field or distance type that is not known.
    InstanceUnreadable
        Not a text, a section missing, misshapen or cut short.
    ProblemRefused
        Numbers that contradict themselves: negative loads, windows that end before they start.
    """
    file = parse(path)
    count, depots = file.count("DIMENSION"), file.depots()
    if depots > count:
        raise InstanceUnreadable(path, f"it has {depots} depots among {count} places")
    scaled: Scale = _tenths if "TIME_WINDOW" in file.sections else _rounded
    lengths = file.lengths(count, scaled)
    visits = tuple(_visits(file, count, depots, scaled))
    width = len(visits[0].loads) if visits else 1
    problem = Problem(
        matrices=(
            TravelMatrix(
                durations_s=lengths,
                distances_m=lengths,
                provenance=Provenance(network=path.name, profile="instance"),
            ),
        ),
        dimensions=("load", *(f"load {number}" for number in range(2, width + 1))),
        visits=visits,
        vehicles=tuple(_vehicles(file, visits, depots, scaled)),
    )
    return Instance(
        name=file.fields.get("NAME", path.stem),
        problem=problem,
        clients=tuple(range(depots, count)),
    )


def to_sol(instance: Instance, solution: Solution) -> str:
    """
    The solution in `.sol` format: one line for each route, then the cost.

    Where vehicles differ, line k is vehicle k's, empty if it stays; a depot's number parts trips.
    """
    vehicles = instance.problem.vehicles
    driven = {
        route.vehicle: f" {vehicles[route.vehicle].start_place} ".join(
            " ".join(str(instance.clients[halt.visit]) for halt in trip.visits)
            for trip in route.trips
        )
        for route in solution.routes
    }
    lines = list(driven.values())
    if len(set(vehicles)) > 1:
        lines = [driven.get(number, "") for number in range(max(driven, default=-1) + 1)]
    routes = [f"Route #{number}: {line}".rstrip() for number, line in enumerate(lines, start=1)]
    return "\n".join([*routes, f"Cost {solution.cost}", ""])


def read_sol(path: Path, instance: Instance) -> dict[int, tuple[tuple[int, ...], ...]]:
    """
    Read a `.sol` file: for each used vehicle its visits, trip by trip.

    Raises
    ------
    SolFileRefused
        No solution file, or one of another instance.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SolFileRefused(path, f"it cannot be read ({error})") from error
    lines = [line for line in text.splitlines() if line.startswith("Route")]
    if not lines:
        raise SolFileRefused(path, "it has no routes")
    if len(lines) > len(instance.problem.vehicles):
        raise SolFileRefused(path, f"it has {len(lines)} routes, more than there are vehicles")
    visit_of = {client: visit for visit, client in enumerate(instance.clients)}
    first = min(instance.clients, default=0)
    orders: dict[int, tuple[tuple[int, ...], ...]] = {}
    for vehicle, line in enumerate(lines):
        trips: list[list[int]] = [[]]
        for word in line.partition(":")[2].split():
            if not word.isdecimal() or (int(word) >= first and int(word) not in visit_of):
                raise SolFileRefused(path, f"{word} is no client of the instance")
            if int(word) < first:
                trips.append([])
            else:
                trips[-1].append(visit_of[int(word)])
        if any(trips):
            orders[vehicle] = tuple(tuple(trip) for trip in trips if trip)
    return orders


def _visits(file: VrplibFile, count: int, depots: int, scaled: Scale) -> Iterator[Visit]:
    loads = np.zeros((count, 1), dtype=np.int64)
    if "DEMAND" in file.sections:
        loads = scaled(file.table("DEMAND", count))
    windows = scaled(_windows(file, count))
    services_s = scaled(file.column("SERVICE_TIME", count, 0))
    releases_s = scaled(file.column("RELEASE_TIME", count, 0))
    prizes = scaled(file.column("PRIZE", count, 0))
    groups = _groups(file, count, depots)
    skills = _skills(file, count, depots)
    for number in range(depots, count):
        group, prize = groups.get(number), int(prizes[number])
        required = prize == 0 or group is not None
        yield Visit(
            place=number,
            service_s=int(services_s[number]),
            loads=tuple(int(load) for load in loads[number]),
            windows=() if windows.size == 0 else (_window(windows[number]),),
            release_s=int(releases_s[number]),
            skills=skills.get(number, frozenset()),
            group=group,
            unserved_cost=None if required else prize,
        )


def _vehicles(
    file: VrplibFile, visits: tuple[Visit, ...], depots: int, scaled: Scale
) -> Iterator[Vehicle]:
    count, places = _fleet(file, visits, scaled), depots + len(visits)
    width = len(visits[0].loads) if visits else 1
    capacities = np.full((count, width), TOTAL_MAX - 1, dtype=np.int64)
    if "CAPACITY" in file.sections:
        capacities = scaled(file.table("CAPACITY", count))
    elif "CAPACITY" in file.fields:
        capacities = np.repeat(scaled(file.column("CAPACITY", count, 0))[:, np.newaxis], width, 1)
    windows = scaled(_windows(file, places))
    homes = _whole(file, file.column("VEHICLES_DEPOT", count, 1), "VEHICLES_DEPOT") - 1
    if len(homes) and not (homes.min() >= 0 and homes.max() < depots):
        raise InstanceUnreadable(file.path, "a vehicle stands at a depot that is none")
    unit = "VEHICLES_UNIT_DISTANCE_COST"
    prices = _whole(file, file.column(unit, count, 1), unit)
    fixed_costs = scaled(file.column("VEHICLES_FIXED_COST", count, 0))
    ranges_m = _limits(file, "VEHICLES_MAX_DISTANCE", count, scaled)
    durations_s = _limits(file, "VEHICLES_MAX_DURATION", count, scaled)
    trips = _trips(file, count, homes, len(visits))
    skills = _skills_of_vehicles(file, count, depots + len(visits), depots)
    for number in range(count):
        home = int(homes[number])
        yield Vehicle(
            shift=_DAY if windows.size == 0 else _window(windows[home]),
            start_place=home,
            end_place=home,
            capacities=tuple(int(capacity) for capacity in capacities[number]),
            range_m=None if ranges_m is None else int(ranges_m[number]),
            duration_limit_s=None if durations_s is None else int(durations_s[number]),
            skills=skills.get(number, frozenset()),
            trips_max=trips[number],
            fixed_cost=int(fixed_costs[number]),
            cost_per_m=int(prices[number]),
        )


def _fleet(file: VrplibFile, visits: tuple[Visit, ...], scaled: Scale) -> int:
    """
    The number of vehicles; without VEHICLES so many that more would not help.

    Where only a capacity binds and the plane's triangle inequality holds, two routes that fit into
    one vehicle are better driven as one. So no two are, and at most one is half empty.
    """
    if "VEHICLES" in file.fields:
        return file.count("VEHICLES")
    only_capacity = {"NODE_COORD", "DEMAND", "DEPOT"} == set(file.sections)
    if not only_capacity or "CAPACITY" not in file.fields:
        return len(visits)
    capacity = max(1, int(scaled(file.column("CAPACITY", 1, 0))[0]))
    total = sum(visit.loads[0] for visit in visits)
    return min(len(visits), 2 * total // capacity + 1)


def _windows(file: VrplibFile, count: int) -> NDArray[np.float64]:
    """Shape (count, 2), or no rows in a file without windows."""
    if "TIME_WINDOW" not in file.sections:
        return np.empty((0, 2))
    windows = file.table("TIME_WINDOW", count)
    if windows.shape != (count, 2):
        raise InstanceUnreadable(file.path, "TIME_WINDOW needs two numbers in a row")
    return windows


def _window(row: NDArray[np.int64]) -> Window:
    return Window(int(row[0]), int(row[1]))


def _limits(file: VrplibFile, name: str, count: int, scaled: Scale) -> NDArray[np.int64] | None:
    """A limit for each vehicle, or None where the file has none."""
    if name not in file.sections and name not in file.fields:
        return None
    return scaled(file.column(name, count, 0))


def _trips(file: VrplibFile, count: int, homes: NDArray[np.int64], visits: int) -> list[int]:
    """How often each vehicle may leave: once, or if it may reload so often as the file says."""
    if "VEHICLES_RELOAD_DEPOT" not in file.sections:
        return [1] * count
    most = file.column("VEHICLES_MAX_RELOADS", count, visits)
    reloads = file.lists("VEHICLES_RELOAD_DEPOT", count)
    for home, row in zip(homes, reloads, strict=True):
        if any(depot - 1 != home for depot in row):
            raise InstanceUnsupported(file.path, "a reload at another depot than the vehicle's own")
    return [
        1 + int(min(more, visits)) if row else 1 for more, row in zip(most, reloads, strict=True)
    ]


def _groups(file: VrplibFile, count: int, depots: int) -> dict[int, int]:
    """The group of each place that has alternatives."""
    if "MUTUALLY_EXCLUSIVE_GROUP" not in file.sections:
        return {}
    groups: dict[int, int] = {}
    for number, row in enumerate(file.lists("MUTUALLY_EXCLUSIVE_GROUP")):
        for place in _places(file, row, count, depots):
            if place in groups:
                raise InstanceUnreadable(file.path, f"client {place + 1} stands in two groups")
            if len(row) > 1:
                groups[place] = number
    return groups


def _allowed(file: VrplibFile, count: int, depots: int) -> Mapping[int, frozenset[int]]:
    """For each place the vehicles that may make it; empty if the file does not say."""
    if "VEHICLES_ALLOWED_CLIENTS" not in file.sections:
        return {}
    vehicles: dict[int, set[int]] = {place: set() for place in range(depots, count)}
    rows = file.lists("VEHICLES_ALLOWED_CLIENTS", file.count("VEHICLES"))
    for vehicle, row in enumerate(rows):
        for place in _places(file, row, count, depots):
            vehicles[place].add(vehicle)
    return {place: frozenset(able) for place, able in vehicles.items()}


def _skill(able: frozenset[int]) -> str:
    """One skill for all clients that the same vehicles may make."""
    return "vehicles " + ",".join(str(vehicle + 1) for vehicle in sorted(able))


def _skills(file: VrplibFile, count: int, depots: int) -> dict[int, frozenset[str]]:
    allowed = _allowed(file, count, depots)
    return {place: frozenset({_skill(able)}) for place, able in allowed.items()}


def _skills_of_vehicles(
    file: VrplibFile, vehicles: int, count: int, depots: int
) -> dict[int, frozenset[str]]:
    sets = set(_allowed(file, count, depots).values())
    return {
        vehicle: frozenset(_skill(able) for able in sets if vehicle in able)
        for vehicle in range(vehicles)
    }


def _places(file: VrplibFile, row: list[float], count: int, depots: int) -> list[int]:
    """Numbers of clients in the file as places."""
    places = [int(number) - 1 for number in row]
    for place in places:
        if not depots <= place < count:
            raise InstanceUnreadable(file.path, f"{place + 1} is no client")
    return places


def _whole(file: VrplibFile, numbers: NDArray[np.float64], name: str) -> NDArray[np.int64]:
    whole = numbers.astype(np.int64)
    if (whole != numbers).any():
        raise InstanceUnsupported(file.path, f"{name} with fractions")
    return whole


def _tenths(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    return (10 * numbers).astype(np.int64)


def _rounded(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(numbers).astype(np.int64)
