"""VRPLIB text: fields and sections as tables of numbers, and the distances that a file states."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from routing.cores import on_all_cores
from routing.errors import RoutingError
from routing.matrix import UNREACHABLE

_FIELDS: Final = frozenset(
    {
        "NAME", "COMMENT", "TYPE", "DIMENSION", "VEHICLES", "CAPACITY", "SERVICE_TIME", "RELEASE_TIME",
        "EDGE_WEIGHT_TYPE", "EDGE_WEIGHT_FORMAT", "NODE_COORD_TYPE", "DISPLAY_DATA_TYPE",
        "VEHICLES_MAX_DURATION", "VEHICLES_MAX_DISTANCE", "VEHICLES_MAX_RELOADS", "VEHICLES_FIXED_COST",
        "VEHICLES_UNIT_DISTANCE_COST",
    }
)  # fmt: skip
_SECTIONS: Final = frozenset(
    {
        "NODE_COORD", "EDGE_WEIGHT", "DEPOT", "DEMAND", "CAPACITY", "TIME_WINDOW", "SERVICE_TIME",
        "RELEASE_TIME", "PRIZE", "MUTUALLY_EXCLUSIVE_GROUP", "VEHICLES_DEPOT", "VEHICLES_RELOAD_DEPOT",
        "VEHICLES_ALLOWED_CLIENTS", "VEHICLES_MAX_DURATION", "VEHICLES_MAX_DISTANCE",
        "VEHICLES_MAX_RELOADS", "VEHICLES_FIXED_COST", "VEHICLES_UNIT_DISTANCE_COST",
    }
)  # fmt: skip

_EXACT: Final = 1 << 53
"""Whole numbers up to here are exact in the float64 in which files are read."""

_BLOCK: Final = 1 << 16
"""Numbers of a matrix computed at once, so that they stay in the cache: 10,000 places took 1.1 s in blocks
of eight rows, 7 s of 256 (2026-11-24)."""

Scale: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.int64]]


class InstanceUnsupported(RoutingError):
    """A well-formed instance that asks for what this reader does not know."""

    code: ClassVar[str] = "instance-unsupported"

    def __init__(self, path: Path, what: str) -> None:
        self.path, self.what = path, what
        super().__init__(
            f"{path.name}: {what} is not supported: docs/commands.md names the sets that are read"
        )


class InstanceUnreadable(RoutingError):
    """A file that is missing, cut short, or no instance."""

    code: ClassVar[str] = "instance-unreadable"

    def __init__(self, path: Path, why: str, remedy: str = "fetch the file again") -> None:
        self.path, self.why = path, why
        super().__init__(f"{path.name or path}: {why}: {remedy}")


@dataclass(frozen=True, slots=True, kw_only=True)
class VrplibFile:
    """The words of a file. What is asked for and missing or misshapen raises InstanceUnreadable."""

    path: Path
    fields: Mapping[str, str]
    sections: Mapping[str, Sequence[Sequence[str]]]

    def field(self, name: str) -> str:
        if name not in self.fields:
            raise InstanceUnreadable(self.path, f"{name} is missing")
        return self.fields[name]

    def count(self, name: str) -> int:
        """A whole number that is not negative."""
        text = self.field(name)
        if not text.isdecimal():
            raise InstanceUnreadable(self.path, f"{name} is {text!r}, which is no count")
        return int(text)

    def table(self, section: str, count: int) -> NDArray[np.float64]:
        """Shape (count, numbers in a row): rows lead with their number, from 1, in order."""
        lists = self.lists(section, count)
        if len({len(row) for row in lists}) > 1:
            raise InstanceUnreadable(self.path, f"{section} has rows of different lengths")
        return np.array(lists, dtype=np.float64).reshape(count, -1)

    def lists(self, section: str, count: int | None = None) -> list[list[float]]:
        """Rows of any length, without their leading numbers, which count from 1; `count` of them."""
        if section not in self.sections:
            raise InstanceUnreadable(self.path, f"{section}_SECTION is missing")
        rows = [[self._number(word) for word in row] for row in self.sections[section]]
        if count is not None and len(rows) != count:
            raise InstanceUnreadable(
                self.path, f"{section} has {len(rows)} rows where {count} belong"
            )
        if [row[0] for row in rows] != list(range(1, len(rows) + 1)):
            raise InstanceUnreadable(
                self.path, f"{section} names a row twice, or not in the order 1, 2, 3, …"
            )
        return [row[1:] for row in rows]

    def column(self, name: str, count: int, default: float) -> NDArray[np.float64]:
        """Shape (count,): a section's one number a row, a field for all, or the default for all."""
        if name in self.sections:
            table = self.table(name, count)
            if table.shape != (count, 1):
                raise InstanceUnreadable(self.path, f"{name} needs one number in a row")
            return table[:, 0]
        value = self._number(self.fields[name]) if name in self.fields else default
        return np.full(count, value, dtype=np.float64)

    def depots(self) -> int:
        """How many of the first places are depots: one where the file does not say."""
        if "DEPOT" not in self.sections:
            return 1
        words = [word for row in self.sections["DEPOT"] for word in row if word != "-1"]
        if not words:
            raise InstanceUnreadable(self.path, "DEPOT_SECTION is empty")
        if [self._number(word) for word in words] != list(range(1, len(words) + 1)):
            raise InstanceUnsupported(self.path, "a depot that is not among the first places")
        return len(words)

    def lengths(self, count: int, scaled: Scale) -> NDArray[np.int32]:
        """Shape (count, count): the distances, scaled; what an explicit matrix puts beyond reach is."""
        kind = self.field("EDGE_WEIGHT_TYPE")
        if kind in _PLANES:
            points = self.table("NODE_COORD", count)
            if points.shape != (count, 2):
                raise InstanceUnreadable(self.path, "NODE_COORD needs two numbers in a row")
            return self._plane(points, lambda lengths: scaled(_PLANES[kind](lengths)))
        if kind != "EXPLICIT":
            raise InstanceUnsupported(self.path, f"EDGE_WEIGHT_TYPE {kind}")
        lengths = scaled(self._explicit(count))
        if lengths.diagonal().any():
            raise InstanceUnreadable(self.path, "the matrix has a way from a place to itself")
        return np.minimum(lengths, UNREACHABLE).astype(np.int32)

    def _plane(self, points: NDArray[np.float64], scaled: Scale) -> NDArray[np.int32]:
        count = len(points)
        lengths = np.empty((count, count), dtype=np.int32)
        # As the PyPI package vrplib, on which PyVRP reads: cut to tenths, the last bit may decide.
        squares = (points**2).sum(axis=1)
        height = max(1, _BLOCK // max(1, count))

        def measure(firsts: range) -> None:
            for first in firsts:
                rows = slice(first, first + height)
                apart = np.add.outer(squares[rows], squares) - 2 * (points[rows] @ points.T)
                block = scaled(np.sqrt(apart.clip(min=0)))
                if block.max(initial=0) >= UNREACHABLE:
                    raise InstanceUnreadable(self.path, f"places lie {block.max()} apart, too far")
                lengths[rows] = block

        on_all_cores(measure, range(0, count, height))
        np.fill_diagonal(lengths, 0)
        return lengths

    def _explicit(self, count: int) -> NDArray[np.float64]:
        shape = self.field("EDGE_WEIGHT_FORMAT")
        rows = self.sections.get("EDGE_WEIGHT", ())
        flat = np.array([self._number(word) for row in rows for word in row], dtype=np.float64)
        belong = {"FULL_MATRIX": count * count, "LOWER_ROW": count * (count - 1) // 2}
        if shape not in belong:
            raise InstanceUnsupported(self.path, f"EDGE_WEIGHT_FORMAT {shape}")
        if len(flat) != belong[shape]:
            raise InstanceUnreadable(
                self.path, f"the matrix has {len(flat)} numbers where {belong[shape]} belong"
            )
        if shape == "FULL_MATRIX":
            return flat.reshape(count, count)
        lengths = np.zeros((count, count))
        lengths[np.tril_indices(count, k=-1)] = flat
        return lengths + lengths.T

    def _number(self, word: str) -> float:
        try:
            number = float(word)
        except ValueError:
            raise InstanceUnreadable(self.path, f"{word!r} is no number") from None
        if not abs(number) < _EXACT:  # so that NaN is refused as well
            raise InstanceUnreadable(self.path, f"{word} is beyond {_EXACT}")
        return number


_PLANES: Final[Mapping[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]]] = {
    "EUC_2D": lambda lengths: lengths,
    "FLOOR_2D": np.floor,
    "CEIL_2D": np.ceil,
    "EXACT_2D": lambda lengths: np.rint(1_000 * lengths),
}


def parse(path: Path) -> VrplibFile:
    """
    Take the file apart.

    A file must say that it is whole: by EOF, or by the -1 that ends its depots.

    Raises
    ------
    InstanceUnreadable
        No text, not of this form, or cut short.
    InstanceUnsupported
        A field or section that this reader does not know, and must not pass over.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InstanceUnreadable(
            path, f"it cannot be read ({error.strerror})", "give the path of an instance"
        ) from error
    except UnicodeDecodeError as error:
        raise InstanceUnreadable(path, f"it cannot be read ({error})") from error
    fields: dict[str, str] = {}
    sections: dict[str, list[list[str]]] = {}
    rows: list[list[str]] | None = None
    whole = False
    for line in text.splitlines():
        words = line.split()
        if not words:
            continue
        if words == ["EOF"]:
            whole = True
            break
        name, colon, value = (part.strip() for part in line.partition(":"))
        if name.endswith("_SECTION"):
            section = name.removesuffix("_SECTION")
            if section not in _SECTIONS:
                raise InstanceUnsupported(path, f"section {section}")
            if section in sections:
                raise InstanceUnreadable(path, f"section {section} stands there twice")
            rows = sections[section] = []
        elif colon:
            if name not in _FIELDS:
                raise InstanceUnsupported(path, f"field {name}")
            fields[name] = value.strip('"')
        elif rows is None:
            raise InstanceUnreadable(path, f"{line[:40]!r} stands in no section")
        else:
            rows.append(words)
    ends = [word for row in sections.get("DEPOT", ()) for word in row][-1:]
    if not whole and ends != ["-1"]:
        raise InstanceUnreadable(path, "it is cut short")
    return VrplibFile(path=path, fields=fields, sections=sections)
