"""One client for a single server, Sentinel or a cluster, told apart by the address alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import timedelta
from typing import Any, ClassVar, Final, Protocol, cast
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import Sentinel

from dispatch.errors import DispatchError

Entry = tuple[bytes, dict[bytes, bytes]]
"""A stream entry: its id and its fields."""

CONNECTIONS_MAX: Final = 256
"""Beyond it requests wait for a connection in place of flooding the server. Chosen."""

ANSWER_WITHIN_S: Final = 10.0
"""A command without an answer for so long means that the server, or the way to it, is gone."""

_OPTIONS: Final[dict[str, Any]] = {
    "protocol": 2,  # one shape of answers from every server and client version
    "socket_timeout": ANSWER_WITHIN_S,
    "socket_connect_timeout": ANSWER_WITHIN_S,
}


class ServerAddressMalformed(DispatchError):
    """An address of no server that we can speak to."""

    code: ClassVar[str] = "server-address-malformed"

    def __init__(self, scheme: str) -> None:
        self.scheme = scheme
        super().__init__(
            f"no way to a server by {scheme[:40]!r}: CUNLU_REDIS_URL begins with redis://, "
            "rediss://, unix://, redis+sentinel://HOST:PORT,…/SERVICE/DB or redis+cluster://"
        )


class Commands(Protocol):
    """
    The commands we give, with the types they answer by: we never let the client decode to text.

    redis-py's own annotations allow for decoded answers everywhere.
    """

    async def ping(self) -> bool: ...

    async def get(self, name: str) -> bytes | None: ...

    async def set(self, name: str, value: bytes, *, ex: int | timedelta) -> object: ...

    async def delete(self, name: str) -> int: ...

    async def smembers(self, name: str) -> AbstractSet[bytes]: ...

    async def hget(self, name: str, key: str) -> bytes | None: ...

    async def hmget(self, name: str, keys: Sequence[str]) -> list[bytes | None]: ...

    async def hgetall(self, name: str) -> dict[bytes, bytes]: ...

    async def hvals(self, name: str) -> list[bytes]: ...

    async def hincrby(self, name: str, key: str, amount: int) -> int: ...

    async def xrange(self, name: str, first: str, /, *, count: int) -> list[Entry]: ...

    async def xrevrange(self, name: str, *, count: int) -> list[Entry]: ...

    async def xread(
        self, streams: Mapping[str, str], *, count: int, block: int
    ) -> list[tuple[bytes, list[Entry]]]: ...

    async def aclose(self) -> None: ...


def commands(client: Redis | RedisCluster) -> Commands:
    """The same client, seen by the types its commands have with us."""
    return cast("Commands", client)


def open_client(url: str) -> Redis | RedisCluster:
    """
    A client for `url`, which the queue understands in the same way; it connects when first used.

    Raises
    ------
    ServerAddressMalformed
        The address begins with no scheme of ours.
    """
    scheme, found, rest = url.partition("://")
    match scheme if found else "":
        case "redis" | "rediss" | "unix":
            pool = BlockingConnectionPool.from_url(
                url, max_connections=CONNECTIONS_MAX, timeout=ANSWER_WITHIN_S, **_OPTIONS
            )
            return Redis.from_pool(pool)
        case "redis+cluster" | "rediss+cluster":
            plain = url.replace("+cluster", "", 1)
            return RedisCluster.from_url(plain, max_connections=CONNECTIONS_MAX, **_OPTIONS)
        case "redis+sentinel" | "rediss+sentinel":
            return _open_by_sentinel(rest, tls=scheme.startswith("rediss"))
        case _:
            raise ServerAddressMalformed(scheme)


def _open_by_sentinel(rest: str, *, tls: bool) -> Redis:
    """`rest` is [user:password@]host[:port],…/service[/db]."""
    netloc, _, path = rest.partition("/")
    login, _, hosts = netloc.rpartition("@")
    service, _, db = path.partition("?")[0].partition("/")
    user, _, password = login.partition(":")
    split = [urlsplit(f"//{host}") for host in hosts.split(",")]
    sentinels = [(each.hostname or "localhost", each.port or 26379) for each in split]
    if not service:
        raise ServerAddressMalformed("redis+sentinel without a service")
    sentinel: Any = Sentinel  # redis-py leaves its constructor untyped
    master: Redis = sentinel(sentinels, sentinel_kwargs={"ssl": tls, **_OPTIONS}).master_for(
        service,
        db=int(db or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        ssl=tls,
        max_connections=CONNECTIONS_MAX,
        **_OPTIONS,
    )
    return master
