"""What a new order costs at least in each gap: straight lines first, and never dearer than the roads."""

import random
from dataclasses import replace

import numpy as np
import pytest

from dispatch.planning import plan_day
from dispatch.posing import pose_doors
from dispatch.running.ahead import Situation
from dispatch.running.courses import courses_of
from dispatch.running.drives import Drives
from dispatch.running.inserting import doors_of
from dispatch.running.outlooks import outlooks_of
from dispatch.running.ranking import NewStop, Ranking
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import World, at, at_moment, morning, order


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def a_day(seed, network):
    inputs = morning(seed, orders=60, couriers=4)
    plan = plan_day(inputs, network, budget_s=20, iterations=50, seed=1, made_at=at(7))
    now = at(random.Random(seed).randint(8, 11), 20)
    rest, facts = at_moment(inputs, World(seed).drive(plan, now))
    return Situation(plan=plan, inputs=rest, network=network, facts=facts, now=now)


def outlooks(day, before):
    told = {each.order_id: each for each in day.plan.promises}
    courses = courses_of(day.plan, day.inputs, told, {key: o.course for key, o in before.items()})
    return outlooks_of(courses, day.facts, day.network, day.inputs.clock, before)


def ranking(day, new, known):
    inputs = replace(day.inputs, orders=(new,))
    posed = pose_doors(inputs, day.network, doors_of(day, new))
    setups_s = posed.problem.setups_s
    stops = [NewStop(halt, setups_s[halt.visit.place]) for halt in posed.halts]
    return Ranking(
        known,
        stops,
        Drives(day.network, {}),
        depot=day.inputs.fleet.depot.place,
        clock=day.inputs.clock,
        now=day.now,
        is_known=True,
        by_time=False,
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_straight_line_is_never_dearer_than_the_road(network, seed):
    day = a_day(seed, network)
    chance = random.Random(seed)
    known = outlooks(day, {})
    compared = 0
    for number in range(12):
        ranked = ranking(day, order(500 + number, chance, ready_at=None, windows=()), known)
        every = np.arange(len(ranked._gaps))
        for asked in ranked._asked:
            crow = ranked._least(asked, every, ranked._by_crow(asked))
            for courier, outlook in enumerate(known.values()):
                rows = every[ranked._from[courier] :][: len(outlook.columns)]
                if not len(rows):
                    continue
                road = ranked._least(asked, rows, ranked._by_road(asked, courier, rows))
                assert (crow[rows] <= road + 1e-6).all()
                compared += int(np.isfinite(road).sum())
    assert compared > 10


@pytest.mark.parametrize("seed", range(4))
def test_couriers_come_in_the_order_of_their_bounds_each_once(network, seed):
    day = a_day(seed, network)
    new = order(500, random.Random(seed), ready_at=None, windows=())
    found = list(ranking(day, new, outlooks(day, {})).couriers())
    bounds = [bound for bound, _ in found]
    assert bounds == sorted(bounds)
    assert len({courier_id for _, courier_id in found}) == len(found) > 1


def test_only_who_was_heard_of_is_looked_at_again(network):
    day = a_day(1, network)
    first = outlooks(day, {})
    assert all(first[key] is each for key, each in outlooks(day, first).items())
    courier_id, outlook = next((k, o) for k, o in first.items() if len(o.columns) > 2)
    stop = outlook.ahead.gaps[1].after
    arrivals = {**day.facts.arrivals.get(courier_id, {}), stop.order_ids[0]: day.now}
    heard = replace(day.facts, arrivals={**day.facts.arrivals, courier_id: arrivals})
    again = outlooks(replace(day, facts=heard), first)
    assert [key for key, each in again.items() if each is not first[key]] == [courier_id]
