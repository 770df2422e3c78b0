"""A question in OSRM's words: service, profile, coordinates and options, read or refused by name."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeVar

import polyline

from api.errors import OsrmRefused
from routing.places import NotAPlace, Place

T = TypeVar("T")


class Service(StrEnum):
    """What is asked for."""

    ROUTE = "route"
    TABLE = "table"
    NEAREST = "nearest"
    TRIP = "trip"
    MATCH = "match"


_EVERYWHERE: Final = frozenset(
    {"avoid_polygons", "bearings", "radiuses", "generate_hints", "hints", "approaches", "exclude", "snapping", "skip_waypoints"}
)  # fmt: skip
_DRAWN: Final = frozenset({"steps", "annotations", "geometries", "overview", "language"})

OPTIONS: Final[Mapping[Service, frozenset[str]]] = {
    Service.ROUTE: _EVERYWHERE | _DRAWN | {"alternatives", "continue_straight", "waypoints"},
    Service.TABLE: _EVERYWHERE
    | {
        "sources",
        "destinations",
        "annotations",
        "fallback_speed",
        "fallback_coordinate",
        "scale_factor",
    },
    Service.NEAREST: _EVERYWHERE | {"number"},
    Service.TRIP: _EVERYWHERE | _DRAWN | {"roundtrip", "source", "destination"},
    Service.MATCH: _EVERYWHERE | _DRAWN | {"timestamps", "gaps", "tidy", "waypoints"},
}
"""The options of OSRM's documentation for each service; `avoid_polygons` and `language` are ours."""

_SEPARATORS: Final[Mapping[str, str]] = {"annotations": ",", "avoid_polygons": "|;,"}
"""Between the members of lists, and of lists in them; `;,` for all others."""

_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_ENCODED = re.compile(r"polyline(6?)\((.*)\)", re.DOTALL)
# Numbers of up to 7 characters, the last below "_": longer ones are no degrees, and take a decoder minutes.
_POLYLINE = re.compile(r"(?:[_-~]{0,6}[?-^])*")
_NOT_ANSWERED: Final[Mapping[str, str]] = {
    "tile": "see /tiles/{z}/{x}/{y}.mvt",
}
_NUMBER_MAX: Final = 1e9
"""No speed and no factor of anybody's; far below what would overflow an answer."""
DIGITS_MAX: Final = 9
"""Of a count or an index; nobody has a thousand million of anything."""

_MANY: Final = 20
"""So many characters of a stranger's text are repeated to him."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """
    One question.

    options
        As text; each is one of OPTIONS of the service and appears once.
    """

    service: Service
    profile: str
    places: tuple[Place, ...]
    options: Mapping[str, str]

    def flag(self, name: str, *, default: bool) -> bool:
        return self.choice(name, {"true": True, "false": False}, default=default)

    def choice(self, name: str, choices: Mapping[str, T], *, default: T) -> T:
        """The value that an option's word stands for."""
        word = self.options.get(name)
        if word is None:
            return default
        if word not in choices:
            raise OsrmRefused(
                "InvalidQuery", f"{name}={_short(word)}: choose one of {', '.join(choices)}"
            )
        return choices[word]

    def several(self, name: str, known: Collection[str]) -> frozenset[str] | None:
        """The words of a list with commas; None where the option is left out."""
        if name not in self.options:
            return None
        words = frozenset(self.options[name].split(","))
        for word in words - frozenset(known):
            raise OsrmRefused(
                "InvalidQuery", f"{name}={_short(word)}: choose from {', '.join(sorted(known))}"
            )
        return words

    def number(self, name: str) -> float | None:
        """A number above 0; None where the option is left out."""
        text = self.options.get(name)
        if text is None:
            return None
        number = _number(name, text)
        if not 1.0 / _NUMBER_MAX <= number <= _NUMBER_MAX:
            raise OsrmRefused(
                "InvalidValue", f"{name}={_short(text)} must be above 0, up to {_NUMBER_MAX:,.0f}"
            )
        return number

    def each(self, name: str, read: Callable[[str], T]) -> tuple[T | None, ...]:
        """One value for each coordinate; None where an element is empty or the option left out."""
        text = self.options.get(name)
        if text is None:
            return (None,) * len(self.places)
        elements = text.split(";")
        if len(elements) != len(self.places):
            raise OsrmRefused(
                "InvalidOptions",
                f"{name} has {len(elements)} elements for {len(self.places)} coordinates:"
                " give as many, empty ones for the default",
            )
        return tuple(read(element) if element else None for element in elements)

    def indices(self, name: str) -> tuple[int, ...] | None:
        """Positions among the coordinates; None for all of them."""
        text = self.options.get(name)
        if text is None or text == "all":
            return None
        found = []
        for element in text.split(";"):
            if not (element.isascii() and element.isdigit()):
                raise OsrmRefused("InvalidQuery", f"{name}: {_short(element)!r} is no index")
            if len(element) > DIGITS_MAX or int(element) >= len(self.places):
                raise OsrmRefused(
                    "InvalidOptions",
                    f"{name}: there is no coordinate {_short(element)}, they count from 0 to"
                    f" {len(self.places) - 1}",
                )
            found.append(int(element))
        return tuple(found)

    def refuse_unless(self, name: str, accepted: Collection[str], advice: str) -> None:
        """Refuse an option of OSRM's that is not supported here, unless it asks for the usual."""
        word = self.options.get(name)
        if word is not None and word not in accepted:
            raise OsrmRefused("NotImplemented", f"{name}={_short(word)} is not supported: {advice}")


def read_radius(text: str) -> float:
    """Metres, or infinity for `unlimited`."""
    if text == "unlimited":
        return float("inf")
    radius_m = _number("radiuses", text)
    if radius_m < 0.0:
        raise OsrmRefused("InvalidValue", f"radiuses: {_short(text)} must not be below 0")
    return radius_m


def read_bearing(text: str) -> tuple[float, float]:
    """Degrees and how far off them one may be; as OSRM's documentation has it, in whole degrees."""
    bearing, _, spread = text.partition(",")
    degrees, off = _number("bearings", bearing), _number("bearings", spread or "180")
    if not (0.0 <= degrees <= 360.0 and 0.0 <= off <= 180.0):
        raise OsrmRefused(
            "InvalidValue",
            f"bearings: {_short(text)} must be a bearing in 0…360 and a range in 0…180",
        )
    return degrees, off


def parse(path: str, query: Iterable[tuple[str, str]], body: Mapping[str, Any] | None) -> Asked:
    """
    Read `{service}/v1/{profile}/{coordinates}[.json]`; with a body the coordinates may stand there.

    Members of the body are options too: a list becomes `a;b;c`, a list within it `a,b`.

    Raises
    ------
    OsrmRefused
    """
    service_name, version, profile, coordinates = [*path.split("/", 3), "", "", ""][:4]
    if service_name in _NOT_ANSWERED:
        raise OsrmRefused(
            "NotImplemented", f"{service_name} is not supported: {_NOT_ANSWERED[service_name]}"
        )
    if service_name not in list(Service):
        raise OsrmRefused(
            "InvalidService",
            f"there is no service {_short(service_name)!r}: choose one of {', '.join(Service)}",
        )
    if version != "v1":
        raise OsrmRefused("InvalidVersion", f"there is no version {_short(version)!r}: use v1")
    service = Service(service_name)
    given: dict[str, str] = {}
    in_body = dict(body or {})
    listed = in_body.pop("coordinates", None)
    stated = (
        (name, _as_text(value, _SEPARATORS.get(name, ";,"))) for name, value in in_body.items()
    )
    for name, value in (*query, *stated):
        if name not in OPTIONS[service]:
            raise OsrmRefused(
                "InvalidOptions",
                f"{service} has no option {_short(name)!r}: it knows"
                f" {', '.join(sorted(OPTIONS[service]))}",
            )
        if name in given:
            raise OsrmRefused("InvalidOptions", f"{name} is given twice")
        given[name] = value
    if listed is not None:
        if coordinates:
            raise OsrmRefused("InvalidOptions", "coordinates stand in the path and in the body")
        coordinates = _as_text(listed)
    places = _places(coordinates)
    if service is Service.NEAREST and len(places) != 1:
        raise OsrmRefused("InvalidOptions", f"nearest takes 1 coordinate, not {len(places)}")
    if service in {Service.ROUTE, Service.TRIP, Service.MATCH} and len(places) < 2:
        raise OsrmRefused("InvalidOptions", f"{service} takes at least 2 coordinates")
    asked = Asked(service=service, profile=profile, places=places, options=given)
    _refuse_what_no_service_does(asked)
    return asked


def _refuse_what_no_service_does(asked: Asked) -> None:
    asked.refuse_unless("generate_hints", {"false"}, "there are no hints; leave it out")
    asked.refuse_unless(
        "hints", {";" * (len(asked.places) - 1)}, "there are no hints; leave it out"
    )
    asked.refuse_unless("exclude", {""}, "classes of roads cannot be left out")
    asked.refuse_unless("snapping", {"default"}, "only roads that lead there and back count")


def _as_text(value: Any, separators: str = ";,") -> str:
    if isinstance(value, list) and separators:
        return separators[0].join(_as_text(each, separators[1:]) for each in value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise OsrmRefused(
        "InvalidQuery", "a member of the body is neither a value nor a list of values or pairs"
    )


def _places(text: str) -> tuple[Place, ...]:
    if text.endswith(".flatbuffers"):
        raise OsrmRefused("NotImplemented", "the format flatbuffers is not supported: use json")
    text = text.removesuffix(".json")
    encoded = _ENCODED.fullmatch(text)
    if encoded is not None:
        return _decoded(encoded[2], 6 if encoded[1] else 5)
    if not text:
        raise OsrmRefused("InvalidUrl", "there are no coordinates: give lon,lat;lon,lat…")
    return tuple(_place(number, pair) for number, pair in enumerate(text.split(";")))


def _place(number: int, pair: str) -> Place:
    degrees = pair.split(",")
    if len(degrees) != 2 or not all(_NUMBER.fullmatch(each) for each in degrees):
        raise OsrmRefused(
            "InvalidUrl", f"coordinate {number}: {_short(pair)!r} is no longitude,latitude"
        )
    return _checked(number, float(degrees[0]), float(degrees[1]))


def _decoded(text: str, precision: int) -> tuple[Place, ...]:
    if not _POLYLINE.fullmatch(text):
        raise OsrmRefused("InvalidUrl", "the polyline is damaged, or breaks off in the middle")
    try:
        pairs = polyline.decode(text, precision)
    except IndexError as cut:
        raise OsrmRefused("InvalidUrl", "the polyline breaks off in the middle") from cut
    if not pairs:
        raise OsrmRefused("InvalidUrl", "the polyline holds no coordinates")
    return tuple(_checked(number, lon, lat) for number, (lat, lon) in enumerate(pairs))


def _checked(number: int, lon: float, lat: float) -> Place:
    try:
        return Place(lon, lat)
    except NotAPlace as refused:
        raise OsrmRefused("InvalidValue", f"coordinate {number}: {refused}") from refused


def _number(name: str, text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise OsrmRefused("InvalidQuery", f"{name}: {_short(text)!r} is no number")
    return float(text)


def _short(text: str) -> str:
    # Half a character, which JSON can smuggle in, could not be sent back.
    text = text.encode(errors="replace").decode()
    return text if len(text) <= _MANY else text[:_MANY] + "…"
