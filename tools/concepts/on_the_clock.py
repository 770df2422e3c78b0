"""Rules that are seen on the clock: each poses a day without the rule and with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import time, timedelta
from typing import Final

from dispatch.days import TimeWindow
from dispatch.fleet import BreakRule
from dispatch.plan import Missed, Plan
from tools.concepts.charts import Chart, hours, moment
from tools.concepts.on_the_map import figures, yuan
from tools.concepts.picture import Card, Panel
from tools.concepts.village import a_day, at, courier, order, plan_of

_TRUCKS: Final = (time(12, 30), time(18, 30))


def _stacked(
    name: str, caption: str, chart: Chart, crew: Sequence[str], *panels: tuple[str, Plan]
) -> Card:
    drawn = [
        Panel(title, chart.drawn(plan, crew), chart.height(len(crew)), figures(plan))
        for title, plan in panels
    ]
    return Card(name, caption, drawn, is_stacked=True)


def departures() -> Card:
    orders = [
        order("e1", pieces=20, cut_off_at=at(12, 30), ready_at=at(11, 10)),
        order("e4", pieces=20, cut_off_at=at(12, 30), ready_at=at(11, 20)),
        order("n2", pieces=20, cut_off_at=at(12, 30), ready_at=at(11, 30)),
        order("w3", pieces=20, cut_off_at=at(12, 30), ready_at=at(12, 10)),
    ]
    facts = {"departures": _TRUCKS, "unload_per_piece_s": 6, "sorting_s": 600}
    never, later = (
        plan_of(a_day(orders, courier("c1"), missed_cut_off_cost_fen=fen, **facts))
        for fen in (None, 500)
    )
    trip = later.routes[0].trips[0]
    (late,) = (each for route in later.routes for stop in route.stops for each in stop.late)
    chart = Chart(
        starts_at=at(11), ends_at=at(13), trucks=[at(12, 30)], sorting=timedelta(seconds=600)
    )
    assert trip.truck_slack_s is not None
    return _stacked(
        "departures",
        f"The first trip is back at {moment(trip.back_at)}, unloaded (outlined) at {moment(trip.unloaded_at)} and sorted (dotted) ten minutes later: "
        f"{trip.truck_slack_s // 60} minutes before the truck. {late.order_id} is ready too late for it: left out, or with the truck of 18:30 for {yuan(late.cost_fen)}.",
        chart,
        ["c1"],
        ("An order may not miss its cut-off", never),
        ("Each later departure costs 5 yuan", later),
    )


def docks() -> Card:
    closing = (TimeWindow(at(11, 30), at(11, 34)),)
    orders = [
        order(door, pieces=30, cut_off_at=at(12, 30), windows=closing if door[1] != "1" else ())
        for door in ("e1", "e4", "w1", "w3")
    ]
    facts = {"departures": _TRUCKS, "unload_per_piece_s": 18, "sorting_s": 300}
    model = {"capacity_pieces": 60, "trips_max": 1}
    crew = courier("c1"), courier("c2")
    many, one = (
        plan_of(a_day(orders, *crew, model=model, docks=number, **facts)) for number in (None, 1)
    )
    chart = Chart(
        starts_at=at(11), ends_at=at(13), trucks=[at(12, 30)], sorting=timedelta(seconds=300)
    )
    backs_at = sorted(trip.back_at for route in many.routes for trip in route.trips)
    waiting = max(
        (trip for route in one.routes for trip in route.trips), key=lambda trip: trip.dock_wait_s
    )
    unload_s = int((waiting.unloaded_at - waiting.docked_at).total_seconds())
    return _stacked(
        "docks",
        f"e4 and w3 are there only until 11:34, so both couriers are back by {moment(backs_at[-1])}, and unload for {unload_s // 60} minutes each (outlined). With one dock the second waits "
        f"{waiting.dock_wait_s // 60} minutes (dashed): its parcels are unloaded at {moment(waiting.unloaded_at)}.",
        chart,
        ["c1", "c2"],
        ("As many docks as couriers", many),
        ("One dock", one),
    )


def pickup_times() -> Card:
    doors = ("w1", "w4", "n3", "e4", "e1")
    free = plan_of(a_day([order(door) for door in doors], courier("c1")))
    windows = {
        "e1": (at(8), at(8, 8)),
        "w1": (at(8, 12), at(8, 20)),
        "e4": (at(8, 35), at(8, 43)),
    }
    orders = [
        order(door, windows=(TimeWindow(*windows[door]),) if door in windows else ())
        for door in doors
    ]
    bound = plan_of(a_day(orders, courier("c1")))
    chart = Chart(
        starts_at=at(7, 55),
        ends_at=at(9, 10),
        every_minutes=15,
        spans={door: [span] for door, span in windows.items()},
        words={door: door for door in doors},
    )
    return _stacked(
        "pickup-times",
        f"Three of five sellers are there only for a while (bands). With windows the order of stops is another one, and the round takes {hours(bound.figures.duration_s)} instead of {hours(free.figures.duration_s)}.",
        chart,
        ["c1"],
        ("Any time (the bands do not bind)", free),
        ("Windows", bound),
    )


def soft_windows() -> Card:
    doors = ("w1", "w4", "n3", "e4", "e1")
    windows = {
        "e1": (at(8), at(8, 8)),
        "w1": (at(8, 12), at(8, 20)),
        "e4": (at(8, 35), at(8, 43)),
    }
    orders = [
        order(door, windows=(TimeWindow(*windows[door]),) if door in windows else ())
        for door in doors
    ]
    price = {
        "window_early_fen_per_minute": 5,
        "window_late_fen_per_minute": 5,
        "window_missed_max_s": 2_400,
    }
    hard, soft = (plan_of(a_day(orders, courier("c1"), **facts)) for facts in ({}, price))
    missed = [each for route in soft.routes for stop in route.stops for each in stop.missed]
    chart = Chart(
        starts_at=at(7, 55),
        ends_at=at(9, 10),
        every_minutes=15,
        spans={door: [span] for door, span in windows.items()},
        words={door: door for door in doors},
    )
    told = " and ".join(f"{each.order_id} by {_by(each)}" for each in missed)
    return _stacked(
        "soft-windows",
        f"The same windows (bands), which may be missed at 0.05 yuan a minute: {told}, for {yuan(soft.figures.missed_cost_fen)}. "
        f"The round takes {hours(soft.figures.duration_s)} instead of {hours(hard.figures.duration_s)}.",
        chart,
        ["c1"],
        ("Hard windows", hard),
        ("A price for each minute", soft),
    )


def _by(missed: Missed) -> str:
    return (
        f"{(missed.early_s or missed.late_s) / 60:.0f} min {'early' if missed.early_s else 'late'}"
    )


def slack() -> Card:
    orders = [
        order("e1", pieces=20, cut_off_at=at(12, 30), ready_at=at(11, 20)),
        order("e4", pieces=20, cut_off_at=at(12, 30), ready_at=at(11, 30)),
        order("n2", pieces=20, ready_at=at(12, 5)),
        order("n3", pieces=20, ready_at=at(12, 5)),
    ]
    tight, loose = (
        plan_of(a_day(orders, courier("c1"), departures=_TRUCKS, slack_s=seconds))
        for seconds in (0, 600)
    )
    chart = Chart(starts_at=at(11), ends_at=at(13), trucks=[at(12, 30)])
    spare = [plan.routes[0].trips[0].truck_slack_s or 0 for plan in (tight, loose)]
    return _stacked(
        "slack",
        f"The first trip must catch the truck of 12:30. Without slack it is back {spare[0] // 60} minutes before; with ten minutes of slack, {spare[1] // 60} minutes before, "
        f"and what can wait comes with the next trip: {yuan(loose.figures.cost_fen - tight.figures.cost_fen)} dearer.",
        chart,
        ["c1"],
        ("No slack", tight),
        ("Ten minutes", loose),
    )


def setup() -> Card:
    together = [order("e1", order_id=f"e1-{number}", pieces=8) for number in range(3)]
    apart = [order(door, pieces=8) for door in ("e1", "e2", "e5")]
    crew = courier("c1")
    three, one = (
        plan_of(
            a_day(
                orders,
                crew,
                service_per_stop_s=180,
                service_per_piece_s=15,
            )
        )
        for orders in (apart, together)
    )
    (stop,) = one.routes[0].stops
    service_s = int((stop.depart_at - stop.begin_at).total_seconds())
    chart = Chart(starts_at=at(7, 55), ends_at=at(8, 45), every_minutes=5)
    return _stacked(
        "setup",
        f"24 pieces at three doors and at one. Parking and finding the door ({stop.setup_s // 60} minutes, pale) is needed once a stop, loading (full) {service_s} s either way.",
        chart,
        ["c1"],
        ("Three orders at three doors", three),
        ("Three orders at one door", one),
    )


def breaks() -> Card:
    windows = {"w1": (at(11), at(11, 10)), "e1": (at(11, 50), at(12, 50))}
    orders = [
        order(door, pieces=20, windows=(TimeWindow(*windows[door]),) if door in windows else ())
        for door in ("w1", "w3", "w4", "n1", "e4", "e1")
    ]
    rest = BreakRule(time(11, 30), time(12), 1800)
    free, rested = (
        plan_of(a_day(orders, courier("c1", shift_starts=time(10, 50), breaks=rests)))
        for rests in ((), (rest,))
    )
    (taken,) = rested.routes[0].breaks
    chart = Chart(
        starts_at=at(10, 45),
        ends_at=at(13),
        every_minutes=15,
        rests_between=(at(11, 30), at(12)),
    )
    return _stacked(
        "breaks",
        f"Half an hour that begins between 11:30 and 12:00 (band). It is taken from {moment(taken.starts_at)} to {moment(taken.ends_at)}: on the way, never while parcels are loaded.",
        chart,
        ["c1"],
        ("No break", free),
        ("A break", rested),
    )


def balance() -> Card:
    doors = ("w1", "w2", "w3", "w4", "w5", "n1", "n3", "e1")
    orders = [order(door, pieces=20) for door in doors]
    model = {"fixed_cost_fen": 0, "capacity_pieces": 140, "trips_max": 1}
    dear = {"overtime_after_s": 3_600, "overtime_cost_per_hour_fen": 3_000}
    free = plan_of(a_day(orders, courier("c1"), courier("c2"), model=model))
    shared = plan_of(a_day(orders, courier("c1"), courier("c2"), model=model, **dear))
    ahead = courier("c2", ahead_s=1_800)
    evened = plan_of(a_day(orders, courier("c1"), ahead, model=model, **dear))
    chart = Chart(
        starts_at=at(7, 55),
        ends_at=at(9, 30),
        every_minutes=15,
        over_after=timedelta(hours=1),
    )
    return _stacked(
        "balance",
        f"Without a price of overtime {_worked(free)}. With 30 yuan for each hour beyond the first (red), {_worked(shared)}. "
        f"c2 is half an hour ahead from past days: {_worked(evened)}.",
        chart,
        ["c1", "c2"],
        ("Overtime costs nothing", free),
        ("Overtime costs 30 yuan an hour", shared),
        ("c2 is half an hour ahead", evened),
    )


def _worked(plan: Plan) -> str:
    told = sorted((str(each.courier_id), each.duration_s) for each in plan.routes)
    return " and ".join(f"{name} works {hours(seconds)}" for name, seconds in told)


def why_not() -> Card:
    orders = [order(door, pieces=20) for door in ("w1", "w3", "w4", "n1", "e4", "e1")]
    short = plan_of(a_day(orders, courier("c1", shift_ends=time(8, 58))))
    (left,) = short.unserved
    remedy = next(each for each in left.remedies if each.code == "shift-ends-later")
    assert remedy.at is not None
    longer = plan_of(a_day(orders, courier("c1", shift_ends=remedy.at.time())))
    chart = Chart(
        starts_at=at(7, 55),
        ends_at=at(9, 25),
        every_minutes=15,
        words={str(each.order_id): str(each.order_id) for each in orders},
    )
    return _stacked(
        "why-not",
        f"{left.order_id} is left out, {left.reason}: {left.detail}. One remedy: {remedy.detail}, for {yuan(remedy.cost_fen)} more. Granted, it is picked up.",
        chart,
        ["c1"],
        ("Shift until 08:58", short),
        (f"Shift until {moment(remedy.at)}", longer),
    )
