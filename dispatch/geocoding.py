"""Asking the geocoder that a company chose for an address: a precise place nearby, or a question."""

from __future__ import annotations

import difflib
import hashlib
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

import msgspec
from geopy.adapters import URLLibAdapter
from geopy.exc import GeocoderNotFound, GeopyError
from geopy.extra.rate_limiter import RateLimiter
from geopy.geocoders import SERVICE_TO_GEOCODER, get_geocoder_for_service

from dispatch.errors import DispatchError
from dispatch.gazetteer import AddressQuestion, Candidate, Unclear
from routing.places import Datum, NotAPlace, Place, from_datum, great_circle_m

NEARBY_M: Final = 50_000
"""A depot's households lie within a township, some 10 km; an answer beyond this is another village
of the same name. Chosen, not measured."""

SAME_PLACE_M: Final = 100
"""Answers closer than this are one place: less than a courier looks around for a door. Chosen."""

PRECISE_EXTENT_M: Final = 300
"""A house or yard is smaller, a road or village larger. Chosen, not measured."""

PATIENCE: Final = 3
"""Failures in a row after which a service is not asked again: a file may hold thousands of
addresses, and each time-out costs seconds. Chosen."""


class GeocoderUnknown(DispatchError):
    """geopy has no geocoder of this name."""

    code: ClassVar[str] = "geocoder-unknown"

    def __init__(self, service: str) -> None:
        self.service = service
        close = difflib.get_close_matches(service, SERVICE_TO_GEOCODER, n=1)
        meant = f", did you mean {close[0]!r}" if close else ""
        super().__init__(
            f"there is no geocoder {service!r}{meant}: choose one of {sorted(SERVICE_TO_GEOCODER)}"
        )


class GeocoderMisconfigured(DispatchError):
    """The geocoder does not take these options; the message holds no key."""

    code: ClassVar[str] = "geocoder-misconfigured"

    def __init__(self, service: str, why: str) -> None:
        self.service, self.why = service, why
        super().__init__(
            f"the geocoder {service!r} cannot be used: {why}: correct its options, "
            f"which are those of geopy's class"
        )


class AnswerCacheUnusable(DispatchError):
    """The file of kept answers is damaged or may not be written."""

    code: ClassVar[str] = "answer-cache-unusable"

    def __init__(self, path: Path, why: str) -> None:
        self.path, self.why = path, why
        super().__init__(
            f"{path} cannot keep geocoding answers ({why}): move it away; "
            f"it holds only what can be asked again"
        )


class AnswerCache(Protocol):
    """Keeps a geocoder's answers, so that nothing is asked twice."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, answer: bytes) -> None: ...


class FileAnswerCache:
    """Answers in one SQLite file; several processes may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, key: str) -> bytes | None:
        found = self._run("SELECT answer FROM answers WHERE key = ?", (key,))
        return bytes(found[0][0]) if found else None

    def put(self, key: str, answer: bytes) -> None:
        self._run("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, answer))

    def _run(self, statement: str, values: Sequence[object]) -> list[Any]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path)) as database, database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer BLOB)"
                )
                return database.execute(statement, values).fetchall()
        except (sqlite3.Error, OSError) as failure:
            raise AnswerCacheUnusable(self._path, str(failure)) from failure


@dataclass(frozen=True, slots=True)
class Finding:
    """One answer of a service, in WGS-84; `precise`: it means a house, not an area."""

    title: str
    place: Place
    precise: bool


def _nominatim_precise(raw: Mapping[str, Any]) -> bool:
    south, north, west, east = (float(each) for each in raw["boundingbox"])
    return great_circle_m(Place(west, south), Place(east, north)) <= PRECISE_EXTENT_M


def _baidu_precise(raw: Mapping[str, Any]) -> bool:
    # Baidu documents confidence >= 80 as an error below 100 m, and precise = 1 as an exact hit.
    return raw.get("precise") == 1 and int(raw.get("confidence", 0)) >= 80


def _google_precise(raw: Mapping[str, Any]) -> bool:
    return bool(raw["geometry"]["location_type"] == "ROOFTOP" and not raw.get("partial_match"))


def _photon_precise(raw: Mapping[str, Any]) -> bool:
    return bool(raw["properties"].get("type") == "house")


_PRECISE: Final[Mapping[str, Callable[[Mapping[str, Any]], bool]]] = {
    "nominatim": _nominatim_precise,
    "pickpoint": _nominatim_precise,
    "openmapquest": _nominatim_precise,
    "baidu": _baidu_precise,
    "baiduv3": _baidu_precise,
    "google": _google_precise,
    "googlev3": _google_precise,
    "photon": _photon_precise,
}
"""How a service says that it found a house. Of any other service we cannot tell, so its answers
are shown as candidates and never taken."""

_DATUMS: Final = {"baidu": Datum.BD09, "baiduv3": Datum.BD09}
# geopy's Baidu classes read a single answer only; asked for several they fail.
_ONE_ANSWER: Final = frozenset({"baidu", "baiduv3"})


class Geocoding:
    """
    The `Locator` that asks one of geopy's services, named as geopy names it.

    around
        The depot: answers more than `NEARBY_M` from it are candidates, never taken.
    region
        What stands in front of a village, such as 江苏省徐州市睢宁县沙集镇; put before each question.
    options
        Arguments of geopy's class, such as `domain` or `api_key`.
    datum
        What the service's degrees are measured against; None: BD-09 for Baidu, else WGS-84.
        A service that answers in AMap's or Tencent's degrees needs `Datum.GCJ02`.
    min_delay_s
        Between two requests; the default is what Nominatim's public server asks for.

    Raises
    ------
    GeocoderUnknown, GeocoderMisconfigured
        There is no such service, or it does not take these options.
    """

    def __init__(
        self,
        service: str,
        *,
        around: Place,
        cache: AnswerCache,
        region: str = "",
        options: Mapping[str, Any] | None = None,
        datum: Datum | None = None,
        min_delay_s: float = 1.0,
    ) -> None:
        try:
            geocoder_class = get_geocoder_for_service(service)
        except GeocoderNotFound:
            raise GeocoderUnknown(service) from None
        stated = {"user_agent": "cunlu", "adapter_factory": URLLibAdapter, **(options or {})}
        try:
            geocoder = geocoder_class(**stated)
        except (GeopyError, TypeError, ValueError, AttributeError) as failure:
            raise GeocoderMisconfigured(service, str(failure)) from failure
        self._service = service.lower()
        self._server = str(stated.get("domain", ""))
        self._around, self._cache, self._region = around, cache, region
        self._datum = datum or _DATUMS.get(self._service, Datum.WGS84)
        self._ask = RateLimiter(
            geocoder.geocode,
            min_delay_seconds=min_delay_s,
            max_retries=0,
            swallow_exceptions=False,
        )
        self._failures = 0

    def locate(self, text: str) -> Place | AddressQuestion:
        """The one precise place near the depot that the service knows for `text`, or a question."""
        if (kept := self.recall(text)) is not None:
            return kept
        if self._failures >= PATIENCE:
            detail = f"{self._service} failed {PATIENCE} times in a row and was not asked again"
            return AddressQuestion(text=text, reason=Unclear.SERVICE_FAILED, detail=detail)
        try:
            findings = self._findings(self._asked(text))
        except (GeopyError, LookupError, TypeError, ValueError, AttributeError) as failure:
            # The last four: geopy's parsers meet an answer of another shape than documented.
            self._failures += 1
            detail = f"{self._service} did not answer ({type(failure).__name__})"
            return AddressQuestion(text=text, reason=Unclear.SERVICE_FAILED, detail=detail)
        self._failures = 0
        self._cache.put(self._key(text), msgspec.json.encode(findings))
        return decide(text, findings, self._around)

    def recall(self, text: str) -> Place | AddressQuestion | None:
        """What the service answered before; None: it was never asked. Asks nobody."""
        kept = self._cache.get(self._key(text))
        if kept is None:
            return None
        return decide(text, msgspec.json.decode(kept, type=tuple[Finding, ...]), self._around)

    def _asked(self, text: str) -> str:
        return text if text.startswith(self._region) else self._region + text

    def _key(self, text: str) -> str:
        question = f"{self._service}\n{self._server}\n{self._datum}\n{self._asked(text)}"
        return hashlib.sha256(question.encode()).hexdigest()

    def _findings(self, text: str) -> tuple[Finding, ...]:
        answer = self._ask(text, exactly_one=self._service in _ONE_ANSWER)
        if answer is None:
            return ()
        answers: Iterable[Any] = answer if isinstance(answer, list) else [answer]
        return tuple(self._finding(each) for each in answers)

    def _finding(self, location: Any) -> Finding:
        precise = _PRECISE.get(self._service)
        try:
            place = from_datum(location.longitude, location.latitude, self._datum)
        except NotAPlace as failure:
            raise ValueError(str(failure)) from failure
        return Finding(
            title=str(location.address),
            place=place,
            precise=precise is not None and precise(location.raw),
        )


def decide(text: str, findings: Sequence[Finding], around: Place) -> Place | AddressQuestion:
    """
    The only precise place among `findings` that lies near `around`, or why there is none.

    Findings within `SAME_PLACE_M` of the first are the same place; the first is the best.
    """

    def ask(reason: Unclear, detail: str) -> AddressQuestion:
        candidates = tuple(Candidate(title=each.title, place=each.place) for each in findings)
        return AddressQuestion(text=text, reason=reason, detail=detail, candidates=candidates)

    if not findings:
        return ask(Unclear.UNKNOWN, "the geocoder does not know it")
    near = [each for each in findings if great_circle_m(each.place, around) <= NEARBY_M]
    if not near:
        return ask(Unclear.UNKNOWN, "the geocoder knows it only far from the depot")
    precise = [each for each in near if each.precise]
    if not precise:
        return ask(Unclear.IMPRECISE, "the geocoder names an area, or not how precise it is")
    best = precise[0]
    if any(great_circle_m(each.place, best.place) > SAME_PLACE_M for each in precise[1:]):
        return ask(Unclear.AMBIGUOUS, "the geocoder knows several places of this name nearby")
    return best.place
