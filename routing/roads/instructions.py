"""What a driver is told at each step, in the languages that couriers read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from routing.errors import RoutingError
from routing.roads.steps import Kind, Modifier, Step


class LanguageUnknown(RoutingError):
    """A language that nobody has written instructions in."""

    code: ClassVar[str] = "language-unknown"

    def __init__(self, language: str) -> None:
        self.language = language
        super().__init__(f"no instructions in {language!r}: choose one of {', '.join(LANGUAGES)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """
    Sentences of one language.

    turns
        Words for each modifier.
    plain, onto
        For each kind: a sentence for a road without a name, and one for a road with a name.
    headings
        Words for the eight directions of the compass, clockwise from north.
    """

    turns: Mapping[Modifier, str]
    plain: Mapping[Kind, str]
    onto: Mapping[Kind, str]
    headings: tuple[str, ...]


_ENGLISH: Final = Wording(
    turns={
        Modifier.UTURN: "make a U-turn",
        Modifier.SHARP_RIGHT: "turn sharp right",
        Modifier.RIGHT: "turn right",
        Modifier.SLIGHT_RIGHT: "bear right",
        Modifier.STRAIGHT: "go straight on",
        Modifier.SLIGHT_LEFT: "bear left",
        Modifier.LEFT: "turn left",
        Modifier.SHARP_LEFT: "turn sharp left",
    },
    plain={
        Kind.DEPART: "set out heading {heading}",
        Kind.TURN: "{turn}",
        Kind.CONTINUE: "{turn}",
        Kind.NEW_NAME: "{turn}",
        Kind.END_OF_ROAD: "at the end of the road, {turn}",
        Kind.FORK: "at the fork, {turn}",
        Kind.MERGE: "{turn} to merge",
        Kind.ON_RAMP: "{turn} onto the ramp",
        Kind.OFF_RAMP: "{turn} to leave by the ramp",
        Kind.ROUNDABOUT: "enter the roundabout",
        Kind.EXIT_ROUNDABOUT: "leave the roundabout",
        Kind.ARRIVE: "you have arrived",
    },
    onto={
        Kind.DEPART: "set out heading {heading} on {name}",
        Kind.TURN: "{turn} onto {name}",
        Kind.CONTINUE: "{turn} to stay on {name}",
        Kind.NEW_NAME: "{turn}: the road is now {name}",
        Kind.END_OF_ROAD: "at the end of the road, {turn} onto {name}",
        Kind.FORK: "at the fork, {turn} onto {name}",
        Kind.MERGE: "{turn} to merge onto {name}",
        Kind.ON_RAMP: "{turn} onto the ramp to {name}",
        Kind.OFF_RAMP: "{turn} to leave by the ramp to {name}",
        Kind.ROUNDABOUT: "at the roundabout, take exit {exit} onto {name}",
        Kind.EXIT_ROUNDABOUT: "leave the roundabout onto {name}",
        Kind.ARRIVE: "you have arrived, on {name}",
    },
    headings=(
        "north",
        "north-east",
        "east",
        "south-east",
        "south",
        "south-west",
        "west",
        "north-west",
    ),
)

_CHINESE: Final = Wording(
    turns={
        Modifier.UTURN: "掉头",
        Modifier.SHARP_RIGHT: "向右后方转弯",
        Modifier.RIGHT: "右转",
        Modifier.SLIGHT_RIGHT: "靠右前方行驶",
        Modifier.STRAIGHT: "直行",
        Modifier.SLIGHT_LEFT: "靠左前方行驶",
        Modifier.LEFT: "左转",
        Modifier.SHARP_LEFT: "向左后方转弯",
    },
    plain={
        Kind.DEPART: "向{heading}出发",
        Kind.TURN: "{turn}",
        Kind.CONTINUE: "{turn}",
        Kind.NEW_NAME: "{turn}",
        Kind.END_OF_ROAD: "到路口尽头{turn}",
        Kind.FORK: "在岔路口{turn}",
        Kind.MERGE: "{turn}并入主路",
        Kind.ON_RAMP: "{turn}进入匝道",
        Kind.OFF_RAMP: "{turn}从匝道驶出",
        Kind.ROUNDABOUT: "进入环岛",
        Kind.EXIT_ROUNDABOUT: "驶出环岛",
        Kind.ARRIVE: "到达",
    },
    onto={
        Kind.DEPART: "沿{name}向{heading}出发",
        Kind.TURN: "{turn}进入{name}",
        Kind.CONTINUE: "{turn}，继续沿{name}行驶",
        Kind.NEW_NAME: "{turn}，道路改称{name}",
        Kind.END_OF_ROAD: "到路口尽头{turn}进入{name}",
        Kind.FORK: "在岔路口{turn}进入{name}",
        Kind.MERGE: "{turn}并入{name}",
        Kind.ON_RAMP: "{turn}进入通往{name}的匝道",
        Kind.OFF_RAMP: "{turn}从匝道驶出，前往{name}",
        Kind.ROUNDABOUT: "进入环岛，从第{exit}个出口驶入{name}",
        Kind.EXIT_ROUNDABOUT: "驶出环岛，进入{name}",
        Kind.ARRIVE: "到达，位于{name}",
    },
    headings=("北", "东北", "东", "东南", "南", "西南", "西", "西北"),
)

# A roundabout that is left onto a road without a name still has its exit counted.
_EXIT_ONLY: Final = {
    "en": "at the roundabout, take exit {exit}",
    "zh-CN": "进入环岛，从第{exit}个出口驶出",
}

LANGUAGES: Final[Mapping[str, Wording]] = {"en": _ENGLISH, "zh-CN": _CHINESE}


def instructions(steps: Sequence[Step], language: str) -> tuple[str, ...]:
    """
    One sentence for each step.

    Raises
    ------
    LanguageUnknown
    """
    if language not in LANGUAGES:
        raise LanguageUnknown(language)
    following = (*steps[1:], None)
    return tuple(
        _sentence(step, after, language) for step, after in zip(steps, following, strict=True)
    )


def _sentence(step: Step, after: Step | None, language: str) -> str:
    words, manoeuvre = LANGUAGES[language], step.manoeuvre
    name = step.name or step.ref
    form = words.onto[manoeuvre.kind] if name else words.plain[manoeuvre.kind]
    if manoeuvre.kind is Kind.ROUNDABOUT:
        # The name that matters is that of the road behind the roundabout.
        leaves = after is not None and manoeuvre.exit is not None
        name = (after.name or after.ref) if after is not None and leaves else ""
        form = words.plain[Kind.ROUNDABOUT]
        if leaves:
            form = words.onto[Kind.ROUNDABOUT] if name else _EXIT_ONLY[language]
    told = form.format(
        turn=words.turns[manoeuvre.modifier] if manoeuvre.modifier is not None else "",
        heading=words.headings[round(manoeuvre.bearing_after_deg / 45.0) % 8],
        name=name,
        exit=manoeuvre.exit,
    )
    return told[:1].upper() + told[1:]
