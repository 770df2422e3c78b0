"""Reading one cell: exact numbers, moments, windows, ids, places; a bad one says why."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final

from dispatch.days import DayClock, TimeWindow
from dispatch.intake.problems import BadCell, RowCode
from routing.places import Datum, NotAPlace, Place, from_datum, in_china

ID_LENGTH: Final = 64
DAY_ENDS_S: Final = 30 * 3600
"""Shifts may run past midnight: a depot-day takes moments up to 06:00 of the next morning."""
# Far above what an order is worth and far below what a wrong unit makes of it; chosen.
PRICE_MAX_FEN: Final = 10_000_000
MISSED_MAX_S: Final = 12 * 3600
READY_BEFORE_S: Final = 31 * 86_400
"""Parcels may have waited since an earlier day, but a month is a wrong year or month. Chosen."""


# Marks nobody sees: zero-width spaces and joiners, direction marks, a BOM inside the text.
_INVISIBLE: Final = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_FORMULA_TEXT: Final = re.compile(r'="(.*)"', re.DOTALL)
_LOST_DIGITS: Final = re.compile(r"\d+(\.\d+)?E\+\d+|\d\.\d+E\d+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"[+-]?\d+(\.\d+)?(E[+-]?\d{1,3})?", re.IGNORECASE)
_EXACT: Final = Context(prec=120)
_MOMENT: Final = (
    r"(?:(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:T|\s+))?"
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?"
    r"\s*(Z|[+-]\d{2}:?\d{2})?"
)
_ONE_MOMENT: Final = re.compile(_MOMENT, re.IGNORECASE)
_TWO_MOMENTS: Final = re.compile(rf"{_MOMENT}\s*(?:-|~|–|—|至|到|/)\s*{_MOMENT}", re.IGNORECASE)


def narrow(cell: str) -> str:
    """`cell` with full-width letters, digits and marks as their ASCII twins, invisible marks gone."""
    if cell.isascii():
        return cell.strip()
    return _INVISIBLE.sub("", unicodedata.normalize("NFKC", cell)).strip()


def text(cell: str, *, limit: int) -> str:
    """
    Free text as it stands, at most `limit` characters; line breaks become spaces.

    The one place where text is judged storable: no control characters, no halves of surrogates.
    """
    kept = " ".join(_INVISIBLE.sub("", cell).split())
    if len(kept) > limit:
        raise BadCell(RowCode.TOO_LONG, f"it has {len(kept)} characters", f"keep it to {limit}")
    _refuse_control(kept, RowCode.CONTROL_CHARACTER)
    return kept


def _refuse_control(kept: str, code: RowCode) -> None:
    if not kept.isprintable() and any(unicodedata.category(each) in {"Cc", "Cs"} for each in kept):
        raise BadCell(code, "it holds a control character", "type it again")


def identifier(cell: str) -> str:
    """An id as text; `="0042"` and a leading apostrophe, the spreadsheets' armour, come off."""
    kept = narrow(cell)
    if armoured := _FORMULA_TEXT.fullmatch(kept):
        kept = armoured[1].strip()
    kept = kept.removeprefix("'").strip()
    if _LOST_DIGITS.fullmatch(kept):
        raise BadCell(
            RowCode.ID_LOST_DIGITS,
            "a spreadsheet turned the number into a rounded one",
            "format the column as text in the spreadsheet, fill it again and export it again",
        )
    if not kept or len(kept) > ID_LENGTH:
        raise BadCell(
            RowCode.BAD_ID, "an id has 1 to 64 characters", "use the number of the order itself"
        )
    _refuse_control(kept, RowCode.BAD_ID)
    return kept


def amount(cell: str, *, per: int, low: int, high: int, unit: str = "") -> int:
    """
    A decimal in a `unit` of `per` small ones, exactly, rounded half up to a whole small unit; "": what is counted has none.

    Rounding only meets what is finer than a gram or millilitre, such as a spreadsheet's
    0.30000000000000004.
    """
    kept = narrow(cell)
    if len(kept) > 60 or not _NUMBER.fullmatch(kept):
        raise BadCell(
            RowCode.NOT_A_NUMBER,
            "it is no plain decimal number",
            "write it like 12.5: a point, no unit, no thousands separator",
        )
    exact = _EXACT.multiply(Decimal(kept), Decimal(per))
    if not low <= exact <= high:
        least, most = (f"{_EXACT.divide(Decimal(each), Decimal(per)):f}" for each in (low, high))
        raise BadCell(
            RowCode.OUT_OF_RANGE,
            f"it lies outside {least} to {most} {unit}".rstrip(),
            "check the number and the unit in the column's name",
        )
    return int(exact.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=_EXACT))


def price(cell: str) -> int:
    """Yuan, in fen, of what one order may cost."""
    return amount(cell, per=100, low=0, high=PRICE_MAX_FEN, unit="yuan")


def missed_minutes(cell: str) -> int:
    """Minutes by which a window may be missed, in seconds."""
    return amount(cell, per=60, low=0, high=MISSED_MAX_S, unit="minutes")


def count(cell: str, *, low: int, high: int) -> int:
    """A whole number; `3.0`, as spreadsheets write it, is whole."""
    thousandths = amount(cell, per=1000, low=low * 1000, high=high * 1000)
    if thousandths % 1000:
        raise BadCell(RowCode.NOT_WHOLE, "it is not a whole number", "write it without decimals")
    return thousandths // 1000


def degrees(lon: str, lat: str, crs: str) -> Place:
    """The WGS-84 place of two cells in the datum that the third names."""
    datum_word = narrow(crs).casefold().replace("-", "").replace("_", "") or Datum.WGS84
    try:
        datum = Datum(datum_word)
    except ValueError:
        raise BadCell(
            RowCode.UNKNOWN_CRS,
            "it is none of wgs84, gcj02, bd09",
            "use gcj02 for AMap and Tencent, bd09 for Baidu, wgs84 for GPS and OpenStreetMap",
        ) from None
    x, y = _degree(lon), _degree(lat)
    if abs(y) > 90 >= abs(x) or (in_china(y, x) and not in_china(x, y)):
        raise BadCell(
            RowCode.LON_LAT_SWAPPED,
            "longitude and latitude look swapped",
            "in China lon is 73 to 135 and lat 18 to 54; swap the two columns",
        )
    no_place = BadCell(
        RowCode.NOT_A_PLACE,
        "these are no degrees of a place",
        "give lon in -180 to 180 and lat in -90 to 90, or leave both empty",
    )
    if x == y == 0:  # programs write 0, 0 for "no coordinates"; it lies in the Gulf of Guinea
        raise no_place
    try:
        return from_datum(x, y, datum)
    except NotAPlace:
        raise no_place from None


def _degree(cell: str) -> float:
    kept = narrow(cell)
    if len(kept) > 60 or not _NUMBER.fullmatch(kept):
        raise BadCell(
            RowCode.NOT_A_NUMBER, "it is no decimal number of degrees", "write it like 118.1333"
        )
    return float(kept)


# A file repeats few times many times over: 10,000 orders were read in 0.6 s with this, 0.9 s without.
@lru_cache(maxsize=4096)
def moment(cell: str, clock: DayClock) -> datetime:
    """A time of the day, or a full moment; without offset it is in the depot's zone."""
    found = _ONE_MOMENT.fullmatch(narrow(cell))
    if not found:
        raise BadCell(
            RowCode.NOT_A_TIME, "it is no time", "write 09:30, or 2026-11-11 09:30, in 24 hours"
        )
    return _moment(found.groups(), clock)


@lru_cache(maxsize=4096)
def windows(cell: str, clock: DayClock) -> tuple[TimeWindow, ...]:
    """Windows separated by `;`, sorted; those that overlap or touch become one."""
    stated = sorted(
        (_window(piece, clock) for piece in pieces_of(narrow(cell), ";|、,")),
        key=lambda each: each.earliest_at,
    )
    joined: list[TimeWindow] = []
    for each in stated:
        if joined and each.earliest_at <= joined[-1].latest_at:
            latest_at = max(joined[-1].latest_at, each.latest_at)
            joined[-1] = TimeWindow(joined[-1].earliest_at, latest_at)
        else:
            joined.append(each)
    return tuple(joined)


def _window(piece: str, clock: DayClock) -> TimeWindow:
    found = _TWO_MOMENTS.fullmatch(piece)
    if not found:
        raise BadCell(
            RowCode.NOT_A_WINDOW,
            "it is no window of two times",
            "write 09:00-11:00, several with ;",
        )
    parts = found.groups()
    earliest_at, latest_at = _moment(parts[:7], clock), _moment(parts[7:], clock)
    if latest_at < earliest_at:
        raise BadCell(
            RowCode.WINDOW_REVERSED,
            "it ends before it begins",
            "write the earlier time first; times after midnight need their date",
        )
    return TimeWindow(earliest_at, latest_at)


def _moment(parts: tuple[str | None, ...], clock: DayClock) -> datetime:
    year, month, on_day, hour, minute, second, offset = parts
    try:
        day = date(int(year), int(month or 0), int(on_day or 0)) if year else clock.day
        if not 1970 <= day.year <= 2999:
            raise BadCell(RowCode.NOT_THIS_DAY, "the year is wrong", "check the date")
        end_of_day = (hour, minute, int(second or 0)) == ("24", "00", 0)
        on_clock = time(0 if end_of_day else int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        raise BadCell(
            RowCode.NOT_A_TIME,
            "there is no such time",
            "hours go to 23 (24:00 ends the day), minutes to 59",
        ) from None
    local = datetime.combine(day, on_clock) + timedelta(days=end_of_day)
    if offset:
        sign, digits = offset[0], offset[1:].replace(":", "")
        zone_text = "+00:00" if offset in "Zz" else f"{sign}{digits[:2]}:{digits[2:]}"
        try:
            return datetime.fromisoformat(local.isoformat() + zone_text).astimezone(clock.zone)
        except ValueError:
            raise BadCell(RowCode.NOT_A_TIME, "there is no such offset", "write +08:00") from None
    return local.replace(tzinfo=clock.zone)


def clock_time(cell: str) -> time:
    """A wall-clock time of any day, as in opening hours and shifts."""
    found = _ONE_MOMENT.fullmatch(narrow(cell))
    if not found or found[1] or found[7]:
        raise BadCell(RowCode.NOT_A_TIME, "it is no time of the day", "write 09:30, in 24 hours")
    try:
        return time(int(found[4]), int(found[5]), int(found[6] or 0))
    except ValueError:
        raise BadCell(
            RowCode.NOT_A_TIME, "there is no such time", "hours go to 23, minutes to 59"
        ) from None


def clock_span(cell: str) -> tuple[time, time]:
    """Two wall-clock times of one day, the second later."""
    found = _TWO_MOMENTS.fullmatch(narrow(cell))
    if not found or found[1] or found[7] or found[8] or found[14]:
        raise BadCell(RowCode.NOT_A_WINDOW, "it is no span of two times", "write 08:00-18:30")
    starts, ends = (clock_time(each) for each in re.split(r"\s*[-~–—至到/]\s*", narrow(cell)))
    if ends <= starts:
        raise BadCell(
            RowCode.WINDOW_REVERSED, "it ends before it begins", "write the earlier time first"
        )
    return starts, ends


def identifiers(cell: str, *, most: int) -> tuple[str, ...]:
    """Ids separated by `|`, each once, at most so many."""
    found = tuple(dict.fromkeys(identifier(each) for each in pieces_of(cell, "|｜")))
    if len(found) > most:
        raise BadCell(RowCode.TOO_LONG, f"it has {len(found)} ids", f"keep the best {most}")
    return found


def pieces_of(cell: str, separators: str) -> list[str]:
    """`cell` split at any of `separators`, stripped, without empty pieces."""
    return [
        piece for each in re.split(f"[{re.escape(separators)}]", cell) if (piece := each.strip())
    ]


def within_day(at: datetime, clock: DayClock, *, low_s: int = 0) -> None:
    """Refuse a moment outside the depot-day (or before `low_s` of it)."""
    if not low_s <= clock.seconds(at) <= DAY_ENDS_S:
        raise BadCell(
            RowCode.NOT_THIS_DAY,
            f"it lies outside {clock.day.isoformat()}, the day of these orders",
            "check the date, or read the file for its own day",
        )


def phone(cell: str) -> str:
    """A phone number as written: digits, spaces, plus, minus, brackets; 5 to 20 digits."""
    kept = narrow(cell).removeprefix("'").removesuffix(".0")
    digits = sum(each.isdigit() for each in kept)
    if not re.fullmatch(r"[\d +()*-]+", kept) or not (5 <= digits <= 20 or "*" in kept):
        raise BadCell(RowCode.BAD_PHONE, "it is no phone number", "write digits, or leave it empty")
    return kept
