"""Households and points are listed page by page, and masked for those who may not see them."""

import asyncio

import pytest

from routing.places import Datum, Place, to_datum


async def pages(company, path, member, limit):
    """Every page's ids, as a reader gets them who follows `next`."""
    cursor = ""
    while True:
        answer = await company.call("GET", f"/v1/{path}?limit={limit}{cursor}")
        page = answer.json()
        yield [each[member] for each in page[path]]
        if page["next"] is None:
            return
        cursor = f"&cursor={page['next']}"


@pytest.mark.parametrize(
    ("limit", "sizes"), [(7, [7, 7, 6]), (20, [20]), (19, [19, 1]), (10, [10, 10])]
)
async def test_pages_of_households_hold_each_one_once(village, limit, sizes):
    found = [page async for page in pages(village, "households", "household_id", limit)]
    assert [len(page) for page in found] == sizes
    assert [each for page in found for each in page] == sorted(f"h{number}" for number in range(20))


async def test_pages_of_points_hold_each_one_once(village):
    points = [
        {"point_id": f"p{number}", "name": "点", "place": {"lon": 118.11, "lat": 33.89}}
        for number in range(2, 6)
    ]
    await village.call("POST", "/v1/points", json={"points": points})
    found = [page async for page in pages(village, "points", "point_id", 2)]
    assert found == [["p1", "p2"], ["p3", "p4"], ["p5"]]


async def test_a_cursor_behind_the_last_one_finds_an_empty_last_page(village):
    answer = await village.call("GET", "/v1/points?cursor=p1")
    assert answer.json() == {"points": [], "next": None}


@pytest.mark.parametrize(("datum", "warned"), [(Datum.WGS84, False), (Datum.GCJ02, True)])
async def test_households_that_lie_off_the_roads_by_a_datum_are_taken_in_with_a_warning(
    client, village, datum, warned
):
    while not client.app.state.deps.roads.is_loaded:  # noqa: ASYNC110 (loading offers no event)
        await asyncio.sleep(0.01)
    places = [to_datum(Place(118.1003 + 0.001 * n, 33.8801), datum) for n in range(24)]
    households = [
        {"household_id": f"w{n}", "name": "户", "place": {"lon": lon, "lat": lat}}
        for n, (lon, lat) in enumerate(places)
    ]

    answer = (await village.call("POST", "/v1/households", json={"households": households})).json()

    assert answer["counts"]["created"] == 24
    assert ["GCJ-02" in each for each in answer["warnings"]] == [True] * warned


async def test_points_that_nobody_knows_are_named_and_stop_neither_household_nor_order(village):
    place = {"lon": 118.11, "lat": 33.89}
    household = {"household_id": "x1", "place": place, "points": ["p1", "p11"]}
    answer = await village.call("POST", "/v1/households", json={"households": [household]})
    (told,) = answer.json()["results"]
    assert answer.json()["counts"]["created"] == 1
    assert (told["id"], told["outcome"], told["code"]) == ("x1", "doubtful", "point-unknown")
    assert "'p11': did you mean 'p1'?" in told["detail"]

    orders = [
        {"order_id": "n1", "household_id": "x1", "points": ["p3"]},
        {"order_id": "n2", "household_id": "x1", "points": ["p1"]},
        {"order_id": "n3", "household_id": "x1", "points": []},
        {"order_id": "n4", "household_id": "x1"},
    ]
    path = "/v1/orders?day=2026-11-11"
    results = (await village.call("POST", path, json={"orders": orders})).json()["results"]
    assert [each["outcome"] for each in results] == ["created"] * 4
    assert [each["code"] for each in results] == ["point-unknown", "", "", ""]
    assert results[0]["column"] == "/points"
    again = (await village.call("POST", path, json={"orders": orders})).json()["results"]
    assert [each["outcome"] for each in again] == ["unchanged"] * 4
    page = (await village.call("GET", path + "&limit=50")).json()["records"]
    stored = {each["order"]["order_id"]: each["order"]["points"] for each in page}
    assert [stored[f"n{number}"] for number in (1, 2, 3, 4)] == [["p3"], ["p1"], [], None]


async def test_points_to_which_nobody_can_bring_anything_are_told_when_they_are_sent(village):
    def a_point(name, **facts):
        return {"point_id": name, "name": "点", "place": {"lon": 118.11, "lat": 33.89}, **facts}

    points = [
        a_point("q1", capacity_pieces=0),
        a_point("q2", hours=[{"opens": "19:00", "closes": "21:00"}]),
        a_point("q3", hours=[{"opens": "08:00", "closes": "12:00"}], takes_bulky=False),
        a_point(
            "q4",
            hours=[{"opens": "08:00", "closes": "12:00"}, {"opens": "11:00", "closes": "14:00"}],
        ),
    ]
    answer = (await village.call("POST", "/v1/points", json={"points": points})).json()
    (refused,) = answer["results"]
    assert (refused["id"], refused["code"]) == ("q4", "not-valid")
    assert "opening hours overlap: join them" in refused["detail"]
    assert answer["counts"]["created"] == 3
    assert [each.partition(":")[0].split()[-1] for each in answer["warnings"]] == ["q1", "q2"]


async def test_a_price_of_missing_a_cut_off_is_kept_and_one_that_can_never_be_paid_is_doubted(
    village,
):
    place = {"lon": 118.11, "lat": 33.89}
    cut_off = {"cut_off_at": "2026-11-11T12:30:00+08:00"}
    orders = [
        {"order_id": "n1", "place": place, "late_cost_fen": 350, **cut_off},
        {"order_id": "n2", "place": place, "late_cost_fen": 350},
    ]
    path = "/v1/orders?day=2026-11-11"
    results = (await village.call("POST", path, json={"orders": orders})).json()["results"]
    assert [each["outcome"] for each in results] == ["created"] * 2
    assert [(each["code"], each["column"]) for each in results] == [
        ("", ""),
        ("late-cost-unused", "/late_cost_fen"),
    ]
    (stored,) = [
        each["order"]
        for each in (await village.call("GET", path + "&limit=50")).json()["records"]
        if each["order"]["order_id"] == "n1"
    ]
    assert stored["late_cost_fen"] == 350


async def test_a_household_keeps_its_price_of_missing_windows(village):
    home = {"household_id": "h1", "late_fen_per_minute": 50, "missed_max_s": 1200}
    answer = await village.call("POST", "/v1/households", json={"households": [home]})
    assert answer.json()["counts"] == {"created": 0, "changed": 1, "unchanged": 0}, answer.text
    page = (await village.call("GET", "/v1/households")).json()
    (kept,) = [each for each in page["households"] if each["household_id"] == "h1"]
    told = (kept["early_fen_per_minute"], kept["late_fen_per_minute"], kept["missed_max_s"])
    assert told == (None, 50, 1200)
    bad = home | {"late_fen_per_minute": -1}
    answer = await village.call("POST", "/v1/households", json={"households": [bad]})
    (result,) = answer.json()["results"]
    assert (result["code"], result["column"]) == ("not-valid", "/late_fen_per_minute")
