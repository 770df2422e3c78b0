"""docs/files.md and the examples are held to the code."""

import re
import tomllib
from pathlib import Path

import pytest

from dispatch.gazetteer import Unclear
from dispatch.intake import PLATFORMS, RowCode, problems, read_orders, read_registry, registry_of
from dispatch.intake.columns import ORDER_COLUMNS, REGISTRY_COLUMNS
from dispatch.orders import Handling

_REFERENCE = (Path(__file__).resolve().parents[3] / "docs" / "files.md").read_text()
_REFUSALS = [
    each.code
    for each in vars(problems).values()
    if isinstance(each, type) and issubclass(each, problems.FileRefused) and "code" in vars(each)
]


@pytest.mark.parametrize(
    "word",
    [*RowCode, *_REFUSALS, *Unclear, *ORDER_COLUMNS, *REGISTRY_COLUMNS, *Handling, *PLATFORMS],
)
def test_the_reference_names_every_code_and_column(word):
    assert f"`{word}`" in _REFERENCE


def test_every_code_in_the_reference_exists():
    codes = _REFERENCE[_REFERENCE.index("## Codes") :]
    named = {
        code
        for row in re.findall(r"^\| (`.*?) \|", codes, re.MULTILINE)
        for code in re.findall(r"`([a-z0-9-]+)`", row)
    }
    assert named == {*RowCode, *_REFUSALS, *Unclear}


@pytest.mark.parametrize(
    "name",
    [
        "orders.csv",
        "drops.csv",
        "orders.json",
        "orders.ndjson",
        "taobao.csv",
        "1688.csv",
        "pinduoduo.csv",
    ],
)
def test_every_example_is_read_with_the_example_registry(examples, day, name):
    taken = read_registry(examples / "registry.csv", name="registry.csv")
    assert taken.problems == ()
    orders = read_orders(examples / name, name=name, day=day, registry=registry_of(taken.accepted))
    assert orders.accepted
    assert orders.unresolved == ()
    assert orders.mapping == (
        name.removesuffix(".csv") if name.removesuffix(".csv") in PLATFORMS else None
    )
    assert {each.code for each in orders.problems} <= {RowCode.NOT_TO_COLLECT}


def test_the_mappings_of_the_reference_are_those_of_the_code():
    for mapping in PLATFORMS.values():
        row = next(
            each for each in _REFERENCE.splitlines() if each.startswith(f"| `{mapping.name}`")
        )
        words = {word for some in mapping.leave_out.values() for word in some}
        words |= {header for every in mapping.recognised_by for header in every}
        assert all(word in row for word in words)


def test_the_fleet_in_the_reference_is_the_example(examples):
    shown = _REFERENCE.split("## Fleet")[1].split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(shown) == tomllib.loads((examples / "fleet.toml").read_text())
