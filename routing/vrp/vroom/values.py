"""Values that tasks, vehicles and breaks write alike: locations, amounts, windows, skills."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from routing.places import NotAPlace, Place
from routing.vrp.problem import Window
from routing.vrp.vroom.body import ALWAYS, Location
from routing.vrp.vroom.nodes import UINT_MAX, Node


def location(node: Node, place_key: str, index_key: str) -> Location | None:
    if not node.has(place_key) and not node.has(index_key):
        return None
    index = node.at(index_key).whole() if node.has(index_key) else None
    place = _place(node.at(place_key)) if node.has(place_key) else None
    key = index_key if index is not None else place_key
    return Location(index=index, place=place, pointer=f"{node.pointer}/{key}")


def _place(node: Node) -> Place:
    degrees = [each.number() for each in node.items("a location")]
    if len(degrees) < 2:
        raise node.refused("a location is [longitude, latitude]")
    try:
        return Place(degrees[0], degrees[1])
    except NotAPlace as refused:
        raise node.refused(str(refused)) from refused


def amount(node: Node, key: str, size: int, default: int | None = None) -> tuple[int, ...]:
    """An amount, nothing where the key is missing; `default` is the size that a missing one has."""
    numbers = (0,) * (size if default is None else default)
    if node.has(key):
        numbers = tuple(each.whole() for each in node.at(key).items(f"`{key}`"))
    if len(numbers) != size:
        at = node.at(key) if node.has(key) else node
        raise at.refused(
            f"`{key}` has {len(numbers)} numbers, the first vehicle's `capacity` {size}: give all amounts"
            " the same number"
        )
    return numbers


def windows(node: Node) -> tuple[Window, ...]:
    """Sorted windows; a node without any has one that is always open."""
    if not node.has("time_windows"):
        return ALWAYS
    listed = node.at("time_windows")
    given = [window(each) for each in listed.items("`time_windows`")]
    if not given:
        raise listed.refused("there is no window: leave `time_windows` out if any time will do")
    in_order = sorted(given, key=lambda each: (each.earliest_s, each.latest_s))
    for before, after in pairwise(in_order):
        if after.earliest_s <= before.latest_s:
            raise listed.refused(
                f"[{before.earliest_s}, {before.latest_s}] and [{after.earliest_s}, {after.latest_s}]"
                " overlap: make one window of them"
            )
    return tuple(in_order)


def window(node: Node) -> Window:
    ends = [each.whole() for each in node.items("a time window")]
    if len(ends) != 2:
        raise node.refused(f"a time window is [start, end], not {len(ends)} numbers")
    if ends[1] < ends[0]:
        raise node.refused(f"the window ends at {ends[1]}, before it starts at {ends[0]}")
    return Window(*ends)


def skills(node: Node) -> frozenset[int]:
    if not node.has("skills"):
        return frozenset()
    return frozenset(each.whole() for each in node.at("skills").items("`skills`"))


def seconds_by_type(node: Node, key: str) -> Mapping[str, int]:
    if not node.has(key):
        return {}
    return {name: each.whole() for name, each in node.at(key).members(f"`{key}`")}


def whole(node: Node, key: str, most: int = UINT_MAX) -> int:
    return node.at(key).whole(most) if node.has(key) else 0


def limit(node: Node, key: str) -> int | None:
    return node.at(key).whole() if node.has(key) else None


def text(node: Node, key: str) -> str:
    return node.at(key).text() if node.has(key) else ""


def refuse_second(nodes: list[Node], what: str) -> None:
    """Refuse the second of two nodes with one id."""
    seen: dict[int, Node] = {}
    for node in nodes:
        first = seen.setdefault(node.value["id"], node)
        if first is not node:
            raise node.at("id").refused(
                f"{what} {node.value['id']} stands at {first.pointer} already"
            )
