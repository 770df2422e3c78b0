import csv
import io
import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from zoneinfo import ZoneInfo

import gpxpy
import polyline
import pytest

from dispatch.amounts import Amount
from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.exports import (
    Contact,
    contacts_of,
    csv_of,
    fates_csv,
    plan_geojson,
    route_gpx,
    route_sheet,
    summary,
)
from dispatch.fleet import Courier, CourierId, VehicleModelId
from dispatch.households import Household, HouseholdId, Registry
from dispatch.orders import JointId, JointRule, Order, OrderId, OrderRecord, OrderStatus
from dispatch.plan import (
    Brought,
    Dropped,
    Figures,
    JointOrder,
    JointPart,
    Late,
    Leg,
    Missed,
    Plan,
    Route,
    Stop,
    StopKind,
    Trip,
)
from dispatch.shortfalls import Remedy, RemedyCode, Unserved
from routing.places import Place

EIGHT = datetime(2026, 11, 11, 8, tzinfo=ZoneInfo("Asia/Shanghai"))
DEPOT = Place(118.10, 33.90)
COURIER = Courier(
    courier_id=CourierId("c1"),
    name="王<小>明",
    model_id=VehicleModelId("trike"),
    shift_starts=EIGHT.time(),
    shift_ends=EIGHT.time(),
)


def a_leg(*lon_lats):
    line = polyline.encode([(lat, lon) for lon, lat in lon_lats], 6)
    return Leg(duration_s=600, distance_m=1500, polyline6=line, walk_m=40)


def a_stop(seq, place, **facts):
    at = EIGHT + timedelta(minutes=10 * seq)
    facts = {"order_ids": (OrderId(f"o{seq}"),), "notes": (), "handling": ()} | facts
    return Stop(
        seq=seq,
        kind=StopKind.HOUSEHOLD,
        place=place,
        title=f"东风 h{seq}",
        village="东风",
        household_ids=(HouseholdId(f"h{seq}"),),
        point_id=None,
        pieces=2,
        weight_g=2500,
        volume_ml=0,
        arrive_at=at,
        begin_at=at,
        depart_at=at + timedelta(minutes=2),
        leg=a_leg((DEPOT.lon, DEPOT.lat), (place.lon, place.lat)),
        **facts,
    )


FIRST, SECOND = Place(118.11, 33.91), Place(118.12, 33.92)
STOPS = (
    a_stop(1, FIRST, notes=("<b>轻放</b>",), handling=("fragile",)),
    a_stop(2, SECOND, order_ids=(OrderId("=1+1"), OrderId("o3"))),
)
TRIP = Trip(
    leave_at=EIGHT,
    back_at=EIGHT + timedelta(minutes=50),
    cut_off_at=EIGHT + timedelta(minutes=95),
    stops=STOPS,
    home=a_leg((SECOND.lon, SECOND.lat), (DEPOT.lon, DEPOT.lat)),
    pieces=4,
    weight_g=5000,
    volume_ml=0,
)
ROUTE = Route(
    courier_id=COURIER.courier_id,
    model_id=COURIER.model_id,
    profile="trike",
    trips=(TRIP,),
    breaks=(),
    distance_m=4500,
    duration_s=3000,
    cost_fen=12345,
)
REMEDIES = (
    Remedy(
        code=RemedyCode.OTHER_VEHICLE,
        detail="+courier c1 drives a van instead of a trike",
        cost_fen=8210,
        courier_id=COURIER.courier_id,
        model_id=VehicleModelId("van"),
    ),
    Remedy(code=RemedyCode.ONE_MORE_COURIER, detail="one more courier", cost_fen=9000),
)
LEFT = Unserved(
    order_id=OrderId("o9"),
    reason="too-heavy",
    detail="-no, really",
    place=FIRST,
    remedies=REMEDIES,
)
PLAN = Plan(
    plan_id="shaji.2026-11-11.1",
    day=DepotDay(CompanyId("demo"), DepotId("shaji"), date(2026, 11, 11)),
    version=1,
    based_on=0,
    made_at=EIGHT,
    seed=1,
    budget_s=1,
    turnaround_s=600,
    depot_name="沙集网点",
    depot_place=DEPOT,
    network="n",
    attribution="© OpenStreetMap contributors",
    synthetic=True,
    routes=(ROUTE,),
    unserved=(LEFT,),
    figures=Figures(
        orders=4, served=3, stops=2, couriers=1, distance_m=4500, duration_s=3000, cost_fen=12345
    ),
)
REGISTRY = Registry(
    households={
        HouseholdId("h1"): Household(
            household_id=HouseholdId("h1"), village="东风", name="李四", phone="13812345678"
        )
    }
)


def rows(body):
    return list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))


def test_geojson_holds_every_part_of_the_plan_and_nothing_personal():
    told = json.loads(plan_geojson(PLAN))
    kinds = [each["properties"]["kind"] for each in told["features"]]
    assert kinds == ["depot", "trip", "stop", "stop", "unserved"]
    assert (told["attribution"], told["synthetic"]) == (PLAN.attribution, True)
    (trip,) = [each for each in told["features"] if each["properties"]["kind"] == "trip"]
    line = trip["geometry"]["coordinates"]
    assert line[0] == line[-1] == [DEPOT.lon, DEPOT.lat]
    assert [SECOND.lon, SECOND.lat] in line
    assert trip["properties"]["distance_m"] == 3 * 1500
    assert "轻放" not in plan_geojson(PLAN).decode()


def test_legs_that_meet_are_joined_without_a_doubled_point():
    (trip,) = [
        each
        for each in json.loads(plan_geojson(PLAN))["features"]
        if each["properties"]["kind"] == "trip"
    ]
    line = trip["geometry"]["coordinates"]
    assert all(a != b for a, b in pairwise(line))


def test_an_unserved_order_without_a_place_is_on_no_map():
    plan = replace(PLAN, unserved=(replace(LEFT, place=None),))
    kinds = [each["properties"]["kind"] for each in json.loads(plan_geojson(plan))["features"]]
    assert kinds == ["depot", "trip", "stop", "stop"]


def test_gpx_is_read_by_a_phone():
    gpx = gpxpy.parse(route_gpx(PLAN, ROUTE).decode())
    assert [point.name for point in gpx.waypoints] == ["1 东风 h1", "2 东风 h2"]
    assert gpx.waypoints[0].time.utcoffset() == timedelta()
    assert len(gpx.tracks[0].segments) == 1


def test_the_track_tells_when_the_plan_leaves_reaches_each_stop_and_is_back():
    (segment,) = gpxpy.parse(route_gpx(PLAN, ROUTE).decode()).tracks[0].segments
    (trip,) = ROUTE.trips
    planned = [trip.leave_at, *(stop.arrive_at for stop in trip.stops), trip.back_at]
    assert [point.time for point in segment.points if point.time is not None] == planned
    assert segment.points[0].time == trip.leave_at
    assert segment.points[-1].time == trip.back_at


def test_a_second_stop_at_one_place_leaves_the_moment_of_the_first():
    (trip,) = ROUTE.trips
    first, second = trip.stops
    here = replace(second, leg=replace(second.leg, polyline6=""))
    route = replace(ROUTE, trips=(replace(trip, stops=(first, here)),))
    (segment,) = gpxpy.parse(route_gpx(PLAN, route).decode()).tracks[0].segments
    told = [point.time for point in segment.points if point.time is not None]
    assert told == [trip.leave_at, first.arrive_at, trip.back_at]


def test_every_order_has_its_fate_and_no_cell_is_a_formula():
    record = OrderRecord(order=Order(order_id=OrderId("o1")), status=OrderStatus.COLLECTED)
    told = {row["order"]: row for row in rows(fates_csv(PLAN, [record]))}
    assert told.keys() == {"o1", "'=1+1", "o3", "o9"}
    assert (told["o1"]["status"], told["o1"]["courier"], told["o1"]["stop"]) == (
        "collected",
        "c1",
        "1",
    )
    assert (told["o3"]["status"], told["o9"]["status"]) == ("served", "unserved")
    assert (told["o9"]["reason"], told["o9"]["detail"]) == ("too-heavy", "'-no, really")


def test_an_unserved_order_has_its_cheapest_remedy_beside_it():
    told = {row["order"]: row for row in rows(fates_csv(PLAN))}
    remedy = "'+courier c1 drives a van instead of a trike"
    assert (told["o9"]["remedy"], told["o9"]["remedy_yuan"]) == (remedy, "82.10")
    assert told["o3"]["remedy"] == ""
    without = replace(PLAN, unserved=(replace(LEFT, remedies=()),))
    (row,) = [row for row in rows(fates_csv(without)) if row["order"] == "o9"]
    assert (row["remedy"], row["remedy_yuan"]) == ("", "")
    (left,) = [
        each["properties"]
        for each in json.loads(plan_geojson(PLAN))["features"]
        if each["properties"]["kind"] == "unserved"
    ]
    assert left["remedies"] == [each.detail for each in REMEDIES]


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_first_character_makes_a_cell_a_formula(first):
    left = replace(LEFT, detail=f"{first}1+1")
    body = fates_csv(replace(PLAN, routes=(), unserved=(left,)))
    (row,) = csv.DictReader(io.StringIO(body.decode("utf-8-sig"), newline=""))
    assert row["detail"] == f"'{first}1+1"


def test_a_spreadsheet_is_told_that_a_table_is_utf_8():
    assert fates_csv(PLAN).startswith(b"\xef\xbb\xbf")
    assert csv_of(("a",), ()).startswith(b"\xef\xbb\xbf")


class Text(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_sheet_is_whole_escaped_and_needs_nothing_from_elsewhere():
    html = route_sheet(PLAN, ROUTE, COURIER, contacts_of(ROUTE, REGISTRY))
    page = Text(html)
    assert "李四 13812345678" in page.text
    assert "王<小>明" in page.text
    assert "<b>轻放</b>" in page.text, "what somebody wrote is text, not markup"
    assert ("b", {}) not in page.tags
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "iframe"}
    assert "虚构" in page.text
    assert PLAN.attribution in page.text
    assert "截单 09:35" in page.text
    assert "1 趟 · 2 站 · 4 件 · 5.0 kg · 4.5 km" in page.text


def test_contacts_are_of_those_on_the_route():
    assert contacts_of(ROUTE, REGISTRY) == {"h1": Contact("李四", "13812345678")}


def test_the_summary_counts_what_a_dispatcher_asks_for():
    told = summary(PLAN)
    assert told.unserved == {"too-heavy": 1}
    assert told.remedies == {"other-vehicle": 1}
    no_remedy = replace(PLAN, unserved=(replace(LEFT, remedies=()),))
    assert summary(no_remedy).remedies == {}
    assert told.least_slack_min == 45
    assert told.cost_yuan == pytest.approx(123.45)


def test_the_summary_tells_how_far_couriers_areas_lie_in_each_other():
    assert summary(PLAN).overlap_percent is None, "PLAN is as one that was stored earlier"
    measured = replace(PLAN, figures=replace(PLAN.figures, overlap_percent=12))
    assert summary(measured).overlap_percent == 12


def test_the_least_slack_is_of_the_trip_that_comes_closest_to_its_truck():
    later = replace(TRIP, cut_off_at=TRIP.back_at + timedelta(minutes=7))
    assert (
        summary(replace(PLAN, routes=(replace(ROUTE, trips=(TRIP, later)),))).least_slack_min == 7
    )
    assert summary(replace(PLAN, routes=())).least_slack_min is None


def test_whoever_brings_an_order_to_a_point_is_named_to_dispatcher_and_courier():
    brought = Brought(order_id=OrderId("o1"), household_id=HouseholdId("h1"), walk_m=300)
    trip = replace(TRIP, stops=(replace(STOPS[0], brought=(brought,)), *STOPS[1:]))
    route = replace(ROUTE, trips=(trip,))
    plan = replace(PLAN, routes=(route,))
    rows = csv.DictReader(io.StringIO(fates_csv(plan).decode("utf-8-sig")))
    assert {row["order"]: row["brought_by"] for row in rows if row["brought_by"]} == {"o1": "h1"}
    assert "brought by h1" in route_sheet(plan, route, COURIER, {})
    assert "brought by" not in route_sheet(PLAN, ROUTE, COURIER, {})
    features = json.loads(plan_geojson(plan))["features"]
    stops = [each["properties"] for each in features if each["properties"]["kind"] == "stop"]
    assert [each["brought_order_ids"] for each in stops] == [["o1"], []]


def test_the_truck_of_every_order_and_what_is_late_are_told():
    eleven = EIGHT.replace(hour=11)
    late = Late(order_id=OrderId("o1"), cut_off_at=EIGHT, departures=1, cost_fen=350)
    stops = (
        replace(STOPS[0], truck_at=eleven, late=(late,)),
        replace(STOPS[1], truck_at=eleven),
    )
    over_at = TRIP.back_at + timedelta(minutes=5)
    trip = replace(TRIP, stops=stops, truck_at=eleven, over_at=over_at, dock_wait_s=120)
    route = replace(ROUTE, trips=(trip,))
    plan = replace(PLAN, routes=(route,), sorting_s=600)
    told = {row["order"]: row for row in rows(fates_csv(plan))}
    assert {key: row["truck"][11:16] for key, row in told.items()} == {
        "o1": "11:00",
        "'=1+1": "11:00",
        "o3": "11:00",
        "o9": "",
    }
    assert {key for key, row in told.items() if row["late_yuan"]} == {"o1"}
    assert told["o1"]["late_yuan"] == "3.50"
    features = [each["properties"] for each in json.loads(plan_geojson(plan))["features"]]
    (line,) = [each for each in features if each["kind"] == "trip"]
    assert (line["truck_at"], line["over_at"]) == (eleven.isoformat(), over_at.isoformat())
    assert line["dock_wait_s"] == 120
    assert [each["late_order_ids"] for each in features if each["kind"] == "stop"] == [["o1"], []]
    sheet = route_sheet(plan, route, COURIER, {})
    assert "发车 11:00" in sheet
    assert "dock 08:52" in sheet
    assert "unloaded 08:55" in sheet
    assert "误班 1 单" in sheet
    assert "unloaded" not in route_sheet(PLAN, ROUTE, COURIER, {})
    # 95 minutes after eight, less 55 until unloaded and ten of sorting.
    assert summary(plan).least_slack_min == 30


def test_every_export_says_of_which_joint_order_an_order_is_and_whether_that_is_complete():
    part = JointPart(joint_id=JointId("L-7"), order_ids=(OrderId("o1"),), members=2, complete=False)
    told = JointOrder(
        joint_id=JointId("L-7"),
        rules=(JointRule.SAME_TRIP,),
        order_ids=(OrderId("o1"), OrderId("o9")),
        left_out=(OrderId("o9"),),
        complete=False,
    )
    trip = replace(TRIP, stops=(replace(STOPS[0], joints=(part,)), *STOPS[1:]))
    route = replace(ROUTE, trips=(trip,))
    plan = replace(PLAN, routes=(route,), joints=(told,))
    assert {
        row["order"]: row["joint_complete"]
        for row in rows(fates_csv(plan))
        if row["joint"] == "L-7"
    } == {
        "o1": "no",
        "o9": "no",
    }
    assert "联单 L-7 1/2 不齐 incomplete" in route_sheet(plan, route, COURIER, {})
    features = [each["properties"] for each in json.loads(plan_geojson(plan))["features"]]
    assert [each["joint_ids"] for each in features if each["kind"] == "stop"] == [["L-7"], []]
    assert (summary(plan).joints, summary(plan).joints_incomplete) == (1, 1)


def test_every_export_says_which_orders_miss_their_windows():
    missed = Missed(
        order_id=OrderId("o1"),
        earliest_at=EIGHT,
        latest_at=EIGHT + timedelta(minutes=30),
        early_s=0,
        late_s=700,
        cost_fen=600,
    )
    trip = replace(TRIP, stops=(replace(STOPS[0], missed=(missed,)), *STOPS[1:]))
    route = replace(ROUTE, trips=(trip,))
    plan = replace(PLAN, routes=(route,))
    told = {row["order"]: (row["missed"], row["missed_yuan"]) for row in rows(fates_csv(plan))}
    assert told["o1"] == ("12 min late", "6.00")
    assert told["o9"] == ("", "")
    assert "o1 约定 08:00–08:30 asked for" in route_sheet(plan, route, COURIER, {})
    features = [each["properties"] for each in json.loads(plan_geojson(plan))["features"]]
    assert [each["missed_order_ids"] for each in features if each["kind"] == "stop"] == [["o1"], []]


def with_a_drop():
    """The plan whose first order goes to the second stop, where nothing else is picked up."""
    first, second = STOPS[:2]
    amount = Amount(pieces=first.pieces, weight_g=first.weight_g, volume_ml=first.volume_ml)
    none = Amount(pieces=0, weight_g=0, volume_ml=0)
    stops = (
        replace(first, on_board=amount, truck_at=None),
        replace(
            second,
            order_ids=(),
            pieces=0,
            weight_g=0,
            volume_ml=0,
            on_board=none,
            dropped=(Dropped(order_id=first.order_ids[0], amount=amount),),
        ),
    )
    trip = replace(TRIP, stops=stops, pieces=0, weight_g=0, volume_ml=0)
    return replace(
        PLAN, routes=(replace(ROUTE, trips=(trip,)),), figures=replace(PLAN.figures, dropped=1)
    )


def test_exports_tell_where_and_when_parcels_are_dropped():
    plan = with_a_drop()
    first, second = plan.routes[0].stops
    (order_id,) = [each.order_id for each in second.dropped]
    told = {row["order"]: (row["dropped"], row["dropped_where"]) for row in rows(fates_csv(plan))}
    assert told[order_id] == (second.begin_at.isoformat(timespec="minutes"), second.title)
    features = [each["properties"] for each in json.loads(plan_geojson(plan))["features"]]
    stops = [each for each in features if each["kind"] == "stop"]
    assert [each["dropped_order_ids"] for each in stops] == [[], [order_id]]
    assert [each["on_board_pieces"] for each in stops] == [first.pieces, 0]
    waypoints = gpxpy.parse(route_gpx(plan, plan.routes[0]).decode()).waypoints
    assert [each.name.endswith("送达") for each in waypoints] == [False, True]
    assert summary(plan).dropped == 1
    # Nothing of it comes to the depot, so it is late for no truck.
    assert summary(plan).least_slack_min is None


def test_a_sheet_shows_both_ends_of_what_is_dropped():
    plan = with_a_drop()
    first, second = plan.routes[0].stops
    html = route_sheet(plan, plan.routes[0], COURIER, {})
    assert f"送往第 {second.seq} 站" in html
    assert f"送达 {first.pieces}" in html
    assert "车上 0 件" in html
    assert "截单" not in html
