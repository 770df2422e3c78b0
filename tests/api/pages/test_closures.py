"""Closed roads on the board: drawn when they are reported, told under the pointer, gone when they reopen."""

import pytest
from playwright.sync_api import expect

from dispatch.access import Role
from routing.roads.network import RoadNetwork

DAY = "day=2026-11-11"


def drawn(page, states):
    """Wait until the map's closures have these states, one for each of their roads."""
    page.wait_for_function(
        """(states) => {
          const map = document.querySelector(".map").mapOfBoard;
          const found = map.querySourceFeatures("closures").map((each) => each.properties);
          const unique = new Map(found.map((each) => [each.closure, each.state]));
          return JSON.stringify([...unique.values()].sort()) === JSON.stringify(states);
        }""",
        arg=states,
    )


@pytest.fixture
def road(roads):
    """A road in the middle of the county, as a line along it."""
    network = RoadNetwork.load(roads)
    lines = network.edges().lines()
    line = max(lines, key=lambda each: abs(each[-1] - each[0]).sum())
    return [{"lon": lon, "lat": lat} for lon, lat in line.tolist()]


@pytest.fixture
def page(company, make_plan, open_page, road):
    """The board, where the road fills the map."""
    company.orders(12)
    company.publish(make_plan(company, stops=4))
    page = open_page(f"/?{DAY}#key={company.key(Role.DASHBOARD)}").page
    page.wait_for_selector(".map[data-ready=true]")
    middle = road[len(road) // 2]
    page.evaluate(
        """([lon, lat]) => {
          const map = document.querySelector(".map").mapOfBoard;
          map.jumpTo({ center: [lon, lat], zoom: 16 });
          return new Promise((done) => map.once("idle", done));
        }""",
        arg=[middle["lon"], middle["lat"]],
    )
    return page


def test_a_closure_is_drawn_when_it_is_reported_and_gone_when_the_road_reopens(company, page, road):
    drawn(page, [])
    added = company.call("POST", "/v1/closures", {"line": road, "reason": "桥面积水"})
    drawn(page, ["closed"])
    company.call("POST", "/v1/closures", {"line": road, "duration_factor": 3})
    drawn(page, ["closed", "slow"])
    company.call("DELETE", f"/v1/closures/{added['closure_id']}")
    drawn(page, ["slow"])


def test_the_pointer_over_a_closed_road_tells_why_and_until_when(company, page, road):
    until_at = "2026-11-13T18:30:00+08:00"
    hours = {"starts": "00:00", "ends": "00:00"}
    told = {"line": road, "reason": "桥面积水", "until_at": until_at, "hours": hours}
    company.call("POST", "/v1/closures", told)
    drawn(page, ["closed"])
    middle = road[len(road) // 2]
    box = page.evaluate(
        """([lon, lat]) => {
          const map = document.querySelector(".map").mapOfBoard;
          const { left, top } = map.getCanvas().getBoundingClientRect();
          const { x, y } = map.project([lon, lat]);
          return [left + x, top + y];
        }""",
        arg=[middle["lon"], middle["lat"]],
    )
    page.mouse.move(*box)
    page.mouse.move(box[0] + 1, box[1] + 1)
    tooltip = page.locator(".tooltip")
    expect(tooltip.locator("strong")).to_have_text("封路 · 桥面积水")
    expect(tooltip.locator("span")).to_have_text("每天 00:00–00:00 · 至 11月13日 18:30")
