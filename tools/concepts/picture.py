"""A picture: panels on a card, in SVG that is legible on light pages and on dark ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 760
_MARGIN: Final = 12
_GAP: Final = 16
_TITLE: Final = 26
_FOOT: Final = 22

HALF: Final = (WIDTH - 2 * _MARGIN - _GAP) // 2
WHOLE: Final = WIDTH - 2 * _MARGIN
"""Widths of a panel beside another one, and of one by itself."""

# Couriers' hues are those of Okabe and Ito, which people who see few colours can tell apart; darker or
# lighter here so that white or black letters stand on them.
_STYLE: Final = """
text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:#24292f}
.ground{fill:#fbfaf7;stroke:#d8d5cc}.panel{fill:#f3f1ea}
.title{font-weight:600;font-size:13px}.foot{fill:#4b5157}.small{font-size:11px}.faint{fill:#6b7178;font-size:11px}
.mid{text-anchor:middle}.end{text-anchor:end}.bold{font-weight:600}.halo{paint-order:stroke;stroke:#f3f1ea;stroke-width:4px;stroke-linejoin:round}
.road{stroke:#dcd8cc;fill:none;stroke-linecap:round;stroke-linejoin:round}
.k0{stroke:#0067a5}.k1{stroke:#c2540a}.k2{stroke:#007a5a}.f0{fill:#0067a5}.f1{fill:#c2540a}.f2{fill:#007a5a}
.way{fill:none;stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}.second{stroke-dasharray:7 5}
.ring{stroke:#fbfaf7;stroke-width:1.5}.on{fill:#fff;font-size:10.5px;font-weight:600;text-anchor:middle}
.door{fill:#fbfaf7;stroke:#6b7178;stroke-width:1.5}.left{fill:#fbfaf7;stroke:#b3261e;stroke-width:1.8;stroke-dasharray:3 2}
.cross{fill:#b3261e;font-weight:700;text-anchor:middle}.depot{fill:#24292f}.point{fill:#fbfaf7;stroke:#24292f;stroke-width:1.6}
.walk{stroke:#6b7178;stroke-width:1.6;stroke-dasharray:1.5 4;stroke-linecap:round;fill:none}
.hull{fill-opacity:.16;stroke-width:1.4;stroke-dasharray:4 3}
.tick{stroke:#dcd8cc}.axis{stroke:#a9a598}.drive{stroke-width:3}.pale{opacity:.45}.rest{fill:#a9a598}
.wait{fill:none;stroke:#a9a598;stroke-dasharray:2 2}.unload{fill:none;stroke-width:1.6}.sort{stroke-width:2;stroke-dasharray:2 3}
.truck{stroke:#24292f;stroke-width:2}.now{stroke:#b3261e;stroke-width:1.6;stroke-dasharray:5 3}.nowt{fill:#b3261e;font-size:11px;font-weight:600}
.span{fill:#e3b341;opacity:.38}.told{fill:none;stroke-width:1.4}.over{fill:#b3261e;opacity:.75}
@media (prefers-color-scheme:dark){
text{fill:#e4e6e8}.ground{fill:#1c2126;stroke:#3b424a}.panel{fill:#242a30}.foot{fill:#bcc2c8}.faint{fill:#98a0a8}
.road{stroke:#3b434b}.k0{stroke:#56b4e9}.k1{stroke:#e69f00}.k2{stroke:#3fc99b}.f0{fill:#56b4e9}.f1{fill:#e69f00}.f2{fill:#3fc99b}
.on{fill:#101418}.halo{stroke:#242a30}.ring{stroke:#1c2126}.door{fill:#1c2126;stroke:#98a0a8}.left{fill:#1c2126;stroke:#ff8a80}.cross,.nowt{fill:#ff8a80}
.depot{fill:#e4e6e8}.point{fill:#1c2126;stroke:#e4e6e8}.walk{stroke:#98a0a8}.tick{stroke:#3b434b}.axis{stroke:#6b747c}
.rest{fill:#6b747c}.wait{stroke:#6b747c}.truck{stroke:#e4e6e8}.now{stroke:#ff8a80}.over{fill:#ff8a80}.span{fill:#e3b341;opacity:.25}}
""".strip()


@dataclass(frozen=True, slots=True)
class Panel:
    """A drawing of `height`, drawn from its own upper left corner, with a title and a line of figures."""

    title: str
    drawing: str
    height: int
    foot: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    """Panels beside each other, or one under the other; `caption` tells in a sentence what is seen."""

    name: str
    caption: str
    panels: Sequence[Panel]
    is_stacked: bool = False

    def svg(self) -> str:
        parts: list[str] = []
        left, top, lowest = _MARGIN, _MARGIN, 0
        for panel in self.panels:
            width = WHOLE if self.is_stacked else HALF
            parts.append(f'<g transform="translate({left},{top})">{_panel(panel, width)}</g>')
            bottom = top + _TITLE + panel.height + (_FOOT if panel.foot else 0)
            lowest = max(lowest, bottom)
            if self.is_stacked:
                top = bottom + _GAP // 2
            else:
                left += HALF + _GAP
        height = lowest + _MARGIN
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">'
            f"<title>{escape(self.caption)}</title><style>{_STYLE}</style>"
            f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>'
            f"{''.join(parts)}</svg>\n"
        )


def _panel(panel: Panel, width: int) -> str:
    foot = ""
    if panel.foot:
        foot = text(0, _TITLE + panel.height + 16, panel.foot, "foot")
    return (
        text(0, 15, panel.title, "title")
        + f'<g transform="translate(0,{_TITLE})"><rect class="panel" width="{width}" height="{panel.height}" rx="5"/>'
        + f"{panel.drawing}</g>{foot}"
    )


def text(x: float, y: float, words: str, kind: str = "") -> str:
    return f'<text x="{_short(x)}" y="{_short(y)}" class="{kind}">{escape(words)}</text>'


def line(points: Sequence[tuple[float, float]], kind: str, **style: object) -> str:
    drawn = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
    return f'<polyline points="{drawn}" class="{kind}"{_styled(style)}/>'


def shape(points: Sequence[tuple[float, float]], kind: str) -> str:
    drawn = " ".join(f"{_short(x)},{_short(y)}" for x, y in points)
    return f'<polygon points="{drawn}" class="{kind}"/>'


def disc(x: float, y: float, radius: float, kind: str) -> str:
    return f'<circle cx="{_short(x)}" cy="{_short(y)}" r="{_short(radius)}" class="{kind}"/>'


def box(x: float, y: float, width: float, height: float, kind: str) -> str:
    return (
        f'<rect x="{_short(x)}" y="{_short(y)}" width="{_short(max(width, 0.5))}" '
        f'height="{_short(height)}" class="{kind}"/>'
    )


def _styled(style: dict[str, object]) -> str:
    return "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())


def _short(number: float) -> str:
    """One decimal: the same on every machine, and no picture needs more."""
    return f"{round(number, 1):g}" if round(number, 1) else "0"
