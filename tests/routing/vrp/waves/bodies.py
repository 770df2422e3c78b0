"""Seeded bodies of waves in which, now and then, every rule binds."""

import random
from typing import Any

from tests.routing.vrp.waves.judge import NO_WAY

Json = dict[str, Any]


def a_body(seed: int, **more: Any) -> Json:
    """Up to a dozen requests: ways one-way or missing, windows tight, capacity short, some released late."""
    draw = random.Random(seed)
    places = draw.choice([2, 4, 8, 12])
    depot = draw.randrange(places)
    epoch_s, leave_s = draw.choice([200, 600]), draw.choice([0, 500])
    body: Json = {
        "durations_s": _table(draw, places),
        "depot": depot,
        "capacity": draw.choice([4, 10, 1_000]),
        "leave_s": leave_s,
        "epoch_s": epoch_s,
        "epochs_left": draw.choice([0, 1, 1, 2, 3]),
        "budget_s": 0.5,
    }
    if draw.random() < 0.7:
        body["back_by_s"] = leave_s + draw.choice([900, 2_000, 9_000])
    count = draw.choice([0, 1, 3, 6, 12])
    body["requests"] = [
        _request(draw, body)
        | {"id": f"r{number}"}
        | ({"must_go": True} if draw.random() < 0.2 else {})
        | ({"release_s": leave_s + draw.randrange(2 * epoch_s)} if draw.random() < 0.2 else {})
        for number in range(count)
    ]
    match draw.choice(["scenarios", "past", "nothing"]) if body["epochs_left"] else "nothing":
        case "scenarios":
            body["scenarios"] = [
                [
                    _request(draw, body) | {"epoch": draw.randint(1, body["epochs_left"])}
                    for _ in range(draw.randrange(6))
                ]
                for _ in range(draw.choice([1, 3]))
            ]
        case "past":
            body["past"] = {
                "requests": [_request(draw, body) for _ in range(5)],
                "per_epoch": draw.randrange(6),
                "mixed": draw.random() < 0.5,
            }
    return body | more


def _table(draw: random.Random, places: int) -> list[list[int]]:
    points = [(draw.randrange(300), draw.randrange(300)) for _ in range(places)]
    rows = [[abs(a - c) + abs(b - d) for c, d in points] for a, b in points]
    for row in range(places):
        for column in range(places):
            if row != column:
                far = draw.random() < 0.03
                rows[row][column] = NO_WAY if far else rows[row][column] + draw.randrange(60)
    return rows


def _request(draw: random.Random, body: Json) -> Json:
    told: Json = {"place": draw.randrange(len(body["durations_s"]))}
    if draw.random() < 0.9:
        told["demand"] = draw.randrange(min(6, body["capacity"] + 1))
    if draw.random() < 0.8:
        opens_s = body["leave_s"] + draw.randrange(1_500)
        told["window_s"] = [opens_s, opens_s + draw.choice([0, 100, 800, 3_000])]
    if draw.random() < 0.8:
        told["service_s"] = draw.randrange(60)
    return told
