"""A stop chosen on the board in a real browser: what stands on its card, and in the list beside it."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from dispatch.access import Role
from dispatch.plan import Plan, Promise
from tests.api.pages.drawn_days import at_point, with_joint_order, with_missed_window, with_swaps

Anything = Callable[..., Any]


@pytest.fixture
def shown(company, make_plan, open_page) -> Anything:
    """The board with a plan in force, its first route chosen."""

    def shown(change: Callable[[Plan], Plan]):
        company.orders(12)
        company.publish(change(make_plan(company, stops=4)))
        watched = open_page(f"/?day=2026-11-11#key={company.key(Role.DISPATCHER)}")
        watched.page.locator(".route-row", has_text="朱雪华").click()
        return watched

    return shown


def promised(plan: Plan) -> Plan:
    """The first stop of the first route with hours to spare, its fourth with none."""
    stops = plan.routes[0].stops
    promises = tuple(
        Promise(
            order_id=stop.order_ids[0],
            courier_id=plan.routes[0].courier_id,
            earliest_at=stop.begin_at,
            latest_at=stop.begin_at + timedelta(minutes=minutes),
        )
        for stop, minutes in ((stops[0], 240), (stops[3], 0))
    )
    return replace(plan, promises=promises)


def test_it_shows_its_range_and_whether_its_promise_is_at_risk(shown, company):
    page = shown(promised).page
    card = page.locator(".stop-card [data-fact=range]")
    for number, words, at_risk in ((0, "多半在", "false"), (3, "可能误约", "true")):
        page.locator(".stop-row").nth(number).click()
        expect(card).to_contain_text(words)
        expect(card).to_have_attribute("data-late", at_risk)
        expect(card.locator("dd")).to_have_text(re.compile(r"\d\d:\d\d–\d\d:\d\d"))
    company.report("collected", "c001", ["o00003"])
    expect(page.locator(".stop-row").nth(3)).to_have_attribute("data-state", "done")
    expect(card).to_have_count(0)


def test_at_a_point_it_says_of_each_order_who_brings_it(shown):
    watched = shown(at_point)
    watched.page.locator(".stop-row").first.click()
    card = watched.page.locator(".stop-card")
    expect(card.locator("h3")).to_have_text("兴国代收点")
    expect(card).to_contain_text("代收点")
    expect(card.locator(".stop-orders li")).to_have_text(["o00000", "o00001 H001 送来，320 米"])
    watched.assert_clean()


def test_it_says_of_which_joint_order_it_is_and_that_something_is_missing(shown):
    watched = shown(with_joint_order)
    watched.page.locator(".stop-row").first.click()
    joint = watched.page.locator(".stop-card .joint")
    expect(joint).to_have_text("联单 L-7：3 单中 1 单在此，联单不齐")
    watched.assert_clean()


def test_swaps_of_its_route_stand_among_the_stops(shown):
    watched = shown(with_swaps)
    swaps = watched.page.locator(".swap-row")
    expect(swaps).to_have_count(2)
    expect(swaps.first).to_have_text("东风换电柜换电 09:30–09:35")
    expect(swaps.last).to_contain_text("充电桩换电")
    watched.assert_clean()


def test_it_says_by_how_much_it_misses_which_window(shown):
    watched = shown(with_missed_window)
    watched.page.locator(".stop-row").first.click()
    told = watched.page.locator(".stop-card .stop-orders li").first
    expect(told).to_have_text("o00000 晚于约定时段 09:30–09:35 12 分钟")
    watched.assert_clean()
