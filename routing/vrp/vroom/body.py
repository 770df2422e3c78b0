"""A body in VROOM's JSON, read and checked: its words, our types. Times are the body's own seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from typing import ClassVar, Final

import numpy as np
from numpy.typing import NDArray

from routing.errors import RoutingError
from routing.places import Place
from routing.vrp.problem import Window

ALWAYS: Final = (Window(0, (1 << 32) - 1),)
"""The windows of what may begin at any time. VROOM's moments are unsigned numbers of 32 bits."""


class BodyRefused(RoutingError):
    """
    A body that says nothing, contradicts itself, or asks for what is not done here.

    `pointer` (RFC 6901) leads to the value; `did_you_mean` is the key that was probably meant.
    """

    code: ClassVar[str] = "body-refused"

    def __init__(self, pointer: str, why: str, did_you_mean: str | None = None) -> None:
        self.pointer, self.why, self.did_you_mean = pointer, why, did_you_mean
        super().__init__(f"{pointer or 'the body'}: {why}")


@unique
class Kind(StrEnum):
    """What a step of a route is."""

    START = "start"
    JOB = "job"
    PICKUP = "pickup"
    DELIVERY = "delivery"
    BREAK = "break"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where something is: a row of the body's matrices, a point, or both. `pointer` is where it stands."""

    index: int | None
    place: Place | None
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """
    A job, or one half of a shipment.

    `amount` on board grows by `pickup` and falls by `delivery`; what a job delivers is on board from the start.
    `partner` is the other half's number among the body's tasks; None for a job.
    """

    kind: Kind
    id: int
    location: Location
    setup_s: int
    service_s: int
    setup_s_by_type: Mapping[str, int]
    service_s_by_type: Mapping[str, int]
    delivery: tuple[int, ...]
    pickup: tuple[int, ...]
    skills: frozenset[int]
    priority: int
    windows: tuple[Window, ...]
    description: str
    partner: int | None
    pointer: str

    def setup_for_s(self, vehicle_type: str) -> int:
        """Seconds to get started at a new place, for vehicles of one type."""
        return self.setup_s_by_type.get(vehicle_type, self.setup_s)

    def service_for_s(self, vehicle_type: str) -> int:
        """Seconds of service by vehicles of one type."""
        return self.service_s_by_type.get(vehicle_type, self.service_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Break:
    """A break; `max_load` None where any load may be on board."""

    id: int
    windows: tuple[Window, ...]
    service_s: int
    description: str
    max_load: tuple[int, ...] | None
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a route that the body prescribes; `of` is the task's or break's number, None at the ends."""

    kind: Kind
    of: int | None
    at_s: int | None
    after_s: int | None
    before_s: int | None
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a vehicle costs, in the body's unit."""

    fixed: int = 0
    per_hour: int = 3_600
    per_task_hour: int = 0
    per_km: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """One vehicle; limits are None where there is none. Breaks are in the order in which they are taken."""

    id: int
    profile: str
    description: str
    start: Location | None
    end: Location | None
    capacity: tuple[int, ...]
    costs: Costs
    skills: frozenset[int]
    type: str
    window: Window
    breaks: tuple[Break, ...]
    speed_factor: float
    tasks_max: int | None
    travel_max_s: int | None
    distance_max_m: int | None
    steps: tuple[Step, ...]
    pointer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Custom matrices of one profile, int64 of shape (n, n); None where not given."""

    durations_s: NDArray[np.int64] | None = None
    distances_m: NDArray[np.int64] | None = None
    costs: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    What VROOM takes on its command line.

    `geometry` asks for lines and distances, `plan` for the moments of prescribed routes, `limit_s` is the
    search's time.
    """

    geometry: bool = False
    plan: bool = False
    limit_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What was asked. `tasks` are the jobs, then of each shipment its pickup and its delivery."""

    tasks: tuple[Task, ...]
    vehicles: tuple[Vehicle, ...]
    tables: Mapping[str, Tables] = field(default_factory=dict)
    options: Options = Options()

    @property
    def dimensions(self) -> int:
        """How many numbers an amount has."""
        return len(self.vehicles[0].capacity) if self.vehicles else 0

    @property
    def has_hours(self) -> bool:
        """Whether anybody must be somewhere at a certain time. Without, a break can be waited for anywhere."""
        return any(task.windows != ALWAYS for task in self.tasks) or any(
            vehicle.window != ALWAYS[0] for vehicle in self.vehicles
        )

    @property
    def has_clock(self) -> bool:
        """Whether any moment is stated. Without, VROOM counts every route from 0 on."""
        return self.has_hours or any(vehicle.breaks for vehicle in self.vehicles)
