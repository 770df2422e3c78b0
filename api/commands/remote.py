"""`cunlu import`, `cunlu status` and `cunlu export`: what a company's server is asked over HTTP."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Self
from urllib.parse import quote

import httpx
import typer

from api.commands.console import AsJson, DayText, date_of, note, print_json, print_table
from api.commands.exit_codes import ExitCode
from dispatch.errors import DispatchError
from dispatch.intake import read_fleet
from dispatch.intake.files import load

app = typer.Typer()

_TIMEOUT: Final = httpx.Timeout(10.0, read=120.0)
"""100,000 orders are written in well under two minutes; chosen, not measured."""

_SHOWN_ANEW_AFTER_S: Final = 0.5
"""A busy day has many events a second; nobody reads faster. Chosen, not measured."""

Server = Annotated[str, typer.Option(envvar="CUNLU_SERVER", help="Address of the server.")]
Key = Annotated[str, typer.Option(envvar="CUNLU_KEY", help="API key, better by environment.")]
DepotId = Annotated[
    str | None, typer.Option("--depot", help="Needed if the key's company has several.")
]


class ServerUnreachable(DispatchError):
    """No server answers at the address."""

    code: ClassVar[str] = "server-unreachable"

    def __init__(self, server: str, why: str) -> None:
        self.server = server
        super().__init__(
            f"{server} does not answer ({why}): check --server or CUNLU_SERVER, and that it runs"
        )


class NotAllowed(DispatchError):
    """The server does not let this key do that."""

    code: ClassVar[str] = "not-allowed"


class ServerRefused(DispatchError):
    """The server understood and refused; the message begins with its own code."""

    code: ClassVar[str] = "server-refused"


class Format(StrEnum):
    GEOJSON = "geojson"
    GPX = "gpx"
    CSV = "csv"


class Remote:
    """A company's server, spoken to with one key; every failure is an error of ours."""

    def __init__(self, server: str, key: str) -> None:
        if not key:
            raise NotAllowed(
                "no key was given: set CUNLU_KEY, or make one with `cunlu keys create`"
            )
        self._server = server
        try:
            self._client = httpx.Client(
                base_url=server, headers={"Authorization": f"Bearer {key}"}, timeout=_TIMEOUT
            )
        except (httpx.InvalidURL, UnicodeEncodeError) as failure:
            raise ServerUnreachable(server, str(failure)) from failure

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | None],
        body: bytes | None = None,
        media_type: str = "text/csv",
    ) -> httpx.Response:
        try:
            answer = self._client.request(
                method,
                path,
                params={name: value for name, value in query.items() if value is not None},
                content=body,
                headers={"Content-Type": media_type} if body is not None else {},
            )
        except (httpx.HTTPError, httpx.InvalidURL) as failure:
            raise ServerUnreachable(
                self._server, str(failure) or type(failure).__name__
            ) from failure
        self._check(answer)
        return answer

    def wait_for_change(self, *, query: Mapping[str, str | None], after: str) -> None:
        """
        Return when the day has an event after the stream id `after`.

        Also when the server says that it is alive or lets go: times run on without events.
        """
        told = {name: value for name, value in query.items() if value is not None}
        try:
            with self._client.stream(
                "GET", "/v1/events/stream", params=told | {"after": after}
            ) as answer:
                if not answer.is_success:
                    answer.read()
                    self._check(answer)
                for line in answer.iter_lines():
                    if line.startswith(("id:", ":")):
                        return
        except httpx.RemoteProtocolError:
            return  # the server went amid the stream: the next question finds out
        except httpx.HTTPError as failure:
            raise ServerUnreachable(
                self._server, str(failure) or type(failure).__name__
            ) from failure

    def _check(self, answer: httpx.Response) -> None:
        if answer.is_success:
            return
        message = _problem_of(answer)
        if answer.status_code in (401, 403):
            raise NotAllowed(message)
        if answer.status_code >= 500:
            raise ServerUnreachable(self._server, message)
        raise ServerRefused(message)


def _problem_of(answer: httpx.Response) -> str:
    """What an RFC 9457 answer says; of any other, its status."""
    try:
        told = answer.json()
        return f"{told['code']}: {told['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code} {answer.reason_phrase}"


@app.command("import")
def import_files(
    *,
    fleet: Annotated[Path | None, typer.Option(help="Fleet: TOML, JSON or CSV.")] = None,
    households: Annotated[Path | None, typer.Option(help="Registry: CSV, XLSX or JSON.")] = None,
    points: Annotated[Path | None, typer.Option(help="Collection points, if apart.")] = None,
    orders: Annotated[Path | None, typer.Option(help="Orders: CSV, XLSX or JSON.")] = None,
    day: DayText = None,
    depot: DepotId = None,
    server: Server = "http://127.0.0.1:8000",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """
    Send files to a server.

    Good rows go in, each bad one is listed; sending a file again adds nothing. The depot is the
    fleet's. If anything was refused the exit code is 1.

    Example: `cunlu import --fleet demo/fleet.toml --households demo/households.csv --orders
    demo/orders.csv --day 2026-11-11`
    """
    sent = [
        (path, file)
        for path, file in (
            ("/v1/fleet", fleet),
            ("/v1/households", households),
            ("/v1/points", points),
            ("/v1/orders", orders),
        )
        if file is not None
    ]
    if not sent:
        raise typer.BadParameter("name at least one", param_hint="--fleet, --households, --orders")
    # All files are read before the first is sent: a wrong path leaves nothing half done.
    bodies = {file: load(file, name=file.name) for _, file in sent}
    if fleet is not None:
        of_fleet = read_fleet(bodies[fleet], name=fleet.name, profiles=None).depot.depot_id
        if depot is not None and depot != of_fleet:
            raise typer.BadParameter(f"the fleet is that of {of_fleet}", param_hint="--depot")
        depot = of_fleet
    told: dict[str, Any] = {}
    with Remote(server, key) as remote:
        for path, file in sent:
            name = path.removeprefix("/v1/")
            is_fleet = file is fleet
            # The server tells CSV, XLSX and JSON files apart by their content, as `cunlu plan` does.
            answer = remote.call(
                "PUT" if is_fleet else "POST",
                path,
                query={"depot": depot, "day": _day(day) if name == "orders" else None},
                body=bodies[file],
                media_type="application/octet-stream" if is_fleet else "text/csv",
            ).json()
            told[name] = {"couriers": len(answer["couriers"])} if is_fleet else answer
    doubtful = [
        (name, each)
        for name, answer in told.items()
        for each in answer.get("results", ())
        if each["code"]
    ]
    if as_json:
        print_json({"depot": depot} | told)
    else:
        for name, answer in told.items():
            counts = answer.get("counts", answer)
            typer.echo(
                f"{name}: " + ", ".join(f"{count:,} {what}" for what, count in counts.items())
            )
    for name, answer in told.items():
        for warning in answer.get("warnings", ()):
            note(f"{name}: {warning}")
    for name, each in doubtful:
        where = f"line {each['line']}" if each["line"] is not None else each["id"]
        note(f"{name} {where} {each['column']}: {each['code']}: {each['detail']} {each['advice']}")
    if asked := sum(each["outcome"] == "unresolved" for _, each in doubtful):
        need = "1 address needs" if asked == 1 else f"{asked:,} addresses need"
        note(f"{need} an answer: on the board, or see GET /v1/addresses")
    if doubtful:
        raise typer.Exit(ExitCode.REFUSED_SOME)


@app.command()
def status(
    *,
    watch: Annotated[bool, typer.Option(help="Show it anew whenever something happens.")] = False,
    day: DayText = None,
    depot: DepotId = None,
    server: Server = "http://127.0.0.1:8000",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """
    Show how the day stands.

    Example: `cunlu status --watch`
    """
    query = {"depot": depot, "day": _day(day)}
    with Remote(server, key) as remote:
        while True:
            board = remote.call("GET", "/v1/status", query=query).json()
            if as_json:
                print_json(board)
                sys.stdout.flush()
            else:
                if watch:
                    typer.echo("\033[2J\033[H" if sys.stdout.isatty() else "", nl=False)
                _show(board)
            if not watch:
                return
            time.sleep(_SHOWN_ANEW_AFTER_S)
            remote.wait_for_change(query=query, after=board["as_of"])


@app.command()
def export(
    *,
    plan: Annotated[str, typer.Option(help="`current`: the published one; or a plan's id.")],
    out: Annotated[Path, typer.Option(help="File to write; `-`: stdout.")],
    file_format: Annotated[Format, typer.Option("--format")] = Format.GEOJSON,
    courier: Annotated[str | None, typer.Option(help="Whose route; GPX needs it.")] = None,
    day: DayText = None,
    depot: DepotId = None,
    server: Server = "http://127.0.0.1:8000",
    key: Key = "",
    as_json: AsJson = False,
) -> None:
    """
    Fetch a plan for maps, phones and spreadsheets.

    The file is written whole or not at all. With `--json` stdout says what was written.

    Example: `cunlu export --plan current --format geojson --out routes.geojson`
    """
    to_stdout = str(out) == "-"
    if to_stdout and as_json:
        raise typer.BadParameter("stdout is taken by the plan: name a file", param_hint="--out")
    with Remote(server, key) as remote:
        if plan == "current":
            found = remote.call(
                "GET", "/v1/plans/current", query={"depot": depot, "day": _day(day)}
            ).json()
            plan = found["plan_id"]
        answer = remote.call(
            "GET",
            f"/v1/plans/{quote(plan, safe='')}/export",
            query={"format": file_format, "courier": courier},
        )
    if to_stdout:
        sys.stdout.buffer.write(answer.content)
        return
    _write_whole(out, answer.content)
    size_bytes = len(answer.content)
    if as_json:
        print_json(
            {"plan_id": plan, "format": file_format, "out": str(out), "size_bytes": size_bytes}
        )
    else:
        note(f"plan {plan}: {size_bytes:,} bytes to {out}")


def _day(told: datetime | None) -> str | None:
    date = date_of(told)
    return None if date is None else date.isoformat()


def _show(board: Mapping[str, Any]) -> None:
    figures = board["figures"]
    print_table(
        f"{board['day']['depot_id']} {board['day']['day']}: {board['plan_id'] or 'no plan published'}",
        ("courier", "state", "stops", "failed", "pieces", "late min", "back", "slack min"),
        [
            (
                each["courier_id"],
                each["state"],
                f"{each['stops_done']}/{each['stops_total']}",
                each["stops_failed"],
                f"{each['pieces_collected']}/{each['pieces_total']}",
                each["late_s"] // 60,
                f"{datetime.fromisoformat(each['back_at']):%H:%M}",
                each["slack_s"] // 60,
            )
            for each in board["routes"]
        ],
    )
    typer.echo(
        f"{figures['orders_collected']:,} of {figures['orders_total']:,} orders collected, "
        f"{figures['orders_failed']:,} failed, {figures['orders_unserved']:,} unserved, "
        f"{figures['late_routes']:,} routes late"
    )


def _write_whole(path: Path, body: bytes) -> None:
    if path.is_dir():
        raise IsADirectoryError(21, "it is a folder", str(path))
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}-", dir=path.absolute().parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(body)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
