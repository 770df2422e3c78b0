"""
An independent judge of decisions in JSON: it knows docs/waves.md and shares no code with what decides.

Whether a request can be made at all is asked of a route of its own, as vehicles are as many as there are routes.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

NO_WAY = 1 << 30
GO = {"must-go", "last-chance", "last-wave"}
STAY = {"not-released", "fits-later", "impossible"}


def complaints(body: Json, answer: Json) -> list[str]:
    """Everything that is wrong with `answer` as an answer to `body`; empty if it may be driven."""
    return [
        *_accounted(body, answer),
        *_bound(body, answer),
        *(each for route in answer["routes"] for each in _route(body, route)),
        *_told(body, answer),
    ]


def is_alone_possible(body: Json, request: Json, leave_s: int) -> bool:
    """Whether one route with nothing else can make it."""
    depot, place = body.get("depot", 0), request["place"]
    there_s, home_s = body["durations_s"][depot][place], body["durations_s"][place][depot]
    if NO_WAY in (there_s, home_s) or request.get("demand", 0) > body["capacity"]:
        return False
    begin_s = max(leave_s, request.get("release_s", 0)) + there_s
    window = request.get("window_s")
    if window is not None:
        begin_s = max(begin_s, window[0])
        if begin_s > window[1]:
            return False
    back_by_s = body.get("back_by_s")
    return back_by_s is None or begin_s + request.get("service_s", 0) + home_s <= back_by_s


def _sent(answer: Json) -> list[str]:
    return [visit["id"] for route in answer["routes"] for visit in route["visits"]]


def _accounted(body: Json, answer: Json) -> Iterator[str]:
    stated = Counter([*_sent(answer), *answer["kept"], *answer["impossible"]])
    for each in {request["id"] for request in body["requests"]} | stated.keys():
        if stated[each] != 1:
            yield f"{each} is stated {stated[each]} times"
    unknown = stated.keys() - {request["id"] for request in body["requests"]}
    if unknown:
        yield f"{sorted(unknown)} were not asked about"


def _bound(body: Json, answer: Json) -> Iterator[str]:
    """What must go, what cannot, and what is not there yet."""
    now_s = body.get("leave_s", 0)
    next_s, is_last = now_s + body["epoch_s"], body["epochs_left"] == 0
    sent = set(_sent(answer))
    for request in body["requests"]:
        name = request["id"]
        if not is_alone_possible(body, request, now_s):
            if name not in answer["impossible"]:
                yield f"{name} is impossible and not named"
            continue
        if name in answer["impossible"]:
            yield f"{name} is possible and called impossible"
        too_late = not is_alone_possible(body, request, next_s)
        must_go = request.get("must_go", False) or is_last or too_late
        if must_go and name not in sent:
            yield f"{name} must go and does not"
        if not must_go and request.get("release_s", 0) >= next_s and name in sent:
            yield f"{name} goes before it is there"


def _route(body: Json, route: Json) -> Iterator[str]:
    requests = {request["id"]: request for request in body["requests"]}
    made = [requests[visit["id"]] for visit in route["visits"] if visit["id"] in requests]
    if not made:
        yield "a route makes nothing"
        return
    load = sum(request.get("demand", 0) for request in made)
    if load > body["capacity"] or load != route["load"]:
        yield f"a route carries {load}, stated {route['load']}"
    released_s = max(body.get("leave_s", 0), *(each.get("release_s", 0) for each in made))
    if route["leave_s"] < released_s:
        yield f"a route leaves at {route['leave_s']}, before {released_s}"
    depot = body.get("depot", 0)
    here, now_s, driven_s = depot, route["leave_s"], 0
    for visit, request in zip(route["visits"], made, strict=True):
        leg_s = body["durations_s"][here][request["place"]]
        driven_s, now_s, here = driven_s + leg_s, now_s + leg_s, request["place"]
        if leg_s >= NO_WAY:
            yield f"no way leads to {request['id']}"
        if visit["arrive_s"] != now_s or visit["begin_s"] < now_s:
            yield f"{request['id']} is reached at {now_s}, stated {visit['arrive_s']}"
        window = request.get("window_s")
        if window is not None and not window[0] <= visit["begin_s"] <= window[1]:
            yield f"{request['id']} begins outside its window"
        now_s = visit["begin_s"] + request.get("service_s", 0)
        if visit["depart_s"] != now_s:
            yield f"{request['id']} is left at {now_s}, stated {visit['depart_s']}"
    leg_s = body["durations_s"][here][depot]
    if leg_s >= NO_WAY:
        yield "no way leads home"
    if route["back_s"] != now_s + leg_s:
        yield f"a route is back at {now_s + leg_s}, stated {route['back_s']}"
    if body.get("back_by_s") is not None and now_s + leg_s > body["back_by_s"]:
        yield "a route is back too late"
    if route["cost_s"] != driven_s + leg_s:
        yield f"a route drives {driven_s + leg_s} s, stated {route['cost_s']}"


def _told(body: Json, answer: Json) -> Iterator[str]:
    if answer["cost_s"] != sum(route["cost_s"] for route in answer["routes"]):
        yield "the cost is not that of the routes"
    sent = set(_sent(answer))
    if [each["id"] for each in answer["requests"]] != [each["id"] for each in body["requests"]]:
        yield "the requests are not told in the order asked"
    for each in answer["requests"]:
        if each["goes"] != (each["id"] in sent):
            yield f"of {each['id']} it is told wrongly whether it goes"
        if (each["why"] in GO and not each["goes"]) or (each["why"] in STAY and each["goes"]):
            yield f"{each['id']}: {each['why']} is no reason for that"
        if each["why"] == "scenarios" and each["share"] is None:
            yield f"{each['id']} was decided by scenarios of which nothing is told"
        if each["share"] is not None and not 0 <= each["share"] <= 1:
            yield f"{each['id']} went in {each['share']} of all scenarios"
