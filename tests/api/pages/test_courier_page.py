"""The courier's page on a small phone: a tap is one tap, and is never lost."""

import pytest
from playwright.sync_api import expect

from dispatch.access import Role


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
