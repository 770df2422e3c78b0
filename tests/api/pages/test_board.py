"""The board in a real browser: what a dispatcher sees, selects and decides."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from dispatch import operations
from dispatch.access import Role
from dispatch.departing import AtRisk
from dispatch.fleet import CourierId, VehicleModelId
from dispatch.plan import Promise, Why
from dispatch.shortfalls import Remedy, RemedyCode, Unserved
from routing.places import Place
from tests.api.pages.drawn_days import STARTS_AT, with_departures

UNSERVED = (
    Unserved(
        order_id="x1",
        reason="no-capacity-left",
        detail="every vehicle is full",
        place=Place(118.08, 33.86),
        remedies=(
            Remedy(
                code=RemedyCode.SHIFT_ENDS_LATER,
                detail="courier c001 works 12 min longer, until 18:42",
                cost_fen=640,
                courier_id=CourierId("c001"),
                at=datetime.fromisoformat("2026-11-11T18:42+08:00"),
                minutes=12,
            ),
            Remedy(
                code=RemedyCode.ONE_MORE_COURIER,
                detail="one more courier with a trike, as c002 has",
                cost_fen=4_700,
                like_courier_id=CourierId("c002"),
                model_id=VehicleModelId("trike"),
            ),
        ),
    ),
    Unserved(order_id="x2", reason="place-unknown", detail="household H9 has no coordinates yet"),
)

Anything = Callable[..., Any]


@pytest.fixture
def published(company, make_plan):
    company.orders(12)
    company.publish(make_plan(company, stops=4, unserved=UNSERVED))
    return company


@pytest.fixture
def board(published, open_page):
    return open_page(f"/?day=2026-11-11#key={published.key(Role.DISPATCHER)}")


def figure(page, name):
    return page.locator(f"[data-figure={name}] .value")


def ready_map(page):
    page.wait_for_selector(".map[data-ready=true]")
    page.wait_for_function(
        """() => {
          const map = document.querySelector(".map").mapOfBoard;
          const has = (source) => map.querySourceFeatures(source).length > 0;
          return map.loaded() && has("stops") && has("trips");
        }"""
    )


def test_the_board_shows_the_plan(board):
    page = board.page
    expect(figure(page, "routes")).to_have_text("3")
    expect(figure(page, "stops")).to_have_text("0/12")
    expect(figure(page, "unserved")).to_have_text("2")
    expect(figure(page, "cost")).to_have_text("¥60")
    expect(page.locator(".route-row strong")).to_have_text(["陈敏霞", "何小", "朱雪华"])
    ready_map(page)
    assert page.evaluate(
        """() => {
          const map = document.querySelector(".map").mapOfBoard;
          const count = (source) =>
            new Set(map.querySourceFeatures(source).map((each) => each.id)).size;
          return { stops: count("stops"), trips: count("trips") };
        }"""
    ) == {"stops": 12, "trips": 3}
    expect(page.locator(".attribution")).to_contain_text("© OpenStreetMap contributors")
    expect(page.locator(".attribution")).to_contain_text("synthetic")


def test_the_page_asks_no_other_host_and_complains_of_nothing(board):
    page = board.page
    ready_map(page)
    page.wait_for_function(
        "() => document.querySelector('.map').mapOfBoard.querySourceFeatures('base',"
        " { sourceLayer: 'roads' }).length > 0"
    )
    page.locator(".route-row").first.click()
    page.locator(".stop-row").first.click()
    board.assert_clean()


def test_the_key_leaves_the_address_but_stays_in_the_tab(board):
    page = board.page
    expect(figure(page, "routes")).to_have_text("3")
    assert "key" not in page.url
    page.reload()
    expect(figure(page, "routes")).to_have_text("3")


def test_a_wrong_key_is_asked_for_again(published, open_page):
    watched = open_page("/?day=2026-11-11#key=cl_wrong")
    page = watched.page
    expect(page.get_by_role("alert")).to_have_text("这个密钥不可用")
    page.get_by_label("密钥").fill(published.key(Role.DISPATCHER))
    page.get_by_role("button", name="进入").click()
    expect(figure(page, "routes")).to_have_text("3")


def test_selecting_in_the_list_selects_on_map_and_chart(board):
    page = board.page
    ready_map(page)
    page.locator(".route-row", has_text="何小").click()
    expect(page.locator(".route-head h2")).to_have_text("何小")
    page.locator(".stop-row").nth(1).click()
    expect(page.locator(".stop-card h3")).to_have_text("兴国村 H00010")
    expect(page.locator(".stop-card")).to_contain_text("o00009")
    expect(page.locator(".stop-card")).to_contain_text("侧门取件")
    expect(page.locator(".stop-card")).to_contain_text("大件")
    shown = """() => {
      const map = document.querySelector(".map").mapOfBoard;
      const state = (id) => map.getFeatureState({ source: "stops", id });
      return [state(9).selected, state(0).dim, map.getFeatureState({ source: "trips", id: 200 }).selected];
    }"""
    assert page.evaluate(shown) == [True, True, True]


def test_selecting_on_the_map_selects_in_the_list(board):
    page = board.page
    ready_map(page)
    at = page.evaluate(
        """() => {
          const element = document.querySelector(".map");
          const map = element.mapOfBoard;
          const stop = map.querySourceFeatures("stops").find((each) => each.id === 6);
          const at = map.project(stop.geometry.coordinates);
          const box = element.getBoundingClientRect();
          return [box.left + at.x, box.top + at.y];
        }"""
    )
    page.mouse.click(*at)
    expect(page.locator(".stop-card h3")).to_have_text(re.compile("兴国村 H000"))
    page.mouse.click(at[0], at[1])
    page.keyboard.press("Escape")


def test_the_chart_is_walked_with_the_arrow_keys(board):
    page = board.page
    expect(page.locator(".route-row")).to_have_count(3)
    page.locator(".chart").focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".route-head h2")).to_have_text("陈敏霞")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".route-head h2")).to_have_text("何小")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".stop-card h3")).to_have_text("兴国村 H00009")
    page.keyboard.press("Escape")
    expect(page.locator(".stop-card")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(".route-row")).to_have_count(3)


def test_an_unserved_order_tells_why_and_shows_where(board):
    page = board.page
    ready_map(page)
    page.get_by_role("tab", name="未安排").click()
    rows = page.locator(".unserved-row")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("运力已满")
    expect(rows.nth(0)).to_contain_text("every vehicle is full")
    expect(rows.nth(1)).to_contain_text("没有位置")
    rows.nth(0).click()
    expect(rows.nth(0)).to_have_attribute("aria-pressed", "true")
    page.wait_for_function(
        """() => document.querySelector(".map").mapOfBoard
             .getFeatureState({ source: "unserved", id: "x1" }).selected === true"""
    )


def test_an_unserved_order_shows_what_would_have_it_picked_up(board):
    page = board.page
    page.get_by_role("tab", name="未安排").click()
    first = page.locator(".unserved-row").nth(0)
    expect(first.locator(".remedy")).to_have_text(
        ["朱雪华延长 12 分钟，到 18:42", "再派一名揽件员，开电动三轮车"]
    )
    expect(first.locator(".remedy-price")).to_have_text(["+¥6", "+¥47"])
    expect(page.locator(".unserved-row").nth(1).locator(".remedy")).to_have_count(0)
    box, row = first.locator(".remedy").last.bounding_box(), first.bounding_box()
    assert box["y"] + box["height"] <= row["y"] + row["height"]


def test_search_finds_couriers_villages_orders_and_unserved_ones(board):
    page = board.page
    expect(page.locator(".route-row")).to_have_count(3)
    page.keyboard.press("/")
    for text, found in {
        "朱雪": [".route-row"],
        "C002": [".route-row"],
        "o00007": [".stop-row"],
        "x1": [".unserved-row"],
        "兴国村": 12 * [".stop-row"],
    }.items():
        page.keyboard.press("Control+A")
        page.keyboard.type(text)
        expect(page.locator(".list-row button")).to_have_count(len(found))
        expect(page.locator(found[0])).to_have_count(len(found))
    page.keyboard.press("Control+A")
    page.keyboard.type("张家界")
    expect(page.locator(".empty h2")).to_have_text("没有找到“张家界”")
    expect(page.locator(".empty")).to_contain_text("村名")


def test_a_courier_s_report_moves_the_figures_while_one_looks(board, published):
    page = board.page
    expect(page.locator(".live")).to_have_text("实时")
    expect(figure(page, "stops")).to_have_text("0/12")
    published.report("collected", "c001", ["o00000"])
    expect(figure(page, "stops")).to_have_text("1/12")
    published.report("failed", "c001", ["o00001"], reason="nobody-home")
    expect(figure(page, "stops")).to_have_text("2/12")
    page.locator(".route-row", has_text="朱雪华").click()
    expect(page.locator(".stop-row").nth(0)).to_have_attribute("data-state", "done")
    expect(page.locator(".stop-row").nth(1)).to_have_attribute("data-state", "failed")
    expect(page.locator(".stop-row").nth(2)).to_have_attribute("data-state", "planned")


def test_departures_show_their_slack_and_which_will_be_missed(company, make_plan, open_page):
    company.orders(12)
    company.publish(with_departures(make_plan(company, stops=4)))
    page = open_page(f"/?day=2026-11-11#key={company.key(Role.DISPATCHER)}").page
    rows = page.locator(".departures li")
    expect(rows).to_have_count(3)
    expect(rows.nth(0)).to_contain_text("1 趟 · 8 件")
    expect(rows.nth(0)).to_contain_text("晚 ")
    expect(rows.nth(0)).to_have_attribute("data-tone", "bad")
    expect(rows.nth(1)).to_contain_text("晚 ")
    expect(rows.nth(1)).to_have_attribute("data-tone", "late")
    expect(rows.nth(2)).to_contain_text("无货")
    expect(rows.nth(2)).to_have_attribute("data-tone", "")
    rows.nth(1).get_by_role("button").click()
    expect(page.locator(".route-head h2")).to_have_text("陈敏霞")
    expect(page.locator(".trip-heading")).to_contain_text("等卸货位 7 分 · 09:46 发车")
    page.locator(".stop-row").nth(0).click()
    expect(page.locator(".stop-card")).to_contain_text("原定 09:40 发车")


def test_a_truck_that_leaves_otherwise_and_one_that_will_be_missed_stand_on_the_board(
    company, make_plan, open_page
):
    company.orders(12)
    company.publish(with_departures(make_plan(company, stops=4)))
    page = open_page(f"/?day=2026-11-11#key={company.key(Role.DISPATCHER)}").page
    rows = page.locator(".departures li")
    expect(rows).to_have_count(3)
    early = datetime(2026, 11, 11, 17, 45, tzinfo=company.fleet.depot.zone)
    company.call("PUT", "/v1/departures/18:30?day=2026-11-11", {"leaves_at": early.isoformat()})
    expect(rows.nth(2).locator("strong")).to_have_text("18:30 17:45")
    risk = AtRisk(
        leaves_at=early, courier_id=CourierId("c001"), order_ids=("o00000", "o00001"), late_s=300
    )

    def tell(told, now):
        async def act(store):
            await operations.tell_risks(store, company.day, told, now, by="t", at=STARTS_AT)
            return True

        company.app.run(act)

    tell([], [risk])
    expect(rows.nth(2).get_by_role("alert")).to_have_text("朱雪华 的 2 单将误班")
    tell([risk], [])
    expect(rows.nth(2).get_by_role("alert")).to_have_count(0)


def test_what_a_version_changed_stands_on_the_board_while_one_looks(company, make_plan, open_page):
    """Two stops change hands, and one of the households is told another time."""
    company.orders(12)
    plan = make_plan(company, stops=4)
    stops = [route.trips[0].stops[-1] for route in plan.routes[:2]]
    promise = Promise(
        order_id=stops[0].order_ids[0],
        courier_id=plan.routes[0].courier_id,
        earliest_at=STARTS_AT,
        latest_at=STARTS_AT + timedelta(hours=1),
    )
    plan = replace(plan, promises=(promise,))
    company.publish(plan)
    page = open_page(f"/?day=2026-11-11#key={company.key(Role.DISPATCHER)}").page
    expect(page.get_by_role("tab")).to_have_count(2)  # nothing has changed yet

    def with_last(route, order_ids):
        (trip,) = route.trips
        last = replace(trip.stops[-1], order_ids=order_ids)
        return replace(route, trips=(replace(trip, stops=(*trip.stops[:-1], last)),))

    exchanged = (
        with_last(plan.routes[0], stops[1].order_ids),
        with_last(plan.routes[1], stops[0].order_ids),
        *plan.routes[2:],
    )
    later = replace(promise, latest_at=promise.latest_at + timedelta(minutes=30))

    async def act(store):
        current = await operations.current_plan(store, company.day)
        after = replace(
            current.plan,
            based_on=current.plan.version,
            routes=exchanged,
            promises=(later,),
            why=(Why.HAND, Why.LATE),
        )
        await operations.publish_revision(store, after, by="t", at=STARTS_AT)
        return True

    company.app.run(act)
    tab = page.get_by_role("tab", name="变动")
    expect(tab).to_contain_text(str(sum(len(each.order_ids) for each in stops)))
    tab.click()
    expect(page.locator(".list-heading").first).to_contain_text("人工调整、晚点")
    row = page.locator(".change-row", has_text=promise.order_id)
    expect(row).to_contain_text("朱雪华 → 陈敏霞")
    expect(row).to_contain_text("改告 09:30–11:00")
    row.click()
    expect(page.locator(".route-head h2")).to_have_text("陈敏霞")


def test_a_lost_connection_is_marked_and_made_up_for(board, published):
    page = board.page
    live = page.locator(".live")
    expect(live).to_have_text("实时")
    page.context.set_offline(True)
    expect(live).to_have_text(re.compile(r"离线，自 09:3\d"))
    published.report("collected", "c002", ["o00004"])
    page.context.set_offline(False)
    expect(live).to_have_text("实时")
    expect(figure(page, "stops")).to_have_text("1/12")


def test_asking_for_a_plan_shows_the_search(board):
    page = board.page
    expect(page.locator(".live")).to_have_text("实时")
    page.get_by_role("button", name="排计划").click()
    page.get_by_text("10 秒").click()
    page.get_by_role("button", name="开始求解").click()
    expect(figure(page, "solver")).to_have_text("排队中")
    expect(page.get_by_role("button", name="排计划")).to_be_disabled()
    page.get_by_role("button", name="停止求解").click()
    expect(figure(page, "solver")).to_have_text("空闲")


def test_a_wall_screen_decides_nothing(published, open_page):
    page = open_page(f"/?day=2026-11-11#key={published.key(Role.DASHBOARD)}").page
    expect(figure(page, "routes")).to_have_text("3")
    expect(page.get_by_role("button", name="排计划")).to_have_count(0)


def test_a_day_without_orders_says_what_to_do(company, open_page):
    page = open_page(f"/?day=2026-11-11#key={company.key(Role.DISPATCHER)}").page
    expect(page.locator(".empty h2")).to_have_text("今天还没有取件单")
    expect(page.locator(".empty code")).to_contain_text("cunlu import")


def test_a_day_without_a_plan_says_what_to_do(company, open_page):
    company.orders(5)
    page = open_page(f"/?day=2026-11-11#key={company.key(Role.DISPATCHER)}").page
    expect(page.locator(".empty h2")).to_have_text("5 个取件单等待安排")
    expect(page.locator(".empty p")).to_contain_text("排计划")


def test_dark_and_english_are_a_switch_that_is_remembered(board):
    page = board.page
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("button", name="外观").click()
    page.get_by_role("button", name="外观").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Switch to English").click()
    expect(page.locator("[data-figure=stops] dt")).to_have_text("Stops")
    page.reload()
    expect(page.locator("[data-figure=stops] dt")).to_have_text("Stops")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_a_dark_system_gets_a_dark_board(published, open_page):
    key = published.key(Role.DISPATCHER)
    page = open_page(f"/?day=2026-11-11#key={key}", color_scheme="dark").page
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    background = "() => getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(background) == "rgb(11, 14, 18)"


def test_two_tabs_share_one_connection(board, published):
    page = board.page
    expect(page.locator(".live")).to_have_text("实时")
    second = page.context.new_page()
    streams = []
    second.on(
        "request", lambda request: "/events/stream" in request.url and streams.append(request)
    )
    second.goto(f"{published.app.url}/?day=2026-11-11#key={published.key(Role.DISPATCHER)}")
    expect(second.locator(".live")).to_have_text("实时")
    published.report("collected", "c001", ["o00000"])
    expect(figure(second, "stops")).to_have_text("1/12")
    assert streams == []
    page.close()
    published.report("collected", "c001", ["o00001"])
    expect(figure(second, "stops")).to_have_text("2/12")
    assert len(streams) == 1
