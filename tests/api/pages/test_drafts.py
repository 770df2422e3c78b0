"""A draft on the board in a real browser: compared with the plan in force, published or put aside."""

from dataclasses import replace

import pytest
from playwright.sync_api import expect

from dispatch.access import Role
from dispatch.shortfalls import Unserved

UNSERVED = tuple(
    Unserved(order_id=name, reason="no-capacity-left", detail="every vehicle is full")
    for name in ("x1", "x2")
)


@pytest.fixture
def published(company, make_plan):
    company.orders(12)
    company.publish(make_plan(company, stops=4, unserved=UNSERVED))
    return company


@pytest.fixture
def page(published, open_page):
    return open_page(f"/?day=2026-11-11#key={published.key(Role.DISPATCHER)}").page


def test_a_draft_is_compared_and_published(page, published, make_plan):
    expect(page.locator(".live")).to_have_text("实时")
    published.draft(make_plan(published, stops=3))
    banner = page.locator(".draft")
    expect(banner).to_contain_text("草案第 2 版")
    expect(banner).to_contain_text("−2")  # unserved
    expect(banner).to_contain_text("−25.0%")  # cost
    expect(banner).to_contain_text("片区重叠 12 %")
    banner.get_by_role("button", name="发布").click()
    expect(page.locator("[data-figure=stops] .value")).to_have_text("0/9")
    expect(page.locator(".notice")).to_contain_text("第 2 版已发布")
    expect(banner).to_have_count(0)


def test_a_draft_with_drops_says_why_it_cannot_be_published(page, published, make_plan):
    expect(page.locator(".live")).to_have_text("实时")
    plan = make_plan(published, stops=3)
    published.draft(replace(plan, figures=replace(plan.figures, dropped=2)))
    banner = page.locator(".draft")
    expect(banner).to_contain_text("其中 2 单途中送达")
    expect(banner.get_by_role("button", name="发布")).to_be_disabled()


def test_a_draft_says_for_how_many_expected_orders_it_keeps_room(page, published, make_plan):
    expect(page.locator(".live")).to_have_text("实时")
    plan = make_plan(published, stops=3)
    published.draft(replace(plan, figures=replace(plan.figures, expected=7)))
    expect(page.locator(".draft")).to_contain_text("为可能再来的 7 单预留了时间和装载空间")
    published.draft(plan)
    expect(page.locator(".draft")).to_contain_text("草案第 3 版")
    expect(page.locator(".draft-expected")).to_have_count(0)


def test_a_stale_draft_is_not_published_and_the_page_says_why(page, published, make_plan):
    expect(page.locator(".live")).to_have_text("实时")
    published.draft(make_plan(published, stops=3))
    button = page.locator(".draft").get_by_role("button", name="发布")
    expect(button).to_be_visible()
    rival = make_plan(published, stops=2)

    def be_late(route):
        published.publish(rival)
        route.continue_()

    page.route("**/publish", be_late, times=1)
    button.click()
    told = page.get_by_role("alert").filter(has_text="已有更新的计划发布")
    expect(told).to_contain_text("请重新求解")
    expect(page.locator("[data-figure=stops] .value")).to_have_text("0/6")
