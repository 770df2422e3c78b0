"""Finding a place by name inside the company's own registry: a unique answer or a question, no guess."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol

from dispatch.households import CollectionPoint, Household, HouseholdId, PointId, Registry
from dispatch.orders import OrderId
from routing.places import Place

CANDIDATES_SHOWN: Final = 10
"""More than a dispatcher reads through; chosen, not measured."""


class Unclear(StrEnum):
    """Why an address stays a question; docs/files.md says what each means."""

    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    IMPRECISE = "imprecise"
    SERVICE_FAILED = "service-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A place that a question may mean: of the registry (with its id), or of a geocoder (without)."""

    title: str
    household_id: HouseholdId | None = None
    point_id: PointId | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The one household or collection point that a text names; `place` as the registry has it."""

    household_id: HouseholdId | None = None
    point_id: PointId | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressQuestion:
    """
    A text that names no single place, for a person to answer: of an order, or of a household.

    `line` is where the file has it, None where there is no file.
    """

    text: str
    reason: Unclear
    detail: str
    candidates: tuple[Candidate, ...] = ()
    order_id: OrderId | None = None
    household_id: HouseholdId | None = None
    line: int | None = None


class Locator(Protocol):
    """Whoever turns an address into a place, such as a geocoder."""

    def locate(self, text: str) -> Place | AddressQuestion: ...

    def recall(self, text: str) -> Place | AddressQuestion | None:
        """What it answered before, without asking anybody; None: it was never asked."""


_MARKS: Final = re.compile(r"[\s,.;:|/\\()\[\]{}<>'\"#*_·・、。–—-]+")
_DIGITS: Final = {each: number for number, each in enumerate("零一二三四五六七八九")}
_NUMERAL: Final = re.compile(r"第?([零一二三四五六七八九十]{1,3}|\d{1,3})(?=[组号队户栋排])")
# Levels in their order, each at most once. A level needs two characters before its mark (曹县 and
# towns one), so that a village such as 夏市村 keeps its name, and crosses no other level's mark.
_LEVELS: Final = (
    re.compile(r"[^省市县区旗镇乡村]{2,3}省|[^省市县区旗镇乡村]{2,6}自治区"),
    re.compile(r"[^省市县区旗镇乡村]{2,6}?(?:自治州|地区|市)"),
    re.compile(r"[^省市县区旗镇乡村]{1,6}?县|[^省市县区旗镇乡村]{2,6}?(?:市|旗|(?<!社)区)"),
    re.compile(r"[^省市县区旗镇乡村]{1,6}?(?:街道|镇|乡)"),
)


def _arabic(found: re.Match[str]) -> str:
    numeral = found[1]
    if numeral.isdigit():
        return str(int(numeral))
    tens, ten, ones = numeral.rpartition("十")
    if not ten:
        return "".join(str(_DIGITS[each]) for each in numeral)
    if len(tens) > 1 or len(ones) > 1:
        return numeral
    return str(10 * _DIGITS.get(tens, 1) + _DIGITS.get(ones, 0))


def normal(text: str) -> str:
    """
    `text` without what people vary when they write a village address.

    Width, capitals, spaces and marks go; 第三组, 三组, 3村民小组 all read 3组; 行政村 reads 村.
    """
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", text).casefold())
    plain = plain.replace("村民小组", "组").replace("小组", "组").replace("行政村", "村")
    return _NUMERAL.sub(_arabic, plain)


def split_levels(normalised: str) -> tuple[tuple[str, ...], str]:
    """The leading province, city, county and town of an address, and what follows them."""
    levels: list[str] = []
    rest = normalised
    for level in _LEVELS:
        if (found := level.match(rest)) and len(rest) - found.end() >= 2:
            levels.append(found[0])
            rest = rest[found.end() :]
    return tuple(levels), rest


def _village_forms(village: str) -> tuple[str, ...]:
    stem = village.removesuffix("村")
    return tuple(dict.fromkeys(form for form in (village, stem, stem + "村") if form))


class Gazetteer:
    """
    The names under which a registry's households and points are known.

    A text matches by its whole meaning only: an id, a name or alias, or the village with one of
    these or with the address. Province, city, county and town in front must be ones that the
    registry (or `region`, the depot's own, such as 江苏省徐州市睢宁县沙集镇) also names: the same village
    name in another town is another village. General address parsers guess there; we ask.
    """

    def __init__(self, registry: Registry, *, region: str = "") -> None:
        self._by_id: dict[str, Candidate] = {}
        self._by_name: dict[str, set[Candidate]] = defaultdict(set)
        self._in_village: dict[str, list[tuple[Candidate, frozenset[str]]]] = defaultdict(list)
        self._levels = set(split_levels(normal(region) + "##")[0])
        for point in registry.points.values():
            self._learn_point(point)
        for household in registry.households.values():
            self._learn_household(household)

    def find(self, text: str, *, points: bool = True) -> Match | AddressQuestion:
        """
        The one household (or point, if `points`) that `text` names.

        An id wins over a name. O(1) for a known name; a question looks through one village.
        """
        if (known := self._by_id.get(text.strip())) and (points or known.household_id):
            return _match(known)
        whole = normal(text)
        levels, rest = split_levels(whole)
        found = set(self._by_name.get(whole, ()))
        foreign = [level for level in levels if level not in self._levels]
        from_rest = set(self._by_name.get(rest, ())) if levels else set()
        if not foreign:
            found |= from_rest
        if not points:
            found = {each for each in found if each.household_id is not None}
            from_rest = {each for each in from_rest if each.household_id is not None}
        if len(found) == 1:
            return _match(next(iter(found)))
        if found:
            return _question(
                text, Unclear.AMBIGUOUS, f"{len(found)} places in the registry are so named", found
            )
        if foreign:
            detail = f"it names {''.join(foreign)}, which nothing in the registry does"
            return _question(text, Unclear.UNKNOWN, detail, from_rest)
        return _question(
            text,
            Unclear.UNKNOWN,
            "nothing in the registry has this name",
            self._nearby(rest, points=points),
        )

    def _learn_point(self, point: CollectionPoint) -> None:
        candidate = Candidate(title=point.name, point_id=point.point_id, place=point.place)
        self._learn(candidate, point.point_id, point.village, (point.name,), "")

    def _learn_household(self, household: Household) -> None:
        candidate = Candidate(
            title=f"{household.village} {household.name}".strip(),
            household_id=household.household_id,
            place=household.place,
        )
        names = (household.name, *household.aliases)
        self._learn(candidate, household.household_id, household.village, names, household.address)

    def _learn(
        self,
        candidate: Candidate,
        own_id: str,
        village_text: str,
        names: Iterable[str],
        address: str,
    ) -> None:
        self._by_id.setdefault(own_id, candidate)
        levels, village = split_levels(normal(village_text))
        address_levels, where = split_levels(normal(address))
        self._levels.update(levels, address_levels)
        forms = _village_forms(village)
        for form in forms:
            if len(where) > len(form) and where.startswith(form):
                where = where[len(form) :]
                break
        alone = frozenset(name for each in (own_id, *names) if len(name := normal(each)) > 1)
        for name in self._keys(alone, where, forms):
            self._by_name[name].add(candidate)
        if village:
            self._in_village[forms[1] if len(forms) > 1 else forms[0]].append((candidate, alone))

    @staticmethod
    def _keys(alone: frozenset[str], where: str, forms: tuple[str, ...]) -> Iterator[str]:
        """A name stands alone or behind its village; an address (3组12号) only behind it."""
        yield from alone
        for form in forms:
            yield from (form + name for name in alone)
            if where:
                yield form + where

    def _nearby(self, text: str, *, points: bool) -> Iterator[Candidate]:
        """Who lives in the villages that `text` names; whose own name it holds comes first."""
        rest: list[Candidate] = []
        for village, there in self._in_village.items():
            if village not in text:
                continue
            for candidate, names in there:
                if not points and candidate.point_id is not None:
                    continue
                if any(name in text for name in names):
                    yield candidate
                elif len(rest) < CANDIDATES_SHOWN:
                    rest.append(candidate)
        yield from rest


def _match(candidate: Candidate) -> Match:
    return Match(
        household_id=candidate.household_id, point_id=candidate.point_id, place=candidate.place
    )


def _question(
    text: str, reason: Unclear, detail: str, candidates: Iterable[Candidate]
) -> AddressQuestion:
    if isinstance(candidates, set):
        candidates = sorted(
            candidates, key=lambda each: (each.title, each.household_id or "", each.point_id or "")
        )
    shown = tuple(each for _, each in zip(range(CANDIDATES_SHOWN), candidates, strict=False))
    return AddressQuestion(text=text, reason=reason, detail=detail, candidates=shown)
