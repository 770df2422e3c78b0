"""Serving the app: uvicorn, with live streams let go before it waits for the rest."""

from __future__ import annotations

import gc
import socket

import uvicorn
from fastapi import FastAPI

GRACE_S = 10
"""Requests in progress may take so long after the server was asked to stop. Chosen."""


class Server(uvicorn.Server):
    """
    Ends live streams first: they would never end by themselves, and uvicorn waits for all.

    Stops at SIGTERM or SIGINT like any uvicorn server.
    """

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        super().__init__(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACE_S,
                ws="none",
                server_header=False,
            )
        )

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        settle()
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.stopping.set()
        await super().shutdown(sockets)


def settle() -> None:
    """
    Have the garbage collector leave alone what was loaded by now: it is here to stay.

    Some 250,000 objects of libraries; walking them held a request up for 160 ms now and then
    (`benchmarks/check_route.py`, 2 busy cores, 2026-11-26).
    """
    gc.collect()
    gc.freeze()


def listen(host: str, port: int) -> socket.socket:
    """
    A listening socket; port 0 takes any free one.

    Raises
    ------
    OSError
        The port is taken, or the host is not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=2048)
    # Connections have it from here. Without it a body waits for the client to say that the head has come: 40 ms.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
