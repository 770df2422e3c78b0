"""Seeded bodies in VROOM's JSON, over every feature of its API: what the judge's tests and the benchmark run on."""

import random
from typing import Any

Body = dict[str, Any]


def generate(seed: int, *, shipments: bool = True, tasks_max: int = 60) -> Body:
    """
    A body of 0 to `tasks_max` tasks on a plane of 90 minutes across.

    Each feature is in about a third of the bodies, so that pairs of them meet often. Nothing here promises that
    every task can be served; a vehicle by itself can always take its breaks.
    """
    draw = random.Random(seed)
    has = {
        name: draw.random() < share
        for name, share in {
            "amounts": 0.6,
            "breaks": 0.4,
            "break_choice": 0.2,
            "costs_matrix": 0.08,
            "distances": 0.4,
            "epoch": 0.3,
            "fixed": 0.2,
            "limits": 0.2,
            "max_load": 0.1,
            "max_tasks": 0.25,
            "open": 0.3,
            "per_km": 0.2,
            "per_type": 0.15,
            "priorities": 0.3,
            "scarce": 0.3,
            "setups": 0.4,
            "shared_places": 0.3,
            "shipments": 0.4,
            "skills": 0.4,
            "speeds": 0.2,
            "task_hours": 0.1,
            "two_profiles": 0.2,
            "windows": 0.6,
        }.items()
    }
    has["shipments"] = has["shipments"] and shipments
    count = draw.choice([0, 1, 2, 3, *range(4, 12), *range(12, tasks_max + 1, 3)])
    places = max(2, count // 2 + 2) if has["shared_places"] else count + 3
    base_s = 1_600_000_000 if has["epoch"] else 0
    fleet = max(1, round(count / draw.choice([6, 10, 16])))
    body: Body = {
        "vehicles": [_vehicle(draw, has, number, places, base_s) for number in range(fleet)],
        "jobs": [],
        "matrices": _matrices(draw, has, places),
    }
    _tasks(draw, has, body, count, places, base_s)
    if has["amounts"]:
        _capacities(draw, has, body)
    if not any(has[name] for name in ("windows", "breaks", "limits", "max_tasks")):
        _steps(random.Random(f"steps {seed}"), body)
    return body


def _vehicle(
    draw: random.Random, has: dict[str, bool], number: int, places: int, base_s: int
) -> Body:
    home, away = draw.randrange(min(3, places)), draw.randrange(places)
    vehicle: Body = {"id": 100 + number, "start_index": home, "end_index": home}
    if has["open"]:
        kind = draw.choice(["both", "start", "end", "apart"])
        if kind == "start":
            del vehicle["end_index"]
        elif kind == "end":
            del vehicle["start_index"]
        elif kind == "apart":
            vehicle["end_index"] = away
    if has["two_profiles"]:
        vehicle["profile"] = draw.choice(["car", "bike"])
    if has["windows"] and draw.random() < 0.7:
        begin_s = base_s + draw.choice([21_600, 25_200, 28_800])
        vehicle["time_window"] = [begin_s, begin_s + draw.choice([14_400, 28_800, 36_000])]
    if has["skills"]:
        vehicle["skills"] = sorted(draw.sample(range(1, 5), draw.randrange(1, 5)))
    if has["speeds"]:
        vehicle["speed_factor"] = draw.choice([0.5, 0.75, 1.0, 1.5, 1.33])
    if has["max_tasks"]:
        vehicle["max_tasks"] = draw.randrange(1, 15)
    if has["per_type"]:
        vehicle["type"] = draw.choice(["small", "large"])
    costs: dict[str, int] = {}
    if has["fixed"]:
        costs["fixed"] = draw.choice([0, 500, 3_600])
    if has["per_km"] and has["distances"] and not has["costs_matrix"]:
        costs |= {"per_km": draw.choice([50, 300]), "per_hour": draw.choice([0, 1_200, 3_600])}
    if has["task_hours"]:
        costs["per_task_hour"] = draw.choice([600, 3_600])
    if costs:
        vehicle["costs"] = costs
    if has["limits"]:
        if draw.random() < 0.6:
            vehicle["max_travel_time"] = draw.choice([3_600, 7_200, 12_000])
        elif has["distances"]:
            vehicle["max_distance"] = draw.choice([30_000, 60_000, 120_000])
    if has["breaks"]:
        vehicle["breaks"] = _breaks(draw, has, vehicle, base_s)
    return vehicle


def _breaks(draw: random.Random, has: dict[str, bool], vehicle: Body, base_s: int) -> list[Body]:
    begin_s, end_s = vehicle.get("time_window", [base_s + 21_600, base_s + 57_600])
    breaks = []
    for number in range(draw.choice([1, 1, 1, 2])):
        first_s = begin_s + (number * 2 + 1) * (end_s - begin_s) // 5
        rest: Body = {"id": number + 1, "service": draw.choice([300, 900, 1_800])}
        windows = [[first_s, first_s + draw.choice([600, 1_800])]]
        if has["break_choice"]:
            later_s = windows[0][1] + 600
            windows.append([later_s, later_s + 600])
        if draw.random() < 0.9:
            rest["time_windows"] = windows
        breaks.append(rest)
    return breaks


def _matrices(draw: random.Random, has: dict[str, bool], places: int) -> Body:
    points = [(draw.uniform(0, 3_800), draw.uniform(0, 3_800)) for _ in range(places)]
    profiles = ["car", "bike"] if has["two_profiles"] else ["car"]
    matrices: Body = {}
    for profile in profiles:
        pace = 1.0 if profile == "car" else 2.1
        straight = [
            [((ax - bx) ** 2 + (ay - by) ** 2) ** 0.5 for bx, by in points] for ax, ay in points
        ]
        durations = [
            [round(pace * each * draw.uniform(1.0, 1.15)) if each else 0 for each in row]
            for row in straight
        ]
        matrices[profile] = {"durations": durations}
        if has["distances"]:
            matrices[profile]["distances"] = [
                [round(9 * each * draw.uniform(0.8, 1.2)) for each in row] for row in straight
            ]
        if has["costs_matrix"]:
            matrices[profile]["costs"] = [
                [round(each * draw.uniform(0.5, 1.5)) for each in row] for row in straight
            ]
    return matrices


def _tasks(
    draw: random.Random, has: dict[str, bool], body: Body, count: int, places: int, base_s: int
) -> None:
    made = 0
    while made < count:
        common: Body = {}
        if has["skills"] and draw.random() < 0.4:
            common["skills"] = sorted(draw.sample(range(1, 5), draw.choice([1, 1, 2])))
        if has["priorities"]:
            common["priority"] = draw.choice([0, 0, 0, 1, 5, 10, 100])
        if has["shipments"] and count - made >= 2 and draw.random() < 0.4:
            shipment = common | {
                "pickup": _place_of_work(draw, has, made + 1, places, base_s),
                "delivery": _place_of_work(draw, has, made + 2, places, base_s),
            }
            body.setdefault("shipments", []).append(shipment)
            made += 2
        else:
            body["jobs"].append(common | _place_of_work(draw, has, made + 1, places, base_s))
            made += 1


def _place_of_work(
    draw: random.Random, has: dict[str, bool], number: int, places: int, base_s: int
) -> Body:
    place = draw.randrange(places) if has["shared_places"] else min(number + 2, places - 1)
    task: Body = {"id": number, "location_index": place, "service": draw.choice([0, 60, 300, 600])}
    if has["setups"] and draw.random() < 0.7:
        task["setup"] = draw.choice([60, 120, 300])
    if has["per_type"] and draw.random() < 0.5:
        task["service_per_type"] = {"large": draw.choice([60, 900])}
        task["setup_per_type"] = {"small": draw.choice([0, 200])}
    if has["windows"] and draw.random() < 0.6:
        begin_s = base_s + draw.randrange(25_200, 50_400, 300)
        windows = [[begin_s, begin_s + draw.choice([900, 3_600, 7_200])]]
        if draw.random() < 0.25:
            later_s = windows[0][1] + draw.choice([600, 3_600])
            windows.append([later_s, later_s + 1_800])
        task["time_windows"] = windows
    return task


def _steps(draw: random.Random, body: Body) -> None:
    """In half of the bodies where that is always allowed, vehicles begin with a job that they can make."""
    if draw.random() < 0.5:
        return
    left = list(body["jobs"])
    draw.shuffle(left)
    for vehicle in body["vehicles"]:
        fitting = [
            job for job in left if set(job.get("skills", [])) <= set(vehicle.get("skills", []))
        ]
        if fitting:
            left.remove(fitting[0])
            vehicle["steps"] = [{"type": "job", "id": fitting[0]["id"]}]


def _capacities(draw: random.Random, has: dict[str, bool], body: Body) -> None:
    axes = draw.choice([1, 1, 2, 3])
    totals = [0] * axes
    for job in body["jobs"]:
        ways = draw.choice([["delivery"], ["pickup"], ["delivery", "pickup"], []])
        for way in ways:
            job[way] = [draw.randrange(0, 10) for _ in range(axes)]
            totals = [total + each for total, each in zip(totals, job[way], strict=True)]
    for shipment in body.get("shipments", []):
        shipment["amount"] = [draw.randrange(1, 10) for _ in range(axes)]
        totals = [total + each for total, each in zip(totals, shipment["amount"], strict=True)]
    share = draw.choice([0.4, 0.7]) if has["scarce"] else 1.3
    for vehicle in body["vehicles"]:
        capacity = [max(9, round(share * each / len(body["vehicles"]))) for each in totals]
        vehicle["capacity"] = capacity
        if has["max_load"]:
            for rest in vehicle.get("breaks", []):
                rest["max_load"] = [max(1, each // 2) for each in capacity]
