"""Points that fill up, close and open again while a day runs: every next version keeps the contract."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from dispatch.at_points import as_keepers_say
from dispatch.days import TimeWindow
from dispatch.events import GivenBack, PointClosed, PointFull, PointOpened, Scanned
from dispatch.fates import road_facts
from dispatch.households import CollectionPoint, PointId, Registry
from dispatch.order_answers import Verdict
from dispatch.orders import Order, OrderId
from dispatch.plan import Why
from dispatch.planning import plan_day
from dispatch.running.ahead import Situation
from dispatch.running.answering import answer_orders
from dispatch.running.barring import without_barred
from dispatch.running.contract import Term, breaches
from dispatch.running.inserting import Memory
from dispatch.running.watching import whys
from routing.places import Place
from routing.roads.network import RoadNetwork
from tests.dispatch.running.days import SOUTH, STEP, WEST, World, at, morning

P1, P2 = PointId("P1"), PointId("P2")
POINTS = {
    key: CollectionPoint(
        point_id=key,
        village="",
        name=key,
        place=Place(WEST + column * STEP, SOUTH + row * STEP),
        capacity_pieces=30,
    )
    for key, column, row in ((P1, 1.5, 3), (P2, 3.5, 2))
}


@pytest.fixture(scope="session")
def network(grid_network):
    return RoadNetwork.load(grid_network)


def with_points(seed, **size):
    """A drawn morning whose households would rather bring than wait; some parcels are at a point by their word."""
    chance = random.Random(seed)
    inputs = morning(seed, **size)
    depot = replace(inputs.fleet.depot, walk_cost_per_km_fen=10)
    orders = []
    # Without windows of those that get ready late: so a door is always an answer.
    for each in (
        replace(e, windows=e.windows if e.ready_at is None else ()) for e in inputs.orders
    ):
        drawn = chance.random()
        if drawn < 0.15:
            stays = chance.random() < 0.5
            orders.append(
                replace(
                    each,
                    point_id=chance.choice((P1, P2)),
                    windows=(),
                    place=each.place if stays else None,
                )
            )
        else:
            orders.append(replace(each, points=(P1, P2) if drawn < 0.7 else ()))
    return replace(
        inputs,
        registry=Registry(points=POINTS),
        fleet=replace(inputs.fleet, depot=depot),
        orders=tuple(orders),
    )


def planned(inputs, network, *, now, start=None, facts=None, seed=1):
    return plan_day(
        inputs,
        network,
        budget_s=20,
        iterations=200,
        seed=seed,
        made_at=now,
        start=start,
        facts=facts,
    )


def as_known(inputs, events, plan, now):
    facts = road_facts(events)
    return as_keepers_say(inputs.as_known(facts), facts, plan, now=now), facts


def stops_at(plan, point_id):
    return [stop for route in plan.routes for stop in route.stops if stop.point_id == point_id]


def scan(order_id, point_id, when, kind=Scanned):
    return kind(
        at=when, by="t", event_id=f"{order_id}-{when}", point_id=point_id, order_ids=(order_id,)
    )


class Keepers:
    """What keepers say at random, of the plan that is in force."""

    def __init__(self, chance, inputs):
        self.chance, self.orders, self.events = chance, inputs.orders, []

    def until(self, plan, now):
        chance = self.chance
        for point_id in (P1, P2):
            for stop in stops_at(plan, point_id):
                # Most households come in good time, and some never.
                self.events += [
                    scan(order_id, point_id, min(now, stop.begin_at - timedelta(minutes=20)))
                    for order_id in stop.order_ids
                    if chance.random() < 0.3
                ]
            if chance.random() < 0.1:
                order = chance.choice(self.orders)
                self.events.append(scan(order.order_id, point_id, now))
                if chance.random() < 0.3:
                    later = now + timedelta(seconds=1)
                    self.events.append(scan(order.order_id, point_id, later, GivenBack))
            drawn = chance.random()
            if drawn < 0.25:
                self.events.append(
                    PointFull(
                        at=now, by="t", point_id=point_id, pieces_left=chance.choice((0, 0, 4))
                    )
                )
            elif drawn < 0.5:
                opens = chance.choice((None, now + timedelta(minutes=chance.randint(10, 180))))
                shuts = now + timedelta(minutes=chance.choice((0, 0, 45)))
                self.events.append(
                    PointClosed(at=now, by="t", point_id=point_id, from_at=shuts, until_at=opens)
                    if opens is None or opens > shuts
                    else PointClosed(at=now, by="t", point_id=point_id, from_at=now, until_at=opens)
                )
            elif drawn < 0.6:
                self.events.append(PointOpened(at=now, by="t", point_id=point_id))
        return list(self.events)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_keepers_say_the_next_version_keeps_the_contract(network, seed):
    chance = random.Random(seed)
    inputs = with_points(seed)
    plan = planned(inputs, network, now=at(7))
    world, keepers = World(seed, pace=chance.choice([0.9, 1.0, 1.2])), Keepers(chance, inputs)
    for hour in range(8, 17):
        now = at(hour, 20)
        events = [*world.drive(plan, now), *keepers.until(plan, now)]
        rest, facts = as_known(inputs, events, plan, now)
        assert as_keepers_say(rest, facts, plan, now=now) == rest
        again = planned(rest, network, now=now, start=plan, facts=facts, seed=hour)
        before = without_barred(plan, rest, facts, now=now)
        assert without_barred(before, rest, facts, now=now) == before
        assert breaches(before, again, rest, facts, now=now) == ()
        later = whys(again, events, now=now)
        assert Why.POINTS not in later or any(each.at > now for each in events)
        plan = again


@pytest.fixture(scope="module")
def brought(grid_network):
    """A morning plan to which both points matter, and its inputs."""
    inputs = with_points(5)
    waiting = Order(order_id=OrderId("o900"), point_id=P1)
    inputs = replace(inputs, orders=(*inputs.orders, waiting))
    plan = planned(inputs, RoadNetwork.load(grid_network), now=at(7))
    assert stops_at(plan, P1)
    assert any(stop.brought for stop in stops_at(plan, P1))
    return inputs, plan


NOW = at(7, 30)


def next_version(brought, network, *events):
    inputs, plan = brought
    assert Why.POINTS in whys(plan, events, now=NOW)
    rest, facts = as_known(inputs, events, plan, NOW)
    after = planned(rest, network, now=NOW, start=plan, facts=facts)
    before = without_barred(plan, rest, facts, now=NOW)
    assert breaches(before, after, rest, facts, now=NOW) == ()
    assert whys(after, events, now=NOW) == ()
    return after


def test_a_full_point_has_nothing_more_brought_and_what_stands_there_is_picked_up(brought, network):
    inputs, plan = brought
    there = {each for stop in stops_at(plan, P1) for each in stop.order_ids}
    scanned = sorted(there)[:3]
    events = [scan(each, P1, at(7, 10)) for each in scanned]
    full = PointFull(at=at(7, 20), by="t", point_id=P1)
    after = next_version(brought, network, *events, full)
    assert {each for stop in stops_at(after, P1) for each in stop.order_ids} == set(scanned)
    elsewhere = {each for route in after.routes for stop in route.stops for each in stop.order_ids}
    orders = {each.order_id: each for each in inputs.orders}
    doorless = {
        each for each in there - set(scanned) if orders[each].point_id and not orders[each].place
    }
    assert there - set(scanned) - doorless <= elsewhere
    assert {each.order_id: each.reason for each in after.unserved} == dict.fromkeys(
        doorless, "point-full"
    )


def test_a_point_that_is_nearly_full_takes_what_fits(brought, network):
    inputs, _ = brought
    after = next_version(
        brought, network, PointFull(at=at(7, 20), by="t", point_id=P1, pieces_left=4)
    )
    pieces = {each.order_id: each.pieces for each in inputs.orders}
    there = [each for stop in stops_at(after, P1) for each in stop.order_ids]
    assert 0 < sum(pieces[each] for each in there) <= 4


def test_nobody_comes_to_a_point_while_it_is_closed_and_what_stands_there_is_fetched_later(
    brought, network
):
    _, plan = brought
    first = stops_at(plan, P1)[0]
    scanned = first.order_ids[0]
    closed = PointClosed(at=at(7, 20), by="t", point_id=P1, from_at=at(7, 20), until_at=at(13))
    after = next_version(brought, network, scan(scanned, P1, at(7, 10)), closed)
    stops = stops_at(after, P1)
    assert all(stop.begin_at >= at(13) for stop in stops)
    assert scanned in {each for stop in stops for each in stop.order_ids}


def test_what_stands_at_a_point_that_opens_no_more_is_left_with_the_reason(brought, network):
    _, plan = brought
    scanned = stops_at(plan, P1)[0].order_ids[0]
    closed = PointClosed(at=at(7, 20), by="t", point_id=P1, from_at=at(7, 20))
    after = next_version(brought, network, scan(scanned, P1, at(7, 10)), closed)
    assert stops_at(after, P1) == []
    assert {each.order_id: each.reason for each in after.unserved}[scanned] == "point-closed"


def test_an_open_point_is_used_again(brought, network):
    said = [PointFull(at=at(7, 20), by="t", point_id=each) for each in (P1, P2)]
    inputs, plan = brought
    rest, facts = as_known(inputs, said, plan, NOW)
    full = planned(rest, network, now=NOW, start=plan, facts=facts)
    assert stops_at(full, P1) == []
    opened = [PointOpened(at=at(7, 40), by="t", point_id=each) for each in (P1, P2)]
    now = at(7, 45)
    assert whys(full, [*said, *opened], now=now) == (Why.POINTS,)
    rest, facts = as_known(inputs, [*said, *opened], full, now)
    again = planned(rest, network, now=now, start=full, facts=facts)
    assert "o900" in {each for stop in stops_at(again, P1) for each in stop.order_ids}


def test_a_courier_is_not_sent_to_the_door_of_parcels_that_stand_at_a_point(brought, network):
    _, plan = brought
    told = {each.order_id for each in plan.promises}
    at_door = next(
        each
        for route in plan.routes
        for stop in route.stops
        if stop.point_id is None
        for each in stop.order_ids
        if each in told
    )
    after = next_version(brought, network, scan(at_door, P2, at(7, 10)))
    assert at_door in {each for stop in stops_at(after, P2) for each in stop.order_ids}
    assert at_door not in {each.order_id for each in after.promises}


def test_a_promise_at_the_door_no_longer_binds_parcels_that_stand_at_a_point(brought, network):
    _, plan = brought
    at_points = {
        each for key in (P1, P2) for stop in stops_at(plan, key) for each in stop.order_ids
    }
    promise = next(each for each in plan.promises if each.order_id not in at_points)
    shut = {"at": at(7, 20), "by": "t", "point_id": P2, "from_at": promise.earliest_at}
    closed = PointClosed(**shut, until_at=promise.latest_at + timedelta(minutes=1))
    after = next_version(brought, network, scan(promise.order_id, P2, at(7, 10)), closed)
    assert promise.order_id in {each for stop in stops_at(after, P2) for each in stop.order_ids}


def test_what_was_scanned_in_is_brought_by_nobody_any_more(brought):
    inputs, plan = brought
    stop = next(each for each in stops_at(plan, P1) if each.brought)
    order_id = stop.brought[0].order_id
    events = [scan(order_id, P1, at(7, 10))]
    assert whys(plan, events, now=NOW) == ()  # it came as planned
    rest, facts = as_known(inputs, events, plan, NOW)
    before = without_barred(plan, rest, facts, now=NOW)
    found = next(each for each in stops_at(before, P1) if order_id in each.order_ids)
    assert found == replace(stop, brought=stop.brought[1:])


def test_new_orders_share_the_room_that_a_full_point_has_left(brought, network):
    inputs, plan = brought
    # Nobody is at home any more when they are asked about: only the point is left.
    missed = (TimeWindow(at(5), at(6)),)
    place = Place(POINTS[P1].place.lon + 0.1 * STEP, POINTS[P1].place.lat)
    new = [
        Order(order_id=OrderId(f"n{n}"), place=place, windows=missed, points=(P1,))
        for n in range(3)
    ]
    there = {each for stop in stops_at(plan, P1) for each in stop.order_ids}
    taken = sum(each.pieces for each in inputs.orders if each.order_id in there)
    full = PointFull(at=at(7, 20), by="t", point_id=P1, pieces_left=taken + 2)
    rest, facts = as_known(replace(inputs, orders=(*inputs.orders, *new)), [full], plan, NOW)
    assert rest.full[P1].spare_pieces == 2
    situation = Situation(plan=plan, inputs=rest, network=network, facts=facts, now=NOW)
    _, answers = answer_orders(situation, [each.order_id for each in new], Memory())
    assert [each.point_id for each in answers] == [P1, P1, None]
    assert answers[2].verdict is not Verdict.PROMISED


def test_no_option_is_a_later_time_at_a_point_that_is_closed_then(brought, network):
    inputs, plan = brought
    new = Order(order_id=OrderId("n1"), point_id=P1)
    # Couriers begin at eight, when nobody is there any more; the morning's point had no such end.
    closed = PointClosed(at=at(7, 20), by="t", point_id=P1, from_at=at(8))
    rest, facts = as_known(replace(inputs, orders=(*inputs.orders, new)), [closed], plan, NOW)
    assert new.order_id not in rest.barred
    situation = Situation(plan=plan, inputs=rest, network=network, facts=facts, now=NOW)
    _, (answer,) = answer_orders(situation, [new.order_id], Memory())
    assert answer.verdict is not Verdict.PROMISED
    assert [each.code for each in answer.options] == []


def test_the_contract_sees_every_way_to_wrong_a_point(brought):
    inputs, plan = brought
    stop = stops_at(plan, P1)[0]
    order_id = stop.order_ids[0]

    def broken(*events):
        facts = road_facts(events)
        found = breaches(plan, replace(plan, seed=2), inputs, facts, now=NOW)
        return {each.term for each in found}

    assert broken() == set()
    assert broken(PointFull(at=NOW, by="t", point_id=P1)) == {Term.POINTS}
    assert broken(PointFull(at=NOW, by="t", point_id=P1, pieces_left=1)) == {Term.POINTS}
    assert broken(PointFull(at=NOW, by="t", point_id=P1, pieces_left=500)) == set()
    shut = {"at": NOW, "by": "t", "point_id": P1, "from_at": stop.begin_at}
    assert broken(PointClosed(**shut)) == {Term.POINTS}
    assert broken(PointClosed(**shut, until_at=stop.begin_at)) == set()
    assert broken(scan(order_id, P2, NOW)) == {Term.POINTS}
    assert broken(scan(order_id, P1, NOW)) == set()
    assert broken(scan(OrderId("nobody"), P1, NOW)) == set()
