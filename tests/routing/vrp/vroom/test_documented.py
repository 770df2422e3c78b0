"""What VROOM's documentation shows is answered by its rules, and never dearer."""

import pytest

SECTIONS = [
    "a day with two vans, jobs and a shipment",
    "a matrix of one's own",
    "skills",
    "priorities",
    "setups and services, by type of vehicle",
    "windows of a day",
    "windows in seconds since 1970",
    "costs of vehicles",
    "metres",
    "limits of tasks and of travel",
    "speeds",
    "breaks with a load",
    "open ends",
    "steps to begin with",
    "a matrix of costs",
]


def test_every_section_is_tried(documented) -> None:
    assert list(documented.BODIES) == SECTIONS == list(documented.THEIRS)


@pytest.fixture(scope="module")
def loaded(documented, solved) -> None:
    """Compiled loops are read from their files where they are first called, which may take longer than a body has."""
    for body in documented.BODIES.values():
        solved(body, within_s=0.1)


@pytest.mark.usefixtures("loaded")
@pytest.mark.parametrize("section", SECTIONS)
def test_a_documented_body_is_answered_and_never_dearer_than_by_vroom(
    section, documented, judge, solved
) -> None:
    body = documented.BODIES[section]

    told = solved(body, within_s=0.3)

    assert judge.complaints(body, told) == []
    assert judge.worth(told) <= documented.THEIRS[section]
