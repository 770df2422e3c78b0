"""Why a demo day cannot be made or must not be written there."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from dispatch.errors import DispatchError


class DemoRefused(DispatchError):
    """Numbers or roads from which no demo day can be made."""

    code: ClassVar[str] = "demo-refused"


class DemoFolderTaken(DispatchError):
    """A folder that holds something which is not an earlier demo day."""

    code: ClassVar[str] = "demo-folder-taken"

    def __init__(self, folder: Path, found: str) -> None:
        self.folder, self.found = folder, found
        super().__init__(
            f"{folder} holds {found}, which no demo day wrote: choose an empty or a new folder, or"
            " move it away"
        )
