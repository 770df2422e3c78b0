"""Custom matrices of a body."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from routing.vrp.vroom.body import Tables
from routing.vrp.vroom.nodes import UINT_MAX, Node
from routing.vrp.vroom.reading_vehicles import DEFAULT_PROFILE

_TABLES: Final = ("durations", "distances", "costs")


def read_tables(body: Node) -> dict[str, Tables]:
    if body.has("matrix"):
        return {DEFAULT_PROFILE: Tables(durations_s=_table(body.at("matrix")))}
    if not body.has("matrices"):
        return {}
    return {name: _tables(node) for name, node in body.at("matrices").members("`matrices`")}


def _tables(node: Node) -> Tables:
    node.known(_TABLES, "the matrices of a profile")
    tables = {key: _table(node.at(key)) for key in _TABLES if node.has(key)}
    if "distances" in tables and "durations" not in tables:
        raise node.refused("`durations` are missing: distances need them beside them")
    sizes = {len(table) for table in tables.values()}
    if len(sizes) > 1:
        raise node.refused(f"the matrices have {sorted(sizes)} rows: give all the same places")
    return Tables(
        durations_s=tables.get("durations"),
        distances_m=tables.get("distances"),
        costs=tables.get("costs"),
    )


def _table(node: Node) -> NDArray[np.int64]:
    rows = list(node.items("a matrix"))
    if not rows:
        raise node.refused("the matrix is empty")
    table = np.empty((len(rows), len(rows)), dtype=np.int64)
    for number, row in enumerate(rows):
        if not isinstance(row.value, list) or len(row.value) != len(rows):
            raise row.refused(f"a row of this matrix is an array of {len(rows)} numbers")
        # Millions of numbers: looked at together, and one by one only to name the wrong one.
        if (
            set(map(type, row.value)) != {int}
            or not 0 <= min(row.value) <= max(row.value) <= UINT_MAX
        ):
            for cell in row.items("a row"):
                cell.whole()
        table[number] = row.value
    return table
