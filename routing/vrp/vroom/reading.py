"""From bytes to a checked body. Every key of VROOM's API is known here, and no other is let through."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import msgspec

from routing.vrp.vroom.body import Body, BodyRefused, Kind, Options, Task
from routing.vrp.vroom.nodes import ID_MAX, Node
from routing.vrp.vroom.reading_tables import read_tables
from routing.vrp.vroom.reading_vehicles import VEHICLE_KEYS, read_vehicle, refuse_planned_twice
from routing.vrp.vroom.values import (
    amount,
    location,
    refuse_second,
    seconds_by_type,
    skills,
    text,
    whole,
    windows,
)

_BODY: Final = ("jobs", "shipments", "vehicles", "matrices", "matrix", "options")
_SPOT: Final = (
    "id", "description", "location", "location_index", "setup", "service", "setup_per_type",
    "service_per_type", "time_windows",
)  # fmt: skip
_JOB: Final = (*_SPOT, "amount", "delivery", "pickup", "skills", "priority")
_SHIPMENT: Final = ("pickup", "delivery", "amount", "skills", "priority")
_OPTIONS: Final = ("g", "c", "l", "t", "x")

_PRIORITY_MAX: Final = 100
_LIMIT_MAX_S: Final = 86_400.0
_THREADS_MAX: Final = 32
_EXPLORATION_MAX: Final = 5


def read(content: bytes | str) -> Body:
    """
    Read a body of VROOM's API.

    Raises
    ------
    BodyRefused
        The first thing that is wrong with it, and where that stands.
    """
    try:
        decoded = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError) as broken:
        raise BodyRefused("", f"this is no JSON: {broken}") from broken
    body = Node(decoded, "").known(_BODY, "a body")
    if body.has("matrices") and body.has("matrix"):
        raise body.at("matrix").refused("give `matrices` alone: `matrix` is their old name")
    nodes = list(body.at("vehicles").items("`vehicles`"))
    size = _amount_size(nodes)
    tasks = (*_jobs(body, size), *_shipments(body, size))
    tasks = _paired(tasks)
    numbers = {(task.kind, task.id): number for number, task in enumerate(tasks)}
    if len(numbers) < len(tasks):
        _refuse_twice(tasks)
    vehicles = tuple(read_vehicle(node, size, numbers) for node in nodes)
    refuse_second(nodes, "vehicle")
    refuse_planned_twice(vehicles)
    return Body(tasks=tasks, vehicles=vehicles, tables=read_tables(body), options=_options(body))


def _amount_size(nodes: list[Node]) -> int:
    """How many numbers an amount has: so many as the first vehicle's capacity."""
    first = next(iter(nodes), None)
    if first is None or not first.known(VEHICLE_KEYS, "a vehicle").has("capacity"):
        return 0
    return len(list(first.at("capacity").items("`capacity`")))


def _jobs(body: Node, size: int) -> list[Task]:
    jobs = []
    for node in body.at("jobs").items("`jobs`") if body.has("jobs") else ():
        node.known(_JOB, "a job")
        old = node.has("amount") and not node.has("delivery") and not node.has("pickup")
        jobs.append(
            _task(
                node,
                kind=Kind.JOB,
                delivery=amount(node, "amount" if old else "delivery", size),
                pickup=amount(node, "pickup", size),
                common=node,
            )
        )
    return jobs


def _shipments(body: Node, size: int) -> list[Task]:
    halves = []
    for node in body.at("shipments").items("`shipments`") if body.has("shipments") else ():
        node.known(_SHIPMENT, "a shipment")
        carried, nothing = amount(node, "amount", size), (0,) * size
        halves += [
            _task(
                node.at(kind).known(_SPOT, f"the {kind} of a shipment"),
                kind=kind,
                delivery=carried if kind is Kind.DELIVERY else nothing,
                pickup=carried if kind is Kind.PICKUP else nothing,
                common=node,
            )
            for kind in (Kind.PICKUP, Kind.DELIVERY)
        ]
    return halves


def _task(
    node: Node, *, kind: Kind, delivery: tuple[int, ...], pickup: tuple[int, ...], common: Node
) -> Task:
    """`common` has the keys that both halves of a shipment share; of a job it is the job."""
    where = location(node, "location", "location_index")
    if where is None:
        raise node.refused("`location` or `location_index` is missing")
    return Task(
        kind=kind,
        id=node.at("id").whole(ID_MAX),
        location=where,
        setup_s=whole(node, "setup"),
        service_s=whole(node, "service"),
        setup_s_by_type=seconds_by_type(node, "setup_per_type"),
        service_s_by_type=seconds_by_type(node, "service_per_type"),
        delivery=delivery,
        pickup=pickup,
        skills=skills(common),
        priority=whole(common, "priority", _PRIORITY_MAX),
        windows=windows(node),
        description=text(node, "description"),
        partner=None,
        pointer=node.pointer,
    )


def _paired(tasks: tuple[Task, ...]) -> tuple[Task, ...]:
    """The tasks with each half of a shipment knowing the other, which stands beside it."""
    beside = {Kind.PICKUP: 1, Kind.DELIVERY: -1}
    return tuple(
        task if task.kind is Kind.JOB else replace(task, partner=number + beside[task.kind])
        for number, task in enumerate(tasks)
    )


def _refuse_twice(tasks: tuple[Task, ...]) -> None:
    seen: dict[tuple[Kind, int], Task] = {}
    for task in tasks:
        first = seen.setdefault((task.kind, task.id), task)
        if first is not task:
            raise BodyRefused(
                f"{task.pointer}/id", f"{task.kind} {task.id} stands at {first.pointer} already"
            )


def _options(body: Node) -> Options:
    if not body.has("options"):
        return Options()
    node = body.at("options").known(_OPTIONS, "`options`")
    if node.has("t"):
        node.at("t").whole(_THREADS_MAX)
    if node.has("x"):
        node.at("x").whole(_EXPLORATION_MAX)
    limit_s = None
    if node.has("l"):
        limit_s = node.at("l").number()
        if not 0.0 <= limit_s <= _LIMIT_MAX_S:
            raise node.at("l").refused(f"{limit_s:g} must lie in 0…{_LIMIT_MAX_S:g} seconds")
    return Options(
        geometry=node.has("g") and node.at("g").flag(),
        plan=node.has("c") and node.at("c").flag(),
        limit_s=limit_s,
    )
