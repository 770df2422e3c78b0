"""The courier's page on a small phone: a tap is one tap, and is never lost."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from dispatch.access import Role
from dispatch.events import Collected, decode
from dispatch.orders import OrderId
from tests.api.pages.drawn_days import STARTS_AT, at_point, with_joint_order, with_swaps


@pytest.fixture
def published(company, make_plan):
    company.orders(12)
    company.publish(make_plan(company, stops=4))
    return company


@pytest.fixture
def phone(published, open_page):
    key = published.key(Role.COURIER, "c001")
    return open_page(f"/c#key={key}", size=(360, 740), has_touch=True, is_mobile=True)


def eventually_statuses(page, company, wanted):
    """The statuses that the server knows, asked while the page goes on living."""
    for _ in range(200):
        statuses = company.statuses(4)
        if all(statuses[order] == status for order, status in wanted.items()):
            return
        page.wait_for_timeout(50)
    assert {order: statuses[order] for order in wanted} == wanted


def test_the_next_stop_has_all_that_a_courier_needs(phone):
    page = phone.page
    card = page.locator(".card")
    expect(page.locator("h1")).to_have_text("朱雪华")
    expect(card.locator("h2")).to_have_text("兴国村 H00001")
    expect(card).to_contain_text("2 件")
    expect(card).to_contain_text("09:35")
    expect(card).to_contain_text("1.0 公里")
    expect(card).to_contain_text("侧门取件")
    call = card.get_by_role("link", name="打电话给 孙寒")
    expect(call).to_have_attribute("href", "tel:13900005678")
    expect(card.get_by_role("link", name="导航")).to_be_visible()
    expect(page.locator(".stops li")).to_have_count(4)


def test_it_fits_360_pixels_and_a_thumb(phone):
    page = phone.page
    expect(page.locator(".card")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    for button in page.locator(".actions button, .ways a").all():
        box = button.bounding_box()
        assert box["height"] >= 44
        assert box["x"] + box["width"] <= 360
    phone.assert_clean()


def test_collecting_moves_on_to_the_next_stop_and_reaches_the_server(phone, published):
    page = phone.page
    page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    expect(page.locator(".stops button").nth(0)).to_have_attribute("data-state", "done")
    expect(page.locator(".progress-line")).to_have_text("1/4 站 · 2 件")
    eventually_statuses(page, published, {"o00000": "collected", "o00001": "open"})


def test_failing_asks_why(phone, published):
    page = phone.page
    page.get_by_role("button", name="未取到").tap()
    page.get_by_role("button", name="无人在家").tap()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    expect(page.locator(".stops button").nth(0)).to_have_attribute("data-state", "failed")
    eventually_statuses(page, published, {"o00000": "failed"})


def test_a_failed_pickup_can_be_made_good(phone, published):
    page = phone.page
    page.get_by_role("button", name="未取到").tap()
    page.get_by_role("button", name="无人在家").tap()
    page.locator(".stops button").nth(0).tap()
    page.get_by_role("button", name="撤销为已取件").tap()
    expect(page.locator(".stops button").nth(0)).to_have_attribute("data-state", "done")
    eventually_statuses(page, published, {"o00000": "collected"})


def test_taps_without_a_signal_survive_even_a_reload(phone, published):
    page = phone.page
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".signal")).to_contain_text("2 条记录待发送")
    assert published.statuses(4)["o00000"] == "open"
    page.reload()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00003")
    expect(page.locator(".signal")).to_contain_text("2 条记录待发送")
    page.unroute("**/v1/**")
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator(".signal")).to_be_hidden()
    eventually_statuses(page, published, {"o00000": "collected", "o00001": "collected"})


def test_an_answer_lost_on_the_way_does_not_count_twice(phone, published):
    page = phone.page
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")
    sent = []

    def swallow(route):
        sent.append(route.request.post_data_json["events"])
        route.fetch()
        route.abort()

    page.route("**/v1/events?**", swallow, times=1)
    page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".signal")).to_contain_text("1 条记录待发送")
    with page.expect_response("**/v1/events?**") as answered:
        page.evaluate("() => dispatchEvent(new Event('online'))")
    assert answered.value.json()["results"][0]["outcome"] == "duplicate"
    assert answered.value.request.post_data_json["events"] == sent[0]
    expect(page.locator(".signal")).to_be_hidden()


def test_a_report_that_the_server_refuses_is_told(phone):
    page = phone.page
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")
    page.wait_for_function("() => localStorage.getItem('cunlu.shift')")
    page.route("**/v1/me", lambda route: route.abort())
    # Before the page's own scripts, so that nothing of the earlier load writes over it.
    page.add_init_script(
        """
        const shift = JSON.parse(localStorage.getItem("cunlu.shift"));
        shift.stored.route.trips[0].stops[0].order_ids = ["gone"];
        shift.etag = "";
        localStorage.setItem("cunlu.shift", JSON.stringify(shift));
        """
    )
    page.reload()
    page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".refusal")).to_contain_text("gone")
    page.get_by_role("button", name="知道了").tap()
    expect(page.locator(".refusal")).to_have_count(0)
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")


def test_the_last_stop_leads_home(phone):
    page = phone.page
    for number in range(1, 5):
        expect(page.locator(".card h2")).to_have_text(f"兴国村 H0000{number}")
        page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".card h2")).to_have_text("今天的取件都完成了")
    expect(page.locator(".card")).to_contain_text("18:30")


def test_a_courier_without_a_route_is_told_so(company, open_page):
    page = open_page(f"/c#key={company.key(Role.COURIER, 'c003')}", size=(360, 740)).page
    expect(page.locator(".empty h2")).to_have_text("今天没有您的路线")


def test_a_key_of_another_role_is_not_a_courier_s(published, open_page):
    page = open_page(f"/c#key={published.key(Role.DISPATCHER)}", size=(360, 740)).page
    expect(page.locator(".empty h2")).to_have_text("这个密钥不属于揽件员")


def cancel(company, order_id):
    company.call("POST", f"/v1/orders/{order_id}/cancel?day=2026-11-11", {"reason": "sold out"})


def read_again(page):
    page.evaluate("() => dispatchEvent(new Event('online'))")


def states(page):
    return page.locator(".stops button").evaluate_all(
        "(all) => all.map((each) => each.dataset.state)"
    )


def test_another_phone_goes_on_where_the_first_one_stands(phone, published, open_page):
    first = phone.page
    first.get_by_role("button", name="已取件").tap()
    first.get_by_role("button", name="未取到").tap()
    first.get_by_role("button", name="无人在家").tap()
    eventually_statuses(first, published, {"o00000": "collected", "o00001": "failed"})
    published.report("arrived", "c001", ["o00002"])
    second = open_page(f"/c#key={published.key(Role.COURIER, 'c001')}", size=(360, 740)).page
    expect(second.locator(".card h2")).to_have_text("兴国村 H00003")
    expect(second.locator(".progress-line")).to_have_text("2/4 站 · 2 件")
    assert states(second) == ["done", "failed", "arrived", "ahead"]


def test_a_phone_that_forgot_everything_is_told_by_the_server(phone, published):
    page = phone.page
    page.get_by_role("button", name="已取件").tap()
    eventually_statuses(page, published, {"o00000": "collected"})
    page.evaluate("() => localStorage.clear()")
    page.reload()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    assert states(page) == ["done", "ahead", "ahead", "ahead"]


def test_what_the_server_told_is_there_without_a_signal(phone, published):
    page = phone.page
    published.report("collected", "c001", ["o00000"])
    read_again(page)
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    page.wait_for_function("() => localStorage.getItem('cunlu.shift').includes('collected')")
    page.route("**/v1/**", lambda route: route.abort())
    page.reload()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    expect(page.locator(".signal")).to_contain_text("断网中")


def test_a_cancelled_stop_is_struck_through_and_passed_over(phone, published):
    page = phone.page
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")
    cancel(published, "o00001")
    read_again(page)
    row = page.locator(".stops button").nth(1)
    expect(row).to_contain_text("已取消")
    expect(row.locator(".title")).to_have_css("text-decoration-line", "line-through")
    page.get_by_role("button", name="已取件").tap()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00003")
    row.tap()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    expect(page.get_by_role("button", name="未取到")).to_have_count(0)


def test_parcels_in_the_vehicle_are_collected_whoever_cancelled(phone, published):
    page = phone.page
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")
    page.route("**/v1/**", lambda route: route.abort())
    page.get_by_role("button", name="已取件").tap()
    cancel(published, "o00000")
    page.unroute("**/v1/**")
    page.route("**/v1/events?**", lambda route: route.abort())  # it can be read, not yet told
    with page.expect_response("**/v1/couriers/me/progress"):
        read_again(page)
    expect(page.locator(".stops button").first).to_have_attribute("data-state", "done")
    page.unroute("**/v1/events?**")
    read_again(page)
    eventually_statuses(page, published, {"o00000": "collected"})


def test_the_later_word_counts_whichever_phone_said_it(phone, published):
    page = phone.page
    expect(page.locator(".card h2")).to_have_text("兴国村 H00001")
    an_hour_ago = (STARTS_AT - timedelta(hours=1)).isoformat()
    published.report("failed", "c001", ["o00001"], reason="nobody-home", at=an_hour_ago)
    page.get_by_role("button", name="未取到").tap()
    page.get_by_role("button", name="无人在家").tap()
    read_again(page)
    expect(page.locator(".stops button").nth(1)).to_have_attribute("data-state", "failed")
    later = published.call("GET", "/v1/me")["now_at"]
    published.report("collected", "c001", ["o00000"], at=later)
    read_again(page)
    expect(page.locator(".stops button").nth(0)).to_have_attribute("data-state", "done")
    page.locator(".stops button").nth(1).tap()
    page.get_by_role("button", name="撤销为已取件").tap()
    expect(page.locator(".stops button").nth(1)).to_have_attribute("data-state", "done")


def test_of_a_stop_half_cancelled_only_the_rest_is_collected(company, make_plan, open_page):
    company.orders(13)
    plan = make_plan(company, stops=4)
    route = plan.routes[0]
    stop = replace(route.trips[0].stops[0], order_ids=(OrderId("o00000"), OrderId("o00012")))
    trip = replace(route.trips[0], stops=(stop, *route.trips[0].stops[1:]))
    company.publish(replace(plan, routes=(replace(route, trips=(trip,)), *plan.routes[1:])))
    cancel(company, "o00012")
    page = open_page(f"/c#key={company.key(Role.COURIER, 'c001')}", size=(360, 740)).page
    expect(page.locator(".card .cancelled")).to_have_text("已取消，不用取：o00012")
    page.get_by_role("button", name="已取件").click()
    expect(page.locator(".card h2")).to_have_text("兴国村 H00002")
    eventually_statuses(page, company, {"o00000": "collected"})
    assert company.statuses(13)["o00012"] == "cancelled"


def test_a_stop_at_a_point_says_who_brings_what(company, make_plan, open_page):
    company.orders(12)
    company.publish(at_point(make_plan(company, stops=4)))
    key = company.key(Role.COURIER, "c001")
    phone = open_page(f"/c#key={key}", size=(360, 740), has_touch=True, is_mobile=True)
    card = phone.page.locator(".card")
    expect(card.locator("h2")).to_have_text("兴国代收点")
    expect(card).to_contain_text("4 件")
    expect(card).to_contain_text("2 单中有 1 单由农户送来：H001")
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    phone.assert_clean()


def test_a_courier_is_told_where_to_swap_on_the_way(company, make_plan, open_page):
    company.orders(12)
    company.publish(with_swaps(make_plan(company, stops=4)))
    key = company.key(Role.COURIER, "c001")
    phone = open_page(f"/c#key={key}", size=(360, 740), has_touch=True, is_mobile=True)
    swap = phone.page.locator(".card .swap")
    expect(swap).to_contain_text("途中到东风换电柜换电（充满），09:30–09:35。")
    expect(swap.locator("a")).to_have_attribute("href", re.compile("^geo:33.8711,118.0906"))
    assert phone.page.evaluate("() => document.documentElement.scrollWidth") <= 360
    phone.assert_clean()


def test_a_stop_says_of_which_joint_order_it_is(company, make_plan, open_page):
    company.orders(12)
    company.publish(with_joint_order(make_plan(company, stops=4)))
    key = company.key(Role.COURIER, "c001")
    phone = open_page(f"/c#key={key}", size=(360, 740), has_touch=True, is_mobile=True)
    expect(phone.page.locator(".card .joint")).to_have_text("联单 L-7：3 单中 1 单在此，联单不齐")
    phone.assert_clean()


def test_more_pieces_than_said_are_reported_as_they_were_counted(phone, published):
    page = phone.page
    expect(page.get_by_label("实收件数")).to_have_value("2")
    page.get_by_label("实收件数").fill("5")
    page.get_by_role("button", name="已取件").tap()
    eventually_statuses(page, published, {"o00000": "collected"})
    assert counts_told(published) == [("o00000", 5)]
    # As many as were said are no news, and neither is what cannot be.
    page.get_by_label("实收件数").fill("0")
    page.get_by_role("button", name="已取件").tap()
    eventually_statuses(page, published, {"o00001": "collected"})
    assert counts_told(published) == [("o00000", 5)]


def counts_told(company):
    async def act(store):
        entries = await store.history(company.day, after="0-0", limit=1000)
        return [decode(body) for _, body in entries]

    return [
        (each.order_id, each.pieces)
        for event in company.app.run(act)
        if isinstance(event, Collected)
        for each in event.counted
    ]
