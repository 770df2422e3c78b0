"""
An independent judge of answers in VROOM's JSON: it knows the API's words and shares no code with the translation.

Times are walked in hundredths of a second, as a `speed_factor` needs them; stated seconds may be cut off there.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

Json = dict[str, Any]

_HUNDREDTHS = 100


def complaints(body: Json, answer: Json) -> list[str]:
    """Everything that is wrong with `answer` as an answer to `body`; empty if it may be driven."""
    if answer.get("code") != 0:
        return [f"code {answer.get('code')}: {answer.get('error')}"]
    return [*_accounted(body, answer), *_routes(body, answer), *_summary(answer)]


def worth(answer: Json) -> tuple[int, int, int]:
    """Smaller is better, by what VROOM optimises: priorities, then how many are made, then cost."""
    summary = answer["summary"]
    return -summary["priority"], summary["unassigned"], summary["cost"]


def tasks_of(body: Json) -> dict[tuple[str, int], Json]:
    """Every task by type and id, with the amounts and skills of its shipment."""
    tasks = {("job", job["id"]): job for job in body.get("jobs", [])}
    for shipment in body.get("shipments", []):
        common = {key: shipment[key] for key in ("skills", "priority") if key in shipment}
        amount = shipment.get("amount")
        for way, other in (("pickup", "delivery"), ("delivery", "pickup")):
            task = common | shipment[way] | {"partner": (other, shipment[other]["id"])}
            tasks[way, task["id"]] = task | ({} if amount is None else {way: amount})
    return tasks


def _accounted(body: Json, answer: Json) -> Iterator[str]:
    stated = Counter((each["type"], each["id"]) for each in answer["unassigned"])
    for route in answer["routes"]:
        work = (step for step in route["steps"] if step["type"] in {"job", "pickup", "delivery"})
        stated.update((step["type"], step["id"]) for step in work)
    for task in tasks_of(body).keys() | stated.keys():
        if stated[task] != 1 or task not in tasks_of(body):
            yield f"{task} is stated {stated[task]} times"
    for vehicle, times in Counter(route["vehicle"] for route in answer["routes"]).items():
        if times > 1:
            yield f"vehicle {vehicle} drives {times} routes"


def _routes(body: Json, answer: Json) -> Iterator[str]:
    vehicles = {vehicle["id"]: vehicle for vehicle in body["vehicles"]}
    for route in answer["routes"]:
        if route["vehicle"] not in vehicles:
            yield f"vehicle {route['vehicle']} is not in the body"
            continue
        for complaint in _Walk(body, vehicles[route["vehicle"]], route).complaints():
            yield f"vehicle {route['vehicle']}: {complaint}"


def _summary(answer: Json) -> Iterator[str]:
    summary, routes = answer["summary"], answer["routes"]
    if summary["routes"] != len(routes):
        yield f"{summary['routes']} routes are stated, {len(routes)} given"
    if summary["unassigned"] != len(answer["unassigned"]):
        yield "the number unassigned is wrong"
    for key in ("cost", "setup", "service", "duration", "waiting_time", "priority", "distance"):
        if key in summary and summary[key] != sum(route[key] for route in routes):
            yield f"summary: {key} is {summary[key]}, routes add up to {sum(r[key] for r in routes)}"
    for key in ("delivery", "pickup", "amount"):
        sums = [
            sum(each)
            for each in zip(*(route[key] for route in routes if key in route), strict=True)
        ]
        if routes and summary.get(key, []) != sums:
            yield f"summary: {key} is {summary.get(key)}, routes add up to {sums}"


class _Walk:
    """One route, walked from its start to its end."""

    def __init__(self, body: Json, vehicle: Json, route: Json) -> None:
        self.vehicle, self.route, self.steps = vehicle, route, route["steps"]
        self.tasks = tasks_of(body)
        matrices = body.get("matrices") or {"car": {"durations": body.get("matrix")}}
        self.matrices = matrices[vehicle.get("profile", "car")]
        self.factor = round(_HUNDREDTHS / vehicle.get("speed_factor", 1.0))
        self.axes = len(body["vehicles"][0].get("capacity", []))
        self.timed = any(
            "time_window" in each or each.get("breaks") for each in body["vehicles"]
        ) or any("time_windows" in each for each in self.tasks.values())

    def complaints(self) -> Iterator[str]:
        kinds = [step["type"] for step in self.steps]
        if kinds[:1] != ["start"] or kinds[-1:] != ["end"] or {"start", "end"} & set(kinds[1:-1]):
            yield f"steps are {kinds}"
            return
        if not set(kinds) & {"job", "pickup", "delivery"}:
            yield "nothing is done"
        for kind, key in (("start", "start_index"), ("end", "end_index")):
            step = self.steps[0 if kind == "start" else -1]
            if key in self.vehicle and step.get("location_index") != self.vehicle[key]:
                yield f"{kind} is elsewhere"
        yield from self._who()
        yield from self._when()
        yield from self._loads()
        yield from self._breaks()
        yield from self._costs()

    def _work(self) -> list[tuple[Json, Json]]:
        return [
            (step, self.tasks[step["type"], step["id"]])
            for step in self.steps
            if step["type"] in {"job", "pickup", "delivery"}
            and (step["type"], step["id"]) in self.tasks
        ]

    def _who(self) -> Iterator[str]:
        skills = set(self.vehicle.get("skills", []))
        seen: set[tuple[str, int]] = set()
        for step, task in self._work():
            if not set(task.get("skills", [])) <= skills:
                yield f"task {step['id']} needs other skills"
            if step.get("location_index") != task.get("location_index"):
                yield f"task {step['id']} is done elsewhere"
            if step["type"] == "delivery" and ("pickup", task["partner"][1]) not in seen:
                yield f"delivery {step['id']} was not picked up before"
            seen.add((step["type"], step["id"]))
        for kind, number in seen:
            if kind == "pickup" and self.tasks[kind, number]["partner"] not in seen:
                yield f"pickup {number} is never delivered"
        if len(seen) > self.vehicle.get("max_tasks", len(seen)):
            yield f"{len(seen)} tasks are too many"

    def _when(self) -> Iterator[str]:
        whole = self.factor == _HUNDREDTHS
        here = self.vehicle.get("start_index")
        clock = self.steps[0]["arrival"]
        earliest, latest = self.vehicle.get("time_window", [0, 1 << 40])
        if clock < earliest or self.steps[-1]["arrival"] > latest:
            yield "is out beyond its time window"
        spent, since_task, breaks, duration = 0, 0, 0, 0
        for step in self.steps:
            travel = step["arrival"] - clock
            if travel < 0:
                yield f"{step['type']} {step.get('id')} is reached before the step before ends"
            spent, since_task = spent + travel, since_task + travel
            duration += travel
            if step["duration"] != duration:
                yield f"{step['type']} {step.get('id')}: duration {step['duration']}, steps add up to {duration}"
            begin = step["arrival"] + step["waiting_time"]
            if step["waiting_time"] < 0:
                yield "waits a negative time"
            clock = begin + step["setup"] + step["service"]
            if step["type"] == "break":
                breaks += 1
                continue
            there = step.get("location_index") if step["type"] != "start" else here
            needed = 0
            if step["type"] == "end" and "end_index" not in self.vehicle:
                there = None
            if None not in (here, there) and step["type"] != "start":
                needed = self.factor * self.matrices["durations"][here][there]
            low, high = needed // _HUNDREDTHS, -(-needed // _HUNDREDTHS)
            slack = 0 if whole else 1 + breaks
            if not low - slack <= since_task <= high + slack:
                yield f"{step['type']} {step.get('id')}: {since_task} s of travel, the matrix says {needed / 100}"
            if step["type"] in {"job", "pickup", "delivery"}:
                yield from self._at(step, begin, here)
                here = there
            since_task, breaks = 0, 0
        if self.route["duration"] != duration:
            yield f"the route's duration {self.route['duration']} is not {duration}"
        for key in ("setup", "service", "waiting_time"):
            if self.route[key] != sum(step[key] for step in self.steps):
                yield f"the route's {key} is not that of its steps"
        if any(
            begin for begin in (self.steps[0][key] for key in ("setup", "service", "waiting_time"))
        ):
            yield "the start takes time"
        yield from self._in_hundredths()

    def _at(self, step: Json, begin: int, before: int | None) -> Iterator[str]:
        task = self.tasks[step["type"], step["id"]]
        for key in ("setup", "service"):
            needed = task.get(f"{key}_per_type", {}).get(
                self.vehicle.get("type", ""), task.get(key, 0)
            )
            if key == "setup" and before is not None and before == task["location_index"]:
                needed = 0
            if step[key] != needed:
                yield f"task {step['id']}: {key} is {step[key]}, should be {needed}"
        windows = task.get("time_windows")
        if windows is not None and not any(first <= begin <= last for first, last in windows):
            yield f"task {step['id']} begins at {begin}, outside {windows}"
        if step["violations"]:
            yield f"task {step['id']} has violations"

    def _in_hundredths(self) -> Iterator[str]:
        """Whether the order can be driven at all, without any stated time: always as early as can be."""
        earliest, latest = self.vehicle.get("time_window", [0, 1 << 40])
        clock, here, left = earliest * _HUNDREDTHS, self.vehicle.get("start_index"), 0
        rests = {rest["id"]: rest for rest in self.vehicle.get("breaks", [])}
        for number, step in enumerate(self.steps[1:], start=1):
            if step["type"] == "break":
                if step["id"] not in rests:
                    return
                if number == 1 or self.steps[number - 1]["type"] != "break":
                    left = self._ahead(number, here)
                begin = _begin(rests[step["id"]].get("time_windows"), clock)
                left = max(0, left - max(0, begin - clock))
                clock = begin + rests[step["id"]].get("service", 0) * _HUNDREDTHS
                if begin >= 1 << 50:
                    yield f"break {step['id']} comes too late where it stands"
                    return
                continue
            if self.steps[number - 1]["type"] != "break":
                left = self._ahead(number, here)
            clock += left
            if step["type"] == "end":
                break
            begin = _begin(self.tasks[step["type"], step["id"]].get("time_windows"), clock)
            if begin >= 1 << 50:
                yield f"task {step['id']} comes too late where it stands"
                return
            clock = begin + (step["setup"] + step["service"]) * _HUNDREDTHS
            here = step["location_index"]
        if clock > latest * _HUNDREDTHS:
            yield f"is back at {clock / 100}, after {latest}"

    def _ahead(self, number: int, here: int | None) -> int:
        """Travel to the next place where something is done."""
        to = next(step for step in self.steps[number:] if step["type"] != "break")
        if here is None or (to["type"] == "end" and "end_index" not in self.vehicle):
            return 0
        return int(self.factor * self.matrices["durations"][here][to["location_index"]])

    def _loads(self) -> Iterator[str]:
        nothing = [0] * self.axes
        capacity = self.vehicle.get("capacity", [])
        load = [
            sum(each)
            for each in zip(
                nothing,
                *(
                    task.get("delivery", nothing)
                    for step, task in self._work()
                    if step["type"] == "job"
                ),
                strict=True,
            )
        ]
        totals = {"delivery": list(nothing), "pickup": list(nothing)}
        rests = {rest["id"]: rest for rest in self.vehicle.get("breaks", [])}
        for step in self.steps:
            task = self.tasks.get((step["type"], step.get("id", -1)), {})
            for way, sign in (("pickup", 1), ("delivery", -1)):
                amount = task.get(way, nothing)
                load = [a + sign * b for a, b in zip(load, amount, strict=True)]
                totals[way] = [a + b for a, b in zip(totals[way], amount, strict=True)]
            if step.get("load", []) != load:
                yield f"{step['type']} {step.get('id')}: load {step.get('load')}, should be {load}"
            if any(a > b for a, b in zip(load, capacity, strict=True)):
                yield f"{step['type']} {step.get('id')}: load {load} above {capacity}"
            most = (
                rests.get(step.get("id", -1), {}).get("max_load")
                if step["type"] == "break"
                else None
            )
            if most is not None and any(a > b for a, b in zip(load, most, strict=True)):
                yield f"break {step['id']}: load {load} above {most}"
        for way, total in totals.items():
            if self.axes and self.route[way] != total:
                yield f"{way} is {self.route[way]}, should be {total}"

    def _breaks(self) -> Iterator[str]:
        taken = [step for step in self.steps if step["type"] == "break"]
        rests = {rest["id"]: rest for rest in self.vehicle.get("breaks", [])}
        if sorted(step["id"] for step in taken) != sorted(rests):
            yield f"takes breaks {[step['id'] for step in taken]} of {sorted(rests)}"
            return
        for step in taken:
            rest, begin = rests[step["id"]], step["arrival"] + step["waiting_time"]
            windows = rest.get("time_windows")
            if windows is not None and not any(first <= begin <= last for first, last in windows):
                yield f"break {step['id']} begins at {begin}, outside {windows}"
            if step["service"] != rest.get("service", 0):
                yield f"break {step['id']} is too long or too short"

    def _costs(self) -> Iterator[str]:
        visited = [
            self.vehicle.get("start_index"),
            *(task["location_index"] for _, task in self._work()),
        ]
        visited = [
            place for place in [*visited, self.vehicle.get("end_index")] if place is not None
        ]
        legs = list(pairwise(visited))
        hundredths = sum(self.factor * self.matrices["durations"][a][b] for a, b in legs)
        metres = (
            sum(self.matrices.get("distances", [])[a][b] for a, b in legs)
            if "distances" in self.matrices
            else 0
        )
        priority = sum(task.get("priority", 0) for _, task in self._work())
        if self.route["priority"] != priority:
            yield f"priority is {self.route['priority']}, should be {priority}"
        if "distances" in self.matrices and self.route.get("distance") != metres:
            yield f"distance is {self.route.get('distance')}, should be {metres}"
        if metres > self.vehicle.get("max_distance", metres):
            yield f"drives {metres} m"
        if hundredths > _HUNDREDTHS * self.vehicle.get("max_travel_time", hundredths):
            yield f"drives for {hundredths / 100} s"
        costs = self.vehicle.get("costs", {})
        worked = sum(
            step["setup"] + step["service"] for step in self.steps if step["type"] != "break"
        )
        rested = sum(step["service"] for step in self.steps if step["type"] == "break")
        cost = costs.get("fixed", 0) + costs.get("per_task_hour", 0) * worked / 3_600
        if "costs" in self.matrices:
            cost += sum(self.matrices["costs"][a][b] for a, b in legs)
        else:
            per_hour = costs.get("per_hour", 3_600)
            # VROOM rounds a second of a slow vehicle by itself, and its price by itself where nobody has a clock.
            seconds = hundredths / _HUNDREDTHS
            if not self.timed:
                seconds *= _HUNDREDTHS / self.vehicle.get("speed_factor", 1.0) / self.factor
            cost += per_hour * seconds / 3_600 + costs.get("per_km", 0) * metres / 1_000
        # Seconds are cut off, and a break's seconds are counted among those of tasks.
        slack = 2 + costs.get("per_hour", 3_600) * 2 / 3_600
        cost += costs.get("per_task_hour", 0) * rested / 3_600
        if not cost - slack <= self.route["cost"] <= cost + slack:
            yield f"cost is {self.route['cost']}, should be {cost:.1f}"


def _begin(windows: list[list[int]] | None, clock: int) -> int:
    """The first moment from `clock` on that lies in a window; very late if there is none."""
    if windows is None:
        return clock
    fitting = (
        max(clock, first * _HUNDREDTHS)
        for first, last in sorted(windows)
        if clock <= last * _HUNDREDTHS
    )
    return next(fitting, 1 << 60)
