"""Public instances in VRPLIB files: read under their set's convention, answers written as `.sol`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.matrix import Provenance, TravelMatrix
from routing.vrp.problem import MOMENT_MAX_S, Problem, Vehicle, Visit, Window
from routing.vrp.solution import Solution

_SECTIONS: Final = frozenset(
    {"NODE_COORD", "DEMAND", "DEPOT", "TIME_WINDOW", "SERVICE_TIME", "EDGE_WEIGHT"}
)
_FIELDS: Final = frozenset(
    {
        "NAME", "COMMENT", "TYPE", "DIMENSION", "VEHICLES", "CAPACITY", "SERVICE_TIME",
        "EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT", "NODE_COORD_TYPE",
    }
)  # fmt: skip
_END_S: Final = MOMENT_MAX_S - 1

Rows = Sequence[Sequence[float]]


class InstanceUnsupported(RoutingError):
    """A well-formed instance that asks for what this reader does not know."""

    code: ClassVar[str] = "instance-unsupported"

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(
            f"{path.name}: {what} is not supported: give a CVRP or VRPTW file with "
            "EUC_2D or a full EXPLICIT matrix"
        )


class InstanceUnreadable(RoutingError):
    """A file that is cut short or is no instance."""

    code: ClassVar[str] = "instance-unreadable"

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(f"{path.name}: {why}: fetch the file again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """
    A problem whose cost is the instance's own: rounded distances, or tenths for time windows.

    `clients` are the numbers that `.sol` files use for the problem's visits.
    """

    name: str
    problem: Problem
    clients: tuple[int, ...]


def read(path: Path) -> Instance:
    """
    Read a CVRP or VRPTW instance.

    Conventions (those of PyVRP's `read`): with time windows all numbers are multiplied by ten and
    cut ("dimacs"), otherwise distances are rounded. Seconds and metres are then the same number.

    Raises
    ------
    InstanceUnsupported
        A section, field or distance type that is not known.
    InstanceUnreadable
        Not a text, a section missing or cut short.
    """
    try:
        fields, sections = _parse(path)
        return _instance(path, fields, sections)
    except (ValueError, KeyError, IndexError, OSError) as error:
        raise InstanceUnreadable(path, f"it is cut short or damaged ({error})") from error


def to_sol(instance: Instance, solution: Solution) -> str:
    """The solution in `.sol` format: one line for each trip, then the cost in the problem's unit (tenths if timed)."""
    trips = [trip for route in solution.routes for trip in route.trips]
    lines = [
        f"Route #{number}: " + " ".join(str(instance.clients[halt.visit]) for halt in trip.visits)
        for number, trip in enumerate(trips, start=1)
    ]
    return "\n".join([*lines, f"Cost {solution.cost}", ""])


def _parse(path: Path) -> tuple[dict[str, str], dict[str, Rows]]:
    fields: dict[str, str] = {}
    sections: dict[str, list[list[float]]] = {}
    rows: list[list[float]] | None = None
    for line in path.read_text(encoding="utf-8").splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not name or name == "EOF":
            continue
        if colon:
            if name not in _FIELDS:
                raise InstanceUnsupported(path, f"field {name}")
            fields[name] = value.strip('"')
        elif name.endswith("_SECTION"):
            section = name.removesuffix("_SECTION")
            if section not in _SECTIONS:
                raise InstanceUnsupported(path, f"section {name}")
            rows = sections.setdefault(section, [])
        elif rows is None:
            raise InstanceUnreadable(path, f"{line!r} stands in no section")
        else:
            rows.append([float(word) for word in line.split()])
    return fields, dict(sections)


def _instance(path: Path, fields: Mapping[str, str], sections: Mapping[str, Rows]) -> Instance:
    count = int(fields["DIMENSION"])
    depots = [int(number) for row in sections["DEPOT"] for number in row]
    if not depots or depots[-1] != -1:
        raise ValueError("the depot section has no end")
    if len(depots) != 2:
        raise InstanceUnsupported(path, "more than one depot")
    depot = depots[0] - 1
    timed = "TIME_WINDOW" in sections
    scaled: Callable[[NDArray[np.float64]], NDArray[np.int64]] = _tenths if timed else _rounded

    lengths = scaled(_lengths(path, fields, sections, count)).astype(np.int32)
    loads = _by_number(sections["DEMAND"], count, 1).astype(np.int64)[:, 0]
    windows = np.tile(np.array([0, _END_S], dtype=np.int64), (count, 1))
    if timed:
        windows = scaled(_by_number(sections["TIME_WINDOW"], count, 2))
    services = np.full((count, 1), float(fields.get("SERVICE_TIME", 0)))
    services[depot] = 0
    if "SERVICE_TIME" in sections:
        services = _by_number(sections["SERVICE_TIME"], count, 1)
    services_s = scaled(services)[:, 0]

    clients = [number for number in range(count) if number != depot]
    vehicle = Vehicle(
        shift=Window(*(int(moment) for moment in windows[depot])),
        start_place=depot,
        end_place=depot,
        capacities=(int(fields["CAPACITY"]),),
        cost_per_m=1,
    )
    problem = Problem(
        matrices=(
            TravelMatrix(
                durations_s=lengths,
                distances_m=lengths,
                provenance=Provenance(network=path.name, profile="instance"),
            ),
        ),
        dimensions=("load",),
        visits=tuple(
            Visit(
                place=number,
                service_s=int(services_s[number]),
                loads=(int(loads[number]),),
                windows=(Window(*(int(at) for at in windows[number])),) if timed else (),
            )
            for number in clients
        ),
        vehicles=(vehicle,) * int(fields.get("VEHICLES", len(clients))),
    )
    return Instance(name=fields.get("NAME", path.stem), problem=problem, clients=tuple(clients))


def _lengths(
    path: Path, fields: Mapping[str, str], sections: Mapping[str, Rows], count: int
) -> NDArray[np.float64]:
    kind = fields["EDGE_WEIGHT_TYPE"]
    if kind == "EUC_2D":
        points = _by_number(sections["NODE_COORD"], count, 2)
        across = points[:, np.newaxis, :] - points[np.newaxis, :, :]
        return np.asarray(np.hypot(across[..., 0], across[..., 1]), dtype=np.float64)
    if kind == "EXPLICIT" and fields.get("EDGE_WEIGHT_FORMAT") == "FULL_MATRIX":
        flat = [number for row in sections["EDGE_WEIGHT"] for number in row]
        return np.array(flat, dtype=np.float64).reshape(count, count)
    raise InstanceUnsupported(path, f"EDGE_WEIGHT_TYPE {kind}")


def _by_number(rows: Rows, count: int, width: int) -> NDArray[np.float64]:
    """Shape (count, width): rows lead with their number, from 1, in order."""
    table = np.array(rows, dtype=np.float64)
    if table.shape != (count, width + 1):
        raise ValueError(f"{len(rows)} rows stand where {count} belong")
    if not (table[:, 0] == np.arange(1, count + 1)).all():
        raise ValueError("rows are not numbered in order")
    return table[:, 1:]


def _tenths(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    return (10 * numbers).astype(np.int64)


def _rounded(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint(numbers).astype(np.int64)
