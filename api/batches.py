"""Batches in: JSON, NDJSON or CSV to records, with a result for each item; bad ones stop none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from api.errors import ApiError, pointer_of
from api.fields import likely_field
from dispatch.gazetteer import AddressQuestion, Candidate
from dispatch.intake import BadCell, Intake, RowProblem
from routing.errors import RoutingError

_M = TypeVar("_M", bound=BaseModel)
_R = TypeVar("_R")

ITEMS_MAX: Final = 100_000

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """
    What became of one item.

    outcome
        created, changed, unchanged, conflict, placed, recorded, duplicate, unresolved, refused, or
        doubtful: taken in, although part of it cannot be right.
    code
        Why it is not simply taken in, or what was doubtful in an item that was.
    line
        Line of a CSV or NDJSON body, 1-based; position in a JSON list, 0-based.
    """

    id: str
    outcome: str
    code: str = ""
    detail: str = ""
    line: int | None = None
    column: str = ""
    advice: str = ""
    candidates: tuple[Candidate, ...] = ()
    """Places that an unclear address may mean, for a person to choose from."""


def body_of(member: str, model: type[BaseModel]) -> dict[str, Any]:
    """What OpenAPI says of a batch body, which the framework does not read itself."""
    item = model.model_json_schema()
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": {
                        "type": "object",
                        "required": [member],
                        "additionalProperties": False,
                        "properties": {member: {"type": "array", "items": item}},
                    },
                    "example": {member: item.get("examples", [])},
                },
                NDJSON: {"schema": {"type": "string", "description": "One item a line."}},
                CSV: {"schema": {"type": "string", "description": "See docs/files.md."}},
            },
        }
    }


class BadItem(Exception):
    """An item that contradicts itself or its day, found by whoever reads it."""

    def __init__(self, pointer: str, bad: BadCell) -> None:
        self.pointer, self.bad = pointer, bad
        super().__init__(bad.detail)


@dataclass(frozen=True, slots=True)
class Batch(Generic[_R]):
    """Records that are good in themselves, and results of the items that are not."""

    records: tuple[_R, ...]
    refused: tuple[ItemResult, ...]


def parse_batch(
    body: bytes,
    media_type: str,
    *,
    member: str,
    id_field: str,
    model: type[_M],
    read: Callable[[_M], _R],
    read_csv: Callable[[bytes], Intake[_R]] | None = None,
) -> Batch[_R]:
    """
    Read a batch body; work for a thread, not for the event loop.

    Raises
    ------
    ApiError
        415 for another media type; 400 where no item can be told from the next; 413 for too many.
    DispatchError
        A CSV of which no row can be read.
    """
    match media_type.partition(";")[0].strip().lower():
        case "text/csv" if read_csv is not None:
            intake = read_csv(body)
            return Batch(intake.accepted, tuple(_of_row(each) for each in intake.problems))
        case "application/x-ndjson":
            items = _ndjson(body)
        case "application/json" | "":
            items = list(enumerate(_json_items(body, member)))
        case other:
            raise ApiError(
                415,
                "media-type-unknown",
                f"{other[:80]} is not read here: send "
                + ", ".join((JSON, NDJSON, CSV) if read_csv else (JSON, NDJSON)),
            )
    if len(items) > ITEMS_MAX:
        raise ApiError(
            413, "too-many-items", f"{len(items)} items: send at most {ITEMS_MAX} at once"
        )
    records: list[_R] = []
    refused_items: list[ItemResult] = []
    for line, item in items:
        if isinstance(item, _Unreadable):
            refused_items.append(
                ItemResult(id="", outcome="refused", code="not-json", detail=item.why, line=line)
            )
            continue
        try:
            records.append(read(model.model_validate(item)))
        except ValidationError as error:
            refused_items.append(_of_item(item, line, id_field, model, error))
        except BadItem as error:
            refused_items.append(
                ItemResult(
                    id=_id_told(item, id_field),
                    outcome="refused",
                    code=error.bad.code,
                    detail=error.bad.detail,
                    line=line,
                    column=error.pointer,
                    advice=error.bad.advice,
                )
            )
        except RoutingError as error:
            refused_items.append(
                ItemResult(
                    id=_id_told(item, id_field),
                    outcome="refused",
                    code=error.code,
                    detail=str(error),
                    line=line,
                )
            )
    return Batch(tuple(records), tuple(refused_items))


@dataclass(frozen=True, slots=True)
class _Unreadable:
    why: str


def _ndjson(body: bytes) -> list[tuple[int, Any]]:
    items: list[tuple[int, Any]] = []
    for number, line in enumerate(body.splitlines(), start=1):
        if line.strip():
            try:
                items.append((number, json.loads(line)))
            except (ValueError, RecursionError) as error:
                items.append((number, _Unreadable(str(error))))
    return items


def _json_items(body: bytes, member: str) -> list[Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, "not-json", f"the body is no JSON: {error}") from error
    if not isinstance(told, dict) or not isinstance(told.get(member), list):
        raise ApiError(422, "not-valid", f"the body must be an object with a list {member!r}")
    for unknown in told.keys() - {member}:
        raise ApiError(
            422, "not-valid", f"/{unknown[:64]}: unknown field; the body holds only {member!r}"
        )
    items: list[Any] = told[member]
    return items


def unresolved_result(question: AddressQuestion) -> ItemResult:
    """An item that was taken in, and what a person is asked about it."""
    return ItemResult(
        id=question.order_id or question.household_id or "",
        outcome="unresolved",
        code=question.reason,
        detail=question.detail,
        line=question.line,
        candidates=question.candidates,
    )


def _of_row(row: RowProblem) -> ItemResult:
    return ItemResult(
        id="",
        outcome="refused",
        code=row.code,
        detail=row.detail,
        line=row.line,
        column=row.column,
        advice=row.advice,
    )


def _id_told(item: object, id_field: str) -> str:
    """The id as far as it can be repeated."""
    told = item.get(id_field, "") if isinstance(item, dict) else ""
    return str(told)[:64].encode("utf-8", "replace").decode()


def _of_item(
    item: object, line: int, id_field: str, model: type[BaseModel], error: ValidationError
) -> ItemResult:
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    # A misspelt field explains the missing one, so it is told first.
    first = min(errors, key=lambda each: each["type"] != "extra_forbidden")
    pointer = pointer_of(("body", *first["loc"]))
    advice = ""
    if first["type"] == "extra_forbidden":
        near = likely_field(model, first["loc"])
        advice = f"did you mean {near}?" if near else "leave it out"
    return ItemResult(
        id=_id_told(item, id_field),
        outcome="refused",
        code="unknown-field" if first["type"] == "extra_forbidden" else "not-valid",
        detail=f"{pointer}: {first['msg']}",
        line=line,
        column=pointer,
        advice=advice,
    )


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """
    One result for each item, first those taken in, in the order sent, then those refused; `counts`
    says how many had each outcome, and `warnings` what is strange about all of them together.
    """

    results: Sequence[ItemResult]
    counts: dict[str, int]
    warnings: Sequence[str] = ()


def answer_of(results: Iterable[ItemResult]) -> BatchAnswer:
    results = tuple(results)
    counts: dict[str, int] = {}
    for each in results:
        counts[each.outcome] = counts.get(each.outcome, 0) + 1
    return BatchAnswer(results, counts)
