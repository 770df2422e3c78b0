"""A drawn day: what is asked for, roads and doors, by the seed alone, whoever plans it."""

from collections import Counter

from dispatch.simulation.travel import Travel


def test_days_before_are_of_the_same_households_and_of_orders_of_their_own(drawn):
    truth = drawn(1, look_back_days=2)
    assert truth.wishes == drawn(1).wishes
    first, second = truth.pasts
    assert (second.clock.day - first.clock.day).days == 1
    asked = [
        Counter(each.order.household_id for each in wishes)
        for wishes in (truth.wishes.values(), first.wishes, second.wishes)
    ]
    assert asked[1] != asked[2]
    best = {counted.most_common(1)[0][0] for counted in asked}
    assert len(best) < 3, "who sells most does so on most days"


def test_more_couriers_meet_the_same_orders_and_the_same_doors(drawn):
    few, many = drawn(1, couriers=2), drawn(1, couriers=6)
    assert few.wishes == many.wishes


def test_a_promotion_day_has_so_many_times_the_orders_of_the_same_households(drawn):
    plain, peak = drawn(1, orders=20), drawn(1, orders=200)
    assert len(peak.wishes) == 10 * len(plain.wishes)
    sales = Counter(wish.order.household_id for wish in peak.wishes.values())
    (_, most), *_, (_, least) = sales.most_common()
    assert most > 8 * least


def test_one_leg_takes_one_courier_longer_than_another_and_each_always_as_long(drawn):
    truth = drawn(1, pace_spread=0.3)
    ground = truth.scene.ground
    origin, target = [*ground.rows][:2]

    def seconds(courier_id):
        travel = Travel(ground, (), truth.rates, truth.seed)
        return travel.drive(courier_id, "trike", origin, target, 9 * 3600).duration_s

    couriers = list(truth.scene.fleet.couriers)
    assert [seconds(each) for each in couriers] == [seconds(each) for each in couriers]
    assert len({seconds(each) for each in couriers}) == len(couriers)


def test_closed_roads_are_slower_for_everybody(drawn):
    truth = drawn(2, closures_mean=6.0)
    assert truth.mishaps.closures
    closed = truth.mishaps.closures[0]
    ground = truth.scene.ground
    shut = ground.closed([closed.closure])
    pairs = [(a, b) for a in ground.rows for b in ground.rows if a != b]

    def seconds(each, a, b):
        drive = each.drive("trike", a, b)
        return None if drive is None else drive.duration_s

    slower = [
        (seconds(ground, a, b), seconds(shut, a, b))
        for a, b in pairs
        if seconds(ground, a, b) != seconds(shut, a, b)
    ]
    assert slower
    assert all(after is None or after > before for before, after in slower)
