"""Decoded JSON with its pointer: every value is asked for by its kind, and refused by its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from routing.vrp.vroom.body import BodyRefused

UINT_MAX: Final = (1 << 32) - 1
ID_MAX: Final = (1 << 64) - 1
"""Ranges of VROOM's numbers: unsigned, 32 bits; ids have 64."""

_SHOWN: Final = 40
"""Of a longer key or text only so many characters are repeated."""


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a JSON text and where it stands (RFC 6901)."""

    value: Any
    pointer: str

    def refused(self, why: str) -> BodyRefused:
        return BodyRefused(self.pointer, why)

    def known(self, keys: Sequence[str], what: str) -> Node:
        """
        Return this node if it is an object that has no other keys than these.

        Raises
        ------
        BodyRefused
            With the nearest of `keys`, if one is near.
        """
        if not isinstance(self.value, dict):
            raise self.refused(f"{what} is an object, not {_kind(self.value)}")
        for key in self.value:
            if key not in keys:
                near = next(iter(difflib.get_close_matches(key, keys, n=1)), None)
                hint = (
                    f"choose from {', '.join(keys)}" if near is None else f"did you mean `{near}`?"
                )
                raise BodyRefused(
                    f"{self.pointer}/{_escaped(key)}",
                    f"{what} has no key `{key[:_SHOWN]}`: {hint}",
                    near,
                )
        return self

    def has(self, key: str) -> bool:
        return key in self.value

    def at(self, key: str) -> Node:
        """The member `key` of an object; refused where it is missing."""
        if key not in self.value:
            raise self.refused(f"`{key}` is missing")
        return Node(self.value[key], f"{self.pointer}/{_escaped(key)}")

    def items(self, what: str) -> Iterator[Node]:
        """The values of an array."""
        if not isinstance(self.value, list):
            raise self.refused(f"{what} is an array, not {_kind(self.value)}")
        for number, value in enumerate(self.value):
            yield Node(value, f"{self.pointer}/{number}")

    def members(self, what: str) -> Iterator[tuple[str, Node]]:
        """The keys and values of an object that may have any keys."""
        if not isinstance(self.value, dict):
            raise self.refused(f"{what} is an object, not {_kind(self.value)}")
        for key in self.value:
            yield key, self.at(key)

    def whole(self, most: int = UINT_MAX) -> int:
        """A whole number in 0…`most`."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.refused(f"this is a whole number, not {_kind(self.value)}")
        if not 0 <= self.value <= most:
            raise self.refused(f"{str(self.value)[:_SHOWN]} must lie in 0…{most}")
        return self.value

    def number(self) -> float:
        if not isinstance(self.value, int | float) or isinstance(self.value, bool):
            raise self.refused(f"this is a number, not {_kind(self.value)}")
        return float(self.value)

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.refused(f"this is true or false, not {_kind(self.value)}")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str):
            raise self.refused(f"this is a text, not {_kind(self.value)}")
        return self.value


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return f"the number {str(value)[:_SHOWN]}"
        case str():
            return "a text"
        case list():
            return "an array"
        case _:
            return "an object"


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
