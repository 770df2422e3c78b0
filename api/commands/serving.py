"""`cunlu serve`, `cunlu worker` and `cunlu keys`: the processes and keys of a company's server."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, ClassVar, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from redis.exceptions import RedisError

from api.app import create_app
from api.commands.console import AsJson, note, print_json
from api.commands.exit_codes import ExitCode
from api.serving import Server, listen
from dispatch import operations
from dispatch.access import KeyId, Role, digest_of, key_id_of
from dispatch.days import CompanyId, DepotId
from dispatch.errors import DispatchError
from dispatch.sender import run_sender
from dispatch.server import EmbeddedServer, running_server
from dispatch.settings import Settings
from dispatch.store import Store
from dispatch.worker import run_worker

app = typer.Typer()
keys = typer.Typer(no_args_is_help=True)
app.add_typer(keys, name="keys")

ANSWER_WITHIN_S = 8.0
"""Of `worker --check`: below the 10 s that docker-compose.yml gives it."""

_T = TypeVar("_T")

RoadsFile = Annotated[
    Path | None, typer.Option("--roads", help="Network file.  [env: CUNLU_ROADS]")
]
DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Data of the embedded server.  [env: CUNLU_DATA_DIR]"),
]
Company = Annotated[str, typer.Option(help="Id of the company.")]


class SettingsInvalid(DispatchError):
    """An environment variable or flag that no setting can have."""

    code: ClassVar[str] = "settings-invalid"

    def __init__(self, failure: ValidationError) -> None:
        self.problems = tuple(
            f"CUNLU_{'_'.join(map(str, each['loc'])).upper()}: {each['msg']}"
            for each in failure.errors(include_url=False, include_input=False)
        )
        super().__init__("; ".join(self.problems))


class AddressTaken(DispatchError):
    """An address on which nobody can listen."""

    code: ClassVar[str] = "address-taken"

    def __init__(self, host: str, port: int, why: str) -> None:
        self.host, self.port = host, port
        super().__init__(f"cannot listen on {host}:{port} ({why}): choose another --port or --host")


class StoreUnavailable(DispatchError):
    """The server of the Redis protocol does not answer."""

    code: ClassVar[str] = "store-unavailable"

    def __init__(self, why: str) -> None:
        super().__init__(
            f"the store does not answer ({why}): check that it runs and CUNLU_REDIS_URL"
        )


class NetworkMissing(DispatchError):
    """A network file that is not there."""

    code: ClassVar[str] = "network-missing"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"there is no file {path}: make one with `cunlu roads build`")


class KeyUnknown(DispatchError):
    """A key that the company does not have."""

    code: ClassVar[str] = "key-unknown"

    def __init__(self, company_id: CompanyId, key_id: str) -> None:
        self.company_id, self.key_id = company_id, key_id
        super().__init__(f"company {company_id} has no key {key_id}: it may be revoked already")


@app.command()
def serve(
    *,
    roads: RoadsFile = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on.  [env: CUNLU_HOST]")
    ] = None,
    port: Annotated[int | None, typer.Option(help="0: any free port.  [env: CUNLU_PORT]")] = None,
    data_dir: DataDir = None,
) -> None:
    """
    Serve API and board.

    Prints the address. Plans are made by `cunlu worker`, which runs beside it. Ctrl-C ends it.

    Example: `cunlu serve --roads county.network --port 8000`
    """
    settings = _settings(roads=roads, host=host, port=port, data_dir=data_dir)
    if roads is not None and not roads.is_file():
        raise NetworkMissing(roads)
    _log(settings)
    listening = _listen(settings.host, settings.port)
    # uvicorn passes SIGTERM on when it has ended; unhandled it would leave the store running.
    signal.signal(signal.SIGTERM, _end)
    with listening, running_server(settings.redis_url, settings.data_dir) as url:
        typer.echo(_address(listening))
        sys.stdout.flush()
        Server(create_app(settings, url=url)).run(sockets=[listening])


@app.command()
def worker(
    *,
    roads: RoadsFile = None,
    data_dir: DataDir = None,
    check: Annotated[
        bool, typer.Option(help="Only tell, by the exit code, whether the store answers.")
    ] = False,
) -> None:
    """
    Make the plans that the API is asked for.

    Start as many as there are pairs of cores. Ctrl-C or SIGTERM ends it; a plan in progress goes to
    another worker.

    Example: `cunlu worker --roads county.network`
    """
    settings = _settings(roads=roads, data_dir=data_dir)
    if check:
        # The embedded server is asked where it lies, not started: a check changes nothing.
        url = settings.redis_url or EmbeddedServer(settings.data_dir).url
        _run(_ask(settings, url, Store.ping))
        return
    if roads is not None and not roads.is_file():
        raise NetworkMissing(roads)
    _log(settings)
    _run(run_worker(settings))


@app.command()
def deliver(*, data_dir: DataDir = None) -> None:
    """
    Send events to the webhooks of companies.

    One is enough, a second one takes over if the first is killed. Needs a way to the internet, and no roads. Ctrl-C or
    SIGTERM ends it.

    Example: `cunlu deliver`
    """
    settings = _settings(data_dir=data_dir)
    _log(settings)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it would write down every address
    _run(run_sender(settings))


@keys.callback()
def keys_group() -> None:
    """
    Create and revoke API keys.

    Example: `cunlu keys create --company acme --role dispatcher`
    """


@keys.command()
def create(
    *,
    company: Company,
    role: Annotated[Role, typer.Option(help="What the key may do.")],
    depot: Annotated[str | None, typer.Option(help="Only this depot; else all.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="The courier or collection point it belongs to.")
    ] = None,
    note: Annotated[str, typer.Option(help="Whom it was handed to.")] = "",
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Create an API key and print its secret, once.

    Only the secret is on stdout, so that a script can keep it. Nobody can read it again.

    Example: `cunlu keys create --company acme --role courier --depot shaji --subject c1`
    """
    personal = role in (Role.COURIER, Role.POINT)
    if personal and subject is None:
        raise typer.BadParameter(f"a {role} key needs one", param_hint="--subject")
    if not personal and subject is not None:
        raise typer.BadParameter(f"a {role} key has none", param_hint="--subject")

    async def act(store: Store) -> str:
        return await operations.create_key(
            store,
            company_id=CompanyId(company),
            role=role,
            depot_id=None if depot is None else DepotId(depot),
            subject=subject,
            note=note,
        )

    secret = _with_store(_settings(data_dir=data_dir), act)
    key_id = key_id_of(digest_of(secret))
    if as_json:
        print_json({"key": secret, "key_id": key_id})
    else:
        typer.echo(secret)
        typer.echo(f"key id, to revoke it: {key_id}", err=True)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="As `keys create` printed it.")],
    *,
    company: Company,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """
    Make an API key useless from now on.

    Example: `cunlu keys revoke --company acme 0123456789abcdef`
    """

    async def act(store: Store) -> bool:
        return await operations.revoke_key(store, CompanyId(company), KeyId(key_id))

    if not _with_store(_settings(data_dir=data_dir), act):
        raise KeyUnknown(CompanyId(company), key_id)
    if as_json:
        print_json({"key_id": key_id, "revoked": True})
    else:
        note(f"key {key_id} is revoked")


def _settings(**flags: object) -> Settings:
    """The environment's settings, overridden by the flags that were given."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings.model_validate(Settings().model_dump() | given) if given else Settings()
    except ValidationError as failure:
        raise SettingsInvalid(failure) from failure


def _log(settings: Settings) -> None:
    logging.basicConfig(
        level=settings.log_level, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )


def _listen(host: str, port: int) -> socket.socket:
    """A socket of our own, so that the address is known before anything starts."""
    try:
        return listen(host, port)
    except OSError as failure:
        raise AddressTaken(host, port, failure.strerror or str(failure)) from failure


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{shown}:{port}"


def _end(_number: int, _frame: object) -> NoReturn:
    sys.exit(ExitCode.DONE)


def _with_store(settings: Settings, act: Callable[[Store], Awaitable[_T]]) -> _T:
    with running_server(settings.redis_url, settings.data_dir) as url:
        return _run(_ask(settings, url, act))


async def _ask(settings: Settings, url: str, act: Callable[[Store], Awaitable[_T]]) -> _T:
    async with (
        asyncio.timeout(ANSWER_WITHIN_S),
        Store.open(url, waitaof_replicas=settings.waitaof_replicas) as store,
    ):
        return await act(store)


def _run(work: Awaitable[_T]) -> _T:
    async def awaited() -> _T:
        return await work

    try:
        return asyncio.run(awaited())
    except (RedisError, TimeoutError) as failure:
        raise StoreUnavailable(str(failure) or type(failure).__name__) from failure
