"""What is learned of a day's tempo, against days whose tempo is known."""

import math
import random

import pytest

from dispatch.events import Collected
from dispatch.fates import road_facts
from dispatch.tempo import DRIVE_PRIOR, tempos
from tests.dispatch.test_etas import a_day, as_it_went


def learned(*, couriers=8, stops=99, **world):
    """Tempos after the first `stops` stops of every courier of a drawn day."""
    chance = random.Random(7)
    plan = a_day(chance, couriers=couriers)
    events, _ = as_it_went(plan, chance, **world)
    early = {
        order_id
        for route in plan.routes
        for stop in route.stops[:stops]
        for order_id in stop.order_ids
    }
    return tempos(plan, road_facts(each for each in events if early.issuperset(each.order_ids)))


def test_before_anything_is_heard_a_day_goes_as_planned_give_or_take_the_prior():
    told = learned(stops=0)["c0"].drive
    assert (told.mean, told.spread, told.seen) == (0.0, DRIVE_PRIOR.single_spread, 0)
    assert told.mean_spread == pytest.approx(
        math.hypot(DRIVE_PRIOR.day_spread, DRIVE_PRIOR.courier_spread)
    )


def test_a_slow_day_is_learned_and_the_surer_the_more_was_seen():
    world = {"slower": 1.4, "day": 0, "courier": 0, "drive": 0.1}
    few, many = (learned(stops=stops, **world)["c0"].drive for stops in (2, 99))
    assert 1.0 < few.usual < many.usual
    assert many.usual == pytest.approx(1.4, abs=0.06)
    assert many.mean_spread < few.mean_spread
    assert few.seen == 1  # the first drive begins at the depot: nobody says when


def test_a_courier_who_has_said_nothing_is_taken_for_one_of_the_others():
    chance = random.Random(7)
    plan = a_day(chance)
    events, _ = as_it_went(plan, chance, slower=1.4, day=0, courier=0)
    told = tempos(plan, road_facts(each for each in events if each.courier_id != "c3"))
    assert told["c3"].drive.seen == 0
    assert told["c3"].drive.usual == pytest.approx(1.35, abs=0.1)
    assert told["c3"].drive.mean_spread > told["c4"].drive.mean_spread


def test_how_much_single_drives_differ_is_learned_too():
    steady = learned(day=0, courier=0, drive=0.02)["c0"].drive
    rough = learned(day=0, courier=0, drive=0.45)["c0"].drive
    assert steady.spread < 0.1 < DRIVE_PRIOR.single_spread < rough.spread


def test_waits_breaks_and_stops_made_out_of_turn_say_nothing_of_the_tempo():
    chance = random.Random(7)
    plan = a_day(chance, couriers=1)
    events, _ = as_it_went(plan, chance, day=0, courier=0)
    told = tempos(plan, road_facts(events))["c0"]
    assert told.drive.seen == 24 - 1 - 24 // 6  # not the first, not where the plan waits
    assert told.door.seen == 24 - 24 // 6
    # The second stop is reported as over before the first: the drive between them is not one.
    first, second = plan.routes[0].stops[:2]
    swapped = [
        replace_at(each, second.depart_at.replace(hour=20))
        if each.order_ids == first.order_ids and isinstance(each, Collected)
        else each
        for each in events
    ]
    assert tempos(plan, road_facts(swapped))["c0"].drive.seen == told.drive.seen - 1


def replace_at(event, at):
    return type(event)(
        at=at,
        by=event.by,
        event_id=event.event_id,
        courier_id=event.courier_id,
        order_ids=event.order_ids,
    )
