"""Rules that are seen on the map: each poses a day without the rule and with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from dispatch.comparing import compare
from dispatch.days import TimeWindow
from dispatch.fleet import SwapId, SwapPlace, VehicleModelId
from dispatch.households import HouseholdId
from dispatch.orders import Drop, Handling, Joining, JointId
from dispatch.plan import Plan, legs_of
from tools.concepts.charts import hours
from tools.concepts.maps import HEIGHT, map_of
from tools.concepts.picture import Card, Panel
from tools.concepts.village import (
    VAN,
    Metres,
    a_day,
    at,
    courier,
    order,
    plan_of,
)

_ROUND: Final = ("w1", "w3", "w4", "n1", "e1", "e3", "e4")


def figures(plan: Plan) -> str:
    told = plan.figures
    who = f"{told.couriers} courier{'s' if told.couriers != 1 else ''}"
    left = told.orders - told.served
    out = f" · {left} left out" if left else ""
    return f"{who} · {km(told.distance_m)} · {hours(told.duration_s)} · {yuan(told.cost_fen)}{out}"


def km(metres: int) -> str:
    return f"{metres / 1000:.1f} km"


def yuan(fen: int) -> str:
    return f"{fen / 100:.2f} yuan"


def _two(name: str, caption: str, *panels: tuple[str, str, str]) -> Card:
    return Card(name, caption, [Panel(title, drawn, HEIGHT, foot) for title, drawn, foot in panels])


def trips() -> Card:
    orders = [order(door) for door in _ROUND]
    once, often = (
        plan_of(a_day(orders, courier("c1"), model={"capacity_pieces": 40, "trips_max": most}))
        for most in (1, 4)
    )
    first, second = often.routes[0].trips
    return _two(
        "trips",
        f"Seven orders of 10 pieces, and a three-wheeler that holds 40: with one trip {once.figures.served} orders are picked up, "
        f"with a second one all {often.figures.served}, {first.pieces} pieces first and then {second.pieces}.",
        ("One trip", map_of(once), figures(once)),
        ("Up to four trips", map_of(often), figures(often)),
    )


def door_or_point() -> Card:
    doors = ("w1", "w2", "n1", "n3", "n2", "e1")
    orders = [order(door) for door in doors]
    accept = {"w1": ["pw"], "w2": ["pw"], "n1": ["pn"], "n2": ["pn"], "n3": ["pn"]}
    apart = plan_of(a_day(orders, courier("c1")))
    brought = plan_of(a_day(orders, courier("c1"), accept=accept))
    return _two(
        "door-or-point",
        f"Five of six households accept a collection point (◇). {brought.figures.brought} bring their parcels there, the others are fetched at the door: "
        f"{km(apart.figures.distance_m - brought.figures.distance_m)} less to drive, and with the walks priced {yuan(apart.figures.cost_fen - brought.figures.cost_fen)} cheaper.",
        ("Doors only", map_of(apart), figures(apart)),
        ("Door or point", map_of(brought), figures(brought)),
    )


def joint_orders() -> Card:
    plain = [order(door) for door in _ROUND]
    joining = Joining(joint_id=JointId("wedding"))
    joined = [
        replace(each, joint=joining) if each.order_id in ("w3", "e3") else each for each in plain
    ]
    crew = (courier("c1"), courier("c2"))
    apart, together = (
        plan_of(a_day(orders, *crew, model={"capacity_pieces": 40})) for orders in (plain, joined)
    )
    return _two(
        "joint-orders",
        f"w3 and e3 make one order together and shall ride in one trip: {km(together.figures.distance_m - apart.figures.distance_m)} more to drive, "
        f"{yuan(together.figures.cost_fen - apart.figures.cost_fen)} dearer.",
        ("Each by itself", map_of(apart), figures(apart)),
        ("w3 and e3 in one trip", map_of(together), figures(together)),
    )


def handling() -> Card:
    plain = [order(door) for door in _ROUND]
    heavy = [
        replace(each, handling=frozenset({Handling.TWO_PERSON})) if each.order_id == "e4" else each
        for each in plain
    ]
    crew = (courier("c1"), courier("c2", skills=frozenset({"two-person"})))
    anyone, able = plan_of(a_day(plain, *crew)), plan_of(a_day(heavy, *crew))
    (comes,) = (
        route.courier_id
        for route in able.routes
        if any("two-person" in stop.handling for stop in route.stops)
    )
    return _two(
        "handling",
        f"One order becomes two-person goods. Only {comes} rides with a second person, so {comes} drives.",
        ("Goods for anybody", map_of(anyone), f"{_who(anyone)} · {figures(anyone)}"),
        (
            "e4 needs two people",
            map_of(able, labels={"e4": "two-person"}),
            f"{_who(able)} · {figures(able)}",
        ),
    )


def _who(plan: Plan) -> str:
    return ", ".join(sorted(route.courier_id for route in plan.routes))


def size() -> Card:
    orders = [order(door) for door in ("e1", "e2", "e3")]
    trike = plan_of(a_day(orders, courier("c1")))
    van = plan_of(a_day(orders, courier("c2", model_id=VehicleModelId(VAN.model_id))))
    walks = {stop.title: stop.leg.walk_m for route in van.routes for stop in route.stops}
    return _two(
        "size",
        f"A street that is 1.5 m wide. The three-wheeler drives through; the van parks where the street begins, and the last {walks['East e2']} m to e2 are walked.",
        ("Three-wheeler", map_of(trike, narrow="1.5 m"), figures(trike)),
        ("Van", map_of(van, narrow="1.5 m"), figures(van)),
    )


def driving_range() -> Card:
    orders = [order(door) for door in _ROUND]
    crew = (courier("c1"), courier("c2"))
    free = plan_of(a_day(orders, *crew))
    bound = plan_of(a_day(orders, *crew, model={"range_m": 9_000}))
    farthest = max(route.distance_m for route in bound.routes)
    return _two(
        "range",
        f"One courier could do it all in {km(free.figures.distance_m)}. With 9 km in the battery two share it, and nobody drives more than {km(farthest)}.",
        ("No limit", map_of(free), figures(free)),
        ("Range of 9 km", map_of(bound), figures(bound)),
    )


def swaps() -> Card:
    orders = [order(door) for door in _ROUND]
    crew = (courier("c1"), courier("c2"))
    swap = SwapPlace(
        swap_id=SwapId("swap"), place=Metres(0, 800).place, name="swap", takes_s=5 * 60
    )
    apart, alone = (
        plan_of(a_day(orders, *crew, model={"range_m": 9_000}, swaps=there))
        for there in ((), (swap,))
    )
    (route,) = alone.routes
    (made,) = (leg.swap for trip in route.trips for leg in legs_of(trip) if leg.swap)
    return _two(
        "swaps",
        f"Vehicles go 9 km. Where a full battery waits on the way, one courier drives all {km(route.distance_m)} and swaps it from "
        f"{made.arrive_at:%-H:%M} to {made.depart_at:%-H:%M}: {yuan(apart.figures.cost_fen - alone.figures.cost_fen)} cheaper than two couriers.",
        ("Range of 9 km", map_of(apart), figures(apart)),
        ("With a swap", map_of(alone), figures(alone)),
    )


def territory() -> Card:
    doors = ("w1", "w3", "w5", "n2", "n3", "e1", "e2", "e4", "e5")
    orders = [order(door) for door in doors]
    model = {"capacity_pieces": 70, "trips_max": 1}
    free = plan_of(a_day(orders, courier("c1"), courier("c2"), model=model))
    known = plan_of(
        a_day(
            orders,
            courier("c1", villages=frozenset({"East"})),
            courier("c2", villages=frozenset({"West", "North"})),
            model=model,
        )
    )
    before, after = map(_strange_stops, (free, known))
    return _two(
        "territory",
        f"c1 knows East, c2 knows West and North. Where that is not stated, {before} stops are made by the one who does not know the village; "
        f"where it is, {after}, for {km(known.figures.distance_m - free.figures.distance_m)} more.",
        ("Villages not stated", map_of(free), figures(free)),
        ("Villages that each knows", map_of(known), figures(known)),
    )


def _strange_stops(plan: Plan) -> int:
    return sum(
        (stop.village == "East") != (route.courier_id == "c1")
        for route in plan.routes
        for stop in route.stops
    )


def stability() -> Card:
    orders = [order(door) for door in ("n2", "e3", "w1", "e5", "n1", "e4")]
    crew = (courier("c1"), courier("c2"))
    model = {"capacity_pieces": 50, "trips_max": 1}
    in_force = plan_of(a_day(orders, *crew, model=model))
    more = [*orders, order("w3"), order("e2")]
    free, stable = (
        plan_of(a_day(more, *crew, model=model, reassign_cost_fen=fen), start=in_force)
        for fen in (0, 200)
    )
    moved = [len(compare(in_force, each).moved) for each in (free, stable)]
    new = {"w3": "new", "e2": "new"}
    return _two(
        "stability",
        f"Two orders are added to a plan in force. Where it costs nothing, {moved[0]} of the six old ones change courier; at 2 yuan each, {moved[1]}.",
        ("Changing costs nothing", map_of(free, labels=new), figures(free)),
        ("Changing costs 2 yuan", map_of(stable, labels=new), figures(stable)),
    )


def compactness() -> Card:
    doors = ("e1", "e2", "e3", "e4", "e5", "n1", "w1", "w2", "w3", "w5")
    early = (TimeWindow(at(8), at(8, 12)),)
    orders = [order(door, windows=early if door in {"w2", "w5"} else ()) for door in doors]
    model = {"capacity_pieces": 50, "trips_max": 1}
    free = plan_of(a_day(orders, courier("c1"), courier("c2"), model=model))
    apart = plan_of(
        a_day(
            orders,
            courier("c1", villages=frozenset({"East", "North"})),
            courier("c2", villages=frozenset({"West"})),
            model=model,
            strange_village_cost_fen=1_000,
        )
    )
    return _two(
        "compactness",
        f"Two sellers in West are there only before 8:12, and the cheapest plan sends both couriers everywhere: {free.figures.overlap_percent} % of the ground is shared. "
        f"With territories it is {apart.figures.overlap_percent} %, for {km(apart.figures.distance_m - free.figures.distance_m)} more.",
        ("No territories", map_of(free, with_hulls=True), _shared(free)),
        ("Territories", map_of(apart, with_hulls=True), _shared(apart)),
    )


def _shared(plan: Plan) -> str:
    return f"{km(plan.figures.distance_m)} · {plan.figures.overlap_percent} % of the ground shared"


def pairs() -> Card:
    doors = ("w1", "w4", "n1", "e1", "e4")
    alone = plan_of(a_day([order(door) for door in doors], courier("c1")))
    dropped = {"e1": "w4", "w1": "e4", "n1": None}
    orders = [
        order(door, drop=None if to is None else Drop(household_id=HouseholdId(to)))
        for door, to in dropped.items()
    ]
    paired = plan_of(a_day(orders, courier("c1")))
    words = {"e1": "A up", "w4": "A down", "w1": "B up", "e4": "B down"}
    return _two(
        "pairs",
        f"Parcels A go from e1 to w4, parcels B from w1 to e4, each picked up before it is dropped, in one trip: {km(paired.figures.distance_m)} instead of {km(alone.figures.distance_m)}.",
        ("Five pickups", map_of(alone), figures(alone)),
        ("One pickup and two pairs", map_of(paired, labels=words), figures(paired)),
    )


def what_if() -> Card:
    orders = [order(door) for door in _ROUND]
    crew = (courier("c1"), courier("c2"))
    model = {"capacity_pieces": 40, "trips_max": 1}
    plan = plan_of(a_day(orders, *crew, model=model))
    other = plan_of(a_day(orders, crew[0], model=model | {"capacity_pieces": 80}), start=plan)
    said = compare(plan, other)
    return _two(
        "what-if",
        f"What if c2 stayed at home, and c1 had a vehicle for 80 pieces? {yuan(-said.difference.cost_fen)} less, {km(-said.difference.distance_m)} less, "
        f"{len(said.moved)} orders change courier. The plan in force is untouched.",
        ("The plan", map_of(plan), figures(plan)),
        ("The what-if", map_of(said.plan), figures(said.plan)),
    )
