"""Vehicles of a body: their limits, costs, breaks, and the routes that the body prescribes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from routing.vrp.vroom.body import ALWAYS, BodyRefused, Break, Costs, Kind, Step, Vehicle
from routing.vrp.vroom.nodes import ID_MAX, Node
from routing.vrp.vroom.values import (
    amount,
    limit,
    location,
    refuse_second,
    skills,
    text,
    whole,
    window,
    windows,
)

VEHICLE_KEYS: Final = (
    "id", "profile", "description", "start", "start_index", "end", "end_index", "capacity", "costs",
    "skills", "type", "time_window", "breaks", "speed_factor", "max_tasks", "max_travel_time",
    "max_distance", "steps",
)  # fmt: skip
_COSTS: Final = ("fixed", "per_hour", "per_task_hour", "per_km")
_BREAK: Final = ("id", "time_windows", "service", "description", "max_load")
_STEP: Final = ("type", "id", "service_at", "service_after", "service_before")

DEFAULT_PROFILE: Final = "car"
_SPEED_MAX: Final = 5.0


def read_vehicle(node: Node, size: int, numbers: Mapping[tuple[Kind, int], int]) -> Vehicle:
    node.known(VEHICLE_KEYS, "a vehicle")
    start, end = location(node, "start", "start_index"), location(node, "end", "end_index")
    if start is None and end is None:
        raise node.refused("give at least one of start, start_index, end and end_index")
    rests = list(node.at("breaks").items("`breaks`")) if node.has("breaks") else []
    breaks = tuple(_break(each, size) for each in rests)
    refuse_second(rests, "break")
    steps = list(node.at("steps").items("`steps`")) if node.has("steps") else []
    in_order = tuple(
        sorted(breaks, key=lambda each: (each.windows[0].earliest_s, each.windows[0].latest_s))
    )
    of_break = {rest.id: number for number, rest in enumerate(in_order)}
    return Vehicle(
        id=node.at("id").whole(ID_MAX),
        profile=text(node, "profile") or DEFAULT_PROFILE,
        description=text(node, "description"),
        start=start,
        end=end,
        capacity=amount(node, "capacity", size, default=0),
        costs=_costs(node),
        skills=skills(node),
        type=text(node, "type"),
        window=window(node.at("time_window")) if node.has("time_window") else ALWAYS[0],
        breaks=in_order,
        speed_factor=_speed(node),
        tasks_max=limit(node, "max_tasks"),
        travel_max_s=limit(node, "max_travel_time"),
        distance_max_m=limit(node, "max_distance"),
        steps=tuple(_step(each, numbers, of_break) for each in steps),
        pointer=node.pointer,
    )


def _costs(node: Node) -> Costs:
    if not node.has("costs"):
        return Costs()
    costs = node.at("costs").known(_COSTS, "`costs`")
    return Costs(**{key: costs.at(key).whole() for key in _COSTS if costs.has(key)})


def _break(node: Node, size: int) -> Break:
    node.known(_BREAK, "a break")
    return Break(
        id=node.at("id").whole(ID_MAX),
        windows=windows(node),
        service_s=whole(node, "service"),
        description=text(node, "description"),
        max_load=amount(node, "max_load", size) if node.has("max_load") else None,
        pointer=node.pointer,
    )


def _step(node: Node, numbers: Mapping[tuple[Kind, int], int], of_break: Mapping[int, int]) -> Step:
    node.known(_STEP, "a step")
    name = node.at("type")
    if name.text() not in list(Kind):
        raise name.refused(f"choose from {', '.join(Kind)}")
    kind, of = Kind(name.text()), None
    if kind not in {Kind.START, Kind.END}:
        number = node.at("id").whole(ID_MAX)
        of = of_break.get(number) if kind is Kind.BREAK else numbers.get((kind, number))
        if of is None:
            raise node.at("id").refused(f"there is no {kind} {number}")
    return Step(
        kind=kind,
        of=of,
        at_s=limit(node, "service_at"),
        after_s=limit(node, "service_after"),
        before_s=limit(node, "service_before"),
        pointer=node.pointer,
    )


def _speed(node: Node) -> float:
    if not node.has("speed_factor"):
        return 1.0
    factor = node.at("speed_factor").number()
    if not 0.0 < factor <= _SPEED_MAX:
        raise node.at("speed_factor").refused(f"{factor:g} must lie above 0 and not above 5")
    return factor


def refuse_planned_twice(vehicles: tuple[Vehicle, ...]) -> None:
    planned: dict[int, Step] = {}
    for vehicle in vehicles:
        rested: dict[int, Step] = {}
        for step in vehicle.steps:
            if step.of is None:
                continue
            seen = rested if step.kind is Kind.BREAK else planned
            first = seen.setdefault(step.of, step)
            if first is not step:
                raise BodyRefused(
                    step.pointer, f"this {step.kind} stands at {first.pointer} already"
                )
