"""The address queue on the board: a question is seen, answered, and gone."""

import pytest
from playwright.sync_api import expect

from dispatch.access import Role
from dispatch.orders import OrderId
from dispatch.shortfalls import Unserved

DAY = "day=2026-11-11"
WANG = {"village": "兴国村", "name": "王芳"}
HOUSEHOLDS = [
    {"household_id": "H002", "place": {"lon": 118.095, "lat": 33.875}} | WANG,
    {"household_id": "H003", "place": {"lon": 118.105, "lat": 33.865}} | WANG,
]
LOST = {"household_id": "H009", "village": "东风村", "name": "张三", "address": "7组"}


def ask(company, order_id="lost", address="兴国村王芳"):
    order = {"order_id": order_id, "address": address, "weight_g": 2000}
    company.call("POST", f"/v1/orders?{DAY}", {"orders": [order]})


def register(company, *households):
    company.call("POST", "/v1/households", {"households": households})


def place_of(company, order_id="lost"):
    order = company.call("GET", f"/v1/orders/{order_id}?{DAY}")["order"]
    return order["household_id"], order["place"]


@pytest.fixture
def asking(company, make_plan):
    """A day with a plan, and an order whose address may mean two households."""
    register(company, *HOUSEHOLDS)
    company.orders(12)
    ask(company)
    unclear = Unserved(order_id=OrderId("lost"), reason="address-unclear", detail="nobody said")
    company.publish(make_plan(company, stops=4, unserved=(unclear,)))
    return company


@pytest.fixture
def board(asking, open_page):
    return open_page(f"/?{DAY}#key={asking.key(Role.DISPATCHER)}")


def tab(page):
    return page.get_by_role("tab", name="待确认地址")


def ready_map(page):
    page.wait_for_selector(".map[data-ready=true]")
    page.wait_for_function("() => document.querySelector('.map').mapOfBoard.loaded()")


def expect_on_map(page, titles):
    """Which candidates stand on the map; a tile's neighbour may hold the same one again."""
    page.wait_for_function(
        """(titles) => {
          const found = document.querySelector(".map").mapOfBoard.querySourceFeatures("pin");
          const names = new Set(found.map((each) => each.properties.title));
          return JSON.stringify([...names]) === JSON.stringify(titles);
        }""",
        arg=titles,
    )


def test_where_nothing_is_asked_there_is_no_tab(company, make_plan, open_page):
    company.orders(12)
    company.publish(make_plan(company, stops=4))
    page = open_page(f"/?{DAY}#key={company.key(Role.DISPATCHER)}").page
    expect(page.locator(".live")).to_have_text("实时")
    expect(page.locator(".route-row")).to_have_count(3)
    expect(tab(page)).to_have_count(0)


def test_a_question_is_answered_with_one_of_its_candidates(board, asking):
    page = board.page
    expect(tab(page)).to_contain_text("1")
    tab(page).click()
    row = page.locator(".address-row")
    expect(row.locator("h3")).to_have_text("兴国村王芳")
    expect(row.locator(".tag")).to_have_text("有多个地点")
    expect(row).to_contain_text("取件单 lost")
    expect(row.locator(".address-answers button")).to_have_count(2)
    expect(row.get_by_role("button", name="兴国村 王芳")).to_have_count(2)
    row.get_by_role("button", name="H003").click()
    expect(page.locator(".notice")).to_contain_text("已确认：兴国村王芳")
    expect(tab(page)).to_have_count(0)
    expect(page.locator(".route-row")).to_have_count(3)
    assert place_of(asking) == ("H003", None)
    board.assert_clean()


def test_a_candidate_that_is_looked_at_stands_on_the_map(board):
    page = board.page
    ready_map(page)
    tab(page).click()
    page.locator(".address-answers button").first.hover()
    expect_on_map(page, ["兴国村 王芳"])
    page.locator(".brand").hover()
    expect_on_map(page, [])
    page.locator(".address-answers button").last.focus()
    expect_on_map(page, ["兴国村 王芳"])


def test_an_order_is_put_on_the_map_with_a_click_and_a_yes(board, asking):
    page = board.page
    ready_map(page)
    tab(page).click()
    page.get_by_role("button", name="在地图上选点").click()
    expect(page.locator(".pin-banner")).to_contain_text("兴国村王芳")
    target = page.evaluate(
        """() => {
          const element = document.querySelector(".map");
          const { x, y } = element.mapOfBoard.project([118.09, 33.87]);
          const box = element.getBoundingClientRect();
          return [box.left + x, box.top + y];
        }"""
    )
    page.mouse.click(target[0] + 60, target[1])  # a slip of the hand
    page.mouse.click(*target)
    expect(page.locator(".address-row")).to_have_count(1)  # nothing is told before the yes
    assert place_of(asking) == (None, None)
    page.get_by_role("button", name="就是这里").click()
    expect(tab(page)).to_have_count(0)
    expect(page.locator(".pin-banner")).to_have_count(0)
    household, place = place_of(asking)
    assert household is None
    assert place == pytest.approx({"lon": 118.09, "lat": 33.87}, abs=1e-3)


def test_a_household_is_located_with_the_keyboard_alone(company, open_page):
    register(company, LOST)
    company.orders(1)
    page = open_page(f"/?{DAY}#key={company.key(Role.DISPATCHER)}").page
    ready_map(page)
    expect(page.locator(".empty h2")).to_have_text("1 个取件单等待安排")
    tab(page).focus()
    page.keyboard.press("Enter")
    row = page.locator(".address-row")
    expect(row).to_contain_text("农户 H009")
    expect(row.locator("h3")).to_have_text("东风村7组")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("canvas.maplibregl-canvas")).to_be_focused()
    expect(page.locator(".crosshair")).to_be_visible()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        """() => {
          const map = document.querySelector(".map").mapOfBoard;
          return map.getCenter().lng > 118.1 && !map.isMoving();
        }"""
    )
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="就是这里")).to_be_focused()
    page.keyboard.press("Enter")
    expect(tab(page)).to_have_count(0)
    (located,) = [
        each
        for each in company.call("GET", "/v1/households")["households"]
        if each["household_id"] == "H009"
    ]
    assert located["place"]["lon"] > 118.1
    assert located["place"]["lat"] == pytest.approx(33.8711, abs=1e-3)


def test_escape_leaves_the_map_and_tells_nothing(board, asking):
    page = board.page
    ready_map(page)
    tab(page).click()
    page.get_by_role("button", name="在地图上选点").click()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="就是这里")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".pin-banner")).to_have_count(0)
    expect(page.locator(".address-row")).to_have_count(1)
    assert place_of(asking) == (None, None)


def test_a_click_for_a_place_selects_no_stop(board):
    page = board.page
    ready_map(page)
    tab(page).click()
    page.get_by_role("button", name="在地图上选点").click()
    at = page.evaluate(
        """() => {
          const element = document.querySelector(".map");
          const map = element.mapOfBoard;
          const at = map.project(map.querySourceFeatures("stops")[0].geometry.coordinates);
          const box = element.getBoundingClientRect();
          return [box.left + at.x, box.top + at.y];
        }"""
    )
    page.mouse.click(*at)
    expect(page.get_by_role("button", name="就是这里")).to_be_visible()
    expect(page.locator(".address-row")).to_have_count(1)
    expect(page.locator(".route-head")).to_have_count(0)


def test_who_answers_too_late_is_told_so(board, asking):
    page = board.page
    tab(page).click()

    def be_late(route):
        asking.call("PUT", f"/v1/orders/lost/place?{DAY}", {"household_id": "H002"})
        route.continue_()

    page.route("**/place?**", be_late, times=1)
    page.locator(".address-row").get_by_role("button", name="H003").click()
    told = page.get_by_role("alert").filter(has_text="这个取件单的位置已经确认")
    expect(told).to_be_visible()
    expect(tab(page)).to_have_count(0)
    assert place_of(asking) == ("H002", None)


def test_questions_come_and_go_while_one_looks(board, asking):
    page = board.page
    expect(page.locator(".live")).to_have_text("实时")
    tab(page).click()
    rows = page.locator(".address-row")
    expect(rows).to_have_count(1)
    ask(asking, "shop", "兴国村桥头修车铺")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="桥头").locator(".tag")).to_have_text("登记中没有")
    register(asking, LOST)
    expect(rows).to_have_count(3)
    asking.call("PUT", f"/v1/orders/shop/place?{DAY}", {"household_id": "H001"})
    expect(rows).to_have_count(2)
    asking.call("POST", f"/v1/orders/lost/cancel?{DAY}", {"reason": "sold out"})
    expect(rows).to_have_count(1)
    asking.call("PUT", "/v1/households/H009/place", {"place": {"lon": 118.1, "lat": 33.9}})
    expect(rows).to_have_count(0)


def test_an_order_left_out_for_its_address_leads_to_its_question(board):
    page = board.page
    page.get_by_role("tab", name="未安排").click()
    row = page.locator(".unserved-row")
    expect(row).to_contain_text("地址待确认")
    row.click()
    expect(tab(page)).to_have_attribute("aria-selected", "true")
    expect(page.locator(".address-row h3")).to_have_text("兴国村王芳")


def test_the_keyboard_goes_on_with_the_next_question(board, asking):
    page = board.page
    ask(asking, "next", "兴国村桥头修车铺")
    tab(page).click()
    expect(page.locator(".address-row")).to_have_count(2)
    page.locator(".address-answers button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".address-row")).to_have_count(1)
    expect(page.locator(".address-answers button").first).to_be_focused()


def test_search_finds_an_address(board):
    page = board.page
    expect(tab(page)).to_be_visible()
    page.get_by_label("搜索").fill("王芳")
    expect(page.locator(".address-row")).to_have_count(1)


def test_a_wall_screen_is_asked_nothing(asking, open_page):
    watched = open_page(f"/?{DAY}#key={asking.key(Role.DASHBOARD)}")
    page = watched.page
    expect(page.locator(".live")).to_have_text("实时")
    expect(page.locator(".route-row")).to_have_count(3)
    expect(tab(page)).to_have_count(0)
    watched.assert_clean()  # the question itself would be a 403 in the console


def test_the_queue_speaks_english_too(board):
    page = board.page
    page.get_by_role("button", name="Switch to English").click()
    page.get_by_role("tab", name="Addresses").click()
    expect(page.locator(".address-row .tag")).to_have_text("several places")
    page.get_by_role("button", name="Choose on the map").click()
    expect(page.locator(".pin-banner")).to_contain_text("press Enter")
