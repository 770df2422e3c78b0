"""The root of every error that dispatch raises on purpose."""

from __future__ import annotations

from typing import ClassVar


class DispatchError(Exception):
    """
    A request that a courier company's day cannot take, with a lasting `code` for machines.

    Subclasses live beside what they speak of, keep the facts as attributes and say what to do next.
    """

    code: ClassVar[str]
