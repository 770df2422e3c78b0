"""A company's own profile, read from a TOML file that says how it differs from a known one."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import ClassVar, Final

from routing.errors import RoutingError
from routing.roads.speeds import PROFILES, Profile, UnknownProfile

_SPEED_TABLES: Final = ("class_kmh", "invited_kmh", "surface_kmh", "tracktype_kmh")
_FIELDS: Final = ("name", "extends", "source", "top_kmh", *_SPEED_TABLES)


class ProfileUnreadable(RoutingError):
    """A profile's file that does not say what a profile needs."""

    code: ClassVar[str] = "profile-unreadable"


def read_profile(text: str) -> Profile:
    """The profile that `text` describes: the one it extends, with its own speeds laid over."""
    try:
        stated = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileUnreadable(f"the profile is not TOML: {error}") from error
    for key in stated:
        if key not in _FIELDS:
            near = get_close_matches(key, _FIELDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"use {', '.join(_FIELDS)}"
            raise ProfileUnreadable(f"a profile has no field {key!r}: {hint}")
    name, extends, source = (_text(stated, key) for key in ("name", "extends", "source"))
    if extends not in PROFILES:
        raise UnknownProfile(extends, tuple(PROFILES))
    if name in PROFILES:
        raise ProfileUnreadable(f"the name {name!r} is taken: choose another")
    base = PROFILES[extends]
    tables = {key: _speeds(stated.get(key, {}), key) for key in _SPEED_TABLES}
    return replace(
        base,
        name=name,
        source=source,
        top_kmh=_kmh(stated.get("top_kmh", base.top_kmh), "top_kmh"),
        class_kmh={**base.class_kmh, **tables["class_kmh"]},
        invited_kmh={**base.invited_kmh, **tables["invited_kmh"]},
        surface_kmh={**base.surface_kmh, **tables["surface_kmh"]},
        tracktype_kmh={**base.tracktype_kmh, **tables["tracktype_kmh"]},
    )


def _text(stated: Mapping[str, object], key: str) -> str:
    value = stated.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ProfileUnreadable(f"a profile must state its {key!r} as text")
    return value


def _speeds(table: object, key: str) -> dict[str, int]:
    if not isinstance(table, dict):
        raise ProfileUnreadable(f"{key} must be a table of speeds in km/h")
    return {str(row): _kmh(kmh, f"{key}.{row}") for row, kmh in table.items()}


def _kmh(value: object, key: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 200:
        raise ProfileUnreadable(f"{key} must be a whole number of km/h from 1 to 200")
    return value
