"""The keeper's page on a small phone: arrivals, scans, and a point that is full or closed."""

import pytest
from playwright.sync_api import expect

from dispatch.access import Role
from tests.api.pages.drawn_days import at_point

POINT = {
    "point_id": "P01",
    "name": "兴国代收点",
    "place": {"lon": 118.1, "lat": 33.88},
    "capacity_pieces": 10,
}


@pytest.fixture
def phone(company, make_plan, open_page):
    company.orders(12)
    company.call("POST", "/v1/points", {"points": [POINT]})
    company.publish(at_point(make_plan(company, stops=4)))
    key = company.key(Role.POINT, "P01")
    return open_page(f"/p#key={key}", size=(360, 740), has_touch=True, is_mobile=True)


def parcel(page, order_id):
    return page.locator(f'.parcels [data-order="{order_id}"]')


def test_a_keeper_scans_in_and_says_that_the_point_is_full_or_closed(phone, company):
    page = phone.page
    expect(page.locator("h1")).to_have_text("兴国代收点")
    expect(page.locator(".arrivals li")).to_contain_text("朱雪华")
    expect(page.locator(".arrivals li")).to_contain_text("已入库 0/2 单")
    expect(page.locator(".parcels li")).to_have_count(2)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360

    parcel(page, "o00000").get_by_role("button", name="入库").tap()
    expect(parcel(page, "o00000")).to_have_attribute("data-where", "standing")
    expect(page.locator(".progress-line")).to_contain_text("在库 1 件")
    expect(page.locator(".progress-line")).to_contain_text("还可放 9 件")
    page.get_by_label("取件单号").fill("o00001")
    page.get_by_label("取件单号").press("Enter")
    expect(parcel(page, "o00001")).to_have_attribute("data-where", "standing")
    parcel(page, "o00001").get_by_role("button", name="退回").tap()
    expect(parcel(page, "o00001")).to_have_attribute("data-where", "expected")
    expect(page.locator(".arrivals li")).to_contain_text("已入库 1/2 单")
    phone.assert_clean()

    page.get_by_label("取件单号").fill("nobody")
    page.get_by_label("取件单号").press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("nobody")
    page.get_by_role("button", name="知道了").tap()
    expect(page.get_by_role("alert")).to_have_count(0)

    page.get_by_role("button", name="已满").tap()
    page.get_by_role("button", name="确定").tap()
    expect(page.locator(".said")).to_have_text(["已满：不再安排送来"])
    page.get_by_role("button", name="关门").tap()
    page.get_by_label("到几点").fill("18:00")
    page.get_by_role("button", name="确定").tap()
    expect(page.locator(".said").nth(1)).to_contain_text("至 18:00 关门")
    page.get_by_role("button", name="Switch to English").tap()
    expect(page.locator(".said").nth(0)).to_have_text("Full: nothing more is brought here")
    notice = company.call("GET", "/v1/points/P01/arrivals?day=2026-11-11")["point"]["notice"]
    assert notice["pieces_left"] == 0
    assert notice["closed_until"].startswith("2026-11-11T10:00:00")
    page.get_by_role("button", name="Open again").tap()
    expect(page.locator(".said")).to_have_count(0)


def test_scans_without_a_signal_survive_a_reload(phone, company):
    page = phone.page
    expect(page.locator(".parcels li")).to_have_count(2)
    page.route("**/scans?**", lambda route: route.abort())
    parcel(page, "o00000").get_by_role("button", name="入库").tap()
    expect(parcel(page, "o00000")).to_have_attribute("data-where", "standing")
    expect(page.locator(".signal")).to_contain_text("1 条记录待发送")
    page.reload()
    expect(parcel(page, "o00000")).to_have_attribute("data-where", "standing")
    page.unroute("**/scans?**")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator(".progress-line")).to_contain_text("在库 1 件")


def test_a_courier_has_another_page(company, open_page):
    page = open_page(f"/p#key={company.key(Role.COURIER, 'c001')}").page
    expect(page.locator(".empty h2")).to_have_text("这个密钥不是代收点的")
