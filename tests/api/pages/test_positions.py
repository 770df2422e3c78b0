"""A courier's phone says where it is, and the board draws it with its age."""

import pytest
from playwright.sync_api import expect

from dispatch.access import Role

HERE = {"longitude": 118.0931, "latitude": 33.8742}


@pytest.fixture
def published(company, make_plan):
    company.orders(12)
    company.publish(make_plan(company, stops=4))
    return company


def drawn(page, wanted):
    """Wait until the map shows these couriers: their names, and whether they are old."""
    page.wait_for_function(
        """(wanted) => {
          const map = document.querySelector(".map").mapOfBoard;
          const found = map.querySourceFeatures("couriers").map(({ properties: each }) => [each.name, each.old]);
          return JSON.stringify([...new Map(found)].sort()) === JSON.stringify(wanted);
        }""",
        arg=wanted,
        timeout=40_000,
    )


def test_a_phone_that_may_says_where_it_is_and_the_board_shows_who_is_there(published, open_page):
    board = open_page(f"/?day=2026-11-11#key={published.key(Role.DASHBOARD)}").page
    board.wait_for_selector(".map[data-ready=true]")
    drawn(board, [])
    phone = open_page(
        f"/c#key={published.key(Role.COURIER, 'c001')}",
        size=(360, 740),
        geolocation=HERE | {"accuracy": 9},
        permissions=["geolocation"],
    )
    drawn(board, [["朱雪华", False]])
    (position,) = published.call("GET", "/v1/positions?day=2026-11-11")["positions"]
    assert position["place"] == {"lon": HERE["longitude"], "lat": HERE["latitude"]}
    assert position["accuracy_m"] == 9
    at = board.evaluate(
        """([lon, lat]) => {
          const map = document.querySelector(".map").mapOfBoard;
          map.jumpTo({ center: [lon, lat], zoom: 16 });
          return new Promise((done) => map.once("idle", () => {
            const box = map.getCanvas().getBoundingClientRect();
            const at = map.project([lon, lat]);
            done({ x: box.x + at.x, y: box.y + at.y });
          }));
        }""",
        arg=[HERE["longitude"], HERE["latitude"]],
    )
    board.mouse.move(at["x"] - 40, at["y"] - 40)
    board.mouse.move(at["x"], at["y"])
    expect(board.locator(".tooltip strong")).to_have_text("朱雪华")
    expect(board.locator(".tooltip span")).to_contain_text("在此")
    board.mouse.click(at["x"], at["y"])
    expect(board.locator(".route-head h2")).to_have_text("朱雪华")
    phone.assert_clean()


def test_a_phone_that_may_not_say_where_it_is_works_all_the_same(published, open_page):
    phone = open_page(f"/c#key={published.key(Role.COURIER, 'c001')}", size=(360, 740))
    phone.page.locator(".collected").click()
    expect(phone.page.locator(".card h2")).to_have_text("兴国村 H00002")
    assert published.call("GET", "/v1/positions?day=2026-11-11")["positions"] == []
    phone.assert_clean()
