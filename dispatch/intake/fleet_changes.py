"""A fleet changed for a what-if: couriers come, go and change, trucks leave at other times."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from dispatch.errors import meant
from dispatch.fleet import Courier, CourierId, Fleet
from dispatch.intake.fleet import StatedCourier, clashes_of, courier_of
from dispatch.intake.problems import FleetProblem


def change_fleet(
    fleet: Fleet,
    *,
    remove: Sequence[str] = (),
    add: Sequence[Mapping[str, Any]] = (),
    change: Sequence[Mapping[str, Any]] = (),
    departures: Sequence[time] | None = None,
) -> tuple[Fleet, tuple[FleetProblem, ...]]:
    """
    The fleet with these changes, and everything that is wrong with them: then it does not count.

    Couriers are stated as in fleet files; of one that changes, the `id` and what differs. Problems
    name their place as a JSON pointer below `couriers` and `departures`.
    """
    couriers = dict(fleet.couriers)
    problems: list[FleetProblem] = []
    touched: set[str] = set()

    def known(courier_id: object, where: str) -> bool:
        if courier_id not in fleet.couriers:
            detail = f"there is no courier {courier_id!r}{meant(str(courier_id), fleet.couriers)}"
            problems.append(FleetProblem(where=where, detail=detail))
            return False
        return True

    def once(courier_id: str, where: str) -> bool:
        if courier_id in touched:
            detail = f"courier {courier_id!r} is named twice: say once what becomes of it"
            problems.append(FleetProblem(where=where, detail=detail))
            return False
        touched.add(courier_id)
        return True

    for number, courier_id in enumerate(remove):
        where = f"/couriers/remove/{number}"
        if known(courier_id, where) and once(courier_id, where):
            del couriers[CourierId(courier_id)]
    stated = [(f"/couriers/add/{number}", each) for number, each in enumerate(add)]
    for number, each in enumerate(change):
        where = f"/couriers/change/{number}"
        if known(each.get("id"), f"{where}/id"):
            before = fleet.couriers[CourierId(each["id"])]
            stated.append((where, {**_told(before), **each}))
    for where, facts in stated:
        courier, wrong = _courier(facts, fleet.models, where)
        problems += wrong
        if courier is None or not once(courier.courier_id, f"{where}/id"):
            continue
        if "/add/" in where and courier.courier_id in fleet.couriers:
            detail = (
                f"courier {courier.courier_id!r} is there: change it, or give this one its own id"
            )
            problems.append(FleetProblem(where=f"{where}/id", detail=detail))
            continue
        couriers[courier.courier_id] = courier
    if not couriers:
        problems.append(FleetProblem(where="/couriers/remove", detail="nobody is left to drive"))
    depot = fleet.depot
    if departures is not None:
        if not departures:
            problems.append(FleetProblem(where="/departures", detail="it is empty"))
        depot = replace(depot, departures=tuple(sorted(set(departures))))
    return replace(fleet, depot=depot, couriers=couriers), tuple(problems)


def _courier(
    facts: Mapping[str, Any], models: Collection[str], where: str
) -> tuple[Courier | None, list[FleetProblem]]:
    try:
        stated = StatedCourier.model_validate(facts)
    except ValidationError as failure:
        return None, [_problem(each, where) for each in failure.errors(include_url=False)]
    wrong = [
        FleetProblem(where="/".join([where, *map(str, path)]), detail=detail)
        for path, detail in clashes_of(stated, models)
    ]
    return (None if wrong else courier_of(stated)), wrong


def _problem(error: Any, where: str) -> FleetProblem:
    path = "/".join([where, *map(str, error["loc"])])
    if error["type"] == "extra_forbidden":
        near = meant(str(error["loc"][-1]), StatedCourier.model_fields)
        return FleetProblem(where=path, detail=f"unknown key{near}")
    if error["type"] == "missing":
        return FleetProblem(where=path, detail="it is missing")
    return FleetProblem(where=path, detail=error["msg"])


def _told(courier: Courier) -> dict[str, Any]:
    """The courier as a fleet file states it: the inverse of `courier_of`."""
    return {
        "id": courier.courier_id,
        "name": courier.name,
        "vehicle_model": courier.model_id,
        "shift": f"{courier.shift_starts.isoformat()}-{courier.shift_ends.isoformat()}",
        "phone": courier.phone,
        "breaks": tuple(_told_breaks(courier)),
        "skills": tuple(courier.skills),
        "villages": tuple(courier.villages),
        "hours_ahead": Decimal(courier.ahead_s) / 3600,
    }


def _told_breaks(courier: Courier) -> Iterator[dict[str, Any]]:
    for rest in courier.breaks:
        yield {
            "earliest": rest.earliest,
            "latest": rest.latest,
            "minutes": rest.duration_s // 60,
        }
