"""What the exit codes of `cunlu` mean, and which error ends in which."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from dispatch.errors import DispatchError
from routing.errors import RoutingError


class ExitCode(IntEnum):
    """docs/commands.md tells users; these never change their meaning."""

    DONE = 0
    REFUSED_SOME = 1
    USAGE = 2
    BAD_INPUT = 3
    UNREACHABLE = 4
    NOT_ALLOWED = 5
    BUG = 70
    INTERRUPTED = 130


# By code, not by class: the classes live in modules that are slow to import. All others: 3.
_EXITS: Final = {
    "settings-invalid": ExitCode.USAGE,
    "address-taken": ExitCode.USAGE,
    "server-failed": ExitCode.UNREACHABLE,
    "server-unreachable": ExitCode.UNREACHABLE,
    "store-unavailable": ExitCode.UNREACHABLE,
    "key-missing": ExitCode.NOT_ALLOWED,
    "not-allowed": ExitCode.NOT_ALLOWED,
}


def exit_code_of(error: DispatchError | RoutingError) -> ExitCode:
    return _EXITS.get(error.code, ExitCode.BAD_INPUT)
