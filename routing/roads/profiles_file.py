"""A company's own profile, read from a TOML file that says how it differs from a known one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import ClassVar, Final

from routing.errors import RoutingError
from routing.roads.speeds import PROFILES, Profile, UnknownProfile
from routing.roads.traits import FERRY, ROAD_CLASSES, Size
from routing.roads.turns import TurnCosts

_SPEED_TABLES: Final = ("class_kmh", "invited_kmh", "surface_kmh", "tracktype_kmh")
_SIZES: Final = tuple(f.name for f in fields(Size))
_TURNS: Final = tuple(f.name for f in fields(TurnCosts))
_FIELDS: Final = ("name", "extends", "source", "top_kmh", "size", "turn_costs", *_SPEED_TABLES)
_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")


class ProfileUnreadable(RoutingError):
    """A profile's file that does not say what a profile needs."""

    code: ClassVar[str] = "profile-unreadable"


def read_profile(text: str) -> Profile:
    """The profile that `text` describes: the one it extends, with its own speeds laid over."""
    try:
        stated = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ProfileUnreadable(f"the profile is not TOML: {error}") from error
    _check_keys(stated, _FIELDS, "a profile")
    name, extends, source = (_text(stated, key) for key in ("name", "extends", "source"))
    if extends not in PROFILES:
        raise UnknownProfile(extends, tuple(PROFILES))
    if name in PROFILES:
        raise ProfileUnreadable(f"the name {name!r} is taken: choose another")
    if not _NAME.fullmatch(name):
        raise ProfileUnreadable(
            f"the name {name[:40]!r} is none: use up to 32 of a-z, 0-9, - and _, a letter first"
        )
    base = PROFILES[extends]
    size = _numbers(stated.get("size", {}), "size", _SIZES, most=100.0, least=0.1)
    turns = stated.get("turn_costs")
    costs = None if turns is None else _numbers(turns, "turn_costs", _TURNS, most=3600.0)
    tables = {key: _speeds(stated.get(key, {}), key) for key in _SPEED_TABLES}
    return replace(
        base,
        name=name,
        source=source,
        size=replace(base.size, **size),
        turn_costs=base.turn_costs if costs is None else TurnCosts(**costs),
        top_kmh=_kmh(stated.get("top_kmh", base.top_kmh), "top_kmh"),
        class_kmh={**base.class_kmh, **tables["class_kmh"]},
        invited_kmh={**base.invited_kmh, **tables["invited_kmh"]},
        surface_kmh={**base.surface_kmh, **tables["surface_kmh"]},
        tracktype_kmh={**base.tracktype_kmh, **tables["tracktype_kmh"]},
    )


def _check_keys(stated: Mapping[str, object], known: Sequence[str], what: str) -> None:
    for key in stated:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use {', '.join(known)}"
            raise ProfileUnreadable(f"{what} has no field {key[:40]!r}: {hint}")


def _numbers(
    table: object, key: str, known: Sequence[str], *, most: float, least: float = 0.0
) -> dict[str, float]:
    if not isinstance(table, dict):
        raise ProfileUnreadable(f"{key} must be a table of numbers: {', '.join(known)}")
    _check_keys(table, known, key)
    for name, number in table.items():
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not least <= number <= most:  # false for NaN too
            raise ProfileUnreadable(f"{key}.{name} must be a number from {least:g} to {most:g}")
    return {name: float(number) for name, number in table.items()}


def _text(stated: Mapping[str, object], key: str) -> str:
    value = stated.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ProfileUnreadable(f"a profile must state its {key!r} as text")
    return value


def _speeds(table: object, key: str) -> dict[str, int]:
    if not isinstance(table, dict):
        raise ProfileUnreadable(f"{key} must be a table of speeds in km/h")
    if key.endswith(("class_kmh", "invited_kmh")):
        _check_keys(table, (*ROAD_CLASSES, FERRY), key)
    return {str(row): _kmh(kmh, f"{key}.{row}") for row, kmh in table.items()}


def _kmh(value: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 200:
        raise ProfileUnreadable(f"{key} must be a whole number of km/h from 1 to 200")
    return value
