"""Ids that strangers choose or send back, and what they must look like."""

from __future__ import annotations

import re
import secrets
from datetime import date
from typing import ClassVar, Final, NewType

from dispatch.days import CompanyId, DepotDay, DepotId
from dispatch.errors import DispatchError

JobId = NewType("JobId", str)
"""`DEPOT.YYYY-MM-DD.jXXXXXXXX`: unique within a company, and says which depot-day it plans."""

QuestionId = NewType("QuestionId", str)
"""`DEPOT.qXXXXXXXXXXXXXXXX`; without the depot where a question is about none."""

_TEXT_ID: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,64}")
_DEPOT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_DAY_ID: Final = re.compile(
    r"(?P<depot>[a-z0-9][a-z0-9-]{0,31})\.(?P<day>\d{4}-\d{2}-\d{2})\.(?P<rest>[a-z0-9]{1,16})",
    re.ASCII,
)


class IdMalformed(DispatchError):
    """Text that cannot be the id it was given as."""

    code: ClassVar[str] = "id-malformed"

    def __init__(self, what: str, given: str, expected: str) -> None:
        self.what, self.given, self.expected = what, given, expected
        super().__init__(f"{given[:80]!r} is no {what}: expected {expected}")


def checked_text_id(what: str, given: str) -> str:
    """
    `given`, if it can name an order, household, courier or event: 1–64 characters, no controls.

    Raises
    ------
    IdMalformed
        It is empty, too long or holds control characters or line separators.
    """
    if not _TEXT_ID.fullmatch(given):
        raise IdMalformed(what, given, "1 to 64 characters without control characters")
    return given


def checked_depot_id(given: str) -> DepotId:
    """
    `given` as a depot (or company) id: it becomes part of keys and addresses.

    Raises
    ------
    IdMalformed
        It is not 1–32 of a–z, 0–9 and hyphen, or begins with a hyphen.
    """
    if not _DEPOT_ID.fullmatch(given):
        raise IdMalformed("depot id", given, "1 to 32 of a-z, 0-9 and -, not beginning with -")
    return DepotId(given)


def new_job_id(day: DepotDay) -> JobId:
    return JobId(f"{day.depot_id}.{day.day.isoformat()}.j{secrets.token_hex(4)}")


def day_of_job(company_id: CompanyId, job_id: str) -> DepotDay:
    """
    The depot-day that a job plans.

    Raises
    ------
    IdMalformed
        It is no job id.
    """
    day, rest = _split(company_id, job_id, "job id", "DEPOT.YYYY-MM-DD.jXXXXXXXX")
    if not re.fullmatch(r"j[0-9a-f]{8}", rest):
        raise IdMalformed("job id", job_id, "DEPOT.YYYY-MM-DD.jXXXXXXXX")
    return day


def new_question_id(depot_id: DepotId | None) -> QuestionId:
    """Long enough that nobody guesses another's: it is asked for by this alone."""
    own = f"q{secrets.token_hex(8)}"
    return QuestionId(own if depot_id is None else f"{depot_id}.{own}")


def depot_of_question(question_id: str) -> DepotId | None:
    """
    The depot that a question is about; None: it is about none.

    Raises
    ------
    IdMalformed
        It is no question id.
    """
    depot, _, own = question_id.rpartition(".")
    if not re.fullmatch(r"q[0-9a-f]{16}", own):
        raise IdMalformed("question id", question_id, "DEPOT.qXXXXXXXXXXXXXXXX")
    return checked_depot_id(depot) if depot else None


def day_of_plan(company_id: CompanyId, plan_id: str) -> tuple[DepotDay, int]:
    """
    The depot-day and the version that a plan id speaks of.

    Raises
    ------
    IdMalformed
        It is no plan id.
    """
    day, rest = _split(company_id, plan_id, "plan id", "DEPOT.YYYY-MM-DD.VERSION")
    if not re.fullmatch(r"[1-9][0-9]{0,8}", rest):
        raise IdMalformed("plan id", plan_id, "DEPOT.YYYY-MM-DD.VERSION")
    return day, int(rest)


def _split(company_id: CompanyId, given: str, what: str, expected: str) -> tuple[DepotDay, str]:
    found = _DAY_ID.fullmatch(given)
    if found is None:
        raise IdMalformed(what, given, expected)
    try:
        day = date.fromisoformat(found["day"])
    except ValueError as error:
        raise IdMalformed(what, given, expected) from error
    return DepotDay(company_id, DepotId(found["depot"]), day), found["rest"]
