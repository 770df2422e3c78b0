from datetime import time

import pytest

from dispatch.fleet import BreakRule
from dispatch.intake import FileRefused, FleetInvalid, change_fleet, read_fleet

GOOD = """
[depot]
id = "shaji"
name = "沙集网点"
lon = 118.1333
lat = 33.9
[[vehicle_models]]
id = "trike"
profile = "trike"
capacity_weight_kg = 180
[[couriers]]
id = "c01"
name = "张三"
vehicle_model = "trike"
shift = "08:00-18:30"
"""


def problems(text: str) -> dict[str, str]:
    with pytest.raises(FleetInvalid) as refused:
        read_fleet(text.encode(), name="fleet.toml")
    return {each.where: each.detail for each in refused.value.problems}


def test_hours_ahead_from_past_days_are_read_in_toml_and_in_a_table(examples):
    text = (examples / "fleet.toml").read_text()
    assert read_fleet(text.encode(), name="fleet.toml").couriers["c01"].ahead_s == 0
    ahead = text.replace("# hours_ahead = 1.5", "hours_ahead = 1.5")
    assert read_fleet(ahead.encode(), name="fleet.toml").couriers["c01"].ahead_s == 5_400
    header, *rows = (examples / "fleet.csv").read_text(encoding="utf-8").splitlines()
    table = "\n".join([f"{header},hours_ahead", f"{rows[0]},-0.25", f"{rows[1]},", *rows[2:]])
    couriers = read_fleet(table.encode(), name="fleet.csv").couriers
    assert (couriers["c01"].ahead_s, couriers["c02"].ahead_s) == (-900, 0)


@pytest.mark.parametrize(
    ("hours", "said"), [("30", "outside -24 to 24 hours"), ('"1 h"', "no plain decimal number")]
)
def test_hours_ahead_that_cannot_be_are_refused(examples, hours, said):
    text = (examples / "fleet.toml").read_text()
    text = text.replace("# hours_ahead = 1.5", f"hours_ahead = {hours}")
    with pytest.raises(FleetInvalid) as refused:
        read_fleet(text.encode(), name="fleet.toml")
    (problem,) = refused.value.problems
    assert problem.where == "couriers[1].hours_ahead"
    assert said in problem.detail


def test_a_what_if_changes_hours_ahead_and_keeps_those_of_others_to_the_second(examples):
    text = (examples / "fleet.toml").read_text()
    third = text.replace("# hours_ahead = 1.5", "hours_ahead = 0.3333333333333333")
    fleet = read_fleet(third.encode(), name="fleet.toml")
    kept, wrong = change_fleet(fleet, change=[{"id": "c01", "shift": "09:00-18:30"}])
    assert (wrong, kept.couriers["c01"].ahead_s) == ((), 1_200)
    other, wrong = change_fleet(fleet, change=[{"id": "c01", "hours_ahead": -0.5}])
    assert (wrong, other.couriers["c01"].ahead_s) == ((), -1_800)


def test_hours_ahead_need_a_moment_from_which_overtime_is_paid():
    text = GOOD.replace('shift = "08:00', 'hours_ahead = 1\nshift = "08:00')
    with pytest.raises(FleetInvalid) as refused:
        read_fleet(text.encode(), name="fleet.toml")
    (problem,) = refused.value.problems
    assert problem.where == "couriers[1].hours_ahead"
    assert "overtime_after_hours" in problem.detail


def test_a_small_fleet_takes_the_defaults_of_its_types():
    fleet = read_fleet(GOOD.encode(), name="fleet.toml")
    assert fleet.depot.departures == (time(18, 30),)
    assert fleet.depot.unserved_cost_fen == 50_000
    assert fleet.models["trike"].capacity_weight_g == 180_000
    assert fleet.models["trike"].capacity_pieces is None
    assert fleet.couriers["c01"].shift_ends == time(18, 30)
    assert fleet.couriers["c01"].villages == frozenset()
    assert fleet.depot.strange_village_cost_fen == 300


def test_a_courier_knows_villages_in_toml_and_in_a_table(examples):
    text = GOOD.replace('shift = "08:00', 'villages = ["东风村", "西风村"]\nshift = "08:00')
    text = text.replace("lat = 33.9", "lat = 33.9\nstrange_village_cost_yuan = 1.5")
    fleet = read_fleet(text.encode(), name="fleet.toml")
    assert fleet.couriers["c01"].villages == {"东风村", "西风村"}
    assert fleet.depot.strange_village_cost_fen == 150
    header, *rows = (examples / "fleet.csv").read_text(encoding="utf-8").splitlines()
    rows = [f"{row},东风村（北）|西风村｜南、北村" for row in rows]
    table = "\n".join([f"{header},villages", *rows])
    fleet = read_fleet(table.encode(), name="fleet.csv")
    assert {each.villages for each in fleet.couriers.values()} == {
        frozenset({"东风村（北）", "西风村", "南、北村"})
    }


def test_units_become_integers_without_drift():
    text = GOOD.replace(
        "capacity_weight_kg = 180",
        "capacity_weight_kg = 180.7\nrange_km = 0.1\ncost_per_km_yuan = 0.29\nfixed_cost_yuan = 1.005",
    )
    model = read_fleet(text.encode(), name="fleet.toml").models["trike"]
    assert (model.capacity_weight_g, model.range_m) == (180_700, 100)
    assert (model.cost_per_km_fen, model.fixed_cost_fen) == (29, 101)


def test_toml_json_and_table_hold_the_same_fleet(examples):
    toml = read_fleet(examples / "fleet.toml", name="fleet.toml")
    table = read_fleet(examples / "fleet.csv", name="fleet.csv")
    assert toml.depot == table.depot
    rest = (BreakRule(time(11, 30), time(13), 1800),)
    assert toml.couriers["c01"].breaks == table.couriers["c01"].breaks == rest
    assert set(table.models) == {"trike", "van"}
    json = b"""{"depot": {"id": "shaji", "name": "x", "lon": 118.1333, "lat": 33.9, "departures": ["12:30"]},
      "vehicle_models": [{"id": "van", "profile": "van", "range_km": 0.3}],
      "couriers": [{"id": "c", "name": "y", "vehicle_model": "van", "shift": "08:00-09:00"}]}"""
    assert read_fleet(json, name="fleet.json").models["van"].range_m == 300


def test_what_unloading_sorting_and_a_missed_cut_off_take_and_cost_is_read():
    facts = "lat = 33.9\nunload_per_piece_s = 4\nsorting_s = 900\nmissed_cut_off_cost_yuan = 2.5"
    depot = read_fleet(GOOD.replace("lat = 33.9", facts).encode(), name="f").depot
    assert (depot.unload_per_piece_s, depot.sorting_s) == (4, 900)
    assert depot.missed_cut_off_cost_fen == 250
    plain = read_fleet(GOOD.encode(), name="f").depot
    assert (plain.unload_per_piece_s, plain.sorting_s) == (0, 0)
    assert plain.missed_cut_off_cost_fen is None


def test_departures_are_sorted_and_each_there_once():
    text = GOOD.replace("lat = 33.9", 'lat = 33.9\ndepartures = ["18:30", "12:30", "18:30"]')
    assert read_fleet(text.encode(), name="f").depot.departures == (time(12, 30), time(18, 30))


@pytest.mark.parametrize(
    ("old", "new", "where", "detail"),
    [
        ("capacity_weight_kg", "capacity_wieght_kg", "vehicle_models[1].capacity_wieght_kg", "did you mean 'capacity_weight_kg'"),
        ('name = "沙集网点"', 'nam = "沙集网点"', "depot.name", "missing"),
        ('shift = "08:00', 'villages = "东风村"\nshift = "08:00', "couriers[1].villages", "square brackets"),
        ("[depot]", "colour = 1\n[depot]", "colour", "unknown key"),
        ('id = "shaji"', 'id = "Shaji Town"', "depot.id", "match"),
        ("lat = 33.9", 'lat = 33.9\ntime_zone = "Asia/Nowhere"', "depot.time_zone", "no such time zone"),
        ("lat = 33.9", 'lat = 33.9\ntime_zone = "../etc"', "depot.time_zone", "no such time zone"),
        ("lat = 33.9", "lat = 33.9\ndepartures = []", "depot.departures", "empty"),
        ("lat = 33.9", 'lat = 33.9\ndepartures = ["25:00"]', "depot.departures[1]", "no such time"),
        ('profile = "trike"', 'profile = "trikes"', "vehicle_models[1].profile", "did you mean 'trike'"),
        ("= 180", "= -180", "vehicle_models[1].capacity_weight_kg", "outside"),
        ("= 180", "= nan", "vehicle_models[1].capacity_weight_kg", "no plain decimal"),
        ("= 180", "= [180]", "vehicle_models[1].capacity_weight_kg", "neither text nor number"),
        ('vehicle_model = "trike"', 'vehicle_model = "trik"', "couriers[1].vehicle_model", "did you mean 'trike'"),
        ("08:00-18:30", "18:30-08:00", "couriers[1].shift", "ends before"),
        ("08:00-18:30", "all day", "couriers[1].shift", "no span"),
        ('"08:00-18:30"', '"08:00-18:30"\nskills = ["bulk"]', "couriers[1].skills[1]", "did you mean 'bulky'"),
        ('"08:00-18:30"', '"08:00-18:30"\nphone = "x"', "couriers[1].phone", "no phone"),
        ('"08:00-18:30"', '"08:00-18:30"\nbreaks = [{earliest = "07:00", latest = "08:30", minutes = 30}]', "couriers[1].breaks[1]", "within the shift"),
        ('"08:00-18:30"', '"08:00-18:30"\nbreaks = [{earliest = "12:00", last = "13:00", minutes = 30}]', "couriers[1].breaks[1].last", "unknown key"),
        ("[[vehicle_models]]", "[vehicle_models]", "vehicle_models", "square brackets"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_path(old, new, where, detail):
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    assert where in found
    assert detail in found[where]


def test_swapped_coordinates_of_the_depot_are_refused():
    swapped = GOOD.replace("118.1333", "LAT").replace("33.9", "118.1333").replace("LAT", "33.9")
    assert "swapped" in problems(swapped)["depot.lon"]


def test_all_problems_are_listed_at_once():
    text = (
        GOOD.replace("= 180", '= "heavy"').replace("08:00-18:30", "never").replace("lat = 33.9", "")
    )
    assert set(problems(text)) == {
        "depot.lat",
        "vehicle_models[1].capacity_weight_kg",
        "couriers[1].shift",
    }


def test_an_id_that_is_there_twice_is_refused():
    courier = GOOD[GOOD.index("[[couriers]]") :]
    assert "'c01' is there 2 times" in problems(GOOD + courier)["couriers"]


@pytest.mark.parametrize(
    ("rows", "where", "detail"),
    [
        ("shaji,118.1,33.9,D,trike,trike,c1,A,08:00-18:00\nother,,,,trike,,c2,B,08:00-18:00", "line 3, depot_id", "differs"),
        ("shaji,118.1,33.9,D,trike,trike,c1,A,whenever", "line 2.shift", "no span"),
        ("shaji,118.1,33.9,D,trike,bike,c1,A,08:00-18:00", "model trike.profile", "did you mean"),
        ("shaji,118.1,33.9,D,,,c1,A,08:00-18:00", "model .id", "1 to 64"),
    ],
)  # fmt: skip
def test_a_table_says_the_line(rows, where, detail):
    header = "depot_id,depot_lon,depot_lat,depot_name,vehicle_model,model_profile,courier_id,courier_name,shift\n"
    found = problems(header + rows)
    assert detail in found[where]


def test_a_table_with_an_unknown_column_is_refused():
    assert "column colour" in problems("courier_id,vehicle_model,colour\nc1,trike,red\n")


@pytest.mark.parametrize(
    "content", [b"", b"= toml", b"{", b"\xff\xfe\x00\xd8", b"PK\x03\x04", b"[1]"]
)
def test_what_is_no_fleet_is_refused_by_name(content):
    with pytest.raises(FileRefused):
        read_fleet(content, name="fleet")


def test_what_a_walk_to_a_point_is_worth_is_read_in_yuan_and_metres(examples):
    text = (examples / "fleet.toml").read_text()
    depot = read_fleet(text.encode(), name="fleet.toml").depot
    assert (depot.walk_cost_per_km_fen, depot.walk_max_m) == (200, 1500)
    assert (depot.overtime_after_s, depot.overtime_cost_per_hour_fen) == (30_600, 1000)
    assert (depot.promise_early_s, depot.promise_late_s) == (900, 2_700)
    assert (depot.announce_ahead_s, depot.lock_ahead_s) == (None, 600)
    assert depot.late_cost_per_hour_fen == 6_000
    other = text.replace("walk_cost_per_km_yuan = 2 ", "walk_cost_per_km_yuan = 0.5 ")
    other = other.replace("walk_max_m = 1500", "walk_max_m = 0")
    other = other.replace("# announce_ahead", "announce_ahead")
    depot = read_fleet(other.encode(), name="fleet.toml").depot
    assert depot.announce_ahead_s == 14_400
    assert (depot.walk_cost_per_km_fen, depot.walk_max_m) == (50, 0)


def test_what_overtime_costs_needs_a_moment_from_which_it_is_paid(examples):
    text = (examples / "fleet.toml").read_text()
    lines = [each for each in text.splitlines() if not each.startswith("overtime_after_hours")]
    with pytest.raises(FleetInvalid) as refused:
        read_fleet("\n".join(lines).encode(), name="fleet.toml")
    (problem,) = refused.value.problems
    assert problem.where == "depot.overtime_cost_per_hour_yuan"


SWAPS = """
[[swaps]]
id = "home"
minutes = 5

[[swaps]]
id = "charger"
name = "东风充电桩"
lon = 118.16
lat = 33.92
minutes = 3
charges_km_per_minute = 0.8
vehicle_models = ["trike"]
"""
WITH_RANGE = GOOD.replace("capacity_weight_kg = 180", "capacity_weight_kg = 180\nrange_km = 60")


def test_swaps_and_the_cold_are_read():
    text = WITH_RANGE.replace("lat = 33.9", "lat = 33.9\ncold_factor = 0.7") + SWAPS
    fleet = read_fleet(text.encode(), name="fleet.toml")
    home, charger = fleet.swaps
    assert (home.place, home.takes_s, home.charged_m_per_minute) == (fleet.depot.place, 300, None)
    assert (charger.takes_s, charger.charged_m_per_minute) == (180, 800)
    assert (charger.place.lon, charger.name, charger.model_ids) == (
        118.16,
        "东风充电桩",
        ("trike",),
    )
    assert fleet.range_m("trike") == 42_000
    assert fleet.swaps_of("trike") == (0, 1)
    plain = read_fleet(GOOD.encode(), name="fleet.toml")
    assert (plain.swaps, plain.depot.cold_factor, plain.range_m("trike")) == ((), 1, None)


@pytest.mark.parametrize(
    ("old", "new", "where", "detail"),
    [
        ("minutes = 5", "", "swaps[1].minutes", "say how long it takes"),
        ("lat = 33.92", "", "swaps[2].lon", "a place has lon and lat"),
        ("lon = 118.16", "lon = 218.16", "swaps[2].lon", ""),
        ('["trike"]', '["trikes"]', "swaps[2].vehicle_models", "did you mean 'trike'"),
        ('id = "charger"', 'id = "home"', "swaps", "the id 'home' is there 2 times"),
        ("range_km = 60", "", "swaps[1].id", "nobody ever swaps"),
        ("= 0.8", "= 0", "swaps[2].charges_km_per_minute", "outside"),
        ("minutes = 5", "minute = 5", "swaps[1].minute", "did you mean 'minutes'"),
        (
            "lat = 33.9\n",
            "lat = 33.9\ncold_factor = 1.2\n",
            "depot.cold_factor",
            "outside 0.1 to 1",
        ),
        ("lat = 33.9\n", "lat = 33.9\ndocks = 0\n", "depot.docks", "outside 1 to 1000; check"),
    ],
)
def test_what_is_wrong_with_a_swap_the_cold_or_docks_is_named(old, new, where, detail):
    found = problems((WITH_RANGE + SWAPS).replace(old, new, 1))
    assert detail in found[where]
