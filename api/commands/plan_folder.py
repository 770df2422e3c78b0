"""The folder that `cunlu plan` writes: whole or not at all, and never over somebody else's files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from dispatch.errors import DispatchError
from dispatch.plan import Plan

PLAN_FILE: Final = "plan.json"
PROBLEMS_FILE: Final = "problems.csv"
_ALWAYS: Final = frozenset({PLAN_FILE, PROBLEMS_FILE, "routes.geojson", "orders.csv"})
_NOT_IN_NAMES: Final = frozenset('%/\\:*?"<>|')
"""What some file system refuses, and the escape itself."""


class PlanFolderTaken(DispatchError):
    """A folder that holds something which is not an earlier plan."""

    code: ClassVar[str] = "plan-folder-taken"

    def __init__(self, folder: Path, found: str) -> None:
        self.folder, self.found = folder, found
        super().__init__(
            f"{folder} {found}, which no earlier plan wrote: choose an empty or a new folder, or"
            " move it away"
        )


def file_name(courier_id: str, suffix: str) -> str:
    """A courier's file: the id itself, except for characters that no file name may have."""
    safe = "".join(f"%{ord(each):02X}" if each in _NOT_IN_NAMES else each for each in courier_id)
    if safe.startswith("."):
        safe = f"%2E{safe[1:]}"
    return safe + suffix


def check_free(folder: Path) -> None:
    """
    Look whether `write_folder` may write `folder`, before any work is done for it.

    Raises
    ------
    PlanFolderTaken
        It is a file, or holds anything but an earlier plan and its files.
    """
    if not folder.is_dir():
        if folder.exists() or folder.is_symlink():
            raise PlanFolderTaken(folder, "is no folder")
        return
    found = {each.name for each in folder.iterdir()}
    if not found:
        return
    if PLAN_FILE not in found:
        raise PlanFolderTaken(folder, f"holds {min(found)}")
    try:
        plan = msgspec.json.decode((folder / PLAN_FILE).read_bytes(), type=Plan)
    except (msgspec.DecodeError, OSError) as error:
        raise PlanFolderTaken(folder, f"holds a {PLAN_FILE} of another kind") from error
    ours = _ALWAYS | {
        file_name(route.courier_id, suffix) for route in plan.routes for suffix in (".gpx", ".html")
    }
    if foreign := found - ours:
        raise PlanFolderTaken(folder, f"holds {min(foreign)}")


def write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """
    Write `files` as the only content of `folder`; whatever happens, it is never half replaced.

    Raises
    ------
    PlanFolderTaken
        See `check_free`; the folder may have changed since.
    """
    folder = folder.absolute()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".cunlu-plan-", dir=folder.parent) as scratch:
        written = Path(scratch) / "plan"
        written.mkdir()
        for name, body in files.items():
            (written / name).write_bytes(body)
        check_free(folder)
        earlier = Path(scratch) / "earlier"
        if folder.exists():
            folder.rename(earlier)
        try:
            written.rename(folder)
        except OSError:
            if earlier.exists():
                earlier.rename(folder)
            raise
        shutil.rmtree(earlier, ignore_errors=True)
