"""Posting to strangers: which addresses may be called at all, and for how long one waits."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from typing import ClassVar, Final

import httpx

from dispatch.errors import DispatchError

ANSWER_WITHIN_S: Final = 15.0
"""From looking up the name to the answer's head: the specification asks senders for 15 to 30 s."""

_PORTS: Final = {"http": 80, "https": 443}

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address


class AddressRefused(DispatchError):
    """An address that a server must not be made to call."""

    code: ClassVar[str] = "address-refused"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(
            f"{why}: give an https address that the internet can reach, or have the operator allow private ones "
            "(CUNLU_WEBHOOK_PRIVATE)"
        )


class NotDelivered(Exception):
    """One try failed; its text names no address."""


def checked_url(url: str, *, private: bool) -> httpx.URL:
    """
    `url`, if it may be called as far as can be seen without asking for its name.

    Raises
    ------
    AddressRefused
        It is no address, has a user or password in it, or is not https, or a private one, and `private` ones are not allowed.
    """
    try:
        told = httpx.URL(url)
    except httpx.InvalidURL:
        raise AddressRefused("this is no address") from None
    if told.scheme not in _PORTS or not told.host:
        raise AddressRefused("this is no http address")
    if told.userinfo:
        raise AddressRefused(
            "a user or password in an address would be written into logs on its way"
        )
    if private:
        return told
    if told.scheme != "https":
        raise AddressRefused("what is sent in the clear can be read on its way")
    try:
        literal = ipaddress.ip_address(told.host)
    except ValueError:
        return told
    if not is_public(literal):
        raise AddressRefused("this address is private")
    return told


def is_public(address: Ip) -> bool:
    """Whether the address is somewhere on the internet, also as an IPv4 one that is written as IPv6."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


class Poster:
    """Sends bodies; follows no redirect, uses no proxy of the environment, and reads no answer beyond its head."""

    def __init__(self, client: httpx.AsyncClient, *, private: bool) -> None:
        self._client = client
        self._private = private

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """
        Return when a 2xx has answered.

        The name is looked up here and the address that was looked at is the one called, so that a name which points elsewhere a
        moment later leads nowhere.

        Raises
        ------
        NotDelivered
            Anything else.
        """
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self._post(checked_url(url, private=self._private), body, headers)
        except AddressRefused as refused:
            raise NotDelivered(refused.why) from None
        except TimeoutError:
            raise NotDelivered(f"no answer within {ANSWER_WITHIN_S:.0f} s") from None
        except (httpx.HTTPError, OSError) as failure:
            raise NotDelivered(type(failure).__name__) from None

    async def _post(self, url: httpx.URL, body: bytes, headers: Mapping[str, str]) -> None:
        address = await self._looked_up(url)
        request = self._client.build_request(
            "POST",
            url.copy_with(host=str(address)),
            content=body,
            headers={
                **headers,
                "content-type": "application/json",
                "host": url.netloc.decode(),
                "user-agent": "cunlu",
            },
            extensions={"sni_hostname": url.host},
        )
        answer = await self._client.send(request, stream=True)
        await answer.aclose()
        if not answer.is_success:
            raise NotDelivered(f"answered {answer.status_code}")

    async def _looked_up(self, url: httpx.URL) -> Ip:
        port = url.port or _PORTS[url.scheme]
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(each[4][0]) for each in found]
        if not self._private and not all(map(is_public, addresses)):
            raise AddressRefused("the name leads to a private address")
        return addresses[0]


def new_client() -> httpx.AsyncClient:
    """
    A client that keeps no connection: it would keep it for an address, and the next name at that address would be
    served under the certificate of the last.
    """
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        timeout=ANSWER_WITHIN_S,
        limits=httpx.Limits(max_keepalive_connections=0),
    )
