"""Public instances read under their own convention: the best known routes cost what is written."""

from pathlib import Path

import pytest

from routing.vrp.finish import Finisher
from routing.vrp.packed import pack
from routing.vrp.vrplib import InstanceUnreadable, InstanceUnsupported, read, to_sol


@pytest.mark.parametrize(
    ("name", "units"), [("CVRP/X-n101-k25", 1), ("VRPTW/RC1_10_2", 10), ("VRPTW/C1_10_2", 10)]
)
def test_the_best_known_routes_cost_what_their_file_says(
    shared_data: Path, name: str, units: int
) -> None:
    instance = read(shared_data / "data" / "vrp" / f"{name}.vrp")
    lines = (shared_data / "data" / "vrp" / f"{name}.sol").read_text().splitlines()
    visit_of = {client: visit for visit, client in enumerate(instance.clients)}
    orders = {
        number: [[visit_of[int(word)] for word in line.split(":")[1].split()]]
        for number, line in enumerate(line for line in lines if line.startswith("Route"))
    }
    stated = next(float(line.split()[1]) for line in lines if line.lower().startswith("cost"))
    problem = instance.problem
    solution = Finisher(problem, pack(problem)).finish(orders, engine="best known")
    assert solution is not None
    assert solution.unserved == ()
    assert solution.cost == round(stated * units)
    assert to_sol(instance, solution).splitlines()[0] == lines[0].strip()


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


def test_a_small_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "small.vrp").write_text(_SMALL)
    instance = read(tmp_path / "small.vrp")
    assert instance.name == "small"
    assert instance.problem.matrices[0].distances_m.tolist() == [[0, 5, 10], [5, 0, 5], [10, 5, 0]]
    assert instance.clients == (1, 2)


@pytest.mark.parametrize("lines", range(1, 14))
def test_a_file_cut_short_anywhere_is_refused_by_name(tmp_path: Path, lines: int) -> None:
    (tmp_path / "cut.vrp").write_text("\n".join(_SMALL.splitlines()[:lines]))
    with pytest.raises(InstanceUnreadable) as refused:
        read(tmp_path / "cut.vrp")
    assert refused.value.code == "instance-unreadable"


@pytest.mark.parametrize(
    ("old", "new"),
    [("EUC_2D", "GEO"), ("DEMAND_SECTION", "BACKHAUL_SECTION"), ("CAPACITY :", "SPEED :")],
)
def test_what_the_reader_does_not_know_is_refused_by_name(tmp_path: Path, old, new) -> None:
    (tmp_path / "odd.vrp").write_text(_SMALL.replace(old, new))
    with pytest.raises(InstanceUnsupported) as refused:
        read(tmp_path / "odd.vrp")
    assert refused.value.code == "instance-unsupported"
