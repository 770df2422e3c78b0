"""`cunlu solve` of bodies in VROOM's JSON."""

import json

import pytest

MATRIX = [[0, 2104, 197, 1299], [2103, 0, 2255, 3152], [197, 2256, 0, 1102], [1299, 3153, 1102, 0]]
BODY = {
    "vehicles": [{"id": 0, "start_index": 0, "end_index": 3}],
    "jobs": [{"id": 1414, "location_index": 1}, {"id": 1515, "location_index": 2}],
    "matrix": MATRIX,
}


@pytest.fixture
def solve(run, tmp_path):
    def solve(body, *arguments):
        path = tmp_path / "body.json"
        path.write_text(json.dumps(body))
        return run("solve", path, "--budget", "0.5", *arguments)

    return solve


def test_the_last_line_is_the_answer_and_out_holds_it_too(solve, tmp_path):
    result = solve(BODY, "--out", tmp_path / "answer.json")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[0] == "body.json: 2 tasks, 1 vehicles"
    told = json.loads(result.stdout.splitlines()[-1])
    assert (told["code"], told["summary"]["cost"]) == (0, 5461)
    assert json.loads((tmp_path / "answer.json").read_text()) == told


def test_with_json_there_is_nothing_else(solve):
    assert len(solve(BODY, "--json").stdout.splitlines()) == 1


def test_a_body_over_roads_needs_a_network_file(solve, roads):
    body = {
        "vehicles": [{"id": 1, "profile": "van", "start": [118.105, 33.885]}],
        "jobs": [{"id": 2, "location": [118.115, 33.885]}],
    }

    refused = solve(body)
    assert refused.exit_code != 0
    assert "/vehicles/0/profile" in refused.stderr
    told = json.loads(solve(body, "--roads", roads).stdout.splitlines()[-1])
    assert told["summary"]["duration"] > 0


def test_a_misspelt_key_is_one_line_that_says_where(solve):
    result = solve(BODY | {"vehicels": []})

    assert result.exit_code == 3
    assert result.stderr.startswith("body-refused: /vehicels: ")
    assert "did you mean `vehicles`?" in result.stderr


def test_an_engine_of_choice_is_for_instances(solve):
    assert solve(BODY, "--engine", "ortools").exit_code == 2
