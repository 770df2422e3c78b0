"""`cunlu solve` on small public-format instances."""

import json

INSTANCE = """NAME : five
TYPE : CVRP
DIMENSION : 5
EDGE_WEIGHT_TYPE : EUC_2D
CAPACITY : 10
NODE_COORD_SECTION
1 0 0
2 0 10
3 0 20
4 10 0
5 20 0
DEMAND_SECTION
1 0
2 5
3 5
4 5
5 5
DEPOT_SECTION
1
-1
EOF
"""


def test_an_instance_is_solved_and_the_last_line_is_json(run, tmp_path):
    instance, solution = tmp_path / "five.vrp", tmp_path / "five.sol"
    instance.write_text(INSTANCE)
    result = run("solve", instance, "--budget", 2, "--out", solution)
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout.splitlines()[-1])
    seconds = answer.pop("seconds")
    assert answer == {"instance": "five", "cost": 80, "feasible": True, "unserved": 0}
    assert seconds < 10
    assert solution.read_text().endswith("Cost 80\n")


def test_an_instance_without_an_answer_ends_with_1(run, tmp_path):
    instance = tmp_path / "heavy.vrp"
    instance.write_text(INSTANCE.replace("CAPACITY : 10", "CAPACITY : 4"))
    result = run("solve", instance, "--budget", 1, "--json")
    assert result.exit_code == 1, result.output
    assert json.loads(result.stdout)["feasible"] is False
    assert "required-unserved" in result.stderr
