"""What a depot drives with: vehicle models, couriers, shifts, breaks and departures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import NewType
from zoneinfo import ZoneInfo

from dispatch.days import DepotId
from routing.places import Place

CourierId = NewType("CourierId", str)
VehicleModelId = NewType("VehicleModelId", str)
SwapId = NewType("SwapId", str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Depot:
    """
    A township depot 乡镇网点.

    departures
        Local times at which the line-haul truck leaves, sorted; the last is the day's cut-off.
    service_per_stop_s, service_per_piece_s
        How long a stop takes: park and find the door once, then scan and load each piece. Defaults
        are chosen, not measured.
    turnaround_s
        Time at the depot between two trips, after unloading. Default chosen, not measured.
    unload_per_piece_s
        How long unloading each piece takes at the end of a trip, which is over only then.
    docks
        How many couriers can unload at the same time: who comes back while all docks are busy waits, the first to come
        first. None: as many as come.
    sorting_s
        From unloaded to ready for the truck.
    missed_cut_off_cost_fen
        Price of each departure by which an order leaves later than its own cut-off asked, where it states
        none itself. None, or a price of `unserved_cost_fen` and more: it may not.
    unserved_cost_fen
        Price of leaving one order out: far above any detour, so that leaving out is a last resort.
    strange_village_cost_fen
        Price of a stop in a village that some couriers know, by one who does not. Default chosen.
    reassign_cost_fen
        Price of each order that goes over to another courier than the plan in force says. Default chosen.
    promise_early_s, promise_late_s
        A household is told that its pickup begins at most so long before and after the planned moment.
        Defaults chosen: an hour in all, which is what couriers promise today.
    announce_ahead_s
        Households are told as soon as their pickup is nearer than this; None: when the plan is published.
    lock_ahead_s
        A stop that begins within this moves no more. Default chosen.
    slack_s
        So much time plans keep before a truck leaves, a window closes or a time promised is over, where they can: a drive
        takes minutes more than planned. Default chosen.
    look_back_days
        Plans keep room and time for orders that may still come, as they came on so many days before; 0: for none.
    late_cost_per_hour_fen
        Price of each order for each hour after the time promised, where it cannot be kept. Default chosen:
        so far above a courier's hour that the least lateness is looked for.
    walk_cost_per_km_fen
        What it is worth, for each order, that its household need not bring it a kilometre to a
        point. Default chosen: 500 m then weigh as much as 2½ minutes of a courier at 25 yuan an hour.
    walk_max_m
        A household farther from a point on foot is not asked. Default chosen: some twenty minutes.
    window_early_fen_per_minute, window_late_fen_per_minute, window_missed_max_s
        What each minute costs by which a pickup begins before or after an order's windows, and how many
        seconds that may be; None: on that side windows are hard. Default chosen.
    cold_factor
        What a charge is worth today, of what vehicle models state: a cold battery goes less far.
    overtime_after_s, overtime_cost_per_hour_fen
        What a courier's hour costs besides from so many seconds of a shift on; at the mean of all
        couriers' hours it shares work evenly. None: no second is overtime.
    """

    depot_id: DepotId
    name: str
    place: Place
    time_zone: str = "Asia/Shanghai"
    departures: tuple[time, ...] = (time(18, 30),)
    service_per_stop_s: int = 90
    service_per_piece_s: int = 15
    turnaround_s: int = 600
    unload_per_piece_s: int = 0
    docks: int | None = None
    sorting_s: int = 0
    missed_cut_off_cost_fen: int | None = None
    unserved_cost_fen: int = 50_000
    strange_village_cost_fen: int = 300
    reassign_cost_fen: int = 1_000
    promise_early_s: int = 900
    promise_late_s: int = 2_700
    announce_ahead_s: int | None = None
    lock_ahead_s: int = 600
    slack_s: int = 600
    look_back_days: int = 0
    late_cost_per_hour_fen: int = 6_000
    window_early_fen_per_minute: int | None = None
    window_late_fen_per_minute: int | None = None
    window_missed_max_s: int = 1_800
    walk_cost_per_km_fen: int = 200
    walk_max_m: int = 1_500
    overtime_after_s: int | None = None
    overtime_cost_per_hour_fen: int = 0
    cold_factor: float = 1.0

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleModel:
    """
    A kind of vehicle; `profile` names how it travels (trike, van, truck, foot).

    None as a capacity or range: no limit. `range_m` is what a full charge is good for in mild weather. `trips_max` is how often it may return to unload.
    """

    model_id: VehicleModelId
    profile: str
    name: str = ""
    capacity_weight_g: int | None = None
    capacity_volume_ml: int | None = None
    capacity_pieces: int | None = None
    range_m: int | None = None
    trips_max: int = 1
    fixed_cost_fen: int = 0
    cost_per_km_fen: int = 0
    cost_per_hour_fen: int = 0

    @property
    def capacities(self) -> tuple[int | None, ...]:
        """Grams, millilitres and pieces, as loads are stated everywhere."""
        return (self.capacity_weight_g, self.capacity_volume_ml, self.capacity_pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapPlace:
    """
    Where vehicles can have their full range again: a charged battery lies there, or a charger stands there.

    takes_s
        However far they have driven.
    charged_m_per_minute
        Besides, a minute for each so many metres driven since the last swap; None: a battery is changed.
    model_ids
        Whose vehicles; (): all that have a range.
    """

    swap_id: SwapId
    place: Place
    name: str = ""
    takes_s: int = 0
    charged_m_per_minute: int | None = None
    model_ids: tuple[VehicleModelId, ...] = ()


@dataclass(frozen=True, slots=True)
class BreakRule:
    """A rest that begins between two local times."""

    earliest: time
    latest: time
    duration_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """
    A courier 揽件员 with one vehicle for one shift; skills are handling words.

    `villages` are those that the courier knows: the territory 片区. Who knows none is at home in none. `ahead_s` is
    how much longer than the others the courier has worked on past days, or less: overtime begins so much earlier.
    """

    courier_id: CourierId
    name: str
    model_id: VehicleModelId
    shift_starts: time
    shift_ends: time
    phone: str = ""
    breaks: tuple[BreakRule, ...] = ()
    skills: frozenset[str] = frozenset()
    villages: frozenset[str] = frozenset()
    ahead_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    depot: Depot
    models: Mapping[VehicleModelId, VehicleModel] = field(default_factory=dict)
    couriers: Mapping[CourierId, Courier] = field(default_factory=dict)
    swaps: tuple[SwapPlace, ...] = ()

    def range_m(self, model_id: VehicleModelId) -> int | None:
        """How far a vehicle goes today between two swaps, rounded down; None: there is no limit."""
        range_m = self.models[model_id].range_m
        return None if range_m is None else int(range_m * self.depot.cold_factor)

    def swaps_of(self, model_id: VehicleModelId) -> tuple[int, ...]:
        """Which of the swaps (indices) a vehicle of this model uses: none without a range."""
        if self.models[model_id].range_m is None:
            return ()
        return tuple(
            number
            for number, each in enumerate(self.swaps)
            if not each.model_ids or model_id in each.model_ids
        )

    def overtime_after_s(self, courier: Courier) -> int | None:
        """From how many seconds of the shift on this courier's hours are overtime; None: never."""
        after_s = self.depot.overtime_after_s
        return None if after_s is None else max(0, after_s - courier.ahead_s)
