"""Public instances read under their own convention: the best known routes cost what PyVRP says."""

import tracemalloc
from pathlib import Path

import pytest

from routing.errors import RoutingError
from routing.matrix import UNREACHABLE
from routing.vrp.check import check
from routing.vrp.cost import cost, unserved_of
from routing.vrp.packed import pack
from routing.vrp.problem import Feature, ProblemRefused
from routing.vrp.schedule import Scheduler
from routing.vrp.solution import Solution
from routing.vrp.vrplib import (
    Instance,
    InstanceUnreadable,
    InstanceUnsupported,
    SolFileRefused,
    read,
    read_sol,
    to_sol,
)

# Cost of the routes in each `.sol` by PyVRP 0.14.1: CostEvaluator.penalised_cost(read_solution(…)), read
# with "dimacs" for sets with time windows and "round" for the others. Compared on 2026-11-24.
BEST_KNOWN = {
    "CVRP/X-n101-k25": 27591, "CVRP/X-n251-k28": 38684, "CVRP/X-n376-k94": 147713,
    "CVRP/X-n502-k39": 69226, "CVRP/X-n655-k131": 106780, "CVRP/X-n801-k40": 73311,
    "CVRP/X-n957-k87": 85465, "CVRP/XXL/Leuven2": 111395,
    "GVRP/G-n262-k25-C88-V9": 2460, "GVRP/L-1120-C225-R5": 19911761, "GVRP/L-640-C129-R5": 9307210,
    "GVRP/M-n101-k10-C51-V5": 542, "GVRP/M-n200-k16-C67-V6": 605,
    "HFVRP/X1001-FSMF": 7900100, "HFVRP/X153-FSMFD": 2710565, "HFVRP/X266-HD": 7037581,
    "HFVRP/X411-FSMD": 1776539, "HFVRP/X536-FSMFD": 19925533, "HFVRP/X701-HVRP": 17238699,
    "MDVRPTW/PR11A": 66358, "MDVRPTW/PR14A": 108862, "MDVRPTW/PR18B": 64158, "MDVRPTW/PR22A": 78356,
    "MTVRPTWR/C201R0.25": 15006, "MTVRPTWR/C2_2_02R0.5": 47985, "MTVRPTWR/R201R0.75": 14836,
    "MTVRPTWR/R211R0.25": 11714, "MTVRPTWR/R2_2_09R0.5": 52138, "MTVRPTWR/RC208R0.75": 16201,
    "PCVRPTW/C1_10_2": 248409, "PCVRPTW/C2_10_4": 150097, "PCVRPTW/R1_10_2": 263116,
    "PCVRPTW/R2_10_6": 202864, "PCVRPTW/RC1_10_2": 250373, "PCVRPTW/RC1_10_4": 244924,
    "PCVRPTW/RC2_10_8": 169666,
    "SDVRPTW/PR03": 32959, "SDVRPTW/PR08": 38654, "SDVRPTW/PR12A": 121220, "SDVRPTW/PR17": 18339,
    "SDVRPTW/PR22B": 140892,
    "VRPTW/C1_10_2": 413378, "VRPTW/C2_10_4": 154595, "VRPTW/R1_10_2": 482616,
    "VRPTW/R2_10_6": 291247, "VRPTW/RC1_10_2": 436783, "VRPTW/RC1_10_4": 413574,
    "VRPTW/RC2_10_8": 232798,
}  # fmt: skip


def scheduled(instance: Instance, orders) -> Solution:
    problem = instance.problem
    scheduler = Scheduler(problem, pack(problem))
    routes = tuple(scheduler.schedule(vehicle, trips) for vehicle, trips in sorted(orders.items()))
    assert None not in routes
    served = {halt.visit for route in routes for trip in route.trips for halt in trip.visits}
    unserved = unserved_of(problem, served)
    return Solution(routes=routes, unserved=unserved, cost=cost(problem, routes))


@pytest.mark.parametrize("name", BEST_KNOWN)
def test_the_best_known_routes_pass_the_judge_and_cost_what_pyvrp_says(
    shared_data: Path, tmp_path: Path, name: str
) -> None:
    folder = shared_data / "data" / "vrp"
    instance = read(folder / f"{name}.vrp")
    orders = read_sol(folder / f"{name}.sol", instance)
    solution = scheduled(instance, orders)
    assert check(instance.problem, solution) == ()
    assert solution.cost == BEST_KNOWN[name]
    again = tmp_path / "again.sol"
    again.write_text(to_sol(instance, solution))
    assert sorted(read_sol(again, instance).values()) == sorted(orders.values())


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("CVRP/X-n101-k25", set()),
        ("GVRP/M-n101-k10-C51-V5", {Feature.ALTERNATIVES}),
        ("MDVRPTW/PR11A", {Feature.DURATION_LIMIT}),
        ("MTVRPTWR/C201R0.25", {Feature.RELEASE, Feature.RELOADS}),
        ("PCVRPTW/C1_10_2", {Feature.PRIZES}),
        ("SDVRPTW/PR03", {Feature.SKILLS, Feature.DURATION_LIMIT}),
    ],
)
def test_each_set_uses_its_own_rules(shared_data: Path, name: str, features) -> None:
    problem = read(shared_data / "data" / "vrp" / f"{name}.vrp").problem
    assert problem.features == features


_SMALL = """NAME : small
TYPE : CVRP
DIMENSION : 3
CAPACITY : 10
EDGE_WEIGHT_TYPE : EUC_2D
NODE_COORD_SECTION
1 0 0
2 3 4
3 6 8
DEMAND_SECTION
1 0
2 5
3 5
DEPOT_SECTION
1
-1
EOF
"""

_MIXED = """NAME: mixed
TYPE: MDVRPTW
DIMENSION: 5
VEHICLES: 3
SERVICE_TIME: 1.5
VEHICLES_MAX_DURATION: 90
EDGE_WEIGHT_TYPE: EXPLICIT
EDGE_WEIGHT_FORMAT: LOWER_ROW
EDGE_WEIGHT_SECTION
4 3 5
2.25 6 7
1 8 9 999999999
DEMAND_SECTION
1 0 0
2 0 0
3 1 2
4 3 4
5 5 6
CAPACITY_SECTION
1 7 8
2 7 8
3 9 9
TIME_WINDOW_SECTION
1 0 100
2 5 80
3 10 20
4 10 20
5 10 20
PRIZE_SECTION
1 0
2 0
3 0
4 2.5
5 0
RELEASE_TIME_SECTION
1 0
2 0
3 0
4 0
5 4.5
MUTUALLY_EXCLUSIVE_GROUP_SECTION
1 3 5
2 4
VEHICLES_ALLOWED_CLIENTS_SECTION
1 3 4 5
2 3
3 4 5
VEHICLES_DEPOT_SECTION
1 1
2 2
3 2
VEHICLES_RELOAD_DEPOT_SECTION
1
2 2
3 2
VEHICLES_MAX_RELOADS_SECTION
1 1
2 1
3 9
VEHICLES_FIXED_COST_SECTION
1 0
2 0
3 2.5
VEHICLES_UNIT_DISTANCE_COST_SECTION
1 1
2 1
3 7
DEPOT_SECTION
1
2
EOF
"""


def written(folder: Path, text: str, name: str = "file.vrp") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_small_file_is_read(tmp_path: Path) -> None:
    instance = read(written(tmp_path, _SMALL))
    assert instance.name == "small"
    assert instance.problem.matrices[0].distances_m.tolist() == [[0, 5, 10], [5, 0, 5], [10, 5, 0]]
    assert instance.clients == (1, 2)


def test_every_section_reaches_the_problem(tmp_path: Path) -> None:
    instance = read(written(tmp_path, _MIXED))
    visits, vehicles = instance.problem.visits, instance.problem.vehicles
    far = UNREACHABLE
    assert instance.clients == (2, 3, 4)
    assert instance.problem.matrices[0].distances_m.tolist() == [
        [0, 40, 30, 22, 10],
        [40, 0, 50, 60, 80],
        [30, 50, 0, 70, 90],
        [22, 60, 70, 0, far],
        [10, 80, 90, far, 0],
    ]
    assert [visit.loads for visit in visits] == [(10, 20), (30, 40), (50, 60)]
    assert [visit.service_s for visit in visits] == [15, 15, 15]
    assert [visit.release_s for visit in visits] == [0, 0, 45]
    assert [visit.group for visit in visits] == [0, None, 0]
    assert [visit.unserved_cost for visit in visits] == [None, 25, None]
    able = [[visit.skills <= vehicle.skills for vehicle in vehicles] for visit in visits]
    assert able == [[True, True, False], [True, False, True], [True, False, True]]
    assert [vehicle.start_place for vehicle in vehicles] == [0, 1, 1]
    assert [vehicle.shift.earliest_s for vehicle in vehicles] == [0, 50, 50]
    assert [vehicle.trips_max for vehicle in vehicles] == [1, 2, 4]
    assert [vehicle.fixed_cost for vehicle in vehicles] == [0, 0, 25]
    assert [vehicle.cost_per_m for vehicle in vehicles] == [1, 1, 7]
    assert [vehicle.capacities for vehicle in vehicles] == [(70, 80), (70, 80), (90, 90)]
    assert {vehicle.duration_limit_s for vehicle in vehicles} == {900}


@pytest.mark.parametrize("lines", range(1, 16))
def test_a_file_cut_short_anywhere_is_refused_by_name(tmp_path: Path, lines: int) -> None:
    with pytest.raises(InstanceUnreadable) as refused:
        read(written(tmp_path, "\n".join(_SMALL.splitlines()[:lines])))
    assert refused.value.code == "instance-unreadable"


def test_no_cut_of_a_rich_file_is_taken_for_whole(tmp_path: Path) -> None:
    for end in range(len(_MIXED) - len("EOF\n")):
        with pytest.raises(RoutingError):
            read(written(tmp_path, _MIXED[:end]))


@pytest.mark.parametrize(
    ("old", "new"),
    [("EUC_2D", "GEO"), ("DEMAND_SECTION", "BACKHAUL_SECTION"), ("CAPACITY :", "SPEED :")],
)
def test_what_the_reader_does_not_know_is_refused_by_name(tmp_path: Path, old, new) -> None:
    with pytest.raises(InstanceUnsupported) as refused:
        read(written(tmp_path, _SMALL.replace(old, new)))
    assert refused.value.code == "instance-unsupported"


@pytest.mark.parametrize(
    ("text", "old", "new", "error", "said"),
    [
        (_SMALL, "2 5\n", "2 -5\n", ProblemRefused, "loads is -5"),
        (_SMALL, "2 5\n", "2 1e300\n", InstanceUnreadable, "beyond"),
        (_SMALL, "2 5\n", "2 nan\n", InstanceUnreadable, "beyond"),
        (_SMALL, "2 5\n", "2 five\n", InstanceUnreadable, "no number"),
        (_SMALL, "2 5\n", "2 5 6\n", InstanceUnreadable, "different lengths"),
        (_SMALL, "3 5\n", "2 5\n", InstanceUnreadable, "names a row twice"),
        (_SMALL, "3 5\n", "", InstanceUnreadable, "2 rows where 3 belong"),
        (_SMALL, "3 6 8", "3 6 8e9", InstanceUnreadable, "too far"),
        (_SMALL, "CAPACITY : 10", "CAPACITY : -1", ProblemRefused, "capacities is -1"),
        (_SMALL, "DIMENSION : 3", "DIMENSION : -3", InstanceUnreadable, "no count"),
        (_SMALL, "DIMENSION : 3\n", "", InstanceUnreadable, "DIMENSION is missing"),
        (_SMALL, "DEPOT_SECTION\n1\n", "DEPOT_SECTION\n2\n", InstanceUnsupported, "depot"),
        (_SMALL, "DEPOT_SECTION\n1\n", "DEPOT_SECTION\n", InstanceUnreadable, "empty"),
        (_SMALL, "NAME : small\n", "small\n", InstanceUnreadable, "in no section"),
        (_SMALL, "EOF\n", "DEMAND_SECTION\nEOF\n", InstanceUnreadable, "twice"),
        (_MIXED, "999999999", "", InstanceUnreadable, "9 numbers where 10 belong"),
        (_MIXED, "LOWER_ROW", "FULL_MATRIX", InstanceUnreadable, "10 numbers where 25 belong"),
        (_MIXED, "LOWER_ROW", "UPPER_ROW", InstanceUnsupported, "UPPER_ROW"),
        (_MIXED, "3 10 20", "3 20 10", ProblemRefused, "ends at 100 before it starts at 200"),
        (_MIXED, "2 4\nVEH", "2 4 5\nVEH", InstanceUnreadable, "two groups"),
        (_MIXED, "3 4 5\nVEH", "3 4 6\nVEH", InstanceUnreadable, "6 is no client"),
        (_MIXED, "3 2\nVEHICLES_REL", "3 3\nVEHICLES_REL", InstanceUnreadable, "none"),
        (_MIXED, "2 2\n3 2\nVEHICLES_MAX", "2 1\n3 2\nVEHICLES_MAX", InstanceUnsupported, "reload"),
        (_MIXED, "3 7\nDEP", "3 7.5\nDEP", InstanceUnsupported, "fractions"),
        (_MIXED, "VEHICLES: 3", "VEHICLES: 2", InstanceUnreadable, "3 rows where 2 belong"),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused_and_the_fault_named(tmp_path, text, old, new, error, said) -> None:
    assert old in text
    with pytest.raises(error, match=said):
        read(written(tmp_path, text.replace(old, new, 1)))


def test_a_full_matrix_with_a_way_to_itself_is_refused(tmp_path: Path) -> None:
    head = _SMALL.replace("EUC_2D", "EXPLICIT\nEDGE_WEIGHT_FORMAT : FULL_MATRIX")
    head = head.replace("NODE_COORD_SECTION\n1 0 0\n2 3 4\n3 6 8", "EDGE_WEIGHT_SECTION\n{}")
    assert read(written(tmp_path, head.format("0 1 2 3 0 4 5 6 0"))).problem.matrices[0].size == 3
    with pytest.raises(InstanceUnreadable, match="from a place to itself"):
        read(written(tmp_path, head.format("0 1 2 3 7 4 5 6 0")))


@pytest.mark.parametrize("name", ["missing.vrp", "."])
def test_what_is_no_text_is_refused_by_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(InstanceUnreadable, match="cannot be read"):
        read(tmp_path / name)


def test_an_instance_may_hold_no_client_or_one(tmp_path: Path) -> None:
    none = _SMALL.replace("DIMENSION : 3", "DIMENSION : 1")
    for row in ("2 3 4\n", "3 6 8\n", "2 5\n", "3 5\n"):
        none = none.replace(row, "", 1)
    assert read(written(tmp_path, none)).clients == ()
    one = _SMALL.replace("DIMENSION : 3", "DIMENSION : 2").replace("3 6 8\n", "")
    assert read(written(tmp_path, one.replace("3 5\n", ""))).clients == (1,)


def test_two_routes_that_fit_one_vehicle_are_one_so_the_fleet_is_bounded(tmp_path: Path) -> None:
    """Two clients of 5 in vehicles of 10: one vehicle is enough, a third would never help."""
    assert len(read(written(tmp_path, _SMALL)).problem.vehicles) == 2
    tight = _SMALL.replace("CAPACITY : 10", "CAPACITY : 5")
    assert len(read(written(tmp_path, tight)).problem.vehicles) == 2
    stated = _SMALL.replace("CAPACITY", "VEHICLES : 7\nCAPACITY")
    assert len(read(written(tmp_path, stated)).problem.vehicles) == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no routes"),
        ("Cost 5\n", "no routes"),
        ("Route #1: 1 3\n", "3 is no client"),
        ("Route #1: one\n", "one is no client"),
        ("Route #1: 1\nRoute #2: 2\nRoute #3: 1\n", "more than there are vehicles"),
    ],
)
def test_a_solution_of_something_else_is_refused_by_name(tmp_path: Path, text, said) -> None:
    instance = read(written(tmp_path, _SMALL))
    with pytest.raises(SolFileRefused, match=said):
        read_sol(written(tmp_path, text, "file.sol"), instance)


def test_unlike_vehicles_keep_their_lines_and_trips_are_parted_by_the_depot(tmp_path: Path) -> None:
    text = _SMALL.replace("DIMENSION", "VEHICLES : 2\nDIMENSION").replace("CAPACITY : 10\n", "")
    text = text.replace(
        "EOF\n", "CAPACITY_SECTION\n1 4\n2 5\nVEHICLES_RELOAD_DEPOT_SECTION\n1\n2 1\nEOF\n"
    )
    instance = read(written(tmp_path, text))
    solution = scheduled(instance, {1: ((1,), (0,))})
    assert to_sol(instance, solution) == "Route #1:\nRoute #2: 2 0 1\nCost 30\n"
    path = written(tmp_path, to_sol(instance, solution), "file.sol")
    assert read_sol(path, instance) == {1: ((1,), (0,))}


def test_a_matrix_of_many_places_needs_little_more_than_itself(tmp_path: Path) -> None:
    """Blockwise: at 3,000 places a float64 square would be 72 MB, the matrix is 36 MB."""
    count = 3_000
    rows = "\n".join(f"{number} {number % 70} {number // 70}" for number in range(1, count + 1))
    loads = "\n".join(f"{number} 1" for number in range(1, count + 1))
    text = _SMALL.replace("DIMENSION : 3", f"DIMENSION : {count}")
    text = text.replace("1 0 0\n2 3 4\n3 6 8", rows).replace("1 0\n2 5\n3 5", loads)
    path = written(tmp_path, text)
    tracemalloc.start()
    try:
        instance = read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    matrix = instance.problem.matrices[0]
    assert matrix.distances_m.dtype.name == "int32"
    assert matrix.durations_s is matrix.distances_m
    assert peak < 4 * count**2 + 20_000_000
    assert instance.clients[-1] == count - 1
