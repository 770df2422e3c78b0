"""The root of every error that dispatch raises on purpose, and the question that many of them end with."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class DispatchError(Exception):
    """
    A request that a courier company's day cannot take, with a lasting `code` for machines.

    Subclasses live beside what they speak of, keep the facts as attributes and say what to do next.
    """

    code: ClassVar[str]


def meant(word: str, known: Iterable[str]) -> str:
    """`: did you mean …?` with the word of `known` that is nearest; empty if none is near."""
    close = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f": did you mean {close[0]!r}?" if close else ""
