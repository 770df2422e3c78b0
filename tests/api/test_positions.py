"""Where couriers are: said by phones, seen by those who may, gone with the shift."""

from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from dispatch.clock import StandingClock
from dispatch.days import DepotDay, DepotId
from dispatch.store.keys import DayKeys

DAY = "day=2026-11-11"
TEN = datetime(2026, 11, 11, 2, 0, tzinfo=UTC)


@pytest.fixture
def clock():
    return StandingClock(TEN)


def told(courier="c1", lon=118.11, lat=33.89, *, after_s=0, **more):
    at = (TEN + timedelta(seconds=after_s)).isoformat()
    return {"courier_id": courier, "lon": lon, "lat": lat, "at": at} | more


async def say(company, *positions, role="courier"):
    answer = await company.call(
        "POST", f"/v1/positions?{DAY}", role=role, json={"positions": list(positions)}
    )
    assert answer.status_code == 200, answer.text
    return [(each["id"], each["code"] or each["outcome"]) for each in answer.json()["results"]]


async def seen(company, path="/v1/positions", *, role="dispatcher"):
    join = "&" if "?" in path else "?"
    answer = await company.call("GET", f"{path}{join}{DAY}", role=role)
    assert answer.status_code == 200, answer.text
    return answer.json()["positions"]


async def test_the_last_position_counts_however_late_others_come(village, clock):
    assert await say(village, told(lon=118.10), told(lon=118.12, after_s=20)) == [
        ("c1", "kept"),
        ("c1", "kept"),
    ]
    assert await say(village, told(lon=118.11, after_s=10)) == [("c1", "older")]
    clock.at = TEN + timedelta(seconds=50)
    (position,) = await seen(village)
    assert position["place"] == {"lon": 118.12, "lat": 33.89}
    assert (position["age_s"], position["is_old"]) == (30, False)
    clock.at = TEN + timedelta(seconds=141)
    (position,) = await seen(village)
    assert (position["age_s"], position["is_old"]) == (121, True)


async def test_a_position_in_another_datum_is_stored_as_the_map_has_it(village, clock):
    await say(village, told(crs="gcj02"))
    (position,) = await seen(village)
    assert position["place"]["lon"] == pytest.approx(118.1046, abs=0.002)
    assert position["place"]["lon"] < 118.108


async def test_positions_are_taken_in_and_shown_during_the_shift_only(village, clock):
    early, late = -2 * 3600 - 1, int(9.5 * 3600) + 1  # 08:00 and an hour after 18:30
    outside = [told(after_s=early), told(after_s=late)]
    clock.at = TEN + timedelta(hours=10)
    assert await say(village, *outside) == [("c1", "not-on-shift")] * 2
    assert await seen(village) == []
    clock.at = TEN + timedelta(hours=9, minutes=20)
    assert await say(village, told(after_s=late - 601)) == [("c1", "kept")]
    assert len(await seen(village)) == 1
    clock.at = TEN + timedelta(hours=9, minutes=31)
    assert await seen(village) == []
    assert await seen(village, "/v1/positions/nearest?lon=118.1&lat=33.9") == []


async def test_the_server_forgets_positions_by_itself_when_the_day_is_over(village, clock, server):
    await say(village, told())
    where = DayKeys(DepotDay(village.company_id, DepotId("shaji"), TEN.date()))
    redis = Redis.from_url(server.url)
    for key in (where.places, where.positions):
        assert 0 < await redis.ttl(key) <= 9.5 * 3600
    entries = await redis.xrange(where.stream)
    assert not any(b"118.11" in fields[b"e"] for _, fields in entries)
    await redis.aclose()


async def test_what_cannot_be_is_refused_by_name_and_stops_nothing_else(village, clock):
    found = await say(
        village,
        told(),
        told("c9"),
        told(after_s=601),
        told(lat=95),
        told() | {"lng": 118.1},
        role="dispatcher",
    )
    assert sorted(found) == sorted(
        [
            ("c1", "kept"),
            ("c9", "courier-unknown"),
            ("c1", "position-in-future"),
            ("c1", "not-valid"),
            ("c1", "unknown-field"),
        ]
    )


async def test_the_nearest_couriers_come_first_with_their_metres(village, clock):
    await say(village, told("c1", 118.10), told("c2", 118.13), role="dispatcher")
    found = await seen(village, "/v1/positions/nearest?lon=118.12&lat=33.89")
    assert [each["courier_id"] for each in found] == ["c2", "c1"]
    assert found[0]["distance_m"] == pytest.approx(923, rel=0.01)
    assert found[1]["distance_m"] == pytest.approx(1847, rel=0.01)
    only = await seen(village, "/v1/positions/nearest?lon=118.12&lat=33.89&limit=1")
    assert [each["courier_id"] for each in only] == ["c2"]
    assert [each["distance_m"] for each in await seen(village)] == [None, None]


async def test_a_courier_speaks_for_and_sees_itself_and_a_stranger_sees_nobody(
    village, stranger, clock, fleet_json
):
    assert await say(village, told("c2")) == [("c2", "not-your-courier")]
    await say(village, told("c1"), told("c2"), role="dispatcher")
    assert [each["courier_id"] for each in await seen(village, role="courier")] == ["c1"]
    assert [each["courier_id"] for each in await seen(village, role="dashboard")] == ["c1", "c2"]
    others = await village.call("GET", f"/v1/positions?{DAY}&courier=c2", role="courier")
    assert others.status_code == 404
    for method, path, role in (
        ("GET", "/v1/positions/nearest?lon=118&lat=33", "courier"),
        ("GET", "/v1/positions", "point"),
        ("POST", "/v1/positions", "dashboard"),
    ):
        answer = await village.call(
            method, path, role=role, **({"json": {"positions": []}} if method == "POST" else {})
        )
        assert answer.status_code == 403, path
    await stranger.call("PUT", "/v1/fleet", content=fleet_json)
    assert await seen(stranger) == []
    assert await seen(stranger, "/v1/positions/nearest?lon=118.11&lat=33.89") == []
