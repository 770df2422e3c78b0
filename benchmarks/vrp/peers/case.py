"""What the peers are given: an instance read once, by PyVRP's own reader and the package under it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyvrp
import vrplib
from numpy.typing import NDArray
from pyvrp.constants import MAX_VALUE

Route = tuple[int, list[list[int]]]
"""A vehicle's number in the file, from 0, and the places it serves, trip by trip."""


class CannotState(Exception):
    """The solver has no words for a rule of this instance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One run. `began_s` is when the parent started this process, on the clock of `time.monotonic`."""

    file: Path
    seed: int
    began_s: float
    budget_s: float

    def left_s(self) -> float:
        """What start, imports and reading have left of the budget."""
        return max(0.01, self.began_s + self.budget_s - time.monotonic())

    def since_s(self) -> float:
        return time.monotonic() - self.began_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    Routes, the cost that the solver itself states, and how its best cost fell.

    `trace` holds (seconds since the process was started, cost), empty where the solver tells nothing.
    """

    routes: list[Route]
    stated: int
    trace: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Vehicles that are alike, by their numbers in the file; `allowed` None: they serve every client."""

    vehicles: tuple[int, ...]
    capacity: int
    depot: int
    window: tuple[int, int]
    duration_max: int | None
    fixed_cost: int
    price: int
    reloads: bool
    allowed: frozenset[int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """All lists run over places: depots first, then clients. Numbers are scaled as PyVRP scales them."""

    matrix: NDArray[np.int32]
    depots: int
    demands: list[int]
    fleets: list[Fleet]
    timed: bool
    windows: list[tuple[int, int]] = field(default_factory=list)
    services: list[int] = field(default_factory=list)
    releases: list[int] = field(default_factory=list)
    prizes: list[int | None] = field(default_factory=list)
    groups: list[list[int]] = field(default_factory=list)

    @property
    def clients(self) -> range:
        return range(self.depots, len(self.matrix))

    def worthwhile(self, fleet: Fleet) -> tuple[int, ...]:
        """
        As many of these vehicles as a user would state, where only their capacity binds.

        HGS-CVRP's own rule (1.3 times what the load needs, and three). Mixed fleets name up to 5,000
        vehicles; VROOM and OR-Tools take each of them for itself.
        """
        if self.timed or self.groups:
            return fleet.vehicles
        needed = math.ceil(1.3 * sum(self.demands) / fleet.capacity) + 3
        return fleet.vehicles[:needed]

    def refuse(self, solver: str, **rules: bool) -> None:
        """Say of the rules that `solver` does not know which ones this instance has."""
        if had := [name.replace("_", " ") for name, present in rules.items() if present]:
            raise CannotState(f"{solver} has no words for {', '.join(had)}")

    @property
    def rules(self) -> dict[str, bool]:
        """The rules beyond a capacity, by the names that `refuse` prints."""
        fleets = self.fleets
        return {
            "time_windows": self.timed,
            "several_depots": self.depots > 1,
            "vehicles_of_several_kinds": len({(f.capacity, f.fixed_cost, f.price) for f in fleets})
            > 1,
            "several_trips": any(fleet.reloads for fleet in fleets),
            "clients_not_for_every_vehicle": any(fleet.allowed is not None for fleet in fleets),
            "a_limit_on_a_route's_duration": any(f.duration_max is not None for f in fleets),
            "prizes": any(prize is not None for prize in self.prizes),
            "alternative_places": bool(self.groups),
        }


def pyvrp_data(path: Path) -> pyvrp.ProblemData:
    """Tenths, cut, for sets with time windows; else whole numbers, rounded."""
    timed = "TIME_WINDOW_SECTION" in path.read_text()
    return pyvrp.read(path, "dimacs" if timed else "round")


def read(path: Path) -> Case:
    raw = vrplib.read_instance(path, compute_edge_weights=False)
    if "vehicles" in raw:
        return _rich(pyvrp_data(path), timed="time_window" in raw)
    return _plain(raw)


def _plain(raw: dict) -> Case:
    """
    A CVRP without PyVRP's matrices of 64 bits, which take 8 GB for 16,000 places.

    Peers that are no PyVRP should not pay for them.
    """
    points = np.asarray(raw["node_coord"], dtype=np.float64)
    matrix = np.empty((len(points), len(points)), dtype=np.int32)
    for row, point in enumerate(points):
        matrix[row] = np.rint(np.sqrt(((points - point) ** 2).sum(axis=1)))
    demands = [int(demand) for demand in raw["demand"]]
    fleet = Fleet(
        vehicles=tuple(range(len(points) - 1)),
        capacity=int(raw["capacity"]),
        depot=0,
        window=(0, 0),
        duration_max=None,
        fixed_cost=0,
        price=1,
        reloads=False,
        allowed=None,
    )
    return Case(matrix=matrix, depots=1, demands=demands, fleets=[fleet], timed=False)


def _rich(data: pyvrp.ProblemData, *, timed: bool) -> Case:
    depots, clients = data.num_depots, data.clients()
    # A vehicle's profile puts the clients that are not for it out of reach.
    matrices = [np.asarray(matrix) for matrix in data.distance_matrices()]
    fleets = []
    for kind in data.vehicle_types():
        reach = np.flatnonzero(matrices[kind.profile][kind.start_depot, depots:] < MAX_VALUE)
        late = kind.tw_late if timed else 0
        fleets.append(
            Fleet(
                vehicles=tuple(int(number) for number in kind.name.split(",")),
                capacity=kind.capacity[0],
                depot=kind.start_depot,
                window=(kind.tw_early, late),
                duration_max=kind.shift_duration
                if timed and kind.shift_duration < late - kind.tw_early
                else None,
                fixed_cost=kind.fixed_cost,
                price=kind.unit_distance_cost,
                reloads=bool(kind.reload_depots),
                allowed=None
                if len(reach) == len(clients)
                else frozenset((depots + reach).tolist()),
            )
        )
    window = fleets[0].window
    return Case(
        matrix=np.min(matrices, axis=0).astype(np.int32),
        depots=depots,
        demands=[0] * depots + [client.delivery[0] for client in clients],
        fleets=fleets,
        timed=timed,
        windows=[window] * depots + [(client.tw_early, client.tw_late) for client in clients],
        services=[0] * depots + [client.service_duration for client in clients],
        releases=[0] * depots + [client.release_time for client in clients],
        prizes=[None] * depots
        + [
            None if client.required or client.group is not None else client.prize
            for client in clients
        ],
        groups=[[depots + member for member in group.clients] for group in data.groups()],
    )
