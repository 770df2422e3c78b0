"""Shipments: one vehicle picks up and delivers, in that order, and has the amount on board between."""


def square(*rows):
    return {"car": {"durations": [list(row) for row in rows]}}


IN_A_ROW = square(*[[100 * abs(a - b) for b in range(5)] for a in range(5)])


def a_shipment(number: int, pickup: int, delivery: int, amount: int):
    return {
        "amount": [amount],
        "pickup": {"id": number, "location_index": pickup},
        "delivery": {"id": number, "location_index": delivery},
    }


def test_a_shipment_is_picked_up_before_it_is_delivered_and_on_board_between(judge, solved):
    """Both fit after each other, not at once: the first is delivered before the next is picked up."""
    body = {
        "vehicles": [{"id": 1, "start_index": 0, "end_index": 0, "capacity": [4]}],
        "shipments": [a_shipment(7, 3, 1, 4), a_shipment(8, 2, 4, 4)],
        "matrices": IN_A_ROW,
    }
    found = solved(body, within_s=0.2)
    assert judge.complaints(body, found) == []
    steps = [(step["type"], step.get("id"), step["load"]) for step in found["routes"][0]["steps"]]
    assert steps[1:-1] == [
        ("pickup", 8, [4]), ("delivery", 8, [0]), ("pickup", 7, [4]), ("delivery", 7, [0]),
    ]  # fmt: skip
    assert found["summary"]["cost"] == 200 + 200 + 100 + 200 + 100


def test_half_a_shipment_is_never_made(judge, solved):
    late = a_shipment(7, 3, 1, 1)
    late["delivery"]["time_windows"] = [[0, 100]]
    body = {
        "vehicles": [{"id": 1, "start_index": 0, "end_index": 0, "capacity": [4]}],
        "shipments": [late],
        "jobs": [{"id": 1, "location_index": 2}],
        "matrices": IN_A_ROW,
    }
    found = solved(body, within_s=0.2)
    assert judge.complaints(body, found) == []
    assert {each["type"] for each in found["unassigned"]} == {"pickup", "delivery"}


def test_max_tasks_counts_both_halves_of_a_shipment(judge, solved):
    body = {
        "vehicles": [{"id": 1, "start_index": 0, "end_index": 0, "max_tasks": 3}],
        "shipments": [a_shipment(7, 3, 1, 1), a_shipment(8, 2, 4, 1)],
        "jobs": [{"id": 1, "location_index": 2}],
        "matrices": IN_A_ROW,
    }
    for shipment in body["shipments"]:
        del shipment["amount"]
    for window in ([], [0, 5_000]):
        body["vehicles"][0] |= {"time_window": window} if window else {}
        found = solved(body, within_s=0.4)
        assert judge.complaints(body, found) == []
        assert found["summary"]["unassigned"] == 2
