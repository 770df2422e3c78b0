"""A dispatcher's hand on the board, in a real browser: looked at first, then made, taken back, made again."""

import re
from dataclasses import replace
from datetime import time, timedelta

import pytest
from playwright.sync_api import expect

from dispatch import operations
from dispatch.access import Role
from dispatch.orders import Order, OrderId
from dispatch.planning import plan_day
from routing.places import Place
from routing.roads.network import RoadNetwork
from routing.roads.snap import Snap
from tests.api.pages.drawn_days import HOME, STARTS_AT

NAMES = ("朱雪华", "陈敏霞", "何小")
DAY = "day=2026-11-11"
A_COST = re.compile(r"^[+−]¥\d")
MOVE = re.compile("改派|Give")


@pytest.fixture(scope="module")
def network(roads):
    return RoadNetwork.load(roads)


@pytest.fixture
def planned(company, network):
    """A real plan of twelve orders at doors near the depot."""
    near = [
        Place(HOME.lon + 0.004 * (number % 9 - 4), HOME.lat + 0.004 * (number // 9 - 4))
        for number in range(81)
    ]
    snaps = network.snap(near, "trike")
    doors = [place for place, snap in zip(near, snaps, strict=True) if isinstance(snap, Snap)][:12]
    orders = [
        Order(order_id=OrderId(f"o{number:05d}"), place=place, weight_g=3000)
        for number, place in enumerate(doors)
    ]

    async def act(store):
        await operations.create_orders(store, company.day, orders, by="test", at=STARTS_AT)
        return await operations.read_inputs(store, company.day, at=STARTS_AT)

    inputs = company.app.run(act)
    plan = plan_day(inputs, network, budget_s=20, iterations=200, seed=1, made_at=STARTS_AT)
    assert plan.unserved == ()
    company.publish(plan)
    return company


@pytest.fixture
def board(planned, open_page):
    return open_page(f"/?{DAY}#key={planned.key(Role.DISPATCHER)}")


def in_force(company):
    return company.call("GET", f"/v1/plans/current?{DAY}")


def whose(plan):
    return {
        order_id: route["courier_id"]
        for route in plan["routes"]
        for trip in route["trips"]
        for stop in trip["stops"]
        for order_id in stop["order_ids"]
    }


def last_stop(page):
    """Open the last stop of the first route that has one, as a dispatcher would."""
    page.locator(".route-row").first.click()
    page.locator(".stop-row").last.click()
    card = page.locator(".stop-card")
    expect(card).to_be_visible()
    return card, card.locator(".stop-orders li").first.inner_text()


def test_a_stop_is_looked_at_and_then_given_to_another_courier(board, planned):
    page = board.page
    before = in_force(planned)
    card, order_id = last_stop(page)
    target = card.get_by_label("揽件员", exact=True)
    name = target.locator("option").first.inner_text()
    card.get_by_role("button", name="改派").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.get_by_role("heading")).to_contain_text(name)
    expect(dialog.locator("[data-figure=cost]")).to_have_text(A_COST)
    assert in_force(planned) == before, "a look changes nothing"
    dialog.get_by_role("button", name="执行").click()
    expect(page.locator(".notice")).to_contain_text("第 2 版生效")
    after = in_force(planned)
    assert after["why"] == ["hand"]
    assert whose(after)[order_id] != whose(before)[order_id]
    board.assert_clean()


def test_a_look_that_is_put_aside_makes_nothing(board, planned):
    page = board.page
    before = in_force(planned)
    card, _ = last_stop(page)
    card.get_by_role("button", name="改派").click()
    expect(page.locator("dialog[open] [data-figure=cost]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(card).to_be_visible()
    assert in_force(planned) == before


def test_by_keyboard_alone_a_stop_is_locked_and_unlocked(board, planned):
    page = board.page
    card, order_id = last_stop(page)
    card.get_by_role("button", name="锁定").focus()
    page.keyboard.press("Enter")
    do = page.locator("dialog[open]").get_by_role("button", name="执行")
    expect(do).to_be_enabled()
    do.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".notice")).to_contain_text("第 2 版生效")
    assert [each["order_id"] for each in in_force(planned)["hand"]["holds"]] == [order_id]
    card, _ = last_stop(page)
    expect(card).to_contain_text("已锁定")
    card.get_by_role("button", name="解锁").click()
    page.locator("dialog[open]").get_by_role("button", name="执行").click()
    expect(page.locator(".notice").last).to_contain_text("第 3 版生效")
    assert in_force(planned)["hand"]["holds"] == []


def test_a_move_is_taken_back_and_made_again(board, planned):
    page = board.page
    first = whose(in_force(planned))
    card, _ = last_stop(page)
    card.get_by_role("button", name="改派").click()
    page.locator("dialog[open]").get_by_role("button", name="执行").click()
    expect(page.locator(".notice")).to_contain_text("第 2 版生效")
    moved = whose(in_force(planned))
    for name, version, wanted in (("撤销", 3, first), ("重做", 4, moved)):
        page.locator(".route-row").first.click()
        page.get_by_role("button", name=name).click()
        page.locator("dialog[open]").get_by_role("button", name="执行").click()
        expect(page.locator(".notice").last).to_contain_text(f"第 {version} 版生效")
        assert whose(in_force(planned)) == wanted
    page.locator(".route-row").first.click()
    page.get_by_role("button", name="重做").click()
    expect(page.locator(".notice[data-kind=problem]")).to_contain_text("没有可撤销或重做的调整")


def test_what_breaks_a_rule_is_named_and_made_only_when_it_is_agreed(company, network, open_page):
    """The only other courier goes home before the parcels are ready: nobody else comes without overtime."""
    couriers = dict(company.fleet.couriers)
    early, late, third = couriers
    del couriers[third]
    couriers[early] = replace(couriers[early], shift_ends=time(10, 30))
    fleet = replace(company.fleet, couriers=couriers)
    far = max(
        (
            place
            for place in (
                Place(HOME.lon + 0.006 * n, HOME.lat + 0.006 * m)
                for n in range(-4, 5)
                for m in range(-4, 5)
            )
            if isinstance(network.snap([place], "trike")[0], Snap)
        ),
        key=lambda place: abs(place.lon - HOME.lon) + abs(place.lat - HOME.lat),
    )
    order = Order(order_id=OrderId("far"), place=far, ready_at=STARTS_AT + timedelta(hours=2))

    async def act(store):
        await operations.replace_fleet(store, company.day.scope, fleet, by="test", at=STARTS_AT)
        await operations.create_orders(store, company.day, [order], by="test", at=STARTS_AT)
        return await operations.read_inputs(store, company.day, at=STARTS_AT)

    plan = plan_day(
        company.app.run(act), network, budget_s=20, iterations=50, seed=1, made_at=STARTS_AT
    )
    assert [route.courier_id for route in plan.routes] == [late]
    company.publish(plan)
    watched = open_page(
        f"/?{DAY}#key={company.key(Role.DISPATCHER)}", stored={"cunlu.language": "en"}
    )
    page = watched.page
    page.locator(".route-row").first.click()
    page.locator(".stop-row").first.click()
    page.locator(".stop-card").get_by_role("button").filter(has_text=MOVE).click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator(".hand-list .tag").first).to_be_visible()
    do = dialog.locator("button.primary")
    expect(do).to_be_disabled()
    assert set(whose(in_force(company)).values()) == {late}
    dialog.get_by_role("checkbox").check()
    expect(do).to_be_enabled()
    do.click()
    expect(page.locator(".notice")).to_be_visible()
    assert whose(in_force(company)) == {"far": early}


def test_a_route_is_asked_to_be_made_better(board, planned):
    page = board.page
    page.locator(".route-row").first.click()
    page.get_by_role("button", name="优化路线").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_text("停靠点也可").click()
    with page.expect_request("**/reoptimise") as asked:
        dialog.get_by_role("button", name="搜索").click()
    body = asked.value.post_data_json
    assert body["level"] == "all"
    assert body["couriers"] == [whose_first(planned, page)]
    assert asked.value.response().status == 202


def whose_first(company, page):
    """The courier of the route that is shown."""
    name = page.locator(".route-who h2").inner_text()
    return next(each.courier_id for each in company.fleet.couriers.values() if each.name == name)


def test_nobody_but_a_dispatcher_has_a_hand(planned, open_page):
    page = open_page(f"/?{DAY}#key={planned.key(Role.DASHBOARD)}").page
    page.locator(".route-row").first.click()
    page.locator(".stop-row").last.click()
    expect(page.locator(".stop-card")).to_be_visible()
    expect(page.locator(".hand")).to_have_count(0)
