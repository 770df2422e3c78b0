"""The board with ten thousand stops: everything is there, little of it is drawn."""

import pytest
from playwright.sync_api import expect

from dispatch.access import Role


@pytest.fixture
def board(found_company, make_plan, open_page):
    company = found_company([f"揽件员{number:03d}" for number in range(100)])
    company.orders(1)
    company.publish(make_plan(company, stops=100))
    return open_page(f"/?day=2026-11-11#key={company.key(Role.DASHBOARD)}", size=(1920, 1080))


def test_ten_thousand_stops_are_on_the_map_in_the_chart_and_found(board):
    page = board.page
    expect(page.locator("[data-figure=stops] .value")).to_have_text("0/10,000")
    page.wait_for_selector(".map[data-ready=true]")
    page.wait_for_function(
        """() => {
          const map = document.querySelector(".map").mapOfBoard;
          return new Set(map.querySourceFeatures("stops").map((each) => each.id)).size === 10000;
        }"""
    )
    assert page.locator(".list-row").count() < 40
    rows = page.locator(".list-all").evaluate("(element) => element.offsetHeight / 68")
    assert rows == 100
    assert page.locator(".chart-spacer").evaluate("(element) => element.offsetHeight") > 100 * 26

    page.get_by_label("搜索").fill("o09998")
    page.locator(".stop-row").click()
    expect(page.locator(".stop-card h3")).to_have_text("兴国村 H09999")
    expect(page.locator(".route-head h2")).to_have_text("揽件员099")
    assert page.locator(".list-row").count() < 40
    board.assert_clean()
