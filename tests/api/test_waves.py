"""Waves through HTTP and a real worker."""

import json
import re
from pathlib import Path

import pytest

from api.waves import EXAMPLE
from tests.routing.vrp.waves.judge import complaints

DOCS = (Path(__file__).parents[2] / "docs/waves.md").read_text()


@pytest.fixture
async def decide(company):
    """`await decide(body)`: the whole response."""

    async def decide(body, *, role="dispatcher", **more):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} | more
        path = "/v1/waves/decide"
        return await company.call(
            "POST", path, role=role, content=content, headers=headers, timeout=200
        )

    return decide


async def test_a_wave_is_decided_by_a_worker_and_can_be_read_again(decide, company, worker):
    answer = await decide(EXAMPLE)

    assert answer.status_code == 200, answer.text
    assert complaints(EXAMPLE, answer.json()) == []
    again = await company.call("GET", answer.headers["content-location"])
    assert again.json() == answer.json()


async def test_the_example_of_the_docs_is_asked_and_answered_as_it_stands_there(decide, worker):
    body, told = (json.loads(each) for each in re.findall(r"```json\n(.*?)```", DOCS, re.DOTALL))

    # A worker that loads its loops on a busy machine may need the second that the example gives it.
    answer = (await decide(body | {"budget_s": 5})).json()

    assert body == EXAMPLE
    assert answer["scenarios"] > 0
    # How many scenarios there is time for, and how many of them agree, is the machine's affair.
    assert settled(told) == settled(answer)


def settled(answer):
    requests = [each | {"share": None} for each in answer["requests"]]
    return answer | {"scenarios": 0, "requests": requests}


async def test_what_is_wrong_is_refused_at_once_with_pointers(decide):
    requests = [{"id": "a", "place": 9}, {"id": "b", "place": 1, "window_s": [9, 1]}]

    answer = await decide(EXAMPLE | {"requests": requests})  # nobody works here

    assert answer.status_code == 422
    assert answer.json()["code"] == "waves-refused"
    assert [(each["pointer"], each["code"]) for each in answer.json()["problems"]] == [
        ("/requests/0/place", "place-unknown"),
        ("/requests/1/window_s", "window-reversed"),
    ]


async def test_a_misspelt_member_is_named_and_a_better_one(decide):
    answer = await decide(EXAMPLE | {"epoch_left": 3})

    (problem,) = answer.json()["problems"]
    assert (problem["pointer"], problem["code"]) == ("/epoch_left", "unknown-field")
    assert "did you mean 'epochs_left'?" in problem["detail"]


@pytest.mark.parametrize("content", [b"", b"{", b"\xff"])
async def test_what_is_no_json_is_refused(decide, content):
    answer = await decide(content)

    assert (answer.status_code, answer.json()["code"]) == (400, "not-json")


async def test_what_does_not_say_that_it_is_json_is_refused(decide):
    answer = await decide(EXAMPLE, **{"Content-Type": "text/plain"})

    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unknown")


@pytest.mark.parametrize("role", ["courier", "dashboard", "point"])
async def test_only_dispatchers_may_ask(decide, role):
    assert (await decide(EXAMPLE, role=role)).status_code == 403


async def test_a_large_wave_is_decided_within_its_budget(decide, worker):
    size = 700
    durations_s = [[abs(a - b) * 7 + (a > b) for b in range(size)] for a in range(size)]
    body = EXAMPLE | {
        "durations_s": durations_s,
        "capacity": 60,
        "requests": [{"id": f"r{n}", "place": n, "demand": 5} for n in range(1, size)],
        "back_by_s": None,
        "scenarios": [],
        "past": {"requests": [{"place": 40, "demand": 5}], "per_epoch": 100},
        "budget_s": 2,
    }

    answer = await decide(body)

    assert answer.status_code == 200, answer.text
    assert complaints(body, answer.json()) == []
