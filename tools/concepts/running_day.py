"""Rules of a day that runs: what is over, locked or told stays, and who drops out hands over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from dispatch.fates import Fate, RoadFacts
from dispatch.fleet import CourierId
from dispatch.inputs import DayInputs
from dispatch.orders import Order, OrderId, OrderStatus
from dispatch.plan import Plan
from dispatch.running.contract import breaches
from dispatch.running.standing import standings
from tools.concepts.charts import Chart, moment
from tools.concepts.maps import HEIGHT, map_of
from tools.concepts.on_the_map import figures, km
from tools.concepts.picture import Card, Panel
from tools.concepts.village import a_day, at, courier, order, plan_of

_NOW: Final = at(8, 25)


def contract() -> Card:
    told = {"promise_early_s": 300, "promise_late_s": 600, "announce_ahead_s": 4_320}
    model = {"capacity_pieces": 90, "trips_max": 2}
    doors = ("w5", "e4", "w3", "e2", "e1", "w2", "w4", "n1")
    inputs = a_day([order(door) for door in doors], courier("c1"), model=model, **told)
    morning = plan_of(inputs, now=at(7, 50))
    facts = _as_planned(morning, _NOW)
    still = [each for each in inputs.orders if each.order_id not in facts.fates]
    later = replace(inputs, orders=(*still, order("w1"), order("n3")))
    blind = plan_of(later, start=replace(morning, promises=()), facts=facts, now=_NOW)
    kept = plan_of(later, start=morning, facts=facts, now=_NOW)
    broken = [breaches(morning, each, later, facts, now=_NOW) for each in (blind, kept)]
    assert not broken[1]
    states = _states(morning, inputs, facts) | {"w1": "new", "n3": "new"}
    told_at = {
        str(each.order_id): (each.earliest_at, each.latest_at)
        for each in morning.promises
        if states[str(each.order_id)] == "told"
    }
    panels = []
    for title, plan in (
        ("Version 1, in force", morning),
        ("What would be shortest, had nobody been told anything", blind),
        ("Version 2", kept),
    ):
        chart = Chart(
            starts_at=at(7, 55),
            ends_at=at(9, 40),
            every_minutes=15,
            now=_NOW,
            words={door: door for door in states},
            states=states | dict.fromkeys(_late(plan, told_at), "late"),
            told=told_at,
        )
        panels.append(Panel(title, chart.drawn(plan, ["c1"]), chart.height(1), figures(plan)))
    return Card(
        "contract",
        f"At {moment(_NOW)} two new orders come. The shortest round would break {len(broken[0])} promises (brackets: when the household was told); "
        f"version 2 breaks none, for {km(kept.figures.distance_m - blind.figures.distance_m)} more. What is done or locked stays in both.",
        panels,
        is_stacked=True,
    )


def expected() -> Card:
    now, ready_at = at(9, 10), at(9, 5)
    inputs = a_day([order("e1"), order("w3"), order("e3")], courier("c1"))
    asked = [order(door, ready_at=ready_at) for door in ("e2", "e4", "w4")]
    coming = tuple(replace(each, order_id=OrderId(f"{each.order_id}?")) for each in asked)
    days = []
    for expecting in ((), coming):
        morning = plan_of(replace(inputs, expected=expecting), now=at(7, 50))
        facts = _as_planned(morning, now)
        still = [each for each in inputs.orders if each.order_id not in facts.fates]
        later = replace(inputs, orders=(*still, *asked))
        days.append(plan_of(later, start=morning, facts=facts, now=now))
    words = {str(each.order_id): str(each.order_id) for each in (*inputs.orders, *asked)}
    chart = Chart(starts_at=at(7, 55), ends_at=at(10, 15), every_minutes=15, now=now, words=words)
    blind, ahead = days
    return Card(
        "expected",
        f"e2, e4 and w4 ask at {moment(now)}. Planned for what is known, c1 has been east and west by then, and goes again: {km(blind.figures.distance_m)}. "
        f"Where such orders are expected at this hour, c1 waits for them: {km(ahead.figures.distance_m)}.",
        [
            Panel(title, chart.drawn(plan, ["c1"]), chart.height(1), figures(plan))
            for title, plan in (
                ("Planned for known orders only", blind),
                ("Room and time kept for expected ones", ahead),
            )
        ],
        is_stacked=True,
    )


def hand_over() -> Card:
    doors = ("w1", "w3", "w4", "n1", "e1", "e3", "e4", "n2")
    crew = (courier("c1"), courier("c2"))
    inputs = a_day(
        [order(door) for door in doors],
        *crew,
        model={"fixed_cost_fen": 0},
        overtime_after_s=2_400,
        overtime_cost_per_hour_fen=3_000,
    )
    morning = plan_of(inputs)
    facts = _as_planned(morning, _NOW)
    out = CourierId("c1")
    where = standings(morning, facts, inputs.fleet, now=_NOW)[out]
    place = where.last_place(facts)
    aboard = where.aboard(facts, now=_NOW)
    pieces = sum(each.pieces for each in inputs.orders if each.order_id in aboard)
    stands_at = next(
        str(order_id) for stop in where.fixed for order_id in stop.order_ids if stop.place == place
    )
    handed = Order(order_id=OrderId("c1-on-board"), place=place, pieces=pieces)
    facts = replace(facts, out={out: _NOW})
    still = [each for each in inputs.orders if each.order_id not in facts.fates]
    rest = replace(inputs, orders=(*still, handed)).as_known(facts)
    after = plan_of(rest, start=morning, facts=facts, now=_NOW)
    assert not breaches(morning, after, rest, facts, now=_NOW)
    return Card(
        "hand-over",
        f"c1 breaks down at {moment(_NOW)} with {pieces} pieces on board. They become one pickup where the vehicle stands, and c2 makes it with all that c1 had still to do.",
        [
            Panel("Version 1, in force", map_of(morning), HEIGHT, figures(morning)),
            Panel(
                "Version 2",
                map_of(after, labels={stands_at: "c1 stands here"}, stranded="c1"),
                HEIGHT,
                figures(after),
            ),
        ],
    )


def _as_planned(plan: Plan, now: datetime) -> RoadFacts:
    """What is known at `now` where every courier does as told."""
    done = [stop for route in plan.routes for stop in route.stops if stop.depart_at <= now]
    fates = {
        order_id: Fate(OrderStatus.COLLECTED, stop.depart_at)
        for stop in done
        for order_id in stop.order_ids
    }
    return RoadFacts(fates, {})


def _late(plan: Plan, told: Mapping[str, tuple[datetime, datetime]]) -> list[str]:
    return [
        str(order_id)
        for route in plan.routes
        for stop in route.stops
        for order_id in stop.order_ids
        if str(order_id) in told and stop.begin_at > told[str(order_id)][1]
    ]


def _states(plan: Plan, inputs: DayInputs, facts: RoadFacts) -> dict[str, str]:
    """In what state each order of the plan is now: done, locked, told, or free to be moved."""
    settled = {
        order_id
        for each in standings(plan, facts, inputs.fleet, now=_NOW).values()
        for order_id in each.order_ids
    }
    told = {each.order_id for each in plan.promises}
    states = {}
    for route in plan.routes:
        for stop in route.stops:
            for order_id in stop.order_ids:
                if order_id in facts.fates:
                    state = "done"
                elif order_id in settled:
                    state = "locked"
                else:
                    state = "told" if order_id in told else "free"
                states[str(order_id)] = state
    return states
