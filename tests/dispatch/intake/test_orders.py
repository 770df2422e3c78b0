from datetime import UTC, datetime
from time import process_time
from zoneinfo import ZoneInfo

import pytest

from dispatch.days import TimeWindow
from dispatch.gazetteer import Unclear
from dispatch.households import HouseholdId, PointId
from dispatch.intake import RowCode, mapping_from_toml
from dispatch.intake.problems import MappingInvalid, MappingUnknown
from dispatch.orders import Drop, Handling, Joining, JointId, JointRule
from routing.places import Datum, Place, great_circle_m, to_datum


def one(read, **cells):
    """The intake of one order of household 0412 with these cells."""
    row = {"id": "1", "household": "0412", **cells}
    quoted = (f'"{cell}"' for cell in row.values())
    return read(f"{','.join(row)}\n{','.join(quoted)}\n")


@pytest.mark.parametrize(
    ("column", "cell", "attribute", "value"),
    [
        ("weight_kg", "2.3", "weight_g", 2300),
        ("weight_kg", "1.005", "weight_g", 1005),
        ("weight_kg", "0.30000000000000004", "weight_g", 300),
        ("weight_g", "850", "weight_g", 850),
        ("weight_jin", "3", "weight_g", 1500),
        ("重量(kg)", "１２．５", "weight_g", 12_500),
        ("重量（公斤）", "1", "weight_g", 1000),
        ("volume_l", "0.1", "volume_ml", 100),
        ("volume_m3", "0.25", "volume_ml", 250_000),
        ("体积(m³)", "1", "volume_ml", 1_000_000),
        ("pieces", "3.0", "pieces", 3),
        ("件数", "７", "pieces", 7),
        ("handling", "bulky|易碎", "handling", frozenset({Handling.BULKY, Handling.FRAGILE})),
        ("handling", "keep_dry", "handling", frozenset({Handling.KEEP_DRY})),
        ("note", "\u200b侧门 ", "note", "侧门"),
    ],
)
def test_a_cell_is_read_exactly(read, column, cell, attribute, value):
    taken = one(read, **{column: cell})
    assert taken.problems == ()
    assert getattr(taken.accepted[0], attribute) == value


@pytest.mark.parametrize(
    ("cell", "utc"),
    [
        ("09:30", (11, 1, 30)),
        ("9:30", (11, 1, 30)),
        ("０９：３０", (11, 1, 30)),
        ("2026-11-11 09:30", (11, 1, 30)),
        ("2026/11/11 9:30:00", (11, 1, 30)),
        ("2026-11-11T09:30:00.000+08:00", (11, 1, 30)),
        ("2026-11-11T01:30Z", (11, 1, 30)),
        ("2026-11-10 17:00", (10, 9, 0)),
    ],
)
def test_a_ready_time_is_a_moment_of_the_day(read, cell, utc):
    (order,) = one(read, ready=cell).accepted
    assert order.ready_at == datetime(2026, 11, utc[0], utc[1], utc[2], tzinfo=UTC)


@pytest.mark.parametrize(
    ("cell", "spans"),
    [
        ("09:00-11:00;14:00-16:00", [(9, 11), (14, 16)]),
        ("14:00~16:00；09:00至11:00", [(9, 11), (14, 16)]),
        ("09:00-11:00|10:00-12:00", [(9, 12)]),
        ("2026-11-11 09:00/2026-11-11 11:00", [(9, 11)]),
        ("22:00-24:00", [(22, 0)]),
    ],
)
def test_windows_are_sorted_and_disjoint(read, cell, spans):
    (order,) = one(read, windows=cell).accepted
    assert [(each.earliest_at.hour, each.latest_at.hour) for each in order.windows] == spans


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"id": ""}, "id", RowCode.MISSING),
        ({"id": "x" * 65}, "id", RowCode.BAD_ID),
        ({"id": "1.23E+18"}, "id", RowCode.ID_LOST_DIGITS),
        ({"id": "1.23456e18"}, "id", RowCode.ID_LOST_DIGITS),
        ({"pieces": "0"}, "pieces", RowCode.OUT_OF_RANGE),
        ({"pieces": "-1"}, "pieces", RowCode.OUT_OF_RANGE),
        ({"pieces": "10001"}, "pieces", RowCode.OUT_OF_RANGE),
        ({"pieces": "1.5"}, "pieces", RowCode.NOT_WHOLE),
        ({"pieces": "3件"}, "pieces", RowCode.NOT_A_NUMBER),
        ({"weight_kg": "NaN"}, "weight_kg", RowCode.NOT_A_NUMBER),
        ({"weight_kg": "-0.1"}, "weight_kg", RowCode.OUT_OF_RANGE),
        ({"weight_kg": "99999"}, "weight_kg", RowCode.OUT_OF_RANGE),
        ({"weight_kg": "1e999"}, "weight_kg", RowCode.OUT_OF_RANGE),
        ({"weight_kg": "2,5"}, "weight_kg", RowCode.NOT_A_NUMBER),
        ({"weight_kg": "1", "weight_g": "999"}, "weight_g", RowCode.UNITS_CONTRADICT),
        ({"volume_l": "inf"}, "volume_l", RowCode.NOT_A_NUMBER),
        ({"ready": "noon"}, "ready", RowCode.NOT_A_TIME),
        ({"ready": "0.395833"}, "ready", RowCode.NOT_A_TIME),
        ({"ready": "25:00"}, "ready", RowCode.NOT_A_TIME),
        ({"ready": "2026-02-30 09:00"}, "ready", RowCode.NOT_A_TIME),
        ({"ready": "0001-01-01 00:00+08:00"}, "ready", RowCode.NOT_THIS_DAY),
        ({"ready": "2026-11-13 09:00"}, "ready", RowCode.NOT_THIS_DAY),
        ({"ready": "2025-11-11 09:00"}, "ready", RowCode.NOT_THIS_DAY),
        ({"cut_off": "2026-11-10 18:30"}, "cut_off", RowCode.NOT_THIS_DAY),
        ({"windows": "09:00"}, "windows", RowCode.NOT_A_WINDOW),
        ({"windows": "11:00-09:00"}, "windows", RowCode.WINDOW_REVERSED),
        ({"windows": "2026-11-12 09:00~2026-11-12 10:00"}, "windows", RowCode.NOT_THIS_DAY),
        ({"ready": "19:00", "cut_off": "18:30"}, "ready", RowCode.READY_AFTER_CUT_OFF),
        ({"ready": "12:00", "windows": "09:00-11:00"}, "ready", RowCode.READY_AFTER_WINDOWS),
        ({"windows": "15:00-16:00", "cut_off": "12:30"}, "windows", RowCode.WINDOWS_AFTER_CUT_OFF),
        ({"late_cost_yuan": "-1"}, "late_cost_yuan", RowCode.OUT_OF_RANGE),
        ({"late_cost_yuan": "never"}, "late_cost_yuan", RowCode.NOT_A_NUMBER),
        ({"joint": "J", "joint_rules": "same-day"}, "joint_rules", RowCode.UNKNOWN_JOINT_RULE),
        ({"joint": "J", "joint_by": "noon"}, "joint_by", RowCode.NOT_A_TIME),
        ({"joint_rules": "same-trip"}, "joint_rules", RowCode.JOINT_MISSING),
        ({"joint_at": "0412"}, "joint_at", RowCode.JOINT_MISSING),
        ({"drop_household": "nobody"}, "drop_household", RowCode.HOUSEHOLD_UNKNOWN),
        ({"drop_household": "李建国"}, "drop_household", RowCode.HOUSEHOLD_UNKNOWN),
        ({"drop_point": "nowhere"}, "drop_point", RowCode.POINT_UNKNOWN),
        ({"drop_lon": "118.1"}, "drop_lon", RowCode.HALF_A_PLACE),
        ({"drop_lon": "33.9", "drop_lat": "118.1"}, "drop_lon", RowCode.LON_LAT_SWAPPED),
        ({"drop_windows": "09:00-10:00"}, "drop_windows", RowCode.DROP_MISSING),
        ({"drop_note": "侧门"}, "drop_note", RowCode.DROP_MISSING),
        (
            {"drop_point": "P-DF", "drop_service_minutes": "-1"},
            "drop_service_minutes",
            RowCode.OUT_OF_RANGE,
        ),
        (
            {"drop_point": "P-DF", "drop_windows": "11:00-09:00"},
            "drop_windows",
            RowCode.WINDOW_REVERSED,
        ),
        (
            {"drop_point": "P-DF", "drop_windows": "2026-11-12 09:00~2026-11-12 10:00"},
            "drop_windows",
            RowCode.NOT_THIS_DAY,
        ),
        ({"drop_point": "P-DF", "cut_off": "12:30"}, "cut_off", RowCode.DROP_WITH_CUT_OFF),
        ({"drop_point": "P-DF", "points": "P-DF"}, "points", RowCode.DROP_WITH_POINTS),
        ({"drop_point": "P-DF", "joint": "J"}, "joint", RowCode.DROP_WITH_JOINT),
        ({"drop_household": "0412"}, "drop_household", RowCode.DROP_WHERE_PICKED_UP),
        ({"drop_point": "P-DF", "point": "P-DF"}, "drop_point", RowCode.DROP_WHERE_PICKED_UP),
        (
            {"drop_point": "P-DF", "drop_windows": "09:00-10:00", "ready": "10:01"},
            "drop_windows",
            RowCode.DROP_BEFORE_PICKUP,
        ),
        (
            {"drop_point": "P-DF", "drop_windows": "09:00-10:00", "windows": "11:00-12:00"},
            "drop_windows",
            RowCode.DROP_BEFORE_PICKUP,
        ),
        ({"handling": "explosive"}, "handling", RowCode.UNKNOWN_HANDLING),
        ({"lon": "33.9", "lat": "118.1"}, "lon", RowCode.LON_LAT_SWAPPED),
        ({"lon": "33.9", "lat": "85.1"}, "lon", RowCode.LON_LAT_SWAPPED),
        ({"lon": "118.1", "lat": ""}, "lon", RowCode.HALF_A_PLACE),
        ({"lon": "200", "lat": "33.9"}, "lon", RowCode.NOT_A_PLACE),
        ({"lon": "0", "lat": "0"}, "lon", RowCode.NOT_A_PLACE),
        ({"lon": "118.1", "lat": "33.9", "crs": "epsg"}, "crs", RowCode.UNKNOWN_CRS),
        ({"lon": "118°", "lat": "33.9"}, "lon", RowCode.NOT_A_NUMBER),
        ({"point": "nowhere"}, "point", RowCode.POINT_UNKNOWN),
        ({"household": ""}, "household", RowCode.NO_PICKUP_PLACE),
        ({"note": "x" * 501}, "note", RowCode.TOO_LONG),
        ({"note": "bell\x7f"}, "note", RowCode.CONTROL_CHARACTER),
    ],
)
def test_a_bad_cell_is_reported_with_column_code_and_advice(read, cells, column, code):
    taken = one(read, **cells)
    assert taken.accepted == taken.unresolved == ()
    assert [(each.line, each.column, each.code) for each in taken.problems] == [(2, column, code)]
    assert taken.problems[0].advice


def test_all_that_is_wrong_with_a_row_is_said_at_once(read):
    taken = one(read, pieces="0", weight_kg="heavy", windows="later")
    assert {each.column for each in taken.problems} == {"pieces", "weight_kg", "windows"}


def test_a_bad_row_never_stops_a_good_one(read):
    taken = read("id,household,pieces\n1,0412,x\n2,0412,1\n3,0412,-\n4,0412,2\n")
    assert [each.order_id for each in taken.accepted] == ["2", "4"]
    assert [each.line for each in taken.problems] == [2, 4]


def test_the_same_line_twice_is_once_and_the_same_id_with_other_content_is_reported(read):
    taken = read("id,household,pieces\n007,0412,1\n007,0412,1\n007,0412,2\n7,0412,1\n")
    assert [each.order_id for each in taken.accepted] == ["007", "7"]
    assert taken.merged == 1
    assert [(each.line, each.code) for each in taken.problems] == [(4, RowCode.DUPLICATE_ID)]


def test_detail_and_advice_repeat_nothing_from_the_row(read):
    secret = "王小雨13800000001"
    taken = one(read, pieces=secret, windows=secret, ready=secret, handling=secret, point=secret)
    assert len(taken.problems) == 5
    assert all(secret not in each.detail + each.advice for each in taken.problems)


@pytest.mark.parametrize("datum", list(Datum))
def test_a_place_in_a_chinese_datum_is_turned_into_wgs84(read, datum):
    truth = Place(118.1391, 33.9042)
    lon, lat = to_datum(truth, datum)
    (order,) = one(read, lon=str(lon), lat=str(lat), crs=datum.upper()).accepted
    assert great_circle_m(order.place, truth) < 0.01
    assert order.household_id == "0412"


@pytest.mark.parametrize(
    ("cells", "household", "point"),
    [
        ({"household": "王小雨"}, "0412", None),
        ({"household": "", "shop": "小雨家具"}, "0412", None),
        ({"household": "", "shop": "东风村小雨家具"}, "0412", None),
        ({"household": "", "point": "P-DF"}, None, "P-DF"),
        ({"point": "东风村代收点"}, "0412", "P-DF"),
        ({"household": "", "pickup_address": "东风村第三组12号"}, "0412", None),
        ({"household": "0413", "pickup_address": "东风村代收点"}, "0413", "P-DF"),
    ],
)
def test_the_seller_and_the_pickup_place_are_found_in_the_registry(read, cells, household, point):
    (order,) = one(read, **cells).accepted
    assert (order.household_id, order.point_id) == (household, point)


def test_parcels_that_wait_at_a_neighbours_door_keep_their_seller(read, registry):
    (order,) = one(read, household="0413", pickup_address="东风村3组12号").accepted
    assert order.household_id == "0413"
    assert order.place == registry.households["0412"].place


@pytest.mark.parametrize(
    "cells",
    [
        {"household": "9999"},
        {"household": "", "shop": "无名小店"},
        {"household": "", "pickup_address": "东风村"},
        {"household": "0412", "pickup_address": "夏圩村2组7号"},
        {"household": "", "shop": "东风村代收点"},
    ],
)
def test_an_unclear_pickup_place_is_a_question_and_never_a_guess(read, cells):
    taken = one(read, **cells)
    assert taken.problems == ()
    (order,) = taken.accepted
    assert order.unclear
    assert (order.place, order.point_id) == (None, None)
    (question,) = taken.unresolved
    assert (question.order_id, question.line, question.reason) == ("1", 2, Unclear.UNKNOWN)
    assert order.address == question.text


class LocatesEverything:
    """A geocoder that a company configured."""

    def __init__(self):
        self.asked = []

    def locate(self, text):
        self.asked.append(text)
        return Place(118.2, 33.9)

    def recall(self, text):
        return Place(118.2, 33.9) if text in self.asked else None


def test_only_an_unknown_pickup_address_is_asked_of_a_geocoder(read):
    locator = LocatesEverything()
    taken = read(
        "id,household,shop,pickup_address\n1,,,东风村3组12号\n2,,,东风村桥头修车铺\n3,,无名小店,\n4,,,李建国\n",
        locator=locator,
    )
    assert locator.asked == ["东风村桥头修车铺"]
    assert [(each.place, each.unclear) for each in taken.accepted] == [
        (None, False),
        (Place(118.2, 33.9), False),
        (None, True),
        (None, True),
    ]
    assert [(each.order_id, each.reason) for each in taken.unresolved] == [
        ("3", Unclear.UNKNOWN),
        ("4", Unclear.AMBIGUOUS),
    ]


BUYER = "浙江省杭州市西湖路1号"


def test_a_platform_export_joins_the_seller_and_never_holds_the_buyer(read):
    taken = read(
        "订单编号,订单状态,收货人姓名,收货地址,联系手机,买家留言,宝贝总数量,店铺名称\n"
        f'"=""2026000000000000001""",等待发货,钱买家,{BUYER},13900000009,快点,3,小雨家具\n'
        f"2,交易关闭,钱买家,{BUYER},13900000009,,1,小雨家具\n"
        f"3,等待发货,钱买家,{BUYER},13900000009,,1,无名小店\n"
    )
    assert taken.mapping == "taobao"
    order, unclear = taken.accepted
    assert (order.order_id, order.household_id, order.pieces) == ("2026000000000000001", "0412", 3)
    assert (unclear.order_id, unclear.unclear) == ("3", True)
    assert [each.code for each in taken.problems] == [RowCode.NOT_TO_COLLECT]
    assert [each.text for each in taken.unresolved] == ["无名小店"]
    kept = repr((taken.accepted, taken.problems, taken.unresolved))
    assert all(word not in kept for word in (BUYER, "钱买家", "13900000009", "快点"))
    assert "收货地址" in taken.ignored_columns


def test_goods_of_one_1688_order_are_one_order(read):
    header = "订单编号,卖家公司名,卖家会员名,订单状态,收货地址,货品标题,数量\n"
    taken = read(
        header + f"1,,建国沙发厂,等待发货,{BUYER},沙发,2\n,,,,,脚凳,3\n2,,建国沙发厂,,,沙发,1\n"
    )
    assert [(each.order_id, each.pieces) for each in taken.accepted] == [("1", 5), ("2", 1)]
    bad = read(header + f"1,,建国沙发厂,等待发货,{BUYER},沙发,2\n,,,,,脚凳,many\n")
    assert bad.accepted == ()
    assert [(each.line, each.column) for each in bad.problems] == [(3, "数量")]


def test_an_export_without_shops_is_read_for_its_seller(read):
    export = "订单号,商品数量(件),收货人\n1,2,钱买家\n"
    assert [each.code for each in read(export).problems] == [RowCode.NO_PICKUP_PLACE]
    (order,) = read(export, seller="小雨家具").accepted
    assert (order.household_id, order.pieces) == ("0412", 2)


def test_a_column_that_the_company_added_to_an_export_wins(read):
    (order,) = read(
        "订单编号,宝贝总数量,店铺名称,农户,件数,重量(kg),备注\n1,9,无名小店,0413,1,4,buyer's remark\n"
    ).accepted
    assert (order.household_id, order.pieces, order.weight_g, order.note) == ("0413", 1, 4000, "")


def test_a_company_may_bring_its_own_mapping(read, examples):
    mapping = mapping_from_toml((examples / "mapping.toml").read_text(), name="mapping.toml")
    taken = read("内部单号,网店,箱数,状态\nA1,小雨家具,4,\nA2,小雨家具,1,作废\n", mapping=mapping)
    assert [(each.order_id, each.pieces) for each in taken.accepted] == [("A1", 4)]
    assert [each.code for each in taken.problems] == [RowCode.NOT_TO_COLLECT]


@pytest.mark.parametrize(
    "toml",
    [
        "not toml",
        'colour = "red"',
        "[columns]\nshop = ['网店']",
        "[columns]\nid = '单号'",
        "[columns]\nid = ['单号']\ncolour = ['色']",
        "[columns]\nid = ['单号']\npickup_address = ['收货地址']",
        "[columns]\nid = ['单号']\nnote = ['买家留言']",
        "recognised_by = 3\n[columns]\nid = ['单号']",
    ],
)
def test_a_mapping_that_cannot_be_used_is_refused(toml):
    with pytest.raises(MappingInvalid):
        mapping_from_toml(toml, name="mapping.toml")


def test_an_unknown_mapping_is_refused_with_those_there_are(read):
    with pytest.raises(MappingUnknown, match="1688, pinduoduo, taobao"):
        read("id,household\n1,0412\n", mapping="ebay")


def test_ten_thousand_orders_are_read_in_seconds(read):
    rows = "".join(
        f"{number:06},0412,,{number % 5 + 1},12.5,60,09:30,09:00-11:00;14:00-16:00,18:30,bulky,侧门\n"
        for number in range(10_000)
    )
    header = "id,household,shop,pieces,weight_kg,volume_l,ready,windows,cut_off,handling,note\n"
    started = process_time()
    taken = read(header + rows)
    assert process_time() - started < 8, (
        "a second here at rest: minutes would mean that each row looks at all others"
    )
    assert len(taken.accepted) == 10_000


@pytest.mark.parametrize(
    ("cell", "points"),
    [("", None), ("door", ()), ("上门", ()), ("P-DF", ("P-DF",)), ("东风村代收点|door", ("P-DF",))],
)
def test_an_order_says_for_itself_to_which_points_it_would_be_brought(read, cell, points):
    taken = read(f"id,household,points\n1,0412,{cell}\n")
    (order,) = taken.accepted
    assert order.points == points
    assert taken.doubts == taken.problems == ()


def test_a_point_to_which_nobody_can_bring_an_order_is_named_and_the_order_stays(read):
    taken = read("id,household,可送代收点\n1,0412,P-DG\n")
    assert [each.points for each in taken.accepted] == [("P-DG",)]
    (doubt,) = taken.doubts
    assert (doubt.line, doubt.column, doubt.code) == (2, "可送代收点", "point-unknown")
    assert "did you mean 'P-DF'?" in doubt.detail


def test_a_price_of_being_late_is_read_in_fen(read):
    (order,) = one(read, cut_off="12:30", late_cost_yuan="3.5").accepted
    assert order.late_cost_fen == 350
    (order,) = one(read, cut_off="12:30").accepted
    assert order.late_cost_fen is None


def test_a_price_of_missing_a_cut_off_that_nobody_stated_is_doubted_and_the_row_taken(read):
    taken = one(read, cut_off="", late_cost_yuan="3.5")
    assert len(taken.accepted) == 1
    (doubt,) = taken.doubts
    assert (doubt.column, doubt.code) == ("late_cost_yuan", RowCode.LATE_COST_UNUSED)


def test_a_joint_order_is_read_in_both_languages(read):
    taken = read(
        "id,household,联单,联单要求,联单截止,集中地点\n1,0412,L-7,集中|全取或不取,12:30,0413\n"
    )
    (order,) = taken.accepted
    assert order.joint == Joining(
        joint_id=JointId("L-7"),
        rules=frozenset({JointRule.GATHER, JointRule.ALL_OR_NOTHING}),
        complete_by_at=datetime(2026, 11, 11, 12, 30, tzinfo=ZoneInfo("Asia/Shanghai")),
        gather_at="0413",
    )
    assert taken.doubts == ()
    (order,) = one(read, joint="L-7").accepted
    assert order.joint == Joining(joint_id=JointId("L-7"))


def test_where_it_is_dropped_is_read_in_both_languages(read):
    taken = read(
        "id,household,送达农户,送达时段,送达用时(分钟),送达备注\n1,0412,建国沙发厂,14:00-16:00,1.5,侧门\n"
    )
    (order,) = taken.accepted
    zone = ZoneInfo("Asia/Shanghai")
    assert order.drop == Drop(
        household_id=HouseholdId("0413"),
        windows=(
            TimeWindow(
                datetime(2026, 11, 11, 14, tzinfo=zone), datetime(2026, 11, 11, 16, tzinfo=zone)
            ),
        ),
        service_s=90,
        note="侧门",
    )
    (order,) = one(read, drop_point="东风村代收点").accepted
    assert order.drop == Drop(point_id=PointId("P-DF"))
    (order,) = one(read, drop_lon="118.13", drop_lat="33.9", points="door").accepted
    assert order.drop == Drop(place=Place(118.13, 33.9))


def test_a_bad_drop_stops_no_other_row(read):
    taken = read("id,household,drop_household\n1,0412,0413\n2,0412,nobody\n3,0413,\n")
    assert [(each.order_id, each.drop is None) for each in taken.accepted] == [
        ("1", False),
        ("3", True),
    ]
    assert [(each.line, each.column) for each in taken.problems] == [(3, "drop_household")]


def test_a_price_of_windows_is_doubted_where_it_is_dropped_on_the_way(read):
    taken = one(read, windows="09:00-11:00", late_yuan_per_minute="1", drop_household="0413")
    assert len(taken.accepted) == 1
    (doubt,) = taken.doubts
    assert (doubt.column, doubt.code) == ("late_yuan_per_minute", RowCode.WINDOW_COST_UNUSED)


def test_an_export_of_a_platform_says_nothing_of_drops(read):
    """A header of its own might be about the buyer."""
    taken = read("订单编号,宝贝总数量,农户,送达时段\n1,2,0412,09:00-10:00\n")
    assert [each.drop for each in taken.accepted] == [None]
    assert taken.ignored_columns == ("送达时段",)


def test_a_place_of_gathering_that_nobody_knows_is_doubted_and_the_row_taken(read):
    taken = one(read, joint="L-7", joint_rules="gather", joint_at="0499")
    assert len(taken.accepted) == 1
    (doubt,) = taken.doubts
    assert (doubt.column, doubt.code) == ("joint_at", RowCode.GATHER_PLACE_UNKNOWN)


def test_what_missing_a_window_costs_is_read_and_doubted_without_windows(read):
    cells = {"晚到费(元/分钟)": "0.5", "missed_max_minutes": "20"}
    (order,) = one(read, windows="09:00-11:00", **cells).accepted
    assert (order.early_fen_per_minute, order.late_fen_per_minute) == (None, 50)
    assert order.missed_max_s == 1200
    taken = one(read, **cells)
    assert len(taken.accepted) == 1
    assert {each.code for each in taken.doubts} == {RowCode.WINDOW_COST_UNUSED}
