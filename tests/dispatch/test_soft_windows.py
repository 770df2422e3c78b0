"""Soft windows: priced by the minute in steps, and told where they are missed."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from dispatch.days import TimeWindow
from dispatch.households import Household, HouseholdId, Registry
from dispatch.orders import OrderId
from dispatch.planning import plan_day
from dispatch.posing import pose
from dispatch.promises import at_promised_times
from dispatch.route_check import check_route
from dispatch.running.contract import breaches
from dispatch.soft_windows import missed_of, softness_of, ways_of, widened
from dispatch.starting import start_of
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import SOUTH, STEP, WEST, World, at, at_moment, morning, order


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def soft_morning(seed, *, orders=40):
    """A drawn morning in which many windows are short, and may be missed at a price."""
    chance = random.Random(f"soft {seed}")
    inputs = morning(seed, orders=orders)
    depot = replace(
        inputs.fleet.depot,
        window_early_fen_per_minute=chance.choice([None, 10, 40]),
        window_late_fen_per_minute=chance.choice([20, 60]),
        window_missed_max_s=60 * chance.choice([10, 30, 47]),
    )
    homes = [
        Household(
            household_id=HouseholdId(f"h{number}"),
            village="",
            name="",
            early_fen_per_minute=chance.choice([None, 5]),
            late_fen_per_minute=chance.choice([None, 15, 90]),
            missed_max_s=chance.choice([None, 0, 1500]),
        )
        for number in range(6)
    ]
    soft = []
    for each in inputs.orders:
        own = {}
        if chance.random() < 0.5:
            own["household_id"] = chance.choice(homes).household_id
        if chance.random() < 0.5:
            opens = at(chance.randint(8, 15), chance.choice([0, 30]))
            own["windows"] = (TimeWindow(opens, opens + timedelta(minutes=20)),)
            own["ready_at"] = None
        if chance.random() < 0.2:
            own["late_fen_per_minute"] = chance.choice([5, 500])
        if chance.random() < 0.1:
            own["missed_max_s"] = 0
        soft.append(replace(each, **own))
    return replace(
        inputs,
        fleet=replace(inputs.fleet, depot=depot),
        orders=tuple(soft),
        registry=Registry(households={each.household_id: each for each in homes}),
    )


def planned(inputs, network, *, now=None, start=None, facts=None):
    return plan_day(
        inputs,
        network,
        budget_s=20,
        iterations=300,
        seed=1,
        made_at=now or datetime(2026, 11, 11, tzinfo=UTC),
        start=start,
        facts=facts,
    )


def price_fen(each, inputs, begin_s):
    """By the words of docs/files.md alone: the order, its household, the depot; None: it may not begin then."""
    depot, clock = inputs.fleet.depot, inputs.clock
    late, early, most_s = each.late_fen_per_minute, each.early_fen_per_minute, each.missed_max_s
    if each.household_id is not None:
        home = inputs.registry.households[each.household_id]
        late = home.late_fen_per_minute if late is None else late
        early = home.early_fen_per_minute if early is None else early
        most_s = home.missed_max_s if most_s is None else most_s
    late = depot.window_late_fen_per_minute if late is None else late
    early = depot.window_early_fen_per_minute if early is None else early
    most_s = depot.window_missed_max_s if most_s is None else most_s
    step_min = max(5, -(-most_s // 240))
    prices = []
    for window in each.windows:
        opens_s, closes_s = clock.seconds(window.earliest_at), clock.seconds(window.latest_at)
        if opens_s <= begin_s <= closes_s:
            return 0
        by_s, fen = (opens_s - begin_s, early) if begin_s < opens_s else (begin_s - closes_s, late)
        if fen is not None and by_s <= most_s:
            steps = -(-by_s // (60 * step_min))
            prices.append(fen * min(steps * step_min * 60, most_s) // 60)
    return min(prices, default=None)


@pytest.mark.parametrize("seed", range(6))
def test_each_moment_has_the_price_of_its_step_and_no_other(seed):
    inputs = soft_morning(seed)
    chance = random.Random(seed)
    for stated in (each for each in inputs.orders if each.windows):
        later = stated.windows[0].latest_at + timedelta(minutes=chance.randint(5, 90))
        windows = (*stated.windows, TimeWindow(later, at(18)))[: chance.choice([1, 2])]
        each = replace(stated, ready_at=None, windows=windows)
        ways = ways_of(each, inputs)
        for _ in range(60):
            begin_s = chance.randrange(7 * 3600, 19 * 3600)
            open_then = [
                way.cost_fen
                for way in ways
                if any(w.earliest_s <= begin_s <= w.latest_s for w in way.windows)
            ]
            price = price_fen(each, inputs, begin_s)
            assert open_then == ([] if price is None else [price])
            missed = missed_of(each, inputs, begin_s)
            assert (missed.cost_fen if missed else 0) == (price or 0)


def test_a_step_is_never_too_cheap_and_at_most_a_step_too_dear():
    inputs = soft_morning(1)
    each = replace(
        inputs.orders[0],
        windows=(TimeWindow(at(9), at(10)),),
        late_fen_per_minute=60,
        missed_max_s=1800,
    )
    step_s = softness_of(each, inputs).step_s
    assert step_s == 480
    for late_s in range(1, 1801, 7):
        missed = missed_of(each, inputs, inputs.clock.seconds(at(10)) + late_s)
        assert late_s <= missed.cost_fen <= late_s + step_s


def wrongs(inputs, plan):
    """What is wrong with the windows of a plan, and what it tells of them, by the orders alone."""
    orders = {each.order_id: each for each in inputs.orders}
    for stop in (stop for route in plan.routes for stop in route.stops):
        told = {each.order_id: each for each in stop.missed}
        assert told.keys() <= set(stop.order_ids)
        for order_id in stop.order_ids:
            each = orders[order_id]
            met = any(
                w.earliest_at <= stop.depart_at and stop.begin_at <= w.latest_at
                for w in each.windows
            )
            if each.windows and order_id not in told and not met:
                yield f"{order_id} misses its windows, and nobody says so"
        for order_id, missed in told.items():
            each = orders[order_id]
            begin_s = (
                inputs.clock.seconds(missed.earliest_at) - missed.early_s
                if missed.early_s
                else inputs.clock.seconds(missed.latest_at) + missed.late_s
            )
            begins, ends = inputs.clock.seconds(stop.begin_at), inputs.clock.seconds(stop.depart_at)
            if not begins <= begin_s <= ends:
                yield f"{order_id} is said to begin outside its stop"
            if price_fen(each, inputs, begin_s) != missed.cost_fen:
                yield f"{order_id} is told the wrong price"
    missed = [each for route in plan.routes for stop in route.stops for each in stop.missed]
    if (plan.figures.missed, plan.figures.missed_cost_fen) != (
        len(missed),
        sum(each.cost_fen for each in missed),
    ):
        yield "the figures do not count what is missed"


@pytest.mark.parametrize("seed", range(8))
def test_a_day_misses_windows_only_at_their_price_and_says_so(network, seed):
    inputs = soft_morning(seed)
    plan = planned(inputs, network)
    assert list(wrongs(inputs, plan)) == []
    hard = replace(inputs, orders=tuple(replace(each, missed_max_s=0) for each in inputs.orders))
    assert plan.figures.served >= planned(hard, network).figures.served


def test_drawn_days_miss_some_windows_early_and_some_late(network):
    plans = [planned(soft_morning(seed), network) for seed in range(8)]
    missed = [m for p in plans for r in p.routes for stop in r.stops for m in stop.missed]
    assert any(each.early_s for each in missed)
    assert any(each.late_s for each in missed)


@pytest.mark.parametrize("seed", range(10))
def test_a_running_day_keeps_the_contract_with_soft_windows(network, seed):
    chance = random.Random(seed)
    inputs = soft_morning(seed)
    plan = planned(inputs, network, now=at(7))
    now = at(chance.randint(9, 14), chance.randint(0, 59))
    events = World(seed, pace=chance.choice([0.9, 1.0, 1.2])).drive(plan, now)
    rest, facts = at_moment(inputs, events)
    again = planned(rest, network, now=now, start=plan, facts=facts)
    assert breaches(plan, again, rest, facts, now=now) == ()


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_that_misses_windows_is_where_the_next_search_starts(network, seed):
    inputs = soft_morning(seed, orders=12)
    plan = planned(inputs, network)
    start = start_of(pose(inputs, network), plan)
    assert start is not None
    again = planned(inputs, network, start=plan)
    assert again.figures.served >= plan.figures.served


def one_order(late_fen, **facts):
    """The depot opens at eight, and the order is some minutes away: its window ends before anybody can be there."""
    inputs = morning(0, orders=0)
    far = order(
        0,
        random.Random(1),
        order_id=OrderId("far"),
        place=Place(WEST + 4.5 * STEP, SOUTH + 4.5 * STEP),
        ready_at=None,
        windows=(TimeWindow(at(7), at(8, 5)),),
        late_fen_per_minute=late_fen,
        missed_max_s=3600,
        **facts,
    )
    return replace(inputs, orders=(far,))


def test_a_window_that_cannot_be_met_is_missed_by_little_or_left_out_where_that_costs_too_much(
    network,
):
    inputs = one_order(50)
    plan = planned(inputs, network)
    (stop,) = [stop for route in plan.routes for stop in route.stops]
    (missed,) = stop.missed
    assert missed.late_s == (stop.begin_at - at(8, 5)).total_seconds() > 0
    assert plan.figures.missed_cost_fen == missed.cost_fen
    assert [each.reason for each in planned(one_order(None), network).unserved] == [
        "window-cannot-be-met"
    ]
    dear = planned(one_order(40_000), network)
    assert [each.order_id for each in dear.unserved] == ["far"]


def test_a_household_has_a_price_of_its_own_where_its_order_says_nothing(network):
    home = Household(
        household_id=HouseholdId("h1"),
        village="",
        name="",
        late_fen_per_minute=50,
        missed_max_s=3600,
    )
    registry = Registry(households={home.household_id: home})
    hard = one_order(None, household_id=home.household_id)
    silent = replace(hard, orders=tuple(replace(each, missed_max_s=None) for each in hard.orders))
    assert [each.reason for each in planned(silent, network).unserved] == ["window-cannot-be-met"]
    plan = planned(replace(silent, registry=registry), network)
    (stop,) = [stop for route in plan.routes for stop in route.stops]
    steps = -(-stop.missed[0].late_s // 900)
    assert stop.missed[0].cost_fen == 50 * 15 * steps
    (each,) = silent.orders
    own = replace(each, late_fen_per_minute=7)
    assert softness_of(own, replace(silent, registry=registry)).late_fen_per_minute == 7
    firm = replace(each, missed_max_s=0)
    assert softness_of(firm, replace(silent, registry=registry)) is None


def test_a_check_by_hand_says_which_window_is_missed_and_what_that_costs(network):
    inputs = one_order(50)
    plan = planned(inputs, network)
    (route,) = plan.routes
    checked = check_route(
        plan,
        inputs,
        network,
        courier_id=route.courier_id,
        trips=[["far"]],
        leave_at=None,
        now=at(7),
    )
    assert checked.fits
    (stop,) = [stop for trip in checked.trips for stop in trip.stops]
    assert stop.missed == route.stops[0].missed
    assert checked.figures.cost_fen == route.cost_fen


def test_windows_widen_to_all_that_may_be_missed(network):
    inputs = one_order(50)
    (window,) = widened(inputs.orders[0], inputs)
    assert (window.earliest_at, window.latest_at) == (at(7), at(9, 5))
    hard = replace(inputs.orders[0], missed_max_s=0)
    assert widened(hard, inputs) == hard.windows


def test_what_was_promised_outside_a_window_stays_open_at_its_price_and_nothing_else_does(network):
    inputs = one_order(50)
    plan = planned(inputs, network)
    promise = replace(
        plan.promises[0], earliest_at=at(8, 15), latest_at=at(8, 40), order_id=OrderId("far")
    )
    (narrowed,) = at_promised_times(inputs, replace(plan, promises=(promise,))).orders
    windows = [window for way in ways_of(narrowed, inputs) for window in way.windows]
    assert min(each.earliest_s for each in windows) == inputs.clock.seconds(at(8, 15))
    assert max(each.latest_s for each in windows) == inputs.clock.seconds(at(8, 40))
    assert all(way.cost_fen > 0 for way in ways_of(narrowed, inputs))
