"""A fleet as a table: one row for each courier, depot and vehicle model repeated beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from dispatch.intake.cells import narrow, pieces_of
from dispatch.intake.columns import folded
from dispatch.intake.problems import FleetInvalid, FleetProblem
from dispatch.intake.rows import WORDS
from dispatch.intake.tables import Row, Table

_COURIER: Final = {
    "courier_id": "id",
    "courier_name": "name",
    "courier_phone": "phone",
    "vehicle_model": "vehicle_model",
    "shift": "shift",
    "breaks": "breaks",
    "skills": "skills",
    "villages": "villages",
    "hours_ahead": "hours_ahead",
}
_BREAK: Final = re.compile(r"(\d{1,2}:\d{2})\s*[-~–—]\s*(\d{1,2}:\d{2})\s*/\s*(\d{1,3})")

Named = Mapping[str, str]


def is_fleet_header(header: Sequence[str]) -> bool:
    there = {folded(each.strip().strip('"')) for each in header}
    return {folded("courier_id"), folded("vehicle_model")} <= there


def fleet_rows(table: Table, *, name: str) -> tuple[dict[str, Any], Named]:
    """
    The table as the value of a fleet's TOML, and the table's line for each part of it.

    Raises
    ------
    FleetInvalid
        Rows contradict each other, or break the table's format.
    """
    problems = [
        FleetProblem(where=f"line {each.line}", detail=each.detail) for each in table.problems
    ]
    headers = {folded(each): each for each in table.header if each}
    depot: dict[str, Any] = {}
    models: dict[str, dict[str, Any]] = {}
    couriers: list[dict[str, Any]] = []
    where: dict[str, str] = {}
    for row in table.rows:
        model_id = row.cells.get(headers[folded("vehicle_model")], "")
        model = models.setdefault(model_id, {"id": model_id})
        problems += _fill(depot, row, "depot_", depot_lists=True)
        problems += _fill(model, row, "model_")
        couriers.append(dict(_courier(row, headers)))
        where[f"couriers[{len(couriers)}]"] = f"line {row.line}"
    known = {folded(each) for each in _COURIER}
    problems += [
        FleetProblem(where=f"column {header}", detail="it is unknown; docs/files.md lists them")
        for key, header in headers.items()
        if key not in known and not _prefixed(header, "depot_") and not _prefixed(header, "model_")
    ]
    if problems:
        raise FleetInvalid(name, problems)
    where |= {f"vehicle_models[{n}]": f"model {own_id}" for n, own_id in enumerate(models, start=1)}
    fleet = {"depot": depot, "vehicle_models": list(models.values()), "couriers": couriers}
    return fleet, where


def _prefixed(header: str, prefix: str) -> str | None:
    """The key behind `prefix`, if `header` has it."""
    plain = narrow(header).casefold()
    return plain.removeprefix(prefix) if plain.startswith(prefix) else None


def _fill(
    known: dict[str, Any], row: Row, prefix: str, *, depot_lists: bool = False
) -> Iterator[FleetProblem]:
    """Take the row's columns of `prefix` into `known`; they may be blank, but not different."""
    for header, cell in row.cells.items():
        key = _prefixed(header, prefix)
        if key is None:
            continue
        value: Any = cell
        if depot_lists and key == "departures":
            value = pieces_of(narrow(cell), WORDS)
        if known.setdefault(key, value) != value:
            yield FleetProblem(
                where=f"line {row.line}, {header}", detail="it differs from the lines above"
            )


def _courier(row: Row, headers: Named) -> Iterator[tuple[str, Any]]:
    for column, key in _COURIER.items():
        cell = row.cells.get(headers.get(folded(column), ""), "")
        if not cell:
            continue
        if column == "skills":
            yield key, pieces_of(narrow(cell), WORDS)
        elif column == "villages":  # as the registry writes them, brackets and all
            yield key, pieces_of(cell, "|｜")
        elif column == "breaks":
            yield key, [_break(each) for each in pieces_of(narrow(cell), ";|、,")]
        else:
            yield key, cell


def _break(piece: str) -> dict[str, str] | str:
    """A break as the TOML has it; text that is none stays text, and is refused where it lands."""
    found = _BREAK.fullmatch(piece)
    return {"earliest": found[1], "latest": found[2], "minutes": found[3]} if found else piece
