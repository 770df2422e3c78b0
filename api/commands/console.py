"""How commands speak: results on stdout, everything else on stderr, progress only to people."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.status import Status
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print one line of JSON for machines.")]
DayText = Annotated[
    datetime | None,
    typer.Option("--day", formats=["%Y-%m-%d"], help="Date in the depot's zone.  [default: today]"),
]


def date_of(told: datetime | None) -> date | None:
    return None if told is None else told.date()


def print_json(value: Any) -> None:
    """One line on stdout."""
    typer.echo(msgspec.json.encode(value))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table on stdout; cells are shown as they are, never read as markup."""
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*(_shown(cell) for cell in row))
    Console(markup=False, highlight=False, soft_wrap=False).print(table)


def _shown(cell: object) -> str:
    return f"{cell:,}" if isinstance(cell, int) else str(cell)


def note(line: str) -> None:
    """A line for people on stderr."""
    typer.echo(line.encode("utf-8", "replace").decode(), err=True)


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """Yields what says how far a long work is: on a terminal it spins, elsewhere it is silent."""
    console = Console(stderr=True, markup=False, highlight=False)
    if not console.is_terminal:
        yield lambda _what: None
        return
    with Status(first, console=console) as status:
        yield status.update


@contextmanager
def interrupts() -> Iterator[Callable[[], bool]]:
    """Turn Ctrl-C into a question that the search asks; a second Ctrl-C ends everything as ever."""
    asked = threading.Event()

    def take(_number: int, _frame: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, take)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
