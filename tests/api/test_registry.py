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
