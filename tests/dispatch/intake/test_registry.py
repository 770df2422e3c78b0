import pytest

from dispatch.gazetteer import AddressQuestion, Unclear
from dispatch.intake import FileRefused, Kind, RowCode, read_registry, registry_of
from routing.places import Datum, Place, great_circle_m, to_datum

HEADER = "kind,id,village,name,phone,lon,lat,crs,address,aliases,hours,capacity_pieces,capacity_volume_l\n"


def read(rows: str, **options):
    return read_registry((HEADER + rows).encode(), name="registry.csv", **options)


def test_households_and_points_of_one_file_make_a_registry():
    taken = read(
        "household,0412,东风村,王小雨,'13800000001,118.1391,33.9042,,3组12号,小雨家具|雨家木作|小雨家具,,,\n"
        "代收点,0412,东风村,代收点,,118.14,33.905,wgs84,,,14:00-19:00;08:00-12:00,400,20000.5\n"
    )
    assert taken.problems == taken.unresolved == ()
    registry = registry_of(taken.accepted)
    household, point = registry.households["0412"], registry.points["0412"]
    assert (household.phone, household.place) == ("13800000001", Place(118.1391, 33.9042))
    assert household.aliases == ("小雨家具", "雨家木作")
    assert [(each.opens.hour, each.closes.hour) for each in point.hours] == [(8, 12), (14, 19)]
    assert (point.capacity_pieces, point.capacity_volume_ml) == (400, 20_000_500)


@pytest.mark.parametrize("datum", list(Datum))
def test_coordinates_of_a_chinese_map_are_turned_into_wgs84(datum):
    truth = Place(118.1391, 33.9042)
    lon, lat = to_datum(truth, datum)
    (household,) = read(f",1,东风村,王小雨,,{lon},{lat},{datum},,,,,\n").accepted
    assert great_circle_m(household.place, truth) < 0.01


def test_two_files_are_told_apart_by_their_kind():
    text = "id,village,name,lon,lat\nP1,东风村,代收点,118.1,33.9\n".encode()
    (point,) = read_registry(text, name="points.csv", kind=Kind.POINT).accepted
    assert point.point_id == "P1"
    (household,) = read_registry(text, name="households.csv").accepted
    assert household.household_id == "P1"


def test_chinese_headers_and_gbk_are_read():
    text = "编号,村,姓名,电话,经度,纬度,坐标系\n001,东风村,王小雨,0516-88880000,118.1,33.9,gcj02\n"
    (household,) = read_registry(text.encode("gbk"), name="农户.csv").accepted
    assert (household.household_id, household.village) == ("001", "东风村")


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        (",,东风村,王小雨,,,,,,,,,", "id", RowCode.MISSING),
        (",1,,王小雨,,,,,,,,,", "village", RowCode.MISSING),
        (",1,东风村,,,,,,,,,,", "name", RowCode.MISSING),
        ("shop,1,东风村,王小雨,,,,,,,,,", "kind", RowCode.UNKNOWN_KIND),
        (",1,东风村,王小雨,call me,,,,,,,,", "phone", RowCode.BAD_PHONE),
        (",1,东风村,王小雨,1.38E+10,,,,,,,,", "phone", RowCode.BAD_PHONE),
        (",1,东风村,王小雨,,33.9,118.1,,,,,,", "lon", RowCode.LON_LAT_SWAPPED),
        ("point,1,东风村,代收点,,,,,,,,,", "lon", RowCode.MISSING),
        ("point,1,东风村,代收点,,118.1,33.9,,,,19:00-08:00,,", "hours", RowCode.WINDOW_REVERSED),
        ("point,1,东风村,代收点,,118.1,33.9,,,,8-12,,", "hours", RowCode.NOT_A_WINDOW),
        (
            "point,1,东风村,代收点,,118.1,33.9,,,,08:00-12:00;11:00-13:00,,",
            "hours",
            RowCode.NOT_A_WINDOW,
        ),
        ("point,1,东风村,代收点,,118.1,33.9,,,,,0,", "capacity_pieces", RowCode.OUT_OF_RANGE),
        ("point,1,东风村,代收点,,118.1,33.9,,,,,,-5", "capacity_volume_l", RowCode.OUT_OF_RANGE),
        (f",1,东风村,{'王' * 101},,,,,,,,,", "name", RowCode.TOO_LONG),
    ],
)
def test_a_bad_row_is_reported_and_the_good_one_goes_in(row, column, code):
    taken = read(f"{row}\n,2,东风村,李建国,,118.1,33.9,,,,,,\n")
    assert len(taken.accepted) == 1
    assert (taken.problems[0].line, taken.problems[0].column, taken.problems[0].code) == (
        2,
        column,
        code,
    )


def test_an_id_is_unique_within_its_kind():
    row = ",1,东风村,王小雨,,118.1,33.9,,,,,,\n"
    taken = read(row + row + ",1,东风村,李建国,,118.1,33.9,,,,,,\n")
    assert (len(taken.accepted), taken.merged) == (1, 1)
    assert [(each.line, each.code) for each in taken.problems] == [(4, RowCode.DUPLICATE_ID)]


def test_a_household_without_coordinates_goes_in_and_is_a_question():
    taken = read(",1,东风村,王小雨,,,,,3组12号,,,,\n")
    assert taken.accepted[0].place is None
    (question,) = taken.unresolved
    assert (question.household_id, question.line, question.text) == ("1", 2, "东风村3组12号")


def test_a_geocoder_is_asked_for_the_address_and_its_doubt_is_kept():
    class Doubts:
        def locate(self, text):
            if text == "东风村3组12号":
                return Place(118.2, 33.9)
            return AddressQuestion(text=text, reason=Unclear.IMPRECISE, detail="an area")

    taken = read(
        ",1,东风村,王小雨,,,,,3组12号,,,,\n,2,东风村,李建国,,,,,村口,,,,\n", locator=Doubts()
    )
    assert [each.place for each in taken.accepted] == [Place(118.2, 33.9), None]
    assert [(each.household_id, each.reason) for each in taken.unresolved] == [
        ("2", Unclear.IMPRECISE)
    ]


def test_a_registry_without_its_columns_is_refused():
    with pytest.raises(FileRefused) as refused:
        read_registry(b"id,name\n1,x\n", name="x")
    assert refused.value.code == "columns-missing"


BRINGING = "kind,id,village,name,lon,lat,points,takes_bulky\n"


def test_households_say_to_which_points_they_bring_their_parcels():
    rows = (
        "household,1,东风村,王小雨,118.1,33.9,P1|P2|P1,\n"
        "household,2,东风村,李建国,118.1,33.9,,\n"
        "point,P1,东风村,甲,118.1,33.9,,no\n"
        "point,P2,东风村,乙,118.1,33.9,,\n"
        "point,P3,东风村,丙,118.1,33.9,,是\n"
    )
    taken = read_registry((BRINGING + rows).encode(), name="registry.csv")
    assert taken.problems == taken.doubts == ()
    registry = registry_of(taken.accepted)
    assert [each.points for each in registry.households.values()] == [("P1", "P2"), ()]
    assert [each.takes_bulky for each in registry.points.values()] == [False, True, True]


def test_a_point_that_nobody_knows_is_named_and_the_household_stays():
    rows = "household,1,东风村,王小雨,118.1,33.9,P-DF1|P-XZ,\n"
    taken = read_registry((BRINGING + rows).encode(), name="registry.csv", points=("P-DF", "P-XZ"))
    (household,) = taken.accepted
    assert household.points == ("P-DF1", "P-XZ")
    (doubt,) = taken.doubts
    assert (doubt.line, doubt.column, doubt.code) == (2, "points", RowCode.POINT_UNKNOWN)
    assert doubt.detail.endswith("'P-DF1': did you mean 'P-DF'?")
    assert taken.problems == ()


@pytest.mark.parametrize(
    ("row", "column", "code"),
    [
        ("point,P1,东风村,甲,118.1,33.9,,maybe\n", "takes_bulky", RowCode.NOT_YES_OR_NO),
        (
            f"household,1,东风村,王,118.1,33.9,{'|'.join(map(str, range(9)))},\n",
            "points",
            RowCode.TOO_LONG,
        ),
    ],
)
def test_cells_about_points_that_cannot_be_read_are_problems(row, column, code):
    taken = read_registry((BRINGING + row).encode(), name="registry.csv")
    (problem,) = taken.problems
    assert (problem.column, problem.code) == (column, code)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "1", "village": "东风村", "name": "王", "points": ["P1"]}',
        '{"id": "1", "village": "东风村", "name": "王", "points": ["P1"]}\n',
        '[{"id": "1", "village": "东风村", "name": "王", "points": ["P1"]}]',
        '{"households": [{"id": "1", "village": "东风村", "name": "王", "points": ["P1"]}]}',
    ],
)
def test_the_points_of_a_household_in_json_are_no_list_of_rows(text):
    taken = read_registry(text.encode(), name="registry.json", points=("P1",))
    assert [each.points for each in taken.accepted] == [("P1",)]
    (point,) = read_registry(
        b'{"points": [{"kind": "point", "id": "P1", "village": "v", "name": "n", "lon": 118, "lat": 33}]}',
        name="points.json",
    ).accepted
    assert point.point_id == "P1"


def test_a_household_says_what_missing_its_windows_costs():
    taken = read_registry(
        "id,village,name,晚到费(元/分钟),early_yuan_per_minute,missed_max_minutes\n"
        "1,东风村,甲,0.5,,20\n2,东风村,乙,,,\n3,东风村,丙,,-1,\n".encode(),
        name="households.csv",
    )
    told = [
        (each.late_fen_per_minute, each.early_fen_per_minute, each.missed_max_s)
        for each in taken.accepted
    ]
    assert told == [(50, None, 1200), (None, None, None)]
    (problem,) = taken.problems
    assert (problem.line, problem.column, problem.code) == (
        4,
        "early_yuan_per_minute",
        RowCode.OUT_OF_RANGE,
    )
