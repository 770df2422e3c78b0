"""Waves in JSON: decisions that the judge passes, and refusals that point at what is wrong."""

import copy
import json
import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.waves import NotJson, answer_wave, problem_of, read, told
from routing.vrp.waves.deciding import decide
from routing.vrp.waves.statement import WavesRefused
from tests.routing.vrp.waves.bodies import a_body
from tests.routing.vrp.waves.judge import complaints

SEARCHED = settings(max_examples=80, deadline=None)

SMALL = {
    "durations_s": [[0, 300, 420], [310, 0, 150], [400, 160, 0]],
    "capacity": 10,
    "requests": [
        {"id": "a", "place": 1, "demand": 4, "window_s": [0, 900], "service_s": 60},
        {"id": "b", "place": 2, "demand": 4},
    ],
    "epoch_s": 3_600,
    "epochs_left": 1,
    "budget_s": 0.3,
}


def decided(body, *, seed=0, iterations=100):
    """The answer to a body, with iterations counted."""
    checked = read(json.dumps(body).encode())
    decision = decide(problem_of(checked), budget_s=30, seed=seed, iterations=iterations)
    return json.loads(msgspec.json.encode(told(checked, decision)))


@given(seed=st.integers(0, 1 << 30))
@SEARCHED
def test_every_decision_passes_the_judge(seed):
    body = a_body(seed)

    assert complaints(body, decided(body)) == []


@pytest.mark.parametrize("seed", range(6))
def test_the_same_seed_gives_the_same_decision(seed):
    body = a_body(seed * 7 + 3)

    assert decided(body, seed=seed) == decided(body, seed=seed)


@given(seed=st.integers(0, 1 << 30))
@SEARCHED
def test_with_no_wave_left_all_that_can_goes(seed):
    body = a_body(seed, epochs_left=0)
    body.pop("scenarios", None)

    answer = decided(body)

    assert complaints(body, answer) == []
    assert answer["kept"] == []
    assert {each["why"] for each in answer["requests"]} <= {"must-go", "last-wave", "impossible"}


def test_a_budget_is_kept_to():
    body = a_body(3, epochs_left=2, budget_s=0.4)

    answer = json.loads(answer_wave(read(json.dumps(body).encode())))

    assert complaints(body, answer) == []


def judged_well():
    """A body and an answer in which every rule is at stake."""
    body = copy.deepcopy(SMALL) | {"back_by_s": 2_000, "leave_s": 100}
    body["requests"] += [
        {"id": "c", "place": 1, "window_s": [0, 50]},
        {"id": "d", "place": 2, "release_s": 9_000, "window_s": [9_000, 9_999]},
        {"id": "e", "place": 1, "demand": 2, "must_go": True, "release_s": 150},
        {"id": "f", "place": 2, "demand": 8},
    ]
    body |= {"back_by_s": 90_000}
    answer = decided(body)
    assert complaints(body, answer) == []
    assert answer["impossible"] == ["c"]
    assert "d" in answer["kept"]
    return body, answer


FAULTS = {
    "a request is lost": lambda answer: answer["routes"][0]["visits"].pop(),
    "a request is stated twice": lambda answer: answer["kept"].append("a"),
    "a request is invented": lambda answer: answer["kept"].append("z"),
    "what must go is kept": lambda answer: (answer["routes"].clear(), answer["kept"].append("e")),
    "what is impossible is kept": lambda answer: (
        answer["impossible"].remove("c"),
        answer["kept"].append("c"),
    ),
    "what can wait is called impossible": lambda answer: (
        answer["kept"].remove("d"),
        answer["impossible"].append("d"),
    ),
    "a route leaves too soon": lambda answer: answer["routes"][0].update(leave_s=0),
    "a drive is too fast": lambda answer: answer["routes"][0]["visits"][0].update(arrive_s=1),
    "a service is too short": lambda answer: answer["routes"][0]["visits"][0].update(depart_s=1),
    "the way home is too fast": lambda answer: answer["routes"][0].update(back_s=1),
    "a load is wrong": lambda answer: answer["routes"][0].update(load=1),
    "a route's cost is wrong": lambda answer: answer["routes"][0].update(cost_s=1),
    "the cost is wrong": lambda answer: answer.update(cost_s=1),
    "a fate is told wrongly": lambda answer: answer["requests"][0].update(goes="perhaps"),
    "a reason is wrong": lambda answer: answer["requests"][2].update(why="last-wave"),
    "a share is none": lambda answer: answer["requests"][0].update(share=1.5),
    "an order is wrong": lambda answer: answer["requests"].reverse(),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_judge_sees_every_fault(fault):
    body, answer = judged_well()

    FAULTS[fault](answer)

    assert complaints(body, answer) != []


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("capacity", {"capacity": 5}),
        ("the end of the day", {"back_by_s": 500}),
        ("a missing way", {"durations_s": [[0, 1 << 30, 1 << 30]] * 3}),
    ],
)
def test_the_judge_holds_routes_to(rule, change):
    body, answer = judged_well()

    assert complaints(body | change, answer) != []


REQUEST = {"id": "a", "place": 1}
REFUSED = [
    ({"durations_s": [[0, 1], [2]]}, "durations_s/1", "matrix-not-square"),
    ({"durations_s": []}, "durations_s", "matrix-not-square"),
    ({"durations_s": [[0, 1], [-2, 0]]}, "durations_s/1/0", "number-negative"),
    ({"durations_s": [[0, 1 << 31], [2, 0]]}, "durations_s/0/1", "number-out-of-range"),
    ({"durations_s": [[0, 1], [2, 5]]}, "durations_s/1/1", "matrix-diagonal"),
    ({"durations_s": [[0, 1.5], [2, 0]]}, "durations_s/0/1", "not-valid"),
    ({"durations_s": "far"}, "durations_s", "not-valid"),
    ({"durations_s": [0, 1]}, "durations_s/0", "not-valid"),
    ({"depot": 3}, "depot", "place-unknown"),
    ({"capacity": -1}, "capacity", "number-negative"),
    ({"capacity": 3}, "requests/0/demand", "demand-above-capacity"),
    ({"leave_s": -1}, "leave_s", "number-negative"),
    ({"epoch_s": 0}, "epoch_s", "epoch-empty"),
    ({"epochs_left": -1}, "epochs_left", "number-negative"),
    ({"epochs_left": 1_001}, "epochs_left", "number-out-of-range"),
    ({"epochs_left": 900, "epoch_s": 1 << 22}, "epochs_left", "number-out-of-range"),
    ({"leave_s": 50, "back_by_s": 10}, "back_by_s", "back-before-leaving"),
    ({"budget_s": None}, "budget_s", "not-valid"),
    ({"budget_s": 0}, "budget_s", "budget-out-of-range"),
    ({"budget_s": 1_000}, "budget_s", "budget-out-of-range"),
    ({"budget_s": "long"}, "budget_s", "not-valid"),
    ({"seed": -1}, "seed", "number-out-of-range"),
    ({"capcity": 1}, "capcity", "unknown-field"),
    ({"requests": [{"id": "a", "plce": 1}]}, "requests/0/plce", "unknown-field"),
    ({"requests": [{"id": "a"}]}, "requests/0/place", "field-missing"),
    ({"requests": [{"id": "a", "place": 3}]}, "requests/0/place", "place-unknown"),
    ({"requests": [{"id": "", "place": 1}]}, "requests/0/id", "not-valid"),
    ({"requests": [REQUEST, REQUEST]}, "requests/1/id", "duplicate-id"),
    ({"requests": [REQUEST | {"demand": -1}]}, "requests/0/demand", "number-negative"),
    ({"requests": [REQUEST | {"service_s": -1}]}, "requests/0/service_s", "number-negative"),
    ({"requests": [REQUEST | {"release_s": -1}]}, "requests/0/release_s", "number-negative"),
    ({"requests": [REQUEST | {"window_s": [9, 1]}]}, "requests/0/window_s", "window-reversed"),
    ({"requests": [REQUEST | {"window_s": [-9, 1]}]}, "requests/0/window_s/0", "number-negative"),
    ({"requests": [REQUEST | {"window_s": [9]}]}, "requests/0/window_s", "not-valid"),
    ({"requests": [REQUEST | {"must_go": 1}]}, "requests/0/must_go", "not-valid"),
    ({"requests": [{"id": str(n), "place": 1} for n in range(2_001)]}, "requests", "too-many-items"),
    ({"scenarios": [[{"place": 1, "epoch": 2}]]}, "scenarios/0/0/epoch", "epoch-unknown"),
    ({"scenarios": [[{"place": 9, "epoch": 1}]]}, "scenarios/0/0/place", "place-unknown"),
    ({"past": {"requests": [], "per_epoch": 3}}, "past/requests", "past-empty"),
    ({"past": {"requests": [{"place": 1, "demnd": 1}], "per_epoch": 1}},
     "past/requests/0/demnd", "unknown-field"),
    ({"past": {"requests": [{"place": 1}], "per_epoch": -1}}, "past/per_epoch", "number-negative"),
    ({"scenarios": [[]], "past": {"requests": [], "per_epoch": 0}}, "past", "coming-twice"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "where", "code"), REFUSED)
def test_what_is_wrong_is_named_with_its_place(change, where, code):
    with pytest.raises(WavesRefused) as refused:
        read(json.dumps(SMALL | change).encode())

    assert (where, code) in {
        ("/".join(map(str, each.path)), each.code) for each in refused.value.clashes
    }


@pytest.mark.parametrize("name", ["durations_s", "capacity", "requests", "epoch_s", "epochs_left", "budget_s"])  # fmt: skip
def test_what_is_missing_is_named(name):
    with pytest.raises(WavesRefused) as refused:
        read(json.dumps({key: each for key, each in SMALL.items() if key != name}).encode())

    (clash,) = refused.value.clashes
    assert (clash.path, clash.code) == ((name,), "field-missing")


def test_a_misspelt_member_is_told_the_one_that_may_be_meant():
    with pytest.raises(WavesRefused, match="did you mean 'must_go'"):
        read(json.dumps(SMALL | {"requests": [REQUEST | {"mustgo": True}]}).encode())


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1]", b'"x"', b"null", b"\xff", b"[" * 100_000, b"9" * 5_000, b'{"seed": 1e999}'],
)
def test_what_is_no_body_is_refused_whatever_it_is(content):
    with pytest.raises((NotJson, WavesRefused)):
        read(content)


def test_everything_wrong_is_told_at_once():
    requests = [{"id": "a", "place": 9}, {"id": "a", "place": 1, "window_s": [5, 1]}]

    with pytest.raises(WavesRefused) as refused:
        read(json.dumps(SMALL | {"requests": requests, "budget_s": math.pi * 1_000}).encode())

    assert {each.code for each in refused.value.clashes} == {
        "place-unknown",
        "duplicate-id",
        "window-reversed",
        "budget-out-of-range",
    }
