"""The root of every error that routing raises on purpose."""

from __future__ import annotations

from typing import ClassVar


class RoutingError(Exception):
    """
    A request that routing cannot answer, with a lasting `code` for machines.

    Subclasses live beside what they speak of, keep the facts as attributes and say what to do next.
    """

    code: ClassVar[str]
